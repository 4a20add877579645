//! The guard around every entry: it catches panics, and turns failures into a status and a message of the thread.

use crate::status::curt_status;
use runtime::base::environment::Environment;
use runtime::{Error, ErrorKind};
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    static MESSAGE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// When set, the next entry panics. With it the tests show that every entry returns CURT_INTERNAL after a panic.
#[cfg(test)]
pub(crate) static PLANTED_PANIC: AtomicBool = AtomicBool::new(false);

/// Why an entry fails.
pub(crate) struct Failure {
    status: curt_status,
    message: String,
}

pub(crate) type Outcome = Result<(), Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { status: curt_status::of(error.kind()), message: error.to_string() }
    }
}

fn fail(status: curt_status, message: &str) -> Outcome {
    Err(Failure { status, message: message.to_owned() })
}

/// Fails with CURT_INPUT.
pub(crate) fn wrong(message: &str) -> Failure {
    Failure { status: curt_status::of(ErrorKind::Input), message: message.to_owned() }
}

/// Runs the body of an entry.
pub(crate) fn guard(body: impl FnOnce() -> Outcome) -> curt_status {
    // `AssertUnwindSafe` is right: a panic can leave only floats half-changed in a handle, and the next run overwrites them.
    let (status, message) = match caught(body) {
        Some(Ok(())) => return curt_status::OK,
        Some(Err(failure)) => (failure.status, failure.message),
        None => (curt_status::of(ErrorKind::Internal), "a bug in the library: it panicked".to_owned()),
    };
    // A thread that is ending has no message any more. The status is still returned.
    let _ = MESSAGE.try_with(|slot| *slot.borrow_mut() = message);
    status
}

/// Runs the body of an entry that returns no status. After a panic it returns `otherwise`.
pub(crate) fn guard_or<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    caught(body).unwrap_or(otherwise)
}

/// The result of the body; `None` when it panics.
fn caught<T>(body: impl FnOnce() -> T) -> Option<T> {
    let guarded = || {
        #[cfg(test)]
        assert!(!PLANTED_PANIC.swap(false, Ordering::SeqCst), "planted");
        let _modes = Environment::set();
        body()
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(guarded)).ok()
}

/// Calls `f` with the message of this thread's last failure. The message is empty when the thread is ending.
pub(crate) fn with_message<T>(f: impl Fn(&str) -> T) -> T {
    MESSAGE.try_with(|slot| f(&slot.borrow())).unwrap_or_else(|_| f(""))
}

/// Whether a pointer is neither null nor misaligned: an access through such a pointer would be undefined behaviour.
pub(crate) fn usable<T>(pointer: *const T) -> bool {
    !pointer.is_null() && pointer.is_aligned()
}

/// Fails with CURT_NULL_POINTER unless the pointers are usable.
pub(crate) fn check(usable: bool) -> Outcome {
    if usable { Ok(()) } else { fail(curt_status::NULL_POINTER, "a pointer is NULL or not aligned to its type") }
}

/// Fails unless `len` elements of `T` fit the address space.
pub(crate) fn check_len<T>(len: usize) -> Outcome {
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(()),
        _ => fail(curt_status::of(ErrorKind::Input), "a length exceeds the address space"),
    }
}

pub(crate) fn check_struct_size(found: usize, needed: usize) -> Outcome {
    if found >= needed { Ok(()) } else { fail(curt_status::STRUCT_SIZE, "options->struct_size is smaller than the structure") }
}

/// Fails when two ranges of bytes overlap.
pub(crate) fn check_apart(a: usize, a_len: usize, b: usize, b_len: usize) -> Outcome {
    if a_len == 0 || b_len == 0 || a.saturating_add(a_len) <= b || b.saturating_add(b_len) <= a {
        return Ok(());
    }
    fail(curt_status::of(ErrorKind::Input), "input and output overlap")
}

/// Holds a session: it counts as in use until this is dropped.
pub(crate) struct Hold<'a>(pub(crate) &'a AtomicBool);

impl<'a> Hold<'a> {
    pub(crate) fn take(busy: &'a AtomicBool) -> Result<Self, Failure> {
        if busy.swap(true, Ordering::Acquire) {
            let message = "another thread runs this session; make one session per thread".to_owned();
            return Err(Failure { status: curt_status::BUSY, message });
        }
        Ok(Self(busy))
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
