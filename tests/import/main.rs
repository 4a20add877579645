//! Networks from files of others: they compute what the engine of their format computes, and damaged files are refused.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod damage;
mod files;
mod vectors;
