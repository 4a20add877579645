//! Every encoding in every tier that this processor has: `cargo bench -p curt-benches --bench kernels [FILTER]`.
//!
//! Answers are checked against the scalar reference, bit for bit, before anything is timed. For ratios between kernels use
//! `benches/rivals`, which interleaves them: this one is for looking at one kernel while working on it.

#![allow(missing_docs)] // criterion's macro makes a public function

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use curt::Isa;
use curt::base::align::AlignedVec;
use curt::base::memory::MemoryBudget;
use curt::encoding::{Encoding, Weights};
use curt::kernels::{Kernels, LinearCall, PADDING, Preference};
use curt_dev::Random;
use curt_dev::layers::Draw;
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

fn floats(n: usize) -> Vec<f32> {
    let mut random = Random(7);
    (0..n).map(|_| random.unit()).collect()
}

fn bench(criterion: &mut Criterion, encoding: Encoding, rows: usize, cols: usize, batch: usize) {
    let encoded = Draw::USUAL.layer(encoding, rows, cols, &mut Random(1));
    let mut bytes = AlignedVec::zeroed(encoded.bytes.len()).expect("memory");
    bytes.copy_from_slice(&encoded.bytes);
    let lookup = encoded.lookup();
    let weights = Weights::new(rows, cols, &bytes, &lookup).expect("a valid array");
    let input_stride = cols + PADDING;
    let mut input = floats(batch * input_stride);
    input.chunks_exact_mut(input_stride).for_each(|sample| sample[cols..].fill(0.0));
    let bias = floats(rows);
    let mut group = criterion.benchmark_group(format!("{encoding} {rows}x{cols} batch {batch}"));
    group.throughput(Throughput::Elements((rows * cols * batch) as u64));
    let mut expected = None;
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        let kernels = Kernels::of(isa).expect("the tier was detected");
        let kernel = kernels.linear(encoding, encoded.pattern);
        let prepared = kernel.prepare(&weights, Preference::Cost, &mut MemoryBudget::unlimited()).expect("memory");
        let mut scratch = AlignedVec::zeroed(kernel.scratch_len(cols, batch)).expect("memory");
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
            kernel.run(|| weights, &prepared, &mut call);
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
