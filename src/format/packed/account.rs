//! The cost of each part of a packed file.

use super::coder::{Coder, LEAST, ONE, Part};
use super::expansion;
use super::stream::{self, Source};
use crate::base::error::Result;
use crate::base::limits::Limits;
use crate::base::memory::MemoryBudget;
use std::collections::BTreeMap;

/// The ideal code length of each part, in bits: the sum of `-log2 p` over its coded bits.
pub(crate) fn account(source: &Source<'_>) -> Result<BTreeMap<Part, f64>> {
    let mut meter = Meter { part: Part::Graph, bits: BTreeMap::new(), memory: MemoryBudget::unlimited() };
    stream::code(&mut meter, Some(source), &Limits::FORMAT, |graph, _| expansion::check(graph, usize::MAX))?;
    Ok(meter.bits)
}

/// A coder that writes nothing. For each part it adds up `-log2 p` of the bits.
struct Meter {
    part: Part,
    bits: BTreeMap<Part, f64>,
    memory: MemoryBudget,
}

impl Coder for Meter {
    fn bit(&mut self, bit: bool, p: u32) -> Result<bool> {
        let p = f64::from(p.clamp(LEAST, ONE - LEAST)) / f64::from(ONE);
        *self.bits.entry(self.part).or_default() -= if bit { p } else { 1.0 - p }.log2();
        Ok(bit)
    }

    fn memory(&mut self) -> &mut MemoryBudget {
        &mut self.memory
    }

    fn enter(&mut self, part: Part) {
        self.part = part;
    }
}
