//! The table of results: records of training, published figures, measurements of the files, and their presentation.

mod column;
mod json;
mod machine;
mod measure;
mod network;
mod page;
mod published;
mod record;
mod rows;

pub(crate) use column::Column;
pub(crate) use json::json;
pub(crate) use machine::{Machine, today};
pub(crate) use measure::{TestSet, open_training, row};
pub(crate) use network::title;
pub(crate) use page::{markdown, text};
pub(crate) use published::{Kind, Published};
pub(crate) use record::open_all;
pub(crate) use rows::{Results, Row};
