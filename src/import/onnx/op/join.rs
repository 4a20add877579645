//! Operators of two and more inputs: arithmetic with constants and between values, and concatenation.

use super::affine::{affine, one, shifted_relu6, uniform};
use crate::base::error::Result;
use crate::graph::{Activation, Op, Reshape};
use crate::import::draft::Tensors;
use crate::import::error::{damaged, unsupported};
use crate::import::onnx::at::{At, Value};
use crate::import::onnx::shape;
use crate::import::onnx::tensor::{Data, Tensor};
use crate::import::view::View;
use crate::tensor::Shape;

/// `Add`, `Sub`, `Mul`, `Div` and `Sum`.
pub(super) fn arithmetic(at: &mut At<'_, '_>) -> Result<View> {
    if at.node.inputs.len() != 2 {
        return Err(unsupported("it has a number of inputs that is not two"));
    }
    let (a, b) = (at.input(0)?, at.input(1)?);
    if [&a, &b].iter().any(|value| matches!(value, Value::Data(view) if view.is_padded())) {
        return Err(unsupported("it reads a padded value; only convolutions and pooling pad"));
    }
    match (at.node.op, &a, &b) {
        ("Add" | "Sum", Value::Data(view), Value::Constant(c)) | ("Add" | "Sum", Value::Constant(c), Value::Data(view)) => {
            affine(at, view, &one(1.0), c)
        }
        ("Sub", Value::Data(view), Value::Constant(c)) => affine(at, view, &one(1.0), &mapped(c, |x| -x)),
        ("Sub", Value::Constant(c), Value::Data(view)) => affine(at, view, &one(-1.0), c),
        ("Mul", Value::Data(view), Value::Constant(c)) | ("Mul", Value::Constant(c), Value::Data(view)) => {
            affine(at, view, c, &one(0.0))
        }
        ("Div", Value::Data(view), Value::Constant(c)) => affine(at, view, &mapped(c, f32::recip), &one(0.0)),
        ("Add" | "Sum", Value::Data(a), Value::Data(b)) => sum(at, a, b),
        ("Sub", Value::Data(a), Value::Data(b)) => {
            let b = uniform(at, b, -1.0, 0.0)?;
            sum(at, a, &b)
        }
        ("Mul", Value::Data(a), Value::Data(b)) => product(at, a, b),
        _ => Err(unsupported("it divides by a computed value")),
    }
}

fn mapped(tensor: &Tensor, function: fn(f32) -> f32) -> Tensor {
    Tensor { dims: tensor.dims.clone(), data: Data::Float(tensor.floats().into_iter().map(function).collect()) }
}

fn sum(at: &mut At<'_, '_>, a: &View, b: &View) -> Result<View> {
    let (shape_a, shape_b) = (at.shape(a), at.shape(b));
    if shape::broadcast(&a.dims, &b.dims)? != a.dims || shape_a.elements() != shape_b.elements() {
        return Err(unsupported(format!("it adds values of the dimensions {:?} and {:?}; they must be equal", a.dims, b.dims)));
    }
    let name = at.name();
    let same_order = shape_a == shape_b && a.order == b.order;
    let other = match (same_order, a.is_in_order(shape_a) && b.is_in_order(shape_b)) {
        (true, _) => b.value,
        (false, true) if shape_a == shape_b => b.value,
        (false, true) => {
            at.lower.draft.push(&format!("{name}/reshape"), Op::Reshape(Reshape(shape_a)), &[b.value], Tensors::None)?
        }
        (false, false) => return Err(unsupported("it adds two values whose axes have different orders")),
    };
    Ok(a.of(at.lower.draft.push(name, Op::Add, &[a.value, other], Tensors::None)?))
}

/// A product of two values, if it is a hard swish: `x * hard_sigmoid(x)`, or six times one: `x * clip(x + 3, 0, 6)`.
fn product(at: &mut At<'_, '_>, a: &View, b: &View) -> Result<View> {
    let (name, draft) = (at.name(), &mut at.lower.draft);
    for (x, gate) in [(a, b), (b, a)] {
        let activation = draft.as_activation(gate.value);
        if let Some((Activation::HardSigmoid { alpha, beta: 0.5 }, of)) = activation
            && of == x.value
            && (alpha * 6.0 - 1.0).abs() < 1e-6
        {
            return Ok(x.of(draft.plain(name, Op::Activation(Activation::HardSwish), x.value)?));
        }
        if shifted_relu6(draft, gate.value) == Some(x.value) {
            let view = x.of(draft.plain(name, Op::Activation(Activation::HardSwish), x.value)?);
            return uniform(at, &view, 6.0, 0.0);
        }
        if matches!(activation, Some((Activation::Sigmoid, of)) if of == x.value) {
            return Err(unsupported("x * sigmoid(x), which is SiLU, is not run; train with hard_swish or relu in its place"));
        }
    }
    Err(unsupported("it multiplies two computed values, such as a gate; that is not run"))
}

/// `Concat` of computed values along their channels or features.
pub(super) fn concat(at: &mut At<'_, '_>) -> Result<View> {
    let mut views = Vec::new();
    for i in 0..at.node.inputs.len() {
        views.push(at.data(i)?);
    }
    let Some(first) = views.first().cloned() else { return Err(damaged("it has no inputs")) };
    if views.len() == 1 {
        return Ok(first);
    }
    let rank = first.dims.len();
    let axis = shape::axis(at.node.integer("axis", 1)?, rank)?;
    if axis == 0 || views.iter().any(|view| view.dims.len() != rank) {
        return Err(unsupported("it joins along the batch, or values of different ranks"));
    }
    // With the joined axis first, the others in their order, each value must be an image or a vector of the network.
    let others = (1..rank).filter(|&i| i != axis);
    let permutation: Vec<usize> = [0, axis].into_iter().chain(others).collect();
    let mut values = Vec::new();
    for view in &views {
        let shape = at.shape(view);
        let moved = view.transpose(shape, &permutation)?;
        let value = match rank {
            2 if moved.is_in_order(shape) => at.vector(moved.value)?,
            2 => return Err(unsupported("it joins values that were flattened in another order")),
            _ => at.image(&moved)?.0,
        };
        values.push(value);
    }
    let made = at.lower.draft.push(at.name(), Op::Concat, &values, Tensors::None)?;
    let shape = at.lower.draft.shape(made);
    let view = match shape {
        Shape::Vector(features) => View::new(made, shape, vec![1, features]),
        Shape::Image { .. } => at.image_view(made, &first),
    };
    let mut back: Vec<usize> = (0..rank).collect();
    back.sort_by_key(|&i| permutation.get(i));
    view.transpose(shape, &back)
}
