//! Operators on constants that move elements.

use crate::base::checked::to_u64;
use crate::base::error::Result;
use crate::import::error::{damaged, unsupported};
use crate::import::onnx::at::At;
use crate::import::onnx::shape;
use crate::import::onnx::tensor::{Data, Tensor, elements};
use crate::import::view::{strided, strides};
use std::rc::Rc;

impl Tensor {
    /// The elements at `places`, with the dimensions `dims`.
    fn pick(&self, places: &[usize], dims: Vec<usize>) -> Result<Self> {
        fn part<T: Copy>(all: &[T], places: &[usize]) -> Option<Vec<T>> {
            places.iter().map(|&place| all.get(place).copied()).collect()
        }
        let data = match &self.data {
            Data::Float(values) => part(values, places).map(Data::Float),
            Data::Integer(values) => part(values, places).map(Data::Integer),
        };
        let data = data.ok_or_else(|| damaged("an index is outside its tensor"))?;
        Ok(Self { dims, data })
    }
}

pub(super) fn transpose(at: &At<'_, '_>, tensor: &Tensor) -> Result<Tensor> {
    let permutation = at.permutation(tensor.dims.len())?;
    let strides = strides(&tensor.dims);
    let axes: Vec<(usize, usize)> =
        permutation.iter().filter_map(|&i| tensor.dims.get(i).copied().zip(strides.get(i).copied())).collect();
    tensor.pick(&strided(0, &axes), axes.iter().map(|&(dim, _)| dim).collect())
}

pub(super) fn concat(at: &mut At<'_, '_>, inputs: &[Option<Rc<Tensor>>]) -> Result<Tensor> {
    let parts: Vec<&Tensor> = inputs.iter().flatten().map(Rc::as_ref).collect();
    let first = parts.first().ok_or_else(|| damaged("it has no inputs"))?;
    let axis = shape::axis(at.node.integer("axis", 0)?, first.dims.len())?;
    let mut dims = first.dims.clone();
    let along = parts.iter().map(|part| part.dims.get(axis).copied().unwrap_or(1)).fold(0usize, usize::saturating_add);
    if let Some(dim) = dims.get_mut(axis) {
        *dim = along;
    }
    let count = elements(&dims)?;
    let fits = |part: &&Tensor| {
        let others =
            |dims: &[usize]| dims.iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, &dim)| dim).collect::<Vec<_>>();
        part.dims.len() == dims.len() && others(&part.dims) == others(&dims)
    };
    if !parts.iter().all(fits) || parts.iter().map(|part| part.len()).fold(0usize, usize::saturating_add) != count {
        return Err(damaged("its constants do not fit each other"));
    }
    at.lower.budget.charge(count)?;
    let blocks: usize = dims.iter().take(axis).product();
    let joined = |take: &mut dyn FnMut(&Tensor, usize, usize)| {
        for block in 0..blocks {
            for part in &parts {
                let len = part.len().checked_div(blocks).unwrap_or(0);
                take(part, block.saturating_mul(len), len);
            }
        }
    };
    let is_float = parts.iter().any(|part| matches!(part.data, Data::Float(_)));
    let (mut floats, mut integers) = (Vec::new(), Vec::new());
    joined(&mut |part, from, len| match &part.data {
        Data::Float(values) => floats.extend(values.iter().skip(from).take(len)),
        Data::Integer(values) => integers.extend(values.iter().skip(from).take(len)),
    });
    let data = if is_float { Data::Float(floats) } else { Data::Integer(integers) };
    let tensor = Tensor { dims, data };
    if tensor.len() == count { Ok(tensor) } else { Err(damaged("it joins floats and integers")) }
}

pub(super) fn gather(at: &mut At<'_, '_>, tensor: &Tensor, indices: &Tensor) -> Result<Tensor> {
    let axis = shape::axis(at.node.integer("axis", 0)?, tensor.dims.len())?;
    let indices_of = indices.as_integers().ok_or_else(|| damaged("the indices are not integers"))?;
    let len = tensor.dims.get(axis).copied().unwrap_or(1);
    let list: Vec<usize> = indices_of.iter().map(|&index| shape::axis(index, len)).collect::<Result<_>>()?;
    let (before, rest) = tensor.dims.split_at_checked(axis).unwrap_or_default();
    let after = rest.get(1..).unwrap_or_default();
    let dims = [before, &indices.dims, after].concat();
    at.lower.budget.charge(elements(&dims)?)?;
    let (outer, inner): (usize, usize) = (before.iter().product(), after.iter().product());
    let mut places = Vec::new();
    for block in 0..outer {
        for &index in &list {
            let start = block.saturating_mul(len).saturating_add(index).saturating_mul(inner);
            places.extend(start..start.saturating_add(inner));
        }
    }
    tensor.pick(&places, dims)
}

pub(super) fn expand(at: &mut At<'_, '_>, tensor: &Tensor, target: &Tensor) -> Result<Tensor> {
    let target: Option<Vec<usize>> =
        target.as_integers().and_then(|dims| dims.iter().map(|&dim| usize::try_from(dim).ok()).collect());
    let dims = shape::broadcast(&tensor.dims, &target.ok_or_else(|| damaged("the shape is not of integers"))?)?;
    at.lower.budget.charge(elements(&dims)?)?;
    tensor.pick(&strided(0, &shape::broadcast_strides(&tensor.dims, &dims)), dims)
}

/// `Slice` with steps from 1 up.
pub(super) fn slice(at: &mut At<'_, '_>, tensor: &Tensor) -> Result<Tensor> {
    let list = |at: &mut At<'_, '_>, i: usize, name: &str| match at.optional_constant(i)? {
        Some(tensor) => Ok(tensor.as_integers().map(<[i64]>::to_vec)),
        None => at.node.integers(name),
    };
    let starts = list(at, 1, "starts")?.ok_or_else(|| damaged("it has no starts"))?;
    let ends = list(at, 2, "ends")?.ok_or_else(|| damaged("it has no ends"))?;
    let axes = list(at, 3, "axes")?.unwrap_or_else(|| (0..).take(starts.len()).collect());
    let steps = list(at, 4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
        return Err(damaged("its starts, ends, axes and steps are not of one number"));
    }
    let mut along: Vec<(usize, usize)> = tensor.dims.iter().copied().zip(strides(&tensor.dims)).collect();
    let mut first = 0usize;
    for (((start, end), axis), step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let axis = shape::axis(*axis, tensor.dims.len())?;
        let len = i64::try_from(to_u64(tensor.dims.get(axis).copied().unwrap_or(0))).unwrap_or(i64::MAX);
        let clamp = |i: i64| if i < 0 { i.saturating_add(len) } else { i }.clamp(0, len);
        let (start, end) = (clamp(*start), clamp(*end).max(clamp(*start)));
        if *step < 1 {
            return Err(unsupported("it slices a constant backwards"));
        }
        let count = end.abs_diff(start).div_ceil(step.unsigned_abs());
        if let Some((dim, stride)) = along.get_mut(axis) {
            first = first.saturating_add(usize::try_from(start).unwrap_or(0).saturating_mul(*stride));
            *dim = usize::try_from(count).unwrap_or(0);
            *stride = stride.saturating_mul(usize::try_from(*step).unwrap_or(usize::MAX));
        }
    }
    tensor.pick(&strided(first, &along), along.iter().map(|&(dim, _)| dim).collect())
}
