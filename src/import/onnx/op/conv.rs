//! Convolutions, of two dimensions or one.

use super::window;
use crate::base::error::Result;
use crate::graph::{Conv2d, Linear, Op};
use crate::import::draft::{Layer, Tensors};
use crate::import::error::{damaged, unsupported};
use crate::import::onnx::at::At;
use crate::import::view::View;
use std::rc::Rc;

/// `Conv`: weights `[maps, channels / group, kernel...]`. Padding before it is added to its own.
pub(super) fn conv(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.padded_data(0)?;
    let weights = at.constant(1)?;
    let (rows, channels, kernel) = match *weights.dims.as_slice() {
        [rows, channels, height, width] => (rows, channels, [height, width]),
        [rows, channels, width] => (rows, channels, [1, width]),
        _ => return Err(unsupported(format!("weights of the dimensions {:?}; one or two spatial ones are read", weights.dims))),
    };
    let spatial = weights.dims.len().saturating_sub(2);
    if view.dims.len() != weights.dims.len() {
        return Err(damaged(format!("weights of the dimensions {:?} for an input of {:?}", weights.dims, view.dims)));
    }
    let (value, [inputs, height, width]) = at.image(&view)?;
    let groups = usize::try_from(at.node.integer("group", 1)?).unwrap_or(0);
    if groups.checked_mul(channels) != Some(inputs) || rows.checked_rem(groups) != Some(0) {
        return Err(damaged(format!("weights of the dimensions {:?} for {inputs} channels in {groups} groups", weights.dims)));
    }
    let [[top, left], [bottom, right]] = view.padding;
    let map = [height.saturating_add(top).saturating_add(bottom), width.saturating_add(left).saturating_add(right)];
    let (mut window, _) = at.window(kernel, map, spatial)?;
    window::pad(&mut window, view.padding);
    let bias = at.optional_constant(2)?.map_or_else(|| vec![0.0; rows], |bias| bias.floats());
    if bias.len() != rows {
        return Err(damaged(format!("{} biases for {rows} maps", bias.len())));
    }
    at.lower.budget.charge(weights.len())?;
    let [kernel_height, kernel_width] = kernel;
    let per_row = vec![channels, kernel_height, kernel_width];
    let layer = Layer { rows, per_row, weight: Rc::new(weights.floats()), bias };
    let op = Op::Conv2d(Conv2d { linear: Linear::dense(rows), window, groups });
    let made = at.lower.draft.push(at.name(), op, &[value], Tensors::Layer(layer))?;
    Ok(at.image_view(made, &view))
}
