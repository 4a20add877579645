//! Curt runs networks that compression has cut down.

pub mod base;
pub mod bytes;
#[cfg(feature = "compress")]
pub mod compress;
pub mod encoding;
pub mod format;
pub mod graph;
#[cfg(feature = "tools")]
pub mod inspect;
pub mod kernels;
#[cfg(feature = "tools")]
pub mod measure;
pub mod model;
pub mod ops;
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
