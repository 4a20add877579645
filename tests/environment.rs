//! Results do not depend on the floating-point modes of the calling thread, and the modes stay the caller's.
#![cfg(target_arch = "x86_64")]
#![allow(unsafe_code)] // MXCSR
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use curt::base::environment::Environment;
use curt::{Limits, Model, Session, SessionOptions, format};
use curt_dev::{golden, tiers};
use std::arch::asm;
use std::time::Instant;

const DEFAULT: u32 = 0x1F80;
const FLAGS: u32 = 0x3F;
/// Flush to zero, subnormals as zeros, both; down, up, to zero; all of the last; every exception traps.
const MODES: [u32; 8] = [0x9F80, 0x1FC0, 0x9FC0, 0x3F80, 0x5F80, 0x7F80, 0xFFC0, 0];

fn modes() -> u32 {
    let mut word = 0u32;
    // SAFETY: stores four bytes into the local variable.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack)) };
    word & !FLAGS
}

fn set(word: u32) {
    // SAFETY: loads four bytes of the local variable, whose reserved bits are zero.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack)) };
}

/// Calls `f` under other modes, and checks that they are still set afterwards.
#[inline(never)]
fn under<T>(word: u32, f: impl FnOnce() -> T) -> T {
    set(word);
    let result = f();
    let after = modes();
    set(DEFAULT);
    assert_eq!(after, word, "the modes are the caller's");
    result
}

#[test]
fn the_modes_of_the_test_have_an_effect() {
    let (tiny, one) = (std::hint::black_box(f32::MIN_POSITIVE), std::hint::black_box(1f32));
    assert!(tiny / 2.0 > 0.0);
    assert!(under(0x9FC0, || std::hint::black_box(std::hint::black_box(tiny) / 2.0)) == 0.0);
    let third = |word| under(word, || std::hint::black_box(std::hint::black_box(one) / 3.0));
    assert!(third(0x3F80) < third(0x5F80));
}

#[test]
fn outputs_are_the_golden_ones_under_every_mode() {
    let (mut runs, mut models) = (0, 0);
    for golden in golden::goldens(1) {
        let file = std::fs::read(&golden.path).unwrap();
        for mode in MODES {
            let model = under(mode, || Model::from_bytes(&file, &Limits::DEFAULT)).unwrap();
            for isa in tiers() {
                let options = SessionOptions::new().isa(isa);
                let mut session = under(mode, || Session::with_options(&model, &options)).unwrap();
                let mut output = vec![f32::NAN; golden.expected.len()];
                let input = golden.input();
                under(mode, || session.run(input, &mut output)).unwrap();
                assert!(golden.is_right(&output), "{} under {mode:#x} on {isa:?}", golden.name);
                runs += 1;
            }
        }
        models += 1;
    }
    println!("{runs} runs of {models} models under {} modes: the golden bits", MODES.len());
    assert!(models > 100);
}

#[test]
fn files_are_packed_and_unpacked_to_the_same_bytes_under_every_mode() {
    let mut files = 0;
    for (i, golden) in golden::goldens(1).iter().enumerate() {
        let file = std::fs::read(&golden.path).unwrap();
        let Ok(packed) = format::pack(&file) else { continue };
        for mode in [MODES[i % MODES.len()], 0x9FC0] {
            assert!(under(mode, || format::pack(&file)).unwrap() == packed, "{} under {mode:#x}", golden.name);
            assert!(under(mode, || format::unpack(&packed, &Limits::DEFAULT)).unwrap() == file, "{}", golden.name);
        }
        files += 1;
    }
    assert!(files > 100, "{files}");
}

#[test]
fn modes_nest_and_come_back_after_a_panic() {
    under(0x9FC0, || {
        let outer = Environment::set();
        drop(Environment::set());
        assert_eq!(modes(), DEFAULT);
        drop(outer);
        assert_eq!(modes(), 0x9FC0);
        let panicked = std::panic::catch_unwind(|| {
            let _modes = Environment::set();
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(panicked.is_err());
    });
}

/// What it costs, for a look: `cargo test -p curt --test environment cost -- --nocapture`.
#[test]
fn the_cost_of_a_call_is_printed() {
    const CALLS: u32 = 1_000_000;
    let time = || {
        let start = Instant::now();
        (0..CALLS).for_each(|_| drop(std::hint::black_box(Environment::set())));
        start.elapsed().as_nanos()
    };
    let best = |mode: u32| (0..5).map(|_| under(mode, time)).min().unwrap() as f64 / f64::from(CALLS);
    println!("{:.1} ns where the modes are right, {:.1} ns where they are set and restored", best(DEFAULT), best(0x9FC0));
}
