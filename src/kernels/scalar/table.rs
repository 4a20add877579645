//! The table of the tier: one kernel, which serves every encoding.

use super::{block, codebook, dense, fixed_point, sparse, ternary};
use crate::encoding::Weights;
use crate::kernels::kernel::{Kernel, Preference};
use crate::kernels::{Isa, Kernels, LinearCall, LinearKernel};
use std::ops::Range;

/// The kernel of every encoding.
#[derive(Clone, Copy, Debug)]
struct Reference;

impl Kernel for Reference {
    type View<'a> = Weights<'a>;

    fn run(self, weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
        run_rows(weights, 0..weights.rows(), call);
    }
}

pub(in crate::kernels) fn kernels() -> Kernels {
    let kernel = |name| LinearKernel::new(Isa::Scalar, name, Reference);
    Kernels {
        isa: Isa::Scalar,
        preference: Preference::Cost,
        dense_f32: kernel("fma"),
        dense_f16: kernel("widen, fma"),
        fixed_point: kernel("integer to float, fma"),
        ternary: kernel("three digits, two adds"),
        codebook: kernel("index, fma"),
        large_codebook: kernel("index, fma"),
        slots: kernel("slot, fma; list, fma"),
        lists: kernel("list, fma"),
        block8: kernel("list, fma"),
        block16: kernel("list, fma"),
        direct: None,
        values: None,
    }
}

/// Computes the rows `rows` only, output `i` being row `rows.start + i`: for channel groups.
///
/// # Panics
/// When a buffer of `call` is too short.
pub fn run_rows(weights: &Weights<'_>, rows: Range<usize>, call: &mut LinearCall<'_>) {
    match *weights {
        Weights::DenseF32(w) => dense::run_f32(w, rows, call),
        Weights::DenseF16(w) => dense::run_f16(w, rows, call),
        Weights::FixedPoint(w) => fixed_point::run(w, rows, call),
        Weights::Ternary(w) => ternary::run(w, rows, call),
        Weights::Codebook(w) => codebook::run(w, rows, call),
        Weights::Sparse(w) => sparse::run(w, rows, call),
        Weights::Blocks(w) => block::run(w, rows, call),
    }
}
