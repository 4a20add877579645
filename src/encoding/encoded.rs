//! A layer's weights, encoded.

use super::id::Encoding;
use super::layout::pattern::Pattern;
use super::lookup::Lookup;

/// A layer's weights, encoded: what the writer needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The encoding.
    pub encoding: Encoding,
    /// Units and entries in lists.
    pub pattern: Pattern,
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub cols: usize,
    /// Levels as stored (not padded).
    pub levels: Vec<f32>,
    /// Entries of each list.
    pub counts: Vec<u32>,
    /// The array, in the layout of the encoding.
    pub bytes: Vec<u8>,
}

impl Encoded {
    /// A layer of an encoding that stores every weight.
    pub(super) fn dense(encoding: Encoding, rows: usize, cols: usize, levels: Vec<f32>, bytes: Vec<u8>) -> Self {
        Self { encoding, pattern: Pattern::default(), rows, cols, levels, counts: Vec::new(), bytes }
    }

    /// What the view of the array needs.
    ///
    /// # Panics
    /// When there are more or fewer levels than the encoding has.
    #[must_use]
    pub fn lookup(&self) -> Lookup {
        Lookup::new(self.encoding, &self.levels, self.pattern, &self.counts)
    }
}
