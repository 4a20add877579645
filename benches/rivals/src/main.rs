//! Curt's kernels and the `gemm` crate in one run, one thread: interleaved round by round, so that whatever else the machine does hits all.
//!
//! `cargo run --release --manifest-path benches/rivals/Cargo.toml [ROUNDS]`. Every answer is checked against f64 first. Times are
//! medians of wall time per call, in microseconds; ratios are `gemm`'s time over Curt's. With `sparse` after ROUNDS: sparse layers, and the `sprs`
//! crate beside them (see [`sparse`]).

mod sparse;

use curt::Isa;
use curt::base::align::AlignedVec;
use curt::base::memory::MemoryBudget;
use curt::encoding::{Encoded, Weights, codebook, dense, fixed_point, ternary};
use curt::kernels::{Kernels, LinearCall, PADDING, Preference};
use std::time::Instant;

const SHAPES: [(usize, usize); 3] = [(1024, 1024), (4096, 4096), (300, 784)];
const BATCHES: [usize; 2] = [1, 16];
const STEP: f32 = 0.05;

fn random(state: &mut u64) -> f32 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
}

/// Writes the outputs.
type Run<'a> = Box<dyn FnMut(&mut [f32]) + 'a>;

/// One competitor: a closure that computes `outputs`, and the matrix that it multiplies by.
struct Entry<'a> {
    name: &'static str,
    run: Run<'a>,
    matrix: Vec<f32>,
    times: Vec<f64>,
}

/// A layer of Curt's: `input` holds `batch` samples of `cols + PADDING` floats.
fn curt<'a>(name: &'static str, kernels: Kernels, encoded: &Encoded, input: &'a [f32], batch: usize) -> Entry<'a> {
    let (encoding, rows, cols) = (encoded.encoding, encoded.rows, encoded.cols);
    let mut bytes = AlignedVec::zeroed(encoded.bytes.len()).expect("memory");
    bytes.copy_from_slice(&encoded.bytes);
    let lookup = encoded.lookup();
    let view = Weights::new(rows, cols, &bytes, &lookup).expect("a valid array");
    // Fixed point sums integers: the step is a layer's scale, and there is none here.
    let step = if encoding.values().has_step() { encoded.levels[0] } else { 1.0 };
    let matrix = view.decode().iter().map(|w| w / step).collect();
    let kernel = kernels.linear(encoding, encoded.pattern);
    let prepared = kernel.prepare(&view, Preference::Cost, &mut MemoryBudget::unlimited()).expect("memory");
    let (bias, mut scratch) = (vec![0.0; rows], AlignedVec::zeroed(kernel.scratch_len(cols, batch)).expect("memory"));
    let run = move |output: &mut [f32]| {
        let weights = Weights::new(rows, cols, &bytes, &lookup).expect("a valid array");
        let mut call = LinearCall {
            input,
            input_stride: cols + PADDING,
            batch,
            scale: None,
            bias: &bias,
            relu: false,
            output,
            output_stride: rows,
            scratch: &mut scratch,
        };
        kernel.run(|| weights, &prepared, &mut call);
    };
    Entry { name, run: Box::new(run), matrix, times: Vec::new() }
}

/// `gemm` on the same matrix, stored by rows or by columns.
fn rival<'a>(
    name: &'static str,
    matrix: &[f32],
    rows: usize,
    cols: usize,
    by_rows: bool,
    input: &'a [f32],
    batch: usize,
) -> Entry<'a> {
    let mut stored = AlignedVec::<f32>::zeroed(matrix.len()).expect("memory");
    let (row_stride, col_stride) = if by_rows { (cols, 1) } else { (1, rows) };
    for row in 0..rows {
        (0..cols).for_each(|col| stored[row * row_stride + col * col_stride] = matrix[row * cols + col]);
    }
    let run = move |output: &mut [f32]| {
        assert!(output.len() == rows * batch && input.len() >= batch * (cols + PADDING));
        // SAFETY: `stored` is rows x cols, `input` cols x batch at stride cols + PADDING, `output` rows x batch, as asserted.
        unsafe {
            gemm::gemm(
                rows,
                batch,
                cols,
                output.as_mut_ptr(),
                rows as isize,
                1,
                false,
                stored.as_ptr(),
                col_stride as isize,
                row_stride as isize,
                input.as_ptr(),
                (cols + PADDING) as isize,
                1,
                0.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    };
    Entry { name, run: Box::new(run), matrix: matrix.to_vec(), times: Vec::new() }
}

/// Panics unless the entry's outputs are those of f64, within what f32 sums of this length may lose.
fn check(entry: &mut Entry<'_>, rows: usize, cols: usize, input: &[f32], batch: usize) {
    let mut output = vec![f32::NAN; rows * batch];
    (entry.run)(&mut output);
    for sample in 0..batch {
        let x = &input[sample * (cols + PADDING)..][..cols];
        for row in 0..rows {
            let products = entry.matrix[row * cols..][..cols].iter().zip(x).map(|(&w, &x)| f64::from(w) * f64::from(x));
            let (exact, size) = products.fold((0.0, 0.0), |(sum, size), p| (sum + p, size + p.abs()));
            let error = (f64::from(output[sample * rows + row]) - exact).abs();
            assert!(error <= 1e-5 * size + 1e-30, "{}: row {row} is off by {error}", entry.name);
        }
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn compare(kernels: Kernels, rows: usize, cols: usize, batch: usize, rounds: usize) {
    let mut state = 7;
    let n = rows * cols;
    let input: Vec<f32> =
        (0..batch * (cols + PADDING)).map(|i| if i % (cols + PADDING) < cols { random(&mut state) } else { 0.0 }).collect();
    let weights: Vec<f32> = (0..n).map(|_| random(&mut state)).collect();
    let signs: Vec<i8> = (0..n).map(|_| (random(&mut state) * 1.5).round() as i8).collect();
    let indices: Vec<u8> = (0..n).map(|_| ((random(&mut state) + 1.0) * 8.0) as u8).collect();
    let integers: Vec<i8> = (0..n).map(|_| (random(&mut state) * 15.5) as i8).collect();
    let levels: Vec<f32> = (0..16u8).map(|i| (f32::from(i) - 7.3) * STEP).collect();
    let mut entries = vec![
        rival("gemm, by rows", &weights, rows, cols, true, &input, batch),
        rival("gemm, by columns", &weights, rows, cols, false, &input, batch),
        curt("dense_f32", kernels, &dense::encode_f32(rows, cols, &weights), &input, batch),
        curt("dense_f16", kernels, &dense::encode_f16(rows, cols, &weights), &input, batch),
        curt("ternary, exact", kernels, &ternary::encode(rows, cols, -0.3, 0.5, &signs), &input, batch),
        curt("fixed_point, 5 bits", kernels, &fixed_point::encode(rows, cols, 5, STEP, &integers), &input, batch),
        curt("codebook, 16 levels", kernels, &codebook::encode(rows, cols, &levels, &indices), &input, batch),
    ];
    let mut output = vec![0.0; rows * batch];
    for entry in &mut entries {
        check(entry, rows, cols, &input, batch);
    }
    // As many calls per turn as take about 100 us, so that the clock does not count.
    let calls = (200_000 * 20 / (n * batch)).clamp(1, 200);
    for _ in 0..rounds {
        for entry in &mut entries {
            (entry.run)(&mut output);
            let start = Instant::now();
            (0..calls).for_each(|_| (entry.run)(&mut output));
            entry.times.push(start.elapsed().as_secs_f64() * 1e6 / calls as f64);
        }
    }
    let times: Vec<f64> = entries.iter_mut().map(|entry| median(&mut entry.times)).collect();
    let rival = times[0].min(times[1]);
    println!("\n{rows} x {cols}, batch {batch} ({rounds} rounds of {calls} calls)");
    for (entry, time) in entries.iter().zip(&times) {
        let gmacs = (n * batch) as f64 / time / 1e3;
        let least = entry.times[0]; // sorted by `median`
        println!(
            "  {:<22}{time:>10.2} us  (least {least:>9.2}) {gmacs:>8.1} GMAC/s   gemm / this {:>6.2}",
            entry.name,
            rival / time
        );
    }
}

fn main() {
    let rounds: usize = std::env::args().nth(1).map_or(Ok(200), |n| n.parse()).expect("ROUNDS is a number");
    let isa = Isa::from_env().expect("CURT_ISA");
    let kernels = Kernels::of(isa).expect("the tier was detected");
    if std::env::args().nth(2).as_deref() == Some("sparse") {
        println!("tier {}; microseconds per sample: median (least)", isa.name());
        return sparse::compare(kernels, rounds);
    }
    println!("tier {}; `gemm` is the faster of its two layouts in every ratio", isa.name());
    for (rows, cols) in SHAPES {
        for batch in BATCHES {
            let large = rows * cols * batch / (1 << 21);
            compare(kernels, rows, cols, batch, (rounds / (1 + large / 4)).max(9));
        }
    }
}
