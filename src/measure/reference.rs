//! What a model computes, in f64, and how far a 32-bit run may be from it.
//!
//! A layer computes `y = sum_k w_k x_k + b`. In f32 every term passes at most `m = cols + 12` roundings: its weight's (decoding, factor),
//! its product, the additions of its chain, the combination of four chains, the scale, the bias. With the unit roundoff u = 2^-24 and
//! `g = m u / (1 - m u)`, and an input known within e_k,
//!
//! ```text
//! |fl(y) - y| <= g (sum_k |w_k| (|x_k| + e_k) + |b|) + sum_k |w_k| e_k
//!                + m 2^-149 (1 + |scale|) + 2^-142 sum_k (|x_k| + e_k)
//! ```
//!
//! (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.1). The second line is for what lies below the normal range:
//! results, and a weight or a scale (which multiplies integers of at most 127) that is off by half of 2^-149. ReLU does not enlarge an error. The order of the additions does not matter to the bound, so one bound holds for a model and for its twins.

use crate::base::error::{Error, ErrorKind, Result};
use crate::graph::Op;
use crate::model::Model;
use crate::ops::{Converter, Input, Slot};

const ROUNDOFF: f64 = 1.0 / (1u64 << 24) as f64;
/// The least positive f32.
const LEAST: f64 = f32::from_bits(1) as f64;
/// Roundings of a term besides the additions of its chain.
const FURTHER_ROUNDINGS: usize = 12;

/// A model with its weights in f64.
#[derive(Debug)]
pub struct Reference<'a> {
    model: &'a Model,
    converter: Converter,
    layers: Vec<Vec<f64>>,
    /// Terms of the longest chain that any twin has in each layer.
    terms: Vec<usize>,
}

/// One value: its elements, and how far each may be off in f32.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounded {
    /// The elements.
    pub values: Vec<f64>,
    /// A bound on the absolute error of each.
    pub errors: Vec<f64>,
}

impl<'a> Reference<'a> {
    /// Decodes the model's weights.
    #[must_use]
    pub fn new(model: &'a Model) -> Self {
        let original = |node: usize| {
            let shape = model.origin().and_then(|origin| origin.nodes.get(node)).and_then(|node| node.shape.as_ref());
            shape.map_or(0, |shape| shape.cols.len())
        };
        Self {
            model,
            converter: Converter::new(model.graph().input(), model.tables()),
            layers: (0..model.layers().len()).map(|i| exact_weights(model, i)).collect(),
            terms: model.layers().iter().map(|layer| layer.cols.max(original(layer.node))).collect(),
        }
    }

    /// The output for one sample.
    #[must_use]
    pub fn run(&self, sample: Input<'_>) -> Bounded {
        let graph = self.model.graph();
        let elements = graph.shape(0).elements();
        let slot = Slot { start: 0, elements, stride: Slot::stride_of(elements) };
        let mut arena = vec![0.0; slot.stride];
        self.converter.run(sample, &mut arena, &slot); // the same code as a session's: no error yet
        let values: Vec<f64> = arena[..elements].iter().map(|&x| f64::from(x)).collect();
        let mut value = Bounded { errors: vec![0.0; values.len()], values };
        let mut layer = 0;
        for node in graph.nodes() {
            match node.op {
                Op::Linear(_) => {
                    value = self.linear(layer, &value);
                    layer += 1;
                }
                Op::Relu => value.values.iter_mut().for_each(|x| *x = x.max(0.0)),
                Op::Softmax => value = softmax(&value),
                Op::Flatten => {}
            }
        }
        value
    }

    fn linear(&self, index: usize, input: &Bounded) -> Bounded {
        let layer = &self.model.layers()[index];
        let m = (self.terms[index] + FURTHER_ROUNDINGS) as f64;
        let relative = if m * ROUNDOFF < 0.5 { m * ROUNDOFF / (1.0 - m * ROUNDOFF) } else { f64::INFINITY };
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for (row, &bias) in layer.bias.iter().enumerate() {
            let weights = &self.layers[index][row * layer.cols..][..layer.cols];
            let bias = f64::from(bias);
            let scale = layer.scale.as_ref().map_or(0.0, |scale| f64::from(scale[row]));
            let (mut sum, mut size, mut passed_on) = (bias, bias.abs(), m * LEAST * (1.0 + scale));
            for ((w, x), e) in weights.iter().zip(&input.values).zip(&input.errors) {
                sum += w * x;
                size += w.abs() * (x.abs() + e);
                passed_on += w.abs() * e + 128.0 * LEAST * (x.abs() + e);
            }
            values.push(sum);
            errors.push(relative * size + passed_on);
        }
        Bounded { values, errors }
    }
}

/// Softmax in f64. An error of at most e in every argument changes each output by a factor of at most exp(2 e); the f32 operations
/// add (n + 4) roundings and the error of exp, 1.5e-7, twice. Outputs below the normal range may be zero.
fn softmax(input: &Bounded) -> Bounded {
    let greatest = input.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let error = input.errors.iter().copied().fold(0.0, f64::max);
    let powers: Vec<f64> = input.values.iter().map(|x| (x - greatest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    let spread = input.values.iter().map(|x| greatest - x).fold(0.0, f64::max);
    // The subtraction of the maximum rounds once more, which exp turns into a relative error of `spread` roundoffs.
    let relative = (2.0 * error + 2.0 * spread * ROUNDOFF).exp_m1() + (powers.len() + 4) as f64 * ROUNDOFF + 3.0e-7;
    let values: Vec<f64> = powers.iter().map(|power| power / sum).collect();
    let errors = values.iter().map(|value| value * relative + f64::from(f32::MIN_POSITIVE)).collect();
    Bounded { values, errors }
}

/// The weights of layer `index`, with their row factors, exact but for f64's own rounding.
fn exact_weights(model: &Model, index: usize) -> Vec<f64> {
    let mut weights: Vec<f64> = model.weights(index).decode().into_iter().map(f64::from).collect();
    if let Some(factors) = &model.tables().layers[index].row_factors {
        let cols = model.layers()[index].cols.max(1);
        for (row, &factor) in weights.chunks_exact_mut(cols).zip(factors) {
            row.iter_mut().for_each(|weight| *weight *= f64::from(factor));
        }
    }
    weights
}

impl Bounded {
    /// Holds a 32-bit output against the bound; where f32 or the bound itself left the finite numbers nothing can be said, and nothing
    /// is. Error: `internal`, with the element that is worst.
    pub fn check(&self, output: &[f32]) -> Result<()> {
        for (i, ((&found, expected), error)) in output.iter().zip(&self.values).zip(&self.errors).enumerate() {
            let distance = (f64::from(found) - expected).abs();
            if found.is_finite() && error.is_finite() && distance > *error {
                let message = format!("output {i} is {found:e}, expected {expected:e} within {error:e}");
                return Err(Error::new(ErrorKind::Internal, message));
            }
        }
        Ok(())
    }
}
