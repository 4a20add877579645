//! `trainer`: trains the networks and posteriors that Curt compresses.
#![deny(unsafe_code)]

mod checkpoint;
mod cli;
mod data;
mod evaluate;
mod files;
mod forward;
mod kl;
mod log;
mod methods;
mod network;
mod noise;
mod options;
mod parameter;
mod posterior;
mod remake;
mod shed;
mod train;

use std::process::ExitCode;

fn main() -> ExitCode {
    keep_freed_memory();
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Tells glibc to keep freed memory. Every step allocates the same megabytes again; handing them
/// back to the system each time doubles the time of a step in page faults.
#[allow(unsafe_code)]
fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets tunables of the allocator, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}
