//! What is prepared of an expanded layer, and where its weights lie.

use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::encoding::Weights;
use crate::kernels::kernel::{Cycles, Preference};
use crate::kernels::products::for_each;
use crate::kernels::segments::{SEGMENTS, segment};
use crate::kernels::simd::Simd;
use std::ops::Range;

/// The columns of each chain of a row.
pub(super) type Bounds = [Range<usize>; SEGMENTS];

/// Words of the shape: floats, rows, columns, where each chain ends, the most active columns; zeros up to a cache line.
const HEADER: usize = 16;

/// The shape of an expanded layer. Rows lie in panels of a few vectors; in a panel column after column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) cols: usize,
    panels: usize,
    /// Rows of a panel.
    pub(super) height: usize,
}

impl Layout {
    /// The most vectors of a panel: a sum for each stays in a register.
    pub(super) const MOST: usize = 12;

    fn new<S: Simd>(rows: usize, cols: usize) -> Self {
        let vectors = rows.div_ceil(S::LANES);
        let panels = vectors.div_ceil(Self::MOST);
        Self { rows, cols, panels, height: vectors.div_ceil(panels.max(1)) * S::LANES }
    }

    /// Floats of a column of all panels.
    fn row_floats(&self) -> usize {
        self.panels * self.height
    }

    /// Where a weight lies.
    fn index(&self, row: usize, col: usize) -> usize {
        ((row / self.height) * self.cols + col) * self.height + row % self.height
    }

    /// About the cycles of a sample with half of its activations zero: measured on Zen 3, whose second-level cache holds 2^17 floats.
    fn cycles<S: Simd>(&self) -> usize {
        let cycles = (self.row_floats() / S::LANES + 1) * self.cols;
        200 + if self.row_floats() * self.cols > 1 << 17 { cycles * 3 / 2 } else { cycles }
    }
}

/// The weights of an expanded layer.
#[derive(Clone, Debug)]
pub(super) struct Prepared<'a> {
    pub(super) layout: Layout,
    pub(super) bounds: Bounds,
    pub(super) weights: &'a [f32],
    /// The most activations of a sample that are not zero, for a batch to be computed one by one.
    pub(super) most_active: usize,
}

impl<'a> Prepared<'a> {
    /// What [`prepare`] made, and what the kernel of the encoding did; no weights if they are not expanded.
    pub(super) fn split<S: Simd>(prepared: &'a [u32]) -> (Option<Self>, &'a [u32]) {
        // Nothing is prepared for a layer that another kernel runs.
        let Some((header, rest)) = prepared.split_first_chunk::<HEADER>() else { return (None, &[]) };
        let [floats, rows, cols, end0, end1, end2, end3, most_active, ..] = header.map(|word| word as usize);
        let (weights, own) = rest.split_at(floats);
        let bounds = [0..end0, end0..end1, end1..end2, end2..end3];
        let (layout, weights) = (Layout::new::<S>(rows, cols), bytemuck::cast_slice(weights));
        let this = Self { layout, bounds, weights, most_active };
        ((floats > 0).then_some(this), own)
    }
}

/// Expands weights of up to `most` floats, at least cost if a sample alone is then faster than by the kernel of the encoding; `cycles` is what that
/// takes, `own` what it has prepared.
///
/// # Errors
/// `limit`, `no_memory`.
pub(super) fn prepare<S: Simd>(
    weights: &Weights<'_>,
    preference: Preference,
    most: usize,
    cycles: Cycles,
    own: &[u32],
    memory: &mut MemoryBudget,
) -> Result<AlignedVec<u32>> {
    let layout = Layout::new::<S>(weights.rows(), weights.cols());
    let floats = layout.row_floats() * layout.cols;
    let expand = floats <= most
        && match preference {
            Preference::Cost => layout.cycles::<S>() < cycles.alone,
            Preference::Stored => false,
            Preference::Prepared => true,
        };
    let floats = if expand { floats } else { 0 };
    let mut out = memory.zeroed(HEADER + floats + own.len(), "the floats of a small layer")?;
    out[..3].copy_from_slice(&[floats as u32, layout.rows as u32, layout.cols as u32]);
    out[3..7].copy_from_slice(&bounds(weights).map(|bounds| bounds.end as u32));
    // The time of expanded columns is about that of those that are active.
    let most_active = layout.cols.saturating_mul(cycles.among) / (2 * layout.cycles::<S>());
    out[7] = if preference == Preference::Prepared { layout.cols } else { most_active.min(layout.cols) } as u32;
    let (expanded, rest) = out[HEADER..].split_at_mut(floats);
    rest.copy_from_slice(own);
    for row in (0..layout.rows).take_while(|_| expand) {
        for_each(weights, row, |product| {
            // A column past the last is one of a mapped file that has changed.
            if product.col < layout.cols {
                expanded[layout.index(row, product.col)] = product.weight.to_bits();
            }
        });
    }
    Ok(out)
}

/// The columns of each chain of a row; all in the first in order class S.
fn bounds(weights: &Weights<'_>) -> Bounds {
    let cols = weights.cols();
    let (units, columns) = match weights {
        Weights::Sparse(_) | Weights::Blocks(_) => return [0..cols, cols..cols, cols..cols, cols..cols],
        Weights::FixedPoint(w) => (w.words().tiling().units(), w.words().layout().columns()),
        Weights::Codebook(w) => (w.words().tiling().units(), w.words().layout().columns()),
        _ => (cols, 1),
    };
    let column = |unit: usize| (unit * columns).min(cols);
    std::array::from_fn(|s| column(segment(units, s).start)..column(segment(units, s).end))
}
