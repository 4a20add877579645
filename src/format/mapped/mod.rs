//! The mapped profile: kernels read the weights where they lie in the file (`format-spec/SPEC.md`).

mod header;
mod origin_section;
mod sections;
mod tables_section;
mod validate;
mod weights_section;
mod write;

pub use header::{BYTE_ORDER, HEADER_BYTES, MAGIC, VERSION};
pub(super) use sections::extensions;
pub use sections::{SectionInfo, sections};
pub use tables_section::layer_table_bytes;
pub use validate::Check;
pub(super) use validate::validate;
pub(super) use write::{content_bytes, file_bytes, strip, write};
