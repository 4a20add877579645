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
//! results, and a weight or a scale (which multiplies integers of at most 127) that is off by half of 2^-149. ReLU does not enlarge an error.
//! The bound does not depend on the order of the additions, so it holds for a model and for its twins.

use super::bounded::{Bounded, LEAST, ROUNDOFF, unless_overflow};
use super::operators;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::exec::{Converter, Input, Slot};
use crate::graph::{Conv2d, Op};
use crate::model::Model;
use crate::tensor::Shape;
use std::ops::Range;

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

impl<'a> Reference<'a> {
    /// Decodes the model's weights; [`check_expandable`](super::twins::check_expandable) says whether they fit.
    ///
    /// # Errors
    /// `limit`, `no_memory`.
    pub fn new(model: &'a Model) -> Result<Self> {
        let mut memory = MemoryBudget::new(model.limits().memory_bytes);
        let original = |node: usize| {
            let shape = model.origin().and_then(|origin| origin.nodes.get(node)).and_then(|node| node.shape.as_ref());
            shape.map_or(0, |shape| shape.columns(&model.graph().nodes()[node].op))
        };
        Ok(Self {
            model,
            converter: Converter::new(model.graph().input(), model.tables(), None, &mut memory)?,
            layers: (0..model.layers().len()).map(|i| exact_weights(model, i)).collect(),
            terms: model.layers().iter().map(|layer| layer.cols.max(original(layer.node))).collect(),
        })
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
        let mut made = vec![Bounded { errors: vec![0.0; values.len()], values }];
        let (mut layer, mut affine) = (0, 0);
        for (i, node) in graph.nodes().iter().enumerate() {
            let input = &made[node.input()];
            let value = match node.op {
                Op::Linear(_) => self.linear(layer, 0..self.model.layers()[layer].linear.rows, input),
                Op::Conv2d(conv) => self.conv(layer, &conv, input, graph.shape(node.input()), graph.shape(i + 1)),
                Op::Affine => operators::affine(input, &self.model.tables().affines[affine], graph.shape(i + 1)),
                _ => {
                    let inputs: Vec<&Bounded> = node.inputs.iter().map(|&input| &made[input]).collect();
                    let shapes: Vec<Shape> = node.inputs.iter().map(|&input| graph.shape(input)).collect();
                    operators::plain(&node.op, &inputs, &shapes)
                }
            };
            layer += usize::from(node.op.linear().is_some());
            affine += usize::from(node.op == Op::Affine);
            made.push(value);
        }
        made.pop().expect("invariant: value 0 is there")
    }

    /// Every patch is the input of a linear map.
    fn conv(&self, layer: usize, conv: &Conv2d, input: &Bounded, from: Shape, to: Shape) -> Bounded {
        let (values, errors) =
            (operators::patches(conv, &input.values, from, to), operators::patches(conv, &input.errors, from, to));
        let positions = to.elements() / conv.linear.rows.max(1);
        let rows = conv.linear.rows / conv.groups;
        let mut out = Bounded { values: vec![0.0; to.elements()], errors: vec![0.0; to.elements()] };
        for (i, (values, errors)) in values.into_iter().zip(errors).enumerate() {
            let (group, position) = (i / positions.max(1), i % positions.max(1));
            let mapped = self.linear(layer, group * rows..(group + 1) * rows, &Bounded { values, errors });
            for (row, (value, error)) in mapped.values.into_iter().zip(mapped.errors).enumerate() {
                let at = (group * rows + row) * positions + position;
                (out.values[at], out.errors[at]) = (value, error);
            }
        }
        out
    }

    /// The rows `rows` of a linear map.
    fn linear(&self, index: usize, rows: Range<usize>, input: &Bounded) -> Bounded {
        let layer = &self.model.layers()[index];
        let m = (self.terms[index] + FURTHER_ROUNDINGS) as f64;
        let relative = if m * ROUNDOFF < 0.5 { m * ROUNDOFF / (1.0 - m * ROUNDOFF) } else { f64::INFINITY };
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for row in rows {
            let bias = layer.bias[row];
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
            // The chains of integers come before the scale.
            let longest = if scale > 0.0 { size.max(size / scale) } else { size };
            errors.push(unless_overflow(relative * size + passed_on, longest));
        }
        Bounded { values, errors }
    }
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
