//! Removal of units that weights of zero have cut off.

use super::Method;
use crate::network::{Network, Operation};
use crate::shed;

/// A method whose units can go once zeros have cut them off.
pub trait Folds: Method {
    /// Adds to the biases of a layer what an input of this constant value contributes; `input` is its position among the kept ones.
    fn absorb(&mut self, layer: usize, input: usize, value: f32);
}

/// Removes units without a way in or out, and inputs that nothing reads. What a unit without a way in gives is constant, and goes into the biases
/// it reaches: exactly, but for rounding. A network without any way through stays as it is.
pub fn remove_dead(method: &mut impl Folds) {
    loop {
        let units = method.units();
        let connected: Vec<_> = method.prediction().layers.iter().map(|layer| layer.connected()).collect();
        let mut kept = units.clone();
        for (index, (of_output, of_input)) in connected.iter().enumerate() {
            // A convolution's inputs are the maps before it: they go with their unit. The image's own maps stay.
            if index > 0 || method.network().layers[0].1.is_linear() {
                kept[index].inputs = shed::pick(&units[index].inputs, of_input);
            }
            if index + 1 < units.len() {
                kept[index].outputs = shed::pick(&units[index].outputs, of_output);
            }
        }
        let kept = shed::consistent(method.network(), &kept);
        if kept == units || kept.iter().any(|kept| kept.inputs.is_empty() || kept.outputs.is_empty()) {
            return;
        }
        for (index, (of_output, _)) in connected[..units.len() - 1].iter().enumerate() {
            fold_constants(method, index, of_output);
        }
        method.restrict(&kept);
    }
}

/// Moves the constants of outputs without a way in to the biases of the next layer.
fn fold_constants(method: &mut impl Folds, index: usize, connected: &[bool]) {
    let rectified = rectified_after(method.network(), index);
    let layers = &method.network().layers;
    let spread = layers[index + 1].1.inputs() / layers[index].1.outputs();
    let biases = method.prediction().layers[index].bias.value.clone();
    let units = method.units();
    for (position, _) in connected.iter().enumerate().filter(|&(_, &connected)| !connected) {
        let value = if rectified { biases[position].max(0.0) } else { biases[position] };
        let unit = units[index].outputs[position];
        let next = &units[index + 1].inputs;
        for input in (unit * spread..(unit + 1) * spread).filter_map(|input| next.binary_search(&input).ok()) {
            method.absorb(index + 1, input, value);
        }
    }
}

/// Whether a rectifier follows a layer, before the next one.
fn rectified_after(network: &Network, index: usize) -> bool {
    let operations = network.nodes.iter().map(|(_, operation)| *operation);
    let mut after = operations.skip_while(|&operation| operation != Operation::Weighted(index)).skip(1);
    after.by_ref().take_while(|operation| !matches!(operation, Operation::Weighted(_))).any(|op| op == Operation::Relu)
}
