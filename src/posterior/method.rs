//! The training methods whose files are read.

/// How the network was trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Group normal-Jeffreys: means and log variances, and a scale for each group (Louizos et al. 2017).
    Gnj,
    /// Group horseshoe: means and log variances, and log-normal scales for each group and each layer (Louizos et al. 2017).
    Ghs,
    /// Sparse variational dropout: a mean and a log variance for each weight (Molchanov et al. 2017).
    SparseVd,
    /// Diagonal Gaussian, pruned by the ratio of signal to noise (Graves 2011).
    Graves,
    /// Variational network quantization: the weights of a layer are drawn to a codebook (Achterhold et al. 2018).
    Vnq,
    /// Weights and biases, and a mask if training has pruned.
    Plain,
    /// Weights and biases on a grid, from rate-constrained training.
    Rate,
    /// Weights that share a few values in each layer (Han et al. 2016, Ullrich et al. 2017).
    Shared,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 8] =
        [Self::Gnj, Self::Ghs, Self::SparseVd, Self::Graves, Self::Vnq, Self::Plain, Self::Rate, Self::Shared];

    /// The name in files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gnj => "gnj",
            Self::Ghs => "ghs",
            Self::SparseVd => "sparse_vd",
            Self::Graves => "graves",
            Self::Vnq => "vnq",
            Self::Plain => "plain",
            Self::Rate => "rate",
            Self::Shared => "shared",
        }
    }
}
