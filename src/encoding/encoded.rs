//! A layer's weights, encoded.

use super::id::Encoding;
use super::layout::pattern::Pattern;
use super::lookup::Lookup;
use crate::base::memory::MemoryBudget;

/// A layer's encoded weights, as the writer needs them.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The encoding.
    pub encoding: Encoding,
    /// The number of elements with slots, and of entries in lists.
    pub pattern: Pattern,
    /// The number of outputs.
    pub rows: usize,
    /// The number of inputs.
    pub cols: usize,
    /// The levels as stored, not padded.
    pub levels: Vec<f32>,
    /// The number of entries of each list.
    pub counts: Vec<u32>,
    /// The array, in the layout of the encoding.
    pub bytes: Vec<u8>,
}

impl Encoded {
    /// A layer in an encoding that stores every weight.
    pub(super) fn dense(encoding: Encoding, rows: usize, cols: usize, levels: Vec<f32>, bytes: Vec<u8>) -> Self {
        Self { encoding, pattern: Pattern::default(), rows, cols, levels, counts: Vec::new(), bytes }
    }

    /// The small arrays that the view of the array needs.
    ///
    /// # Panics
    /// When the number of levels is not that of the encoding.
    #[must_use]
    pub fn lookup(&self) -> Lookup {
        let memory = &mut MemoryBudget::unlimited();
        Lookup::new(self.encoding, &self.levels, self.pattern, &self.counts, memory).expect("invariant: nothing is refused")
    }
}
