//! Max pooling of windows of 2 x 2, two apart: the commonest pooling by far.
//!
//! Each output takes its elements in ascending row, then column, so that the result has the bits of `format-spec/arithmetic.md`, section 5.

use super::Isa;

/// A tier's pooling of a map.
pub(super) trait Pairs: std::fmt::Debug + Send + Sync {
    /// See [`PairKernel::max`].
    fn max(&self, map: &[f32], pitch: usize, cols: usize, out: &mut [f32]);
}

/// The pooling of pairs of a tier.
#[derive(Clone, Copy, Debug)]
pub struct PairKernel {
    /// The tier that wrote it: an inherited kernel keeps its own.
    pub isa: Isa,
    loops: &'static dyn Pairs,
}

impl PairKernel {
    #[cfg(target_arch = "x86_64")]
    pub(super) fn new<P: Pairs + 'static>(isa: Isa, loops: P) -> Self {
        const { assert!(size_of::<P>() == 0, "loops are a token and hold no data") };
        // A box of no bytes allocates nothing, so nothing leaks.
        Self { isa, loops: Box::leak(Box::new(loops)) }
    }

    /// Pools a map: `out[row][col]` is the maximum of rows `2 row`, `2 row + 1` and columns `2 col`, `2 col + 1`. The rows of the map begin `pitch`
    /// floats apart, those of `out` `cols`.
    ///
    /// # Panics
    /// When the map is too short.
    pub fn max(&self, map: &[f32], pitch: usize, cols: usize, out: &mut [f32]) {
        self.loops.max(map, pitch, cols, out);
    }
}
