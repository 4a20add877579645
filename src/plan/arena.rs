//! Which part of the arena holds which value: values whose lives do not overlap share memory.

use crate::graph::{Graph, Op};
use crate::ops::Slot;

/// The slot of every value.
#[derive(Debug)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    floats: usize,
}

impl Slots {
    pub(super) fn of(&self, value: usize) -> Slot {
        self.slots[value]
    }

    pub(super) fn floats(&self) -> usize {
        self.floats
    }
}

/// Assigns slots. `fused[i]` says that node `i`'s ReLU is done by node `i` itself.
pub(super) fn assign(graph: &Graph, fused: &[bool], batch: usize) -> Slots {
    let nodes = graph.nodes();
    let mut last_use = vec![0usize; nodes.len() + 1];
    let mut uses = vec![0usize; nodes.len() + 1];
    for (i, node) in nodes.iter().enumerate() {
        last_use[node.input] = i;
        uses[node.input] += 1;
    }
    last_use[nodes.len()] = nodes.len();
    // A value shares its input's slot when the step changes nothing, or works in place on a value that nobody else reads.
    let mut owner: Vec<usize> = (0..=nodes.len()).collect();
    for (i, node) in nodes.iter().enumerate() {
        let alone = uses[node.input] == 1;
        let shares = match node.op {
            Op::Flatten => true,
            Op::Relu => alone || (i > 0 && fused[i - 1] && node.input == i),
            Op::Softmax => alone,
            Op::Linear(_) => false,
        };
        // In place needs that no flattened twin of the input is read later either.
        let input = owner[node.input];
        let twins_done = (0..=i).all(|v| owner[v] != input || v == node.input || last_use[v] <= i);
        if shares && (node.op == Op::Flatten || twins_done) {
            owner[i + 1] = input;
        }
    }
    let mut end_of_life = vec![0usize; nodes.len() + 1];
    for value in 0..=nodes.len() {
        end_of_life[owner[value]] = end_of_life[owner[value]].max(last_use[value]);
    }
    place(graph, &owner, &end_of_life, batch)
}

/// The greatest values first, each at the lowest place that no value of its time holds: a small one that comes early must not stand in
/// the way of a great one that comes late.
fn place(graph: &Graph, owner: &[usize], end_of_life: &[usize], batch: usize) -> Slots {
    let stride = |value: usize| Slot::stride_of(graph.shape(value).elements());
    // A value lives from the node that writes it (the input: node 0) to the last one that reads it.
    let meet = |a: usize, b: usize| end_of_life[a] >= b.saturating_sub(1) && end_of_life[b] >= a.saturating_sub(1);
    let mut owners: Vec<usize> = (0..owner.len()).filter(|&value| owner[value] == value).collect();
    owners.sort_by_key(|&value| std::cmp::Reverse(stride(value)));
    let mut placed: Vec<(usize, usize, usize)> = Vec::new(); // start, end, value; ascending
    let mut starts = vec![0; owner.len()];
    let mut floats = 0;
    for value in owners {
        let len = batch * stride(value);
        let mut start = 0;
        for &(from, to, _) in placed.iter().filter(|&&(_, _, other)| meet(value, other)) {
            if start + len <= from {
                break;
            }
            start = start.max(to);
        }
        let at = placed.partition_point(|&(from, _, _)| from < start);
        placed.insert(at, (start, start + len, value));
        starts[value] = start;
        floats = floats.max(start + len);
    }
    let slot = |value: usize| {
        let owner = owner[value];
        Slot { start: starts[owner], elements: graph.shape(value).elements(), stride: stride(owner) }
    };
    Slots { slots: (0..owner.len()).map(slot).collect(), floats }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;
    use crate::encoding::Encoding;
    use crate::graph::{GraphBuilder, InputSpec, Linear, Node};
    use crate::tensor::{Dtype, Shape};

    fn graph(nodes: &[(Op, usize)]) -> Graph {
        let input = InputSpec { dtype: Dtype::F32, shape: Shape::Vector(10), kept: None };
        let mut builder = GraphBuilder::new(input, &Limits::DEFAULT).unwrap();
        nodes.iter().for_each(|&(op, input)| builder.push(Node { op, input }).unwrap());
        builder.finish().unwrap()
    }

    fn linear(rows: usize) -> Op {
        Op::Linear(Linear { rows, encoding: Encoding::DenseF32, row_factors: false })
    }

    #[test]
    fn a_chain_needs_two_buffers_only() {
        let graph = graph(&[(linear(100), 0), (Op::Relu, 1), (linear(50), 2), (Op::Relu, 3), (linear(10), 4)]);
        let slots = assign(&graph, &[true, false, true, false, false], 2);
        assert_eq!(slots.of(1), slots.of(2));
        assert_eq!(slots.of(0).start, slots.of(3).start, "the input's memory is free again");
        for (value, input) in [(1, 0), (3, 2), (5, 4)] {
            let (a, b) = (slots.of(input), slots.of(value));
            assert!(a.start + a.floats(2) <= b.start || b.start + b.floats(2) <= a.start, "{a:?} {b:?}");
        }
        assert!(slots.floats() <= 2 * (Slot::stride_of(100) + Slot::stride_of(50)));
    }
}
