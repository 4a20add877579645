//! Arithmetic on constants: floats in 64 bits, rounded once to 32; integers in 64 bits.

use crate::base::error::Result;
use crate::import::error::{damaged, unsupported};
use crate::import::onnx::at::At;
use crate::import::onnx::shape;
use crate::import::onnx::tensor::{Data, Tensor, elements};
use crate::import::view::strided;
use std::rc::Rc;

/// An operator of two constants, each broadcast to the other.
pub(super) fn binary(at: &mut At<'_, '_>, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if at.node.inputs.len() != 2 {
        return Err(unsupported("it combines a number of constants that is not two"));
    }
    let dims = shape::broadcast(&a.dims, &b.dims)?;
    at.lower.budget.charge(elements(&dims)?)?;
    let places = |tensor: &Tensor| strided(0, &shape::broadcast_strides(&tensor.dims, &dims));
    let (left, right) = (places(a), places(b));
    let pairs = left.iter().zip(&right);
    let data = match (&a.data, &b.data) {
        (Data::Integer(a), Data::Integer(b)) => {
            let value = |(&i, &j): (&usize, &usize)| integer(at.node.op, *a.get(i)?, *b.get(j)?);
            Data::Integer(pairs.map(value).collect::<Option<_>>().ok_or_else(|| damaged("integers out of range"))?)
        }
        _ => {
            let (a, b) = (a.floats(), b.floats());
            let value = |(&i, &j): (&usize, &usize)| Some(float(at.node.op, *a.get(i)?, *b.get(j)?));
            Data::Float(pairs.map(value).collect::<Option<_>>().unwrap_or_default())
        }
    };
    Ok(Tensor { dims, data })
}

fn integer(op: &str, a: i64, b: i64) -> Option<i64> {
    match op {
        "Add" => a.checked_add(b),
        "Sub" => a.checked_sub(b),
        "Mul" => a.checked_mul(b),
        "Div" => a.checked_div(b),
        "Min" => Some(a.min(b)),
        "Max" => Some(a.max(b)),
        _ => a.checked_pow(u32::try_from(b).ok()?),
    }
}

#[allow(clippy::as_conversions)] // to nearest
fn float(op: &str, a: f32, b: f32) -> f32 {
    let (a, b) = (f64::from(a), f64::from(b));
    let value = match op {
        "Add" => a + b,
        "Sub" => a - b,
        "Mul" => a * b,
        "Div" => a / b,
        "Min" => a.min(b),
        "Max" => a.max(b),
        _ => a.powf(b),
    };
    value as f32
}

/// An operator of one constant.
#[allow(clippy::as_conversions)] // to nearest
pub(super) fn unary(op: &str, tensor: &Tensor) -> Result<Tensor> {
    let function: fn(f64) -> f64 = match op {
        "Neg" => |x| -x,
        "Sqrt" => f64::sqrt,
        "Reciprocal" => f64::recip,
        "Floor" => f64::floor,
        "Ceil" => f64::ceil,
        "Abs" => f64::abs,
        _ => f64::exp,
    };
    let data = match (&tensor.data, op) {
        (Data::Float(values), _) => Data::Float(values.iter().map(|&x| function(f64::from(x)) as f32).collect()),
        (Data::Integer(values), "Neg") => Data::Integer(values.iter().map(|x| x.saturating_neg()).collect()),
        (Data::Integer(values), "Abs") => Data::Integer(values.iter().map(|x| x.saturating_abs()).collect()),
        _ => return Err(unsupported("it is not computed on integers")),
    };
    Ok(Tensor { dims: tensor.dims.clone(), data })
}

/// `DequantizeLinear`: `(x - zero_point) * scale`, one of each, or one for each index of an axis.
pub(super) fn dequantize(at: &mut At<'_, '_>, tensor: &Tensor, inputs: &[Option<Rc<Tensor>>]) -> Result<Tensor> {
    let input = |i: usize| inputs.get(i).and_then(Option::as_ref);
    let scale = input(1).ok_or_else(|| damaged("it has no scale"))?;
    let zero = input(2).map_or_else(|| vec![0.0; scale.len()], |zero| zero.floats());
    let (mut scale_dims, scale) = (scale.dims.clone(), scale.floats());
    if let ([count], true) = (scale_dims.as_slice(), tensor.dims.len() > 1) {
        let axis = shape::axis(at.node.integer("axis", 1)?, tensor.dims.len())?;
        scale_dims = tensor.dims.iter().enumerate().map(|(i, _)| if i == axis { *count } else { 1 }).collect();
    }
    if zero.len() != scale.len() || shape::broadcast(&tensor.dims, &scale_dims)? != tensor.dims {
        return Err(unsupported("its scales are not one, or one for each index of an axis"));
    }
    let places = strided(0, &shape::broadcast_strides(&scale_dims, &tensor.dims));
    let value = |(&x, &i): (&f32, &usize)| Some((x - zero.get(i)?) * scale.get(i)?);
    let values: Option<Vec<f32>> = tensor.floats().iter().zip(&places).map(value).collect();
    Ok(Tensor { dims: tensor.dims.clone(), data: Data::Float(values.unwrap_or_default()) })
}
