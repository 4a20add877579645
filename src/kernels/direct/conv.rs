//! A convolution layer, prepared once and run sample by sample.

use super::geometry::{ConvShape, Planes, Vectors};
use super::kernel::{DirectKernel, Epilogue, Positions};
use super::taps::{Group, MANY, Taps};
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::encoding::Weights;
use crate::kernels::{PADDING, Preference};
use std::ops::Range;

/// A convolution layer, prepared for direct computation.
#[derive(Clone, Debug)]
pub struct DirectConv {
    kernel: DirectKernel,
    shape: ConvShape,
    planes: Planes,
    vectors: Vectors,
    taps: Taps,
}

/// The arguments of a direct convolution of one sample.
#[derive(Debug)]
pub struct ConvCall<'a> {
    /// The sample, `[channels, height, width]`; [`PADDING`](crate::kernels::PADDING) zeros follow.
    pub input: &'a [f32],
    /// The scale of each map, or none.
    pub scale: Option<&'a [f32]>,
    /// The bias of each map.
    pub bias: &'a [f32],
    /// Whether ReLU follows.
    pub relu: bool,
    /// Whether each map is pooled: the greatest of each two rows and columns. Only where [`DirectConv::can_pool`] says so.
    pub pool: bool,
    /// At least [`DirectConv::scratch_len`] floats of any content.
    pub scratch: &'a mut [f32],
}

/// Copied planes have at most so many times the floats of the input: padding may make much of little.
const MOST_GROWTH: usize = 8;

impl DirectConv {
    /// Prepares a layer, if direct computation is preferred: at least cost, if it is worthwhile for its shape and its zeros.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn new(
        kernel: DirectKernel,
        weights: &Weights<'_>,
        shape: ConvShape,
        preference: Preference,
        memory: &mut MemoryBudget,
    ) -> Result<Option<Self>> {
        let planes = Planes::new(&shape);
        let input: usize = shape.input.iter().product();
        let is_empty = shape.positions.contains(&0) || shape.cols() == 0 || shape.maps == 0;
        // The offset of a tap has 32 bits.
        let most = input.saturating_add(512).saturating_mul(MOST_GROWTH).min(u32::MAX as usize);
        if preference == Preference::Stored || is_empty || planes.floats(&shape) > most {
            return Ok(None);
        }
        let vectors = Vectors::new(&shape, &planes, kernel.loops.lanes());
        let held = memory.held();
        let taps = Taps::new(weights, &shape, &planes, memory)?;
        let this = Self { kernel, shape, planes, vectors, taps };
        if preference == Preference::Prepared || this.is_worthwhile() {
            return Ok(Some(this));
        }
        drop(this);
        memory.release_to(held);
        Ok(None)
    }

    /// Whether at most twice as many products are computed as im2col would compute: lanes without a position are lost, zero weights are saved.
    fn is_worthwhile(&self) -> bool {
        let [rows, cols] = self.shape.positions;
        self.vectors.floats(rows, cols) * self.taps.products() <= 2 * rows * cols * self.shape.maps * self.shape.cols()
    }

    /// The kernel that runs it.
    #[must_use]
    pub fn kernel(&self) -> DirectKernel {
        self.kernel
    }

    /// Floats of scratch that a call needs.
    #[must_use]
    pub fn scratch_len(&self) -> usize {
        self.planes_len() + MANY * self.vectors.floats(self.vectors.band_rows, self.shape.positions[1])
    }

    /// Floats of the copied planes, and of what the last vector reads beyond them.
    fn planes_len(&self) -> usize {
        if self.planes.copied { self.planes.floats(&self.shape) + PADDING } else { 0 }
    }

    /// Bytes of the prepared weights.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.taps.bytes()
    }

    /// Whether maps can be pooled in registers.
    #[must_use]
    pub fn can_pool(&self) -> bool {
        self.vectors.can_pool() && self.shape.positions[0] > 1
    }

    /// Whether a map is computed whole, not in bands.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.vectors.band_rows >= self.shape.positions[0]
    }

    /// Floats from one row of a map to the next, as [`DirectConv::run`] hands them out.
    #[must_use]
    pub fn row_floats(&self, pool: bool) -> usize {
        if pool { self.vectors.out_pitch / 2 } else { self.vectors.out_pitch }
    }

    /// Convolves one sample. Calls `emit(map, rows, values)` for bands of rows of each map, pooled if asked for; the rows begin
    /// [`DirectConv::row_floats`] floats apart.
    ///
    /// # Panics
    /// When a buffer of `call` is too short.
    pub fn run(&self, call: &mut ConvCall<'_>, mut emit: impl FnMut(usize, Range<usize>, &[f32])) {
        let [rows, cols] = self.shape.positions;
        let (planes, sums) = call.scratch.split_at_mut(self.planes_len());
        let x: &[f32] = if self.planes.copied {
            self.planes.fill(&self.shape, call.input, planes);
            planes
        } else {
            call.input
        };
        let pool = call.pool;
        assert!(!pool || self.can_pool(), "invariant: vectors of whole rows are pooled");
        for band in self.vectors.bands(rows, pool) {
            let x = &x[band.start * self.planes.pitch..];
            let len = self.vectors.floats(band.len(), cols) / if pool { 4 } else { 1 };
            let (across, pitch) = (self.vectors.across, self.vectors.pitch);
            let at = Positions { x, rows: self.vectors.rows(band.len(), cols), across, pitch, pool };
            let band = if pool { band.start / 2..band.end / 2 } else { band };
            let end = |map: usize| Epilogue { scale: call.scale.map(|scale| scale[map]), bias: call.bias[map], relu: call.relu };
            let (taps, loops) = (&self.taps, self.kernel.loops);
            for group in &taps.groups {
                let (map, count) = match *group {
                    Group::One { map, index } => {
                        loops.one(&taps.one(index), taps.threes, &at, end(map), &mut sums[..len]);
                        (map, 1)
                    }
                    Group::Many { map, index } => {
                        let ends = std::array::from_fn(|i| end(map + i));
                        loops.many(&taps.many(index), taps.threes, &at, &ends, &mut sums[..MANY * len]);
                        (map, MANY)
                    }
                };
                sums.chunks_exact(len).take(count).enumerate().for_each(|(i, sums)| emit(map + i, band.clone(), sums));
            }
        }
    }
}
