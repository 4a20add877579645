//! Computes what depends on constants alone: shapes, and weights that a file prepares from others.

mod arithmetic;
mod order;

use super::at::{At, Value};
use super::shape;
use super::tensor::{Data, Tensor, elements};
use crate::base::error::Result;
use crate::import::error::{damaged, unsupported};
use std::rc::Rc;

/// The value of a node whose inputs are constants. `None` if one depends on the sample.
///
/// # Errors
/// `unsupported` when the operator is not computed on constants; `import`, `limit`.
pub(super) fn fold(at: &mut At<'_, '_>) -> Result<Option<Tensor>> {
    match at.node.op {
        "Constant" => {
            let value = at.node.constant(&mut at.lower.budget)?;
            return value.map(Some).ok_or_else(|| unsupported("a constant that is neither a tensor nor a list of numbers"));
        }
        "Shape" => return shape_of(at).map(Some),
        _ => {}
    }
    let mut inputs = Vec::new();
    for i in 0..at.node.inputs.len() {
        match at.optional(i)? {
            Some(Value::Data(_)) => return Ok(None),
            Some(Value::Constant(tensor)) => inputs.push(Some(tensor)),
            None => inputs.push(None),
        }
    }
    let Some(Some(first)) = inputs.first().cloned() else {
        return Err(unsupported("it has no inputs, so its result is chosen at run time"));
    };
    compute(at, &first, &inputs).map(Some)
}

/// `Shape`, of any value.
fn shape_of(at: &mut At<'_, '_>) -> Result<Tensor> {
    let dims = match at.input(0)? {
        Value::Constant(tensor) => tensor.dims.clone(),
        Value::Data(view) => view.dims,
    };
    let rank = i64::try_from(dims.len()).unwrap_or(i64::MAX);
    let clamp = |i: i64| usize::try_from(if i < 0 { i.saturating_add(rank) } else { i }.clamp(0, rank)).unwrap_or(0);
    let (start, end) = (clamp(at.node.integer("start", 0)?), clamp(at.node.integer("end", rank)?));
    let part = dims.get(start..end).unwrap_or_default();
    Ok(Tensor::integers(part.iter().map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX)).collect()))
}

fn compute(at: &mut At<'_, '_>, first: &Tensor, inputs: &[Option<Rc<Tensor>>]) -> Result<Tensor> {
    let count = inputs.iter().flatten().map(|tensor| tensor.len()).max().unwrap_or(0);
    at.lower.budget.charge(count)?;
    let second = || match inputs.get(1) {
        Some(Some(tensor)) => Ok(tensor),
        _ => Err(damaged("it has no input 1")),
    };
    let dims = |dims: Vec<usize>| Ok(Tensor { dims, data: first.data.clone() });
    match at.node.op {
        "Identity" | "Dropout" => Ok(first.clone()),
        "Cast" => cast(first, at.node.integer("to", 1)?),
        "Reshape" => {
            let target = second()?.as_integers().ok_or_else(|| damaged("the target shape is not of integers"))?;
            dims(shape::reshape(&first.dims, target, at.node.flag("allowzero", false)?, None)?)
        }
        "Flatten" => dims(shape::flatten(&first.dims, at.node.integer("axis", 1)?)?),
        "Squeeze" => dims(shape::squeeze(&first.dims, at.axes(1)?.as_deref())?),
        "Unsqueeze" => {
            let axes = at.axes(1)?.ok_or_else(|| damaged("it has no axes"))?;
            dims(shape::unsqueeze(&first.dims, &axes)?)
        }
        "Transpose" => order::transpose(at, first),
        "Concat" => order::concat(at, inputs),
        "Gather" => order::gather(at, first, second()?),
        "Slice" => order::slice(at, first),
        "Expand" => order::expand(at, first, second()?),
        "ConstantOfShape" => filled(at, first),
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Min" | "Max" => arithmetic::binary(at, first, second()?),
        "Neg" | "Sqrt" | "Reciprocal" | "Floor" | "Ceil" | "Abs" | "Exp" => arithmetic::unary(at.node.op, first),
        "DequantizeLinear" => arithmetic::dequantize(at, first, inputs),
        _ => Err(unsupported(
            "its inputs are constants, and it is not computed on constants; onnxsim or onnxruntime's offline optimisation fold it",
        )),
    }
}

/// `Cast`: floats stay 32-bit floats, integers 64-bit integers.
#[allow(clippy::as_conversions)] // towards zero, as the standard says; out of range it does not
fn cast(tensor: &Tensor, to: i64) -> Result<Tensor> {
    let data = match (&tensor.data, to) {
        (Data::Integer(_), 1 | 10 | 11 | 16) => Data::Float(tensor.floats()),
        (Data::Float(values), 6 | 7) => Data::Integer(values.iter().map(|&value| value as i64).collect()),
        (Data::Float(_), 1 | 10 | 11 | 16) | (Data::Integer(_), 6 | 7 | 12 | 13) => tensor.data.clone(),
        _ => return Err(unsupported(format!("it casts a constant to {}", super::tensor::type_name(to)))),
    };
    Ok(Tensor { dims: tensor.dims.clone(), data })
}

/// `ConstantOfShape`.
fn filled(at: &mut At<'_, '_>, shape: &Tensor) -> Result<Tensor> {
    let dims: Option<Vec<usize>> =
        shape.as_integers().and_then(|dims| dims.iter().map(|&dim| usize::try_from(dim).ok()).collect());
    let dims = dims.ok_or_else(|| damaged("the shape is not one of integers from 0 up"))?;
    let count = elements(&dims)?;
    at.lower.budget.charge(count)?;
    let value = at.node.tensor("value", &mut at.lower.budget)?;
    let data = match value.map(|value| value.data) {
        None => Data::Float(vec![0.0; count]),
        Some(Data::Float(one)) => Data::Float(vec![one.first().copied().unwrap_or(0.0); count]),
        Some(Data::Integer(one)) => Data::Integer(vec![one.first().copied().unwrap_or(0); count]),
    };
    Ok(Tensor { dims, data })
}
