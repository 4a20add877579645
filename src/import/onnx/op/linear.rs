//! Products with a constant matrix.

use crate::base::error::Result;
use crate::graph::{Conv2d, Linear, Op, Window};
use crate::import::draft::{Layer, Tensors};
use crate::import::error::{damaged, unsupported};
use crate::import::onnx::at::At;
use crate::import::onnx::tensor::Tensor;
use crate::import::view::View;
use crate::tensor::Shape;
use std::rc::Rc;

/// A matrix as the file has it, and how its elements are found.
struct Matrix {
    values: Vec<f32>,
    inputs: usize,
    outputs: usize,
    /// Whether a row belongs to an output.
    by_output: bool,
}

impl Matrix {
    fn new(tensor: &Tensor, by_output: bool) -> Result<Self> {
        let (rows, cols) = match *tensor.dims.as_slice() {
            [rows, cols] | [1, rows, cols] | [1, 1, rows, cols] => (rows, cols),
            [rows] => (rows, 1),
            _ => return Err(unsupported(format!("a constant of the dimensions {:?}; a matrix is read", tensor.dims))),
        };
        let (inputs, outputs) = if by_output { (cols, rows) } else { (rows, cols) };
        Ok(Self { values: tensor.floats(), inputs, outputs, by_output })
    }

    fn at(&self, input: usize, output: usize) -> f32 {
        let (row, col, cols) = if self.by_output { (output, input, self.inputs) } else { (input, output, self.outputs) };
        self.values.get(row.saturating_mul(cols).saturating_add(col)).copied().unwrap_or(0.0)
    }

    /// The weights `[outputs, inputs]`, where the input that the file has at `j` is at `places[j]`.
    fn weights(&self, places: &[usize]) -> Vec<f32> {
        let mut from: Vec<usize> = (0..self.inputs).collect();
        for (file, &network) in places.iter().enumerate() {
            if let Some(from) = from.get_mut(network) {
                *from = file;
            }
        }
        (0..self.outputs).flat_map(|output| from.iter().map(move |&input| self.at(input, output))).collect()
    }
}

/// `Gemm`: `alpha * A B + beta * C`.
pub(super) fn gemm(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.data(0)?;
    if at.node.flag("transA", false)? {
        return Err(unsupported("it transposes its first input, which mixes samples"));
    }
    let mut matrix = Matrix::new(&*at.constant(1)?, at.node.flag("transB", false)?)?;
    let (alpha, beta) = (at.node.float("alpha", 1.0)?, at.node.float("beta", 1.0)?);
    matrix.values.iter_mut().for_each(|value| *value *= alpha);
    let bias = match at.optional_constant(2)?.map(|bias| bias.floats()) {
        None => vec![0.0; matrix.outputs],
        Some(bias) => match *bias.as_slice() {
            [one] => vec![one * beta; matrix.outputs],
            _ if bias.len() == matrix.outputs => bias.iter().map(|value| value * beta).collect(),
            _ => return Err(damaged(format!("{} biases for {} outputs", bias.len(), matrix.outputs))),
        },
    };
    product(at, &view, &matrix, bias)
}

/// `MatMul`: the second factor is a constant.
pub(super) fn mat_mul(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.data(0)?;
    let matrix = Matrix::new(&*at.constant(1)?, false)?;
    let bias = vec![0.0; matrix.outputs];
    product(at, &view, &matrix, bias)
}

fn product(at: &mut At<'_, '_>, view: &View, matrix: &Matrix, bias: Vec<f32>) -> Result<View> {
    let Matrix { inputs, outputs, .. } = *matrix;
    let Some((&last, leading)) = view.dims.split_last().filter(|(last, _)| **last == inputs) else {
        return Err(damaged(format!("a matrix of {inputs} inputs for a value of the dimensions {:?}", view.dims)));
    };
    at.lower.budget.charge(inputs.saturating_mul(outputs))?;
    let dims = [leading, &[outputs]].concat();
    let shape = at.shape(view);
    let name = at.name();
    if leading.iter().all(|&dim| dim == 1) {
        let places = if view.is_in_order(shape) { Vec::new() } else { view.places(shape) };
        let layer = Layer { rows: outputs, per_row: vec![inputs], weight: Rc::new(matrix.weights(&places)), bias };
        let value = at.vector(view.value)?;
        let made = at.lower.draft.push(name, Op::Linear(Linear::dense(outputs)), &[value], Tensors::Layer(layer))?;
        return Ok(View::new(made, at.lower.draft.shape(made), dims));
    }
    // The same matrix at every place of an image is a convolution of 1x1, if it maps channels.
    let is_channel = view.axes(shape).is_some_and(|axes| axes.last() == Some(&Some(0)));
    if !is_channel || !matches!(shape, Shape::Image { .. }) {
        let message =
            format!("a matrix of {last} inputs for the dimensions {:?}: only channels and whole samples are mapped", view.dims);
        return Err(unsupported(message));
    }
    let layer = Layer { rows: outputs, per_row: vec![inputs, 1, 1], weight: Rc::new(matrix.weights(&[])), bias };
    let op = Op::Conv2d(Conv2d { linear: Linear::dense(outputs), window: Window::new([1, 1], [1, 1]), groups: 1 });
    let made = at.lower.draft.push(name, op, &[view.value], Tensors::Layer(layer))?;
    Ok(View { dims, ..view.of(made) })
}
