//! The four chains of a sum (`format-spec/arithmetic.md`, section 3).

use std::ops::Range;

/// Chains of one sum.
pub const SEGMENTS: usize = 4;

/// The units of segment `segment` (0 to 3) of a row of `units` units. Later segments may be shorter, or empty.
#[must_use]
pub fn segment(units: usize, segment: usize) -> Range<usize> {
    let len = units.div_ceil(SEGMENTS);
    (segment * len).min(units)..((segment + 1) * len).min(units)
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
