//! Every kernel of every tier that this processor has, bit for bit against the scalar reference; and the reference against
//! `format-spec/arithmetic.md` written out, and against f64 within a derived bound.

#![allow(clippy::unwrap_used)] // helpers of tests

use curt::Isa;
use curt::base::align::AlignedVec;
use curt::base::fma::fma;
use curt::base::math::{finite, relu};
use curt::base::memory::MemoryBudget;
use curt::encoding::{Encoded, Encoding, Lookup, Weights};
use curt::kernels::{Kernels, LinearCall, PADDING, Preference, Reads};
use curt_dev::Random;
use curt_dev::effort::{cases, extent};
use curt_dev::layers::{Draw, Values};
use proptest::prelude::*;

const ROWS: [usize; 16] = [0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 300];
const COLS: [usize; 16] = [0, 1, 2, 17, 18, 19, 35, 36, 53, 71, 72, 73, 97, 128, 301, 784];
const BATCHES: [usize; 8] = [0, 1, 2, 3, 5, 7, 8, 17];
/// The forms of which a plan picks the one that costs less.
const FORMS: [Preference; 2] = [Preference::Stored, Preference::Prepared];
/// What surrounds outputs; no kernel may write it.
const GUARD: f32 = f32::from_bits(0x7FC0_BEEF);

/// Every encoding with every parameter that has a layout or a kernel of its own.
fn encodings() -> Vec<Encoding> {
    let mut all = vec![Encoding::DenseF32, Encoding::DenseF16, Encoding::Ternary];
    all.extend((2..=8).map(|bits| Encoding::FixedPoint { bits }));
    all.extend([2, 3, 4, 5, 8, 9, 16, 17, 31, 32, 33, 64, 100, 256].map(|levels| Encoding::Codebook { levels }));
    all.push(Encoding::SparseF32);
    all.extend((2..=8).map(|bits| Encoding::SparseFixedPoint { bits }));
    all.extend([1, 2, 3, 4, 7, 8, 15].map(|levels| Encoding::SparseCodebook { levels }));
    all.extend([8, 16].map(|height| Encoding::BlockF32 { height }));
    all
}

/// The kernels of the tiers above the reference, in every form that they have of a layer.
fn tiers() -> Vec<Kernels> {
    let tiers = curt_dev::tiers_above_scalar().into_iter().map(|isa| Kernels::of(isa).unwrap());
    tiers.flat_map(|tier| FORMS.map(|preference| Kernels { preference, ..tier })).collect()
}

/// A layer with everything that a call needs.
struct Case {
    encoded: Encoded,
    bytes: AlignedVec<u8>,
    lookup: Lookup,
    batch: usize,
    input: Vec<f32>,
    input_stride: usize,
    scale: Option<Vec<f32>>,
    bias: Vec<f32>,
    relu: bool,
    output_stride: usize,
}

impl Case {
    fn new(encoding: Encoding, rows: usize, cols: usize, batch: usize, inputs: Values, random: &mut Random) -> Self {
        let encoded = Draw::any(inputs, random).layer(encoding, rows, cols, random);
        let mut bytes = AlignedVec::zeroed(encoded.bytes.len()).unwrap();
        bytes.copy_from_slice(&encoded.bytes);
        let lookup = encoded.lookup();
        let (input_stride, output_stride) = (cols + PADDING + random.below(20), rows + random.below(20));
        let mut input = vec![0.0; batch * input_stride];
        for sample in input.chunks_exact_mut(input_stride) {
            sample[..cols].iter_mut().for_each(|x| *x = inputs.draw(random));
            // Zeros follow the last column; a buffer's floats after that belong to others.
            sample[cols + PADDING..].iter_mut().for_each(|x| *x = f32::NAN);
        }
        let scale = (random.below(2) == 0).then(|| (0..rows).map(|_| random.unit()).collect());
        let bias = (0..rows).map(|_| random.unit()).collect();
        let relu = random.below(2) == 0;
        Self { encoded, bytes, lookup, batch, input, input_stride, scale, bias, relu, output_stride }
    }

    fn weights(&self) -> Weights<'_> {
        Weights::new(self.encoded.rows, self.encoded.cols, &self.bytes, &self.lookup).unwrap()
    }

    fn output_len(&self) -> usize {
        self.batch.saturating_sub(1) * self.output_stride + if self.batch > 0 { self.encoded.rows } else { 0 }
    }

    /// The whole output buffer after a run, guards checked and left out.
    fn run(&self, kernels: &Kernels) -> Vec<f32> {
        const MARGIN: usize = 32;
        let kernel = kernels.linear(self.encoded.encoding, self.encoded.pattern);
        let prepared = kernel.prepare(&self.weights(), kernels.preference, &mut MemoryBudget::unlimited()).unwrap();
        let mut output = vec![GUARD; self.output_len() + 2 * MARGIN];
        let mut scratch = AlignedVec::zeroed(kernel.scratch_len(self.encoded.cols, self.batch)).unwrap();
        scratch.fill(f32::NAN);
        let end = MARGIN + self.output_len();
        let mut call = LinearCall {
            input: &self.input,
            input_stride: self.input_stride,
            batch: self.batch,
            scale: self.scale.as_deref(),
            bias: &self.bias,
            relu: self.relu,
            output: &mut output[MARGIN..end],
            output_stride: self.output_stride,
            scratch: &mut scratch,
        };
        kernel.run(|| self.weights(), &prepared, &mut call);
        let outside = output[..MARGIN].iter().chain(&output[end..]).all(|y| y.to_bits() == GUARD.to_bits());
        assert!(outside, "{}: wrote around the output", self.name());
        output[MARGIN..end].to_vec()
    }

    fn name(&self) -> String {
        format!("{:?} {} x {}, batch {}", self.encoded.encoding, self.encoded.rows, self.encoded.cols, self.batch)
    }

    fn assert_same(&self, found: &[f32], expected: &[f32], who: &str) {
        assert_eq!(found.len(), expected.len());
        for (i, (f, e)) in found.iter().zip(expected).enumerate() {
            assert!(
                f.to_bits() == e.to_bits(),
                "{}, {who}: output {i} is {f:e} ({:#x}), not {e:e} ({:#x})",
                self.name(),
                f.to_bits(),
                e.to_bits()
            );
        }
    }

    /// Every tier against the reference; the number of outputs compared.
    fn check_tiers(&self, scalar: &Kernels, tiers: &[Kernels]) -> usize {
        let expected = self.run(scalar);
        for tier in tiers {
            self.assert_same(&self.run(tier), &expected, &format!("{}, {:?}", tier.isa.name(), tier.preference));
        }
        expected.len() * tiers.len()
    }

    /// The outputs of `each(sample, row)`, in a buffer like a kernel's.
    fn outputs(&self, each: impl Fn(&[f32], usize) -> f32) -> Vec<f32> {
        let mut out = vec![GUARD; self.output_len()];
        for sample in 0..self.batch {
            let x = &self.input[sample * self.input_stride..][..self.encoded.cols + PADDING];
            (0..self.encoded.rows).for_each(|row| out[sample * self.output_stride + row] = each(x, row));
        }
        out
    }

    /// arithmetic.md, sections 3 to 5, word for word, from decoded weights.
    fn written_out(&self) -> Vec<f32> {
        let (encoding, cols) = (self.encoded.encoding, self.encoded.cols);
        let width = encoding.unit_columns();
        let units = cols.div_ceil(width);
        let weights = self.factors();
        if encoding.lists(1) > 0 {
            return self.outputs(|x, row| {
                let row_weights = &weights[row * cols..][..cols];
                let entries = row_weights.iter().zip(x).filter(|(w, _)| **w != 0.0);
                self.end(row, entries.fold(0.0, |c, (w, x)| fma(*w, *x, c)))
            });
        }
        // The weights of padding columns are the value of code 0.
        let padding = if let Encoding::Codebook { .. } = encoding { self.encoded.levels[0] } else { 0.0 };
        self.outputs(|x, row| {
            let w = |k: usize| if k < cols { weights[row * cols + k] } else { padding };
            let length = units.div_ceil(4);
            let chains: Vec<f32> = (0..4)
                .map(|s| {
                    let columns = (s * length).min(units) * width..((s + 1) * length).min(units) * width;
                    if encoding != Encoding::Ternary {
                        return columns.fold(0.0, |c, k| fma(w(k), x[k], c));
                    }
                    columns.step_by(3).fold(0.0, |c, k| c + ((w(k) * x[k] + w(k + 1) * x[k + 1]) + w(k + 2) * x[k + 2]))
                })
                .collect();
            self.end(row, ((chains[0] + chains[1]) + chains[2]) + chains[3])
        })
    }

    /// Scale, bias and ReLU of a sum.
    fn end(&self, row: usize, sum: f32) -> f32 {
        let a = self.scale.as_ref().map_or(sum, |scale| sum * scale[row]) + self.bias[row];
        finite(if self.relu { relu(a) } else { a })
    }

    /// The decoded weights; fixed point sums integers.
    fn factors(&self) -> Vec<f32> {
        let Encoded { encoding, pattern, rows, cols, levels, counts, .. } = &self.encoded;
        let levels = if encoding.values().has_step() { &[1.0] } else { levels.as_slice() };
        let lookup = Lookup::new(*encoding, levels, *pattern, counts, &mut MemoryBudget::unlimited()).unwrap();
        Weights::new(*rows, *cols, &self.bytes, &lookup).unwrap().decode()
    }

    /// The reference's error against f64, as a share of the bound; needs plain inputs.
    ///
    /// Every product passes through the roundings of its chain (`ceil(units/4)` units; in class S at most `cols` entries), 3 additions of
    /// chains, the scale and the bias: gamma_n = n u / (1 - n u) times the sum of absolute products (Higham, Accuracy and
    /// Stability of Numerical Algorithms, section 3.1).
    fn share_of_bound(&self, found: &[f32]) -> f64 {
        let (rows, cols) = (self.encoded.rows, self.encoded.cols);
        let weights = self.factors();
        let width = self.encoded.encoding.unit_columns();
        let is_sparse = self.encoded.encoding.lists(1) > 0;
        let roundings = (if is_sparse { cols } else { cols.div_ceil(width).div_ceil(4) * width } + 3 + 3 + 2) as f64;
        let u = f64::from(f32::EPSILON) / 2.0;
        let gamma = roundings * u / (1.0 - roundings * u);
        let mut worst = 0f64;
        for sample in 0..self.batch {
            let x = &self.input[sample * self.input_stride..];
            for row in 0..rows {
                let products = || (0..cols).map(|k| f64::from(weights[row * cols + k]) * f64::from(x[k]));
                let scale = self.scale.as_ref().map_or(1.0, |scale| f64::from(scale[row]));
                let exact = products().sum::<f64>() * scale + f64::from(self.bias[row]);
                let exact = if self.relu { exact.max(0.0) } else { exact };
                let size = products().map(f64::abs).sum::<f64>() * scale.abs() + f64::from(self.bias[row]).abs();
                let error = (f64::from(found[sample * self.output_stride + row]) - exact).abs();
                // Underflow: each operation may lose half of the least subnormal.
                worst = worst.max(error / (gamma * size + roundings * f64::from(f32::from_bits(1))));
            }
        }
        worst
    }
}

/// A small layer of an encoding that can be expanded.
#[test]
fn every_form_of_a_layer_can_be_forced() {
    let mut random = Random(4);
    for encoding in encodings().into_iter().filter(|&encoding| encoding != Encoding::Ternary) {
        let case = Case::new(encoding, 40, 100, 16, Values::Plain, &mut random);
        for kernels in tiers() {
            let kernel = kernels.linear(encoding, case.encoded.pattern);
            let prepared = kernel.prepare(&case.weights(), kernels.preference, &mut MemoryBudget::unlimited()).unwrap();
            let is_expanded = matches!(kernel.reads(&prepared, 16), Reads::Expanded(_));
            assert_eq!(is_expanded, kernels.preference == Preference::Prepared, "{}", case.name());
        }
    }
}

/// Rows, columns and batch: the large shapes once, the small ones with every batch.
fn sizes() -> Vec<(usize, usize, usize)> {
    let shapes = ROWS.into_iter().flat_map(|rows| COLS.map(|cols| (rows, cols)));
    let batches = |rows: usize, cols: usize| {
        if rows * cols > 3000 { vec![BATCHES[(rows + cols) % 7 + 1]] } else { BATCHES.to_vec() }
    };
    shapes.flat_map(|(rows, cols)| batches(rows, cols).into_iter().map(move |batch| (rows, cols, batch))).collect()
}

#[test]
fn every_tier_is_bit_identical_to_the_reference() {
    let (scalar, tiers) = (Kernels::of(Isa::Scalar).unwrap(), tiers());
    let mut random = Random(1);
    let (sizes, mut layers, mut outputs) = (sizes(), 0, 0);
    for encoding in encodings() {
        for (rows, cols, batch) in cases(sizes.len(), 100).into_iter().map(|i| sizes[i]) {
            let inputs = [Values::Plain, Values::Finite][random.below(2)];
            outputs += Case::new(encoding, rows, cols, batch, inputs, &mut random).check_tiers(&scalar, &tiers);
            layers += 1;
        }
    }
    let names: Vec<_> = tiers.iter().map(|tier| (tier.isa.name(), tier.preference)).collect();
    println!("{layers} layers, {outputs} outputs compared with the reference ({}); tiers: {names:?}", extent());
}

#[test]
fn the_reference_is_what_the_specification_says() {
    let scalar = Kernels::of(Isa::Scalar).unwrap();
    let mut random = Random(2);
    let (mut outputs, mut worst) = (0, 0f64);
    for encoding in encodings() {
        for (rows, cols) in [(1, 1), (10, 13), (17, 100), (65, 301), (3, 784), (33, 18), (5, 0)] {
            let case = Case::new(encoding, rows, cols, 2, Values::Finite, &mut random);
            case.assert_same(&case.run(&scalar), &case.written_out(), "arithmetic.md");
            outputs += 2 * rows;
        }
    }
    for encoding in encodings() {
        for (rows, cols) in [(10, 13), (17, 100), (65, 301), (3, 2000)] {
            let case = Case::new(encoding, rows, cols, 1, Values::Plain, &mut random);
            worst = worst.max(case.share_of_bound(&case.run(&scalar)));
        }
    }
    println!("{outputs} outputs equal to the specification; greatest error {worst:.3} of the bound");
    assert!(worst <= 1.0, "{worst}");
}

/// A mapped file can change under a kernel: any word, also one that validation refuses, must be harmless.
#[test]
fn words_that_validation_refuses_cannot_do_harm() {
    let mut random = Random(3);
    let tiers = tiers();
    let mut cases = 0;
    for encoding in encodings() {
        for (rows, cols) in [(1, 1), (9, 19), (40, 100), (64, 72), (65, 301)] {
            for batch in [1, 5] {
                let mut case = Case::new(encoding, rows, cols, batch, Values::Finite, &mut random);
                case.bytes.iter_mut().for_each(|byte| *byte = random.byte());
                // A kernel that leaves out a product of zero may differ from one that multiplies zero by infinity.
                for tier in &tiers {
                    let outputs = case.run(tier);
                    let mut values = outputs.iter().enumerate().filter(|(i, _)| i % case.output_stride < rows);
                    assert!(values.all(|(_, y)| y.is_finite()), "{}", case.name());
                }
                cases += 1;
            }
        }
    }
    println!("{cases} layers of random words");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_shapes_agree(rows in 0usize..140, cols in 0usize..260, batch in 0usize..40, which in 0usize..64, seed: u64) {
        let encodings = encodings();
        let mut random = Random(seed);
        let case = Case::new(encodings[which % encodings.len()], rows, cols, batch, Values::Finite, &mut random);
        case.check_tiers(&Kernels::of(Isa::Scalar).unwrap(), &tiers());
    }
}
