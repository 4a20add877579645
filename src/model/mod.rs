//! A model: a validated file, shared and immutable.

mod layer;

use crate::base::checked::{at_most, to_u64};
use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::base::limits::Limits;
use crate::base::memory::MemoryBudget;
use crate::bytes::Storage;
use crate::content::{Origin, Tables, Validated};
use crate::encoding::Weights;
use crate::format::{self, Check};
use crate::graph::Graph;
use crate::tensor::{Dtype, Shape};
pub use layer::Layer;
use std::path::Path;
use std::sync::Arc;

/// A loaded model. Cloning shares it; any number of threads may hold sessions on it.
///
/// Loading fails with `io`, `not_a_file`, `limit`, `no_memory`, or a [`Defect`](crate::Defect) of the file.
#[derive(Clone, Debug)]
pub struct Model(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    storage: Storage,
    validated: Validated,
    layers: Vec<Layer>,
    packed_bytes: Option<u64>,
    limits: Limits,
}

impl Model {
    /// Reads the file at `path` into memory, unpacks it if it is packed, and checks all of it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &Limits::DEFAULT)
    }

    /// [`Model::open`] with the caller's limits. [`Limits::EDGE`] is meant for untrusted files.
    pub fn open_with(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        let path = path.as_ref();
        let storage = Storage::read(path, limits.file_bytes.min(limits.memory_bytes))?;
        Self::unpack(storage, limits).map_err(|error| error.context(path.display()))
    }

    /// Maps the file at `path`: no copy, and the pages are shared between processes. A packed file is refused: its weights do not lie in it.
    ///
    /// With [`Check::Structure`], the time to open does not depend on the number of weights. Kernels stay within bounds whatever the mapped
    /// bytes are. So a file that changes gives wrong numbers at worst, but a file that is truncated ends the process (SIGBUS).
    ///
    /// # Safety
    /// While the model or a session on it lives, nobody truncates the file or writes into it in place. Renaming another over it is allowed.
    #[allow(unsafe_code)]
    pub unsafe fn map(path: impl AsRef<Path>, limits: &Limits, check: Check) -> Result<Self> {
        let path = path.as_ref();
        // SAFETY: the caller promises what `Storage::map` requires.
        let storage = unsafe { Storage::map(path, limits.file_bytes) }?;
        Self::load(storage, None, limits, check).map_err(|error| error.context(path.display()))
    }

    /// A model that is part of the program; see [`include_model!`](crate::include_model).
    pub fn from_static(bytes: &'static [u8]) -> Result<Self> {
        Self::unpack(Storage::from_static(bytes)?, &Limits::DEFAULT)
    }

    /// A model from a copy of `bytes`.
    pub fn from_bytes(bytes: &[u8], limits: &Limits) -> Result<Self> {
        at_most(to_u64(bytes.len()), limits.file_bytes.min(limits.memory_bytes), "the model's length")?;
        Self::unpack(Storage::copy(bytes)?, limits)
    }

    /// Loads a mapped file, or a packed one that is unpacked first.
    fn unpack(storage: Storage, limits: &Limits) -> Result<Self> {
        if !format::is_packed(storage.bytes()) {
            return Self::load(storage, None, limits, Check::Full);
        }
        let mapped = Storage::copy(&format::unpack(storage.bytes(), limits)?)?;
        Self::load(mapped, Some(to_u64(storage.bytes().len())), limits, Check::Full)
    }

    fn load(storage: Storage, packed_bytes: Option<u64>, limits: &Limits, check: Check) -> Result<Self> {
        let _modes = Environment::set();
        let mut memory = MemoryBudget::new(limits.memory_bytes);
        let owned = if let Storage::Owned(bytes) = &storage { to_u64(bytes.len()) } else { 0 };
        memory.charge(owned.saturating_add(packed_bytes.unwrap_or(0)), "the file")?;
        let validated = format::validate_within(storage.bytes(), limits, check, &mut memory)?;
        let layers = validated.graph.linears().zip(&validated.tables.layers);
        let mut own = memory.list(validated.tables.layers.len(), "the layers")?;
        for ((node, &linear, cols), tables) in layers {
            own.push(Layer::new(node, linear, cols, tables, &mut memory)?);
        }
        let layers = own;
        Ok(Self(Arc::new(Inner { storage, validated, layers, packed_bytes, limits: *limits })))
    }

    /// The shape of one sample of the input: `[features]` or `[channels, height, width]`.
    #[must_use]
    pub fn input_shape(&self) -> Shape {
        self.graph().input().shape
    }

    /// The type of the input's elements.
    #[must_use]
    pub fn input_dtype(&self) -> Dtype {
        self.graph().input().dtype
    }

    /// The shape of one sample of the output.
    #[must_use]
    pub fn output_shape(&self) -> Shape {
        self.graph().output_shape()
    }

    /// The graph that the model computes.
    #[must_use]
    #[cfg_attr(not(feature = "tools"), doc(hidden))]
    pub fn graph(&self) -> &Graph {
        &self.0.validated.graph
    }

    /// The tables, as stored.
    #[must_use]
    #[cfg_attr(not(feature = "tools"), doc(hidden))]
    pub fn tables(&self) -> &Tables {
        &self.0.validated.tables
    }

    /// The network before compression, if the file describes it.
    #[must_use]
    #[cfg_attr(not(feature = "tools"), doc(hidden))]
    pub fn origin(&self) -> Option<&Origin> {
        self.0.validated.origin.as_ref()
    }

    /// The linear layers in execution order.
    #[must_use]
    #[cfg_attr(not(feature = "tools"), doc(hidden))]
    pub fn layers(&self) -> &[Layer] {
        &self.0.layers
    }

    /// The weights of layer `index` of [`Model::layers`].
    #[must_use]
    #[cfg_attr(not(feature = "tools"), doc(hidden))]
    pub fn weights(&self, index: usize) -> Weights<'_> {
        let (layer, range) = (&self.0.layers[index], self.0.validated.arrays[index].clone());
        let bytes = &self.0.storage.bytes()[range];
        Weights::new(layer.linear.rows, layer.cols, bytes, &layer.lookup)
            .expect("invariant: the validator has built this view, or its size was checked")
    }

    /// The limits that the model was opened with; a session on it keeps to them.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The length of the packed file that the model was loaded from, if it was packed.
    #[must_use]
    pub fn packed_bytes(&self) -> Option<u64> {
        self.0.packed_bytes
    }

    /// The whole mapped file; a packed file was unpacked to it.
    #[must_use]
    pub fn file(&self) -> &[u8] {
        self.0.storage.bytes()
    }

    /// Validates the file again in full. This finds what [`Check::Structure`] left out, and a mapped file that has changed since.
    pub fn verify(&self) -> Result<()> {
        format::validate(self.file(), &Limits::FORMAT, Check::Full).map(|_| ())
    }
}

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Model>();
};
