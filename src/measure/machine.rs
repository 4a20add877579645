//! What one thread of this machine reaches: the yardstick for the time of a layer.
//!
//! The limits of the hardware are not asked for, they are approached: each figure is the best of several loops at shapes that suit them. Bytes are
//! read by a dense layer for one sample, and by a plain loop that only adds up; multiply-adds are those of dense layers for many samples and
//! of a direct convolution, which keep independent chains of fma busy.

use super::timing::{Budget, interleaved};
use crate::base::align::AlignedVec;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::encoding::{Lookup, Weights};
use crate::kernels::direct::{ConvCall, ConvShape, DirectConv};
use crate::kernels::{Isa, Kernels, LinearCall, PADDING, Preference, SCRATCH};
use std::time::Duration;

/// How fast bytes are read that lie at one level of memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadLimit {
    /// The level that holds so many bytes on most processors of today.
    pub memory: &'static str,
    /// The bytes that were read again and again.
    pub bytes: usize,
    /// Gigabytes per second.
    pub gb_per_s: f64,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineLimits {
    /// The instruction set of the kernels that measured.
    pub isa: Isa,
    /// From the smallest level of memory to the largest.
    pub reads: Vec<ReadLimit>,
    /// Multiply-adds, two operations each: GFLOP/s.
    pub gflop_per_s: f64,
    /// The loop that reached them.
    pub multiplied_by: &'static str,
}

/// The level of memory, and rows and columns of a layer of floats that it holds.
const READS: [(&str, usize, usize); 4] = [("L1", 64, 96), ("L2", 256, 256), ("L3", 1024, 1024), ("DRAM", 4096, 4096)];
/// Rows and columns of layers whose weights lie in the first-level cache.
const MULTIPLIED: [(usize, usize); 3] = [(64, 64), (16, 256), (96, 64)];
/// Samples that keep the multiply-adds busy.
const BATCH: usize = 64;
/// A convolution of whole vectors of positions, and of as many maps as share loads.
const CONV: ConvShape = ConvShape {
    input: [8, 10, 34],
    maps: 16,
    positions: [8, 32],
    kernel: [3, 3],
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    groups: 1,
};
/// The value of every weight and activation: a kernel may leave zeros out.
const VALUE: f32 = 0.5;

impl MachineLimits {
    /// Measures for about `time` per loop.
    ///
    /// # Errors
    /// `isa`, `no_memory`.
    pub fn measure(isa: Isa, time: Duration) -> Result<Self> {
        let kernels = Kernels::of(isa)?;
        let budget = Budget { rounds: 5, time };
        let mut reads = Vec::new();
        for (memory, rows, cols) in READS {
            let ns = time_dense(&kernels, rows, cols, 1, &budget)?.min(time_sum(rows * cols, &budget)?);
            let bytes = rows * cols * 4;
            reads.push(ReadLimit { memory, bytes, gb_per_s: bytes as f64 / ns });
        }
        let (mut gflop_per_s, mut multiplied_by) = (time_conv(&kernels, &budget)?.unwrap_or(0.0), "direct convolution");
        for (rows, cols) in MULTIPLIED {
            let dense = (2 * rows * cols * BATCH) as f64 / time_dense(&kernels, rows, cols, BATCH, &budget)?;
            if dense > gflop_per_s {
                (gflop_per_s, multiplied_by) = (dense, "dense_f32, 64 samples");
            }
        }
        Ok(Self { isa, reads, gflop_per_s, multiplied_by })
    }

    /// The least nanoseconds for reading `bytes` from the smallest level of memory that holds them and for `multiply_adds`: both can
    /// happen at the same time.
    #[must_use]
    pub fn least_ns(&self, bytes: f64, multiply_adds: f64) -> f64 {
        let level = self.reads.iter().find(|read| bytes <= read.bytes as f64).or(self.reads.last());
        let reading = level.map_or(0.0, |read| bytes / read.gb_per_s);
        reading.max(2.0 * multiply_adds / self.gflop_per_s)
    }
}

/// The lower quartile of the nanoseconds of a call: other users of the machine disturb it less than the median.
fn time(mut run: impl FnMut(), budget: &Budget) -> f64 {
    interleaved(&mut [&mut run], budget)[0].lower_ns
}

/// Nanoseconds of a dense layer.
fn time_dense(kernels: &Kernels, rows: usize, cols: usize, batch: usize, budget: &Budget) -> Result<f64> {
    let kernel = kernels.dense_f32;
    let bytes = filled(rows.next_multiple_of(16) * cols)?;
    let weights = Weights::new(rows, cols, bytemuck::cast_slice(&bytes), &Lookup::DenseF32)?;
    let prepared = kernel.prepare(&weights, Preference::Cost, &mut MemoryBudget::unlimited())?;
    let stride = cols + PADDING;
    let mut input = filled(batch * stride)?;
    input.chunks_exact_mut(stride).for_each(|sample| sample[cols..].fill(0.0));
    let mut output = AlignedVec::<f32>::zeroed(batch * rows)?;
    let mut scratch = AlignedVec::<f32>::zeroed(kernel.scratch_len(cols, batch).max(SCRATCH))?;
    let bias = vec![0.0; rows];
    let run = || {
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
        kernel.run(|| weights, &prepared, &mut call);
        std::hint::black_box(&mut output);
    };
    Ok(time(run, budget))
}

/// Nanoseconds of adding up the bits of so many floats, in independent sums.
fn time_sum(floats: usize, budget: &Budget) -> Result<f64> {
    const SUMS: usize = 32;
    let values = filled(floats)?;
    let run = || {
        let mut sums = [0u32; SUMS];
        for values in std::hint::black_box(&values).as_chunks::<SUMS>().0 {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum = sum.wrapping_add(value.to_bits()));
        }
        std::hint::black_box(sums);
    };
    Ok(time(run, budget))
}

/// GFLOP/s of a direct convolution, if the tier has one.
fn time_conv(kernels: &Kernels, budget: &Budget) -> Result<Option<f64>> {
    let Some(kernel) = kernels.direct else { return Ok(None) };
    let bytes = filled(CONV.maps * CONV.cols())?;
    let weights = Weights::new(CONV.maps, CONV.cols(), bytemuck::cast_slice(&bytes), &Lookup::DenseF32)?;
    let Some(conv) = DirectConv::new(kernel, &weights, CONV, Preference::Cost, &mut MemoryBudget::unlimited())? else {
        return Ok(None);
    };
    let input = filled(CONV.input.iter().product::<usize>() + PADDING)?;
    let (mut scratch, bias) = (AlignedVec::<f32>::zeroed(conv.scratch_len())?, vec![0.0; CONV.maps]);
    let run = || {
        let mut call = ConvCall { input: &input, scale: None, bias: &bias, relu: false, pool: false, scratch: &mut scratch };
        conv.run(&mut call, |_, _, values| {
            std::hint::black_box(values);
        });
    };
    let multiply_adds = CONV.positions[0] * CONV.positions[1] * CONV.maps * CONV.cols();
    Ok(Some((2 * multiply_adds) as f64 / time(run, budget)))
}

fn filled(floats: usize) -> Result<AlignedVec<f32>> {
    let mut values = AlignedVec::zeroed(floats)?;
    values.fill(VALUE);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_time_is_the_larger_of_reading_and_multiplying() {
        let read = |memory, bytes, gb_per_s| ReadLimit { memory, bytes, gb_per_s };
        let reads = vec![read("L1", 1000, 100.0), read("DRAM", 1_000_000, 10.0)];
        let limits = MachineLimits { isa: Isa::Scalar, reads, gflop_per_s: 50.0, multiplied_by: "a test" };
        assert_eq!(limits.least_ns(1000.0, 10.0), 10.0);
        assert_eq!(limits.least_ns(1001.0, 10.0), 100.1);
        assert_eq!(limits.least_ns(1e9, 10.0), 1e8);
        assert_eq!(limits.least_ns(1000.0, 1000.0), 40.0);
    }
}
