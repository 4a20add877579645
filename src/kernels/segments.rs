//! The four chains of a sum (`format-spec/arithmetic.md`, section 3), and what follows them (section 4).

use super::LinearCall;
use crate::base::math::relu;
use std::ops::Range;

/// Chains of one sum.
pub const SEGMENTS: usize = 4;

/// The units of segment `segment` (0 to 3) of a row of `units` units. Later segments may be shorter, or empty.
#[must_use]
pub fn segment(units: usize, segment: usize) -> Range<usize> {
    let len = units.div_ceil(SEGMENTS);
    (segment * len).min(units)..((segment + 1) * len).min(units)
}

/// A set of SIMD kernels. Implemented by the token that proves its features: whoever holds one may call.
pub(super) trait Tier: Copy {
    /// [`finish`], in the tier's vectors.
    fn finish(self, sums: &[f32], scale: Option<&[f32]>, bias: &[f32], relu: bool, out: &mut [f32]);
}

impl LinearCall<'_> {
    /// The outputs from row `row` of a sample, as many as there are sums.
    pub(super) fn finish(&mut self, tier: impl Tier, sample: usize, row: usize, sums: &[f32]) {
        let rows = row..row + sums.len();
        let out = &mut self.output[sample * self.output_stride..][rows.clone()];
        tier.finish(sums, self.scale.map(|scale| &scale[rows.clone()]), &self.bias[rows], self.relu, out);
    }
}

/// The end of each sum: `y = relu?(scale * sum + bias)`, for as many outputs as `out` has.
///
/// Plain Rust: inlined into a tier's function, it becomes that tier's vectors.
#[inline(always)]
pub(super) fn finish(sums: &[f32], scale: Option<&[f32]>, bias: &[f32], apply_relu: bool, out: &mut [f32]) {
    let rows = out.len();
    let (sums, bias) = (&sums[..rows], &bias[..rows]);
    match scale.map(|scale| &scale[..rows]) {
        Some(scale) => (0..rows).for_each(|i| out[i] = sums[i] * scale[i] + bias[i]),
        None => (0..rows).for_each(|i| out[i] = sums[i] + bias[i]),
    }
    if apply_relu {
        out.iter_mut().for_each(|y| *y = relu(*y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_cover_the_units_once_in_order() {
        for units in 0..200 {
            let all: Vec<usize> = (0..SEGMENTS).flat_map(|s| segment(units, s)).collect();
            assert_eq!(all, (0..units).collect::<Vec<_>>());
        }
        assert_eq!((0..4).map(|s| segment(9, s)).collect::<Vec<_>>(), [0..3, 3..6, 6..9, 9..9]);
    }
}
