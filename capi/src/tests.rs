//! The boundary called from Rust: misuse, planted panics, the table of statuses.
#![allow(clippy::multiple_unsafe_ops_per_block)] // a test of misuse is a sequence of calls on the same handles

use super::*;
use crate::guard::PLANTED_PANIC;
use runtime::base::error::ErrorKind;
use std::ffi::CString;
use std::ptr::{null, null_mut};
use std::sync::Mutex;

/// Planted panics are seen by the next entry of any thread.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn golden() -> CString {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../format-spec/vectors/valid/mlp-gather-origin.curt");
    assert!(std::path::Path::new(path).is_file(), "{path} is a golden file");
    CString::new(path).unwrap()
}

fn open() -> *mut curt_model {
    let mut model = null_mut();
    // SAFETY: a NUL-terminated path, and a pointer to a local.
    assert_eq!(unsafe { curt_model_open(golden().as_ptr(), &mut model) }, curt_status::CURT_OK);
    model
}

fn session(model: *const curt_model) -> *mut curt_session {
    let mut session = null_mut();
    // SAFETY: a live handle, and a pointer to a local.
    assert_eq!(unsafe { curt_session_new(model, null(), &mut session) }, curt_status::CURT_OK);
    session
}

fn message() -> String {
    let mut buffer = [0u8; 300];
    // SAFETY: the buffer has its length.
    unsafe { curt_last_error(buffer.as_mut_ptr().cast(), buffer.len()) };
    CStr::from_bytes_until_nul(&buffer).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn every_kind_has_a_status_of_its_own_with_its_name() {
    let mut seen = std::collections::HashSet::new();
    for kind in ErrorKind::ALL {
        let status = curt_status::of(kind);
        assert_eq!(status.name().to_str().unwrap(), kind.name());
        assert_eq!(curt_status::from_number(status as i32), Some(status));
        assert!(seen.insert(status as u32));
    }
    assert_eq!(seen.len(), ErrorKind::ALL.len());
    for number in [-1, 99, 103, i32::MAX] {
        // SAFETY: the name is a NUL-terminated string that lives for ever.
        assert_eq!(unsafe { CStr::from_ptr(curt_status_name(number)) }, c"unknown");
    }
}

#[test]
fn null_pointers_are_answered() {
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let (model, mut out, byte, mut float) = (open(), null_mut(), 0u8, 0f32);
    let live = session(model);
    // SAFETY: each pointer is null, which the entries check, or valid.
    let statuses = unsafe {
        [
            curt_model_open(null(), &mut out),
            curt_model_open(golden().as_ptr(), null_mut()),
            curt_model_map(null(), &mut out),
            curt_model_from_bytes(null(), 1, &mut out),
            curt_model_from_bytes(&byte, 1, null_mut()),
            curt_model_shape(null(), null_mut(), null_mut(), null_mut()),
            curt_session_new(null(), null(), &mut null_mut()),
            curt_session_new(model, null(), null_mut()),
            curt_session_run_u8(null_mut(), &byte, 1, &mut float, 1),
            curt_session_run_u8(live, null(), 1, &mut float, 1),
            curt_session_run_f32(live, &float, 1, null_mut(), 1),
        ]
    };
    assert!(statuses.iter().all(|&status| status == curt_status::CURT_NULL_POINTER), "{statuses:?}");
    // SAFETY: null is allowed; the handles are live and not used again.
    unsafe {
        curt_model_free(null_mut());
        curt_session_free(null_mut());
        curt_session_free(live);
        curt_model_free(model);
    }
}

#[test]
fn wrong_lengths_types_and_sizes_are_answered() {
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let model = open();
    let live = session(model);
    let (mut dtype, mut inputs, mut outputs) = (9, 0, 0);
    // SAFETY: live handles, buffers of the lengths given (too long ones are refused before they are read).
    unsafe {
        assert_eq!(curt_model_shape(model, &mut dtype, &mut inputs, &mut outputs), curt_status::CURT_OK);
        let (bytes, floats) = (vec![0u8; inputs], vec![0f32; inputs]);
        let mut out = vec![0f32; outputs];
        let run_u8 = |n, m, out: *mut f32| curt_session_run_u8(live, bytes.as_ptr(), n, out, m);
        let run_f32 = |n, m, out: *mut f32| curt_session_run_f32(live, floats.as_ptr(), n, out, m);
        let right =
            if dtype == CURT_U8 { run_u8(inputs, outputs, out.as_mut_ptr()) } else { run_f32(inputs, outputs, out.as_mut_ptr()) };
        let other =
            if dtype == CURT_U8 { run_f32(inputs, outputs, out.as_mut_ptr()) } else { run_u8(inputs, outputs, out.as_mut_ptr()) };
        assert_eq!((right, other), (curt_status::CURT_OK, curt_status::CURT_INPUT));
        assert!(message().contains("the model reads"), "{}", message());
        assert_eq!(run_u8(usize::MAX, outputs, out.as_mut_ptr()), curt_status::CURT_INPUT);
        assert_eq!(run_u8(inputs, usize::MAX, out.as_mut_ptr()), curt_status::CURT_INPUT);
        assert_eq!(run_f32(inputs - 1, outputs, out.as_mut_ptr()), curt_status::CURT_INPUT);
        // The output lies on the input.
        let mut both = vec![0f32; inputs.max(outputs)];
        assert_eq!(curt_session_run_f32(live, both.as_ptr(), inputs, both.as_mut_ptr(), outputs), curt_status::CURT_INPUT);
        assert_eq!(message(), "input and output overlap");
        let small = curt_session_options { struct_size: 4, batch: 1 };
        assert_eq!(curt_session_new(model, &small, &mut null_mut()), curt_status::CURT_STRUCT_SIZE);
        assert_eq!(curt_model_from_bytes([1u8, 2].as_ptr(), 2, &mut null_mut()), curt_status::CURT_MAGIC);
        // A message that does not fit is cut, and its length told.
        let mut four = [1i8; 4];
        assert!(curt_last_error(four.as_mut_ptr().cast(), 4) > 10 && four[3] == 0);
        (*live).busy.store(true, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(run_u8(inputs, outputs, out.as_mut_ptr()), curt_status::CURT_BUSY);
        curt_session_free(live);
        curt_model_free(model);
    }
}

#[test]
fn a_planted_panic_in_every_entry_is_the_internal_error() {
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let model = open();
    let live = session(model);
    let (mut out, float, byte, mut result) = (null_mut(), 0f32, 0u8, 0f32);
    let path = golden();
    type Entry<'a> = (&'a str, Box<dyn FnMut() -> curt_status + 'a>);
    let mut entries: Vec<Entry<'_>> = vec![
        // SAFETY: every pointer is valid; the planted panic comes before any is used.
        ("curt_model_open", Box::new(|| unsafe { curt_model_open(path.as_ptr(), &mut out) })),
        // SAFETY: every pointer is valid; the planted panic comes before any is used.
        ("curt_model_map", Box::new(|| unsafe { curt_model_map(path.as_ptr(), &mut null_mut()) })),
        // SAFETY: every pointer is valid; the planted panic comes before any is used.
        ("curt_model_from_bytes", Box::new(|| unsafe { curt_model_from_bytes(&byte, 1, &mut null_mut()) })),
        // SAFETY: every pointer is valid; the planted panic comes before any is used.
        ("curt_model_shape", Box::new(|| unsafe { curt_model_shape(model, null_mut(), null_mut(), null_mut()) })),
        // SAFETY: every pointer is valid; the planted panic comes before any is used.
        ("curt_session_new", Box::new(|| unsafe { curt_session_new(model, null(), &mut null_mut()) })),
        // SAFETY: every pointer is valid; the planted panic comes before any is used.
        ("curt_session_run_u8", Box::new(|| unsafe { curt_session_run_u8(live, &byte, 1, &mut result, 1) })),
        // SAFETY: every pointer is valid; the planted panic comes before any is used.
        ("curt_session_run_f32", Box::new(|| unsafe { curt_session_run_f32(live, &float, 1, &mut 0.0, 1) })),
    ];
    for (name, entry) in &mut entries {
        PLANTED_PANIC.store(true, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(entry(), curt_status::CURT_INTERNAL, "{name}");
        assert!(message().contains("panicked"));
    }
    drop(entries);
    // The entries that answer nothing survive a panic too; the planted one keeps the handle, which is freed then.
    for _ in 0..2 {
        PLANTED_PANIC.store(true, std::sync::atomic::Ordering::SeqCst);
        // SAFETY: null is allowed.
        unsafe { curt_model_free(null_mut()) };
    }
    // SAFETY: live handles, not used again.
    unsafe {
        curt_session_free(live);
        curt_model_free(model);
    }
}
