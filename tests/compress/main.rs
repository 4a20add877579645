//! Posterior files in, `.curt` files out: what is refused, and what comes out of what is not.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod agreement;
#[cfg(feature = "tools")]
mod conv;
mod files;
mod fine_tune;
mod hostile;
mod methods;
mod options;
#[cfg(feature = "tools")]
mod reference;
mod roundtrip;
