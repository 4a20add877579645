//! A layer to be compressed.

/// A layer at its original shape; a pruned weight is zero.
#[derive(Clone, Debug)]
pub(crate) struct OriginalLayer {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    /// Row-major.
    pub(crate) weights: Vec<f32>,
    /// In f64, so a bias with folded constants is rounded once.
    pub(crate) bias: Vec<f64>,
    pub(crate) values: WeightValues,
}

/// Which values the weights of a layer take, and whether the file must store them exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum WeightValues {
    /// Any values; an encoding may round them.
    Any,
    /// At most 256 distinct values, stored exactly.
    Few,
    /// Integers from -127 to 127 times this step, stored exactly.
    Grid(f32),
}

impl OriginalLayer {
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.weights[row * self.cols..][..self.cols]
    }
}
