//! What a tier gives to direct convolution: its inner loops behind a pointer.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code))] // no other tier has vectors

use super::taps::{Chains, MANY};
use crate::kernels::Isa;

/// What ends a sum: scale, bias and ReLU.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Epilogue {
    pub(super) scale: Option<f32>,
    pub(super) bias: f32,
    pub(super) relu: bool,
}

/// The positions of a map, in vectors: `rows` rows of `across` vectors.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Positions<'a> {
    /// The activations from the first position on.
    pub(super) x: &'a [f32],
    pub(super) rows: usize,
    pub(super) across: usize,
    /// Floats from the activations of a row to those of the next.
    pub(super) pitch: usize,
    /// Whether only the greatest of each two rows and columns is wanted; `rows` is even then.
    pub(super) pool: bool,
}

/// The inner loops of a tier. Taps come in threes for order class T.
pub(in crate::kernels) trait Loops: std::fmt::Debug + Send + Sync {
    /// Lanes of a vector.
    fn lanes(&self) -> usize;

    /// Computes a map: vector `i` goes to `out[i * lanes..]`. With pooling two rows of vectors make one of half the lanes.
    fn one(&self, chains: &Chains<'_, 1>, threes: bool, at: &Positions<'_>, end: Epilogue, out: &mut [f32]);

    /// Computes [`MANY`] maps, one after the other in `out`.
    fn many(&self, chains: &Chains<'_, MANY>, threes: bool, at: &Positions<'_>, ends: &[Epilogue; MANY], out: &mut [f32]);
}

/// The direct convolution of a tier.
#[derive(Clone, Copy, Debug)]
pub struct DirectKernel {
    /// The tier that wrote it: an inherited kernel keeps its own.
    pub isa: Isa,
    /// What it does, in a few words.
    pub name: &'static str,
    pub(super) loops: &'static dyn Loops,
}

impl DirectKernel {
    #[cfg(target_arch = "x86_64")]
    pub(in crate::kernels) fn new<L: Loops + 'static>(isa: Isa, name: &'static str, loops: L) -> Self {
        const { assert!(size_of::<L>() == 0, "loops are a token and hold no data") };
        // A box of no bytes allocates nothing, so nothing leaks.
        Self { isa, name, loops: Box::leak(Box::new(loops)) }
    }
}
