//! The tables section (SPEC section 5), read and written.

use super::sections::Section;
use crate::base::checked::{self, to_u64};
use crate::base::error::{Defect, Error, Result};
use crate::base::memory::MemoryBudget;
use crate::bytes::Cursor;
use crate::content::{AffineTables, LayerTables, Tables};
use crate::encoding::check_float;
use crate::graph::{Graph, Linear, Op};
use crate::tensor::Mask;

/// Whether the counts of a layer with `cols` inputs are stored as `u32`; otherwise two `u16` share a word.
fn wide_counts(cols: usize) -> bool {
    cols > usize::from(u16::MAX)
}

/// The number of words that the counts of `lists` lists take.
fn count_words(lists: usize, cols: usize) -> usize {
    if wide_counts(cols) { lists } else { lists.div_ceil(2) }
}

/// Bytes that the levels, counts and row factors of a layer with `cols` inputs take in a mapped file.
#[must_use]
pub fn layer_table_bytes(tables: &LayerTables, cols: usize) -> u64 {
    let factors = tables.row_factors.as_ref().map_or(0, Vec::len);
    let words = [tables.levels.len(), count_words(tables.counts.len(), cols), factors];
    words.into_iter().map(to_u64).fold(0, u64::saturating_add).saturating_mul(4)
}

/// Bytes of the section that `graph` needs.
pub(super) fn needed_bytes(graph: &Graph) -> Result<u64> {
    let input = graph.input();
    let mut words = checked::mul(2, to_u64(input.shape.channels()), "the input's tables")?;
    if input.kept.is_some() {
        words = checked::add(words, to_u64(input.shape.elements().div_ceil(32)), "the input mask")?;
    }
    for node in graph.nodes() {
        let own = match node.op.linear() {
            Some(linear) => {
                let rows = checked::mul(to_u64(linear.rows), if linear.row_factors { 2 } else { 1 }, "a layer's biases")?;
                let cols = node.op.columns(graph.shape(node.input()));
                let small = linear.encoding.level_count().saturating_add(count_words(linear.encoding.lists(linear.rows), cols));
                checked::add(to_u64(small), rows, "a layer's tables")?
            }
            None if node.op == Op::Affine => {
                checked::mul(2, to_u64(graph.shape(node.input()).affine_channels()), "affine tables")?
            }
            None => 0,
        };
        words = checked::add(words, own, "the tables")?;
    }
    checked::mul(words, 4, "the tables")
}

pub(super) fn parse(section: &Section<'_>, graph: &Graph, memory: &mut MemoryBudget) -> Result<Tables> {
    let mut cursor = Cursor::new(section.bytes, section.offset, "tables");
    let input = graph.input();
    let channels = input.shape.channels();
    let input_scale = floats(&mut cursor, channels, "an input scale", memory, |scale| scale != 0.0)?;
    let input_offset = floats(&mut cursor, channels, "an input offset", memory, |_| true)?;
    let mask = |kept| mask(&mut cursor, input.shape.elements(), kept, "the input mask", memory);
    let input_mask = input.kept.map(mask).transpose()?;
    let affine_count = graph.nodes().iter().filter(|node| node.op == Op::Affine).count();
    let mut layers = memory.list(graph.linears().count(), "the tables of layers")?;
    let mut affines = memory.list(affine_count, "the tables of affine nodes")?;
    for node in graph.nodes() {
        if let Some(linear) = node.op.linear() {
            layers.push(parse_layer(&mut cursor, linear, node.op.columns(graph.shape(node.input())), memory)?);
        } else if node.op == Op::Affine {
            let channels = graph.shape(node.input()).affine_channels();
            let scale = floats(&mut cursor, channels, "an affine scale", memory, |_| true)?;
            let offset = floats(&mut cursor, channels, "an affine offset", memory, |_| true)?;
            affines.push(AffineTables { scale, offset });
        }
    }
    cursor.finish()?;
    Ok(Tables { input_scale, input_offset, input_mask, layers, affines })
}

fn parse_layer(cursor: &mut Cursor<'_>, linear: &Linear, cols: usize, memory: &mut MemoryBudget) -> Result<LayerTables> {
    let at = cursor.offset();
    let levels = floats(cursor, linear.encoding.level_count(), "a level", memory, |_| true)?;
    linear.encoding.check_levels(&levels, at)?;
    let counts = counts(cursor, linear, cols, memory)?;
    let row_factors = match linear.row_factors {
        true => Some(floats(cursor, linear.rows, "a row factor", memory, |factor| factor > 0.0)?),
        false => None,
    };
    let bias = floats(cursor, linear.rows, "a bias", memory, |_| true)?;
    Ok(LayerTables { levels, counts, row_factors, bias })
}

/// Reads the number of entries of each list. Each is at most the columns; their sum is that of the graph.
///
/// # Errors
/// `bounds`; `mask` when the counts contradict the graph.
fn counts(cursor: &mut Cursor<'_>, linear: &Linear, cols: usize, memory: &mut MemoryBudget) -> Result<Vec<u32>> {
    let lists = linear.encoding.lists(linear.rows);
    let at = cursor.offset();
    let refuse = |offset, message| Err(Error::at(Defect::Mask, offset, message));
    let mut counts = memory.list(lists.min(cursor.remaining()), "the counts of lists")?;
    let mut sum = 0u64;
    for (i, word) in cursor.words(count_words(lists, cols), "a layer's counts")?.enumerate() {
        let place = at.saturating_add(to_u64(i).saturating_mul(4));
        let parts = if wide_counts(cols) { [Some(word), None] } else { [Some(word & 0xFFFF), Some(word >> 16)] };
        for count in parts.into_iter().flatten() {
            if counts.len() == lists {
                if count != 0 {
                    return refuse(place, "the unused half of the last count is not zero".to_owned());
                }
            } else if to_u64(cols) < u64::from(count) {
                return refuse(place, format!("a list of {count} of {cols} columns"));
            } else {
                sum = sum.saturating_add(u64::from(count));
                counts.push(count);
            }
        }
    }
    if sum != to_u64(linear.pattern.listed) {
        return refuse(at, format!("the lists have {sum} entries, the graph says {}", linear.pattern.listed));
    }
    Ok(counts)
}

/// The next `n` floats. Each must be finite, not -0, and `allowed`.
fn floats(
    cursor: &mut Cursor<'_>,
    n: usize,
    what: &str,
    memory: &mut MemoryBudget,
    allowed: impl Fn(f32) -> bool,
) -> Result<Vec<f32>> {
    let mut at = cursor.offset();
    let mut out = memory.list(n.min(cursor.remaining()), what)?;
    for bits in cursor.words(n, what)? {
        let value = f32::from_bits(bits);
        check_float(value, at, what)?;
        if !allowed(value) {
            return Err(Error::at(Defect::NonCanonical, at, format!("{what} is {value}")));
        }
        out.push(value);
        at = at.saturating_add(4);
    }
    Ok(out)
}

/// The next mask: `len` bits, of which `kept` are set.
pub(super) fn mask(cursor: &mut Cursor<'_>, len: usize, kept: usize, what: &str, memory: &mut MemoryBudget) -> Result<Mask> {
    let at = cursor.offset();
    let words = cursor.words(len.div_ceil(32), what)?;
    let mask = Mask::from_words(len, words, memory)?
        .ok_or_else(|| Error::at(Defect::Mask, at, format!("{what} has a bit past its {len} members")))?;
    if mask.kept() != kept {
        let message = format!("{what} keeps {} of {len}, the graph says {kept}", mask.kept());
        return Err(Error::at(Defect::Mask, at, message));
    }
    Ok(mask)
}

pub(super) fn write(graph: &Graph, tables: &Tables) -> Vec<u8> {
    let mut bytes = Vec::new();
    let floats = |bytes: &mut Vec<u8>, values: &[f32]| bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    floats(&mut bytes, &tables.input_scale);
    floats(&mut bytes, &tables.input_offset);
    bytes.extend(tables.input_mask.iter().flat_map(Mask::to_words).flat_map(u32::to_le_bytes));
    let (mut layers, mut affines) = (tables.layers.iter(), tables.affines.iter());
    for node in graph.nodes() {
        if node.op.linear().is_some() {
            let layer = layers.next().expect("invariant: one for each layer with weights");
            floats(&mut bytes, &layer.levels);
            if wide_counts(node.op.columns(graph.shape(node.input()))) {
                bytes.extend(layer.counts.iter().flat_map(|count| count.to_le_bytes()));
            } else {
                let narrow = |&count| u16::try_from(count).expect("invariant: at most the columns").to_le_bytes();
                bytes.extend(layer.counts.iter().flat_map(narrow));
                bytes.resize(bytes.len().next_multiple_of(4), 0);
            }
            floats(&mut bytes, layer.row_factors.as_deref().unwrap_or_default());
            floats(&mut bytes, &layer.bias);
        } else if node.op == Op::Affine {
            let affine = affines.next().expect("invariant: one for each affine node");
            floats(&mut bytes, &affine.scale);
            floats(&mut bytes, &affine.offset);
        }
    }
    bytes
}
