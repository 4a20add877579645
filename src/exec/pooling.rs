//! Max, average and global average pooling (`format-spec/arithmetic.md`, section 5).

use super::step::{Action, Call};
use crate::graph::op::{Pool, PoolKind};
use std::ops::Range;

/// Pooling of maps of one size; global average pooling is one window.
#[derive(Debug)]
pub struct PoolStep {
    /// The operator.
    pub pool: Pool,
    /// Rows and columns of a map.
    pub size: [usize; 2],
    /// Windows along each dimension.
    pub positions: [usize; 2],
}

impl Action for PoolStep {
    fn run(&self, call: &mut Call<'_>) {
        let elements = call.from[0].elements;
        call.each_sample(|input, output, _, _| self.pool(&input[..elements], output));
    }
}

impl PoolStep {
    /// Pools every map of one sample.
    fn pool(&self, input: &[f32], output: &mut [f32]) {
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
        let start = position * self.pool.window.stride[dimension];
        let before = self.pool.window.padding_before[dimension];
        let end = (start + self.pool.window.kernel[dimension]).saturating_sub(before).min(self.size[dimension]);
        start.saturating_sub(before)..end
    }

    fn take(&self, map: &[f32], ys: Range<usize>, xs: Range<usize>) -> f32 {
        let width = self.size[1];
        let inside = ys.len() * xs.len();
        let rows = ys.map(|y| &map[y * width..][xs.clone()]);
        match self.pool.kind {
            PoolKind::Max => {
                let mut elements = rows.flatten().copied();
                let first = elements.next().unwrap_or(0.0);
                elements.fold(first, |m, x| if x > m { x } else { m })
            }
            PoolKind::Average => rows.flatten().fold(0.0, |sum, x| sum + x) / inside as f32,
            PoolKind::AverageIncludingPadding => rows.flatten().fold(0.0, |sum, x| sum + x) / self.pool.window.area() as f32,
        }
    }
}
