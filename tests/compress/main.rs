//! Posterior files in, `.curt` files out: what is refused, and what comes out of what is not.
#![cfg(feature = "compress")]
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

#[cfg(feature = "tools")]
mod conv;
mod file;
mod fine_tune;
mod hostile;
mod maps;
mod methods;
mod network;
mod options;
#[cfg(feature = "tools")]
mod reference;
mod roundtrip;
