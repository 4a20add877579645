//! Where values lie in the arena.

use crate::kernels::PADDING;

/// Where a value of all samples lies in the arena: sample `i` starts at `start + i * stride`; zeros follow its elements up to the stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The first float.
    pub start: usize,
    /// Elements of one sample.
    pub elements: usize,
    /// Floats from one sample to the next: a multiple of 16 with room for [`PADDING`] zeros.
    pub stride: usize,
}

impl Slot {
    /// Floats from one sample to the next for values of `elements` elements.
    #[must_use]
    pub fn stride_of(elements: usize) -> usize {
        (elements + PADDING).next_multiple_of(16)
    }

    /// Floats of the slot for `batch` samples.
    #[must_use]
    pub fn floats(&self, batch: usize) -> usize {
        batch * self.stride
    }
}

/// Both slots at once. The plan never lets a step read and write overlapping ones.
pub(super) fn disjoint<'a>(arena: &'a mut [f32], from: &Slot, to: &Slot, batch: usize) -> (&'a [f32], &'a mut [f32]) {
    let (read, write) = (from.start..from.start + from.floats(batch), to.start..to.start + to.floats(batch));
    let [input, output] =
        arena.get_disjoint_mut([read, write]).expect("invariant: the plan's slots are disjoint and in the arena");
    (input, output)
}
