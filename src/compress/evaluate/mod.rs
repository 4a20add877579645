//! Candidates are written as files, run on the validation samples and compared with the error budget.

mod assemble;
mod budget;
mod evaluator;
mod score;

pub(crate) use budget::ErrorBudget;
pub(crate) use evaluator::Evaluator;
pub use score::{Score, class_of};
