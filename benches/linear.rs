//! Every encoding in every tier that this processor has: `cargo bench --bench linear [FILTER]`.
//!
//! Answers are checked against the scalar reference, bit for bit, before anything is timed. For ratios between kernels use
//! `benches/rivals`, which interleaves them: this one is for looking at one kernel while working on it.

#![allow(missing_docs)] // criterion's macro makes a public function

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use curt::Isa;
use curt::base::align::AlignedVec;
use curt::encoding::{Encoded, Encoding, Entries, Weights, block, codebook, dense, fixed_point, sparse, ternary};
use curt::kernels::scattered::scratch_len;
use curt::kernels::{Kernels, LinearCall, PADDING};
use std::time::Duration;

const SHAPES: [(usize, usize); 4] = [(1024, 1024), (300, 784), (100, 300), (10, 13)];
const BATCHES: [usize; 2] = [1, 16];

fn encodings() -> [Encoding; 11] {
    [
        Encoding::DenseF32,
        Encoding::DenseF16,
        Encoding::FixedPoint { bits: 5 },
        Encoding::FixedPoint { bits: 8 },
        Encoding::Ternary,
        Encoding::Codebook { levels: 4 },
        Encoding::Codebook { levels: 16 },
        Encoding::Codebook { levels: 32 },
        Encoding::SparseF32,
        Encoding::SparseCodebook { levels: 15 },
        Encoding::BlockF32 { height: 16 },
    ]
}

fn name(encoding: Encoding) -> String {
    match encoding {
        Encoding::FixedPoint { bits } => format!("fixed_point_{bits}"),
        Encoding::Codebook { levels } => format!("codebook_{levels}"),
        other => other.name().to_owned(),
    }
}

/// A fixed pattern without structure: SplitMix64 of the index, below `n`.
fn pattern(index: usize, n: usize) -> usize {
    let mut z = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z >> 33) as usize % n
}

fn floats(n: usize) -> Vec<f32> {
    (0..n).map(|i| pattern(i, 2001) as f32 / 1000.0 - 1.0).collect()
}

fn encode(encoding: Encoding, rows: usize, cols: usize) -> Encoded {
    let n = rows * cols;
    match encoding {
        Encoding::DenseF32 => dense::encode_f32(rows, cols, &floats(n)),
        Encoding::DenseF16 => dense::encode_f16(rows, cols, &floats(n)),
        Encoding::FixedPoint { bits } => {
            let greatest = fixed_point::greatest(bits);
            let integers: Vec<_> = (0..n).map(|i| (pattern(i, 2 * greatest as usize + 1) as i32 - greatest) as i8).collect();
            fixed_point::encode(rows, cols, bits, 0.01, &integers)
        }
        Encoding::Ternary => ternary::encode(rows, cols, -0.3, 0.5, &(0..n).map(|i| pattern(i, 3) as i8 - 1).collect::<Vec<_>>()),
        Encoding::Codebook { levels: k } => {
            let levels: Vec<_> = (0..k).map(|i| (i as f32 - k as f32 / 2.1) / k as f32).collect();
            codebook::encode(rows, cols, &levels, &(0..n).map(|i| pattern(i, k) as u8).collect::<Vec<_>>())
        }
        // One weight of ten is not zero.
        Encoding::SparseCodebook { levels: k } => {
            let levels: Vec<_> = (0..k).map(|i| (i as f32 - k as f32 / 2.1) / k as f32).collect();
            let indices: Vec<_> = (0..n).map(|i| if pattern(i, 10) == 0 { 1 + (i % k) as u8 } else { 0 }).collect();
            let entries = Entries::of_indices(rows, cols, &indices);
            sparse::encode(encoding, &levels, units(encoding, &entries), &entries)
        }
        Encoding::BlockF32 { height } => {
            let kept = |i: usize| pattern(i / cols / height * cols + i % cols, 10) == 0;
            let weights: Vec<_> = floats(n).iter().enumerate().map(|(i, &w)| if kept(i) { w } else { 0.0 }).collect();
            block::encode(height, &Entries::of_floats(rows, cols, &weights))
        }
        _ => {
            let weights: Vec<_> = floats(n).iter().enumerate().map(|(i, &w)| if pattern(i, 10) == 0 { w } else { 0.0 }).collect();
            let entries = Entries::of_floats(rows, cols, &weights);
            sparse::encode(encoding, &[], units(encoding, &entries), &entries)
        }
    }
}

/// The units of fewest bytes.
fn units(encoding: Encoding, entries: &Entries) -> usize {
    entries.best_pattern(encoding.slots().expect("a sparse encoding")).units
}

fn bench(criterion: &mut Criterion, encoding: Encoding, rows: usize, cols: usize, batch: usize) {
    let encoded = encode(encoding, rows, cols);
    let mut bytes = AlignedVec::zeroed(encoded.bytes.len()).expect("memory");
    bytes.copy_from_slice(&encoded.bytes);
    let lookup = encoded.lookup();
    let weights = Weights::new(encoding, rows, cols, &bytes, &lookup).expect("a valid array");
    let input_stride = cols + PADDING;
    let mut input = floats(batch * input_stride);
    input.chunks_exact_mut(input_stride).for_each(|sample| sample[cols..].fill(0.0));
    let (bias, mut scratch) = (floats(rows), AlignedVec::zeroed(scratch_len(encoding, cols, batch)).expect("memory"));
    let mut group = criterion.benchmark_group(format!("{} {rows}x{cols} batch {batch}", name(encoding)));
    group.throughput(Throughput::Elements((rows * cols * batch) as u64));
    let mut expected = None;
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        let kernels = Kernels::of(isa).expect("the tier was detected");
        let kernel = kernels.linear(encoding);
        let prepared = (kernel.prepare)(&weights).expect("memory");
        let mut output = vec![0.0; rows * batch];
        let mut run = |output: &mut [f32]| {
            let mut call = LinearCall {
                input: &input,
                input_stride,
                batch,
                scale: None,
                bias: &bias,
                relu: true,
                output,
                output_stride: rows,
                scratch: &mut scratch,
            };
            (kernel.run)(&weights, &prepared, &mut call);
        };
        run(&mut output);
        let bits: Vec<u32> = output.iter().map(|y| y.to_bits()).collect();
        assert_eq!(expected.get_or_insert_with(|| bits.clone()), &bits, "{} differs from the reference", isa.name());
        group.bench_function(isa.name(), |bencher| bencher.iter(|| run(&mut output)));
    }
    group.finish();
}

fn all(criterion: &mut Criterion) {
    for encoding in encodings() {
        for (rows, cols) in SHAPES {
            BATCHES.into_iter().for_each(|batch| bench(criterion, encoding, rows, cols, batch));
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = all
}
criterion_main!(benches);
