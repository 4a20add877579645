//! Tests: chains in f64 at both shapes, and hand-computed values for every operator that ties units.

use super::*;
use crate::base::limits::Limits;
use crate::graph::{Conv2d, Graph, GraphBuilder, InputSpec, Linear, Node, Pool, PoolKind, Window};
use crate::tensor::{Dtype, Shape};

/// Small numbers of both signs, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
    fn weight(&mut self) -> f32 {
        (self.next() % 2000) as f32 / 500.0 - 1.999 // never zero: only pruning makes zeros
    }
}

fn linear(rows: usize) -> Op {
    Op::Linear(Linear::dense(rows))
}

fn conv(rows: usize, kernel: usize, padding: usize) -> Op {
    let sides = [padding; 2];
    let window = Window { padding_before: sides, padding_after: sides, ..Window::new([kernel; 2], [1, 1]) };
    Op::Conv2d(Conv2d { linear: *linear(rows).linear().unwrap(), window, groups: 1 })
}

fn graph(shape: Shape, nodes: &[(Op, &[usize])]) -> Graph {
    let mut builder = GraphBuilder::new(InputSpec { dtype: Dtype::F32, shape, kept: None }, &Limits::DEFAULT).unwrap();
    for (op, inputs) in nodes {
        builder.push(Node { op: *op, inputs: inputs.to_vec() }).unwrap();
    }
    builder.finish().unwrap()
}

fn image(channels: usize, side: usize) -> Shape {
    Shape::Image { channels, height: side, width: side }
}

/// A layer, from the weights of each row.
fn layer(rows: &[&[f32]], bias: &[f64]) -> OriginalLayer {
    OriginalLayer {
        rows: rows.len(),
        cols: rows[0].len(),
        weights: rows.concat(),
        bias: bias.to_vec(),
        values: WeightValues::Any,
    }
}

/// The shrunk layers of a graph without affine nodes.
fn left(graph: &Graph, layers: &[OriginalLayer]) -> Vec<ShrunkLayer> {
    shrink(&OriginalNetwork::of_graph(graph, &[]), layers).layers
}

fn chain(sizes: &[usize], relu: bool) -> Graph {
    let mut nodes: Vec<(Op, Vec<usize>)> = Vec::new();
    for &rows in &sizes[1..] {
        if relu && !nodes.is_empty() {
            nodes.push((Op::RELU, vec![nodes.len()]));
        }
        nodes.push((linear(rows), vec![nodes.len()]));
    }
    let nodes: Vec<(Op, &[usize])> = nodes.iter().map(|(op, inputs)| (*op, inputs.as_slice())).collect();
    graph(Shape::Vector(sizes[0]), &nodes)
}

fn net(numbers: &mut Numbers, sizes: &[usize]) -> Vec<OriginalLayer> {
    let layer = |pair: &[usize], numbers: &mut Numbers| OriginalLayer {
        rows: pair[1],
        cols: pair[0],
        weights: (0..pair[0] * pair[1]).map(|_| numbers.weight()).collect(),
        bias: (0..pair[1]).map(|_| f64::from(numbers.weight())).collect(),
        values: WeightValues::Any,
    };
    sizes.windows(2).map(|pair| layer(pair, numbers)).collect()
}

/// Runs a chain of layers in f64.
fn run(x: &[f64], layers: &[(usize, &[f32], &[f64])], relu: bool) -> Vec<f64> {
    let mut x = x.to_vec();
    for (l, (cols, weights, bias)) in layers.iter().enumerate() {
        if relu && l > 0 {
            x.iter_mut().for_each(|v| *v = v.max(0.0));
        }
        let dot = |row: usize| weights[row * cols..][..*cols].iter().zip(&x).map(|(&w, v)| f64::from(w) * v).sum::<f64>();
        x = bias.iter().enumerate().map(|(row, b)| dot(row) + b).collect();
    }
    x
}

fn same_result(layers: &[OriginalLayer], relu: bool, x: &[f64]) -> Vec<ShrunkLayer> {
    let sizes: Vec<usize> = std::iter::once(layers[0].cols).chain(layers.iter().map(|layer| layer.rows)).collect();
    let small = left(&chain(&sizes, relu), layers);
    let full: Vec<_> = layers.iter().map(|l| (l.cols, l.weights.as_slice(), l.bias.as_slice())).collect();
    let shrunk: Vec<_> = small.iter().map(|l| (l.columns.len(), l.weights.as_slice(), l.bias.as_slice())).collect();
    let kept: Vec<f64> = small[0].units.indices().map(|i| x[i]).collect();
    for pair in small.windows(2) {
        assert_eq!(pair[0].rows, pair[1].units);
    }
    for (a, b) in run(x, &full, relu).into_iter().zip(run(&kept, &shrunk, relu)) {
        assert!((a - b).abs() < 1e-12, "{a} full, {b} compact");
    }
    small
}

/// Sets the columns of the groups to zero that a bit pattern prunes.
fn prune(layers: &mut [OriginalLayer], mut pattern: u32) {
    for layer in layers {
        for col in 0..layer.cols {
            if pattern & 1 == 1 {
                (0..layer.rows).for_each(|row| layer.weights[row * layer.cols + col] = 0.0);
            }
            pattern >>= 1;
        }
    }
}

#[test]
fn every_group_pattern_of_a_3_4_3_net_computes_what_the_masked_net_computes() {
    let mut numbers = Numbers(1);
    for pattern in 0..1u32 << 7 {
        for relu in [false, true] {
            let mut layers = net(&mut numbers, &[3, 4, 3]);
            prune(&mut layers, pattern);
            let small = same_result(&layers, relu, &[0.5, -1.25, 2.0]);
            let hidden_pruned = (pattern >> 3).count_ones() as usize;
            let inputs_pruned = (pattern & 7).count_ones() as usize;
            let hidden = if inputs_pruned == 3 { 0 } else { 4 - hidden_pruned };
            assert_eq!(small[1].units.kept(), hidden, "pattern {pattern:#b}");
            assert_eq!(small[0].units.kept(), if hidden == 0 { 0 } else { 3 - inputs_pruned }, "pattern {pattern:#b}");
        }
    }
}

#[test]
fn random_weight_masks_of_deeper_nets_compute_what_the_masked_net_computes() {
    let mut numbers = Numbers(2);
    for round in 0..2000 {
        let mut layers = net(&mut numbers, &[3, 4, 4, 3]);
        let keep = 1 + round % 7;
        for weight in layers.iter_mut().flat_map(|layer| &mut layer.weights) {
            if numbers.next() % 8 >= keep {
                *weight = 0.0;
            }
        }
        same_result(&layers, true, &[0.75, -0.5, 1.5]);
    }
}

#[test]
fn a_constant_unit_is_folded_and_a_unit_that_nobody_reads_is_dropped() {
    let first = layer(&[&[1.0, 2.0], &[0.0, 0.0], &[3.0, 4.0]], &[0.1, 0.5, 0.2]);
    let second = layer(&[&[1.0, -4.0, 0.0]], &[10.0]);
    let small = left(&chain(&[2, 3, 1], true), &[first, second]);
    assert_eq!(small[0].rows.flags(), [true, false, false]);
    assert_eq!((small[1].weights.as_slice(), small[1].bias.as_slice()), (&[1.0][..], &[8.0][..]));
}

#[test]
fn nothing_is_removed_across_a_softmax() {
    let mut layers = net(&mut Numbers(3), &[2, 3, 2]);
    prune(&mut layers, 0b10101);
    let graph = graph(Shape::Vector(2), &[(linear(3), &[0]), (Op::Softmax, &[1]), (linear(2), &[2])]);
    let small = left(&graph, &layers);
    assert_eq!((small[0].units.kept(), small[0].rows.kept(), small[1].units.kept()), (1, 3, 3));
}

/// A map is kept if one of its elements is read. All of its columns are stored then.
#[test]
fn a_flattened_map_is_kept_or_removed_as_a_whole() {
    let nodes: [(Op, &[usize]); 4] = [(conv(4, 1, 0), &[0]), (Op::RELU, &[1]), (Op::Flatten, &[2]), (linear(2), &[3])];
    let first = layer(&[&[1.0], &[2.0], &[0.0], &[4.0]], &[0.5, 0.25, 3.0, -1.0]);
    // Four maps of 2 x 2. Read are: one element of map 0, none of map 1, all of map 2 (the constant 3), all of map 3 by one output only.
    let read = layer(
        &[
            &[0.0, 7.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 5.0, 6.0, 7.0, 8.0],
            &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, -1.0, 0.5, 0.0, 0.0, 0.0, 0.0],
        ],
        &[0.125, 1.0],
    );
    let small = left(&graph(image(1, 2), &nodes), &[first, read]);
    assert_eq!(small[0].rows.flags(), [true, false, false, true]);
    assert_eq!((small[0].weights.as_slice(), small[0].bias.as_slice()), (&[1.0, 4.0][..], &[0.5, -1.0][..]));
    assert_eq!(small[1].columns, [0, 1, 2, 3, 12, 13, 14, 15]);
    assert_eq!(small[1].weights, [0.0, 7.0, 0.0, 0.0, 5.0, 6.0, 7.0, 8.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(small[1].bias, [0.125 + 3.0 * 4.0, 1.0 + 3.0 * 1.5]);
    assert_eq!(small[1].columns_used(), 5);
}

/// A convolution without padding folds a constant map: all weights of its window count. With zero padding the map differs at the edges and stays.
#[test]
fn a_constant_map_is_folded_where_no_padding_makes_an_edge() {
    let first = layer(&[&[1.0], &[0.0]], &[0.0, 2.0]);
    let second = layer(&[&[1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 4.0], &[0.0, 0.0, 0.0, 5.0, -1.0, 0.0, 0.0, 0.5]], &[0.5, 0.25]);
    let nodes =
        |padding: usize| -> [(Op, &[usize]); 3] { [(conv(2, 1, 0), &[0]), (Op::RELU, &[1]), (conv(2, 2, padding), &[2])] };
    let small = left(&graph(image(1, 4), &nodes(0)), &[first.clone(), second.clone()]);
    assert_eq!((small[0].rows.flags(), small[1].columns.as_slice()), (&[true, false][..], &[0, 1, 2, 3][..]));
    assert_eq!(small[1].bias, [0.5 + 2.0 * 10.0, 0.25 - 2.0 * 0.5]);
    let small = left(&graph(image(1, 4), &nodes(1)), &[first.clone(), second.clone()]);
    assert_eq!((small[0].rows.kept(), small[1].columns.len(), &small[1].bias), (2, 8, &second.bias));
    // ReLU turns a negative constant into zero, and zero padding does not change a map of zeros.
    let small = left(&graph(image(1, 4), &nodes(1)), &[OriginalLayer { bias: vec![0.0, -2.0], ..first }, second.clone()]);
    assert_eq!((small[0].rows.kept(), small[1].columns.len(), &small[1].bias), (1, 4, &second.bias));
}

#[test]
fn pools_pass_a_constant_on_unless_they_average_over_padding() {
    let padded = Window { padding_before: [1, 1], ..Window::new([2, 2], [2, 2]) };
    let first = layer(&[&[1.0], &[0.0]], &[0.0, 3.0]);
    let second = layer(&[&[1.0, 2.0]], &[0.0]);
    let kept = |pool: Op| {
        let nodes: [(Op, &[usize]); 4] =
            [(conv(2, 1, 0), &[0]), (pool, &[1]), (Op::GlobalAveragePool, &[2]), (conv(1, 1, 0), &[3])];
        let small = left(&graph(image(1, 3), &nodes), &[first.clone(), second.clone()]);
        (small[0].rows.kept(), small[1].bias[0])
    };
    assert_eq!(kept(Op::Pool(Pool { kind: PoolKind::Max, window: padded })), (1, 6.0));
    assert_eq!(kept(Op::Pool(Pool { kind: PoolKind::Average, window: padded })), (1, 6.0));
    assert_eq!(kept(Op::Pool(Pool { kind: PoolKind::AverageIncludingPadding, window: padded })), (2, 0.0));
    let window = Window::new([2, 2], [1, 1]);
    assert_eq!(kept(Op::Pool(Pool { kind: PoolKind::AverageIncludingPadding, window })), (1, 6.0));
}

/// A sum keeps a channel on both sides if either side needs it. A channel that is constant on both sides is folded as the sum.
#[test]
fn added_values_keep_the_same_channels() {
    let nodes: [(Op, &[usize]); 5] =
        [(conv(4, 1, 0), &[0]), (conv(4, 1, 0), &[0]), (Op::Add, &[1, 2]), (Op::Flatten, &[3]), (linear(1), &[4])];
    // Channel 0 varies on the left, 1 on the right; 2 is constant on both; 3 is not read.
    let a = layer(&[&[1.0], &[0.0], &[0.0], &[1.0]], &[0.5, 0.25, 2.0, 1.0]);
    let b = layer(&[&[0.0], &[3.0], &[0.0], &[1.0]], &[0.5, 0.0, -0.5, 1.0]);
    let read = layer(&[&[1.0, 2.0, 3.0, 0.0]], &[0.0]);
    let small = left(&graph(image(1, 1), &nodes), &[a, b, read]);
    for compact in &small[..2] {
        assert_eq!(compact.rows.flags(), [true, true, false, false]);
    }
    assert_eq!((small[0].bias.as_slice(), small[1].bias.as_slice()), (&[0.5, 0.25][..], &[0.5, 0.0][..]));
    assert_eq!((small[2].weights.as_slice(), small[2].bias.as_slice()), (&[1.0, 2.0][..], &[3.0 * 1.5][..]));
}

/// A block whose output is added to its input reads and makes the same channels. So a channel may be needed only because the block reads it.
#[test]
fn a_residual_block_needs_what_it_reads_itself() {
    let nodes: [(Op, &[usize]); 4] = [(linear(3), &[0]), (linear(3), &[1]), (Op::Add, &[1, 2]), (linear(1), &[3])];
    let first = layer(&[&[1.0], &[2.0], &[3.0]], &[0.0; 3]);
    let block = layer(&[&[0.0, 5.0, 0.0], &[0.0, 0.0, 0.0], &[1.0, 0.0, 0.0]], &[0.0; 3]);
    let last = layer(&[&[1.0, 0.0, 0.0]], &[0.0]);
    let small = left(&graph(Shape::Vector(1), &nodes), &[first, block, last]);
    // The output reads channel 0, which the block computes from channel 1. Channel 2 reads channel 0, but nothing reads channel 2.
    assert_eq!(small[1].rows.flags(), [true, true, false]);
    assert_eq!((small[0].rows.kept(), small[1].weights.as_slice()), (2, &[0.0, 5.0, 0.0, 0.0][..]));
}

#[test]
fn concatenated_values_have_their_masks_side_by_side() {
    let nodes: [(Op, &[usize]); 4] =
        [(conv(2, 1, 0), &[0]), (conv(3, 2, 0), &[0]), (Op::GlobalAveragePool, &[1]), (Op::GlobalAveragePool, &[2])];
    let more: [(Op, &[usize]); 3] = [(Op::Concat, &[3, 4]), (Op::Flatten, &[5]), (linear(1), &[6])];
    let a = layer(&[&[1.0], &[2.0]], &[0.0, 0.0]);
    let b = layer(&[&[1.0; 4], &[0.0; 4], &[3.0; 4]], &[0.0, -4.0, 0.5]);
    let read = layer(&[&[0.0, 1.0, 0.0, 0.5, 2.0]], &[1.0]);
    let small = left(&graph(image(1, 2), &[&nodes[..], &more[..]].concat()), &[a, b, read]);
    assert_eq!((small[0].rows.flags(), small[1].rows.flags()), (&[false, true][..], &[false, false, true][..]));
    assert_eq!((small[2].units.flags(), small[2].bias[0]), (&[false, true, false, false, true][..], -1.0));
}

#[test]
fn a_convolution_in_groups_keeps_its_channels() {
    let Op::Conv2d(grouped) = conv(2, 1, 0) else { unreachable!() };
    let nodes: [(Op, &[usize]); 3] =
        [(conv(2, 1, 0), &[0]), (Op::Conv2d(Conv2d { groups: 2, ..grouped }), &[1]), (conv(1, 1, 0), &[2])];
    let first = layer(&[&[0.0], &[1.0]], &[1.0, 0.0]);
    let small = left(&graph(image(1, 2), &nodes), &[first, layer(&[&[1.0], &[0.0]], &[0.0, 2.0]), layer(&[&[0.0, 1.0]], &[0.0])]);
    assert_eq!((small[0].rows.kept(), small[1].rows.kept(), small[2].columns.len()), (2, 2, 2));
    assert_eq!(small[1].weights, [1.0, 0.0]);
}

/// Folding applies affine tables and activations to a constant.
#[test]
fn a_constant_passes_through_functions() {
    let sigmoid = Op::Activation(crate::graph::Activation::Sigmoid);
    let nodes: [(Op, &[usize]); 4] = [(linear(2), &[0]), (Op::Affine, &[1]), (sigmoid, &[2]), (linear(1), &[3])];
    let affine = crate::posterior::AffineTensors { scale: vec![1.0, -2.0], offset: vec![0.0, 6.0] };
    let graph = graph(Shape::Vector(1), &nodes);
    let layers = [layer(&[&[1.0], &[0.0]], &[0.0, 3.0]), layer(&[&[1.0, 4.0]], &[0.0])];
    let affines = [affine];
    let small = shrink(&OriginalNetwork::of_graph(&graph, &affines), &layers).layers;
    assert_eq!((small[0].rows.flags(), small[1].bias[0]), (&[true, false][..], 4.0 * 0.5), "sigmoid(-2 * 3 + 6) is one half");
}
