//! Sparse variational dropout (Molchanov et al. 2017). Under its log-uniform prior the dropout rate of an unneeded weight grows until the weight is
//! noise only.

use anyhow::Result;
use clap::Args;
use curt::posterior::Method as FileMethod;
use serde::Serialize;

use super::MethodOptions;
use super::normal::{NormalOptions, NormalTraining, Prior, Shares, Slopes};
use crate::kl;
use crate::network::Network;
use crate::options::CommonOptions;
use crate::posterior::Stored;

/// The bound of log alpha in the KL. Beyond it the KL has no slope.
const LOG_ALPHA_BOUND: f64 = 8.0;

/// The log-uniform prior. It has no parameters.
#[derive(Clone, Copy, Debug)]
pub struct LogUniform;

impl Prior for LogUniform {
    const FILE_METHOD: FileMethod = FileMethod::SparseVd;
    const PRUNED: Option<f64> = Some(kl::CERTAIN_NOISE);

    fn read(_: &Stored, _: &str) -> Result<Self> {
        Ok(Self)
    }

    fn thresholds() -> Vec<f64> {
        kl::log_alpha_thresholds()
    }

    fn statistic(mean: f64, log_variance: f64) -> f64 {
        kl::log_alpha(mean, log_variance)
    }

    fn kl(&self, mean: f64, log_variance: f64) -> f64 {
        kl::log_uniform(kl::log_alpha(mean, log_variance).clamp(-LOG_ALPHA_BOUND, LOG_ALPHA_BOUND))
    }

    fn gradient(&self, mean: f64, log_variance: f64) -> Slopes {
        let inside = kl::log_alpha(mean, log_variance).abs() <= LOG_ALPHA_BOUND;
        let (by_mean, by_log_variance) = if inside { kl::log_uniform_gradient(mean, log_variance) } else { (0.0, 0.0) };
        Slopes { by_mean, by_log_variance, by_level: 0.0 }
    }
}

/// The options for sparse variational dropout.
#[derive(Clone, Debug, PartialEq, Args, Serialize)]
pub struct SparseVdOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub normal: NormalOptions,
    /// Leave the means of pruned weights out of the forward pass
    #[arg(long)]
    pub clip: bool,
}

impl MethodOptions for SparseVdOptions {
    type Method = NormalTraining<LogUniform>;

    fn common(&self) -> &CommonOptions {
        &self.normal.common
    }

    /// The authors' schedule has 200 epochs. The weight of the KL rises from epoch 5 to 20, and the learning rate falls from epoch 100.
    fn complete(self, _: &Network) -> Result<Self> {
        let shares = Shares { warm_up: [0.025, 0.1], decay_from: 0.5 };
        Ok(Self { normal: self.normal.complete(shares)?, ..self })
    }

    fn begin(&self, network: &Network) -> Result<Self::Method> {
        self.normal.begin(network, LogUniform, self.clip)
    }
}
