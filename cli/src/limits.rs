//! The limits that models are held against, from the command line.

use clap::ValueEnum;
use curt::{Limits, Model, Result};
use std::path::Path;
use std::sync::OnceLock;

/// The presets of the library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// 1 GiB of file, 2^28 activations, 2^34 multiply-adds
    #[default]
    Default,
    /// For small devices and untrusted files: 16 MiB of file, 2^20 activations, 2^27 multiply-adds
    Edge,
    /// What the format allows
    Format,
}

/// Set once, before the command.
static CHOSEN: OnceLock<Preset> = OnceLock::new();

/// Sets the limits of this process. Only the first call has an effect.
pub(crate) fn set(preset: Preset) {
    CHOSEN.get_or_init(|| preset);
}

/// Opens a model within the limits.
pub(crate) fn open(path: &Path) -> Result<Model> {
    let limits = match CHOSEN.get().copied().unwrap_or_default() {
        Preset::Default => Limits::DEFAULT,
        Preset::Edge => Limits::EDGE,
        Preset::Format => Limits::FORMAT,
    };
    Model::open_with(path, &limits)
}
