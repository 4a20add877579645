//! A value in f64, and how far a 32-bit run may be from it.

use crate::base::error::{Error, ErrorKind, Result};

/// The unit roundoff of f32.
pub(super) const ROUNDOFF: f64 = 1.0 / (1u64 << 24) as f64;
/// The least positive f32.
pub(super) const LEAST: f64 = f32::from_bits(1) as f64;

/// One value: its elements, and how far each may be off in f32.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounded {
    /// The elements.
    pub values: Vec<f64>,
    /// A bound on the absolute error of each.
    pub errors: Vec<f64>,
}

impl Bounded {
    /// Compares a 32-bit output with the bound. An element is skipped if it or its bound is not finite.
    ///
    /// # Errors
    /// `internal`, with the first element outside its bound.
    pub fn check(&self, output: &[f32]) -> Result<()> {
        for (i, ((&found, expected), error)) in output.iter().zip(&self.values).zip(&self.errors).enumerate() {
            let distance = (f64::from(found) - expected).abs();
            if found.is_finite() && error.is_finite() && distance > *error {
                let message = format!("output {i} is {found:e}, expected {expected:e} within {error:e}");
                return Err(Error::new(ErrorKind::Internal, message));
            }
        }
        Ok(())
    }
}
