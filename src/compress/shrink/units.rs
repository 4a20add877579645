//! Which units of a network's values are kept or removed together.
//!
//! A unit is a channel of an image or a feature of a vector: what can be removed from a value. Operators tie units. ReLU and pooling keep the
//! number of channels, adding needs the same channels on both sides, and flattening turns a channel into all of its elements. Tied units form
//! a **class**, which is kept or removed as a whole. A layer ties nothing: the units that it reads and those that it makes are of different
//! classes, unless something else ties them.

use crate::graph::op::Dependence;
use crate::graph::{Graph, Op};
use crate::tensor::{Mask, Shape};

/// The classes of all units of a graph.
#[derive(Debug)]
pub(crate) struct UnitClasses {
    /// For each value, the class of each unit.
    classes: Vec<Vec<usize>>,
    /// For each class, whether it is always kept.
    fixed: Vec<bool>,
    /// Whether the elements of the input are units, so the network can gather its input.
    gathers: bool,
}

impl UnitClasses {
    pub(crate) fn new(graph: &Graph) -> Self {
        let mut ties = Ties::default();
        // The input is gathered as a vector. So an image can be gathered only if every node that reads it flattens it.
        let flattened = || graph.nodes().iter().filter(|node| node.inputs.contains(&0)).all(|node| node.op == Op::Flatten);
        let gathers = matches!(graph.shape(0), Shape::Vector(_)) || flattened();
        let input = if gathers { graph.shape(0).elements() } else { graph.shape(0).channels() };
        let mut classes = vec![ties.new_units(input, !gathers)];
        for (i, node) in graph.nodes().iter().enumerate() {
            let read: Vec<&Vec<usize>> = node.inputs.iter().map(|&value| &classes[value]).collect();
            let output = graph.shape(i + 1);
            let made = match node.op.dependence() {
                Dependence::Weighted => ties.new_units(output.affine_channels(), false),
                // All units of both sides stay.
                Dependence::Grouped | Dependence::Mixed => {
                    ties.fix(read[0]);
                    ties.new_units(output.affine_channels(), true)
                }
                Dependence::Same => {
                    read.iter().skip(1).for_each(|other| read[0].iter().zip(*other).for_each(|(&a, &b)| ties.tie(a, b)));
                    read[0].clone()
                }
                Dependence::Split => {
                    let elements = output.elements().checked_div(read[0].len()).unwrap_or(0);
                    read[0].iter().flat_map(|&class| std::iter::repeat_n(class, elements)).collect()
                }
                Dependence::Joined => read.into_iter().flatten().copied().collect(),
            };
            classes.push(made);
        }
        ties.fix(classes.last().expect("invariant: a graph has a value"));
        let classes = classes.into_iter().map(|units| units.into_iter().map(|unit| ties.class(unit)).collect()).collect();
        let mut fixed = vec![false; ties.parent.len()];
        for unit in 0..fixed.len() {
            let class = ties.class(unit);
            fixed[class] |= ties.fixed[unit];
        }
        Self { classes, fixed, gathers }
    }

    /// The class of each unit of a value.
    pub(crate) fn of(&self, value: usize) -> &[usize] {
        &self.classes[value]
    }

    /// For each class, whether it is always kept.
    pub(crate) fn fixed(&self) -> &[bool] {
        &self.fixed
    }

    /// Whether single elements of the input can be removed.
    pub(crate) fn gathers_input(&self) -> bool {
        self.gathers
    }

    /// The mask of a value's units, from whether each class is kept.
    pub(crate) fn mask(&self, value: usize, kept: &[bool]) -> Mask {
        Mask::new(self.of(value).iter().map(|&class| kept[class]).collect())
    }
}

/// A union-find forest of units: each points to another unit of its class, or to itself.
#[derive(Default)]
struct Ties {
    parent: Vec<usize>,
    fixed: Vec<bool>,
}

impl Ties {
    fn new_units(&mut self, count: usize, fixed: bool) -> Vec<usize> {
        let first = self.parent.len();
        self.parent.extend(first..first + count);
        self.fixed.resize(first + count, fixed);
        (first..first + count).collect()
    }

    fn fix(&mut self, units: &[usize]) {
        units.iter().for_each(|&unit| self.fixed[unit] = true);
    }

    fn tie(&mut self, a: usize, b: usize) {
        let (a, b) = (self.class(a), self.class(b));
        self.parent[a.max(b)] = a.min(b);
    }

    fn class(&mut self, mut unit: usize) -> usize {
        while self.parent[unit] != unit {
            self.parent[unit] = self.parent[self.parent[unit]]; // path halving
            unit = self.parent[unit];
        }
        unit
    }
}
