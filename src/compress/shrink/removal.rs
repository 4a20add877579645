//! The removal of units after pruning: units that no layer reads, and units whose value is a constant.
//!
//! A pruned weight is a zero. Two rules remove classes of units without changing the network's result:
//! 1. A class is removed if the layers that read it have only zero weights for it.
//! 2. A class is removed if every layer that reads it finds a constant. Its contribution goes into the biases of those layers. (A unit whose
//!    own weights are all zero has the value of its bias, and most operators turn a constant into another constant.)
//!
//! Zero padding makes a constant other than zero differ at the edges, so such a unit stays. The second rule removes only rows of zeros, so
//! no column loses a nonzero weight. So the first rule need not be applied again.

use super::layer::{OriginalLayer, WeightValues};
use super::network::OriginalNetwork;
use crate::graph::Op;
use crate::graph::op::Dependence;
use crate::tensor::Mask;

/// What is left of a layer.
#[derive(Clone, Debug)]
pub(crate) struct ShrunkLayer {
    /// Which of the original outputs are kept.
    pub(crate) rows: Mask,
    /// Which of the original units of the input are kept.
    pub(crate) units: Mask,
    /// The original columns that are kept: those of the units kept.
    pub(crate) columns: Vec<usize>,
    /// The number of columns of the original layer.
    pub(crate) original_columns: usize,
    /// The weights kept, row-major.
    pub(crate) weights: Vec<f32>,
    /// The biases of the outputs kept, with constants folded in.
    pub(crate) bias: Vec<f64>,
    pub(crate) values: WeightValues,
}

impl ShrunkLayer {
    /// The kept elements of a matrix of the original layer's shape.
    pub(crate) fn select<T: Copy>(&self, matrix: &[T]) -> Vec<T> {
        select(matrix, self.original_columns, &self.rows, &self.columns)
    }

    /// The biases as stored: rounded once, without negative zeros.
    pub(crate) fn stored_bias(&self) -> Vec<f32> {
        self.bias.iter().map(|&bias| bias as f32 + 0.0).collect()
    }

    /// The number of columns with a weight that is not zero.
    pub(crate) fn columns_used(&self) -> usize {
        let mut used = vec![false; self.columns.len()];
        for row in self.weights.chunks_exact(used.len().max(1)) {
            mark(row, &mut used);
        }
        used.into_iter().filter(|&used| used).count()
    }
}

/// What is left of a network.
#[derive(Clone, Debug)]
pub(crate) struct ShrunkNetwork {
    pub(crate) layers: Vec<ShrunkLayer>,
    /// For each class of units, whether it is kept.
    pub(crate) kept: Vec<bool>,
}

/// Removes all units that rules 1 and 2 allow.
pub(crate) fn shrink(network: &OriginalNetwork<'_>, layers: &[OriginalLayer]) -> ShrunkNetwork {
    let mut kept = needed(network, layers);
    let biases = fold(network, layers, &mut kept);
    let left = layers.iter().zip(&network.places).zip(biases).map(|((layer, place), bias)| {
        let (rows, units) = (network.units.mask(place.output, &kept), network.units.mask(place.input, &kept));
        let columns: Vec<usize> = match place.area {
            Some(area) => units.indices().flat_map(|unit| unit * area..(unit + 1) * area).collect(),
            None => (0..layer.cols).collect(),
        };
        let weights = select(&layer.weights, layer.cols, &rows, &columns);
        let bias = rows.indices().map(|row| bias[row]).collect();
        ShrunkLayer { rows, units, columns, original_columns: layer.cols, weights, bias, values: layer.values }
    });
    ShrunkNetwork { layers: left.collect(), kept }
}

fn select<T: Copy>(matrix: &[T], cols: usize, rows: &Mask, columns: &[usize]) -> Vec<T> {
    let row = |row: usize| &matrix[row * cols..][..cols];
    rows.indices().flat_map(|r| columns.iter().map(move |&c| row(r)[c])).collect()
}

fn mark(row: &[f32], used: &mut [bool]) {
    row.iter().zip(used).for_each(|(&weight, used)| *used |= weight != 0.0);
}

/// Rule 1: which classes are needed. These are the fixed classes, and those that a kept output reads with a nonzero weight.
///
/// One pass from the last layer to the first is enough, unless a class found to be needed is also made by a layer already visited.
fn needed(network: &OriginalNetwork<'_>, layers: &[OriginalLayer]) -> Vec<bool> {
    let units = &network.units;
    let mut needed = units.fixed().to_vec();
    let mut last_maker = vec![0; needed.len()];
    for (l, place) in network.places.iter().enumerate() {
        units.of(place.output).iter().for_each(|&class| last_maker[class] = l);
    }
    let mut again = true;
    while again {
        again = false;
        for (l, (layer, place)) in layers.iter().zip(&network.places).enumerate().rev() {
            let Some(area) = place.area else { continue }; // all units of its input are fixed
            let mut used = vec![false; layer.cols];
            let rows = units.of(place.output).iter().enumerate().filter(|(_, class)| needed[**class]);
            rows.for_each(|(row, _)| mark(layer.row(row), &mut used));
            for (&class, used) in units.of(place.input).iter().zip(used.chunks_exact(area.max(1))) {
                if !needed[class] && used.contains(&true) {
                    needed[class] = true;
                    again |= last_maker[class] >= l;
                }
            }
        }
    }
    needed
}

/// Rule 2: clears the flags of folded classes in `kept`; returns the biases with constants folded in, in f64.
fn fold(network: &OriginalNetwork<'_>, layers: &[OriginalLayer], kept: &mut [bool]) -> Vec<Vec<f64>> {
    let units = &network.units;
    let mut biases: Vec<Vec<f64>> = layers.iter().map(|layer| layer.bias.clone()).collect();
    loop {
        let values = constants(network, layers, &biases, kept);
        let mut folds: Vec<bool> = kept.iter().zip(units.fixed()).map(|(&kept, &fixed)| kept && !fixed).collect();
        for place in &network.places {
            let read = units.of(place.input).iter().zip(&values[place.input]);
            let stays = |constant: Option<f64>| constant.is_none_or(|c| place.padded && c != 0.0);
            read.filter(|(_, constant)| stays(**constant)).for_each(|(&class, _)| folds[class] = false);
        }
        if !folds.contains(&true) {
            return biases;
        }
        for ((layer, place), bias) in layers.iter().zip(&network.places).zip(&mut biases) {
            let area = place.area.unwrap_or(0);
            let read = units.of(place.input).iter().zip(&values[place.input]).enumerate();
            for (unit, (_, constant)) in read.filter(|(_, (class, _))| folds[**class]) {
                let constant = constant.expect("invariant: a folded unit is a constant");
                for (row, bias) in bias.iter_mut().enumerate() {
                    let weights = &layer.row(row)[unit * area..][..area];
                    *bias += weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() * constant;
                }
            }
        }
        kept.iter_mut().zip(folds).for_each(|(kept, folds)| *kept &= !folds);
    }
}

/// For each value, for each unit: its constant, if it is the same for all inputs and, in a map, at all places.
fn constants(
    network: &OriginalNetwork<'_>,
    layers: &[OriginalLayer],
    biases: &[Vec<f64>],
    kept: &[bool],
) -> Vec<Vec<Option<f64>>> {
    let (graph, units) = (network.graph, &network.units);
    let mut values = vec![vec![None; units.of(0).len()]];
    let (mut layer, mut affine) = (0, 0);
    for (i, node) in graph.nodes().iter().enumerate() {
        let input: &Vec<Option<f64>> = &values[node.input()];
        let made: Vec<Option<f64>> = match node.op.dependence() {
            Dependence::Weighted | Dependence::Grouped => {
                layer += 1;
                rows_without_weights(network, &layers[layer - 1], layer - 1, kept)
                    .zip(&biases[layer - 1])
                    .map(|(empty, &bias)| empty.then_some(bias))
                    .collect()
            }
            Dependence::Mixed => vec![None; units.of(i + 1).len()], // fixed
            Dependence::Same if node.op == Op::Affine => {
                affine += 1;
                let tables = &network.affines[affine - 1];
                let pairs = tables.scale.iter().zip(&tables.offset).map(|(&a, &b)| (f64::from(a), f64::from(b)));
                input.iter().zip(pairs).map(|(constant, (a, b))| constant.map(|x| a * x + b)).collect()
            }
            Dependence::Same => {
                let constant = |unit: usize| {
                    let inputs: Option<Vec<f64>> = node.inputs.iter().map(|&value| values[value][unit]).collect();
                    node.op.constant(&inputs?)
                };
                (0..input.len()).map(constant).collect()
            }
            Dependence::Split => {
                let elements = units.of(i + 1).len().checked_div(input.len()).unwrap_or(0);
                input.iter().flat_map(|&constant| std::iter::repeat_n(constant, elements)).collect()
            }
            Dependence::Joined => node.inputs.iter().flat_map(|&value| values[value].iter().copied()).collect(),
        };
        values.push(made);
    }
    values
}

/// For each row, whether all of its weights to kept units are zero.
fn rows_without_weights<'a>(
    network: &'a OriginalNetwork<'_>,
    layer: &'a OriginalLayer,
    index: usize,
    kept: &'a [bool],
) -> impl Iterator<Item = bool> + 'a {
    let place = network.places[index];
    let area = place.area.unwrap_or(layer.cols).max(1);
    let classes = network.units.of(place.input);
    let is_kept = move |column: usize| place.area.is_none() || kept[classes[column / area]];
    (0..layer.rows).map(move |row| !layer.row(row).iter().enumerate().any(|(column, &weight)| weight != 0.0 && is_kept(column)))
}

#[cfg(test)]
mod tests;
