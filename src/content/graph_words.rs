//! The graph as a list of 32-bit words (SPEC section 4). The mapped profile stores the words; the packed profile codes them.

use crate::base::checked::{from_u32, to_u64};
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::Limits;
use crate::base::memory::{MemoryBudget, bytes_of};
use crate::bytes::Cursor;
use crate::encoding::{Encoding, check_float};
use crate::graph::op::{Expected, Words, word};
use crate::graph::{Graph, GraphBuilder, InputSpec, Node, Op};
use std::ops::RangeInclusive;

/// Parses a graph from `bytes`: little-endian words that start at byte `offset` of the file.
///
/// # Errors
/// `bounds`, `trailing`, `limit`, `unknown_id`, `graph`, `shape` and those of an operator's fields, each with its byte.
pub(crate) fn parse(bytes: &[u8], offset: u64, limits: &Limits, memory: &mut MemoryBudget) -> Result<Graph> {
    let mut reader = Reader { cursor: Cursor::new(bytes, offset, "graph"), at: offset };
    let nodes = reader.cursor.count(limits.nodes.min(Limits::FORMAT.nodes), "the number of nodes")?;
    if nodes == 0 {
        return Err(Error::at(ErrorKind::Limit, offset, "a graph has at least one node"));
    }
    // The nodes, once more while their list grows; as many numbers of inputs as there are words.
    memory.charge(bytes_of::<[Node; 4]>(nodes).saturating_add(bytes_of::<usize>(bytes.len() / 2)), "the nodes of the graph")?;
    let mut input = InputSpec::BLANK;
    input.words(&mut reader)?;
    let mut builder = GraphBuilder::new(input, limits).map_err(|error| place(error, reader.cursor.offset()))?;
    for _ in 0..nodes {
        let at = reader.cursor.offset();
        let node = reader.node()?;
        builder.push(node).map_err(|error| place(error, at))?;
    }
    let end = reader.cursor.offset();
    reader.cursor.finish()?;
    builder.finish().map_err(|error| place(error, end))
}

fn place(error: Error, offset: u64) -> Error {
    if error.kind() == ErrorKind::NoMemory {
        return error;
    }
    Error::at(error.kind(), offset, error.to_string())
}

/// Reads words and checks the range of each.
struct Reader<'a> {
    cursor: Cursor<'a>,
    /// The place of the last word read.
    at: u64,
}

impl Reader<'_> {
    fn word(&mut self, name: &str) -> Result<u32> {
        self.at = self.cursor.offset();
        self.cursor.u32(name)
    }

    fn refuse<T>(&self, kind: impl Into<ErrorKind>, message: String) -> Result<T> {
        Err(Error::at(kind, self.at, message))
    }

    fn node(&mut self) -> Result<Node> {
        let id = self.word("an operator")?;
        let Some(mut op) = Op::of_id(id) else { return self.refuse(Defect::UnknownId, format!("operator {id} is not known")) };
        let mut count = *op.inputs().start();
        if op.stores_input_count() {
            let range = RangeInclusive::new(to_u64(*op.inputs().start()), to_u64(*op.inputs().end()));
            self.number("the number of inputs", Expected::Free, range, &mut count)?;
        }
        let mut inputs = Vec::new();
        inputs.try_reserve_exact(count).map_err(|_| Error::NO_MEMORY)?;
        for _ in 0..count {
            inputs.push(from_u32(self.word("a node's input")?));
        }
        op.fields(self)?;
        Ok(Node { op, inputs })
    }
}

impl Words for Reader<'_> {
    fn number(&mut self, name: &'static str, _: Expected, range: RangeInclusive<u64>, value: &mut usize) -> Result<()> {
        let n = self.word(name)?;
        if !range.contains(&u64::from(n)) {
            let message = format!("{name} is {n}, expected {} to {}", range.start(), range.end());
            return self.refuse(ErrorKind::Limit, message);
        }
        *value = from_u32(n);
        Ok(())
    }

    fn choice(&mut self, name: &'static str, _: Expected, known: &[u32], value: &mut u32) -> Result<()> {
        *value = self.word(name)?;
        if !known.contains(value) {
            return self.refuse(Defect::UnknownId, format!("{name} {value} is not known"));
        }
        Ok(())
    }

    fn float(&mut self, name: &'static str, _: f32, value: &mut f32) -> Result<()> {
        *value = f32::from_bits(self.word(name)?);
        check_float(*value, self.at, name)
    }

    fn encoding(&mut self, value: &mut Encoding) -> Result<()> {
        let (id, at) = (self.word("encoding")?, self.at);
        // An unknown id is answered before a parameter that is missing: fields are read in order.
        let is_known = Encoding::ALL.get(from_u32(id)).is_some();
        *value = Encoding::from_fields(id, if is_known { self.word("parameter")? } else { 0 }, at)?;
        Ok(())
    }

    fn check(&mut self, holds: bool, kind: ErrorKind, message: &dyn Fn() -> String) -> Result<()> {
        if holds { Ok(()) } else { self.refuse(kind, message()) }
    }
}

/// The words of a graph. Writing checks nothing.
struct Writer(Vec<u32>);

impl Words for Writer {
    fn number(&mut self, _: &'static str, _: Expected, _: RangeInclusive<u64>, value: &mut usize) -> Result<()> {
        self.0.push(word(*value));
        Ok(())
    }

    fn choice(&mut self, _: &'static str, _: Expected, _: &[u32], value: &mut u32) -> Result<()> {
        self.0.push(*value);
        Ok(())
    }

    fn float(&mut self, _: &'static str, _: f32, value: &mut f32) -> Result<()> {
        self.0.push(value.to_bits());
        Ok(())
    }

    fn encoding(&mut self, value: &mut Encoding) -> Result<()> {
        let (id, parameter) = value.to_fields();
        self.0.extend([id, parameter]);
        Ok(())
    }

    fn check(&mut self, _: bool, _: ErrorKind, _: &dyn Fn() -> String) -> Result<()> {
        Ok(())
    }
}

/// The words of `graph`.
pub(crate) fn write(graph: &Graph) -> Vec<u32> {
    const CHECKS_NOTHING: &str = "invariant: writing checks nothing";
    let mut writer = Writer(vec![word(graph.nodes().len())]);
    let mut input = graph.input();
    input.words(&mut writer).expect(CHECKS_NOTHING);
    for node in graph.nodes() {
        let mut op = node.op;
        writer.0.push(op.id());
        if op.stores_input_count() {
            writer.0.push(word(node.inputs.len()));
        }
        writer.0.extend(node.inputs.iter().copied().map(word));
        op.fields(&mut writer).expect(CHECKS_NOTHING);
    }
    writer.0
}
