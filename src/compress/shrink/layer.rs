//! A layer to be compressed.

/// A layer at its original shape; a pruned weight is zero.
#[derive(Clone, Debug)]
pub(crate) struct OriginalLayer {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    /// Row-major.
    pub(crate) weights: Vec<f32>,
    /// In f64, so that folding a constant rounds once.
    pub(crate) bias: Vec<f64>,
    pub(crate) values: WeightValues,
}

/// What values the weights of a layer take, and whether the file must hold them as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WeightValues {
    /// Any: they are rounded to what an encoding has.
    Any,
    /// At most 256 different ones, which are kept.
    Few,
    /// Integers from -127 to 127 times this step, which are kept.
    Grid(f32),
}

impl OriginalLayer {
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.weights[row * self.cols..][..self.cols]
    }
}
