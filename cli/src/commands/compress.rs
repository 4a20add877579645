//! `curt compress`: a posterior or a plain network to a `.curt` file.

use crate::answer::Answer;
use crate::args::Compress;
use crate::exit::{Failure, warn};
use crate::progress;
use crate::samples::{self, Samples};
use curt::compress::{self, Compressed, Options, Validation, compress, parse_encodings};
use curt::posterior::{Method, Posterior};
use curt::session::Input;
use serde_json::json;

pub(crate) fn run(options: &Compress) -> Result<Answer, Failure> {
    let posterior = Posterior::open(&options.posterior)?;
    check_method(options.method.as_deref(), &posterior)?;
    let (samples, labels) = validation(options)?;
    let validation = Validation {
        samples: match samples.input(samples.count - labels.len(), labels.len()) {
            Input::U8(bytes) => compress::Samples::U8(bytes),
            Input::F32(floats) => compress::Samples::F32(floats),
        },
        labels: &labels,
    };
    let compressed = with_bar(&posterior, &validation, &library_options(options)?)?;
    curt::format::save(&options.output, &compressed.bytes)?;
    let report = &compressed.report;
    if !report.within_budget {
        let (full, compressed) = (report.full, report.compressed);
        let why = if options.threshold.is_empty() && options.encoding.is_empty() {
            "what the method prunes and rounds by itself costs that; train for longer"
        } else {
            "the choices made with --threshold and --encoding cost that; leave them out"
        };
        warn(format_args!(
            "the validation error rose from {:.2} % to {:.2} % and the loss from {:.4} to {:.4}, more than allowed: {why}, \
             or raise --max-error-increase and --max-loss-increase",
            full.percent(),
            compressed.percent(),
            full.loss,
            compressed.loss
        ));
    }
    let mut json = report.to_json();
    json["output"] = json!(options.output.display().to_string());
    Ok(Answer { text: format!("{report}written to {}\n", options.output.display()), json })
}

/// The method is the file's; the option says which one the caller expects.
fn check_method(expected: Option<&str>, posterior: &Posterior) -> Result<(), Failure> {
    let Some(expected) = expected else { return Ok(()) };
    let known: Vec<&str> = Method::ALL.into_iter().map(Method::name).collect();
    if !known.contains(&expected) {
        return Err(Failure::usage(format!("--method {expected} is not known; the methods are {}", known.join(", "))));
    }
    let found = posterior.method().name();
    if found != expected {
        return Err(Failure::input(format!(
            "the file holds a network of method {found}; give --method {found}, or leave it out"
        )));
    }
    Ok(())
}

/// The validation images, and the labels of the last of them that are used.
fn validation(options: &Compress) -> Result<(Samples, Vec<u8>), Failure> {
    let [images, labels] = options.validation.as_slice() else {
        return Err(Failure::usage("--validation takes the file of the images and the file of the labels"));
    };
    let (samples, mut labels) = (Samples::open(images)?, samples::open_labels(labels)?);
    if samples.count != labels.len() {
        return Err(Failure::input(format!("there are {} labels for {} validation images", labels.len(), samples.count)));
    }
    if let Some(last) = options.last {
        if last > labels.len() {
            return Err(Failure::usage(format!("--last {last} of {} validation images", labels.len())));
        }
        labels.drain(..labels.len() - last);
    }
    Ok((samples, labels))
}

fn library_options(options: &Compress) -> Result<Options, Failure> {
    let mut chosen = Options::default();
    if let Some(points) = options.max_error_increase {
        chosen.max_error_increase = points;
    }
    if let Some(percent) = options.max_loss_increase {
        chosen.max_loss_increase = percent;
    }
    if let Some(lambda) = options.rate_weight {
        chosen.rate_weight = lambda;
    }
    if let Some(passes) = options.fine_tune {
        chosen.fine_tune = passes;
    }
    for choice in &options.threshold {
        let (layer, value) = pair(choice, "--threshold", "fc1=-3")?;
        let threshold = value.parse().map_err(|_| Failure::usage(format!("--threshold {choice}: {value:?} is not a number")))?;
        chosen.thresholds.insert(layer.to_owned(), threshold);
    }
    for choice in &options.encoding {
        let (layer, label) = pair(choice, "--encoding", "fc1=ternary")?;
        let encodings = parse_encodings(label).map_err(|error| Failure::usage(format!("--encoding {choice}: {error}")))?;
        chosen.layer_encodings.entry(layer.to_owned()).or_default().extend(encodings);
    }
    Ok(chosen)
}

/// The two sides of `layer=value`.
fn pair<'a>(choice: &'a str, option: &str, example: &str) -> Result<(&'a str, &'a str), Failure> {
    choice.split_once('=').ok_or_else(|| Failure::usage(format!("{option} takes LAYER=VALUE, such as {example}, not {choice:?}")))
}

fn with_bar(posterior: &Posterior, validation: &Validation<'_>, options: &Options) -> Result<Compressed, Failure> {
    let bar = progress::bar(0, "");
    let compressed = compress(posterior, validation, options, &mut |stage, done, all| {
        bar.set_message(stage.to_owned());
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    Ok(compressed?)
}
