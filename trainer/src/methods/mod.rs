//! Training methods behind one interface: options begin a method, the loop trains it, its file is read back.

#[cfg(test)]
mod check;
pub mod dead;
pub mod ghs;
pub mod gnj;
pub mod graves;
pub mod groups;
pub mod normal;
pub mod plain;
pub mod prune;
pub mod rate;
pub mod share;
pub mod soft_share;
pub mod sparse_vd;
pub mod surgery;
pub mod vnq;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use curt::posterior::{Method as FileMethod, NamedTensor};
use serde::Serialize;

use crate::data::{Batch, Scaling};
use crate::network::Network;
use crate::noise::Noise;
use crate::options::CommonOptions;
use crate::parameter::Parameter;
use crate::posterior::Stored;
use crate::shed::Units;
use ghs::Ghs;
use gnj::Gnj;
use graves::Empirical;
use normal::Normal;
use plain::Plain;
use sparse_vd::LogUniform;
use vnq::Codebook;

/// The options of a method: everything that decides the result of a run.
pub trait MethodOptions: Serialize {
    type Method: Method;

    /// The options that every method has.
    fn common(&self) -> &CommonOptions;

    /// Fills in what was left to the network, then checks every option.
    ///
    /// # Errors
    /// Names the option whose value is not allowed.
    fn complete(self, network: &Network) -> Result<Self>
    where
        Self: Sized;

    /// The method before its first step.
    ///
    /// # Errors
    /// When the file of `--start` cannot be used.
    fn begin(&self, network: &Network) -> Result<Self::Method>;
}

/// A parameter with its place in the network.
pub struct Named<'a> {
    /// `<layer>.<tensor>`, as in the posterior file.
    pub name: String,
    /// Its learning rate, relative to that of the run; 0 if it is not learned but stored in checkpoints.
    pub rate: f64,
    pub parameter: &'a mut Parameter,
}

/// Where a run stands when it takes a step.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Finished epochs.
    pub epoch: usize,
    /// Share of the run's steps that are done, in [0, 1).
    pub progress: f64,
    /// Training images.
    pub images: usize,
}

/// Loss of one batch and its gradient.
pub struct Slope {
    /// Mean cross-entropy of the batch in nats, without what the method adds to it.
    pub cross_entropy: f64,
    /// Gradient of the whole loss, in the order of [`Method::parameters`].
    pub gradients: Vec<Vec<f32>>,
}

/// A method, as the training loop sees it.
pub trait Method {
    /// What posterior files call it.
    fn file_method(&self) -> FileMethod;

    fn network(&self) -> &Network;

    /// The units that are still there, layer by layer.
    fn units(&self) -> Vec<Units>;

    /// Keeps only these units, a subset of [`Method::units`].
    fn restrict(&mut self, units: &[Units]);

    /// Every parameter, always in the same order.
    fn parameters(&mut self) -> Vec<Named<'_>>;

    /// The learning rate at a moment of the run.
    fn rate_at(&self, options: &CommonOptions, at: Moment) -> f64 {
        options.rate_at(at)
    }

    /// What precedes an epoch, counted from 0.
    fn before_epoch(&mut self, _epoch: usize) {}

    /// Loss and gradient on one batch.
    fn slope(&mut self, batch: &Batch, at: Moment, noise: &mut Noise) -> Slope;

    /// What follows a step: bounds of parameters, state that the method steers itself.
    fn after_step(&mut self, _at: Moment) {}

    /// What follows an epoch, counted from 0: groups or units that died are removed.
    fn after_epoch(&mut self, _epoch: usize) {}

    /// The method's own figures of an epoch, counted from 0, for the log.
    fn report(&self, _epoch: usize) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// The deterministic network of the current parameters.
    fn prediction(&self) -> Plain;

    /// What its posterior file holds, at the original shape (`docs/posteriors.md`).
    fn arrays(&self) -> Vec<NamedTensor>;
}

/// A trained network, read from its file.
pub trait Trained {
    fn network(&self) -> &Network;

    /// Thresholds of the pruning statistic to try, from the one that prunes least. None where nothing is left to prune.
    fn thresholds(&self) -> Vec<f64>;

    /// The posterior mean, without the groups or weights whose statistic reaches their layer's threshold.
    fn masked_mean(&self, thresholds: &[f64]) -> Plain;
}

/// Reads the file of any method, with its pixel scaling.
///
/// # Errors
/// When it is not a posterior of a known network; names the array that does not fit.
pub fn read(path: &Path) -> Result<(Box<dyn Trained>, Scaling)> {
    let stored = Stored::open(path)?;
    let trained = match stored.method {
        FileMethod::Ghs => Ghs::read(&stored).map(boxed),
        FileMethod::Gnj => Gnj::read(&stored).map(boxed),
        FileMethod::Plain | FileMethod::Rate | FileMethod::Shared => Plain::read(&stored).map(boxed),
        FileMethod::Vnq => Normal::<Codebook>::read(&stored).map(boxed),
        FileMethod::Graves => Normal::<Empirical>::read(&stored).map(boxed),
        FileMethod::SparseVd => Normal::<LogUniform>::read(&stored).map(boxed),
    };
    Ok((trained.with_context(|| format!("{} is not usable", path.display()))?, stored.scaling))
}

fn boxed(trained: impl Trained + 'static) -> Box<dyn Trained> {
    Box::new(trained)
}

/// The start network of a run: the mean of the posterior in a file, pruned at the threshold.
///
/// # Errors
/// When the file cannot be used, or is of another network.
pub fn read_start(path: &Path, network: &Network, threshold: f64) -> Result<Plain> {
    let (posterior, _) = read(path)?;
    ensure!(posterior.network() == network, "{} is of another network than {}", path.display(), network.name);
    Ok(posterior.masked_mean(&vec![threshold; network.layers.len()]))
}

/// The start network of a run: the whole mean of the posterior in a file, or fresh weights.
///
/// # Errors
/// As [`read_start`].
pub fn start(path: Option<&Path>, network: &Network, seed: u64) -> Result<Plain> {
    match path {
        None => Ok(Plain::initialise(network, &mut Noise::for_initialisation(seed))),
        Some(path) => read_start(path, network, f64::INFINITY),
    }
}
