//! The kernel of an encoding, whose small layers are expanded.

use super::layout::{Prepared, prepare};
use super::loops::run_sample;
use super::nonzero;
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::kernels::kernel::{Kernel, Preference, Reads, View};
use crate::kernels::simd::Simd;
use crate::kernels::{LinearCall, SCRATCH};

/// Fewer samples are computed one by one, and so are more if few activations of the first are not zero.
const FEW: usize = 4;

/// The kernel of an encoding, and the token of the tier.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Expanded<S, K>(pub(in crate::kernels) S, pub(in crate::kernels) K);

impl<S: Simd, K: Kernel> Kernel for Expanded<S, K> {
    type View<'a> = K::View<'a>;

    fn prepare(self, view: &K::View<'_>, preference: Preference, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
        let held = memory.held();
        let own = self.1.prepare(view, preference, memory)?;
        let own_bytes = memory.held() - held;
        let (most, cycles) = (self.1.most_expanded(), self.1.cycles(view, &own));
        let out = prepare::<S>(&view.weights(), preference, most, cycles, &own, memory)?;
        drop(own);
        memory.release(own_bytes);
        Ok(out)
    }

    fn scratch_len(self, cols: usize, batch: usize) -> usize {
        self.1.scratch_len(cols, batch).max(SCRATCH).max(nonzero::room(cols))
    }

    fn reads(self, prepared: &[u32], batch: usize) -> Reads {
        match Prepared::split::<S>(prepared) {
            (Some(expanded), _) if suits(&expanded, batch) => Reads::Expanded(expanded.weights.len()),
            (_, own) => self.1.reads(own, batch),
        }
    }

    fn run_prepared(self, prepared: &[u32], call: &mut LinearCall<'_>) -> bool {
        let (Some(expanded), _) = Prepared::split::<S>(prepared) else { return false };
        let cols = expanded.layout.cols;
        let is_sparse = || call.input[..cols].iter().filter(|x| **x != 0.0).count() <= expanded.most_active;
        let one_by_one = suits(&expanded, call.batch) || is_sparse();
        if !one_by_one || call.scratch.len() < nonzero::room(cols) {
            return false;
        }
        call.check(expanded.layout.rows, cols);
        (0..call.batch).for_each(|sample| run_sample(self.0, &expanded, sample, call));
        true
    }

    fn run(self, view: &K::View<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
        self.1.run(view, Prepared::split::<S>(prepared).1, call);
    }
}

/// Whether `batch` samples are computed one by one, whatever their activations.
fn suits(expanded: &Prepared<'_>, batch: usize) -> bool {
    batch < FEW || expanded.most_active >= expanded.layout.cols
}
