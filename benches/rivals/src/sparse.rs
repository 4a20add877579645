//! Sparse layers: `sprs` (CSR), Curt's dense f32 and its sparse and block encodings, by share of zeros.
//!
//! Zeros are independent of each other, for blocks each block's. Sparse encodings have the units of fewest bytes.

use crate::{Entry, check, curt, median, random};
use curt::encoding::{Encoding, Entries, block, dense, sparse};
use curt::kernels::{Kernels, PADDING};
use std::time::Instant;

const SHAPES: [(usize, usize); 2] = [(1024, 1024), (300, 784)];
const BATCHES: [usize; 2] = [1, 16];
const ZEROS: [f32; 5] = [0.8, 0.9, 0.95, 0.98, 0.995];

/// `sprs` on the entries of a matrix, sample by sample.
fn sprs_csr<'a>(matrix: &[f32], rows: usize, cols: usize, input: &'a [f32], batch: usize) -> Entry<'a> {
    let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in matrix.chunks_exact(cols) {
        for (col, &w) in row.iter().enumerate().filter(|(_, w)| **w != 0.0) {
            columns.push(col);
            values.push(w);
        }
        starts.push(values.len());
    }
    let stored = sprs::CsMat::<f32>::new((rows, cols), starts, columns, values);
    let run = move |output: &mut [f32]| {
        output.fill(0.0);
        for (sample, output) in output.chunks_exact_mut(rows).enumerate().take(batch) {
            let x = &input[sample * (cols + PADDING)..][..cols];
            sprs::prod::mul_acc_mat_vec_csr(stored.view(), x, output);
        }
    };
    Entry { name: "sprs, CSR", run: Box::new(run), matrix: matrix.to_vec(), times: Vec::new() }
}

/// Prints a table of the times per sample.
pub(crate) fn compare(kernels: Kernels, rounds: usize) {
    for (rows, cols) in SHAPES {
        for batch in BATCHES {
            println!("\n{rows} x {cols}, batch {batch}");
            ZEROS.into_iter().for_each(|zeros| compare_at(kernels, [rows, cols], batch, zeros, rounds));
        }
    }
}

fn compare_at(kernels: Kernels, [rows, cols]: [usize; 2], batch: usize, zeros: f32, rounds: usize) {
    let mut state = 7;
    let stride = cols + PADDING;
    let input: Vec<f32> = (0..batch * stride).map(|i| if i % stride < cols { random(&mut state) } else { 0.0 }).collect();
    let mut kept = |n: usize| (0..n).map(|_| random(&mut state).abs() >= zeros).collect::<Vec<bool>>();
    let (scattered, in_blocks) = (kept(rows * cols), kept(rows.div_ceil(16) * cols));
    let weights: Vec<f32> = scattered.into_iter().map(|kept| if kept { random(&mut state) } else { 0.0 }).collect();
    let is_kept = |i: usize| in_blocks[i / cols / 16 * cols + i % cols];
    let blocks: Vec<f32> = (0..rows * cols).map(|i| if is_kept(i) { random(&mut state) } else { 0.0 }).collect();
    let integers: Vec<i8> = weights.iter().map(|w| (w * 127.0) as i8).collect();
    let indices: Vec<u8> = weights.iter().map(|&w| if w == 0.0 { 0 } else { 1 + ((w + 1.0) * 7.4) as u8 }).collect();
    let levels: Vec<f32> = (0..15u8).map(|i| (f32::from(i) - 7.3) * 0.1).collect();
    let encode = |encoding: Encoding, levels: &[f32], entries: &Entries| {
        let best = entries.best_pattern(encoding.slots().expect("a sparse encoding"));
        sparse::encode(encoding, levels, best.units, entries)
    };
    let (fixed, codebook) = (Encoding::SparseFixedPoint { bits: 8 }, Encoding::SparseCodebook { levels: 15 });
    let floats = Entries::of_floats(rows, cols, &weights);
    let of_blocks = Entries::of_floats(rows, cols, &blocks);
    let encoded = [
        ("dense_f32", dense::encode_f32(rows, cols, &weights)),
        ("sparse_f32, lists", sparse::encode(Encoding::SparseF32, &[], 0, &floats)),
        ("sparse_f32", encode(Encoding::SparseF32, &[], &floats)),
        ("sparse_fixed_point 8", encode(fixed, &[1.0], &Entries::of_integers(rows, cols, &integers))),
        ("sparse_codebook 15", encode(codebook, &levels, &Entries::of_indices(rows, cols, &indices))),
        ("block_f32 8", block::encode(8, &of_blocks)),
        ("block_f32 16", block::encode(16, &of_blocks)),
    ];
    let mut entries = vec![sprs_csr(&weights, rows, cols, &input, batch)];
    entries.extend(encoded.iter().map(|(name, encoded)| curt(name, kernels, encoded, &input, batch)));
    entries.iter_mut().for_each(|entry| check(entry, rows, cols, &input, batch));
    let mut output = vec![0.0; rows * batch];
    let calls = (1_000_000 / (rows * cols * batch)).clamp(1, 50);
    for _ in 0..rounds {
        for entry in &mut entries {
            (entry.run)(&mut output);
            let start = Instant::now();
            (0..calls).for_each(|_| (entry.run)(&mut output));
            entry.times.push(start.elapsed().as_secs_f64() * 1e6 / (calls * batch) as f64);
        }
    }
    let bytes: Vec<usize> = std::iter::once(0).chain(encoded.iter().map(|(_, encoded)| encoded.bytes.len())).collect();
    print!("{:>5.1} % zeros:", zeros * 100.0);
    for (entry, bytes) in entries.iter_mut().zip(bytes) {
        let time = median(&mut entry.times);
        print!("  {} {time:.2} ({:.2}) {} B;", entry.name, entry.times[0], bytes);
    }
    println!();
}
