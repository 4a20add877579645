//! Trained posteriors and plain networks, read from safetensors (`docs/posteriors.md`).
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]
