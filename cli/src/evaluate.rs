//! Runs a network on labelled samples.

use crate::exit::Failure;
use crate::progress;
use crate::samples::SampleSet;
use curt::Session;

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

/// The class of each sample: the index of its greatest output; of equals, the first.
pub(crate) fn classes(outputs: &[f32], width: usize) -> Vec<usize> {
    let greatest = |outputs: &[f32]| {
        let first = (0, f32::NEG_INFINITY);
        outputs.iter().copied().enumerate().fold(first, |best, (i, x)| if x > best.1 { (i, x) } else { best }).0
    };
    outputs.chunks_exact(width).map(greatest).collect()
}

/// The number of samples whose class is not their label.
pub(crate) fn misclassified(classes: &[usize], labels: &[u8]) -> usize {
    labels.iter().zip(classes).filter(|&(&label, &class)| usize::from(label) != class).count()
}

/// Checks that there is one label for each sample, and that each label is one of the model's outputs.
pub(crate) fn check_labels(labels: &[u8], samples: usize, outputs: usize) -> Result<(), Failure> {
    if labels.len() != samples {
        return Err(Failure::input(format!("there are {} labels for {samples} images", labels.len())));
    }
    match labels.iter().position(|&label| usize::from(label) >= outputs) {
        None => Ok(()),
        Some(at) => Err(Failure::input(format!(
            "label {at} is {}; the model has {outputs} outputs, so labels are 0 to {}",
            labels[at],
            outputs - 1
        ))),
    }
}
