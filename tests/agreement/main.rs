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
//! (what the input's error becomes, what encoding changes, what rounding adds, and what products below the normal range lose). A convolution is
//! a linear layer of every patch of its input. ReLU moves no two numbers apart, and the greatest of a window is off by no more than the worst of
//! the window. The input `v scale + offset` has the error `g(2) (|v scale| + |offset|)`. The f64 sums add the same with `2^-53`.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod encode;

#[cfg(feature = "tools")]
use curt::Input;
use curt::content::{Contents, LayerTables, Origin, OriginNode, OriginShape, Tables};
use curt::encoding::{Encoded, Encoding};
use curt::format::write;
use curt::graph::{Conv2d, GraphBuilder, InputSpec, Linear, Node, Op, Pool, PoolKind, Window};
use curt::tensor::Mask;
use curt::{Dtype, Limits, Model, Session, SessionOptions, Shape};
use curt_dev::effort::{cases, extent};
#[cfg(feature = "tools")]
use curt_dev::golden;
use curt_dev::{Random, tiers};
use encode::encode;

/// A layer of the original network and what was kept of it.
struct Layer {
    encoding: Encoding,
    /// A convolution's, and whether pooling of 2 x 2 follows it; `None` for a linear layer.
    maps: Option<Maps>,
    /// Channels, height and width of the original input; a vector has features of one element.
    input: [usize; 3],
    rows: Mask,
    /// Inputs, or input channels of a convolution.
    cols: Mask,
    /// The columns of the original weights that are kept.
    columns: Vec<usize>,
    /// Original rows x columns, masked: zero outside of what was kept.
    means: Vec<f64>,
    bias: Vec<f64>,
    factors: Option<Vec<f32>>,
    encoded: Encoded,
}

#[derive(Clone, Copy)]
struct Maps {
    kernel: usize,
    padding: usize,
    pooled: bool,
}

impl Maps {
    fn window(self) -> Window {
        let sides = [self.padding; 2];
        Window { padding_before: sides, padding_after: sides, ..Window::new([self.kernel; 2], [1, 1]) }
    }
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

/// The layers of a network to be drawn: a convolution with its maps, or a linear layer with its outputs.
type Plan = Vec<(Option<Maps>, usize)>;

/// One to three linear layers.
fn linear_plan(random: &mut Random) -> ([usize; 3], Plan) {
    let depth = 1 + random.below(3);
    ([8 + random.below(140), 1, 1], (0..depth).map(|_| (None, 8 + random.below(140))).collect())
}

/// One or two convolutions, then a linear layer.
fn conv_plan(random: &mut Random) -> ([usize; 3], Plan) {
    let input = [1 + random.below(3), 9 + random.below(4), 9 + random.below(4)];
    let convs = 1 + random.below(2);
    let mut plan: Plan = (0..convs)
        .map(|_| {
            let kernel = 1 + random.below(3);
            let maps = Maps { kernel, padding: random.below(kernel), pooled: random.below(2) == 0 };
            (Some(maps), 2 + random.below(20))
        })
        .collect();
    plan.push((None, 8 + random.below(20)));
    (input, plan)
}

/// A random network of masked means. With `representable` the means are what the encoding stores; otherwise encoding changes them.
fn network(random: &mut Random, encoding: Encoding, representable: bool, (input, plan): ([usize; 3], Plan)) -> Network {
    let image = plan[0].0.is_some();
    let mut cols = if image { Mask::full(input[0]) } else { random_mask(random, input[0], 0.7) };
    let (mut shape, mut layers) = (input, Vec::new());
    for (i, &(maps, original_rows)) in plan.iter().enumerate() {
        if maps.is_none() && cols.len() < shape.iter().product() {
            let plane = shape[1] * shape[2]; // flattened: each map owns its elements
            cols = Mask::new(cols.flags().iter().flat_map(|&flag| std::iter::repeat_n(flag, plane)).collect());
        }
        let area = maps.map_or(1, |maps| maps.kernel * maps.kernel);
        let columns: Vec<usize> = cols.indices().flat_map(|col| col * area..(col + 1) * area).collect();
        let original_cols = cols.len() * area;
        let rows = if i + 1 == plan.len() { Mask::full(original_rows) } else { random_mask(random, original_rows, 0.6) };
        let factors = (encoding.allows_row_factors() && random.below(2) == 0)
            .then(|| (0..rows.kept()).map(|_| 0.25 + random.signed().abs() as f32).collect::<Vec<f32>>());
        let kept: Vec<f64> = (0..rows.kept() * columns.len()).map(|_| f64::from(random.signed() as f32)).collect();
        let (encoded, decoded) = encode(encoding, rows.kept(), columns.len(), &kept);
        let factor = |row: usize| factors.as_ref().map_or(1.0, |factors| f64::from(factors[row]));
        let mut means = vec![0.0; original_rows * original_cols];
        let mut bias = vec![0.0; original_rows];
        for (r, row) in rows.indices().enumerate() {
            bias[row] = f64::from(random.signed() as f32);
            for (c, col) in columns.iter().enumerate() {
                let source = if representable { &decoded } else { &kept };
                means[row * original_cols + col] = source[r * columns.len() + c] * factor(r);
            }
        }
        let encoding = encoded.encoding;
        layers.push(Layer { encoding, maps, input: shape, rows: rows.clone(), cols, columns, means, bias, factors, encoded });
        shape = layers[i].output();
        cols = rows;
    }
    Network { scale: 0.01 + random.signed().abs() as f32, offset: random.signed() as f32, layers }
}

impl Layer {
    /// Windows along each dimension, before pooling.
    fn positions(&self) -> [usize; 2] {
        self.maps.map_or([1, 1], |maps| [1, 2].map(|d| self.input[d] + 2 * maps.padding + 1 - maps.kernel))
    }

    fn output(&self) -> [usize; 3] {
        let pool = if self.maps.is_some_and(|maps| maps.pooled) { 2 } else { 1 };
        let [height, width] = self.positions();
        [self.rows.len(), height / pool, width / pool]
    }

    /// What the weights are applied to at each position, zeros in the padding.
    fn patches(&self, values: &[f64]) -> Vec<Vec<f64>> {
        let (Some(Maps { kernel, padding, .. }), [channels, height, width]) = (self.maps, self.input) else {
            return vec![values.to_vec()];
        };
        let [rows, cols] = self.positions();
        let mut patches = Vec::new();
        for (row, col) in (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col))) {
            let mut patch = Vec::new();
            for (channel, k) in (0..channels).flat_map(|channel| (0..kernel * kernel).map(move |k| (channel, k))) {
                let (y, x) = ((row + k / kernel).wrapping_sub(padding), (col + k % kernel).wrapping_sub(padding));
                let inside = y < height && x < width;
                patch.push(if inside { values[(channel * height + y) * width + x] } else { 0.0 });
            }
            patches.push(patch);
        }
        patches
    }

    /// The greatest of each window of 2 x 2, where the layer is pooled.
    fn pooled(&self, values: Vec<f64>) -> Vec<f64> {
        let ([height, width], [maps, rows, cols]) = (self.positions(), self.output());
        if (height, width) == (rows, cols) {
            return values;
        }
        let place =
            |i: usize, k: usize| (i / (rows * cols) * height + i / cols % rows * 2 + k / 2) * width + i % cols * 2 + k % 2;
        (0..maps * rows * cols).map(|i| (0..4).map(|k| values[place(i, k)]).fold(f64::NEG_INFINITY, f64::max)).collect()
    }

    /// The operators of the layer in the compact file, whose last is `is_last`.
    fn ops(&self, is_last: bool) -> Vec<Op> {
        let linear = Linear { row_factors: self.factors.is_some(), ..Linear::of(&self.encoded) };
        let pool = Op::Pool(Pool { kind: PoolKind::Max, window: Window::new([2, 2], [2, 2]) });
        let first = match self.maps {
            Some(maps) => vec![Op::Conv2d(Conv2d { linear, window: maps.window(), groups: 1 })],
            None if self.input[1] > 1 => vec![Op::Flatten, Op::Linear(linear)],
            None => vec![Op::Linear(linear)],
        };
        let rest = [(!is_last).then_some(Op::RELU), self.maps.filter(|maps| maps.pooled).map(|_| pool)];
        first.into_iter().chain(rest.into_iter().flatten()).collect()
    }
}

impl Network {
    fn inputs(&self) -> usize {
        self.layers[0].input.iter().product()
    }

    /// The compact file.
    fn file(&self) -> Vec<u8> {
        let first = &self.layers[0].cols;
        let kept = Some(first.kept()).filter(|&kept| kept < first.len());
        let [channels, height, width] = self.layers[0].input;
        let is_image = self.layers[0].maps.is_some();
        let shape = if is_image { Shape::Image { channels, height, width } } else { Shape::Vector(channels) };
        let mut builder = GraphBuilder::new(InputSpec { dtype: Dtype::F32, shape, kept }, &Limits::DEFAULT).unwrap();
        let mut nodes = Vec::new();
        for (i, layer) in self.layers.iter().enumerate() {
            for op in layer.ops(i + 1 == self.layers.len()) {
                let shape = op.linear().map(|_| OriginShape { rows: layer.rows.clone(), cols: layer.cols.clone() });
                nodes.push(OriginNode { name: format!("{}{i}", op.name()), shape });
                builder.push(Node::new(op, nodes.len() - 1)).unwrap();
            }
        }
        let tables = |layer: &Layer| LayerTables {
            row_factors: layer.factors.clone(),
            ..LayerTables::of(&layer.encoded, layer.rows.indices().map(|row| layer.bias[row] as f32).collect())
        };
        let channels = if is_image { channels } else { 1 };
        let tables = Tables {
            input_scale: vec![self.scale; channels],
            input_offset: vec![self.offset; channels],
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
            let patches = layer.patches(&x).into_iter().zip(layer.patches(&e));
            let mapped: Vec<_> = patches.map(|(x, e)| layer.full_size(&stored, &x, &e)).collect();
            let (values, bounds): (Vec<_>, Vec<_>) = mapped.into_iter().unzip();
            let (mut y, bound) = (by_row(&values, layer.rows.len()), by_row(&bounds, layer.rows.len()));
            if i + 1 < self.layers.len() {
                y.iter_mut().for_each(|y| *y = y.max(0.0));
            }
            (x, e) = (layer.pooled(y), layer.pooled(bound));
        }
        (x, e)
    }
}

impl Layer {
    /// The outputs for one patch `x` that is off by `e` at most, and the bound of each; `stored` are the weights of the file.
    fn full_size(&self, stored: &[f64], x: &[f64], e: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (rows, cols) = (self.rows.len(), x.len());
        let n = roundings(self.encoding, self.columns.len());
        let mut y = vec![0.0; rows];
        let mut bound = vec![0.0; rows];
        for (row, y) in y.iter_mut().enumerate() {
            *y = (0..cols).map(|col| self.means[row * cols + col] * x[col]).sum::<f64>() + self.bias[row];
        }
        for (r, row) in self.rows.indices().enumerate() {
            let factor = self.factors.as_ref().map_or(1.0, |factors| f64::from(factors[r]));
            let mut terms = [0.0; 4];
            for (c, &col) in self.columns.iter().enumerate() {
                let (v, w) = (stored[r * self.columns.len() + c] * factor, self.means[row * cols + col]);
                let add =
                    [v.abs() * e[col], (v - w).abs() * x[col].abs(), v.abs() * (x[col].abs() + e[col]), w.abs() * x[col].abs()];
                terms.iter_mut().zip(add).for_each(|(sum, term)| *sum += term);
            }
            let [carried, encoding, products, exact] = terms;
            let b = self.bias[row].abs();
            bound[row] = carried + encoding + gamma(n, U) * (products + b) + n as f64 * 2f64.powi(-149);
            bound[row] += gamma(cols + 2, 2f64.powi(-53)) * (exact + b);
        }
        (y, bound)
    }
}

/// Row by row, each at all positions.
fn by_row(patches: &[Vec<f64>], rows: usize) -> Vec<f64> {
    (0..rows).flat_map(|row| patches.iter().map(move |patch| patch[row])).collect()
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
        // One chain of all entries.
        _ if encoding.lists(1) > 0 => cols,
        _ => columns,
    };
    chain + 3 + 2 + if matches!(encoding, Encoding::FixedPoint { .. } | Encoding::SparseFixedPoint { .. }) { 2 } else { 0 }
}

/// The greatest error relative to its bound over all samples; above 1 the bound is broken.
fn greatest_ratio(network: &Network, model: &Model, samples: &[f32], outputs: &[f32]) -> f64 {
    let (inputs, rows) = (network.inputs(), model.graph().output_shape().elements());
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
fn compact_linear_layers_agree_with_the_masked_means_within_the_derived_bound() {
    agree(linear_plan, 5);
}

#[test]
fn compact_convolutions_agree_with_the_masked_means_within_the_derived_bound() {
    agree(conv_plan, 2);
}

fn agree(plan: fn(&mut Random) -> ([usize; 3], Plan), count: usize) {
    for encoding in ENCODINGS {
        for representable in [true, false] {
            let (mut worst, mut caught, mut outputs) = (0.0f64, 0, 0);
            let seeds = cases(8, 3);
            for &seed in &seeds {
                let mut random = Random(seed as u64 * 31 + 7);
                let plan = plan(&mut random);
                let mut network = network(&mut random, encoding, representable, plan);
                let model = Model::from_bytes(&network.file(), &Limits::DEFAULT).unwrap();
                let inputs = network.inputs();
                let samples: Vec<f32> = (0..count * inputs).map(|_| random.signed() as f32).collect();
                for isa in tiers() {
                    let mut session = Session::with_options(&model, &SessionOptions::new().batch(2).isa(isa)).unwrap();
                    let mut output = vec![0.0; count * session.output_len()];
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
            println!("{encoding:?}, means {exactness}: {outputs} outputs, greatest error {worst:.3} of its bound ({})", extent());
            assert!(worst > 1e-3, "the bound says nothing");
            assert_eq!(caught, if representable { seeds.len() * tiers().len() } else { 0 });
        }
    }
}

/// Changes one weight of the full-size network so that one output moves by three bounds: the comparison must notice. The weight is put back.
fn planted_is_caught(network: &mut Network, model: &Model, samples: &[f32], output: &[f32]) -> bool {
    let sample = &samples[..network.inputs()];
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

/// Every golden file and every file of `models/` that says what its network was: the session of the compact network against an f64 run of the
/// network at its original shape, zeros where groups were pruned, within the bound of the compact one. (The masks of most golden files fit
/// no network: they are there for readers.)
#[cfg(feature = "tools")]
#[test]
fn files_that_name_their_original_agree_with_it() {
    use curt::measure::reference::Reference;
    let mut agreed = Vec::new();
    let mut paths = golden::curt_files("valid");
    paths.extend(["lenet-300-100-gnj", "lenet-5-caffe-gnj"].map(|name| curt_dev::root().join(format!("models/{name}.curt"))));
    for path in paths {
        let model = Model::open(&path).unwrap();
        let Some(original) = curt::measure::twins::original(&model).ok().flatten() else { continue };
        let (compact, full) = (Reference::new(&model).unwrap(), Reference::new(&original).unwrap());
        let mut session = Session::new(&model).unwrap();
        let mut found = vec![0.0; session.output_len()];
        let mut random = Random(5);
        for _ in 0..3 {
            let mut bytes = vec![0; session.input_len()];
            random.fill(&mut bytes);
            let floats: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte) / 64.0 - 2.0).collect();
            let is_bytes = model.graph().input().dtype == Dtype::U8;
            let sample = if is_bytes { Input::U8(&bytes) } else { Input::F32(&floats) };
            session.run(sample, &mut found).unwrap();
            let (expected, bound) = (full.run(sample), compact.run(sample));
            for ((found, expected), error) in found.iter().zip(&expected.values).zip(&bound.errors) {
                let distance = (f64::from(*found) - expected).abs();
                assert!(distance <= *error, "{}: {found}, {expected} at the original shape", path.display());
            }
        }
        agreed.push(path.file_stem().unwrap().to_string_lossy().into_owned());
    }
    println!("{agreed:?}");
    assert!(agreed.len() >= 4 && agreed.iter().any(|name| name == "lenet-5-caffe-gnj"), "{agreed:?}");
}
