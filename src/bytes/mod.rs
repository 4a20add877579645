//! The bytes of a model: where they lie, and the cursor that reads them within bounds.

pub mod cursor;
pub mod storage;

pub use cursor::Cursor;
pub use storage::Storage;
pub(crate) use storage::open_without_waiting;
