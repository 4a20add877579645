//! Functions of each element, and softmax.

use super::affine::uniform;
use crate::base::error::Result;
use crate::graph::{Activation, Op};
use crate::import::draft::Tensors;
use crate::import::error::{damaged, unsupported};
use crate::import::onnx::at::{At, Value};
use crate::import::onnx::shape;
use crate::import::view::View;
use crate::tensor::Shape;

/// An operator that is an activation. `None` if it is none of the network's.
pub(super) fn activation(at: &mut At<'_, '_>) -> Result<Option<View>> {
    let activation = match at.node.op {
        "Relu" => Activation::Relu,
        "LeakyRelu" => Activation::LeakyRelu { slope: at.node.float("alpha", 0.01)? },
        "Sigmoid" => Activation::Sigmoid,
        "Tanh" => Activation::Tanh,
        "HardSwish" => Activation::HardSwish,
        "HardSigmoid" => Activation::HardSigmoid { alpha: at.node.float("alpha", 0.2)?, beta: at.node.float("beta", 0.5)? },
        "Clip" => {
            let bound = |at: &mut At<'_, '_>, i: usize, name: &str, usual: f32| match at.optional_constant(i)? {
                Some(tensor) => tensor.scalar().ok_or_else(|| damaged(format!("its {name} is no number"))),
                None => at.node.float(name, usual),
            };
            let (min, max) = (bound(at, 1, "min", f32::MIN)?, bound(at, 2, "max", f32::MAX)?);
            clip(min, max)
        }
        _ => return Ok(None),
    };
    let view = at.data(0)?;
    add(at, &view, activation).map(Some)
}

/// The clip of two bounds, infinite ones as the greatest number.
fn clip(min: f32, max: f32) -> Activation {
    let (min, max) = (min.max(f32::MIN), max.min(f32::MAX));
    if min == 0.0 && max == f32::MAX { Activation::Relu } else { Activation::Clip { min: min + 0.0, max: max + 0.0 } }
}

fn add(at: &mut At<'_, '_>, view: &View, activation: Activation) -> Result<View> {
    Ok(view.of(at.lower.draft.plain(at.name(), Op::Activation(activation), view.value)?))
}

/// `Max` and `Min` with a constant number.
pub(super) fn bound(at: &mut At<'_, '_>) -> Result<View> {
    let refuse = || unsupported("only the greater or the smaller of a value and one constant number is run");
    let (view, constant) = match (at.input(0)?, at.input(1)?) {
        (Value::Data(view), Value::Constant(constant)) | (Value::Constant(constant), Value::Data(view)) => (view, constant),
        _ => return Err(refuse()),
    };
    let bound = constant.scalar().filter(|_| at.node.inputs.len() == 2 && !view.is_padded()).ok_or_else(refuse)?;
    let activation = if at.node.op == "Max" { clip(bound, f32::MAX) } else { clip(f32::MIN, bound) };
    add(at, &view, activation)
}

/// `PRelu` as `relu(x) - slope * relu(-x)`, or as a leaky ReLU where all slopes are equal.
pub(super) fn prelu(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.data(0)?;
    let mut slope = (*at.constant(1)?).clone();
    let slopes = slope.floats();
    if let Some(&first) = slopes.first()
        && slopes.iter().all(|&slope| slope == first)
    {
        return add(at, &view, Activation::LeakyRelu { slope: first + 0.0 });
    }
    let positive = add(at, &view, Activation::Relu)?;
    let negated = uniform(at, &view, -1.0, 0.0)?;
    let negative = add(at, &negated, Activation::Relu)?;
    slope.data = crate::import::onnx::tensor::Data::Float(slopes.iter().map(|slope| -slope).collect());
    let scaled = super::affine::affine(at, &negative, &slope, &super::affine::one(0.0))?;
    let sum = at.lower.draft.push(at.name(), Op::Add, &[positive.value, scaled.value], Tensors::None)?;
    Ok(view.of(sum))
}

/// `Softmax` over all elements of a sample.
pub(super) fn softmax(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.data(0)?;
    let joins_rest = at.lower.opset < 13; // the axes from the given one on are one
    let axis = shape::axis(at.node.integer("axis", if joins_rest { 1 } else { -1 })?, view.dims.len())?;
    let own = at.shape(&view);
    let joined = view.dims.iter().skip(axis).take(if joins_rest { usize::MAX } else { 1 }).product::<usize>();
    if joined != own.elements() {
        return Err(unsupported(format!(
            "softmax of the dimensions {:?} along axis {axis}: only one over all elements is run",
            view.dims
        )));
    }
    if !view.is_in_order(own) {
        return Err(unsupported("softmax of a value that was flattened in another order"));
    }
    let value = at.vector(view.value)?;
    let made = at.lower.draft.plain(at.name(), Op::Softmax, value)?;
    Ok(View::new(made, Shape::Vector(own.elements()), view.dims))
}
