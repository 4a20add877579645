//! Runs a network on labelled samples.

use crate::exit::{Failure, warn};
use crate::progress;
use crate::samples::SampleSet;
use curt::Session;
use curt::compress::class_of;

/// All outputs, and the number of outputs of one sample.
pub(crate) fn outputs(session: &mut Session, samples: &SampleSet) -> Result<(Vec<f32>, usize), Failure> {
    const BLOCK: usize = 1024;
    let width = session.output_len();
    let mut outputs = vec![0.0; samples.count * width];
    let bar = progress::bar(samples.count as u64, "running");
    for (i, block) in outputs.chunks_mut(BLOCK * width).enumerate() {
        let count = block.len() / width;
        session.run(samples.input(i * BLOCK, count), block).inspect_err(|_| bar.finish_and_clear())?;
        bar.inc(count as u64);
    }
    bar.finish_and_clear();
    Ok((outputs, width))
}

/// The class of each sample, where its outputs name one.
pub(crate) fn classes(outputs: &[f32], width: usize) -> Vec<Option<usize>> {
    outputs.chunks_exact(width).map(class_of).collect()
}

/// Samples that have no class, and a warning that tells their number.
pub(crate) fn without_class(classes: &[Option<usize>]) -> usize {
    let count = classes.iter().filter(|class| class.is_none()).count();
    if count > 0 {
        let why = "outputs that overflow or are all equal";
        warn(format_args!("{count} of {} samples have {why}, hence no class: they count as wrong", classes.len()));
    }
    count
}

/// Samples whose class is not their label. No class is no label's.
pub(crate) fn misclassified(classes: &[Option<usize>], labels: &[u32]) -> usize {
    labels.iter().zip(classes).filter(|&(&label, &class)| class != usize::try_from(label).ok()).count()
}

/// Refuses labels that are not one for each sample, or that a model with so many outputs cannot give.
pub(crate) fn check_labels(labels: &[u32], samples: usize, outputs: usize) -> Result<(), Failure> {
    if outputs < 2 {
        return Err(Failure::input(
            "the model has one output, and --labels are compared with the greatest of several: no answer could be wrong",
        ));
    }
    if labels.len() != samples {
        return Err(Failure::input(format!("there are {} labels for {samples} images", labels.len())));
    }
    match labels.iter().position(|&label| usize::try_from(label).map_or(true, |label| label >= outputs)) {
        None => Ok(()),
        Some(at) => Err(Failure::input(format!(
            "label {at} is {}; the model has {outputs} outputs, so labels are 0 to {}",
            labels[at],
            outputs - 1
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_has_no_class_and_is_never_right() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        let outputs =
            [[1.0, 3.0, 3.0], [nan; 3], [2.0, nan, 1.0], [inf, 0.0, 1.0], [-inf; 3], [5.0, -inf, 4.0], [-3.0, -2.0, -2.5]];
        let classes = classes(outputs.as_flattened(), 3);
        assert_eq!(classes, [Some(1), None, None, None, None, None, Some(1)]);
        assert_eq!(without_class(&classes), 5);
        for label in 0..3 {
            assert_eq!(misclassified(&classes, &[label; 7]), if label == 1 { 5 } else { 7 });
        }
    }
}
