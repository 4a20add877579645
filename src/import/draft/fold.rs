//! Merges affine nodes into what stands beside them: a factor and an offset of each channel cost nothing inside a layer's weights and biases.
//!
//! Sums and products are computed in 64 bits and rounded once.

use super::{Draft, DraftNode, Layer, Tensors};
use crate::graph::Op;
use crate::posterior::InputDescription;
use crate::tensor::Shape;
use std::rc::Rc;

/// Which value replaces each value, and how often each is read.
struct Uses {
    becomes: Vec<usize>,
    readers: Vec<usize>,
}

impl Uses {
    fn readers(&self, value: usize) -> usize {
        self.readers.get(value).copied().unwrap_or(0)
    }

    fn set_readers(&mut self, value: usize, readers: usize) {
        if let Some(own) = self.readers.get_mut(value) {
            *own = readers;
        }
    }

    /// What a value was replaced by.
    fn of(&self, value: usize) -> usize {
        self.becomes.get(value).copied().unwrap_or(value)
    }

    /// Replaces `value`, which reads `by`, by `by`.
    fn replace(&mut self, value: usize, by: usize) {
        let readers = self.readers(by).saturating_sub(1).saturating_add(self.readers(value));
        self.set_readers(by, readers);
        self.set_readers(value, 0);
        if let Some(becomes) = self.becomes.get_mut(value) {
            *becomes = by;
        }
    }
}

impl Draft {
    /// Merges what can be merged. Returns the input's description and the value that is now the output.
    pub(super) fn fold(&mut self, output: usize) -> (InputDescription, usize) {
        let mut uses = self.uses(output);
        for value in 1..self.shapes.len() {
            self.redirect(value, &uses);
            if uses.readers(value) > 0 {
                self.merge_into_source(value, &mut uses);
            }
        }
        let input = self.merge_into_input(&mut uses);
        for value in 1..self.shapes.len() {
            self.redirect(value, &uses);
            if uses.readers(value) > 0 {
                self.merge_source(value, &uses);
            }
        }
        (input, uses.of(output))
    }

    /// How often each value is read by a node that `output` needs.
    fn uses(&self, output: usize) -> Uses {
        let mut readers = vec![0usize; self.shapes.len()];
        if let Some(own) = readers.get_mut(output) {
            *own = 1;
        }
        for (i, node) in self.nodes.iter().enumerate().rev() {
            let made = i.saturating_add(1);
            if readers.get(made).is_some_and(|&readers| readers > 0) {
                for &input in &node.inputs {
                    if let Some(own) = readers.get_mut(input) {
                        *own = own.saturating_add(1);
                    }
                }
            }
        }
        Uses { becomes: (0..self.shapes.len()).collect(), readers }
    }

    /// Lets the node of `value` read what its inputs were replaced by.
    fn redirect(&mut self, value: usize, uses: &Uses) {
        if let Some(node) = self.node_mut(value) {
            node.inputs.iter_mut().for_each(|input| *input = uses.of(*input));
        }
    }

    fn node_mut(&mut self, value: usize) -> Option<&mut DraftNode> {
        value.checked_sub(1).and_then(|node| self.nodes.get_mut(node))
    }

    /// The factors, offsets and input of an affine node.
    fn affine_of(&self, value: usize) -> Option<(Vec<f32>, Vec<f32>, usize)> {
        let node = self.node(value)?;
        match &node.tensors {
            Tensors::Affine { scale, offset } => Some((scale.clone(), offset.clone(), node.inputs.first().copied()?)),
            _ => None,
        }
    }

    /// Removes an affine node that changes nothing; merges one into the layer or the affine node that it reads, if nothing else reads that.
    fn merge_into_source(&mut self, value: usize, uses: &mut Uses) {
        let Some((scale, offset, source)) = self.affine_of(value) else { return };
        let is_identity = scale.iter().all(|&s| s == 1.0) && offset.iter().all(|&o| o == 0.0);
        let alone = uses.readers(source) == 1;
        let merged = is_identity || (alone && self.node_mut(source).is_some_and(|node| node.scale_outputs(&scale, &offset)));
        if merged {
            uses.replace(value, source);
        }
    }

    /// Merges an affine node that alone reads the input into the input's factors and offsets. Those are one for each channel.
    fn merge_into_input(&mut self, uses: &mut Uses) -> InputDescription {
        let shape = self.shape(0);
        let channels = shape.channels();
        let none = InputDescription { shape, dtype: self.dtype, scale: vec![1.0; channels], offset: vec![0.0; channels] };
        if uses.readers(0) != 1 {
            return none;
        }
        let mut values = 1..self.shapes.len();
        let reads =
            |value: &usize| uses.readers(*value) > 0 && self.affine_of(*value).is_some_and(|(.., input)| uses.of(input) == 0);
        let Some(value) = values.find(reads) else { return none };
        let Some((mut scale, mut offset, _)) = self.affine_of(value) else { return none };
        if matches!(shape, Shape::Vector(_)) {
            let Some((one_scale, one_offset, _)) = self.as_uniform(value) else { return none };
            (scale, offset) = (vec![one_scale], vec![one_offset]);
        }
        if scale.contains(&0.0) {
            return none;
        }
        uses.replace(value, 0);
        InputDescription { scale, offset, ..none }
    }

    /// Merges an affine node into the layer that alone reads it, if the layer pads nothing.
    fn merge_source(&mut self, value: usize, uses: &Uses) {
        let Some(&DraftNode { op, ref inputs, .. }) = self.node(value) else { return };
        let Some(&source) = inputs.first() else { return };
        let Some((scale, offset, before)) = self.affine_of(source).filter(|_| uses.readers(source) == 1) else { return };
        let groups = match op {
            Op::Linear(_) => 1,
            Op::Conv2d(conv) if !conv.window.is_padded() => conv.groups,
            _ => return,
        };
        let window = op.columns_per_input();
        if let Some(DraftNode { tensors: Tensors::Layer(layer), inputs, .. }) = self.node_mut(value) {
            layer.scale_inputs(&scale, &offset, window, groups);
            *inputs = vec![before];
        }
    }
}

impl DraftNode {
    /// Multiplies each output unit and adds an offset, if the node has tensors that can hold both.
    fn scale_outputs(&mut self, by: &[f32], plus: &[f32]) -> bool {
        let merged = |own: f32, by: f32, plus: f32| round(f64::from(own) * f64::from(by) + f64::from(plus));
        let pairs = || by.iter().copied().zip(plus.iter().copied());
        match &mut self.tensors {
            Tensors::None => return false,
            Tensors::Affine { scale, offset } => {
                scale.iter_mut().zip(by).for_each(|(own, &by)| *own = merged(*own, by, 0.0));
                offset.iter_mut().zip(pairs()).for_each(|(own, (by, plus))| *own = merged(*own, by, plus));
            }
            Tensors::Layer(layer) => {
                let columns = layer.columns();
                let rows = Rc::make_mut(&mut layer.weight).chunks_exact_mut(columns.max(1));
                rows.zip(by).for_each(|(row, &by)| row.iter_mut().for_each(|weight| *weight *= by));
                layer.bias.iter_mut().zip(pairs()).for_each(|(own, (by, plus))| *own = merged(*own, by, plus));
            }
        }
        true
    }
}

impl Layer {
    fn columns(&self) -> usize {
        self.per_row.iter().product()
    }

    /// Multiplies the columns of each input unit, of which there are `window`, and adds what its offset gives to the biases.
    fn scale_inputs(&mut self, scale: &[f32], offset: &[f32], window: usize, groups: usize) {
        let columns = self.columns();
        let (rows, inputs) = (self.rows.checked_div(groups).unwrap_or(1), columns.checked_div(window).unwrap_or(0));
        let all = Rc::make_mut(&mut self.weight).chunks_exact_mut(columns.max(1)).zip(&mut self.bias);
        for (r, (row, bias)) in all.enumerate() {
            let first = r.checked_div(rows).unwrap_or(0).saturating_mul(inputs);
            let units = scale.iter().zip(offset).skip(first);
            let mut sum = f64::from(*bias);
            for (weights, (&scale, &offset)) in row.chunks_exact_mut(window.max(1)).zip(units) {
                for weight in weights {
                    sum += f64::from(*weight) * f64::from(offset);
                    *weight *= scale;
                }
            }
            *bias = round(sum);
        }
    }
}

#[allow(clippy::as_conversions)] // to nearest
fn round(value: f64) -> f32 {
    value as f32
}
