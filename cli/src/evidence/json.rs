//! Codes for programs.

use super::candidate::Candidate;
use super::code::Fit;
use serde::Serialize;

/// A model of `describe` or `select`.
#[derive(Serialize)]
pub(crate) struct ModelJson {
    name: String,
    file: String,
    packed_here: bool,
    file_bytes: u64,
    file_bits: u64,
    label_bits: Option<f64>,
    /// Over samples.
    label_bits_standard_error: Option<f64>,
    total_bits: Option<f64>,
    total_nats: Option<f64>,
    bits_per_label: Option<f64>,
    uniform_bits: Option<f64>,
    errors: Option<usize>,
    error_percent: Option<f64>,
    without_class: Option<usize>,
    mean_square: Option<f64>,
    variance: Option<f64>,
    infinite_at: Option<usize>,
}

impl ModelJson {
    /// The bits of a model and of `samples` samples.
    pub(crate) fn of(candidate: &Candidate, samples: usize) -> Self {
        let code = &candidate.code;
        let (label_bits, label_bits_standard_error) = code.label_bits().unzip();
        let (mut errors, mut without_class, mut uniform_bits) = (None, None, None);
        let (mut mean_square, mut variance) = (None, None);
        match code.fit {
            Fit::Labels { errors: wrong, without_class: none, uniform_bits: uniform } => {
                (errors, without_class, uniform_bits) = (Some(wrong), Some(none), Some(uniform));
            }
            Fit::Targets { mean_square: square, variance: of, .. } => (mean_square, variance) = (Some(square), Some(of)),
        }
        Self {
            name: candidate.name.clone(),
            file: candidate.path.display().to_string(),
            packed_here: candidate.is_packed_here(),
            file_bytes: code.file_bytes,
            file_bits: code.file_bits(),
            label_bits,
            label_bits_standard_error,
            total_bits: code.total_bits(),
            total_nats: code.total_bits().map(|bits| bits * std::f64::consts::LN_2),
            bits_per_label: label_bits.map(|bits| bits / samples as f64),
            uniform_bits,
            errors,
            error_percent: errors.map(|errors| 100.0 * errors as f64 / samples as f64),
            without_class,
            mean_square,
            variance,
            infinite_at: code.infinite_at(),
        }
    }
}
