//! What every part of a packed file costs.

use super::coder::{Coder, LEAST, ONE, Part};
use super::stream::{self, Given};
use crate::base::error::Result;
use crate::base::limits::Limits;
use std::collections::BTreeMap;

/// The ideal code length of each part of a packed file, in bits.
///
/// The stream of the packed file is a little longer than their sum (by less than 0.25 % and two bytes, a test holds): the coder rounds each probability down to what its
/// range can hold, and ends on a whole byte. Errors: those of the mapped file.
pub fn account(mapped: &[u8]) -> Result<BTreeMap<Part, f64>> {
    let given = Given::new(mapped, &Limits::FORMAT)?;
    let mut meter = Meter { part: Part::Graph, bits: BTreeMap::new() };
    stream::code(&mut meter, Some(&given), usize::MAX, &Limits::FORMAT)?;
    Ok(meter.bits)
}

/// Adds up `-log2 p` of the bits that it is given.
struct Meter {
    part: Part,
    bits: BTreeMap<Part, f64>,
}

impl Coder for Meter {
    fn bit(&mut self, bit: bool, p: u32) -> Result<bool> {
        let p = f64::from(p.clamp(LEAST, ONE - LEAST)) / f64::from(ONE);
        *self.bits.entry(self.part).or_default() -= if bit { p } else { 1.0 - p }.log2();
        Ok(bit)
    }

    fn enter(&mut self, part: Part) {
        self.part = part;
    }
}
