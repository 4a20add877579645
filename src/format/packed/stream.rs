//! The whole stream, in order (`format-spec/packed.md`, section 2): graph, tables, weights, origin.

use super::coder::{Coder, Part};
use super::{columns, graph, origin, tables, weights};
use crate::base::checked::{self, align64, at_most, to_u64};
use crate::base::error::Result;
use crate::base::limits::Limits;
use crate::encoding::{Lookup, Weights};
use crate::format::sections::{self, OPTIONAL, Section};
use crate::format::write::assemble;
use crate::format::{
    Check, Validated, graph_section, id, origin as origin_section, tables as tables_section, validate, weights_section,
};
use crate::graph::Graph;

/// Weights that sparse layers stand for and bits of a mask that is not coded, together, at most: a file of a few bytes may have more than
/// memory holds.
const MOST_EXPANDED: u64 = 1 << 26;

/// A mapped file that is to be packed.
pub(super) struct Given<'a> {
    file: &'a [u8],
    content: Validated,
    graph: Vec<u32>,
    features: u32,
    unknown: Vec<origin::Unknown>,
}

impl<'a> Given<'a> {
    /// Checks `file`, as every way into a model does.
    pub(super) fn new(file: &'a [u8], limits: &Limits) -> Result<Self> {
        let content = validate(file, limits, Check::Full)?;
        let sections = sections::parse(file, false)?;
        let graph = sections.graph.bytes.chunks_exact(4);
        let graph = graph.map(|b| u32::from_le_bytes(b.try_into().expect("invariant: chunks of 4"))).collect();
        let unknown = sections.unknown.iter().map(|section| (section.id, section.bytes.to_vec())).collect();
        Ok(Self { file, content, graph, features: sections.features, unknown })
    }

    /// The weights of layer `number`.
    fn weights<'w>(&'w self, number: usize, graph: &Graph, lookup: &'w Lookup) -> Result<Weights<'w>> {
        let (_, linear, cols) = graph.linears().nth(number).expect("invariant: a layer of the graph");
        let range = self.content.arrays.get(number).cloned().expect("invariant: an array for each layer");
        let bytes = self.file.get(range).expect("invariant: the validator has found it");
        Weights::new(linear.encoding, linear.rows, cols, bytes, lookup)
    }
}

/// Codes a stream and returns the mapped file. `given` is the one to be packed; without it `stream_bytes` are read.
pub(super) fn code(coder: &mut impl Coder, given: Option<&Given<'_>>, stream_bytes: usize, limits: &Limits) -> Result<Vec<u8>> {
    coder.enter(Part::Graph);
    let words = graph::code(coder, given.map_or(&[], |given| &given.graph), limits)?;
    let graph_bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    let graph = graph_section::parse(&Section::new(id::GRAPH, &graph_bytes), limits)?;
    check_size(&graph, graph_bytes.len(), stream_bytes, limits)?;
    let content = given.map(|given| &given.content);
    let mut tables = tables::code(coder, &graph, content.map(|content| &content.tables))?;
    let mut layers = Vec::new();
    for (number, ((node, linear, cols), own)) in graph.linears().zip(&mut tables.layers).enumerate() {
        let lookup = given.map(|_| own.lookup(linear));
        let array = match (given, &lookup) {
            (Some(given), Some(lookup)) => Some(given.weights(number, &graph, lookup)?),
            _ => None,
        };
        // Without rows there are no weights, and the columns may be more than memory.
        let columns = match linear.rows {
            0 => columns::Columns::row(cols),
            _ => columns::of_layer(&graph, node, cols, tables.input_mask.as_ref())?,
        };
        let layer = weights::Layer { linear, columns: &columns, levels: &own.levels, number };
        let encoded = weights::code(coder, &layer, array)?;
        own.counts.clone_from(&encoded.counts);
        layers.push(encoded);
    }
    let mask = tables.input_mask.as_ref();
    let origin = origin::code(coder, &graph, mask, content.and_then(|content| content.origin.as_ref()))?;
    let (features, unknown) = (given.map_or(0, |given| given.features), given.map_or(&[][..], |given| &given.unknown));
    let (features, unknown) = origin::code_unknown(coder, features, unknown, limits.file_bytes)?;
    let mut sections = vec![
        (id::GRAPH, 0, graph_bytes),
        (id::TABLES, 0, tables_section::write(&graph, &tables)),
        (id::WEIGHTS, 0, weights_section::write(&layers)),
    ];
    sections.extend(origin.iter().map(|origin| (id::ORIGIN, OPTIONAL, origin_section::write(origin))));
    sections.extend(unknown.into_iter().map(|(id, bytes)| (id, OPTIONAL, bytes)));
    Ok(assemble(&sections, features))
}

/// Refuses a graph that asks for more than the limits allow or than the stream can hold, before anything is sized by it.
fn check_size(graph: &Graph, graph_bytes: usize, stream_bytes: usize, limits: &Limits) -> Result<()> {
    let (_, weights) = weights_section::layout(graph)?;
    let sections = [to_u64(graph_bytes), tables_section::needed_bytes(graph)?, weights];
    let mut file_bytes = 64 + 3 * 32;
    for bytes in sections {
        file_bytes = checked::add(align64(file_bytes)?, bytes, "the mapped file")?;
    }
    at_most(file_bytes, limits.file_bytes, "the length of the mapped file that a packed one unpacks to")?;
    let input = graph.input();
    let inputs = to_u64(input.shape.elements());
    // A mask that keeps nothing or everything is not coded, so no bits of the stream bound it.
    let (mut elements, mut expanded) = match input.kept {
        None => (0, 0),
        Some(kept) if kept == 0 || to_u64(kept) == inputs => (0, inputs),
        Some(_) => (inputs, 0),
    };
    for (_, linear, cols) in graph.linears() {
        let weights = checked::mul(to_u64(linear.rows), to_u64(cols), "the weights of a layer")?;
        if linear.encoding.lists(1) > 0 {
            expanded = checked::add(expanded, weights, "the weights of sparse layers")?;
        }
        elements = checked::add(elements, weights, "all weights")?;
    }
    at_most(expanded, MOST_EXPANDED, "the weights of the sparse layers of a packed file and the bits of a mask of one value")?;
    weights::check_count(elements, stream_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::{Defect, ErrorKind};
    use crate::format::packed::coder::{Encoder, HALF};
    use crate::format::packed::{MAGIC, VERSION, unpack};

    /// A packed file of these graph words, and of a stream that goes on with `ones` bits of 1.
    fn file(words: &[u32], ones: usize) -> Vec<u8> {
        let [a, b, c] = MAGIC;
        let mut encoder = Encoder::new(&[a, b, c, VERSION]);
        graph::code(&mut encoder, words, &Limits::FORMAT).unwrap();
        (0..ones).for_each(|_| _ = encoder.bit(true, HALF).unwrap());
        let mut file = encoder.finish();
        file.extend_from_slice(&crc32c::crc32c(&file).to_le_bytes());
        file
    }

    fn kind(words: &[u32], ones: usize, limits: &Limits) -> ErrorKind {
        unpack(&file(words, ones), limits).unwrap_err().kind()
    }

    /// An input of one dimension and a linear layer of these fields.
    fn linear(inputs: u32, rows: u32, encoding: u32, parameter: u32) -> Vec<u32> {
        vec![1, 1, 1, inputs, 0, 1, 0, rows, encoding, parameter, 0]
    }

    /// Few bytes that ask for much: refused before anything is sized by it.
    #[test]
    fn a_small_file_that_claims_a_large_network_is_refused() {
        let most = 1 << 24;
        // Above the limits of the format, of memory, and below them all.
        assert_eq!(kind(&linear(most, most, 0, 0), 0, &Limits::FORMAT), ErrorKind::Limit);
        assert_eq!(kind(&linear(1 << 20, 1 << 10, 0, 0), 0, &Limits::DEFAULT), ErrorKind::Limit);
        for (rows, encoding, parameter) in [(1 << 7, 0, 0), (1 << 10, 2, 2), (1 << 10, 3, 0), (1 << 9, 4, 2)] {
            assert_eq!(
                kind(&linear(1 << 16, rows, encoding, parameter), 0, &Limits::DEFAULT),
                ErrorKind::Format(Defect::Truncated)
            );
            assert_eq!(
                kind(&linear(1 << 16, rows, encoding, parameter), 200, &Limits::DEFAULT),
                ErrorKind::Format(Defect::Truncated)
            );
            let small = Limits { file_bytes: 1 << 20, ..Limits::DEFAULT };
            assert_eq!(kind(&linear(1 << 16, rows, encoding, parameter), 0, &small), ErrorKind::Limit);
        }
        // A mask of 2^31 inputs of which one is kept; of 2^27, of which none or all are.
        let mask = |channels, kept| [1, 1, 3, channels, 4096, 4096, 1, kept, 2, 0];
        assert_eq!(kind(&mask(128, 1), 0, &Limits::DEFAULT), ErrorKind::Format(Defect::Truncated));
        assert_eq!(kind(&mask(8, 1 << 27), 0, &Limits::DEFAULT), ErrorKind::Limit);
        let none = [1, 1, 3, 8, 4096, 4096, 1, 0, 1, 0, 1, 0, 0, 0];
        assert_eq!(kind(&none, 0, &Limits::DEFAULT), ErrorKind::Limit);
    }

    #[test]
    fn a_graph_that_cannot_be_is_refused_as_in_a_mapped_file() {
        let cases: [(&[u32], ErrorKind); 8] = [
            (&[0, 0, 1, 4, 0], ErrorKind::Limit),
            (&[1, 2, 1, 4, 0, 2, 0], ErrorKind::Format(Defect::UnknownId)),
            (&[1, 0, 2, 4, 0, 2, 0], ErrorKind::Format(Defect::UnknownId)),
            (&[1, 0, 1, 0, 0, 2, 0], ErrorKind::Limit),
            (&[1, 0, 1, 4, 2, 2, 0], ErrorKind::Format(Defect::UnknownId)),
            (&[1, 0, 1, 4, 0, 1, 0, 4, 9, 0, 0], ErrorKind::Format(Defect::UnknownId)),
            (&[1, 0, 1, 4, 0, 1, 0, 4, 2, 9, 0], ErrorKind::Format(Defect::Codebook)),
            (&[1, 0, 1, 4, 0, 8, 0], ErrorKind::Format(Defect::Shape)),
        ];
        for (words, expected) in cases {
            assert_eq!(kind(words, 0, &Limits::DEFAULT), expected, "{words:?}");
        }
        let many = Limits { nodes: 4, ..Limits::DEFAULT };
        assert_eq!(kind(&[5, 0, 1, 4, 0, 2, 0, 2, 1, 2, 2, 2, 3, 2, 4], 0, &many), ErrorKind::Limit);
    }
}
