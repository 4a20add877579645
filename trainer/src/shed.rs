//! The units that a network keeps when groups are pruned. Training removes the other units, and evaluation counts the kept ones, by this rule.

use crate::network::{LayerShape, Network};

/// The remaining input and output units of a layer, as indices into the original layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    pub inputs: Vec<usize>,
    pub outputs: Vec<usize>,
}

impl Units {
    /// Every unit of a layer.
    pub fn all(shape: LayerShape) -> Self {
        Self { inputs: (0..shape.inputs()).collect(), outputs: (0..shape.outputs()).collect() }
    }

    /// Whether these units ascend and all belong to `all`.
    pub fn is_part_of(&self, all: &Self) -> bool {
        let part = |some: &[usize], all: &[usize]| {
            some.is_sorted_by(|a, b| a < b) && some.iter().all(|unit| all.binary_search(unit).is_ok())
        };
        part(&self.inputs, &all.inputs) && part(&self.outputs, &all.outputs)
    }

    /// The number of groups: inputs of a linear layer, output maps of a convolution.
    pub fn groups(&self, shape: LayerShape) -> usize {
        if shape.is_linear() { self.inputs.len() } else { self.outputs.len() }
    }
}

/// The number of weights that connect kept units.
pub fn kept_weights(network: &Network, units: &[Units]) -> usize {
    let layers = network.layers.iter().zip(units);
    layers.map(|((_, shape), kept)| kept.inputs.len() * kept.outputs.len() * shape.weights_per_pair()).sum()
}

/// The number of groups kept in each layer, as in the literature's notation of architectures.
pub fn kept_groups(network: &Network, units: &[Units]) -> Vec<usize> {
    let layers = network.layers.iter().zip(units);
    layers.map(|((_, shape), kept)| kept.groups(*shape)).collect()
}

/// The units left when groups die. `alive[layer][group]` follows the order of the kept groups.
///
/// A weight survives if its input unit survives and the next layer uses its output unit. A dead input of a linear layer removes the output that feeds
/// it. A dead output map removes the inputs that it feeds. A map is removed when all of its flattened inputs are dead.
pub fn surviving(network: &Network, units: &[Units], alive: &[Vec<bool>]) -> Vec<Units> {
    let mut inputs: Vec<Vec<bool>> = Vec::new();
    let mut outputs: Vec<Vec<bool>> = Vec::new();
    for (((_, shape), kept), alive) in network.layers.iter().zip(units).zip(alive) {
        let mut input = flags(shape.inputs(), &kept.inputs);
        let mut output = flags(shape.outputs(), &kept.outputs);
        let (side, groups) = if shape.is_linear() { (&mut input, &kept.inputs) } else { (&mut output, &kept.outputs) };
        for (&group, &alive) in groups.iter().zip(alive) {
            side[group] &= alive;
        }
        inputs.push(input);
        outputs.push(output);
    }
    agree(&mut inputs, &mut outputs);
    let sides = inputs.iter().zip(&outputs);
    sides.map(|(input, output)| Units { inputs: indices(input), outputs: indices(output) }).collect()
}

/// The units left when each layer keeps only the outputs that the next layer reads and the inputs that the layer before makes.
pub fn consistent(network: &Network, units: &[Units]) -> Vec<Units> {
    let layers = || network.layers.iter().zip(units);
    let mut inputs: Vec<Vec<bool>> = layers().map(|((_, shape), kept)| flags(shape.inputs(), &kept.inputs)).collect();
    let mut outputs: Vec<Vec<bool>> = layers().map(|((_, shape), kept)| flags(shape.outputs(), &kept.outputs)).collect();
    agree(&mut inputs, &mut outputs);
    let sides = inputs.iter().zip(&outputs);
    sides.map(|(input, output)| Units { inputs: indices(input), outputs: indices(output) }).collect()
}

/// Makes the outputs of each layer agree with the inputs of the next.
fn agree(inputs: &mut [Vec<bool>], outputs: &mut [Vec<bool>]) {
    for layer in 1..inputs.len() {
        let (output, input) = (&mut outputs[layer - 1], &mut inputs[layer]);
        // The positions of each map if flatten stands between the two layers, otherwise 1.
        let spread = input.len() / output.len();
        for (unit, fed) in output.iter_mut().zip(input.chunks_exact_mut(spread)) {
            *unit &= fed.iter().any(|&alive| alive);
            for alive in fed {
                *alive &= *unit;
            }
        }
    }
}

fn flags(count: usize, kept: &[usize]) -> Vec<bool> {
    let mut flags = vec![false; count];
    for &index in kept {
        flags[index] = true;
    }
    flags
}

fn indices(flags: &[bool]) -> Vec<usize> {
    let marked = flags.iter().enumerate().filter(|&(_, &flag)| flag);
    marked.map(|(index, _)| index).collect()
}

/// The units whose flag is set.
pub fn pick(units: &[usize], flags: &[bool]) -> Vec<usize> {
    units.iter().zip(flags).filter(|&(_, &flag)| flag).map(|(&unit, _)| unit).collect()
}

/// The positions of the members of `kept` in `before`. Both ascend.
pub fn positions(before: &[usize], kept: &[usize]) -> Vec<usize> {
    kept.iter().map(|unit| before.binary_search(unit).expect("invariant: what is kept was there before")).collect()
}

/// The positions of a layer's inputs among the features or maps that reach it.
pub fn input_positions(network: &Network, units: &[Units], layer: usize) -> Vec<usize> {
    let Some(previous) = layer.checked_sub(1) else {
        return units[layer].inputs.clone();
    };
    let shapes = (&network.layers[previous].1, &network.layers[layer].1);
    let spread = shapes.1.inputs() / shapes.0.outputs();
    let arriving: Vec<usize> = units[previous].outputs.iter().flat_map(|&unit| unit * spread..(unit + 1) * spread).collect();
    positions(&arriving, &units[layer].inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(network: &Network) -> Vec<Units> {
        let layers = network.layers.iter();
        layers.map(|(_, shape)| Units::all(*shape)).collect()
    }

    fn first(count: usize, kept: usize) -> Vec<bool> {
        (0..count).map(|index| index < kept).collect()
    }

    /// The published architectures and their weight counts (Louizos et al. 2017, table 1).
    #[test]
    fn published_architectures_have_their_weights() {
        let mlp = Network::lenet_300_100();
        for (groups, weights) in [([278, 98, 13], 28_648), ([311, 86, 14], 28_090)] {
            let alive = vec![first(784, groups[0]), first(300, groups[1]), first(100, groups[2])];
            let units = surviving(&mlp, &all(&mlp), &alive);
            assert_eq!(kept_groups(&mlp, &units), groups);
            assert_eq!(kept_weights(&mlp, &units), weights);
        }
        let cnn = Network::lenet_5_caffe();
        for (groups, weights) in [([8, 13, 88, 13], 4_074), ([5, 10, 76, 16], 2_751)] {
            // Flattened inputs spread over every kept map, as many as the table keeps.
            let mut flat = vec![false; 800];
            (0..groups[2]).for_each(|n| flat[(n % groups[1]) * 16 + n / groups[1]] = true);
            let alive = vec![first(20, groups[0]), first(50, groups[1]), flat, first(500, groups[3])];
            let units = surviving(&cnn, &all(&cnn), &alive);
            assert_eq!(kept_groups(&cnn, &units), groups);
            assert_eq!(kept_weights(&cnn, &units), weights);
        }
    }

    #[test]
    fn a_map_dies_with_the_last_of_its_flattened_inputs() {
        let network = Network::lenet_5_caffe();
        let mut flat = vec![true; 800];
        flat[16..31].fill(false);
        let mut alive = vec![first(20, 20), first(50, 50), flat, first(500, 500)];
        let units = surviving(&network, &all(&network), &alive);
        assert_eq!(units[1].outputs.len(), 50);
        alive[2][31] = false;
        let units = surviving(&network, &all(&network), &alive);
        assert!(!units[1].outputs.contains(&1));
        assert_eq!(units[1].outputs.len(), 49);
    }

    #[test]
    fn a_dead_map_takes_its_flattened_inputs_along() {
        let network = Network::lenet_5_caffe();
        let alive = vec![first(20, 20), first(50, 49), first(800, 800), first(500, 500)];
        let units = surviving(&network, &all(&network), &alive);
        assert_eq!(units[2].inputs, (0..784).collect::<Vec<_>>());
    }

    #[test]
    fn a_second_shedding_starts_from_what_the_first_left() {
        let network = Network::lenet_300_100();
        let alive = vec![first(784, 784), first(300, 3), first(100, 100)];
        let units = surviving(&network, &all(&network), &alive);
        let alive = vec![first(784, 784), vec![false, true, true], first(100, 100)];
        let units = surviving(&network, &units, &alive);
        assert_eq!(units[0].outputs, [1, 2]);
        assert_eq!(units[1].inputs, [1, 2]);
    }
}
