//! Training methods behind one interface.

pub mod gnj;
pub mod plain;
pub mod rate;

use crate::data::Batch;
use crate::network::Network;
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::shed::Units;
use plain::Plain;

/// A parameter with its place in the network.
pub struct Named<'a> {
    /// `<layer>.<tensor>`, as in the posterior file.
    pub name: String,
    /// Its learning rate, relative to that of the run.
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

/// What the training loop needs of a method.
pub trait Method {
    fn network(&self) -> &Network;

    /// The units that are still there, layer by layer.
    fn units(&self) -> Vec<Units>;

    /// Keeps only these units, a subset of [`Method::units`].
    fn restrict(&mut self, units: &[Units]);

    /// Every parameter, always in the same order.
    fn parameters(&mut self) -> Vec<Named<'_>>;

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
}
