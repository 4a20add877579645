//! Removal of dead units: units whose incoming weights are all zero, or whose outgoing weights are all zero.

use super::Method;
use crate::network::{Network, Operation};
use crate::shed;

/// A method whose dead units can be removed.
pub trait Folds: Method {
    /// Adds the contribution of a constant input to the biases of a layer. `input` is its position among the kept inputs.
    fn absorb(&mut self, layer: usize, input: usize, value: f32);
}

/// Removes units without incoming or without outgoing weights, and inputs that nothing reads.
///
/// A unit without incoming weights has a constant output, which is folded into the next biases. The result is the same up to rounding. A network
/// without any path from input to output does not change.
pub fn remove_dead(method: &mut impl Folds) {
    loop {
        let units = method.units();
        let connected: Vec<_> = method.prediction().layers.iter().map(|layer| layer.connected()).collect();
        let mut kept = units.clone();
        for (index, (of_output, of_input)) in connected.iter().enumerate() {
            // The inputs of a convolution are maps, which go when the unit that makes them goes. The channels of the image stay.
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

/// Folds the constant outputs of units without incoming weights into the biases of the next layer.
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

/// Whether a ReLU stands between a layer and the next one.
fn rectified_after(network: &Network, index: usize) -> bool {
    let operations = network.nodes.iter().map(|(_, operation)| *operation);
    let mut after = operations.skip_while(|&operation| operation != Operation::Weighted(index)).skip(1);
    after.by_ref().take_while(|operation| !matches!(operation, Operation::Weighted(_))).any(|op| op == Operation::Relu)
}
