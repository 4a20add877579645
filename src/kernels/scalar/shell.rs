//! The shell of the scalar kernels: segments, samples, the epilogue, and the choice of an fma.

use crate::base::math::{finite, finite_relu};
use crate::kernels::LinearCall;
use crate::kernels::segments::{SEGMENTS, segment};
use std::ops::Range;

/// Computes rows of a layer: `chain(row, units, x)` computes one chain from +0 over a range of units.
#[inline(always)]
pub(super) fn linear(
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
pub(super) fn each_sum(shape: [usize; 2], rows: Range<usize>, call: &mut LinearCall<'_>, sum: impl Fn(usize, &[f32]) -> f32) {
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
            *y = if call.relu { finite_relu(sum) } else { finite(sum) };
        }
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

pub(super) use entry;
