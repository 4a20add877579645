//! A value in f64, and how far a 32-bit run may be from it.

use crate::base::error::{Error, ErrorKind, Result};

/// The unit roundoff of f32.
pub(super) const ROUNDOFF: f64 = 1.0 / (1u64 << 24) as f64;
/// The least positive f32.
pub(super) const LEAST: f64 = f32::from_bits(1) as f64;

/// `error`, or infinity where an intermediate result of up to `size` may overflow in f32: what saturates is not bounded.
pub(super) fn unless_overflow(error: f64, size: f64) -> f64 {
    if size < f64::from(f32::MAX) * (1.0 - 1e-3) { error } else { f64::INFINITY }
}

/// One value: its elements, and how far each may be off in f32.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounded {
    /// The elements.
    pub values: Vec<f64>,
    /// A bound on the absolute error of each.
    pub errors: Vec<f64>,
}

impl Bounded {
    /// Compares a 32-bit output with the bound. An element is skipped if its bound is not finite: sums may overflow.
    ///
    /// # Errors
    /// `internal`, with the first element outside its bound.
    pub fn check(&self, output: &[f32]) -> Result<()> {
        for (i, ((&found, expected), error)) in output.iter().zip(&self.values).zip(&self.errors).enumerate() {
            let distance = (f64::from(found) - expected).abs();
            if error.is_finite() && (distance > *error || distance.is_nan()) {
                let message = format!("output {i} is {found:e}, expected {expected:e} within {error:e}");
                return Err(Error::new(ErrorKind::Internal, message));
            }
        }
        Ok(())
    }
}
