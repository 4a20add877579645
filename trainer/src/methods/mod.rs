//! Training methods behind one interface: options make a method, the loop trains it, and its file can be read again.

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

/// The options of a method: everything that determines the result of a run.
pub trait MethodOptions: Serialize {
    type Method: Method;

    /// The options that every method has.
    fn common(&self) -> &CommonOptions;

    /// Fills in the options whose default depends on the network, then checks every option.
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
    /// Its learning rate, relative to that of the run; 0 for a parameter that is not learned, but stored in checkpoints.
    pub rate: f64,
    pub parameter: &'a mut Parameter,
}

/// The progress of a run at a step.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The number of finished epochs.
    pub epoch: usize,
    /// Share of the run's steps that are done, in [0, 1).
    pub progress: f64,
    /// The number of training images.
    pub images: usize,
}

/// Loss of one batch and its gradient.
pub struct Slope {
    /// Mean cross-entropy of the batch in nats, without the method's other terms.
    pub cross_entropy: f64,
    /// Gradient of the whole loss, in the order of [`Method::parameters`].
    pub gradients: Vec<Vec<f32>>,
}

/// A method, as the training loop sees it.
pub trait Method {
    /// The method's name in posterior files.
    fn file_method(&self) -> FileMethod;

    fn network(&self) -> &Network;

    /// The remaining units of each layer.
    fn units(&self) -> Vec<Units>;

    /// Keeps only these units, a subset of [`Method::units`].
    fn restrict(&mut self, units: &[Units]);

    /// Every parameter, always in the same order.
    fn parameters(&mut self) -> Vec<Named<'_>>;

    /// The learning rate at a moment of the run.
    fn rate_at(&self, options: &CommonOptions, at: Moment) -> f64 {
        options.rate_at(at)
    }

    /// Called before an epoch, counted from 0.
    fn before_epoch(&mut self, _epoch: usize) {}

    /// Loss and gradient on one batch.
    fn slope(&mut self, batch: &Batch, at: Moment, noise: &mut Noise) -> Slope;

    /// Called after a step: applies bounds to parameters and updates the method's own state.
    fn after_step(&mut self, _at: Moment) {}

    /// Called after an epoch, counted from 0: removes dead groups or units.
    fn after_epoch(&mut self, _epoch: usize) {}

    /// The method's own figures of an epoch, counted from 0, for the log.
    fn report(&self, _epoch: usize) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// The deterministic network of the current parameters.
    fn prediction(&self) -> Plain;

    /// The arrays of its posterior file, at the original shape (`docs/posteriors.md`).
    fn arrays(&self) -> Vec<NamedTensor>;
}

/// A trained network, read from its file.
pub trait Trained {
    fn network(&self) -> &Network;

    /// The thresholds of the pruning statistic to try, the one that prunes least first. Empty if the method prunes nothing afterwards.
    fn thresholds(&self) -> Vec<f64>;

    /// The posterior mean, without the groups or weights whose statistic reaches their layer's threshold.
    fn masked_mean(&self, thresholds: &[f64]) -> Plain;
}

/// Reads the file of any method, with its pixel scaling.
///
/// # Errors
/// When the file is not a posterior of a known network. The error names an array that does not fit.
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
/// When the file cannot be used, or belongs to another network.
pub fn read_start(path: &Path, network: &Network, threshold: f64) -> Result<Plain> {
    let (posterior, _) = read(path)?;
    ensure!(posterior.network() == network, "{} is of another network than {}", path.display(), network.name);
    Ok(posterior.masked_mean(&vec![threshold; network.layers.len()]))
}

/// The start network of a run: the whole mean of the posterior in a file, or fresh weights.
///
/// # Errors
/// When the file cannot be used, or belongs to another network.
pub fn start(path: Option<&Path>, network: &Network, seed: u64) -> Result<Plain> {
    match path {
        None => Ok(Plain::initialise(network, &mut Noise::for_initialisation(seed))),
        Some(path) => read_start(path, network, f64::INFINITY),
    }
}
