//! A factor and an offset for each element, both constant: sums and products with constants, batch normalisation, scalers.

use crate::base::error::Result;
use crate::graph::{Activation, Op, Reshape};
use crate::import::draft::Tensors;
use crate::import::error::{damaged, unsupported};
use crate::import::onnx::at::At;
use crate::import::onnx::shape;
use crate::import::onnx::tensor::{Data, Tensor, elements};
use crate::import::view::{View, strided};

/// A tensor of one float.
pub(super) fn one(value: f32) -> Tensor {
    Tensor { dims: Vec::new(), data: Data::Float(vec![value]) }
}

/// `scale * x + offset`, both broadcast to the value.
///
/// # Errors
/// `unsupported` when they are larger than the value.
pub(super) fn affine(at: &mut At<'_, '_>, view: &View, scale: &Tensor, offset: &Tensor) -> Result<View> {
    let rank = scale.dims.len().max(offset.dims.len());
    if let (Some(scale), Some(offset)) = (scale.scalar(), offset.scalar())
        && rank <= view.dims.len()
    {
        return uniform(at, view, scale, offset);
    }
    let dims = shape::broadcast(&shape::broadcast(&view.dims, &scale.dims)?, &offset.dims)?;
    let own = at.shape(view);
    let count = own.elements();
    if elements(&dims)? != count {
        return Err(unsupported(format!("constants of the dimensions {dims:?} enlarge a value of {:?}", view.dims)));
    }
    at.lower.budget.charge(count.saturating_mul(4))?;
    let places = view.places(own);
    let spread = |tensor: &Tensor| {
        let (values, from) = (tensor.floats(), strided(0, &shape::broadcast_strides(&tensor.dims, &dims)));
        let mut spread = vec![0.0; count];
        for (&place, &i) in places.iter().zip(&from) {
            if let (Some(own), Some(&value)) = (spread.get_mut(place), values.get(i)) {
                *own = value;
            }
        }
        spread
    };
    let (scale, offset) = (spread(scale), spread(offset));
    let view = view.with_dims(dims);
    let units = own.affine_channels();
    let each = count.checked_div(units).unwrap_or(1).max(1);
    let name = at.name();
    if let (Some(scale), Some(offset)) = (per_unit(&scale, each), per_unit(&offset, each)) {
        return Ok(view.of(at.lower.draft.affine(name, view.value, scale, offset)?));
    }
    let flat = at.vector(view.value)?;
    let made = at.lower.draft.affine(name, flat, scale, offset)?;
    let back = at.lower.draft.push(&format!("{name}/reshape"), Op::Reshape(Reshape(own)), &[made], Tensors::None)?;
    Ok(view.of(back))
}

/// One number for each run of `each` equal ones.
fn per_unit(values: &[f32], each: usize) -> Option<Vec<f32>> {
    let one = |run: &[f32]| run.first().copied().filter(|first| run.iter().all(|value| value == first));
    values.chunks(each).map(one).collect()
}

/// `scale * x + offset` with one of each for all elements. `clip(x + 3, 0, 6) / 6` becomes the hard sigmoid that it is.
pub(super) fn uniform(at: &mut At<'_, '_>, view: &View, scale: f32, offset: f32) -> Result<View> {
    at.lower.budget.charge(at.shape(view).affine_channels().saturating_mul(2))?;
    let (name, draft) = (at.name(), &mut at.lower.draft);
    if let Some(x) = shifted_relu6(draft, view.value).filter(|_| offset == 0.0 && (scale * 6.0 - 1.0).abs() < 1e-6) {
        let op = Op::Activation(Activation::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 });
        return Ok(view.of(draft.plain(name, op, x)?));
    }
    Ok(view.of(draft.uniform(name, view.value, scale, offset)?))
}

/// If a value is `clip(x + 3, 0, 6)`: `x`.
pub(super) fn shifted_relu6(draft: &crate::import::draft::Draft, value: usize) -> Option<usize> {
    match draft.as_activation(value)? {
        (Activation::Clip { min: 0.0, max: 6.0 }, inner) => match draft.as_uniform(inner)? {
            (1.0, 3.0, x) => Some(x),
            _ => None,
        },
        _ => None,
    }
}

/// `BatchNormalization` as trained: `(x - mean) / sqrt(variance + epsilon) * scale + bias` for each channel.
pub(super) fn batch_norm(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.data(0)?;
    if at.node.flag("training_mode", false)? || !at.node.flag("spatial", true)? {
        return Err(unsupported("it is in training mode, or normalises each element; export the network for inference"));
    }
    let epsilon = f64::from(at.node.float("epsilon", 1e-5)?);
    let mut lists = Vec::new();
    for i in 1..=4 {
        lists.push(at.constant(i)?.floats());
    }
    let [scale, bias, mean, variance] = lists.as_slice() else { return Err(damaged("it has no four constants")) };
    if [bias, mean, variance].iter().any(|list| list.len() != scale.len()) {
        return Err(damaged("its constants are not of one length"));
    }
    let factors = scale.iter().zip(variance).map(|(&scale, &variance)| f64::from(scale) / (f64::from(variance) + epsilon).sqrt());
    let factors: Vec<f64> = factors.collect();
    let offsets = factors.iter().zip(bias).zip(mean).map(|((factor, &bias), &mean)| f64::from(bias) - f64::from(mean) * factor);
    let of_channels = |values: Vec<f64>| {
        let rest = std::iter::repeat_n(1, view.dims.len().saturating_sub(2));
        let dims = std::iter::once(values.len()).chain(rest).collect();
        Tensor { dims, data: Data::Float(values.into_iter().map(round).collect()) }
    };
    let (offset, scale) = (of_channels(offsets.collect()), of_channels(factors));
    affine(at, &view, &scale, &offset)
}

/// `ai.onnx.ml.Scaler`: `(x - offset) * scale`.
pub(super) fn scaler(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.data(0)?;
    let list = |name: &str, usual: f32| Ok(at.node.floats(name)?.unwrap_or_else(|| vec![usual]));
    let (scale, offset): (Vec<f32>, Vec<f32>) = (list("scale", 1.0)?, list("offset", 0.0)?);
    let count = scale.len().max(offset.len());
    let get = |list: &[f32], i: usize| f64::from(list.get(i).or(list.first()).copied().unwrap_or(0.0));
    let products = (0..count).map(|i| round(-get(&offset, i) * get(&scale, i))).collect();
    let tensor = |values: Vec<f32>| Tensor { dims: vec![values.len()], data: Data::Float(values) };
    affine(at, &view, &tensor(scale), &tensor(products))
}

#[allow(clippy::as_conversions)] // to nearest
fn round(value: f64) -> f32 {
    value as f32
}
