//! Which weights can influence the output: those on a path of weights that are not zero, from an input to an output.
//!
//! A file may store more: zeros for pruned inputs between kept ones, or a unit that quantization has disconnected. The number of used weights
//! does not depend on what the layout of a file had to store.

use crate::base::error::Result;
use crate::graph::op::Dependence;
use crate::graph::{Node, Op};
use crate::measure::twins::check_expandable;
use crate::model::Model;
use crate::tensor::Shape;

/// The used part of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedLayer {
    /// The number of used weights. Each is not zero, its input depends on the network's input, and its output reaches the network's output.
    pub weights: u64,
    /// Inputs with such a weight: columns of a linear layer, channels of a convolution.
    pub inputs: usize,
    /// Outputs with such a weight: rows of a linear layer, maps of a convolution.
    pub outputs: usize,
    /// Whether the layer is a convolution.
    pub is_conv: bool,
}

/// The used part of each layer of [`Model::layers`], in order. Softmax and reshape connect all units of a value with each other.
///
/// # Errors
/// `limit` when the sparse layers are too large to be expanded.
pub fn used(model: &Model) -> Result<Vec<UsedLayer>> {
    check_expandable(model)?;
    let weights: Vec<Vec<bool>> =
        (0..model.layers().len()).map(|i| model.weights(i).decode().iter().map(|&weight| weight != 0.0).collect()).collect();
    let (varies, read) = (varies(model, &weights), read(model, &weights));
    let layers = model.layers().iter().zip(&weights);
    Ok(layers
        .map(|(layer, weights)| {
            let node = &model.graph().nodes()[layer.node];
            let map = LayerMap::new(model, node, layer.linear.rows, layer.cols);
            let (varies, read) = (&varies[node.input()], &read[layer.node + 1]);
            let (mut inputs, mut outputs) = (vec![false; varies.len()], vec![false; read.len()]);
            let mut count = 0;
            for (row, input) in map.connections(weights).filter(|&(row, input)| read[row] && varies[input]) {
                count += 1;
                (inputs[input], outputs[row]) = (true, true);
            }
            let is_conv = matches!(node.op, Op::Conv2d(_));
            UsedLayer { weights: count, inputs: kept(&inputs), outputs: kept(&outputs), is_conv }
        })
        .collect())
}

/// The used architecture in the notation of the papers: the inputs of each linear layer and the output maps of each convolution, such as
/// `8-13-88-13`.
#[must_use]
pub fn architecture(layers: &[UsedLayer]) -> String {
    let number = |layer: &UsedLayer| if layer.is_conv { layer.outputs } else { layer.inputs };
    layers.iter().map(|layer| number(layer).to_string()).collect::<Vec<_>>().join("-")
}

fn kept(flags: &[bool]) -> usize {
    flags.iter().filter(|&&flag| flag).count()
}

/// The mapping from the columns of a layer's weights to the units of its input.
struct LayerMap {
    cols: usize,
    columns_per_input: usize,
    /// Rows, and input units, of each channel group of a convolution.
    rows_per_group: usize,
    inputs_per_group: usize,
}

impl LayerMap {
    fn new(model: &Model, node: &Node, rows: usize, cols: usize) -> Self {
        let groups = if let Op::Conv2d(conv) = node.op { conv.groups } else { 1 };
        let inputs = units(model.graph().shape(node.input()));
        Self {
            cols: cols.max(1),
            columns_per_input: node.op.columns_per_input(),
            rows_per_group: rows / groups,
            inputs_per_group: inputs / groups,
        }
    }

    /// The row and the input unit of every weight that is not zero.
    fn connections<'a>(&'a self, weights: &'a [bool]) -> impl Iterator<Item = (usize, usize)> + 'a {
        weights.iter().enumerate().filter(|&(_, &weight)| weight).map(|(i, _)| {
            let (row, col) = (i / self.cols, i % self.cols);
            (row, row / self.rows_per_group * self.inputs_per_group + col / self.columns_per_input)
        })
    }
}

/// The number of units of a value: channels of an image, features of a vector.
fn units(shape: Shape) -> usize {
    shape.affine_channels()
}

/// For each value, the units that depend on the network's input.
fn varies(model: &Model, weights: &[Vec<bool>]) -> Vec<Vec<bool>> {
    let graph = model.graph();
    let mut values = vec![vec![true; units(graph.shape(0))]];
    let mut layers = model.layers().iter().zip(weights);
    for (i, node) in graph.nodes().iter().enumerate() {
        let (from, to) = (graph.shape(node.input()), graph.shape(i + 1));
        let input = &values[node.input()];
        let value = match node.op.dependence() {
            Dependence::Weighted | Dependence::Grouped => {
                let (layer, weights) = layers.next().expect("invariant: a layer for each node with weights");
                let map = LayerMap::new(model, node, layer.linear.rows, layer.cols);
                let mut rows = vec![false; units(to)];
                map.connections(weights).for_each(|(row, unit)| rows[row] |= input[unit]);
                rows
            }
            Dependence::Same => node.inputs.iter().skip(1).fold(input.clone(), |flags, &value| either(&flags, &values[value])),
            Dependence::Joined => node.inputs.iter().flat_map(|&value| values[value].iter().copied()).collect(),
            Dependence::Split => split(from, to, input),
            Dependence::Mixed => vec![input.contains(&true); units(to)],
        };
        values.push(value);
    }
    values
}

/// For each value, the units that reach the network's output.
fn read(model: &Model, weights: &[Vec<bool>]) -> Vec<Vec<bool>> {
    let graph = model.graph();
    let mut values: Vec<Vec<bool>> = graph.shapes().iter().map(|&shape| vec![false; units(shape)]).collect();
    if let Some(output) = values.last_mut() {
        output.fill(true);
    }
    let mut layers = model.layers().iter().zip(weights).rev();
    for (i, node) in graph.nodes().iter().enumerate().rev() {
        let (from, to) = (graph.shape(node.input()), graph.shape(i + 1));
        let output = std::mem::take(&mut values[i + 1]);
        match node.op.dependence() {
            Dependence::Weighted | Dependence::Grouped => {
                let (layer, weights) = layers.next().expect("invariant: a layer for each node with weights");
                let map = LayerMap::new(model, node, layer.linear.rows, layer.cols);
                let input = &mut values[node.input()];
                map.connections(weights).for_each(|(row, unit)| input[unit] |= output[row]);
            }
            Dependence::Same => node.inputs.iter().for_each(|&value| values[value] = either(&values[value], &output)),
            Dependence::Joined => {
                let mut rest = output.as_slice();
                for &value in &node.inputs {
                    let (part, after) = rest.split_at(values[value].len());
                    (values[value], rest) = (either(&values[value], part), after);
                }
            }
            Dependence::Split => values[node.input()] = either(&values[node.input()], &split(to, from, &output)),
            Dependence::Mixed => values[node.input()].iter_mut().for_each(|flag| *flag |= output.contains(&true)),
        }
        values[i + 1] = output;
    }
    values
}

fn either(a: &[bool], b: &[bool]) -> Vec<bool> {
    a.iter().zip(b).map(|(&a, &b)| a || b).collect()
}

/// The flags of one side of a flatten from those of the other: one side has whole maps, the other their elements.
fn split(from: Shape, to: Shape, flags: &[bool]) -> Vec<bool> {
    let per_unit = |shape: Shape| (shape.elements() / units(shape).max(1)).max(1);
    if per_unit(from) >= per_unit(to) {
        (0..units(to)).map(|element| flags[element / per_unit(from)]).collect()
    } else {
        flags.chunks(per_unit(to)).map(|map| map.contains(&true)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;
    use crate::content::{Contents, LayerTables, Tables};
    use crate::encoding::dense;
    use crate::format::write;
    use crate::graph::{Conv2d, GraphBuilder, InputSpec, Linear, Window};
    use crate::tensor::Dtype;

    /// A model of `ops`, whose layers take `weights` in order.
    fn model(input: Shape, ops: &[Op], weights: &[(usize, Vec<f32>)]) -> Model {
        let input = InputSpec { dtype: Dtype::F32, shape: input, kept: None };
        let mut builder = GraphBuilder::new(input, &Limits::DEFAULT).unwrap();
        ops.iter().enumerate().for_each(|(i, &op)| builder.push(Node::new(op, i)).unwrap());
        let layers: Vec<_> = weights.iter().map(|(rows, w)| dense::encode_f32(*rows, w.len() / rows, w)).collect();
        let channels = input.shape.channels();
        let tables = Tables {
            input_scale: vec![1.0; channels],
            input_offset: vec![0.0; channels],
            input_mask: None,
            layers: layers.iter().map(|layer| LayerTables::of(layer, vec![0.5; layer.rows])).collect(),
            affines: Vec::new(),
        };
        let file = write(&Contents { graph: builder.finish().unwrap(), tables, layers, origin: None }).unwrap();
        Model::from_bytes(&file, &Limits::DEFAULT).unwrap()
    }

    #[test]
    fn weights_of_constant_and_of_unread_units_do_not_count() {
        let linear = |rows| Op::Linear(Linear::dense(rows));
        // Unit 1 of the hidden layer has no weights, unit 2 is not read; input 2 is read by unit 2 alone.
        let first = vec![1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 4.0];
        let second = vec![5.0, 6.0, 0.0, 7.0, 0.0, 0.0];
        let model = model(Shape::Vector(3), &[linear(3), Op::RELU, linear(2)], &[(3, first), (2, second)]);
        let layers = used(&model).unwrap();
        let layer = |weights, inputs, outputs| UsedLayer { weights, inputs, outputs, is_conv: false };
        assert_eq!(layers, [layer(2, 2, 1), layer(2, 1, 2)]);
        assert_eq!(architecture(&layers), "2-1");
    }

    #[test]
    fn a_map_counts_when_one_of_its_elements_is_read() {
        let window = Window::new([2, 2], [1, 1]);
        let conv = Op::Conv2d(Conv2d { linear: Linear::dense(3), window, groups: 1 });
        // 3 maps of 2x2: of the first one element is read, of the second none, of the third all.
        let kernels: Vec<f32> = (1..=12).map(|i| i as f32).collect();
        let mut output = vec![0.0; 12];
        [2, 8, 9, 10, 11].iter().for_each(|&i| output[i] = 1.0);
        let image = Shape::Image { channels: 1, height: 3, width: 3 };
        let model = model(image, &[conv, Op::Flatten, Op::Linear(Linear::dense(1))], &[(3, kernels), (1, output)]);
        let layers = used(&model).unwrap();
        assert_eq!(layers[0], UsedLayer { weights: 8, inputs: 1, outputs: 2, is_conv: true });
        assert_eq!(layers[1], UsedLayer { weights: 5, inputs: 5, outputs: 1, is_conv: false });
        assert_eq!(architecture(&layers), "2-5");
    }
}
