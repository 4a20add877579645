//! A kernel, whatever tier wrote it and whatever view it reads: one virtual call.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code))] // no other tier has vectors

use super::{Isa, LinearCall, SCRATCH};
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::encoding::Weights;
#[cfg(target_arch = "x86_64")]
use crate::encoding::{
    block::Blocks,
    codebook::Codebook,
    dense::{DenseF16, DenseF32},
    fixed_point::FixedPoint,
    sparse::Sparse,
    ternary::Ternary,
};

/// The weights that a call reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Those of the file.
    Stored,
    /// So many prepared words.
    Prepared(usize),
    /// So many floats, those of columns whose activation is not zero.
    Expanded(usize),
}

/// Which form of a layer a plan takes, where kernels have several. All of them compute the same bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// The one that costs least.
    #[default]
    Cost,
    /// The weights as the kernel of their encoding reads them; im2col for convolutions.
    Stored,
    /// Weights expanded to floats, direct convolution, wherever they are possible.
    Prepared,
}

/// About the cycles of a sample, measured on Zen 3.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cycles {
    /// Of one that is computed alone.
    pub(super) alone: usize,
    /// Of one among many that share what is decoded.
    pub(super) among: usize,
}

/// How a tier computes the layers of one view. Its value is the token of the tier, the proof that this processor can run it.
pub(super) trait Kernel: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// The weights that it reads.
    type View<'a>: View<'a>;

    /// The weights in a layout of its own; empty for a kernel that reads the stored layout.
    fn prepare(self, _weights: &Self::View<'_>, _preference: Preference, _memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
        AlignedVec::zeroed(0)
    }

    /// The floats of scratch that a call is best lent.
    fn scratch_len(self, _cols: usize, _batch: usize) -> usize {
        SCRATCH
    }

    /// What a sample costs. In order class F one alone always takes longer than with expanded weights.
    fn cycles(self, weights: &Self::View<'_>, _prepared: &[u32]) -> Cycles {
        Cycles { alone: usize::MAX, among: elements(weights) / 6 + 230 }
    }

    /// The most weights that are worth expanding to floats: 1 MiB of them. Larger layers are bound by memory, where a stored layout is smaller.
    fn most_expanded(self) -> usize {
        1 << 18
    }

    /// What a call of `batch` samples reads.
    fn reads(self, prepared: &[u32], _batch: usize) -> Reads {
        if prepared.is_empty() { Reads::Stored } else { Reads::Prepared(prepared.len()) }
    }

    /// Runs a layer from what is prepared alone, if it can; otherwise does nothing and says so.
    fn run_prepared(self, _prepared: &[u32], _call: &mut LinearCall<'_>) -> bool {
        false
    }

    /// Runs a layer. `prepared` is what `prepare` made of the same weights.
    fn run(self, weights: &Self::View<'_>, prepared: &[u32], call: &mut LinearCall<'_>);
}

/// Rows times columns.
pub(super) fn elements<'a>(view: &impl View<'a>) -> usize {
    let weights = view.weights();
    weights.rows() * weights.cols()
}

/// What a kernel reads: the view of one encoding, or any view.
pub(super) trait View<'a>: Sized {
    /// The view, if the weights are of its encoding.
    fn of<'w>(weights: &'w Weights<'a>) -> Option<&'w Self>;

    /// The weights that it is the view of.
    fn weights(&self) -> Weights<'a>;
}

impl<'a> View<'a> for Weights<'a> {
    fn of<'w>(weights: &'w Weights<'a>) -> Option<&'w Self> {
        Some(weights)
    }

    fn weights(&self) -> Weights<'a> {
        *self
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! views {
    ($($view:ident = $variant:ident),*) => {
        $(impl<'a> View<'a> for $view<'a> {
            #[inline(always)]
            fn of<'w>(weights: &'w Weights<'a>) -> Option<&'w Self> {
                if let Weights::$variant(view) = weights { Some(view) } else { None }
            }

            fn weights(&self) -> Weights<'a> {
                Weights::$variant(*self)
            }
        })*
    };
}

#[cfg(target_arch = "x86_64")]
views!(
    DenseF32 = DenseF32,
    DenseF16 = DenseF16,
    FixedPoint = FixedPoint,
    Ternary = Ternary,
    Codebook = Codebook,
    Sparse = Sparse,
    Blocks = Blocks
);

/// A kernel behind a pointer.
trait AnyKernel: std::fmt::Debug + Send + Sync {
    fn prepare(&self, weights: &Weights<'_>, preference: Preference, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>>;
    fn scratch_len(&self, cols: usize, batch: usize) -> usize;
    fn reads(&self, prepared: &[u32], batch: usize) -> Reads;
    fn run_prepared(&self, prepared: &[u32], call: &mut LinearCall<'_>) -> bool;
    fn run(&self, weights: &Weights<'_>, prepared: &[u32], call: &mut LinearCall<'_>);
}

/// What breaks when it does not hold: the kernel would read the bytes of one encoding as another's.
const OWN_ENCODING: &str = "invariant: the table gives each kernel its own encoding";

impl<K: Kernel> AnyKernel for K {
    fn prepare(&self, weights: &Weights<'_>, preference: Preference, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
        Kernel::prepare(*self, K::View::of(weights).expect(OWN_ENCODING), preference, memory)
    }

    fn scratch_len(&self, cols: usize, batch: usize) -> usize {
        Kernel::scratch_len(*self, cols, batch)
    }

    fn reads(&self, prepared: &[u32], batch: usize) -> Reads {
        Kernel::reads(*self, prepared, batch)
    }

    fn run_prepared(&self, prepared: &[u32], call: &mut LinearCall<'_>) -> bool {
        Kernel::run_prepared(*self, prepared, call)
    }

    fn run(&self, weights: &Weights<'_>, prepared: &[u32], call: &mut LinearCall<'_>) {
        Kernel::run(*self, K::View::of(weights).expect(OWN_ENCODING), prepared, call);
    }
}

/// A kernel of linear layers, as a table of [`Kernels`](super::Kernels) holds it: the plan copies it into the step that calls it.
#[derive(Clone, Copy, Debug)]
pub struct LinearKernel {
    /// The tier that wrote it: an inherited kernel keeps its own.
    pub isa: Isa,
    /// What it does, in a few words.
    pub name: &'static str,
    kernel: &'static dyn AnyKernel,
}

impl LinearKernel {
    pub(super) fn new<K: Kernel>(isa: Isa, name: &'static str, kernel: K) -> Self {
        const { assert!(size_of::<K>() == 0, "a kernel is a token and holds no data") };
        // A box of no bytes allocates nothing, so nothing leaks.
        Self { isa, name, kernel: Box::leak(Box::new(kernel)) }
    }

    /// The weights in the layout that the kernel wants; empty if it reads the stored one. Made once per session.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    ///
    /// # Panics
    /// When the kernel is of another encoding.
    pub fn prepare(&self, weights: &Weights<'_>, preference: Preference, memory: &mut MemoryBudget) -> Result<AlignedVec<u32>> {
        self.kernel.prepare(weights, preference, memory)
    }

    /// The floats of scratch that a call for a layer of `cols` columns is best lent; [`SCRATCH`] floats always suffice.
    #[must_use]
    pub fn scratch_len(&self, cols: usize, batch: usize) -> usize {
        self.kernel.scratch_len(cols, batch)
    }

    /// What a call of `batch` samples reads.
    #[must_use]
    pub fn reads(&self, prepared: &[u32], batch: usize) -> Reads {
        self.kernel.reads(prepared, batch)
    }

    /// Runs a layer. `prepared` is what [`LinearKernel::prepare`] made of the same weights; `weights` is called where they are read as well.
    ///
    /// # Panics
    /// When the kernel is of another encoding, `prepared` is of other weights, or a buffer of `call` is too short.
    pub fn run<'a>(&self, weights: impl FnOnce() -> Weights<'a>, prepared: &[u32], call: &mut LinearCall<'_>) {
        if !self.kernel.run_prepared(prepared, call) {
            self.kernel.run(&weights(), prepared, call);
        }
    }
}
