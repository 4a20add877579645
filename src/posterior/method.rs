//! The methods of training whose files are read.

/// How the network was trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Group normal-Jeffreys: means and log variances, and a scale for each group (Louizos et al. 2017).
    Gnj,
    /// Weights and biases, with a mask where training has pruned.
    Plain,
    /// Weights and biases on a grid, trained under a bound of bits.
    Rate,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::Gnj, Self::Plain, Self::Rate];

    /// The name in files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gnj => "gnj",
            Self::Plain => "plain",
            Self::Rate => "rate",
        }
    }
}
