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
    /// The positions across whose windows lie inside the map.
    whole: Range<usize>,
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
    pub fn new(pool: Pool, size: [usize; 2], positions: [usize; 2]) -> Self {
        let window = &pool.window;
        let is_whole = |&col: &usize| {
            let start = col * window.stride[1];
            start >= window.padding_before[1] && start - window.padding_before[1] + window.kernel[1] <= size[1]
        };
        let first = (0..positions[1]).find(is_whole).unwrap_or(0);
        let count = (first..positions[1]).take_while(is_whole).count();
        Self { pool, size, positions, whole: first..first + count }
    }

    /// Pools every map of one sample.
    fn pool(&self, input: &[f32], output: &mut [f32]) {
        let [height, width] = self.size;
        let [rows, cols] = self.positions;
        let maps = input.chunks_exact((height * width).max(1)).zip(output.chunks_exact_mut((rows * cols).max(1)));
        let whole = &self.whole;
        for (map, out) in maps {
            for (row, out) in out.chunks_exact_mut(cols).enumerate() {
                let ys = self.inside(0, row);
                self.whole(map, ys.clone(), whole.start, &mut out[whole.clone()]);
                for col in (0..whole.start).chain(whole.end..cols) {
                    out[col] = self.take(map, ys.clone(), self.inside(1, col));
                }
            }
        }
    }

    /// Pools the whole windows of a row from position `first`: element by element of the window, all positions at once, so that
    /// the compiler makes vectors of them. Each position takes its elements in ascending row, then column.
    fn whole(&self, map: &[f32], ys: Range<usize>, first: usize, out: &mut [f32]) {
        if out.is_empty() {
            return; // the loops below are as long as the window, which may be far wider than the map
        }
        let (window, width, inside) = (&self.pool.window, self.size[1], ys.len() * self.pool.window.kernel[1]);
        let start = first * window.stride[1] - window.padding_before[1];
        let mut is_first = self.pool.kind == PoolKind::Max;
        if !is_first {
            out.fill(0.0);
        }
        for y in ys {
            for kx in 0..window.kernel[1] {
                let elements = map[y * width..][..width].get(start + kx..).unwrap_or_default();
                match self.pool.kind {
                    PoolKind::Max if is_first => each(out, elements, window.stride[1], |m, x| *m = x),
                    PoolKind::Max => each(out, elements, window.stride[1], |m, x| *m = if x > *m { x } else { *m }),
                    PoolKind::Average | PoolKind::AverageIncludingPadding => {
                        each(out, elements, window.stride[1], |sum, x| *sum += x);
                    }
                }
                is_first = false;
            }
        }
        match self.pool.kind {
            PoolKind::Max => {}
            PoolKind::Average => out.iter_mut().for_each(|y| *y /= inside as f32),
            PoolKind::AverageIncludingPadding => out.iter_mut().for_each(|y| *y /= window.area() as f32),
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
    use crate::graph::op::Window;

    /// The pooled map, window by window.
    fn one_by_one(step: &PoolStep, map: &[f32]) -> Vec<f32> {
        let [rows, cols] = step.positions;
        let positions = (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col)));
        positions.map(|(row, col)| step.take(map, step.inside(0, row), step.inside(1, col))).collect()
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
                    let step = PoolStep::new(Pool { kind, window }, [5, 9], [rows, cols]);
                    let mut out = vec![f32::NAN; rows * cols];
                    step.pool(&map, &mut out);
                    assert_eq!(out, one_by_one(&step, &map), "{window:?}");
                }
            }
        }
    }
}
