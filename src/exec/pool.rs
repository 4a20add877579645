//! Max, average and global average pooling (`format-spec/arithmetic.md`, section 5).

use crate::graph::{PoolKind, Window};
use std::ops::Range;

/// The windows of a pooling step on maps of `height` x `width`.
#[derive(Clone, Debug)]
pub struct PoolGeometry {
    /// What is taken of a window.
    pub kind: PoolKind,
    /// The windows.
    pub window: Window,
    /// Rows and columns of a map.
    pub size: [usize; 2],
    /// Windows along each dimension.
    pub positions: [usize; 2],
}

impl PoolGeometry {
    /// Pools every map of one sample.
    pub(super) fn run(&self, input: &[f32], output: &mut [f32]) {
        let [height, width] = self.size;
        let [rows, cols] = self.positions;
        let maps = input.chunks_exact((height * width).max(1)).zip(output.chunks_exact_mut((rows * cols).max(1)));
        for (map, out) in maps {
            for (row, out) in out.chunks_exact_mut(cols).enumerate() {
                let ys = self.inside(0, row);
                for (col, out) in out.iter_mut().enumerate() {
                    *out = self.take(map, ys.clone(), self.inside(1, col));
                }
            }
        }
    }

    /// The elements of window `position` along a dimension that lie inside the map.
    fn inside(&self, dimension: usize, position: usize) -> Range<usize> {
        let start = position * self.window.stride[dimension];
        let before = self.window.padding_before[dimension];
        let end = (start + self.window.kernel[dimension]).saturating_sub(before).min(self.size[dimension]);
        start.saturating_sub(before)..end
    }

    fn take(&self, map: &[f32], ys: Range<usize>, xs: Range<usize>) -> f32 {
        let width = self.size[1];
        let inside = ys.len() * xs.len();
        let rows = ys.map(|y| &map[y * width..][xs.clone()]);
        match self.kind {
            PoolKind::Max => {
                let mut elements = rows.flatten().copied();
                let first = elements.next().unwrap_or(0.0);
                elements.fold(first, |m, x| if x > m { x } else { m })
            }
            PoolKind::Average => rows.flatten().fold(0.0, |sum, x| sum + x) / inside as f32,
            PoolKind::AverageIncludingPadding => rows.flatten().fold(0.0, |sum, x| sum + x) / self.window.area() as f32,
        }
    }
}
