//! Operators that compute nothing: other dimensions, another order, zeros around a map.

use crate::base::error::Result;
use crate::import::error::{damaged, unsupported};
use crate::import::onnx::at::At;
use crate::import::onnx::shape;
use crate::import::onnx::tensor::type_name;
use crate::import::view::View;
use crate::tensor::Shape;

/// `Reshape`, `Flatten`, `Squeeze`, `Unsqueeze`, and `Expand` to the same dimensions.
pub(super) fn dims(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.data(0)?;
    let dims = match at.node.op {
        "Reshape" => {
            let target = at.constant(1)?;
            let target = target.as_integers().ok_or_else(|| damaged("the target shape is not of integers"))?;
            shape::reshape(&view.dims, target, at.node.flag("allowzero", false)?, at.lower.batch)?
        }
        "Flatten" => shape::flatten(&view.dims, at.node.integer("axis", 1)?)?,
        "Squeeze" => shape::squeeze(&view.dims, at.axes(1)?.as_deref())?,
        "Unsqueeze" => {
            let axes = at.axes(1)?.ok_or_else(|| damaged("it has no axes"))?;
            shape::unsqueeze(&view.dims, &axes)?
        }
        _ => {
            let target = at.constant(1)?;
            let target: Option<Vec<usize>> =
                target.as_integers().and_then(|dims| dims.iter().map(|&dim| usize::try_from(dim).ok()).collect());
            let dims = shape::broadcast(&view.dims, &target.ok_or_else(|| damaged("the shape is not of integers"))?)?;
            if dims.iter().product::<usize>() != view.dims.iter().product::<usize>() {
                return Err(unsupported("it repeats a computed value"));
            }
            dims
        }
    };
    Ok(view.with_dims(dims))
}

/// `Cast` between types that the network computes as floats.
pub(super) fn cast(at: &mut At<'_, '_>) -> Result<View> {
    match at.node.integer("to", 1)? {
        1 | 10 | 11 | 16 => at.padded_data(0),
        other => Err(unsupported(format!("it casts a computed value to {}", type_name(other)))),
    }
}

/// `Transpose`: the value stays, its axes are seen in another order.
pub(super) fn transpose(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.padded_data(0)?;
    let permutation = at.permutation(view.dims.len())?;
    let own = at.shape(&view);
    let is_image = matches!(view.dims.as_slice(), [1, _, _] | [1, _, _, _]);
    if view.axes(own).is_none() && is_image && view.is_in_order(own) && !view.is_padded() {
        let (value, _) = at.image(&view)?;
        let image = at.image_view(value, &view);
        return image.transpose(at.shape(&image), &permutation);
    }
    view.transpose(own, &permutation)
}

/// `Pad` with zeros around the rows and columns of an image: the next layer adds them.
pub(super) fn pad(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.padded_data(0)?;
    let mode = at.node.text("mode")?.unwrap_or("constant");
    let value = match at.optional_constant(2)? {
        Some(value) => value.scalar().unwrap_or(f32::NAN),
        None => at.node.float("value", 0.0)?,
    };
    let pads = match at.optional_constant(1)? {
        Some(pads) => pads.as_integers().map(<[i64]>::to_vec),
        None => at.node.integers("pads")?,
    };
    let pads = pads.ok_or_else(|| damaged("it has no pads"))?;
    if pads.iter().all(|&pad| pad == 0) {
        return Ok(view);
    }
    let rank = view.dims.len();
    let axes = match at.axes(3)? {
        Some(list) => list.iter().map(|&axis| shape::axis(axis, rank)).collect::<Result<Vec<usize>>>()?,
        None => (0..rank).collect(),
    };
    if mode != "constant" || value != 0.0 {
        return Err(unsupported(format!("it pads by the mode {mode:?} with {value}; only zeros are added")));
    }
    if pads.len() != axes.len().saturating_mul(2) {
        return Err(damaged(format!("{} pads for {} axes", pads.len(), axes.len())));
    }
    let (before, after) = pads.split_at_checked(axes.len()).unwrap_or_default();
    let own = at.shape(&view);
    let Shape::Image { .. } = own else { return Err(unsupported("it pads a value that is no image")) };
    let mut padded = view.clone();
    for ((&axis, &before), &after) in
        axes.iter().zip(before).zip(after).filter(|((_, before), after)| (**before, **after) != (0, 0))
    {
        let along = spatial(&view, own, axis).ok_or_else(|| unsupported("it pads the batch or the channels"))?;
        let count = |pad: i64| usize::try_from(pad).map_err(|_| unsupported("it cuts a value"));
        let [own_before, own_after] = &mut padded.padding;
        for (own, more) in [(own_before, count(before)?), (own_after, count(after)?)] {
            if let Some(own) = own.get_mut(along) {
                *own = own.saturating_add(more);
            }
        }
    }
    Ok(padded)
}

/// 0 if an axis of the file is the rows, 1 if it is the columns.
fn spatial(view: &View, shape: Shape, axis: usize) -> Option<usize> {
    match view.axes(shape)?.get(axis).copied().flatten() {
        Some(axis) => axis.checked_sub(1),
        // A map of one row or column: its place tells.
        None if view.is_in_order(shape) && view.dims.len() == 4 => axis.checked_sub(2),
        None => None,
    }
}
