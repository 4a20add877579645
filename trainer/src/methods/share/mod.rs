//! Weight sharing (Han et al. 2016). The remaining weights of a pruned network are clustered layer by layer. Then the centroids are trained instead
//! of the weights.

mod kmeans;
mod options;
#[cfg(test)]
mod tests;

pub use options::ShareOptions;

use curt::posterior::{Method as FileMethod, NamedTensor};

use super::dead::remove_dead;
use super::plain::Plain;
use super::{Method, Moment, Named, Slope};
use crate::data::Batch;
use crate::network::Network;
use crate::noise::Noise;
use crate::options::of_layer;
use crate::parameter::Parameter;
use crate::shed::{self, Units};

/// A network in which every weight is zero or the centroid of its cluster.
#[derive(Clone, Debug)]
pub struct Share {
    /// The network before sharing. Its biases learn.
    plain: Plain,
    clusters: Vec<Clusters>,
}

/// The clusters of a layer.
#[derive(Clone, Debug)]
struct Clusters {
    /// `[clusters]`
    centroids: Parameter,
    /// Shaped like the weights: the cluster of each weight, counted from 1; 0 for a pruned weight.
    members: Parameter,
}

impl Share {
    /// Clusters the weights of each layer into at most `levels` values.
    pub fn new(mut plain: Plain, options: &ShareOptions) -> Self {
        remove_dead(&mut plain);
        let layers = plain.layers.iter().enumerate();
        let clusters = layers.map(|(index, layer)| Clusters::new(&layer.weight, of_layer(&options.levels, index))).collect();
        Self { plain, clusters }
    }
}

impl Clusters {
    fn new(weight: &Parameter, levels: usize) -> Self {
        let kept: Vec<f64> = weight.value.iter().filter(|&&weight| weight != 0.0).map(|&weight| f64::from(weight)).collect();
        let centroids = kmeans::centroids(&kept, levels);
        let member = |&weight: &f32| match weight {
            0.0 => 0.0,
            _ => (1 + kmeans::nearest(&centroids, f64::from(weight))) as f32,
        };
        Self {
            members: Parameter::new(weight.shape.clone(), weight.value.iter().map(member).collect()),
            centroids: Parameter::new(vec![centroids.len()], centroids.iter().map(|&centroid| centroid as f32).collect()),
        }
    }

    fn value_of(&self, member: f32) -> f32 {
        (member as usize).checked_sub(1).map_or(0.0, |cluster| self.centroids.value[cluster])
    }

    /// The gradient of every centroid: the sum of the gradients of its members.
    fn gradient(&self, by_weight: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.0; self.centroids.value.len()];
        for (&member, &slope) in self.members.value.iter().zip(by_weight) {
            if let Some(cluster) = (member as usize).checked_sub(1) {
                sums[cluster] += f64::from(slope);
            }
        }
        sums.into_iter().map(|sum| sum as f32).collect()
    }
}

impl Method for Share {
    fn file_method(&self) -> FileMethod {
        FileMethod::Shared
    }

    fn network(&self) -> &Network {
        &self.plain.network
    }

    fn units(&self) -> Vec<Units> {
        self.plain.units()
    }

    fn restrict(&mut self, units: &[Units]) {
        for ((clusters, layer), kept) in self.clusters.iter_mut().zip(&self.plain.layers).zip(units) {
            clusters.members.keep(0, &shed::positions(&layer.units.outputs, &kept.outputs));
            clusters.members.keep(1, &shed::positions(&layer.units.inputs, &kept.inputs));
        }
        self.plain.restrict(units);
    }

    fn parameters(&mut self) -> Vec<Named<'_>> {
        let names = self.plain.network.layers.iter().map(|(name, _)| name);
        let mut parameters = Vec::new();
        for ((name, layer), clusters) in names.zip(&mut self.plain.layers).zip(&mut self.clusters) {
            let Clusters { centroids, members } = clusters;
            for (array, rate, parameter) in
                [("centroids", 1.0, centroids), ("members", 0.0, members), ("bias", 1.0, &mut layer.bias)]
            {
                parameters.push(Named { name: format!("{name}.{array}"), rate, parameter });
            }
        }
        parameters
    }

    fn slope(&mut self, batch: &Batch, at: Moment, noise: &mut Noise) -> Slope {
        let Slope { cross_entropy, gradients } = self.prediction().slope(batch, at, noise);
        let mut by_array = Vec::new();
        let mut gradients = gradients.into_iter();
        for clusters in &self.clusters {
            let mut next = || gradients.next().expect("invariant: a weight and a bias for each layer");
            let (weight, bias) = (next(), next());
            by_array.extend([clusters.gradient(&weight), vec![0.0; weight.len()], bias]);
        }
        Slope { cross_entropy, gradients: by_array }
    }

    /// The number of weights that are not zero, and the number of values that they share.
    fn report(&self, _epoch: usize) -> Vec<(&'static str, f64)> {
        let values: usize = self.clusters.iter().map(|clusters| clusters.centroids.value.len()).sum();
        vec![("nonzero", self.plain.nonzero() as f64), ("values", values as f64)]
    }

    /// Every weight has the value of its cluster.
    fn prediction(&self) -> Plain {
        let mut plain = self.plain.clone();
        for (layer, clusters) in plain.layers.iter_mut().zip(&self.clusters) {
            for (weight, &member) in layer.weight.value.iter_mut().zip(&clusters.members.value) {
                *weight = clusters.value_of(member);
            }
        }
        plain
    }

    fn arrays(&self) -> Vec<NamedTensor> {
        self.prediction().arrays()
    }
}
