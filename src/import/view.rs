//! How a value of a file lies in a value of the network that is built.
//!
//! Files reorder values: they transpose them, flatten them in another order, add dimensions of 1. None of that computes anything. A view keeps
//! note of it until a layer reads the value; then its weights are permuted instead.

use super::error::unsupported;
use crate::base::error::Result;
use crate::tensor::Shape;

/// A value of the file: the elements of a value of the network, in another order and with other dimensions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    /// The network's value.
    pub(super) value: usize,
    /// The axes of that value in the order of the file: its last one is the fastest.
    pub(super) order: Vec<usize>,
    /// The dimensions in the file, the batch of one sample included.
    pub(super) dims: Vec<usize>,
    /// Zeros that the next layer is to add: rows and columns before, rows and columns after.
    pub(super) padding: [[usize; 2]; 2],
}

impl View {
    /// A value as it is, with the dimensions `dims`.
    pub(super) fn new(value: usize, shape: Shape, dims: Vec<usize>) -> Self {
        Self { value, order: (0..shape.dims().len()).collect(), dims, padding: [[0; 2]; 2] }
    }

    /// The same order of the same elements, in another value.
    pub(super) fn of(&self, value: usize) -> Self {
        Self { value, ..self.clone() }
    }

    /// The same with other dimensions.
    pub(super) fn with_dims(&self, dims: Vec<usize>) -> Self {
        Self { dims, ..self.clone() }
    }

    /// Whether zeros are still to be added.
    pub(super) fn is_padded(&self) -> bool {
        self.padding != [[0; 2]; 2]
    }

    /// Whether the file has the elements in the order of the network's value.
    pub(super) fn is_in_order(&self, shape: Shape) -> bool {
        self.long_axes(shape).is_sorted()
    }

    /// The axes of more than one element, in the order of the file.
    fn long_axes(&self, shape: Shape) -> Vec<usize> {
        let dims = shape.dims();
        self.order.iter().copied().filter(|&axis| dims.get(axis).is_some_and(|&dim| dim != 1)).collect()
    }

    /// For each dimension of the file, the axis that it is: `None` for a dimension of 1. `None` if a dimension is no axis.
    pub(super) fn axes(&self, shape: Shape) -> Option<Vec<Option<usize>>> {
        let dims = shape.dims();
        let mut axes = self.long_axes(shape).into_iter();
        let axis = |&dim: &usize| match dim {
            1 => Some(None),
            _ => axes.next().filter(|&axis| dims.get(axis) == Some(&dim)).map(Some),
        };
        let found: Option<Vec<Option<usize>>> = self.dims.iter().map(axis).collect();
        found.filter(|_| axes.next().is_none())
    }

    /// The same with its dimensions permuted.
    ///
    /// # Errors
    /// `unsupported` when a dimension is a part or a product of axes.
    pub(super) fn transpose(&self, shape: Shape, permutation: &[usize]) -> Result<Self> {
        let permuted = |from: &[usize]| permutation.iter().filter_map(|&i| from.get(i).copied()).collect::<Vec<_>>();
        let dims = permuted(&self.dims);
        if permutation.iter().filter(|&&i| self.dims.get(i) != Some(&1)).is_sorted() {
            return Ok(self.with_dims(dims)); // only dimensions of 1 change their places
        }
        let Some(axes) = self.axes(shape) else {
            return Err(unsupported(format!(
                "it reorders the dimensions {:?} of a value that was {shape}; only whole axes can be reordered",
                self.dims
            )));
        };
        let mut order: Vec<usize> = permutation.iter().filter_map(|&i| axes.get(i).copied().flatten()).collect();
        let short = (0..shape.dims().len()).filter(|axis| !order.contains(axis)).collect::<Vec<_>>();
        order.extend(short);
        Ok(Self { order, dims, ..self.clone() })
    }

    /// For each element in the order of the file, its place in the network's value.
    pub(super) fn places(&self, shape: Shape) -> Vec<usize> {
        let dims = shape.dims();
        let strides = strides(&dims);
        let axis = |&axis: &usize| dims.get(axis).copied().zip(strides.get(axis).copied());
        strided(0, &self.order.iter().filter_map(axis).collect::<Vec<_>>())
    }
}

/// The places `start + i * stride + ...` for every index of some axes, each with its length and its stride; the last one is the fastest.
pub(super) fn strided(start: usize, axes: &[(usize, usize)]) -> Vec<usize> {
    let mut places = vec![start];
    for &(len, stride) in axes {
        let along = |&start: &usize| (0..len).map(move |i| start.saturating_add(i.saturating_mul(stride)));
        places = places.iter().flat_map(along).collect();
    }
    places
}

/// The strides of row-major dimensions.
pub(super) fn strides(dims: &[usize]) -> Vec<usize> {
    (1..=dims.len()).map(|i| dims.iter().skip(i).product()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: Shape = Shape::Image { channels: 2, height: 3, width: 4 };

    #[test]
    fn transposes_are_noted_and_undone() {
        let plain = View::new(0, IMAGE, vec![1, 2, 3, 4]);
        let last = plain.transpose(IMAGE, &[0, 2, 3, 1]).unwrap();
        assert_eq!((last.order.as_slice(), last.dims.as_slice()), (&[1, 2, 0][..], &[1, 3, 4, 2][..]));
        assert!(!last.is_in_order(IMAGE) && plain.is_in_order(IMAGE));
        assert_eq!(last.axes(IMAGE).unwrap(), [None, Some(1), Some(2), Some(0)]);
        assert_eq!(last.transpose(IMAGE, &[0, 3, 1, 2]).unwrap(), plain);
        let flat = last.with_dims(vec![1, 24]);
        assert_eq!(flat.axes(IMAGE), None);
        // numpy.arange(24).reshape(2, 3, 4).transpose(1, 2, 0).ravel()[:6]
        assert_eq!(flat.places(IMAGE)[..6], [0, 12, 1, 13, 2, 14]);
        assert!(flat.transpose(IMAGE, &[1, 0]).is_ok(), "a dimension of 1 may move");
        assert!(flat.with_dims(vec![4, 6]).transpose(IMAGE, &[1, 0]).is_err());
    }

    #[test]
    fn axes_of_one_element_do_not_count() {
        let row = Shape::Image { channels: 5, height: 1, width: 7 };
        let view = View::new(0, row, vec![1, 5, 7]).transpose(row, &[0, 2, 1]).unwrap();
        assert_eq!((view.order.as_slice(), view.dims.as_slice()), (&[2, 0, 1][..], &[1, 7, 5][..]));
        assert!(
            View::new(0, Shape::Image { channels: 1, height: 28, width: 28 }, vec![1, 28, 28, 1])
                .transpose(Shape::Image { channels: 1, height: 28, width: 28 }, &[0, 3, 1, 2])
                .unwrap()
                .is_in_order(Shape::Image { channels: 1, height: 28, width: 28 })
        );
    }
}
