//! Candidates are written as files, run on the validation samples and compared with the error budget.

mod agreement;
mod assemble;
mod budget;
mod evaluator;
mod score;
mod task;

pub(crate) use agreement::Agreement;
pub(crate) use budget::ErrorBudget;
pub(crate) use evaluator::{Evaluator, outputs};
pub use score::{Score, class_of};
pub(crate) use task::{Picked, Task};
