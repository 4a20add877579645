//! What one thread of Curt's dense kernel reaches on this machine: the yardstick for the figures of a layer.
//!
//! These are not the limits of the hardware.

use super::timing::{Budget, interleaved};
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::encoding::{Lookup, Weights};
use crate::kernels::{Isa, Kernels, LinearCall, PADDING, SCRATCH};
use std::time::Duration;

/// How fast weights of one size are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadLimit {
    /// The level of memory that holds weights of this size on most processors of today.
    pub memory: &'static str,
    /// Bytes of weights.
    pub bytes: usize,
    /// Gigabytes per second.
    pub gb_per_s: f64,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineLimits {
    /// The instruction set of the kernel that measured.
    pub isa: Isa,
    /// The kernel.
    pub kernel: &'static str,
    /// Weights read, batch 1.
    pub reads: Vec<ReadLimit>,
    /// Multiply-adds at batch 64 on weights in the first-level cache, two operations each: GFLOP/s.
    pub gflop_per_s: f64,
}

/// The level of memory, and rows and columns of a layer that it holds.
const READS: [(&str, usize, usize); 3] = [("L1", 64, 64), ("L2", 256, 256), ("DRAM", 4096, 4096)];
/// Samples that keep the multiply-adds busy.
const BATCH: usize = 64;

impl MachineLimits {
    /// Measures for about `time` per figure.
    ///
    /// # Errors
    /// `isa`, `no_memory`.
    pub fn measure(isa: Isa, time: Duration) -> Result<Self> {
        let kernel = Kernels::of(isa)?.dense_f32;
        let budget = Budget { rounds: 3, time };
        let mut reads = Vec::new();
        for (memory, rows, cols) in READS {
            let ns = time_dense(isa, rows, cols, 1, &budget)?;
            let bytes = rows * cols * 4;
            reads.push(ReadLimit { memory, bytes, gb_per_s: bytes as f64 / ns });
        }
        let (_, rows, cols) = READS[0];
        let ns = time_dense(isa, rows, cols, BATCH, &budget)?;
        let gflop_per_s = (2 * rows * cols * BATCH) as f64 / ns;
        Ok(Self { isa: kernel.isa, kernel: kernel.name, reads, gflop_per_s })
    }
}

/// Median nanoseconds of a dense layer of zeros.
fn time_dense(isa: Isa, rows: usize, cols: usize, batch: usize, budget: &Budget) -> Result<f64> {
    let kernel = Kernels::of(isa)?.dense_f32;
    let bytes = AlignedVec::<u8>::zeroed(rows.next_multiple_of(16) * cols * 4)?;
    let weights = Weights::new(rows, cols, &bytes, &Lookup::DenseF32)?;
    let prepared = kernel.prepare(&weights)?;
    let stride = cols + PADDING;
    let input = AlignedVec::<f32>::zeroed(batch * stride)?;
    let (mut output, mut scratch) = (AlignedVec::<f32>::zeroed(batch * rows)?, AlignedVec::<f32>::zeroed(SCRATCH)?);
    let bias = vec![0.0; rows];
    let mut run = || {
        let mut call = LinearCall {
            input: &input,
            input_stride: stride,
            batch,
            scale: None,
            bias: &bias,
            relu: false,
            output: &mut output,
            output_stride: rows,
            scratch: &mut scratch,
        };
        kernel.run(&weights, &prepared, &mut call);
        std::hint::black_box(&mut output);
    };
    Ok(interleaved(&mut [&mut run], budget)[0].median_ns)
}
