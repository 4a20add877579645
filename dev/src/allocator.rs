//! An allocator that counts, and that fails on demand, for each thread on its own: other threads of a test program do not disturb it.
//!
//! ```ignore
//! #[global_allocator]
//! static ALLOCATOR: curt_dev::allocator::Counting = curt_dev::allocator::Counting;
//! ```
#![allow(unsafe_code)] // a global allocator is an unsafe trait

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Hands every call on to the system's allocator, and counts it. [`fail_at`] makes one of them fail.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
    static UNTIL_FAILURE: Cell<u64> = const { Cell::new(0) };
}

/// Counts a call that changes the bytes held by `bytes`. A thread that ends has no counters any more.
fn count(bytes: isize) {
    let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return std::ptr::null_mut();
        }
        count(layout.size() as isize);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return std::ptr::null_mut();
        }
        count(layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, len: usize) -> *mut u8 {
        if fails() {
            return std::ptr::null_mut();
        }
        count(len as isize - layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, len) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Whether this allocation is the one that fails.
fn fails() -> bool {
    let left = UNTIL_FAILURE.try_with(Cell::get).unwrap_or(0);
    let _ = UNTIL_FAILURE.try_with(|until| until.set(left.saturating_sub(1)));
    left == 1
}

/// Makes the `n`th allocation of `f` on this thread fail, counted from 1.
pub fn fail_at<T>(n: u64, f: impl FnOnce() -> T) -> T {
    UNTIL_FAILURE.set(n);
    let result = f();
    UNTIL_FAILURE.set(0);
    result
}

/// Allocations of `f` on this thread.
pub fn allocations_of(f: impl FnOnce()) -> u64 {
    fail_at(u64::MAX, || {
        f();
        u64::MAX - UNTIL_FAILURE.get()
    })
}

/// Calls of the allocator that `f` makes on this thread, releases included.
pub fn calls_of(f: impl FnOnce()) -> u64 {
    let before = CALLS.get();
    f();
    CALLS.get() - before
}

/// The most bytes that `f` holds at a time on this thread, above those held before, and its result.
pub fn peak_of<T>(f: impl FnOnce() -> T) -> (usize, T) {
    let before = HELD.get();
    MOST.set(before);
    let result = f();
    (usize::try_from(MOST.get() - before).unwrap_or(0), result)
}
