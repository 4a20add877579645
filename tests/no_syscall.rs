//! Running a session makes no system call: a child process that may only read, write and exit runs every golden model.
//!
//! The child is forked from a thread that has everything ready, so that what it does after the fork is what is tested. In Linux'
//! strict mode of seccomp any call but `read`, `write`, `exit` and `rt_sigreturn` kills it with SIGKILL.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![allow(unsafe_code)] // fork, prctl and raw system calls

use curt_dev::golden;
use std::ffi::c_int;
use std::time::{Duration, Instant};

/// How a child ended, and the byte that it wrote, when it wrote one.
#[derive(Debug, PartialEq)]
struct End {
    exit: Option<c_int>,
    signal: Option<c_int>,
    byte: Option<u8>,
}

const DONE: End = End { exit: Some(0), signal: None, byte: Some(1) };
const KILLED: End = End { exit: None, signal: Some(libc::SIGKILL), byte: None };

/// Forks; the child enters strict mode, calls `f` and writes whether it returned true.
fn in_strict_child(mut f: impl FnMut() -> bool) -> End {
    let mut pipe = [0; 2];
    // SAFETY: `pipe` has room for the two descriptors.
    assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
    let [read, write] = pipe;
    // SAFETY: the child calls `f` and raw system calls only; `f` takes no lock and does not allocate (`tests/no_alloc.rs`).
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "cannot fork");
    if child == 0 {
        // SAFETY: enters strict mode; no pointer is passed.
        let entered = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::c_ulong::from(libc::SECCOMP_MODE_STRICT)) } == 0;
        let byte = if entered { u8::from(f()) } else { u8::MAX };
        // SAFETY: one byte of a live variable.
        unsafe { libc::write(write, (&raw const byte).cast(), 1) };
        // SAFETY: ends this thread, the only one of the child; `exit_group`, which libc's `_exit` uses, is forbidden here.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
        unreachable!("exit does not return");
    }
    // SAFETY: closes the parent's copy, so that reading ends when the child does.
    unsafe { libc::close(write) };
    let status = wait(child);
    let mut byte = 0u8;
    // SAFETY: room for one byte.
    let got = unsafe { libc::read(read, (&raw mut byte).cast(), 1) };
    // SAFETY: the descriptor is ours and is not used again.
    unsafe { libc::close(read) };
    assert_ne!((got, byte), (1, u8::MAX), "this kernel has no strict mode of seccomp");
    End {
        exit: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
        signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
        byte: (got == 1).then_some(byte),
    }
}

/// The status of a child. One that hangs is killed after two minutes, by a signal that no test expects.
fn wait(child: libc::pid_t) -> c_int {
    let start = Instant::now();
    let mut status = 0;
    loop {
        // SAFETY: `status` is a live variable.
        match unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } {
            0 if start.elapsed() > Duration::from_secs(120) => {
                // SAFETY: the child is ours and has not been waited for.
                unsafe { libc::kill(child, libc::SIGTERM) };
            }
            0 => std::thread::sleep(Duration::from_micros(200)),
            ended if ended == child => return status,
            failed => panic!("waitpid gives {failed}"),
        }
    }
}

#[test]
fn running_a_session_makes_no_system_call_on_any_tier() {
    let mut runs = 0;
    for golden in golden::goldens(3) {
        for isa in curt_dev::tiers() {
            for batch in [1, 64] {
                let mut session = golden.session(isa, batch);
                let mut output = vec![f32::NAN; golden.expected.len()];
                let end = in_strict_child(|| {
                    (0..20).all(|_| {
                        output.fill(0.5);
                        session.run(golden.input(), &mut output).is_ok() && golden.is_right(&output)
                    })
                });
                assert_eq!(end, DONE, "{} on {}, batch {batch}", golden.name, isa.name());
                runs += 20;
            }
        }
    }
    println!("{runs} runs in strict mode: 0 system calls");
}

#[test]
fn a_system_call_kills_the_child() {
    // SAFETY: takes no argument and has no effect.
    let getpid = in_strict_child(|| unsafe { libc::syscall(libc::SYS_getpid) } > 0);
    assert_eq!(getpid, KILLED);
    assert_eq!(in_strict_child(|| std::fs::metadata("/").is_ok()), KILLED, "a call through std");
}

#[test]
fn a_wrong_answer_is_told_from_a_right_one() {
    assert_eq!(in_strict_child(|| true), DONE);
    assert_eq!(in_strict_child(|| false), End { byte: Some(0), ..DONE });
}
