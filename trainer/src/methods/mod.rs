//! Training methods behind one interface.

pub mod gnj;
pub mod plain;

use crate::data::Batch;
use crate::network::Network;
use crate::noise::Noise;
use crate::parameter::Parameter;
use crate::shed::Units;
use plain::Plain;

/// What a parameter describes; each kind has its own learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Mean of a weight or bias, or the value of a plain one.
    Value,
    /// Log variance of a weight or bias.
    LogVariance,
    /// Mean or log variance of a scale z.
    Scale,
}

/// A parameter with its place in the network.
pub struct Named<'a> {
    /// `<layer>.<tensor>`, as in the posterior file.
    pub name: String,
    pub kind: Kind,
    pub parameter: &'a mut Parameter,
}

/// Loss of one batch and its gradient.
pub struct Slope {
    /// Mean cross-entropy of the batch in nats, without the KL.
    pub cross_entropy: f64,
    /// Gradient of `cross_entropy + kl_factor * KL`, in the order of [`Method::parameters`].
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

    /// Loss and gradient on one batch; `kl_factor` is beta / N.
    fn slope(&self, batch: &Batch, kl_factor: f64, noise: &mut Noise) -> Slope;

    /// Puts parameters back into their bounds after a step.
    fn constrain(&mut self) {}

    /// KL of the posterior to the prior in nats.
    fn kl(&self) -> f64 {
        0.0
    }

    /// Removes the groups whose log alpha is above the threshold of their layer.
    fn shed(&mut self, _thresholds: &[f64]) {}

    /// The deterministic network of the current parameters.
    fn prediction(&self) -> Plain;
}
