//! The one validation path: every way to open a model ends here (SPEC section 8).

use super::sections::{self, Sections};
use super::{Origin, Tables, graph_section, origin, tables, weights_section};
use crate::base::checked::{at_most, to_u64};
use crate::base::error::{Defect, Error, Result};
use crate::base::limits::Limits;
use crate::graph::Graph;
use std::ops::Range;

/// How much is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// Everything: checksums, codes, padding, canonical form. O(file).
    #[default]
    Full,
    /// All but the weights section's checksum and codes. O(everything small); enough for memory safety. For files that were
    /// verified before.
    Structure,
}

/// A file's content, checked.
#[derive(Debug)]
pub struct Validated {
    /// The graph.
    pub graph: Graph,
    /// Everything small.
    pub tables: Tables,
    /// The bytes of each linear node's array in the file, aligned to 64.
    pub arrays: Vec<Range<usize>>,
    /// What the network was, where the file says so.
    pub origin: Option<Origin>,
}

/// Checks a whole file and says where everything is. Errors: those of SPEC section 8, with the place.
pub fn validate(file: &[u8], limits: &Limits, check: Check) -> Result<Validated> {
    at_most(to_u64(file.len()), limits.file_bytes, "the file's length")?;
    let Sections { graph, tables, weights, origin, .. } = sections::parse(file, check == Check::Full)?;
    let (graph_at, weights_at) = (graph, weights);
    let graph = graph_section::parse(&graph_at, limits)?;
    expect_bytes(tables.bytes.len(), tables::needed_bytes(&graph)?, tables.offset, "tables")?;
    let (_, weight_bytes) = weights_section::layout(&graph)?;
    expect_bytes(weights_at.bytes.len(), weight_bytes, weights_at.offset, "weights")?;
    let tables = tables::parse(&tables, &graph)?;
    if check == Check::Full {
        weights_section::check(&weights_at, &graph, &tables)?;
    }
    let origin = origin.map(|section| origin::parse(&section, &graph)).transpose()?;
    let arrays = weights_section::locate(&weights_at, &graph)?;
    Ok(Validated { graph, tables, arrays, origin })
}

fn expect_bytes(found: usize, needed: u64, offset: u64, section: &str) -> Result<()> {
    if to_u64(found) == needed {
        return Ok(());
    }
    let message = format!("the {section} section has {found} bytes, the graph needs {needed}");
    Err(Error::at(Defect::Size, offset, message))
}
