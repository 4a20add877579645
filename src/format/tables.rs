//! The tables section (SPEC section 5): everything small, copied out of the file at load.

use super::sections::Section;
use crate::base::checked::{self, to_u64};
use crate::base::error::{Error, ErrorKind, Result};
use crate::bytes::Cursor;
use crate::encoding::{Encoding, check_float, codebook};
use crate::graph::Graph;
use crate::tensor::Mask;

/// The small numbers of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Tables {
    /// What an input of each channel is multiplied by.
    pub input_scale: Vec<f32>,
    /// What is added to it then.
    pub input_offset: Vec<f32>,
    /// The inputs kept, when the graph gathers.
    pub input_mask: Option<Mask>,
    /// One for each linear node, in order.
    pub layers: Vec<LayerTables>,
}

/// The small numbers of a linear layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerTables {
    /// Levels as stored.
    pub levels: Vec<f32>,
    /// A factor per output, or none.
    pub row_factors: Option<Vec<f32>>,
    /// A bias per output.
    pub bias: Vec<f32>,
}

/// Bytes of the section that `graph` needs.
pub(super) fn needed_bytes(graph: &Graph) -> Result<u64> {
    let input = graph.input();
    let mut words = checked::mul(2, to_u64(input.shape.channels()), "the input's tables")?;
    if input.kept.is_some() {
        words = checked::add(words, to_u64(input.shape.elements().div_ceil(32)), "the input mask")?;
    }
    for (_, linear, _) in graph.linears() {
        let per_row = checked::mul(to_u64(linear.rows), if linear.row_factors { 2 } else { 1 }, "a layer's biases")?;
        let layer = checked::add(to_u64(linear.encoding.level_count()), per_row, "a layer's tables")?;
        words = checked::add(words, layer, "the tables")?;
    }
    checked::mul(words, 4, "the tables")
}

pub(super) fn parse(section: &Section<'_>, graph: &Graph) -> Result<Tables> {
    let mut cursor = Cursor::new(section.bytes, section.offset, "tables");
    let input = graph.input();
    let channels = input.shape.channels();
    let input_scale = floats(&mut cursor, channels, "an input scale", |scale| scale != 0.0)?;
    let input_offset = floats(&mut cursor, channels, "an input offset", |_| true)?;
    let input_mask = input.kept.map(|kept| mask(&mut cursor, input.shape.elements(), kept, "the input mask")).transpose()?;
    let mut layers = Vec::new();
    for (_, linear, _) in graph.linears() {
        let at = cursor.offset();
        let levels = floats(&mut cursor, linear.encoding.level_count(), "a level", |_| true)?;
        check_levels(linear.encoding, &levels, at)?;
        let factors = |cursor: &mut Cursor<'_>| floats(cursor, linear.rows, "a row factor", |factor| factor > 0.0);
        let row_factors = if linear.row_factors { Some(factors(&mut cursor)?) } else { None };
        let bias = floats(&mut cursor, linear.rows, "a bias", |_| true)?;
        layers.push(LayerTables { levels, row_factors, bias });
    }
    cursor.finish()?;
    Ok(Tables { input_scale, input_offset, input_mask, layers })
}

/// The next `n` floats, each finite, no negative zero and `allowed`.
fn floats(cursor: &mut Cursor<'_>, n: usize, what: &str, allowed: impl Fn(f32) -> bool) -> Result<Vec<f32>> {
    let mut at = cursor.offset();
    let mut out = Vec::with_capacity(n.min(cursor.remaining()));
    for bits in cursor.words(n, what)? {
        let value = f32::from_bits(bits);
        check_float(value, at, what)?;
        if !allowed(value) {
            return Err(Error::at(ErrorKind::NonCanonical, at, format!("{what} is {value}")));
        }
        out.push(value);
        at = at.saturating_add(4);
    }
    Ok(out)
}

/// A stored mask of `len` bits of which `kept` are set.
pub(super) fn mask(cursor: &mut Cursor<'_>, len: usize, kept: usize, what: &str) -> Result<Mask> {
    let at = cursor.offset();
    let words = cursor.words(len.div_ceil(32), what)?;
    let mask = Mask::from_words(len, words)
        .ok_or_else(|| Error::at(ErrorKind::Mask, at, format!("{what} has a bit past its {len} members")))?;
    if mask.kept() != kept {
        let message = format!("{what} keeps {} of {len}, the graph says {kept}", mask.kept());
        return Err(Error::at(ErrorKind::Mask, at, message));
    }
    Ok(mask)
}

fn check_levels(encoding: Encoding, levels: &[f32], offset: u64) -> Result<()> {
    let right = match (encoding, levels) {
        (Encoding::FixedPoint { .. }, [step]) => *step > 0.0,
        (Encoding::Ternary, [negative, positive]) => *negative <= 0.0 && *positive >= 0.0,
        (Encoding::Codebook { .. }, _) => return codebook::check_levels(levels, offset),
        _ => true,
    };
    if right {
        return Ok(());
    }
    let message = format!("the levels of a {} layer are {levels:?}", encoding.name());
    Err(Error::at(ErrorKind::Codebook, offset, message))
}

pub(super) fn write(tables: &Tables) -> Vec<u8> {
    let mut words: Vec<u32> = Vec::new();
    let floats = |words: &mut Vec<u32>, values: &[f32]| words.extend(values.iter().map(|value| value.to_bits()));
    floats(&mut words, &tables.input_scale);
    floats(&mut words, &tables.input_offset);
    words.extend(tables.input_mask.iter().flat_map(Mask::to_words));
    for layer in &tables.layers {
        floats(&mut words, &layer.levels);
        floats(&mut words, layer.row_factors.as_deref().unwrap_or_default());
        floats(&mut words, &layer.bias);
    }
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
