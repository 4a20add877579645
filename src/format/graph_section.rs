//! The graph section (SPEC section 4), read and written.

use super::sections::Section;
use crate::base::checked::to_u64;
use crate::base::error::{Defect, Error, ErrorKind, Result};
use crate::base::limits::{Limits, MAX_DIMENSION, MAX_ELEMENTS};
use crate::bytes::Cursor;
use crate::encoding::pattern::SlotLayout;
use crate::encoding::{Encoding, Pattern, check_float};
use crate::graph::{Activation, Conv2d, Graph, GraphBuilder, InputSpec, Linear, Node, Op, PoolKind, Window};
use crate::tensor::{Dtype, Shape};

pub(super) const LINEAR: u32 = 1;
pub(super) const RELU: u32 = 2;
pub(super) const SOFTMAX: u32 = 3;
pub(super) const FLATTEN: u32 = 4;
pub(super) const CONV2D: u32 = 5;
pub(super) const MAX_POOL: u32 = 6;
pub(super) const AVERAGE_POOL: u32 = 7;
pub(super) const GLOBAL_AVERAGE_POOL: u32 = 8;
pub(super) const AFFINE: u32 = 9;
pub(super) const LEAKY_RELU: u32 = 10;
pub(super) const SIGMOID: u32 = 11;
pub(super) const TANH: u32 = 12;
pub(super) const CLIP: u32 = 13;
pub(super) const HARD_SIGMOID: u32 = 14;
pub(super) const HARD_SWISH: u32 = 15;
pub(super) const ADD: u32 = 16;
pub(super) const CONCAT: u32 = 17;
pub(super) const RESHAPE: u32 = 18;
/// Values that one concat may read.
pub(super) const MAX_INPUTS: u64 = 64;

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
    Err(Error::at(Defect::UnknownId, at, format!("{what} {value} is not known")))
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
    let shape = parse_shape(cursor)?;
    let kept = if flag(cursor, "gather")? { Some(cursor.count(u64::from(u32::MAX), "the number of inputs kept")?) } else { None };
    Ok(InputSpec { dtype, shape, kept })
}

/// A rank of 1 or 3 and its dimensions.
fn parse_shape(cursor: &mut Cursor<'_>) -> Result<Shape> {
    let at = cursor.offset();
    match cursor.u32("a rank")? {
        1 => Ok(Shape::Vector(dimension(cursor)?)),
        3 => {
            let (channels, height, width) = (dimension(cursor)?, dimension(cursor)?, dimension(cursor)?);
            let elements = to_u64(channels).saturating_mul(to_u64(height)).saturating_mul(to_u64(width));
            if elements > MAX_ELEMENTS {
                let message = format!("a shape of {channels}x{height}x{width} has more than {MAX_ELEMENTS} elements");
                return Err(Error::at(ErrorKind::Limit, at, message));
            }
            Ok(Shape::Image { channels, height, width })
        }
        other => unknown(at, "rank", other),
    }
}

fn dimension(cursor: &mut Cursor<'_>) -> Result<usize> {
    let at = cursor.offset();
    match cursor.count(MAX_DIMENSION, "a dimension")? {
        0 => Err(Error::at(ErrorKind::Limit, at, "a dimension is 0")),
        n => Ok(n),
    }
}

fn parse_node(cursor: &mut Cursor<'_>) -> Result<Node> {
    let at = cursor.offset();
    let id = cursor.u32("an operator")?;
    let inputs = match id {
        ADD => vec![value(cursor)?, value(cursor)?],
        CONCAT => (0..concat_inputs(cursor)?).map(|_| value(cursor)).collect::<Result<_>>()?,
        LINEAR..=RESHAPE => vec![value(cursor)?],
        _ => return unknown(at, "operator", id),
    };
    let op = match id {
        LINEAR => Op::Linear(parse_linear(cursor)?),
        RELU => Op::RELU,
        SOFTMAX => Op::Softmax,
        FLATTEN => Op::Flatten,
        CONV2D => {
            let linear = parse_linear(cursor)?;
            let mut window = parse_window(cursor)?;
            window.dilation = pair(cursor, "a dilation")?;
            Op::Conv2d(Conv2d { linear, window, groups: cursor.count(MAX_DIMENSION, "the number of groups")? })
        }
        MAX_POOL => Op::Pool { kind: PoolKind::Max, window: parse_window(cursor)? },
        AVERAGE_POOL => {
            let window = parse_window(cursor)?;
            let padded = flag(cursor, "include_padding")?;
            Op::Pool { kind: if padded { PoolKind::AverageIncludingPadding } else { PoolKind::Average }, window }
        }
        GLOBAL_AVERAGE_POOL => Op::GlobalAveragePool,
        AFFINE => Op::Affine,
        ADD => Op::Add,
        CONCAT => Op::Concat,
        RESHAPE => Op::Reshape(parse_shape(cursor)?),
        _ => Op::Activation(parse_activation(cursor, id)?),
    };
    Ok(Node { op, inputs })
}

fn value(cursor: &mut Cursor<'_>) -> Result<usize> {
    cursor.count(u64::from(u32::MAX), "a node's input")
}

fn concat_inputs(cursor: &mut Cursor<'_>) -> Result<usize> {
    let at = cursor.offset();
    match cursor.count(MAX_INPUTS, "the number of values concatenated")? {
        n @ 2.. => Ok(n),
        n => Err(Error::at(ErrorKind::Limit, at, format!("concat reads 2 to {MAX_INPUTS} values, not {n}"))),
    }
}

fn parse_linear(cursor: &mut Cursor<'_>) -> Result<Linear> {
    let rows = cursor.count(MAX_DIMENSION, "a layer's rows")?;
    let at = cursor.offset();
    let encoding = Encoding::from_fields(cursor.u32("an encoding")?, cursor.u32("its parameter")?, at)?;
    let row_factors = flag(cursor, "row_factors")?;
    Ok(Linear { rows, encoding, pattern: parse_pattern(cursor, encoding)?, row_factors })
}

fn parse_pattern(cursor: &mut Cursor<'_>, encoding: Encoding) -> Result<Pattern> {
    let most_units = encoding.slots().map(SlotLayout::most_units);
    let units = most_units.map_or(Ok(0), |most| cursor.count(to_u64(most), "the number of units"))?;
    let has_lists = encoding.lists(1) > 0;
    let listed = if has_lists { cursor.count(u64::from(u32::MAX), "the number of entries in lists")? } else { 0 };
    Ok(Pattern { units, listed })
}

fn pair(cursor: &mut Cursor<'_>, what: &str) -> Result<[usize; 2]> {
    Ok([cursor.count(MAX_DIMENSION, what)?, cursor.count(MAX_DIMENSION, what)?])
}

fn parse_window(cursor: &mut Cursor<'_>) -> Result<Window> {
    Ok(Window {
        kernel: pair(cursor, "a kernel size")?,
        stride: pair(cursor, "a stride")?,
        padding_before: pair(cursor, "padding")?,
        padding_after: pair(cursor, "padding")?,
        dilation: [1, 1],
    })
}

fn parse_activation(cursor: &mut Cursor<'_>, id: u32) -> Result<Activation> {
    Ok(match id {
        LEAKY_RELU => Activation::LeakyRelu { slope: float(cursor, "a slope")? },
        SIGMOID => Activation::Sigmoid,
        TANH => Activation::Tanh,
        CLIP => {
            let at = cursor.offset();
            let (min, max) = (float(cursor, "a bound")?, float(cursor, "a bound")?);
            if min > max {
                return Err(Error::at(Defect::NonCanonical, at, format!("clip from {min} to {max}")));
            }
            Activation::Clip { min, max }
        }
        HARD_SIGMOID => Activation::HardSigmoid { alpha: float(cursor, "a slope")?, beta: float(cursor, "an offset")? },
        _ => Activation::HardSwish,
    })
}

fn float(cursor: &mut Cursor<'_>, what: &str) -> Result<f32> {
    let at = cursor.offset();
    let value = f32::from_bits(cursor.u32(what)?);
    check_float(value, at, what)?;
    Ok(value)
}

pub(super) fn write(graph: &Graph) -> Vec<u8> {
    let input = graph.input();
    let mut words = vec![word(graph.nodes().len()), u32::from(input.dtype == Dtype::F32)];
    push_shape(&mut words, input.shape);
    match input.kept {
        Some(kept) => words.extend([1, word(kept)]),
        None => words.push(0),
    }
    for node in graph.nodes() {
        words.push(operator_id(&node.op));
        if node.op == Op::Concat {
            words.push(word(node.inputs.len()));
        }
        words.extend(node.inputs.iter().copied().map(word));
        push_fields(&mut words, &node.op);
    }
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn word(n: usize) -> u32 {
    u32::try_from(n).expect("invariant: a graph's numbers are limited to 2^31")
}

fn operator_id(op: &Op) -> u32 {
    match op {
        Op::Linear(_) => LINEAR,
        Op::Conv2d(_) => CONV2D,
        Op::Pool { kind: PoolKind::Max, .. } => MAX_POOL,
        Op::Pool { .. } => AVERAGE_POOL,
        Op::GlobalAveragePool => GLOBAL_AVERAGE_POOL,
        Op::Affine => AFFINE,
        Op::Activation(Activation::Relu) => RELU,
        Op::Activation(Activation::LeakyRelu { .. }) => LEAKY_RELU,
        Op::Activation(Activation::Sigmoid) => SIGMOID,
        Op::Activation(Activation::Tanh) => TANH,
        Op::Activation(Activation::Clip { .. }) => CLIP,
        Op::Activation(Activation::HardSigmoid { .. }) => HARD_SIGMOID,
        Op::Activation(Activation::HardSwish) => HARD_SWISH,
        Op::Softmax => SOFTMAX,
        Op::Flatten => FLATTEN,
        Op::Reshape(_) => RESHAPE,
        Op::Add => ADD,
        Op::Concat => CONCAT,
    }
}

fn push_fields(words: &mut Vec<u32>, op: &Op) {
    if let Some(linear) = op.linear() {
        let (encoding, parameter) = linear.encoding.to_fields();
        words.extend([word(linear.rows), encoding, parameter, u32::from(linear.row_factors)]);
        let (units, listed) = (linear.encoding.slots().is_some(), linear.encoding.lists(1) > 0);
        words.extend(units.then(|| word(linear.pattern.units)));
        words.extend(listed.then(|| word(linear.pattern.listed)));
    }
    match op {
        Op::Conv2d(conv) => {
            push_window(words, &conv.window);
            words.extend(conv.window.dilation.map(word));
            words.push(word(conv.groups));
        }
        Op::Pool { kind, window } => {
            push_window(words, window);
            if *kind != PoolKind::Max {
                words.push(u32::from(*kind == PoolKind::AverageIncludingPadding));
            }
        }
        Op::Activation(Activation::LeakyRelu { slope }) => words.push(slope.to_bits()),
        Op::Activation(Activation::Clip { min, max }) => words.extend([min.to_bits(), max.to_bits()]),
        Op::Activation(Activation::HardSigmoid { alpha, beta }) => words.extend([alpha.to_bits(), beta.to_bits()]),
        Op::Reshape(shape) => push_shape(words, *shape),
        _ => {}
    }
}

fn push_window(words: &mut Vec<u32>, window: &Window) {
    let pairs = [window.kernel, window.stride, window.padding_before, window.padding_after];
    words.extend(pairs.into_iter().flatten().map(word));
}

fn push_shape(words: &mut Vec<u32>, shape: Shape) {
    let dims = shape.dims();
    words.push(word(dims.len()));
    words.extend(dims.into_iter().map(word));
}
