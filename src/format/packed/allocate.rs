//! A list of one value, which models begin with.

use crate::base::error::Result;
use crate::base::memory::MemoryBudget;

/// A list that holds `value` `len` times.
///
/// # Errors
/// `limit`, `no_memory`.
pub(crate) fn filled<T: Clone>(value: T, len: usize, memory: &mut MemoryBudget) -> Result<Vec<T>> {
    memory.collect(len, std::iter::repeat_n(value, len), "the models of a packed matrix")
}
