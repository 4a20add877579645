//! The input of the network: its dimensions, its type, and which axis is the channel.

use super::message::{Dimension, Model, ValueInfo};
use super::options::OnnxOptions;
use super::shape::is_permutation;
use super::tensor::type_name;
use crate::base::checked::to_u64;
use crate::base::error::Result;
use crate::base::limits::{MAX_DIMENSION, MAX_ELEMENTS};
use crate::import::error::{damaged, unsupported};
use crate::import::view::View;
use crate::tensor::{Dtype, Shape};
use std::collections::HashSet;

/// Operators through which a transposition of the input is looked for: they change no order.
const TRANSPARENT: [&str; 8] = ["Identity", "Cast", "Add", "Sub", "Mul", "Div", "BatchNormalization", "Pad"];

/// The network's input: its name, type, shape, and how the file sees it; and the batch that the file is written for.
pub(super) struct Input<'a> {
    pub(super) name: &'a str,
    pub(super) dtype: Dtype,
    pub(super) shape: Shape,
    pub(super) view: View,
    pub(super) batch: Option<usize>,
}

/// Finds the input that is no constant.
///
/// # Errors
/// `unsupported` when there are several, when a dimension is free, or for other types; `import`, `limit`.
pub(super) fn find<'a>(model: &Model<'a>, options: &OnnxOptions) -> Result<Input<'a>> {
    let constants: HashSet<&str> = model.initializers.iter().map(|tensor| tensor.name).collect();
    let inputs: Vec<&ValueInfo<'a>> = model.inputs.iter().filter(|input| !constants.contains(input.name)).collect();
    let info = match inputs.as_slice() {
        [info] => *info,
        [] => return Err(damaged("the graph has no input")),
        several => {
            let names: Vec<&str> = several.iter().map(|input| input.name).collect();
            return Err(unsupported(format!("the graph has {} inputs ({}); a network has one", names.len(), names.join(", "))));
        }
    };
    if let Some(other) = options.shapes.keys().find(|name| *name != info.name) {
        return Err(unsupported(format!("there is no input {other:?}; the input is {:?}", info.name)));
    }
    of(model, info, options).map_err(|error| error.context(format_args!("input {:?}", info.name)))
}

fn of<'a>(model: &Model<'a>, info: &ValueInfo<'a>, options: &OnnxOptions) -> Result<Input<'a>> {
    let dtype = match info.dtype {
        1 | 10 | 11 => Dtype::F32,
        2 => Dtype::U8,
        other => return Err(unsupported(format!("its elements are {}; float and uint8 are read", type_name(other)))),
    };
    let (mut dims, batch) = dims(info, options)?;
    let product = dims.iter().fold(1u64, |product, &dim| product.saturating_mul(to_u64(dim)));
    if dims.iter().any(|&dim| dim == 0 || to_u64(dim) > MAX_DIMENSION) || product > MAX_ELEMENTS {
        return Err(unsupported(format!("its dimensions are {dims:?}")));
    }
    let permutation = transposition(model, info.name).filter(|permutation| permutation.len() == dims.len());
    let network: Vec<usize> = match &permutation {
        Some(permutation) => permutation.iter().filter_map(|&i| dims.get(i).copied()).collect(),
        None => dims.clone(),
    };
    let shape = match *network.as_slice() {
        [1, features] => Shape::Vector(features),
        [1, height, width, 1] if permutation.is_none() && height > 1 => Shape::Image { channels: 1, height, width },
        [1, channels, height, width] => Shape::Image { channels, height, width },
        [1, channels, width] => Shape::Image { channels, height: 1, width },
        _ => return Err(unsupported(format!("a batch of samples of 1 to 3 dimensions is read, not {dims:?}"))),
    };
    let view = View::new(0, shape, network);
    let view = match &permutation {
        Some(permutation) => view.transpose(shape, &inverse(permutation))?,
        None => view.with_dims(std::mem::take(&mut dims)),
    };
    Ok(Input { name: info.name, dtype, shape, view, batch })
}

/// The dimensions for a batch of one, and the batch of the file if it is fixed.
fn dims(info: &ValueInfo<'_>, options: &OnnxOptions) -> Result<(Vec<usize>, Option<usize>)> {
    let given = options.shapes.get(info.name);
    if let Some(given) = given.filter(|given| !info.dims.is_empty() && given.len() != info.dims.len()) {
        return Err(unsupported(format!("{} dimensions are given, the file has {}", given.len(), info.dims.len())));
    }
    let mut dims = Vec::new();
    for (i, dim) in info.dims.iter().enumerate() {
        let asked = given.and_then(|given| given.get(i)).copied();
        dims.push(match (asked, *dim) {
            (Some(asked), Dimension::Known(known)) if usize::try_from(known).is_ok_and(|known| known != asked) && i > 0 => {
                return Err(unsupported(format!("dimension {i} is given as {asked}, the file says {known}")));
            }
            (Some(asked), _) => asked,
            (None, Dimension::Known(known)) if known >= 0 => usize::try_from(known).unwrap_or(usize::MAX),
            (None, _) if i == 0 => 1,
            (None, Dimension::Known(known)) => return Err(free(info, i, &known.to_string())),
            (None, Dimension::Free(name)) => return Err(free(info, i, name)),
        });
    }
    if info.dims.is_empty() {
        dims = given.cloned().ok_or_else(|| unsupported("its dimensions are not in the file; give them with --shape"))?;
    }
    let batch = dims.first().copied().filter(|&batch| batch > 1);
    if let Some(first) = dims.first_mut() {
        *first = 1;
    }
    Ok((dims, batch))
}

fn free(info: &ValueInfo<'_>, i: usize, name: &str) -> crate::base::error::Error {
    let dims: Vec<String> = info
        .dims
        .iter()
        .map(|dim| match dim {
            Dimension::Known(known) => known.to_string(),
            Dimension::Free(name) => format!("{name:?}"),
        })
        .collect();
    let (input, dims) = (info.name, dims.join(","));
    unsupported(format!("dimension {i} ({name}) of {dims} is free; give the shape with --shape {input}=1,..."))
}

/// The permutation of the first transposition that the input goes through: files whose samples have the channel last begin with one.
fn transposition(model: &Model<'_>, input: &str) -> Option<Vec<usize>> {
    let mut reached = HashSet::from([input]);
    for node in &model.nodes {
        if !node.inputs.first().is_some_and(|name| reached.contains(name)) {
            continue;
        }
        if node.op == "Transpose" {
            let permutation = node.integers("perm").ok()??;
            let permutation: Option<Vec<usize>> = permutation.into_iter().map(|i| usize::try_from(i).ok()).collect();
            return permutation.filter(|permutation| is_permutation(permutation) && permutation.first() == Some(&0));
        }
        if TRANSPARENT.contains(&node.op) {
            reached.extend(&node.outputs);
        }
    }
    None
}

fn inverse(permutation: &[usize]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..permutation.len()).collect();
    places.sort_by_key(|&i| permutation.get(i));
    places
}
