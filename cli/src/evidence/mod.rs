//! The two-part code of data with a network: the bits of the packed file, and those of the labels given its outputs.

mod candidate;
mod code;
mod data;
mod json;
mod text;

pub(crate) use candidate::{Candidate, open_all};
pub(crate) use code::Code;
pub(crate) use data::{Data, DataArgs, Truth};
pub(crate) use json::ModelJson;
pub(crate) use text::{bits_text, label_bits_text, notes, table};
