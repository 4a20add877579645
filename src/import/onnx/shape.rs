//! Rules for dimensions: those of constants and of computed values are the same.

use super::tensor::elements;
use crate::base::error::Result;
use crate::import::error::damaged;

/// An axis counted from the start, or from the end if it is negative.
///
/// # Errors
/// `import` when there is no such axis.
pub(super) fn axis(axis: i64, rank: usize) -> Result<usize> {
    let signed = i64::try_from(rank).unwrap_or(i64::MAX);
    let from_start = if axis < 0 { axis.saturating_add(signed) } else { axis };
    let found = usize::try_from(from_start).ok().filter(|&axis| axis < rank);
    found.ok_or_else(|| damaged(format!("there is no axis {axis} of {rank}")))
}

/// The same for a list, without repetition.
///
/// # Errors
/// `import`.
pub(super) fn axes(list: &[i64], rank: usize) -> Result<Vec<usize>> {
    let mut axes: Vec<usize> = list.iter().map(|&one| axis(one, rank)).collect::<Result<_>>()?;
    axes.sort_unstable();
    axes.dedup();
    if axes.len() == list.len() { Ok(axes) } else { Err(damaged(format!("an axis occurs twice in {list:?}"))) }
}

/// The dimensions that `Reshape` makes. -1 stands for what is left, 0 for the dimension at its place, `batch` in the first place for 1.
///
/// # Errors
/// `import` when the number of elements changes.
pub(super) fn reshape(dims: &[usize], target: &[i64], zero_is_zero: bool, batch: Option<usize>) -> Result<Vec<usize>> {
    let refuse = || damaged(format!("it reshapes {dims:?} to {target:?}"));
    let count = elements(dims)?;
    let mut made = Vec::new();
    let mut open = None;
    for (i, &dim) in target.iter().enumerate() {
        made.push(match dim {
            -1 if open.replace(i).is_none() => 1,
            0 if !zero_is_zero => dims.get(i).copied().ok_or_else(refuse)?,
            dim => usize::try_from(dim).map_err(|_| refuse())?,
        });
    }
    if let (Some(batch), Some(first)) = (batch, made.first_mut())
        && *first == batch
        && dims.first() == Some(&1)
    {
        *first = 1;
    }
    if let Some(i) = open {
        let rest = elements(&made)?;
        if let Some(dim) = made.get_mut(i) {
            *dim = count.checked_div(rest).ok_or_else(refuse)?;
        }
    }
    if elements(&made)? == count { Ok(made) } else { Err(refuse()) }
}

/// The dimensions before and after an axis, each as their product.
///
/// # Errors
/// `import`, `limit`.
pub(super) fn flatten(dims: &[usize], at: i64) -> Result<Vec<usize>> {
    let at = if usize::try_from(at) == Ok(dims.len()) { dims.len() } else { axis(at, dims.len())? };
    let (before, after) = dims.split_at_checked(at).unwrap_or((dims, &[]));
    Ok(vec![elements(before)?, elements(after)?])
}

/// Without dimensions of 1: those listed, or all.
///
/// # Errors
/// `import` when a dimension listed is not 1.
pub(super) fn squeeze(dims: &[usize], list: Option<&[i64]>) -> Result<Vec<usize>> {
    let Some(list) = list else { return Ok(dims.iter().copied().filter(|&dim| dim != 1).collect()) };
    let axes = axes(list, dims.len())?;
    if axes.iter().any(|&axis| dims.get(axis) != Some(&1)) {
        return Err(damaged(format!("it takes the axes {list:?} out of {dims:?}, which are not 1")));
    }
    Ok(dims.iter().copied().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, dim)| dim).collect())
}

/// With dimensions of 1 at the places listed.
///
/// # Errors
/// `import`.
pub(super) fn unsqueeze(dims: &[usize], list: &[i64]) -> Result<Vec<usize>> {
    let rank = dims.len().saturating_add(list.len());
    let axes = axes(list, rank)?;
    let mut rest = dims.iter().copied();
    Ok((0..rank).map(|i| if axes.contains(&i) { 1 } else { rest.next().unwrap_or(1) }).collect())
}

/// The dimensions of two tensors that are broadcast to each other.
///
/// # Errors
/// `import` when a dimension differs and is not 1.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at =
        |dims: &[usize], i: usize| i.checked_add(dims.len()).and_then(|i| dims.get(i.checked_sub(rank)?).copied()).unwrap_or(1);
    let both = |i: usize| match (at(a, i), at(b, i)) {
        (a, b) if a == b => Ok(a),
        (1, b) => Ok(b),
        (a, 1) => Ok(a),
        _ => Err(damaged(format!("the dimensions {a:?} and {b:?} do not fit"))),
    };
    (0..rank).map(both).collect()
}

/// The strides with which dimensions `from` are read as the larger `to`: 0 where one element stands for all.
pub(super) fn broadcast_strides(from: &[usize], to: &[usize]) -> Vec<(usize, usize)> {
    let missing = to.len().saturating_sub(from.len());
    let strides = crate::import::view::strides(from);
    let own = |i: usize| {
        let i = i.checked_sub(missing)?;
        from.get(i).filter(|&&dim| dim != 1).and_then(|_| strides.get(i).copied())
    };
    to.iter().enumerate().map(|(i, &dim)| (dim, own(i).unwrap_or(0))).collect()
}

/// Whether every number below the length occurs once.
pub(super) fn is_permutation(list: &[usize]) -> bool {
    let mut sorted = list.to_vec();
    sorted.sort_unstable();
    sorted.into_iter().eq(0..list.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_follow_the_standard() {
        // Examples of the operators' pages.
        assert_eq!(reshape(&[2, 3, 4], &[4, 2, 3], false, None).unwrap(), [4, 2, 3]);
        assert_eq!(reshape(&[2, 3, 4], &[2, -1], false, None).unwrap(), [2, 12]);
        assert_eq!(reshape(&[2, 3, 4], &[2, 0, 4, 1], false, None).unwrap(), [2, 3, 4, 1]);
        assert_eq!(reshape(&[1, 12], &[32, 3, 4], false, Some(32)).unwrap(), [1, 3, 4]);
        for target in [&[5, -1][..], &[-1, -1], &[24, 2], &[-2, 12], &[1 << 40, 1 << 40]] {
            assert!(reshape(&[2, 3, 4], target, false, None).is_err(), "{target:?}");
        }
        assert_eq!(flatten(&[2, 3, 4], 1).unwrap(), [2, 12]);
        assert_eq!(flatten(&[2, 3, 4], 0).unwrap(), [1, 24]);
        assert_eq!(flatten(&[2, 3, 4], 3).unwrap(), [24, 1]);
        assert_eq!(flatten(&[2, 3, 4], -1).unwrap(), [6, 4]);
        assert_eq!(squeeze(&[1, 3, 1], None).unwrap(), [3]);
        assert_eq!(squeeze(&[1, 3, 1], Some(&[-1])).unwrap(), [1, 3]);
        assert!(squeeze(&[1, 3], Some(&[1])).is_err());
        assert_eq!(unsqueeze(&[3, 4], &[0, -1]).unwrap(), [1, 3, 4, 1]);
        assert!(unsqueeze(&[3], &[0, 0]).is_err() && axis(3, 3).is_err() && axis(-4, 3).is_err());
        assert_eq!(broadcast(&[2, 1, 4], &[3, 1]).unwrap(), [2, 3, 4]);
        assert!(broadcast(&[2], &[3]).is_err());
        assert_eq!(broadcast_strides(&[3, 1], &[2, 3, 4]), [(2, 0), (3, 1), (4, 0)]);
    }
}
