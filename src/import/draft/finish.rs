//! From a draft to the description and the tensors of a posterior.

use super::{Draft, DraftNode, Tensors};
use crate::base::checked::{at_most, to_u64};
use crate::base::error::Result;
use crate::base::limits::{Limits, MAX_NAME_BYTES};
use crate::import::error::damaged;
use crate::posterior::{Description, Method, NamedNode, NamedTensor, Posterior};
use std::collections::{BTreeMap, HashSet};

impl Draft {
    /// The network that computes value `output`, under the name `name`.
    ///
    /// # Errors
    /// `posterior` when a number is not finite, when there is no layer, or when a limit is exceeded.
    pub(in crate::import) fn finish(mut self, name: &str, output: usize) -> Result<Posterior> {
        let (input, output) = self.fold(output);
        let needed = self.needed(output);
        at_most(to_u64(needed.len()), Limits::FORMAT.nodes, "the number of nodes")?;
        let (mut names, mut values) = (Names::new(), BTreeMap::from([(0, 0)]));
        let (mut nodes, mut tensors) = (Vec::new(), Vec::new());
        for (node, made) in self.nodes.into_iter().zip(1..).filter(|(_, made)| needed.contains(made)) {
            let name = names.unique(&node.name);
            let inputs: Option<Vec<usize>> = node.inputs.iter().map(|input| values.get(input).copied()).collect();
            let inputs = inputs.ok_or_else(|| damaged(format!("node {name:?} reads a value that nothing makes")))?;
            let DraftNode { op, tensors: own, .. } = node;
            push_tensors(&mut tensors, &name, own);
            nodes.push(NamedNode { name, op, inputs });
            values.insert(made, nodes.len());
        }
        let name = clean(name);
        let training = serde_json::Value::Null;
        let description = Description { name, method: Method::Plain, input, nodes, training };
        Posterior::new(&description, &tensors)
    }

    /// The values that `output` needs, itself among them.
    fn needed(&self, output: usize) -> HashSet<usize> {
        let mut needed = HashSet::from([output]);
        for (i, node) in self.nodes.iter().enumerate().rev() {
            let made = i.saturating_add(1);
            if needed.contains(&made) {
                needed.extend(&node.inputs);
            }
        }
        needed
    }
}

fn push_tensors(tensors: &mut Vec<NamedTensor>, node: &str, own: Tensors) {
    let mut push = |kind: &str, shape: Vec<usize>, values: Vec<f32>| {
        tensors.push(NamedTensor { name: format!("{node}.{kind}"), shape, values });
    };
    match own {
        Tensors::None => {}
        Tensors::Affine { scale, offset } => {
            push("scale", vec![scale.len()], scale);
            push("offset", vec![offset.len()], offset);
        }
        Tensors::Layer(layer) => {
            let shape = [&[layer.rows], layer.per_row.as_slice()].concat();
            let weight = std::rc::Rc::unwrap_or_clone(layer.weight);
            push("weight", shape, weight);
            push("bias", vec![layer.bias.len()], layer.bias);
        }
    }
}

/// The names given so far.
struct Names(HashSet<String>);

impl Names {
    fn new() -> Self {
        Self(HashSet::from(["input".to_owned()]))
    }

    /// `name`, or with a number after it if it was given before.
    fn unique(&mut self, name: &str) -> String {
        let name = clean(name);
        let mut numbers = 2u64..;
        let mut candidate = name.clone();
        while self.0.contains(&candidate) {
            candidate = format!("{name}_{}", numbers.next().unwrap_or(u64::MAX));
        }
        self.0.insert(candidate.clone());
        candidate
    }
}

/// A name that a posterior may have and that an option `NAME=VALUE` can say, with room for a number.
fn clean(name: &str) -> String {
    let most = usize::try_from(MAX_NAME_BYTES).unwrap_or(usize::MAX).saturating_sub(32);
    let plain = |c: char| if c.is_ascii_graphic() && c != '=' || c.is_alphanumeric() { c } else { '_' };
    let mut clean = String::new();
    for c in name.chars().map(plain) {
        if clean.len().saturating_add(c.len_utf8()) > most {
            break;
        }
        clean.push(c);
    }
    if clean.is_empty() { "node".to_owned() } else { clean }
}
