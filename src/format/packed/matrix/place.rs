//! The place of the element that is coded next.

use super::columns::Columns;

/// The row and column of the next element, and the elements of its row that were coded before.
pub(crate) struct Place<'a> {
    pub(crate) columns: &'a Columns,
    pub(crate) row: usize,
    pub(crate) col: usize,
    /// This row's elements as small signed numbers, 0 if not yet coded. One more 0 at the end stands for a neighbour that does not exist.
    pub(crate) values: &'a [i32],
}
