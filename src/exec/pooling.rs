//! Max, average and global average pooling (`format-spec/arithmetic.md`, section 5).

use super::call::{Action, Call};
use crate::base::math::finite;
use crate::graph::op::{Pool, PoolKind, Window};
use crate::kernels::ValueKernel;
use std::ops::Range;

/// Windows of a row that are pooled together.
const TOGETHER: usize = 64;
/// Fewer windows of a row are pooled one by one.
const FEWEST: usize = 4;

/// Pooling of maps of one size; global average pooling is one window.
#[derive(Debug)]
pub struct PoolStep {
    /// The operator.
    pub pool: Pool,
    /// Rows and columns of a map.
    pub size: [usize; 2],
    /// Windows along each dimension.
    pub positions: [usize; 2],
    /// The positions across whose windows lie inside the map.
    whole: Range<usize>,
    /// What pools the map instead, where its windows are those that the kernel serves.
    pairs: Option<ValueKernel>,
}

impl Action for PoolStep {
    fn run(&self, call: &mut Call<'_>) {
        let elements = call.from[0].elements;
        call.each_sample(|input, output, _, _| self.pool(&input[..elements], output));
    }
}

impl PoolStep {
    /// Pooling of maps of `size` (`[height, width]`) at `positions` (`[rows, cols]`).
    #[must_use]
    pub fn new(pool: Pool, size: [usize; 2], positions: [usize; 2], pairs: Option<ValueKernel>) -> Self {
        let window = &pool.window;
        let is_whole = |&col: &usize| {
            let start = col * window.stride[1];
            start >= window.padding_before[1] && start - window.padding_before[1] + window.kernel[1] <= size[1]
        };
        let first = (0..positions[1]).find(is_whole).unwrap_or(0);
        let count = (first..positions[1]).take_while(is_whole).count();
        let this = Self { pool, size, positions, whole: first..first + count, pairs: None };
        Self { pairs: pairs.filter(|_| this.is_pairs()), ..this }
    }

    /// Whether the greatest of each two rows and columns is taken.
    pub(super) fn is_pairs(&self) -> bool {
        self.pool.kind == PoolKind::Max && self.pool.window == Window::new([2, 2], [2, 2])
    }

    /// Pools every map of one sample.
    fn pool(&self, input: &[f32], output: &mut [f32]) {
        let ([height, width], [rows, cols]) = (self.size, self.positions);
        let maps = input.chunks_exact((height * width).max(1)).zip(output.chunks_exact_mut((rows * cols).max(1)));
        maps.for_each(|(map, out)| self.map(map, width, out));
    }

    /// Pools a map whose rows begin `pitch` floats apart.
    pub(super) fn map(&self, map: &[f32], pitch: usize, out: &mut [f32]) {
        if let Some(pairs) = self.pairs {
            return pairs.max_of_pairs(map, pitch, self.positions[1], out);
        }
        let whole = &self.whole;
        for (row, out) in out.chunks_exact_mut(self.positions[1]).enumerate() {
            let ys = self.inside(0, row);
            let together = if whole.len() < FEWEST { whole.start..whole.start } else { whole.clone() };
            for first in together.clone().step_by(TOGETHER) {
                let out = &mut out[first..(first + TOGETHER).min(together.end)];
                self.whole(map, pitch, ys.clone(), first, out);
            }
            for col in (0..together.start).chain(together.end..self.positions[1]) {
                out[col] = self.take(map, pitch, ys.clone(), self.inside(1, col));
            }
        }
    }

    /// Pools whole windows of a row from position `first`, at most [`TOGETHER`]: element by element of the window, all positions at once, so
    /// that the compiler makes vectors of them.
    fn whole(&self, map: &[f32], pitch: usize, ys: Range<usize>, first: usize, out: &mut [f32]) {
        let (window, width, stride) = (&self.pool.window, self.size[1], self.pool.window.stride[1]);
        let inside = ys.len() * window.kernel[1];
        let start = first * stride - window.padding_before[1];
        let rows = ys.map(|y| &map[y * pitch..][..width]);
        if self.pool.kind == PoolKind::Max {
            for (i, (row, kx)) in rows.flat_map(|row| (0..window.kernel[1]).map(move |kx| (row, kx))).enumerate() {
                let set = |m: &mut f32, x| *m = if i == 0 || x > *m { x } else { *m };
                each(out, &row[start + kx..], stride, set);
            }
            return;
        }
        let (mut totals, n) = ([0.0; TOGETHER], self.divisor(inside));
        for row in rows {
            let mut sums = [0.0; TOGETHER];
            for kx in 0..window.kernel[1] {
                each(&mut sums[..out.len()], &row[start + kx..], stride, |sum, x| *sum += x);
            }
            totals.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        }
        out.iter_mut().zip(totals).for_each(|(y, total)| *y = finite(total / n));
    }

    /// What a sum of `inside` elements is divided by.
    fn divisor(&self, inside: usize) -> f32 {
        if self.pool.kind == PoolKind::AverageIncludingPadding { self.pool.window.area() as f32 } else { inside as f32 }
    }

    /// The elements of window `position` along a dimension that lie inside the map.
    fn inside(&self, dimension: usize, position: usize) -> Range<usize> {
        let start = position * self.pool.window.stride[dimension];
        let before = self.pool.window.padding_before[dimension];
        let end = (start + self.pool.window.kernel[dimension]).saturating_sub(before).min(self.size[dimension]);
        start.saturating_sub(before)..end
    }

    /// One window: its elements inside the map.
    fn take(&self, map: &[f32], pitch: usize, ys: Range<usize>, xs: Range<usize>) -> f32 {
        let inside = ys.len() * xs.len();
        let rows = ys.map(|y| &map[y * pitch..][xs.clone()]);
        if self.pool.kind == PoolKind::Max {
            let mut elements = rows.flatten().copied();
            let first = elements.next().unwrap_or(0.0);
            return elements.fold(first, |m, x| if x > m { x } else { m });
        }
        let total = rows.fold(0.0, |total, row| total + row.iter().fold(0.0, |sum, x| sum + x));
        finite(total / self.divisor(inside))
    }
}

/// `f(out[i], elements[stride * i])` for every output. The stride of 2 is a constant here: the others are rare.
#[inline(always)]
fn each(out: &mut [f32], elements: &[f32], stride: usize, f: impl Fn(&mut f32, f32)) {
    if stride == 2 {
        let (pairs, last) = elements.as_chunks::<2>();
        let len = out.len().min(pairs.len());
        out[..len].iter_mut().zip(pairs).for_each(|(out, pair)| f(out, pair[0]));
        out[len..].iter_mut().zip(last).for_each(|(out, x)| f(out, *x));
    } else {
        out.iter_mut().zip(elements.iter().step_by(stride)).for_each(|(out, x)| f(out, *x));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pooled map, window by window.
    fn one_by_one(step: &PoolStep, map: &[f32]) -> Vec<f32> {
        let [rows, cols] = step.positions;
        let positions = (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col)));
        positions.map(|(row, col)| step.take(map, step.size[1], step.inside(0, row), step.inside(1, col))).collect()
    }

    #[test]
    fn a_row_of_windows_has_the_bits_of_single_windows() {
        let map: Vec<f32> = (0..5u16 * 9).map(|i| f32::from(i * 37 % 11) - 5.0 + f32::from(i) / 7.0).collect();
        for kind in [PoolKind::Max, PoolKind::Average, PoolKind::AverageIncludingPadding] {
            for kernel in [1, 2, 3, 30] {
                for (stride, before, after) in [(1, 0, 0), (2, 0, 1), (2, 1, 0), (3, 2, 2), (1, 29, 29)] {
                    let mut window = Window::new([2, kernel], [1, stride]);
                    (window.padding_before[1], window.padding_after[1]) = (before, after);
                    let Ok((rows, cols)) = window.positions(5, 9) else { continue };
                    let step = PoolStep::new(Pool { kind, window }, [5, 9], [rows, cols], None);
                    let mut out = vec![f32::NAN; rows * cols];
                    step.pool(&map, &mut out);
                    assert_eq!(out, one_by_one(&step, &map), "{window:?}");
                }
            }
        }
    }
}
