//! Small layers of order class F, and lists, expanded to floats: the outputs lie in the lanes, and activations of zero are skipped.
//!
//! A model of kilobytes costs nothing to expand, and floats need no decoding. After ReLU most activations are zero: their columns are not
//! read at all. Several samples share what the kernel of the encoding decodes, so that batches stay with it.

mod kernel;
mod layout;
mod loops;
mod nonzero;

pub(super) use kernel::Expanded;
