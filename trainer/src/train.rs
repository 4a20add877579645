//! The training loop, the same for every method.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::checkpoint::{self, Progress};
use crate::data::Images;
use crate::log::{EpochRecord, Log};
use crate::methods::{Method, Moment};
use crate::noise::Noise;
use crate::options::CommonOptions;
use crate::parameter::Adam;
use crate::shed;

/// The images of a run.
pub struct Split {
    pub training: Images,
    /// Held-out images, if any.
    pub validation: Option<Images>,
}

/// The folder of a run, and whether the run resumes from its checkpoint.
pub struct Run<'a> {
    pub folder: &'a Path,
    pub resume: bool,
    /// Stop after this many epochs, to be resumed later.
    pub stop_after: Option<usize>,
}

/// Trains a freshly initialised method and writes a checkpoint after every epoch. `recorded` has all options of the run. A checkpoint resumes only
/// with equal options.
///
/// # Errors
/// When a file cannot be written, the checkpoint does not fit, or the loss becomes NaN or infinite.
pub fn train(method: &mut dyn Method, options: &CommonOptions, recorded: &Value, data: &Split, run: &Run) -> Result<()> {
    let file = run.folder.join("checkpoint.safetensors");
    let mut progress = if run.resume { checkpoint::read(&file, method, recorded)? } else { Progress::default() };
    let log = Log::open(run.folder, progress.epoch, options.epochs)?;
    let last = run.stop_after.unwrap_or(usize::MAX).min(options.epochs);
    while progress.epoch < last {
        let started = Instant::now();
        let epoch = progress.epoch;
        method.before_epoch(epoch);
        let cross_entropy = epoch_of_steps(method, options, &data.training, &mut progress, &log)?;
        method.after_epoch(epoch);
        progress.epoch += 1;
        let units = method.units();
        let validation = data.validation.as_ref().map(|images| method.prediction().score(images));
        let record = EpochRecord {
            epoch: progress.epoch,
            learning_rate: method.rate_at(options, moment(options, data.training.len(), epoch, 0)),
            cross_entropy,
            method: method.report(epoch).into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            kept: shed::kept_groups(method.network(), &units),
            kept_weights: shed::kept_weights(method.network(), &units),
            validation_error: validation.map(|score| score.error),
            validation_loss: validation.map(|score| score.loss),
            seconds: started.elapsed().as_secs_f64(),
        };
        // The log is written first: a resumed run drops lines after its checkpoint, but cannot restore missing lines.
        log.append(&record)?;
        checkpoint::write(&file, method, recorded, progress)?;
    }
    log.finish();
    Ok(())
}

/// Makes one pass over the training images in random order. Returns the mean cross-entropy.
fn epoch_of_steps(
    method: &mut dyn Method,
    options: &CommonOptions,
    images: &Images,
    progress: &mut Progress,
    log: &Log,
) -> Result<f64> {
    let epoch = progress.epoch;
    let mut noise = Noise::for_epoch(options.seed, epoch);
    let order = noise.order(images.len());
    let steps = order.len().div_ceil(options.batch);
    let mut sum = 0.0;
    for (done, indices) in order.chunks(options.batch).enumerate() {
        let mut batch = images.batch(indices.iter().copied());
        if options.shift > 0 {
            let moves = noise.moves(indices.len(), options.shift as i32);
            batch.shift(images.size, &moves, images.scaling.offset);
        }
        let at = moment(options, images.len(), epoch, done);
        let slope = method.slope(&batch, at, &mut noise);
        ensure!(
            slope.cross_entropy.is_finite(),
            "the loss is {} in epoch {}: try a smaller --rate",
            slope.cross_entropy,
            epoch + 1
        );
        sum += slope.cross_entropy * indices.len() as f64;
        progress.step += 1;
        let adam = Adam::at_step(progress.step, method.rate_at(options, at));
        let learned = method.parameters().into_iter().zip(&slope.gradients).filter(|(named, _)| named.rate > 0.0);
        for (named, gradient) in learned {
            adam.update(named.parameter, gradient, named.rate as f32);
        }
        method.after_step(at);
        log.within_epoch(done + 1, steps);
    }
    Ok(sum / images.len() as f64)
}

/// The moment before step `done` of an epoch.
fn moment(options: &CommonOptions, images: usize, epoch: usize, done: usize) -> Moment {
    let steps = images.div_ceil(options.batch);
    Moment { epoch, progress: (epoch * steps + done) as f64 / (options.epochs * steps) as f64, images }
}

#[cfg(test)]
pub mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::data::Scaling;
    use crate::methods::gnj::{Gnj, GnjLayer};
    use crate::methods::groups::{GroupOptions, Training, short};
    use crate::methods::plain::Plain;
    use crate::network::{Network, Step};
    use crate::options;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("curt-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Images of three classes, which differ in their bright rows.
    fn images() -> Images {
        let mut noise = Noise::for_epoch(9, 0);
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for index in 0..60_usize {
            let class = index % 3;
            let dim = noise.normals(144).into_iter();
            let image = dim.enumerate().map(|(pixel, value)| {
                let lit = if pixel / 48 == class { 150.0 } else { 40.0 };
                (lit + 20.0 * value).clamp(0.0, 255.0) as u8
            });
            pixels.extend(image);
            labels.push(class as u8);
        }
        Images::new([12, 12], pixels, labels, Scaling::UNIT).unwrap()
    }

    pub fn network() -> Network {
        let steps =
            [Step::Convolution(1, 4, 3), Step::MaxPool, Step::Flatten, Step::Linear(100, 12), Step::Relu, Step::Linear(12, 3)];
        Network::new("small", [1, 12, 12], &steps)
    }

    /// Options under which groups die in several epochs.
    fn shedding() -> GroupOptions {
        GroupOptions { scale_rate: 3.0, shed: vec![-6.5, -6.5, -6.5], shed_between: vec![0, 2], ..short(6) }
    }

    pub fn split() -> Split {
        let (training, validation) = images().split_last(12).unwrap();
        Split { training, validation: Some(validation) }
    }

    fn begin(options: GroupOptions) -> Training<GnjLayer> {
        let mut start = Noise::for_initialisation(options.common.seed);
        Training { groups: Gnj::initialise(&network(), None, (), &mut start), options }
    }

    /// Trains by the options that the method holds.
    fn go(method: &mut Training<GnjLayer>, run: &Run) -> Result<()> {
        let options = method.options.clone();
        train(method, &options.common, &serde_json::to_value(&options)?, &split(), run)
    }

    /// Values and moments as bits, which are compared exactly.
    fn bits(method: &mut dyn Method) -> Vec<Vec<u32>> {
        let mut all = Vec::new();
        for named in method.parameters() {
            for values in [&named.parameter.value, &named.parameter.first_moment, &named.parameter.second_moment] {
                all.push(values.iter().map(|value| value.to_bits()).collect());
            }
        }
        all
    }

    fn log_without_times(folder: &Path) -> Vec<String> {
        let text = fs::read_to_string(folder.join("log.jsonl")).unwrap();
        let lines = text.lines().map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            line["seconds"] = Value::Null;
            line.to_string()
        });
        lines.collect()
    }

    /// A run that stops after two thirds of its epochs and resumes equals an uninterrupted one bit for bit: parameters, moments, units and log. `begin`
    /// gives the method before its first step. If the method sheds, units have to be removed both before and after the stop.
    pub fn check_resumption<M: Method>(name: &str, options: &CommonOptions, sheds: bool, begin: impl Fn() -> M) {
        let run = |folder: &Path, resume, stop_after| {
            let mut method = begin();
            train(&mut method, options, &Value::Null, &split(), &Run { folder, resume, stop_after }).unwrap();
            method
        };
        let (straight, broken) = (folder(&format!("{name}-straight")), folder(&format!("{name}-broken")));
        let mut whole = run(&straight, false, None);
        let done = options.epochs * 2 / 3;
        let middle = run(&broken, false, Some(done));
        // The log may be ahead of the checkpoint when a run is killed between the two writes.
        let log = broken.join("log.jsonl");
        fs::write(&log, fs::read_to_string(&log).unwrap() + &format!("{{\"epoch\":{}}}\n", done + 1)).unwrap();
        let mut resumed = run(&broken, true, None);

        assert_eq!(middle.units() != begin().units(), sheds, "units went before the break");
        assert_eq!(middle.units() != whole.units(), sheds, "units went after the break");
        assert_eq!(whole.units(), resumed.units());
        assert!(bits(&mut whole) == bits(&mut resumed), "parameters differ");
        assert_eq!(log_without_times(&straight), log_without_times(&broken));
        fs::remove_dir_all(straight).unwrap();
        fs::remove_dir_all(broken).unwrap();
    }

    #[test]
    fn a_resumed_run_equals_a_straight_one_bit_for_bit() {
        check_resumption("gnj", &shedding().common, true, || begin(shedding()));
    }

    #[test]
    fn a_checkpoint_of_other_options_is_refused_by_name() {
        let folder = folder("other");
        go(&mut begin(shedding()), &Run { folder: &folder, resume: false, stop_after: Some(1) }).unwrap();
        let mut options = shedding();
        options.common.seed = 8;
        let error = go(&mut begin(options), &Run { folder: &folder, resume: true, stop_after: None }).unwrap_err();
        assert!(error.to_string().contains("seed was 7, now 8"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_plain_network_learns_the_classes() {
        let folder = folder("plain");
        let options = options::tests::short(10);
        let mut plain = Plain::initialise(&network(), &mut Noise::for_initialisation(1));
        let split = split();
        let validation = split.validation.as_ref().unwrap();
        let before = plain.score(validation).error;
        let run = Run { folder: &folder, resume: false, stop_after: None };
        train(&mut plain, &options, &Value::Null, &split, &run).unwrap();
        assert!(before > 0.2, "{before}");
        assert_eq!(plain.score(validation).error, 0.0);
        fs::remove_dir_all(folder).unwrap();
    }
}
