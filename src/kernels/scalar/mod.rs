//! The reference: every encoding in plain Rust, one screen each.
//!
//! A kernel is one generic body, instantiated for the emulated fma and, on processors that have the instruction, for the hardware's.

mod block;
mod codebook;
mod dense;
mod fixed_point;
mod sparse;
mod ternary;

use super::segments::{SEGMENTS, segment};
use super::{Isa, Kernels, LinearCall, LinearKernel, stored_layout};
use crate::base::math::relu;
use crate::encoding::Weights;
pub(super) use sparse::list;
use std::ops::Range;

pub(super) fn kernels() -> Kernels {
    let kernel = |name| LinearKernel { isa: Isa::Scalar, name, prepare: stored_layout, run: run_all };
    Kernels {
        isa: Isa::Scalar,
        dense_f32: kernel("fma"),
        dense_f16: kernel("widen, fma"),
        fixed_point: kernel("integer to float, fma"),
        ternary: kernel("three digits, two adds"),
        codebook: kernel("index, fma"),
        large_codebook: kernel("index, fma"),
        sparse: kernel("slot, fma; list, fma"),
        block: kernel("list, fma"),
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
        let mut sum = chain(row, segment(units, 0), x);
        for s in 1..SEGMENTS {
            sum += chain(row, segment(units, s), x);
        }
        sum
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

/// The rows `rows` of a layer only: output `i` of a sample is row `rows.start + i`. For grouped convolutions.
pub(super) fn run_rows(weights: &Weights<'_>, rows: Range<usize>, call: &mut LinearCall<'_>) {
    match weights {
        Weights::DenseF32(_) => dense::run_f32(weights, rows, call),
        Weights::DenseF16(_) => dense::run_f16(weights, rows, call),
        Weights::FixedPoint(_) => fixed_point::run(weights, rows, call),
        Weights::Ternary(_) => ternary::run(weights, rows, call),
        Weights::Codebook(_) => codebook::run(weights, rows, call),
        Weights::Sparse(_) => sparse::run(weights, rows, call),
        Weights::Blocks(_) => block::run(weights, rows, call),
    }
}

fn run_all(weights: &Weights<'_>, _: &[u32], call: &mut LinearCall<'_>) {
    run_rows(weights, 0..weights.rows(), call);
}

/// `run(weights, rows, call)` of a kernel whose body `$body::<F>(view, rows, call)` takes a `$view`.
macro_rules! entry {
    ($run:ident, $variant:ident($view:ty), $body:ident) => {
        pub(super) fn $run(
            weights: &crate::encoding::Weights<'_>,
            rows: std::ops::Range<usize>,
            call: &mut crate::kernels::LinearCall<'_>,
        ) {
            use crate::base::fma::{Emulated, Hardware};
            let crate::encoding::Weights::$variant(view) = *weights else {
                panic!("invariant: the plan gives each kernel its own encoding");
            };
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
