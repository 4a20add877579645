//! The reference: every encoding in plain Rust, one screen each.
//!
//! A kernel is one generic body. It is instantiated for the emulated fma, and for the instruction where the processor has it.

mod block;
mod codebook;
mod dense;
mod fixed_point;
mod sparse;
mod ternary;

use super::kernel::Kernel;
use super::segments::{SEGMENTS, segment};
use super::{Isa, Kernels, LinearCall, LinearKernel};
use crate::base::math::relu;
use crate::encoding::Weights;
#[cfg(target_arch = "x86_64")]
pub(super) use sparse::list;
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

pub(super) fn kernels() -> Kernels {
    let kernel = |name| LinearKernel::new(Isa::Scalar, name, Reference);
    Kernels {
        isa: Isa::Scalar,
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
    }
}

/// The shell of the scalar kernels: `chain(row, units, x)` computes one chain from +0 over a range of units.
#[inline(always)]
fn linear(
    shape: [usize; 2],
    units: usize,
    rows: Range<usize>,
    call: &mut LinearCall<'_>,
    chain: impl Fn(usize, Range<usize>, &[f32]) -> f32,
) {
    each_sum(shape, rows, call, |row, x| {
        let first = chain(row, segment(units, 0), x);
        (1..SEGMENTS).fold(first, |sum, s| sum + chain(row, segment(units, s), x))
    });
}

/// The outputs of sums, `sum(row, x)` being one.
#[inline(always)]
fn each_sum(shape: [usize; 2], rows: Range<usize>, call: &mut LinearCall<'_>, sum: impl Fn(usize, &[f32]) -> f32) {
    let [all_rows, cols] = shape;
    call.check_rows(all_rows, rows.len(), cols);
    for sample in 0..call.batch {
        let x = &call.input[sample * call.input_stride..][..call.input_stride];
        let y = &mut call.output[sample * call.output_stride..][..rows.len()];
        for (row, y) in rows.clone().zip(y) {
            let mut sum = sum(row, x);
            if let Some(scale) = call.scale {
                sum *= scale[row];
            }
            sum += call.bias[row];
            *y = if call.relu { relu(sum) } else { sum };
        }
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

/// `run(view, rows, call)` of a kernel whose body is `$body::<F>(view, rows, call)`, with the best fma of the processor.
macro_rules! entry {
    ($run:ident, $view:ty, $body:ident) => {
        pub(super) fn $run(view: $view, rows: std::ops::Range<usize>, call: &mut crate::kernels::LinearCall<'_>) {
            use crate::base::fma::{Emulated, Hardware};
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "fma")]
                fn with_fma(view: $view, rows: std::ops::Range<usize>, call: &mut crate::kernels::LinearCall<'_>) {
                    $body::<Hardware>(view, rows, call);
                }
                if is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has fma, detected in the line above.
                    #[allow(unsafe_code)]
                    return unsafe { with_fma(view, rows, call) };
                }
            }
            if cfg!(target_arch = "aarch64") { $body::<Hardware>(view, rows, call) } else { $body::<Emulated>(view, rows, call) }
        }
    };
}

use entry;
