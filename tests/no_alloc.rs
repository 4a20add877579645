//! After a session is made, running it neither allocates nor frees.
//!
//! The counter is per thread: other threads of the test program do not disturb it, and a thread that `run` started would be seen by
//! the allocations that starting it takes.

use curt_dev::allocator::{Counting, calls_of};
use curt_dev::golden;
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn running_a_session_allocates_nothing_on_any_tier() {
    let (mut runs, mut outputs) = (0, 0);
    let (mut bytes, mut floats) = (0, 0);
    for golden in golden::goldens(70) {
        match golden.input() {
            curt::Input::U8(_) => bytes += 1,
            curt::Input::F32(_) => floats += 1,
        }
        for isa in curt_dev::tiers() {
            for batch in [1, 64] {
                let mut session = golden.session(isa, batch);
                let mut output = vec![f32::NAN; golden.expected.len()];
                for time in ["first", "second", "third"] {
                    let mut result = Ok(());
                    let calls = calls_of(|| result = session.run(golden.input(), &mut output));
                    result.unwrap();
                    assert_eq!(calls, 0, "{} on {}, batch {batch}, {time} run", golden.name, isa.name());
                    runs += 1;
                    outputs += output.len();
                }
                assert!(golden.is_right(&output), "{} on {}, batch {batch}", golden.name, isa.name());
            }
        }
    }
    println!("{runs} runs ({outputs} outputs) of {bytes} u8 and {floats} f32 models: 0 allocations");
    assert!(bytes > 0 && floats > 0);
}

#[test]
fn an_allocation_is_counted() {
    assert_eq!(calls_of(|| drop(black_box(vec![1u8; black_box(32)]))), 2, "one allocation, one release");
    assert_eq!(calls_of(|| drop(black_box(vec![0u8; black_box(32)]))), 2, "zeroed memory counts as well");
    let mut held = vec![1u8; 32];
    assert_eq!(calls_of(|| held.reserve_exact(black_box(4096))), 1, "growing counts");
    let held = black_box(Box::new(held));
    assert_eq!(calls_of(|| drop(held)), 2, "releasing alone counts");
    let made = calls_of(|| {
        std::thread::spawn(|| ()).join().unwrap();
    });
    assert!(made > 0, "starting a thread counts on the thread that starts it");
    assert_eq!(calls_of(|| ()), 0);
}
