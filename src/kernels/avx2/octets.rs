//! Scattered weights in the order in which this tier reads them: octets, the next weights and columns of eight rows.
//!
//! Eight rows make a **group**. Those of [`BLOCK`] rows are sorted by their number of entries, so that the rows of a group have about equally
//! many (SELL-C-sigma, Kreutzer et al. 2014, with C = 8 and sigma = 64). Lane `i` of an octet is the next entry of row `i`. A row that has
//! ended gets the weight +0 and the column after the last, whose activation is +0.
//!
//! Words: the row of each lane; where each group starts, and where the last one ends; zeros up to a multiple of 8; the weights, 8 for each octet; their
//! columns of 16 bits, or of 32 when there are more than 65535.

use super::Avx2;
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::{MemoryBudget, bytes_of};
use crate::encoding::sparse::Sparse;
use crate::kernels::kernel::Cycles;
use crate::kernels::products::sparse_entries;
use std::arch::x86_64::__m256i;
use std::cmp::Reverse;
use std::ops::Range;

/// Rows that are sorted, and whose sums are kept before they are written.
pub(super) const BLOCK: usize = 64;
/// Rows of a group.
pub(super) const OCTET: usize = 8;

/// What messages call the memory of this page.
const LISTS: &str = "the lists of a sparse layer";

/// Whether a column needs 32 bits, the one after the last included.
pub(super) fn is_wide(cols: usize) -> bool {
    cols > usize::from(u16::MAX)
}

/// Calls `f` for each entry of row `row`: the bits of its factor, and its column. A free slot is a zero, which takes no part.
fn each(w: Sparse<'_>, row: usize, mut f: impl FnMut(u32, usize)) {
    if row < w.rows() {
        sparse_entries(&w, row, |column, code| {
            let bits = w.factor(code).to_bits();
            if bits != 0 {
                f(bits, column);
            }
        });
    }
}

/// The words before the weights of a layer of `groups` groups.
fn header(groups: usize) -> usize {
    (OCTET * groups + groups + 1).next_multiple_of(OCTET)
}

/// The octets of a layer.
///
/// # Errors
/// `limit`, `no_memory`.
pub(super) fn prepare(w: Sparse<'_>, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
    let groups = w.rows().div_ceil(OCTET);
    let mut head = memory.zeroed(header(groups), LISTS)?;
    let (order, starts) = head.split_at_mut(OCTET * groups);
    for (row, slot) in (0..).zip(&mut *order) {
        *slot = row;
    }
    // Counted once: a mapped file may change while rows are sorted.
    let mut counts = memory.zeroed::<u32>(OCTET * groups, LISTS)?;
    for (row, entries) in counts.iter_mut().enumerate() {
        each(w, row, |_, _| *entries += 1);
    }
    let entries = |row: u32| counts[row as usize] as usize;
    order.chunks_mut(BLOCK).for_each(|rows| rows.sort_unstable_by_key(|&row| (Reverse(entries(row)), row)));
    let mut octets = 0;
    for (rows, end) in order.chunks_exact(OCTET).zip(&mut starts[1..]) {
        octets += entries(rows[0]);
        *end = u32::try_from(octets).expect("invariant: a layer has fewer than 2^32 entries");
    }
    let columns = if is_wide(w.cols()) { OCTET } else { OCTET / 2 };
    let mut out = memory.zeroed(head.len() + octets * (OCTET + columns), LISTS)?;
    out[..head.len()].copy_from_slice(&head);
    let (order, starts) = head.split_at(OCTET * groups);
    let (factors, columns) = out[head.len()..].split_at_mut(octets * OCTET);
    columns.fill(if is_wide(w.cols()) { w.cols() as u32 } else { w.cols() as u32 * 0x1_0001 });
    for (rows, &start) in order.chunks_exact(OCTET).zip(starts) {
        for (lane, &row) in rows.iter().enumerate() {
            let mut at = start as usize * OCTET + lane;
            each(w, row as usize, |bits, column| {
                // A mapped file that changes between the count and this pass may have more entries.
                let Some(factor) = factors.get_mut(at) else { return };
                let column = column.min(w.cols());
                *factor = bits;
                if is_wide(w.cols()) {
                    columns[at] = column as u32;
                } else {
                    bytemuck::cast_slice_mut::<u32, u16>(columns)[at] = column as u16;
                }
                at += OCTET;
            });
        }
    }
    memory.release(bytes_of::<u32>(head.len() + counts.len()));
    Ok(out)
}

/// What a sample costs.
pub(super) fn cycles(prepared: &[u32], rows: usize) -> Cycles {
    let groups = rows.div_ceil(OCTET);
    let octets = prepared[OCTET * groups + groups] as usize;
    Cycles { alone: 10 * octets + 60 * groups + 200, among: 2 * octets + 40 * groups + 80 }
}

/// The octets of a layer.
#[derive(Clone, Copy)]
pub(super) struct Octets<'a, C> {
    order: &'a [[u32; OCTET]],
    starts: &'a [u32],
    factors: &'a [[f32; OCTET]],
    columns: &'a [[C; OCTET]],
}

/// The factors and the columns of a group, as many of each.
pub(super) type Group<'a, C> = (&'a [[f32; OCTET]], &'a [[C; OCTET]]);

impl<'a, C: bytemuck::AnyBitPattern> Octets<'a, C> {
    /// What [`prepare`] made of a layer of `rows` rows.
    pub(super) fn new(prepared: &'a [u32], rows: usize) -> Self {
        let groups = rows.div_ceil(OCTET);
        let (head, rest) = prepared.split_at(header(groups));
        let (order, starts) = head.split_at(OCTET * groups);
        let octets = starts[groups] as usize;
        let (factors, columns) = rest.split_at(octets * OCTET);
        let (factors, columns) = (bytemuck::cast_slice::<u32, f32>(factors).as_chunks().0, bytemuck::cast_slice(columns));
        Self { order: order.as_chunks().0, starts, factors, columns: &columns.as_chunks().0[..octets] }
    }

    /// The groups of some rows, which begin at a multiple of [`BLOCK`].
    pub(super) fn groups(self, rows: &Range<usize>) -> Range<usize> {
        rows.start / OCTET..rows.end.div_ceil(OCTET)
    }

    /// The places of a group's rows in their block. Lanes without a row have places after the last row.
    #[inline(always)]
    pub(super) fn places(self, group: usize) -> [usize; OCTET] {
        let mut places = [0; OCTET];
        for (place, row) in places.iter_mut().zip(self.order[group]) {
            *place = row as usize % BLOCK;
        }
        places
    }

    /// The octets of a group.
    #[inline(always)]
    pub(super) fn group(self, group: usize) -> Group<'a, C> {
        let range: Range<usize> = self.starts[group] as usize..self.starts[group + 1] as usize;
        (&self.factors[range.clone()], &self.columns[range])
    }
}

/// A column of 16 or 32 bits.
pub(super) trait Column: bytemuck::AnyBitPattern + Into<u32> {
    /// 8 columns.
    fn load(avx2: Avx2, columns: &[Self; OCTET]) -> __m256i;
}

impl Column for u16 {
    #[inline(always)]
    fn load(avx2: Avx2, columns: &[Self; OCTET]) -> __m256i {
        avx2.widen_u16(avx2.load_u16(columns))
    }
}

impl Column for u32 {
    #[inline(always)]
    fn load(avx2: Avx2, columns: &[Self; OCTET]) -> __m256i {
        avx2.load_u32(columns)
    }
}
