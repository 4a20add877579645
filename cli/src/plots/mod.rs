//! Plots as SVG.

mod picture;
pub(crate) mod results;
pub(crate) mod rewinding;
