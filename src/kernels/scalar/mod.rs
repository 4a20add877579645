//! The reference: every encoding in plain Rust, one screen each.
//!
//! A kernel is one generic body, instantiated for the emulated fma and, on processors that have the instruction, for the hardware's.

mod codebook;
mod dense;
mod fixed_point;
mod ternary;

use super::segments::{SEGMENTS, segment};
use super::{Isa, Kernels, LinearCall, LinearKernel, stored_layout};
use crate::base::math::relu;
use std::ops::Range;

pub(super) fn kernels() -> Kernels {
    let kernel = |name, run| LinearKernel { isa: Isa::Scalar, name, prepare: stored_layout, run };
    let codebook = kernel("index, fma", codebook::run);
    Kernels {
        isa: Isa::Scalar,
        dense_f32: kernel("fma", dense::run_f32),
        dense_f16: kernel("widen, fma", dense::run_f16),
        fixed_point: kernel("integer to float, fma", fixed_point::run),
        ternary: kernel("three digits, two adds", ternary::run),
        codebook,
        large_codebook: codebook,
    }
}

/// The shell of every scalar kernel: `chain(row, units, x)` computes one chain from +0 over a range of units.
#[inline(always)]
fn linear(rows: usize, cols: usize, units: usize, call: &mut LinearCall<'_>, chain: impl Fn(usize, Range<usize>, &[f32]) -> f32) {
    call.check(rows, cols);
    for sample in 0..call.batch {
        let x = &call.input[sample * call.input_stride..][..call.input_stride];
        let y = &mut call.output[sample * call.output_stride..][..rows];
        for (row, y) in y.iter_mut().enumerate() {
            let mut sum = chain(row, segment(units, 0), x);
            for s in 1..SEGMENTS {
                sum += chain(row, segment(units, s), x);
            }
            if let Some(scale) = call.scale {
                sum *= scale[row];
            }
            sum += call.bias[row];
            *y = if call.relu { relu(sum) } else { sum };
        }
    }
}

/// `run(weights, prepared, call)` of a kernel whose body `$body::<F>(view, call)` takes a `$view`.
macro_rules! entry {
    ($run:ident, $variant:ident($view:ty), $body:ident) => {
        pub(super) fn $run(weights: &crate::encoding::Weights<'_>, _: &[u32], call: &mut crate::kernels::LinearCall<'_>) {
            use crate::base::fma::{Emulated, Hardware};
            let crate::encoding::Weights::$variant(view) = *weights else {
                panic!("invariant: the plan gives each kernel its own encoding");
            };
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "fma")]
                fn with_fma(view: $view, call: &mut crate::kernels::LinearCall<'_>) {
                    $body::<Hardware>(view, call);
                }
                if is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has fma, detected in the line above.
                    #[allow(unsafe_code)]
                    return unsafe { with_fma(view, call) };
                }
            }
            if cfg!(target_arch = "aarch64") { $body::<Hardware>(view, call) } else { $body::<Emulated>(view, call) }
        }
    };
}

use entry;
