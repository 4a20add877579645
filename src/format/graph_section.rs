//! The graph section (SPEC section 4), read and written.

use super::sections::Section;
use crate::base::checked::to_u64;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::limits::{Limits, MAX_DIMENSION, MAX_ELEMENTS};
use crate::bytes::Cursor;
use crate::encoding::Encoding;
use crate::graph::{Graph, GraphBuilder, InputSpec, Linear, Node, Op};
use crate::tensor::{Dtype, Shape};

const LINEAR: u32 = 1;
const RELU: u32 = 2;
const SOFTMAX: u32 = 3;
const FLATTEN: u32 = 4;

pub(super) fn parse(section: &Section<'_>, limits: &Limits) -> Result<Graph> {
    let mut cursor = Cursor::new(section.bytes, section.offset, "graph");
    let nodes = cursor.count(limits.nodes.min(Limits::FORMAT.nodes), "the number of nodes")?;
    if nodes == 0 {
        return Err(Error::at(ErrorKind::Limit, section.offset, "a graph has at least one node"));
    }
    let input = parse_input(&mut cursor)?;
    let mut builder = GraphBuilder::new(input, limits).map_err(|error| place(error, cursor.offset()))?;
    for _ in 0..nodes {
        let at = cursor.offset();
        let node = parse_node(&mut cursor)?;
        builder.push(node).map_err(|error| place(error, at))?;
    }
    let end = cursor.offset();
    cursor.finish()?;
    builder.finish().map_err(|error| place(error, end))
}

fn place(error: Error, offset: u64) -> Error {
    Error::at(error.kind(), offset, error.to_string())
}

fn unknown<T>(at: u64, what: &str, value: u32) -> Result<T> {
    Err(Error::at(ErrorKind::UnknownId, at, format!("{what} {value} is not known")))
}

fn flag(cursor: &mut Cursor<'_>, what: &str) -> Result<bool> {
    let at = cursor.offset();
    match cursor.u32(what)? {
        0 => Ok(false),
        1 => Ok(true),
        other => unknown(at, what, other),
    }
}

fn parse_input(cursor: &mut Cursor<'_>) -> Result<InputSpec> {
    let at = cursor.offset();
    let dtype = match cursor.u32("the input's type")? {
        0 => Dtype::U8,
        1 => Dtype::F32,
        other => return unknown(at, "input type", other),
    };
    let at = cursor.offset();
    let shape = match cursor.u32("the input's rank")? {
        1 => Shape::Vector(dimension(cursor)?),
        3 => {
            let (channels, height, width) = (dimension(cursor)?, dimension(cursor)?, dimension(cursor)?);
            let elements = to_u64(channels).saturating_mul(to_u64(height)).saturating_mul(to_u64(width));
            if elements > MAX_ELEMENTS {
                let message = format!("an input of {channels}x{height}x{width} has more than {MAX_ELEMENTS} elements");
                return Err(Error::at(ErrorKind::Limit, at, message));
            }
            Shape::Image { channels, height, width }
        }
        other => return unknown(at, "input rank", other),
    };
    let kept = if flag(cursor, "gather")? { Some(cursor.count(u64::from(u32::MAX), "the number of inputs kept")?) } else { None };
    Ok(InputSpec { dtype, shape, kept })
}

fn dimension(cursor: &mut Cursor<'_>) -> Result<usize> {
    let at = cursor.offset();
    match cursor.count(MAX_DIMENSION, "an input dimension")? {
        0 => Err(Error::at(ErrorKind::Limit, at, "an input dimension is 0")),
        n => Ok(n),
    }
}

fn parse_node(cursor: &mut Cursor<'_>) -> Result<Node> {
    let at = cursor.offset();
    let id = cursor.u32("an operator")?;
    if !(LINEAR..=FLATTEN).contains(&id) {
        return unknown(at, "operator", id);
    }
    let input = cursor.count(u64::from(u32::MAX), "a node's input")?;
    let op = match id {
        LINEAR => {
            let rows = cursor.count(MAX_DIMENSION, "a layer's rows")?;
            let at = cursor.offset();
            let encoding = Encoding::from_fields(cursor.u32("an encoding")?, cursor.u32("its parameter")?, at)?;
            Op::Linear(Linear { rows, encoding, row_factors: flag(cursor, "row_factors")? })
        }
        RELU => Op::Relu,
        SOFTMAX => Op::Softmax,
        _ => Op::Flatten,
    };
    Ok(Node { op, input })
}

pub(super) fn write(graph: &Graph) -> Vec<u8> {
    let word = |n: usize| u32::try_from(n).expect("invariant: a graph's numbers are limited to 2^31");
    let input = graph.input();
    let mut words = vec![word(graph.nodes().len()), u32::from(input.dtype == Dtype::F32)];
    let dims = input.shape.dims();
    words.push(word(dims.len()));
    words.extend(dims.into_iter().map(word));
    match input.kept {
        Some(kept) => words.extend([1, word(kept)]),
        None => words.push(0),
    }
    for node in graph.nodes() {
        let input = word(node.input);
        match node.op {
            Op::Linear(linear) => {
                let (encoding, parameter) = linear.encoding.to_fields();
                words.extend([LINEAR, input, word(linear.rows), encoding, parameter, u32::from(linear.row_factors)]);
            }
            Op::Relu => words.extend([RELU, input]),
            Op::Softmax => words.extend([SOFTMAX, input]),
            Op::Flatten => words.extend([FLATTEN, input]),
        }
    }
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
