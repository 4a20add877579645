//! Validates a mapped file (SPEC section 8). Every way to open a model ends here.

use super::sections::{self, Section};
use super::{origin_section, tables_section, weights_section};
use crate::base::checked::to_u64;
use crate::base::error::{Defect, Error, Result};
use crate::base::limits::Limits;
use crate::base::memory::MemoryBudget;
use crate::content::{Validated, graph_words};

/// How much of a file is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// Everything: checksums, codes, padding, canonical form. The time is O(bytes of the file).
    #[default]
    Full,
    /// Everything except the checksum and the codes of the weights section. The time does not depend on the number of weights.
    /// This is enough for memory safety. It is meant for files that were checked in full before.
    Structure,
}

/// Validates a whole file and returns its content, with the place of each weight array.
pub(crate) fn validate(file: &[u8], limits: &Limits, check: Check, memory: &mut MemoryBudget) -> Result<Validated> {
    let sections = sections::parse(file, check == Check::Full)?;
    let graph = graph_words::parse(sections.graph.bytes, sections.graph.offset, limits, memory)?;
    expect_bytes(&sections.tables, tables_section::needed_bytes(&graph)?, "tables")?;
    expect_bytes(&sections.weights, weights_section::needed_bytes(&graph)?, "weights")?;
    let tables = tables_section::parse(&sections.tables, &graph, memory)?;
    if check == Check::Full {
        weights_section::check(&sections.weights, &graph, &tables, memory)?;
    }
    let origin = sections.origin.map(|section| origin_section::parse(&section, &graph, memory)).transpose()?;
    let arrays = weights_section::locate(&sections.weights, &graph, memory)?;
    Ok(Validated { graph, tables, arrays, origin })
}

fn expect_bytes(section: &Section<'_>, needed: u64, name: &str) -> Result<()> {
    if to_u64(section.bytes.len()) == needed {
        return Ok(());
    }
    let message = format!("the {name} section has {} bytes, the graph needs {needed}", section.bytes.len());
    Err(Error::at(Defect::Size, section.offset, message))
}
