//! Plots as SVG.

pub(crate) mod evidence;
mod picture;
pub(crate) mod results;
pub(crate) mod rewinding;
