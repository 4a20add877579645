//! Units that single weights have left without a way in or out, and what becomes of their constants.

use super::Method as _;
use super::plain::{Plain, PlainLayer};
use crate::network::Operation;
use crate::shed;

/// Removes units without a way in or out, and inputs that nothing reads. What a unit without a way in gives is constant, and goes into the
/// biases it reaches, so that the network computes what it did. Nothing goes where a layer would be left without units.
pub fn remove_dead(plain: &mut Plain) {
    loop {
        let units = plain.units();
        let connected: Vec<_> = plain.layers.iter().map(PlainLayer::connected).collect();
        let mut kept = units.clone();
        for (index, (of_output, of_input)) in connected.iter().enumerate() {
            // The maps of the image stay: they are not the network's to remove. So do the classes.
            if index > 0 || plain.network.layers[0].1.is_linear() {
                kept[index].inputs = shed::pick(&units[index].inputs, of_input);
            }
            if index + 1 < plain.layers.len() {
                kept[index].outputs = shed::pick(&units[index].outputs, of_output);
            }
        }
        let kept = shed::consistent(&plain.network, &kept);
        if kept == units || kept.iter().any(|layer| layer.inputs.is_empty() || layer.outputs.is_empty()) {
            return;
        }
        for (index, (of_output, _)) in connected.iter().enumerate().take(kept.len() - 1) {
            fold_constants(plain, index, of_output);
        }
        plain.restrict(&kept);
    }
}

/// Moves the constants of outputs without a way in to the biases of the next layer.
fn fold_constants(plain: &mut Plain, index: usize, connected: &[bool]) {
    let rectified = rectified_after(plain, index);
    let spread = plain.network.layers[index + 1].1.inputs() / plain.network.layers[index].1.outputs();
    for position in (0..connected.len()).filter(|&position| !connected[position]) {
        let PlainLayer { units, bias, .. } = &plain.layers[index];
        let value = if rectified { bias.value[position].max(0.0) } else { bias.value[position] };
        let fed = units.outputs[position] * spread..(units.outputs[position] + 1) * spread;
        let next = &mut plain.layers[index + 1];
        let fed: Vec<usize> = fed.filter_map(|input| next.units.inputs.binary_search(&input).ok()).collect();
        fed.into_iter().for_each(|input| absorb(next, input, value));
    }
}

/// Adds to the biases what an input of this constant value contributes; `input` is its position among the kept ones.
fn absorb(layer: &mut PlainLayer, input: usize, value: f32) {
    let (outputs, inputs) = (layer.units.outputs.len(), layer.units.inputs.len());
    let pair = layer.weight.value.len() / (outputs * inputs);
    for (output, bias) in layer.bias.value.iter_mut().enumerate() {
        let first = (output * inputs + input) * pair;
        *bias += layer.weight.value[first..first + pair].iter().sum::<f32>() * value;
    }
}

/// Whether a rectifier follows a layer, before the next one.
fn rectified_after(plain: &Plain, index: usize) -> bool {
    let operations = plain.network.nodes.iter().map(|(_, operation)| *operation);
    let mut after = operations.skip_while(|&operation| operation != Operation::Weighted(index)).skip(1);
    after.by_ref().take_while(|operation| !matches!(operation, Operation::Weighted(_))).any(|op| op == Operation::Relu)
}
