//! The kernel of an encoding, whose small layers are expanded.

use super::layout::{Layout, bounds};
use super::{loops, nonzero};
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::kernels::kernel::{Kernel, View};
use crate::kernels::products::for_each;
use crate::kernels::simd::Simd;
use crate::kernels::{LinearCall, SCRATCH};

/// The most floats that are expanded: 1 MiB. Larger layers are bound by memory, where a stored layout is smaller.
const MOST_FLOATS: usize = 1 << 18;
/// Samples of a layer of up to so many floats are computed one by one, however many there are: 128 KiB stay in the second-level cache.
const SMALL: usize = 1 << 15;
/// Fewer samples of a larger layer are computed one by one, and so are more if the first of them is half zeros.
const FEW: usize = 4;

/// The kernel of an encoding, and the token of the tier.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Expanded<S, K>(pub(in crate::kernels) S, pub(in crate::kernels) K);

impl<S: Simd, K: Kernel> Kernel for Expanded<S, K> {
    type View<'a> = K::View<'a>;

    fn prepare(self, view: &K::View<'_>, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
        let weights = view.weights();
        let layout = Layout::new::<S>(weights.rows());
        if layout.row_floats() * weights.cols() > MOST_FLOATS {
            return AlignedVec::zeroed(0);
        }
        let mut expanded = memory.zeroed(layout.row_floats() * weights.cols(), "the floats of a small layer")?;
        for row in 0..weights.rows() {
            for_each(&weights, row, |product| {
                // A column past the last is one of a mapped file that has changed.
                if product.col < weights.cols() {
                    expanded[layout.index(row, product.col, weights.cols())] = product.weight.to_bits();
                }
            });
        }
        Ok(expanded)
    }

    fn scratch_len(self, cols: usize, batch: usize) -> usize {
        self.1.scratch_len(cols, batch).max(SCRATCH).max(nonzero::room(cols))
    }

    fn is_expanded(self, prepared: usize, batch: usize) -> bool {
        prepared > 0 && (batch < FEW || prepared <= SMALL)
    }

    fn run(self, view: &K::View<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
        let weights = view.weights();
        let [rows, cols] = [weights.rows(), weights.cols()];
        let one_by_one =
            self.is_expanded(prepared.len(), call.batch) || !prepared.is_empty() && is_half_zeros(&call.input[..cols]);
        if !one_by_one || call.scratch.len() < nonzero::room(cols) {
            return self.1.run(view, &[], call);
        }
        call.check(rows, cols);
        let layout = Layout::new::<S>(rows);
        let layer = loops::Layer { layout, weights: bytemuck::cast_slice(prepared), cols, bounds: bounds(&weights) };
        (0..call.batch).for_each(|sample| layer.run(self.0, sample, call));
    }
}

fn is_half_zeros(x: &[f32]) -> bool {
    2 * x.iter().filter(|x| **x == 0.0).count() >= x.len()
}
