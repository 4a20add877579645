//! Where the expanded weights lie.

use crate::encoding::Weights;
use crate::kernels::segments::{SEGMENTS, segment};
use crate::kernels::simd::Simd;
use std::ops::Range;

/// Rows in panels of a few vectors; in a panel column after column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) rows: usize,
    panels: usize,
    /// Rows of a panel.
    pub(super) height: usize,
}

impl Layout {
    /// The most vectors of a panel: a sum for each stays in a register.
    pub(super) const MOST: usize = 12;

    pub(super) fn new<S: Simd>(rows: usize) -> Self {
        let vectors = rows.div_ceil(S::LANES);
        let panels = vectors.div_ceil(Self::MOST);
        Self { rows, panels, height: vectors.div_ceil(panels.max(1)) * S::LANES }
    }

    /// Floats of a column of all panels.
    pub(super) fn row_floats(&self) -> usize {
        self.panels * self.height
    }

    pub(super) fn index(&self, row: usize, col: usize, cols: usize) -> usize {
        ((row / self.height) * cols + col) * self.height + row % self.height
    }
}

/// The columns of each segment of a row.
pub(super) type Bounds = [Range<usize>; SEGMENTS];

pub(super) fn bounds(weights: &Weights<'_>) -> Bounds {
    let (units, columns) = match weights {
        Weights::FixedPoint(w) => (w.words().tiling().units(), w.words().layout().columns()),
        Weights::Codebook(w) => (w.words().tiling().units(), w.words().layout().columns()),
        _ => (weights.cols(), 1),
    };
    let column = |unit: usize| (unit * columns).min(weights.cols());
    std::array::from_fn(|s| column(segment(units, s).start)..column(segment(units, s).end))
}
