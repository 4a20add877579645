//! Loops over values without weights that are worth a tier's vectors.

/// What a tier does with values.
pub(super) trait Values: std::fmt::Debug + Send + Sync {
    /// See [`ValueKernel::max_of_pairs`].
    fn max_of_pairs(&self, map: &[f32], pitch: usize, cols: usize, out: &mut [f32]);

    /// See [`ValueKernel::scale`].
    fn scale(&self, bytes: &[u8], scale: f32, offset: f32, out: &mut [f32]);
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

    /// The input of bytes, all with one scale (arithmetic.md, section 2): `out = finite(bytes * scale + offset)`.
    pub fn scale(&self, bytes: &[u8], scale: f32, offset: f32, out: &mut [f32]) {
        self.loops.scale(bytes, scale, offset, out);
    }
}
