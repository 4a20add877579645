//! Curt runs pruned and quantized neural networks directly from their compressed form.
//!
//! A `.curt` file holds one small network. [`Model`] checks the file once; [`Session`] executes the weights where they lie in it.
//!
//! ```
//! use curt::{Model, Session};
//!
//! # let pixels = *include_bytes!("../examples/digit-1.raw");
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/models/lenet-300-100-gnj.curt");
//! let model = Model::open(path)?; // 13,628 bytes: a LeNet-300-100
//! let mut session = Session::new(&model)?; // one per thread
//! let scores = session.run_to_vec(&pixels)?; // 28 x 28 bytes of a digit
//!
//! let class = (0..10).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
//! assert_eq!(class, Some(1));
//! # Ok::<(), curt::Error>(())
//! ```
//!
//! [`Session::run`] writes into a buffer of the caller. It allocates nothing and makes no system call. Results are the same bits on every
//! instruction set and for every batch size (`format-spec/arithmetic.md`).
//!
//! # Loading
//!
//! [`Model::open`] reads a file, [`Model::map`] maps it, and [`include_model!`] embeds it in the program. [`SessionOptions`] sets the batch and
//! the instruction set; the environment variable `CURT_ISA=scalar|avx2|avx512` forces one too.
//!
//! # Untrusted files
//!
//! Every number of a file is checked before it is used, within [`Limits`]. A violation is an [`Error`] with an [`ErrorKind`] and the byte where
//! it lies. Memory safety does not rest on the content of a mapped file (`docs/security.md`).
//!
//! # Features
//!
//! No feature is on by default: an embedder compiles what loads and runs a model.
//!
//! - `tools`: the modules [`graph`], [`encoding`], [`tensor`], [`format`](mod@format) say what a file holds; `inspect` and
//!   `measure` report on it.
//! - `compress`: `posterior` reads trained networks, `compress` writes `.curt` files, `evidence` says what a network costs to describe.
//! - `onnx`: `import` reads ONNX files.
//!
//! Other modules are hidden: they serve the tests and benches of this project, and change without notice.

#[cfg(feature = "compress")]
#[doc(hidden)]
pub mod array;
#[doc(hidden)]
pub mod base;
#[doc(hidden)]
pub mod bytes;
#[cfg(feature = "compress")]
pub mod compress;
#[cfg_attr(not(feature = "tools"), doc(hidden))]
pub mod content;
#[cfg_attr(not(feature = "tools"), doc(hidden))]
pub mod encoding;
#[cfg(feature = "compress")]
pub mod evidence;
#[doc(hidden)]
pub mod exec;
#[cfg_attr(not(feature = "tools"), doc(hidden))]
pub mod format;
#[cfg_attr(not(feature = "tools"), doc(hidden))]
pub mod graph;
#[cfg(feature = "onnx")]
pub mod import;
#[cfg(feature = "tools")]
pub mod inspect;
#[doc(hidden)]
pub mod kernels;
#[cfg(feature = "tools")]
pub mod measure;
#[doc(hidden)]
pub mod model;
#[doc(hidden)]
pub mod plan;
#[cfg(feature = "compress")]
pub mod posterior;
#[doc(hidden)]
pub mod session;
#[cfg_attr(not(feature = "tools"), doc(hidden))]
pub mod tensor;

pub use base::error::{Defect, Error, ErrorKind, Result};
pub use base::limits::Limits;
pub use exec::Input;
pub use format::Check;
pub use kernels::Isa;
pub use model::Model;
pub use session::{Session, SessionOptions};
pub use tensor::{Dtype, Shape};

/// A model that is part of the program: the bytes of a file, aligned to 64, for [`Model::from_static`].
///
/// The path is relative to the source file. The weights are executed where they lie in the program.
///
/// ```
/// static LENET: &[u8] = curt::include_model!("../models/lenet-300-100-gnj.curt");
/// let model = curt::Model::from_static(LENET)?;
/// # Ok::<(), curt::Error>(())
/// ```
#[macro_export]
macro_rules! include_model {
    ($path:expr $(,)?) => {{
        #[repr(C, align(64))]
        struct Aligned<T: ?Sized>(T);
        static MODEL: &Aligned<[u8]> = &Aligned(*include_bytes!($path));
        let bytes: &'static [u8] = &MODEL.0;
        bytes
    }};
}
