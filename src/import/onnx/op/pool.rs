//! Pooling: windows of a map, or whole maps.

use super::window;
use crate::base::error::Result;
use crate::graph::{Activation, Op, Pool, PoolKind, Window};
use crate::import::error::{damaged, unsupported};
use crate::import::onnx::at::At;
use crate::import::onnx::shape;
use crate::import::view::View;
use crate::tensor::Shape;

/// `MaxPool` and `AveragePool`.
pub(super) fn windows(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.padded_data(0)?;
    let is_max = at.node.op == "MaxPool";
    let spatial = view.dims.len().saturating_sub(2);
    let (value, [_, height, width]) = at.image(&view)?;
    let kernel = at.pair("kernel_shape", spatial, 0)?;
    if kernel == [0, 0] {
        return Err(damaged("it has no kernel_shape"));
    }
    let [[top, left], [bottom, right]] = view.padding;
    let map = [height.saturating_add(top).saturating_add(bottom), width.saturating_add(left).saturating_add(right)];
    let (mut window, rounded) = at.window(kernel, map, spatial)?;
    let counts_padding = at.node.flag("count_include_pad", false)?;
    let kind = match (is_max, view.is_padded()) {
        (true, false) => PoolKind::Max,
        (true, true) if is_non_negative(at, value) => PoolKind::Max,
        (true, true) => return Err(unsupported("it takes the greatest element of a padded value that may be negative")),
        (false, false) if counts_padding => PoolKind::AverageIncludingPadding,
        (false, false) => PoolKind::Average,
        (false, true) if !window.is_padded() || counts_padding => PoolKind::AverageIncludingPadding,
        (false, true) => return Err(unsupported("it pads a padded value, and counts only one of both paddings")),
    };
    if kind == PoolKind::AverageIncludingPadding && rounded {
        return Err(unsupported("its last windows are rounded up, and its padding is counted"));
    }
    window::pad(&mut window, view.padding);
    let made = at.lower.draft.plain(at.name(), Op::Pool(Pool { kind, window }), value)?;
    Ok(at.image_view(made, &view))
}

/// Whether a value is known to be at least zero: then zeros around it never change the greatest element of a window.
fn is_non_negative(at: &At<'_, '_>, value: usize) -> bool {
    match at.lower.draft.as_activation(value) {
        Some((Activation::Relu | Activation::Sigmoid | Activation::HardSigmoid { .. }, _)) => true,
        Some((Activation::Clip { min, .. }, _)) => min >= 0.0,
        _ => false,
    }
}

/// `GlobalAveragePool`, `GlobalMaxPool`, and `ReduceMean` and `ReduceMax` over rows and columns.
pub(super) fn reduce(at: &mut At<'_, '_>) -> Result<View> {
    let view = at.data(0)?;
    let rank = view.dims.len();
    let is_global = at.node.op.starts_with("Global");
    let axes = match at.axes(1)? {
        _ if is_global => (2..rank).collect(),
        Some(list) => shape::axes(&list, rank)?,
        None => return Err(unsupported("it reduces all dimensions, the batch included")),
    };
    let view = seen_by_axes(at, &view)?;
    let shape = at.shape(&view);
    let own = view.axes(shape).ok_or_else(|| unsupported(format!("it reduces parts of the axes of {shape}")))?;
    let reduced: Vec<usize> = axes.iter().filter_map(|&axis| own.get(axis).copied().flatten()).collect();
    let keeps = is_global || at.node.flag("keepdims", true)?;
    let dims = view.dims.iter().enumerate().filter(|(i, _)| keeps || !axes.contains(i));
    let dims = dims.map(|(i, &dim)| if axes.contains(&i) { 1 } else { dim }).collect();
    let made = match shape {
        _ if reduced.is_empty() => view.value,
        Shape::Image { height, width, .. } if !reduced.contains(&0) => {
            let along = |axis: usize, len: usize| if reduced.contains(&axis) { len } else { 1 };
            let kernel = [along(1, height), along(2, width)];
            let is_max = matches!(at.node.op, "ReduceMax" | "GlobalMaxPool");
            let kind = if is_max { PoolKind::Max } else { PoolKind::Average };
            let op = match kernel == [height, width] && !is_max {
                true => Op::GlobalAveragePool,
                false => Op::Pool(Pool { kind, window: Window::new(kernel, kernel) }),
            };
            at.lower.draft.plain(at.name(), op, view.value)?
        }
        _ => return Err(unsupported("it reduces channels or features; rows and columns are reduced")),
    };
    Ok(View { dims, ..view.of(made) })
}

/// The same value as an image, if its dimensions are those of one that was reshaped.
fn seen_by_axes(at: &mut At<'_, '_>, view: &View) -> Result<View> {
    let shape = at.shape(view);
    if view.axes(shape).is_some() || !view.is_in_order(shape) {
        return Ok(view.clone());
    }
    let (value, _) = at.image(view)?;
    Ok(at.image_view(value, view))
}
