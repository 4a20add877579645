//! Loops over values without weights that are worth a tier's vectors.

/// What a tier does with values.
pub(super) trait Values: std::fmt::Debug + Send + Sync {
    /// See [`ValueKernel::max_of_pairs`].
    fn max_of_pairs(&self, map: &[f32], pitch: usize, cols: usize, out: &mut [f32]);

    /// See [`ValueKernel::scale_runs`].
    fn scale_runs(&self, runs: &[Run], bytes: &[u8], scale: f32, offset: f32, out: &mut [f32]);

    /// See [`ValueKernel::scale`].
    fn scale(&self, bytes: &[u8], scale: f32, offset: f32, out: &mut [f32]);
}

/// Up to 8 neighbouring inputs that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first input.
    pub from: u32,
    /// Where its value goes.
    pub to: u32,
}

/// The loops over values of a tier.
#[derive(Clone, Copy, Debug)]
pub struct ValueKernel {
    loops: &'static dyn Values,
}

impl ValueKernel {
    #[cfg(target_arch = "x86_64")]
    pub(super) fn new<V: Values + 'static>(loops: V) -> Self {
        const { assert!(size_of::<V>() == 0, "loops are a token and hold no data") };
        // A box of no bytes allocates nothing, so nothing leaks.
        Self { loops: Box::leak(Box::new(loops)) }
    }

    /// Max pooling of windows of 2 x 2, two apart (arithmetic.md, section 5): `out[row][col]` is the maximum of rows `2 row`, `2 row + 1` and
    /// columns `2 col`, `2 col + 1`. The rows of the map begin `pitch` floats apart, those of `out` `cols`.
    ///
    /// # Panics
    /// When the map is too short.
    pub fn max_of_pairs(&self, map: &[f32], pitch: usize, cols: usize, out: &mut [f32]) {
        self.loops.max_of_pairs(map, pitch, cols, out);
    }

    /// The runs of an input of bytes, all with one scale: `out = finite(bytes * scale + offset)`. A run writes 8 floats, so the
    /// runs ascend, and `out` ends with 8 floats more.
    ///
    /// # Panics
    /// When a run leaves `bytes` or `out`.
    pub fn scale_runs(&self, runs: &[Run], bytes: &[u8], scale: f32, offset: f32, out: &mut [f32]) {
        self.loops.scale_runs(runs, bytes, scale, offset, out);
    }

    /// The input of bytes, all with one scale (arithmetic.md, section 2): `out = finite(bytes * scale + offset)`.
    pub fn scale(&self, bytes: &[u8], scale: f32, offset: f32, out: &mut [f32]) {
        self.loops.scale(bytes, scale, offset, out);
    }
}
