//! Curt runs networks that compression has cut down: pruned groups, ternary or K-level weights, masked posterior means.
//!
//! A `.curt` file holds one small network. It is checked once when it is opened, its weights are executed where they lie in the file, and
//! running it allocates nothing and makes no system call. Results are the same bits on every instruction set and for every batch size
//! (`format-spec/arithmetic.md`).
//!
//! ```
//! use curt::model::Model;
//! use curt::session::{Session, SessionOptions};
//!
//! // A LeNet-300-100 of 13,628 bytes; a file is opened with `Model::open("lenet.curt")`.
//! let model = Model::from_static(curt::include_model!("../models/lenet-300-100-gnj.curt"))?;
//! let mut session = Session::new(&model, &SessionOptions::default())?;
//!
//! let digits = &include_bytes!("../cli/data/digits-images-idx3-ubyte")[16..]; // after the header of the IDX file
//! let labels = &include_bytes!("../cli/data/digits-labels-idx1-ubyte")[8..];
//! let mut scores = [0.0; 10];
//! session.run(&digits[..session.input_len()], &mut scores)?;
//!
//! let best = (0..10u8).max_by(|&a, &b| scores[usize::from(a)].total_cmp(&scores[usize::from(b)]));
//! assert_eq!(best, Some(labels[0]));
//! # Ok::<(), curt::base::error::Error>(())
//! ```
//!
//! # Where to start
//!
//! - [`model`]: open, map or embed a file. [`session`]: run it. These two are all that an embedder needs.
//! - [`base::error`]: the one error type, with a kind, a place and a sentence. [`base::limits`]: what a file may ask for.
//! - [`graph`], [`encoding`], [`format`](mod@format): what a model is made of, and how it is written.
//! - [`kernels`]: which instruction set runs what; `CURT_ISA=scalar|avx2|avx512|neon` forces one.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `compress`: posterior files in, `.curt` files out (`posterior`, `compress`).
//! - `tools`: what a file holds, and timing beside dense twins (`inspect`, `measure`).
//!
//! # Files of strangers
//!
//! A file is never trusted: every number in it is checked before it is used, within [`base::limits::Limits`], and a violation is a typed
//! error. Memory safety does not rest on the content of a mapped file. `docs/security.md` has the threat model.

pub mod base;
pub mod bytes;
#[cfg(feature = "compress")]
pub mod compress;
pub mod encoding;
pub mod exec;
pub mod format;
pub mod graph;
#[cfg(feature = "tools")]
pub mod inspect;
pub mod kernels;
#[cfg(feature = "tools")]
pub mod measure;
pub mod model;
pub mod plan;
#[cfg(feature = "compress")]
pub mod posterior;
pub mod session;
pub mod tensor;

/// A model that is part of the program: the bytes of a file, read when the program is compiled and aligned to 64, so that
/// [`Model::from_static`](model::Model::from_static) executes them where they lie. The path is relative to the file that says it.
///
/// ```
/// let bytes: &'static [u8] = curt::include_model!("../format-spec/vectors/valid/ternary-rows-15.curt");
/// let model = curt::model::Model::from_static(bytes)?;
/// # Ok::<(), curt::base::error::Error>(())
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
