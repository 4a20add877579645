//! The parts of a stream in order (`format-spec/packed.md`, section 2): graph, tables, weights, origin, extensions.

use super::coder::{Coder, Part};
use super::matrix::columns::{self, Columns};
use super::parts::{extensions, graph, origin, tables, weights};
use crate::base::error::Result;
use crate::base::limits::Limits;
use crate::base::memory::{MemoryBudget, bytes_of};
use crate::content::{Contents, Extensions, Validated, graph_words};
use crate::encoding::{Lookup, Weights};
use crate::graph::Graph;

/// The input of packing: a mapped file, which holds the weights, and its content.
#[derive(Debug)]
pub struct Source<'a> {
    /// The file.
    pub file: &'a [u8],
    /// Its content.
    pub content: Validated,
    /// Its optional features and its sections with unknown ids.
    pub extensions: Extensions<'a>,
}

/// The output of decoding a stream.
#[derive(Debug)]
pub struct Decoded {
    /// The content.
    pub contents: Contents,
    /// Its optional features and its sections with unknown ids.
    pub extensions: Extensions<'static>,
}

impl Source<'_> {
    /// The weights of layer `number`.
    fn weights<'w>(&'w self, number: usize, lookup: &'w Lookup) -> Result<Weights<'w>> {
        let (_, linear, cols) = self.content.graph.linears().nth(number).expect("invariant: a layer of the graph");
        let range = self.content.arrays.get(number).cloned().expect("invariant: an array for each layer");
        let bytes = self.file.get(range).expect("invariant: the validator has found it");
        Weights::new(linear.rows, cols, bytes, lookup)
    }
}

/// Codes a stream and returns its content. An encoder or a meter takes the content from `source`; a decoder passes none.
///
/// `admit` may refuse the graph. It is called before any allocation whose size the graph decides.
pub(super) fn code(
    coder: &mut impl Coder,
    source: Option<&Source<'_>>,
    limits: &Limits,
    admit: impl FnOnce(&Graph, &mut MemoryBudget) -> Result<()>,
) -> Result<Decoded> {
    let given = source.map(|source| &source.content);
    coder.enter(Part::Graph);
    let words = graph::code(coder, &given.map_or_else(Vec::new, |content| graph_words::write(&content.graph)), limits)?;
    let words: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    let graph = graph_words::parse(&words, 0, limits, coder.memory())?;
    admit(&graph, coder.memory())?;
    let mut tables = tables::code(coder, &graph, given.map(|content| &content.tables))?;
    let mut layers = coder.memory().list(tables.layers.len(), "the layers")?;
    for (number, ((node, linear, cols), own)) in graph.linears().zip(&mut tables.layers).enumerate() {
        let held = coder.memory().held();
        let lookup = own.lookup(linear, coder.memory())?;
        let array = source.map(|source| source.weights(number, &lookup)).transpose()?;
        // A layer without rows has no weights, so nothing bounds its columns: they may be more than memory holds.
        let columns = match linear.rows {
            0 => Columns::row(cols),
            _ => columns::of_layer(&graph, node, cols, tables.input_mask.as_ref(), coder.memory())?,
        };
        let layer = weights::KnownLayer { linear, columns: &columns, levels: &own.levels, number };
        let encoded = weights::code(coder, &layer, array)?;
        // What is left of the layer is its array, and its counts twice.
        drop(columns);
        coder.memory().release_to(held);
        let kept = bytes_of::<u8>(encoded.bytes.capacity()).saturating_add(bytes_of::<[u32; 4]>(encoded.counts.len()));
        coder.memory().charge(kept, "the array of a layer")?;
        own.counts.clone_from(&encoded.counts);
        layers.push(encoded);
    }
    let mask = tables.input_mask.as_ref();
    let origin = origin::code(coder, &graph, mask, given.and_then(|content| content.origin.as_ref()))?;
    let extensions = extensions::code(coder, source.map(|source| &source.extensions), limits.file_bytes)?;
    Ok(Decoded { contents: Contents { graph, tables, layers, origin }, extensions })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::{Defect, ErrorKind};
    use crate::format::packed::coder::{Encoder, HALF};
    use crate::format::packed::{MAGIC, VERSION};
    use crate::format::unpack;

    /// A packed file with these graph words, whose stream continues with `ones` bits of 1.
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

    /// The words of an input with one dimension and of a linear layer with these fields.
    fn linear(inputs: u32, rows: u32, encoding: u32, parameter: u32) -> Vec<u32> {
        vec![1, 1, 1, inputs, 0, 1, 0, rows, encoding, parameter, 0]
    }

    #[test]
    fn the_models_of_the_columns_of_a_packed_layer_are_charged() {
        let limits = Limits { memory_bytes: 8 << 20, ..Limits::DEFAULT };
        let file = |inputs: u32| linear(inputs, 1, 2, 2);
        assert_eq!(kind(&file(1 << 19), 200, &limits), ErrorKind::Limit);
        assert_ne!(kind(&file(1 << 10), 200, &limits), ErrorKind::Limit);
    }

    /// A few bytes that require much memory are refused before anything is allocated for them.
    #[test]
    fn a_small_file_that_claims_a_large_network_is_refused() {
        let most = 1 << 24;
        // Above the limits of the format, above those of memory, and below both.
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
        // A mask that keeps one of 2^31 inputs; masks that keep none or all of 2^27.
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
