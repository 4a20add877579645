//! Places values in the arena. Values whose lifetimes do not overlap share memory.

use super::fuse::Fusion;
use crate::base::error::Result;
use crate::base::memory::MemoryBudget;
use crate::exec::Slot;
use crate::graph::Graph;
use std::ops::RangeInclusive;

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

/// What messages call the memory of this page.
const PLACES: &str = "the places of values";

/// Assigns slots.
///
/// # Errors
/// `limit`, `no_memory`.
pub(super) fn assign(graph: &Graph, fusions: &[Fusion], batch: usize, memory: &mut MemoryBudget) -> Result<Slots> {
    let owner = owners(graph, fusions, memory)?;
    let mut end_of_life = memory.collect(owner.len(), std::iter::repeat(0), PLACES)?;
    for (value, last_use) in last_uses(graph, memory)?.into_iter().enumerate() {
        end_of_life[owner[value]] = last_use.max(end_of_life[owner[value]]);
    }
    // A value lives from the node that writes it (the input: node 0) to the last one that reads it.
    let mut begin = memory.collect(owner.len(), (0..owner.len()).map(|value| value.saturating_sub(1)), PLACES)?;
    fusions.iter().enumerate().filter(|(_, fusion)| !fusion.is_absorbed).for_each(|(i, fusion)| begin[fusion.last + 1] = i);
    let lives = begin.into_iter().zip(end_of_life).map(|(begin, end)| begin..=end);
    let lives = memory.collect(owner.len(), lives, PLACES)?;
    place(graph, &owner, &lives, batch, memory)
}

/// Places the largest values first, each at the lowest free offset during its lifetime. Otherwise a small early value could block the place of
/// a large later one.
fn place(
    graph: &Graph,
    owner: &[usize],
    lives: &[RangeInclusive<usize>],
    batch: usize,
    memory: &mut MemoryBudget,
) -> Result<Slots> {
    let stride = |value: usize| Slot::stride_of(graph.shape(value).elements());
    let meet = |a: usize, b: usize| lives[a].end() >= lives[b].start() && lives[b].end() >= lives[a].start();
    let mut owners = memory.collect(owner.len(), (0..owner.len()).filter(|&value| owner[value] == value), PLACES)?;
    // By value, where two are equal: a stable sort would allocate.
    owners.sort_unstable_by_key(|&value| (std::cmp::Reverse(stride(value)), value));
    let mut placed: Vec<(usize, usize, usize)> = memory.list(owners.len(), PLACES)?; // start, end, value; ascending
    let mut starts = memory.collect(owner.len(), std::iter::repeat(0usize), PLACES)?;
    let mut floats = 0;
    for value in owners {
        let len = batch.saturating_mul(stride(value)); // a batch that is too large is refused by its memory
        let mut start = 0;
        for &(from, to, _) in placed.iter().filter(|&&(_, _, other)| meet(value, other)) {
            if len <= from.saturating_sub(start) {
                break;
            }
            start = start.max(to);
        }
        let at = placed.partition_point(|&(from, _, _)| from < start);
        let end = start.saturating_add(len);
        placed.insert(at, (start, end, value));
        starts[value] = start;
        floats = floats.max(end);
    }
    let slot = |value: usize| {
        let owner = owner[value];
        Slot { start: starts[owner], elements: graph.shape(value).elements(), stride: stride(owner) }
    };
    Ok(Slots { slots: memory.collect(owner.len(), (0..owner.len()).map(slot), PLACES)?, floats })
}

/// For each value the last node that reads it; the output is read after all of them.
fn last_uses(graph: &Graph, memory: &mut MemoryBudget) -> Result<Vec<usize>> {
    let nodes = graph.nodes();
    let mut last_use = memory.collect(nodes.len() + 1, std::iter::repeat(0), PLACES)?;
    for (i, node) in nodes.iter().enumerate() {
        node.inputs.iter().for_each(|&input| last_use[input] = i);
    }
    last_use[nodes.len()] = nodes.len();
    Ok(last_use)
}

/// For each value, the value whose slot it uses: its own, that of the last node of its step, or its input's when the step works in place
/// and no later node reads the input.
fn owners(graph: &Graph, fusions: &[Fusion], memory: &mut MemoryBudget) -> Result<Vec<usize>> {
    let last_use = last_uses(graph, memory)?;
    let mut owner = memory.collect(last_use.len(), 0..last_use.len(), PLACES)?;
    for (i, node) in graph.nodes().iter().enumerate() {
        if fusions[i].is_absorbed {
            continue;
        }
        owner[i + 1..=fusions[i].last].fill(fusions[i].last + 1);
        let input = owner[node.input()];
        // Every value that lives in the input's slot must be dead after this node.
        let alone = (0..=i).filter(|&v| owner[v] == input).all(|v| last_use[v] <= i);
        // The first input is written over while the others are read: they must lie elsewhere, or be the same value.
        let distinct = node.inputs.iter().skip(1).all(|&v| v == node.input() || owner[v] != input);
        if node.op.in_place() && alone && distinct {
            owner[i + 1] = input;
        }
    }
    Ok(owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;
    use crate::graph::{GraphBuilder, InputSpec, Linear, Node, Op};
    use crate::plan::fuse::fusions;
    use crate::tensor::{Dtype, Shape};

    fn graph(nodes: &[(Op, &[usize])]) -> Graph {
        let input = InputSpec { dtype: Dtype::F32, shape: Shape::Vector(60), kept: None };
        let mut builder = GraphBuilder::new(input, &Limits::DEFAULT).unwrap();
        nodes.iter().for_each(|&(op, inputs)| builder.push(Node { op, inputs: inputs.to_vec() }).unwrap());
        builder.finish().unwrap()
    }

    fn slots(graph: &Graph, batch: usize) -> Slots {
        let memory = &mut MemoryBudget::unlimited();
        assign(graph, &fusions(graph, |_| false, memory).unwrap(), batch, memory).unwrap()
    }

    fn linear(rows: usize) -> Op {
        Op::Linear(Linear::dense(rows))
    }

    fn overlap(a: Slot, b: Slot, batch: usize) -> bool {
        a.start < b.start + b.floats(batch) && b.start < a.start + a.floats(batch)
    }

    #[test]
    fn a_chain_needs_two_buffers_only() {
        let graph = graph(&[(linear(100), &[0]), (Op::RELU, &[1]), (linear(50), &[2]), (Op::RELU, &[3]), (linear(10), &[4])]);
        let slots = slots(&graph, 2);
        assert_eq!(slots.of(1), slots.of(2));
        assert_eq!(slots.of(0).start, slots.of(3).start, "the input's memory is free again");
        assert!([(1, 0), (3, 2), (5, 4)].iter().all(|&(to, from)| !overlap(slots.of(to), slots.of(from), 2)));
        assert!(slots.floats() <= 2 * (Slot::stride_of(100) + Slot::stride_of(50)));
    }

    #[test]
    fn a_value_that_is_read_again_is_not_written_over() {
        // A residual block: value 1 is read by relu and by add, so relu must not work in place.
        let graph = graph(&[(linear(20), &[0]), (Op::RELU, &[1]), (linear(20), &[2]), (Op::Add, &[1, 3])]);
        let slots = slots(&graph, 3);
        for (value, other) in [(2, 1), (3, 1), (3, 2)] {
            assert!(!overlap(slots.of(value), slots.of(other), 3), "values {value} and {other}");
        }
        assert_eq!(slots.of(4), slots.of(1), "the sum takes the place of a value that nobody reads any more");
    }

    #[test]
    fn add_of_a_value_and_its_reshaped_twin_does_not_alias() {
        let graph = graph(&[(Op::Flatten, &[0]), (Op::Add, &[0, 1])]);
        let slots = slots(&graph, 1);
        assert!(slots.of(1) == slots.of(0) || !overlap(slots.of(1), slots.of(0), 1));
        assert!(!overlap(slots.of(2), slots.of(0), 1) || slots.of(2) == slots.of(0));
    }
}
