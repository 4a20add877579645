//! Random models of every operator and encoding, the shapes that few networks have included.

use crate::Random;
use crate::layers::{Draw, Values};
use curt::content::{AffineTables, Contents, LayerTables, Tables};
use curt::encoding::{Encoded, Encoding};
use curt::graph::{Graph, GraphBuilder, InputSpec, Linear, Node, Op, Pool, PoolKind, Reshape, Window};
use curt::tensor::Mask;
use curt::{Dtype, Limits, Shape};

/// The most elements of a drawn value: more would make tests slow, not better.
const MOST_ELEMENTS: usize = 1 << 14;
/// The most weights of a drawn layer.
const MOST_WEIGHTS: usize = 1 << 17;

/// The mapped file of a random model whose layers have `encoding`; none where the draw came to nothing.
///
/// # Panics
/// When a graph that the builder accepts cannot be written for a reason other than its codebooks.
pub fn random_file(random: &mut Random, encoding: Encoding) -> Option<Vec<u8>> {
    let input = input(random);
    let mut drawing =
        Drawing { builder: GraphBuilder::new(input, &Limits::EDGE).ok()?, shapes: vec![input.value_shape()], layers: Vec::new() };
    for _ in 0..1 + random.below(6) {
        drawing.push_any(random, encoding);
    }
    if drawing.shapes.last()?.elements() == 0 {
        drawing.flatten();
        drawing.push_linear(random, encoding, 3)?;
    }
    let graph = drawing.builder.finish().ok()?;
    let tables = tables(random, &graph, &drawing.layers);
    // A codebook may have a level that no weight uses.
    curt::format::write(&Contents { graph, tables, layers: drawing.layers, origin: None }).ok()
}

struct Drawing {
    builder: GraphBuilder,
    shapes: Vec<Shape>,
    layers: Vec<Encoded>,
}

fn input(random: &mut Random) -> InputSpec {
    let dtype = [Dtype::U8, Dtype::F32][random.below(2)];
    let shape = match random.below(3) {
        0 => Shape::Vector(1 + random.below(300)),
        _ => Shape::Image { channels: 1 + random.below(6), height: 1 + random.below(20), width: 1 + random.below(20) },
    };
    let kept = (random.below(4) == 0).then(|| random.below(shape.elements() + 1));
    InputSpec { dtype, shape, kept }
}

impl Drawing {
    fn last(&self) -> Shape {
        *self.shapes.last().expect("the input is a value")
    }

    /// Adds a node that reads the last value and perhaps others, if the builder takes it.
    fn push(&mut self, op: Op, others: &[usize]) -> bool {
        let inputs: Vec<usize> = std::iter::once(self.shapes.len() - 1).chain(others.iter().copied()).collect();
        let shapes: Vec<Shape> = inputs.iter().map(|&input| self.shapes[input]).collect();
        let Ok(shape) = op.output_shape(&shapes) else { return false };
        if shape.elements() > MOST_ELEMENTS || self.builder.push(Node { op, inputs }).is_err() {
            return false;
        }
        self.shapes.push(shape);
        true
    }

    fn flatten(&mut self) {
        if !matches!(self.last(), Shape::Vector(_)) {
            self.push(Op::of_name("flatten").expect("an operator"), &[]);
        }
    }

    /// A layer with weights, of `op` with the linear map of what is drawn.
    fn push_layer(&mut self, random: &mut Random, encoding: Encoding, op: Op, rows: usize) -> Option<()> {
        let cols = op.columns(self.last());
        if rows * cols > MOST_WEIGHTS {
            return None;
        }
        let encoded = Draw::any(Values::Plain, random).layer(encoding, rows, cols, random);
        let row_factors = encoding.allows_row_factors() && random.below(2) == 0;
        let op = op.with_linear(Linear { row_factors, ..Linear::of(&encoded) });
        self.push(op, &[]).then(|| self.layers.push(encoded))
    }

    fn push_linear(&mut self, random: &mut Random, encoding: Encoding, rows: usize) -> Option<()> {
        self.push_layer(random, encoding, Op::Linear(Linear::dense(rows)), rows)
    }

    /// A node of a random operator, if one that was drawn fits.
    fn push_any(&mut self, random: &mut Random, encoding: Encoding) {
        let kinds: Vec<Op> = Op::kinds().collect();
        match (kinds[random.below(kinds.len())], self.last()) {
            (Op::Linear(_), _) => {
                self.flatten();
                let rows = [0, 1, 16, 1 + random.below(200)][random.below(4)];
                self.push_linear(random, encoding, rows);
            }
            (Op::Conv2d(mut conv), Shape::Image { channels, height, width }) if channels > 0 => {
                conv.groups = [1, channels][random.below(2)].max(1);
                conv.window = window(random, [height, width]);
                let rows = conv.groups * [0, 1, 4, 1 + random.below(20)][random.below(4)];
                self.push_layer(random, encoding, Op::Conv2d(conv), rows);
            }
            (Op::Pool(Pool { kind, .. }), Shape::Image { height, width, .. }) => {
                let mut window = window(random, [height, width]);
                window.dilation = [1, 1];
                let kind = if kind == PoolKind::Max { kind } else { [kind, PoolKind::AverageIncludingPadding][random.below(2)] };
                self.push(Op::Pool(Pool { kind, window }), &[]);
            }
            (Op::Reshape(_), shape) => {
                let elements = shape.elements();
                let image = Shape::Image { channels: 1, height: 1, width: elements };
                self.push(Op::Reshape(Reshape([image, Shape::Vector(elements)][random.below(2)])), &[]);
            }
            (op @ (Op::Add | Op::Concat), _) => {
                let others = if op == Op::Add { 1 } else { 1 + random.below(3) };
                let others: Vec<usize> = (0..others).map(|_| random.below(self.shapes.len())).collect();
                self.push(op, &others);
            }
            (Op::Conv2d(_), _) => {}
            (op, _) => _ = self.push(op, &[]),
        }
    }
}

/// A window of any kind, often larger than the map.
fn window(random: &mut Random, size: [usize; 2]) -> Window {
    let mut pair = |least: usize, below: usize| [least + random.below(below), least + random.below(below)];
    let mut window = Window::new(pair(1, 6), pair(1, 3));
    window.dilation = pair(1, 2);
    for (d, len) in size.into_iter().enumerate() {
        let extent = (window.kernel[d] - 1) * window.dilation[d] + 1;
        let before = random.below(extent);
        let missing = extent.saturating_sub(len + before).min(extent - 1);
        (window.padding_before[d], window.padding_after[d]) = (before, random.below(extent).max(missing));
    }
    window
}

fn tables(random: &mut Random, graph: &Graph, layers: &[Encoded]) -> Tables {
    let input = graph.input();
    let mask = input.kept.map(|kept| {
        let mut flags = vec![false; input.shape.elements()];
        flags[..kept].fill(true);
        (0..flags.len()).for_each(|i| flags.swap(i, random.below(i + 1)));
        Mask::new(flags)
    });
    let mut floats = |n: usize| -> Vec<f32> { (0..n).map(|_| random.unit() + 2.0).collect() };
    let linears = graph.linears().zip(layers);
    let layers = linears.map(|((_, linear, _), layer)| LayerTables {
        row_factors: linear.row_factors.then(|| floats(layer.rows)),
        ..LayerTables::of(layer, floats(layer.rows))
    });
    let layers = layers.collect();
    let affine =
        graph.nodes().iter().filter(|node| node.op == Op::Affine).map(|node| graph.shape(node.input()).affine_channels());
    let affines = affine.map(|channels| AffineTables { scale: floats(channels), offset: floats(channels) }).collect();
    let channels = input.shape.channels();
    Tables { input_scale: floats(channels), input_offset: floats(channels), input_mask: mask, layers, affines }
}
