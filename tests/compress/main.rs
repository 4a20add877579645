//! Posterior files in, `.curt` files out: what is refused, and what comes out of what is not.
#![cfg(feature = "compress")]
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod file;
mod hostile;
mod network;
mod options;
mod roundtrip;
