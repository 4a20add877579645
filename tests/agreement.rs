//! The compact network computes what the masked full-size network computes, within a bound that is derived, not chosen.
//!
//! The full-size network has every row and column of the original, zeros where a group was pruned, and runs in f64. The compact one is
//! a `.curt` file of the kept rows and columns and runs in a session. Their difference is bounded layer by layer.
//!
//! Let `u = 2^-24`, `g(n) = n u / (1 - n u)`. A sum of products in which no term meets more than `n` roundings has an error of at most
//! `g(n)` times the sum of the terms' magnitudes (Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., lemma 3.1). By
//! `format-spec/arithmetic.md` a term of a linear layer meets, at most:
//!
//! - in its chain of `L = ceil(U / 4)` units of `w` columns: class F one rounding per column, `L w`; class T the product, two
//!   additions within its field, then one per field, `3 + L w / 3`;
//! - three additions of segments, one multiplication by the scale, one addition of the bias;
//! - for fixed point one rounding of step times factor; its decoded weights, from which the bound is computed, one more.
//!
//! With `W` the masked means, `V` the stored weights times their factors, `x` the exact input of the layer, and `e` a bound of its error,
//!
//! ```text
//! |y' - y| <= |V| e + |V - W| |x| + g(n) (|V| (|x| + e) + |b|) + n 2^-149
//! ```
//!
//! (what the input's error becomes, what encoding changes, what rounding adds, and what products below the normal range lose). ReLU moves no two
//! numbers apart. The input `v scale + offset` has the error `g(2) (|v scale| + |offset|)`. The f64 sums add the same with `2^-53`.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod support;

use curt::base::limits::Limits;
use curt::encoding::{Encoded, Encoding, Entries, Weights, block, codebook, dense, fixed_point, sparse, ternary};
use curt::format::{Contents, LayerTables, Origin, OriginNode, OriginShape, Tables, write};
use curt::graph::{GraphBuilder, InputSpec, Linear, Node, Op};
use curt::model::Model;
use curt::session::{Session, SessionOptions};
use curt::tensor::{Dtype, Mask, Shape};
use support::Random;

/// A layer of the original network and what was kept of it.
struct Layer {
    encoding: Encoding,
    rows: Mask,
    cols: Mask,
    /// Original rows x columns, masked: zero outside of what was kept.
    means: Vec<f64>,
    bias: Vec<f64>,
    factors: Option<Vec<f32>>,
    encoded: Encoded,
}

struct Network {
    scale: f32,
    offset: f32,
    layers: Vec<Layer>,
}

fn random_mask(random: &mut Random, len: usize, kept: f64) -> Mask {
    let mut flags: Vec<bool> = (0..len).map(|_| random.signed().abs() < kept).collect();
    let one = random.below(len);
    flags[one] = true;
    Mask::new(flags)
}

/// Encodes kept weights, and decodes them again.
fn encode(encoding: Encoding, rows: usize, cols: usize, weights: &[f64]) -> (Encoded, Vec<f64>) {
    let floats: Vec<f32> = weights.iter().map(|&w| w as f32).collect();
    let greatest = weights.iter().fold(1e-3, |m: f64, w| m.max(w.abs()));
    let encoded = match encoding {
        Encoding::DenseF32 => dense::encode_f32(rows, cols, &floats),
        Encoding::DenseF16 => dense::encode_f16(rows, cols, &floats),
        Encoding::FixedPoint { bits } | Encoding::SparseFixedPoint { bits } => {
            let step = (greatest / f64::from(fixed_point::greatest(bits))) as f32;
            let integers: Vec<i8> = weights.iter().map(|w| (w / f64::from(step)).round() as i8).collect();
            if let Encoding::FixedPoint { .. } = encoding {
                fixed_point::encode(rows, cols, bits, step, &integers)
            } else {
                scattered(encoding, &[step], &Entries::of_integers(rows, cols, &integers))
            }
        }
        Encoding::SparseF32 => scattered(encoding, &[], &Entries::of_floats(rows, cols, &large(&floats))),
        Encoding::BlockF32 { height } => block::encode(height, &Entries::of_floats(rows, cols, &large(&floats))),
        Encoding::Ternary => {
            let level = (greatest / 2.0) as f32;
            let sign = |w: &f64| if w.abs() < f64::from(level) / 2.0 { 0 } else { w.signum() as i8 };
            ternary::encode(rows, cols, -level, level, &weights.iter().map(sign).collect::<Vec<_>>())
        }
        Encoding::Codebook { levels } | Encoding::SparseCodebook { levels } => {
            // Levels evenly spread, those that no weight uses left out: the format refuses them.
            let nearest = |w: f64| ((w / greatest + 1.0) / 2.0 * (levels - 1) as f64).round() as usize;
            let mut used: Vec<usize> = weights.iter().map(|&w| nearest(w)).collect();
            used.sort_unstable();
            used.dedup();
            let value = |&k: &usize| ((k as f64 / (levels - 1) as f64 * 2.0 - 1.0) * greatest) as f32 + 0.0;
            let index = |w: &f64| used.binary_search(&nearest(*w)).unwrap() as u8;
            let indices: Vec<u8> = weights.iter().map(index).collect();
            let mut levels: Vec<f32> = used.iter().map(value).collect();
            if let Encoding::Codebook { .. } = encoding {
                return decoded(codebook::encode(rows, cols, &levels, &indices));
            }
            // The level in the middle is zero: no entry.
            let zero = levels.iter().position(|&level| level == 0.0);
            let index = |i: usize| match zero {
                Some(zero) if i == zero => 0,
                Some(zero) if i > zero => i,
                _ => i + 1,
            };
            let indices: Vec<u8> = indices.iter().map(|&i| index(usize::from(i)) as u8).collect();
            levels.retain(|&level| level != 0.0);
            let encoding = Encoding::SparseCodebook { levels: levels.len() };
            scattered(encoding, &levels, &Entries::of_indices(rows, cols, &indices))
        }
    };
    decoded(encoded)
}

/// The half of the weights of greatest magnitude; zeros for the others.
fn large(weights: &[f32]) -> Vec<f32> {
    let mut magnitudes: Vec<f32> = weights.iter().map(|w| w.abs()).collect();
    magnitudes.sort_by(f32::total_cmp);
    let median = magnitudes[magnitudes.len() / 2];
    weights.iter().map(|&w| if w.abs() >= median { w } else { 0.0 }).collect()
}

/// With a residue, as one unit less than the best has.
fn scattered(encoding: Encoding, levels: &[f32], entries: &Entries) -> Encoded {
    let best = entries.best_pattern(encoding.slots().unwrap());
    sparse::encode(encoding, levels, best.units.saturating_sub(1), entries)
}

fn decoded(encoded: Encoded) -> (Encoded, Vec<f64>) {
    let lookup = encoded.lookup();
    let words: Vec<u64> = encoded.bytes.chunks(8).map(padded).collect(); // aligned
    let bytes = &bytemuck::cast_slice(&words)[..encoded.bytes.len()];
    let decoded = Weights::new(encoded.encoding, encoded.rows, encoded.cols, bytes, &lookup).unwrap().decode();
    let decoded = decoded.into_iter().map(f64::from).collect();
    (encoded, decoded)
}

fn padded(chunk: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..chunk.len()].copy_from_slice(chunk);
    u64::from_ne_bytes(bytes)
}

/// A random network of masked means. With `representable` the means are what the encoding stores; otherwise encoding changes them.
fn network(random: &mut Random, encoding: Encoding, representable: bool) -> Network {
    let depth = 1 + random.below(3);
    let sizes: Vec<usize> = (0..=depth).map(|_| 8 + random.below(140)).collect();
    let mut cols = random_mask(random, sizes[0], 0.7);
    let layers = (0..depth).map(|i| {
        let (original_rows, original_cols) = (sizes[i + 1], sizes[i]);
        let rows = if i + 1 == depth { Mask::full(original_rows) } else { random_mask(random, original_rows, 0.6) };
        let factors = (encoding.allows_row_factors() && random.below(2) == 0)
            .then(|| (0..rows.kept()).map(|_| 0.25 + random.signed().abs() as f32).collect::<Vec<f32>>());
        let kept: Vec<f64> = (0..rows.kept() * cols.kept()).map(|_| f64::from(random.signed() as f32)).collect();
        let (encoded, decoded) = encode(encoding, rows.kept(), cols.kept(), &kept);
        let factor = |row: usize| factors.as_ref().map_or(1.0, |factors| f64::from(factors[row]));
        let mut means = vec![0.0; original_rows * original_cols];
        let mut bias = vec![0.0; original_rows];
        for (r, row) in rows.indices().enumerate() {
            bias[row] = f64::from(random.signed() as f32);
            for (c, col) in cols.indices().enumerate() {
                let source = if representable { &decoded } else { &kept };
                means[row * original_cols + col] = source[r * cols.kept() + c] * factor(r);
            }
        }
        let layer = Layer { encoding: encoded.encoding, rows: rows.clone(), cols: cols.clone(), means, bias, factors, encoded };
        cols = rows;
        layer
    });
    let layers = layers.collect();
    Network { scale: 0.01 + random.signed().abs() as f32, offset: random.signed() as f32, layers }
}

impl Network {
    /// The compact file.
    fn file(&self) -> Vec<u8> {
        let first = &self.layers[0].cols;
        let kept = Some(first.kept()).filter(|&kept| kept < first.len());
        let input = InputSpec { dtype: Dtype::F32, shape: Shape::Vector(first.len()), kept };
        let mut builder = GraphBuilder::new(input, &Limits::DEFAULT).unwrap();
        let mut nodes = Vec::new();
        for (i, layer) in self.layers.iter().enumerate() {
            let linear = Linear { row_factors: layer.factors.is_some(), ..Linear::of(&layer.encoded) };
            let ops = [Some(Op::Linear(linear)), (i + 1 < self.layers.len()).then_some(Op::RELU)];
            for op in ops.into_iter().flatten() {
                let shape =
                    matches!(op, Op::Linear(_)).then(|| OriginShape { rows: layer.rows.clone(), cols: layer.cols.clone() });
                nodes.push(OriginNode { name: format!("{}{i}", op.name()), shape });
                builder.push(Node::new(op, nodes.len() - 1)).unwrap();
            }
        }
        let tables = |layer: &Layer| LayerTables {
            row_factors: layer.factors.clone(),
            ..LayerTables::of(&layer.encoded, layer.rows.indices().map(|row| layer.bias[row] as f32).collect())
        };
        let tables = Tables {
            input_scale: vec![self.scale],
            input_offset: vec![self.offset],
            input_mask: kept.map(|_| first.clone()),
            layers: self.layers.iter().map(tables).collect(),
            affines: Vec::new(),
        };
        let layers = self.layers.iter().map(|layer| layer.encoded.clone()).collect();
        let origin = Some(Origin { network: "random".to_owned(), method: "masked means".to_owned(), nodes });
        write(&Contents { graph: builder.finish().unwrap(), tables, layers, origin }).unwrap()
    }

    /// The full-size outputs of one sample, and the bound of each. `weights` are those of the file.
    fn full_size(&self, model: &Model, sample: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let (scale, offset) = (f64::from(self.scale), f64::from(self.offset));
        let mut x: Vec<f64> = sample.iter().map(|&v| f64::from(v) * scale + offset).collect();
        let mut e: Vec<f64> = sample.iter().map(|&v| gamma(2, U) * ((f64::from(v) * scale).abs() + offset.abs())).collect();
        for (i, layer) in self.layers.iter().enumerate() {
            let stored: Vec<f64> = model.weights(i).decode().into_iter().map(f64::from).collect();
            let (rows, cols) = (layer.rows.len(), layer.cols.len());
            let n = roundings(layer.encoding, layer.cols.kept());
            let mut y = vec![0.0; rows];
            let mut bound = vec![0.0; rows];
            for (row, y) in y.iter_mut().enumerate() {
                *y = (0..cols).map(|col| layer.means[row * cols + col] * x[col]).sum::<f64>() + layer.bias[row];
            }
            for (r, row) in layer.rows.indices().enumerate() {
                let factor = layer.factors.as_ref().map_or(1.0, |factors| f64::from(factors[r]));
                let mut terms = [0.0; 4];
                for (c, col) in layer.cols.indices().enumerate() {
                    let (v, w) = (stored[r * layer.cols.kept() + c] * factor, layer.means[row * cols + col]);
                    let add = [
                        v.abs() * e[col],
                        (v - w).abs() * x[col].abs(),
                        v.abs() * (x[col].abs() + e[col]),
                        w.abs() * x[col].abs(),
                    ];
                    terms.iter_mut().zip(add).for_each(|(sum, term)| *sum += term);
                }
                let [carried, encoding, products, exact] = terms;
                let b = layer.bias[row].abs();
                bound[row] = carried + encoding + gamma(n, U) * (products + b) + n as f64 * 2f64.powi(-149);
                bound[row] += gamma(cols + 2, 2f64.powi(-53)) * (exact + b);
            }
            if i + 1 < self.layers.len() {
                y.iter_mut().for_each(|y| *y = y.max(0.0));
            }
            (x, e) = (y, bound);
        }
        (x, e)
    }
}

const U: f64 = 1.0 / (1u64 << 24) as f64;

fn gamma(n: usize, u: f64) -> f64 {
    let nu = n as f64 * u;
    nu / (1.0 - nu)
}

/// The most roundings that a term of a layer meets.
fn roundings(encoding: Encoding, cols: usize) -> usize {
    let w = encoding.unit_columns();
    let columns = cols.div_ceil(w).div_ceil(4) * w;
    let chain = match encoding {
        Encoding::Ternary => 3 + columns / 3,
        // The residue's chains, their sum, and its addition.
        _ if encoding.lists(1) > 0 => columns.max(cols.div_ceil(4)) + 1,
        _ => columns,
    };
    chain + 3 + 2 + if matches!(encoding, Encoding::FixedPoint { .. } | Encoding::SparseFixedPoint { .. }) { 2 } else { 0 }
}

/// The greatest error relative to its bound over all samples; above 1 the bound is broken.
fn greatest_ratio(network: &Network, model: &Model, samples: &[f32], outputs: &[f32]) -> f64 {
    let (inputs, rows) = (network.layers[0].cols.len(), model.graph().output_shape().elements());
    let mut worst = 0.0f64;
    for (sample, output) in samples.chunks_exact(inputs).zip(outputs.chunks_exact(rows)) {
        let (exact, bound) = network.full_size(model, sample);
        for ((exact, bound), &found) in exact.iter().zip(&bound).zip(output) {
            let error = (f64::from(found) - exact).abs();
            worst = worst.max(if error.is_nan() { f64::INFINITY } else { error / bound });
        }
    }
    worst
}

const ENCODINGS: [Encoding; 14] = [
    Encoding::DenseF32,
    Encoding::DenseF16,
    Encoding::FixedPoint { bits: 2 },
    Encoding::FixedPoint { bits: 5 },
    Encoding::FixedPoint { bits: 8 },
    Encoding::Ternary,
    Encoding::Codebook { levels: 3 },
    Encoding::Codebook { levels: 16 },
    Encoding::Codebook { levels: 200 },
    Encoding::SparseF32,
    Encoding::SparseFixedPoint { bits: 4 },
    // An odd number of levels besides zero would leave the middle out.
    Encoding::SparseCodebook { levels: 15 },
    Encoding::BlockF32 { height: 8 },
    Encoding::BlockF32 { height: 16 },
];

#[test]
fn the_compact_network_agrees_with_the_masked_means_within_the_derived_bound() {
    const SAMPLES: usize = 5;
    for encoding in ENCODINGS {
        for representable in [true, false] {
            let (mut worst, mut caught, mut outputs) = (0.0f64, 0, 0);
            for seed in 0..8 {
                let mut random = Random(seed * 31 + 7);
                let mut network = network(&mut random, encoding, representable);
                let model = Model::from_bytes(&network.file(), &Limits::DEFAULT).unwrap();
                let inputs = network.layers[0].cols.len();
                let samples: Vec<f32> = (0..SAMPLES * inputs).map(|_| random.signed() as f32).collect();
                for isa in support::tiers() {
                    let mut session = Session::new(&model, &SessionOptions { batch: 2, isa: Some(isa) }).unwrap();
                    let mut output = vec![0.0; SAMPLES * session.output_len()];
                    session.run(&samples[..], &mut output).unwrap();
                    let ratio = greatest_ratio(&network, &model, &samples, &output);
                    assert!(ratio <= 1.0, "{encoding:?} on {}, seed {seed}: {ratio} of the bound", isa.name());
                    (worst, outputs) = (worst.max(ratio), outputs + output.len());
                    if representable {
                        caught += usize::from(planted_is_caught(&mut network, &model, &samples, &output));
                    }
                }
            }
            let exactness = if representable { "as stored" } else { "before encoding" };
            println!("{encoding:?}, means {exactness}: {outputs} outputs, greatest error {worst:.3} of its bound");
            assert!(worst > 1e-3, "the bound says nothing");
            assert_eq!(caught, if representable { 8 * support::tiers().len() } else { 0 });
        }
    }
}

/// Changes one weight of the full-size network so that one output moves by three bounds: the comparison must notice. The weight is put back.
fn planted_is_caught(network: &mut Network, model: &Model, samples: &[f32], output: &[f32]) -> bool {
    let sample = &samples[..network.layers[0].cols.len()];
    let (exact, bound) = network.full_size(model, sample);
    // A bias is a weight whose input is 1: its output moves by exactly the change.
    let last = network.layers.len() - 1;
    let before = network.layers[last].bias[0];
    let (scale, moved) = (exact.iter().fold(1.0, |m: f64, y| m.max(y.abs())), 3.0 * bound[0]);
    assert!(moved < 1e-2 * scale, "a bound of {:e} for values of {scale} is vacuous", bound[0]);
    network.layers[last].bias[0] += moved;
    let ratio = greatest_ratio(network, model, samples, output);
    network.layers[last].bias[0] = before;
    ratio > 1.0
}
