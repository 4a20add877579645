//! Commands that write pages of the project.

pub(crate) mod rewinding;
pub(crate) mod table;
