//! The kernel of an encoding, whose small layers are expanded.

use super::layout::{Layout, bounds};
use super::{loops, nonzero};
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::kernels::kernel::{Kernel, View};
use crate::kernels::products::for_each;
use crate::kernels::simd::Simd;
use crate::kernels::{LinearCall, SCRATCH};

/// The most floats that are expanded: 1 MiB. Larger layers are bound by memory, where a stored layout is smaller.
const MOST_FLOATS: usize = 1 << 18;
/// Fewer samples are computed one by one.
const FEW: usize = 4;

/// The kernel of an encoding, and the token of the tier.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Expanded<S, K>(pub(in crate::kernels) S, pub(in crate::kernels) K);

impl<S: Simd, K: Kernel> Kernel for Expanded<S, K> {
    type View<'a> = K::View<'a>;

    fn prepare(self, view: &K::View<'_>) -> Result<AlignedVec<u32>> {
        let weights = view.weights();
        let layout = Layout::new::<S>(weights.rows());
        if layout.row_floats() * weights.cols() > MOST_FLOATS {
            return AlignedVec::zeroed(0);
        }
        let mut expanded = AlignedVec::zeroed(layout.row_floats() * weights.cols())?;
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

    fn run(self, view: &K::View<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
        let weights = view.weights();
        let [rows, cols] = [weights.rows(), weights.cols()];
        if prepared.is_empty() || call.batch >= FEW || call.scratch.len() < nonzero::room(cols) {
            return self.1.run(view, &[], call);
        }
        call.check(rows, cols);
        let layout = Layout::new::<S>(rows);
        let layer = loops::Layer { layout, weights: bytemuck::cast_slice(prepared), cols, bounds: bounds(&weights) };
        (0..call.batch).for_each(|sample| layer.run(self.0, sample, call));
    }
}
