//! Tests that call the boundary from Rust: misuse, planted panics, the table of statuses.
#![allow(clippy::multiple_unsafe_ops_per_block)] // a test of misuse is a sequence of calls on the same handles

use super::*;
use crate::guard::PLANTED_PANIC;
use runtime::{Defect, ErrorKind};
use std::ffi::CString;
use std::ptr::{null, null_mut};
use std::sync::Mutex;

/// Serialises the tests, because a planted panic hits the next entry on any thread.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn golden() -> CString {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../format-spec/vectors/valid/mlp-gather-origin.curt");
    assert!(std::path::Path::new(path).is_file(), "{path} is a golden file");
    CString::new(path).unwrap()
}

fn open() -> *mut curt_model {
    let mut model = null_mut();
    // SAFETY: a NUL-terminated path, and a pointer to a local.
    assert_eq!(unsafe { curt_model_open(golden().as_ptr(), &mut model) }, curt_status::OK);
    model
}

fn session(model: *const curt_model) -> *mut curt_session {
    let mut session = null_mut();
    // SAFETY: a live handle, and a pointer to a local.
    assert_eq!(unsafe { curt_session_new(model, null(), &mut session) }, curt_status::OK);
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
    // SAFETY: a name is a NUL-terminated string that lives for ever.
    let name = |number| unsafe { CStr::from_ptr(curt_status_name(number)) }.to_str().unwrap();
    for kind in ErrorKind::all() {
        assert_eq!(name(kind.number()), kind.name());
    }
    assert_eq!([0, 100, 101, 102].map(name), ["ok", "null_pointer", "busy", "struct_size"]);
    for number in [-1, 99, 103, i32::MAX] {
        assert_eq!(name(number), "unknown");
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
            curt_model_open_with(null(), null(), &mut out),
            curt_model_map_with(golden().as_ptr(), null(), null_mut()),
            curt_model_from_bytes_with(null(), 1, null(), &mut out),
            curt_model_verify(null()),
            curt_model_dims(null(), null_mut(), null_mut()),
            curt_model_name(null(), CURT_NAME_NETWORK, null_mut(), 0, null_mut()),
            curt_model_name(model, CURT_NAME_NETWORK, null_mut(), 1, null_mut()),
            curt_model_input_scale(null(), null_mut(), null_mut(), 1),
            curt_session_new(null(), null(), &mut null_mut()),
            curt_session_new(model, null(), null_mut()),
            curt_session_run_u8(null_mut(), &byte, 1, &mut float, 1),
            curt_session_run_u8(live, null(), 1, &mut float, 1),
            curt_session_run_f32(live, &float, 1, null_mut(), 1),
        ]
    };
    assert!(statuses.iter().all(|&status| status == curt_status::NULL_POINTER), "{statuses:?}");
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
        assert_eq!(curt_model_shape(model, &mut dtype, &mut inputs, &mut outputs), curt_status::OK);
        let (bytes, floats) = (vec![0u8; inputs], vec![0f32; inputs]);
        let mut out = vec![0f32; outputs];
        let run_u8 = |n, m, out: *mut f32| curt_session_run_u8(live, bytes.as_ptr(), n, out, m);
        let run_f32 = |n, m, out: *mut f32| curt_session_run_f32(live, floats.as_ptr(), n, out, m);
        let right =
            if dtype == CURT_U8 { run_u8(inputs, outputs, out.as_mut_ptr()) } else { run_f32(inputs, outputs, out.as_mut_ptr()) };
        let other =
            if dtype == CURT_U8 { run_f32(inputs, outputs, out.as_mut_ptr()) } else { run_u8(inputs, outputs, out.as_mut_ptr()) };
        assert_eq!((right, other), (curt_status::OK, curt_status::of(ErrorKind::Input)));
        assert!(message().contains("the model reads"), "{}", message());
        assert_eq!(run_u8(usize::MAX, outputs, out.as_mut_ptr()), curt_status::of(ErrorKind::Input));
        assert_eq!(run_u8(inputs, usize::MAX, out.as_mut_ptr()), curt_status::of(ErrorKind::Input));
        assert_eq!(run_f32(inputs - 1, outputs, out.as_mut_ptr()), curt_status::of(ErrorKind::Input));
        // The output lies on the input.
        let mut both = vec![0f32; inputs.max(outputs)];
        assert_eq!(
            curt_session_run_f32(live, both.as_ptr(), inputs, both.as_mut_ptr(), outputs),
            curt_status::of(ErrorKind::Input)
        );
        assert_eq!(message(), "input and output overlap");
        let small = curt_session_options { struct_size: 4, batch: 1 };
        assert_eq!(curt_session_new(model, &small, &mut null_mut()), curt_status::STRUCT_SIZE);
        assert_eq!(curt_model_from_bytes([1u8, 2].as_ptr(), 2, &mut null_mut()), curt_status::of(Defect::Magic));
        // A message that does not fit is cut, and its full length is returned.
        let mut four = [1i8; 4];
        assert!(curt_last_error(four.as_mut_ptr().cast(), 4) > 10 && four[3] == 0);
        (*live).busy.store(true, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(run_u8(inputs, outputs, out.as_mut_ptr()), curt_status::BUSY);
        curt_session_free(live);
        curt_model_free(model);
    }
}

/// Plants a panic in each entry of `symbols.txt` except the version, which is a constant.
#[test]
fn a_planted_panic_in_every_entry_is_the_internal_error() {
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let model = open();
    let live = session(model);
    let (float, byte, mut result, path) = (0f32, 0u8, 0f32, golden());
    let (mut models, mut sessions): ([_; 3], _) = ([null_mut(); 3], null_mut());
    let [opened, mapped, copied] = &mut models;
    // SAFETY: every pointer is valid; the planted panic comes before any is used.
    let answers = unsafe {
        [
            ("curt_model_open", planted(|| curt_model_open(path.as_ptr(), opened))),
            ("curt_model_map", planted(|| curt_model_map(path.as_ptr(), mapped))),
            ("curt_model_from_bytes", planted(|| curt_model_from_bytes(&byte, 1, copied))),
            ("curt_model_open_with", planted(|| curt_model_open_with(path.as_ptr(), null(), opened))),
            ("curt_model_map_with", planted(|| curt_model_map_with(path.as_ptr(), null(), mapped))),
            ("curt_model_from_bytes_with", planted(|| curt_model_from_bytes_with(&byte, 1, null(), copied))),
            ("curt_model_verify", planted(|| curt_model_verify(model))),
            ("curt_model_dims", planted(|| curt_model_dims(model, null_mut(), null_mut()))),
            ("curt_model_name", planted(|| curt_model_name(model, 0, null_mut(), 0, null_mut()))),
            ("curt_model_input_scale", planted(|| curt_model_input_scale(model, null_mut(), null_mut(), 1))),
            ("curt_model_shape", planted(|| curt_model_shape(model, null_mut(), null_mut(), null_mut()))),
            ("curt_session_new", planted(|| curt_session_new(model, null(), &mut sessions))),
            ("curt_session_run_u8", planted(|| curt_session_run_u8(live, &byte, 1, &mut result, 1))),
            ("curt_session_run_f32", planted(|| curt_session_run_f32(live, &float, 1, &mut 0.0, 1))),
        ]
    };
    for (name, (status, message)) in &answers {
        assert_eq!(*status, curt_status::of(ErrorKind::Internal), "{name}");
        assert!(message.contains("panicked"), "{name}: {message}");
    }
    assert!(models.iter().all(|model| model.is_null()) && sessions.is_null(), "written on CURT_OK only");
    // The entries that return no status. A free that panics has freed nothing, so the handles are still live.
    // SAFETY: live handles, which the planted panic keeps from being freed; a buffer of no bytes; static strings.
    let (name, needed) = unsafe {
        planted(|| curt_session_free(live));
        planted(|| curt_model_free(model));
        (CStr::from_ptr(planted(|| curt_status_name(0)).0), planted(|| curt_last_error(null_mut(), 0)).0)
    };
    assert_eq!((name, needed), (c"unknown", 0));
    let without_status = ["curt_session_free", "curt_model_free", "curt_status_name", "curt_last_error", "curt_abi_version"];
    let mut tried: Vec<&str> = answers.iter().map(|(name, _)| *name).chain(without_status).collect();
    tried.sort_unstable();
    assert_eq!(tried, include_str!("../symbols.txt").lines().collect::<Vec<_>>(), "an entry has no planted panic");
    // SAFETY: live handles, not used again.
    unsafe {
        curt_session_free(live);
        curt_model_free(model);
    }
}

/// Calls an entry with a panic planted in it. Returns its result and the message that it left.
fn planted<T>(entry: impl FnOnce() -> T) -> (T, String) {
    PLANTED_PANIC.store(true, std::sync::atomic::Ordering::SeqCst);
    let answer = entry();
    assert!(!PLANTED_PANIC.load(std::sync::atomic::Ordering::SeqCst), "the entry is not guarded");
    (answer, message())
}

#[test]
fn misaligned_pointers_are_answered() {
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let model = open();
    let live = session(model);
    let mut space = [0u64; 8];
    let (odd, path) = (space.as_mut_ptr().cast::<u8>().wrapping_add(1), golden());
    // SAFETY: the pointers that are not aligned are refused before they are used; the others are valid.
    let statuses = unsafe {
        [
            curt_model_open(path.as_ptr(), odd.cast()),
            curt_model_map(path.as_ptr(), odd.cast()),
            curt_model_from_bytes(odd, 8, odd.cast()),
            curt_model_shape(model, odd.cast(), null_mut(), null_mut()),
            curt_model_shape(model, null_mut(), odd.cast(), null_mut()),
            curt_model_shape(model, null_mut(), null_mut(), odd.cast()),
            curt_model_open_with(path.as_ptr(), odd.cast(), &mut null_mut()),
            curt_model_map_with(path.as_ptr(), odd.cast(), &mut null_mut()),
            curt_model_from_bytes_with(odd, 8, odd.cast(), &mut null_mut()),
            curt_model_dims(model, odd.cast(), null_mut()),
            curt_model_dims(model, null_mut(), odd.cast()),
            curt_model_name(model, CURT_NAME_NETWORK, null_mut(), 0, odd.cast()),
            curt_model_input_scale(model, odd.cast(), null_mut(), 1),
            curt_model_input_scale(model, null_mut(), odd.cast(), 1),
            curt_session_new(model, odd.cast(), &mut null_mut()),
            curt_session_new(model, null(), odd.cast()),
            curt_session_run_f32(live, odd.cast(), 1, &mut 0.0, 1),
            curt_session_run_f32(live, &0.0, 1, odd.cast(), 1),
            curt_session_run_u8(live, odd, 1, odd.cast(), 1),
        ]
    };
    assert!(statuses.iter().all(|&status| status == curt_status::NULL_POINTER), "{statuses:?}");
    assert_eq!(space, [0; 8]);
    // SAFETY: live handles, not used again.
    unsafe {
        curt_session_free(live);
        curt_model_free(model);
    }
}

#[test]
fn threads_share_a_model_and_one_at_a_time_a_session() {
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let model = open();
    let (mut inputs, mut outputs) = (0, 0);
    // SAFETY: a live handle, and pointers to locals.
    assert_eq!(unsafe { curt_model_shape(model, null_mut(), &mut inputs, &mut outputs) }, curt_status::OK);
    let samples: Vec<u8> = (0..inputs).map(|i| (i * 37 % 256) as u8).collect();
    let run = |session: *mut curt_session| {
        let mut out = vec![f32::NAN; outputs];
        // SAFETY: a live handle, and buffers of the lengths given.
        (unsafe { curt_session_run_u8(session, samples.as_ptr(), inputs, out.as_mut_ptr(), outputs) }, out)
    };
    let shared = session(model);
    let (status, expected) = run(shared);
    assert_eq!(status, curt_status::OK, "{}", message());
    let (address, model_address) = (shared.expose_provenance(), model.expose_provenance());
    let count = |own: bool| {
        let (run, expected) = (&run, &expected);
        let mut ran = 0;
        std::thread::scope(|scope| {
            let body = move || {
                let own_session = own.then(|| session(std::ptr::with_exposed_provenance(model_address)));
                let used = own_session.unwrap_or(std::ptr::with_exposed_provenance_mut(address));
                let answers: Vec<_> = (0..200).map(|_| run(used)).collect();
                // SAFETY: NULL, or this thread's own handle, not used again.
                unsafe { curt_session_free(own_session.unwrap_or(null_mut())) };
                answers.into_iter().fold(0, |ran, (status, out)| match status {
                    curt_status::OK => ran + usize::from(&out == expected),
                    _ => {
                        assert_eq!(status, curt_status::BUSY);
                        assert!(out.iter().all(|value| value.is_nan()), "the output is untouched");
                        ran
                    }
                })
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(body)).collect();
            ran += threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>();
        });
        ran
    };
    assert_eq!(count(true), 800, "a session for each thread");
    assert!((1..=800).contains(&count(false)), "one session for all");
    // SAFETY: live handles, not used again.
    unsafe {
        curt_session_free(shared);
        curt_model_free(model);
    }
}

/// Loading with options, in the three ways; what is loaded is freed.
fn load_with(options: &curt_model_options) -> [curt_status; 3] {
    let (path, mut models) = (golden(), [null_mut(); 3]);
    let file = std::fs::read(path.to_str().unwrap()).unwrap();
    let [opened, mapped, copied] = &mut models;
    // SAFETY: a NUL-terminated path, bytes of their length, options of this version, pointers to locals; live handles or NULL are freed once.
    unsafe {
        let statuses = [
            curt_model_open_with(path.as_ptr(), options, opened),
            curt_model_map_with(path.as_ptr(), options, mapped),
            curt_model_from_bytes_with(file.as_ptr(), file.len(), options, copied),
        ];
        for (status, model) in statuses.iter().zip(models) {
            assert_eq!(*status == curt_status::OK, !model.is_null(), "written on CURT_OK only");
            if !model.is_null() {
                assert_eq!(curt_model_verify(model), curt_status::OK);
            }
            curt_model_free(model);
        }
        statuses
    }
}

#[test]
fn limits_and_checks_are_those_of_the_options() {
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let bytes = std::fs::metadata(golden().to_str().unwrap()).unwrap().len();
    let none = curt_model_options {
        struct_size: size_of::<curt_model_options>(),
        limits: CURT_LIMITS_DEFAULT,
        check: CURT_CHECK_FULL,
        file_bytes: 0,
        nodes: 0,
        weights: 0,
        activations: 0,
        multiply_adds: 0,
        memory_bytes: 0,
    };
    let (ok, limit, input) = (curt_status::OK, curt_status::of(ErrorKind::Limit), curt_status::of(ErrorKind::Input));
    for limits in [CURT_LIMITS_DEFAULT, CURT_LIMITS_EDGE, CURT_LIMITS_FORMAT] {
        assert_eq!(load_with(&curt_model_options { limits, ..none }), [ok; 3]);
    }
    assert_eq!(load_with(&curt_model_options { file_bytes: bytes, ..none }), [ok; 3]);
    for small in [
        curt_model_options { file_bytes: bytes - 1, ..none },
        curt_model_options { nodes: 1, ..none },
        curt_model_options { weights: 1, ..none },
        curt_model_options { activations: 1, limits: CURT_LIMITS_FORMAT, ..none },
        curt_model_options { multiply_adds: 1, ..none },
        curt_model_options { memory_bytes: 1, ..none },
    ] {
        assert_eq!(load_with(&small), [limit; 3], "{}", message());
    }
    assert_eq!(load_with(&curt_model_options { check: CURT_CHECK_STRUCTURE, ..none }), [input, ok, input]);
    assert_eq!(load_with(&curt_model_options { check: 2, ..none }), [input; 3]);
    assert_eq!(load_with(&curt_model_options { limits: 3, ..none }), [input; 3]);
    assert_eq!(load_with(&curt_model_options { struct_size: 8, ..none }), [curt_status::STRUCT_SIZE; 3]);
}

#[test]
fn a_model_tells_its_dimensions_names_and_scale() {
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let model = open();
    let rust = Model::open(golden().to_str().unwrap()).unwrap();
    let (mut input, mut output, mut needed) = ([7usize; 3], [7usize; 3], 0);
    let (mut name, mut scale, mut offset) = ([1u8; 64], [f32::NAN; 3], [f32::NAN; 3]);
    let mut copy = |which, len| {
        // SAFETY: a live handle, a buffer of at least its length, a pointer to a local.
        assert_eq!(unsafe { curt_model_name(model, which, name.as_mut_ptr().cast(), len, &mut needed) }, curt_status::OK);
        (CStr::from_bytes_until_nul(&name).unwrap().to_str().unwrap().to_owned(), needed)
    };
    let origin = rust.origin().expect("the golden file has its origin");
    assert_eq!(copy(CURT_NAME_NETWORK, 64), (origin.network.clone(), origin.network.len() + 1));
    assert_eq!(copy(CURT_NAME_METHOD, 64), (origin.method.clone(), origin.method.len() + 1));
    assert_eq!(copy(CURT_NAME_NETWORK, 2).0, origin.network[..1]);
    // SAFETY: a live handle; arrays of three elements; `channels` of them are written on CURT_OK.
    unsafe {
        assert_eq!(curt_model_name(model, 2, null_mut(), 0, null_mut()), curt_status::of(ErrorKind::Input));
        assert_eq!(curt_model_name(model, CURT_NAME_METHOD, null_mut(), 0, null_mut()), curt_status::OK);
        assert_eq!(curt_model_dims(model, input.as_mut_ptr(), output.as_mut_ptr()), curt_status::OK);
        let channels = rust.tables().input_scale.len();
        let wrong = curt_model_input_scale(model, scale.as_mut_ptr(), offset.as_mut_ptr(), channels + 1);
        assert!(wrong == curt_status::of(ErrorKind::Input) && scale[0].is_nan());
        assert_eq!(curt_model_input_scale(model, scale.as_mut_ptr(), offset.as_mut_ptr(), channels), curt_status::OK);
        assert_eq!((&scale[..channels], &offset[..channels]), (&rust.tables().input_scale[..], &rust.tables().input_offset[..]));
        curt_model_free(model);
    }
    let padded = |shape: runtime::Shape| [shape.dims(), vec![0; 3 - shape.dims().len()]].concat();
    assert_eq!((input.to_vec(), output.to_vec()), (padded(rust.input_shape()), padded(rust.output_shape())));
}
