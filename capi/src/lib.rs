//! The C library: opaque handles, status codes, buffers owned by the caller. `include/curt.h` is generated from this file.
//!
//! Every entry except the constant version runs inside [`guard`] or [`guard_or`], so a panic never crosses the boundary. Every entry checks
//! that its pointers are neither null nor misaligned. The types of C cannot say the rest, so the header states it as rules: pointers are
//! valid for the lengths given, and no handle is used after it was freed.
#![allow(unsafe_code)] // the boundary to C; each block does one operation and names the rule of the header that makes it sound
#![allow(non_camel_case_types)] // the names of C

mod describe;
mod guard;
mod options;
mod status;

pub use describe::*;
use guard::{check, guard, guard_or, usable};
pub use options::*;
use runtime::{Dtype, Input, Model, Session, SessionOptions};
pub use status::{curt_status, declaration};
use std::ffi::{CStr, c_char};
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// The version of this interface. It changes when an entry or a structure changes in a way that affects programs.
pub const CURT_ABI_VERSION: u32 = 1;

/// The element type of an input: bytes.
pub const CURT_U8: u32 = 0;
/// The element type of an input: 32-bit floats.
pub const CURT_F32: u32 = 1;

/// A loaded model. It is immutable: any number of threads and sessions may use it at once.
pub struct curt_model(Model);

/// A session on a model. It holds the memory for running. Only one thread may run it at a time; a second one gets CURT_BUSY.
pub struct curt_session {
    session: Session,
    busy: AtomicBool,
}

/// The options of a session. Set `struct_size` to sizeof(curt_session_options). A field that is zero has its default.
#[repr(C)]
pub struct curt_session_options {
    /// sizeof(curt_session_options)
    pub struct_size: usize,
    /// The number of samples that are computed together; 0 stands for 1. It does not change the bits of the results.
    pub batch: usize,
}

/// The CURT_ABI_VERSION of the linked library.
#[unsafe(no_mangle)]
pub extern "C" fn curt_abi_version() -> u32 {
    CURT_ABI_VERSION
}

/// The name of a status in snake_case, such as "checksum"; "unknown" for a number that is no status. It is never NULL and stays valid.
#[unsafe(no_mangle)]
pub extern "C" fn curt_status_name(status: i32) -> *const c_char {
    guard_or(c"unknown", || curt_status::name(status).unwrap_or(c"unknown")).as_ptr()
}

/// Copies the message of this thread's last failure, with a terminating NUL, into `buffer` of `len` bytes. A message that does not fit is
/// cut. Returns the number of bytes of the whole message, NUL included. `buffer` may be NULL when `len` is 0. A success does not change
/// the message.
///
/// # Safety
/// `buffer` is valid for writes of `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_last_error(buffer: *mut c_char, len: usize) -> usize {
    // SAFETY: the caller promises what `copy_text` asks for.
    guard_or(0, || guard::with_message(|message| unsafe { copy_text(message, buffer, len) }))
}

/// Copies a text with a terminating NUL, cut where it does not fit. Returns the bytes of the whole.
///
/// # Safety
/// `buffer` is valid for writes of `len` bytes, or NULL.
unsafe fn copy_text(text: &str, buffer: *mut c_char, len: usize) -> usize {
    let copied = text.len().min(len.saturating_sub(1));
    if !buffer.is_null() && len > 0 {
        // SAFETY: `copied < len`, and the caller promises `len` writable bytes; the text lies in memory of this library.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), buffer.cast(), copied) };
        // SAFETY: `copied < len`: within the caller's buffer.
        let end = unsafe { buffer.add(copied) };
        // SAFETY: within the caller's buffer, and the caller promises that it may be written.
        unsafe { end.write(0) };
    }
    text.len() + 1
}

/// Reads the file at `path`, checks all of it, and makes a model. `*model` is written only on CURT_OK.
///
/// # Safety
/// `path` is a NUL-terminated string, and `model` is valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_open(path: *const c_char, model: *mut *mut curt_model) -> curt_status {
    // SAFETY: the caller promises what `open` asks for; NULL is allowed.
    guard(|| unsafe { open(path, std::ptr::null(), model) })
}

/// curt_model_open with options, which may be NULL.
///
/// # Safety
/// As for curt_model_open; `options` is NULL or valid for reads of `options->struct_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_open_with(
    path: *const c_char,
    options: *const curt_model_options,
    model: *mut *mut curt_model,
) -> curt_status {
    // SAFETY: the caller promises what `open` asks for.
    guard(|| unsafe { open(path, options, model) })
}

/// Maps the file at `path` instead of reading it. While the model or a session on it lives, nobody may truncate the file or write into
/// it in place. Renaming another file over it is allowed.
///
/// # Safety
/// As for curt_model_open. In addition, nobody truncates the file or writes into it, as said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_map(path: *const c_char, model: *mut *mut curt_model) -> curt_status {
    // SAFETY: the caller promises what `map` asks for; NULL is allowed.
    guard(|| unsafe { map(path, std::ptr::null(), model) })
}

/// curt_model_map with options, which may be NULL.
///
/// # Safety
/// As for curt_model_map; `options` is NULL or valid for reads of `options->struct_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_map_with(
    path: *const c_char,
    options: *const curt_model_options,
    model: *mut *mut curt_model,
) -> curt_status {
    // SAFETY: the caller promises what `map` asks for.
    guard(|| unsafe { map(path, options, model) })
}

/// Makes a model from a copy of the `len` bytes at `bytes`.
///
/// # Safety
/// `bytes` is valid for reads of `len` bytes, and `model` is valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_from_bytes(bytes: *const u8, len: usize, model: *mut *mut curt_model) -> curt_status {
    // SAFETY: the caller promises what `from_bytes` asks for; NULL is allowed.
    guard(|| unsafe { from_bytes(bytes, len, std::ptr::null(), model) })
}

/// curt_model_from_bytes with options, which may be NULL.
///
/// # Safety
/// As for curt_model_from_bytes; `options` is NULL or valid for reads of `options->struct_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_from_bytes_with(
    bytes: *const u8,
    len: usize,
    options: *const curt_model_options,
    model: *mut *mut curt_model,
) -> curt_status {
    // SAFETY: the caller promises what `from_bytes` asks for.
    guard(|| unsafe { from_bytes(bytes, len, options, model) })
}

/// # Safety
/// As for curt_model_open_with.
unsafe fn open(path: *const c_char, options: *const curt_model_options, model: *mut *mut curt_model) -> guard::Outcome {
    check(!path.is_null() && usable(model))?;
    // SAFETY: the caller promises what `limits_of` asks for.
    let limits = unsafe { limits_of(options) }?;
    // SAFETY: not null, and the caller promises a NUL-terminated string.
    let path = unsafe { CStr::from_ptr(path) };
    let opened = Model::open_with(to_path(path), &limits)?;
    // SAFETY: not null, and the caller promises that it may be written.
    unsafe { model.write(Box::into_raw(Box::new(curt_model(opened)))) };
    Ok(())
}

/// # Safety
/// As for curt_model_map_with.
unsafe fn map(path: *const c_char, options: *const curt_model_options, model: *mut *mut curt_model) -> guard::Outcome {
    check(!path.is_null() && usable(model))?;
    // SAFETY: the caller promises what `chosen` asks for.
    let (limits, check) = unsafe { chosen(options) }?;
    // SAFETY: not null, and the caller promises a NUL-terminated string.
    let path = unsafe { CStr::from_ptr(path) };
    // SAFETY: the caller promises that nobody truncates the file or writes into it.
    let mapped = unsafe { Model::map(to_path(path), &limits, check) }?;
    // SAFETY: not null, and the caller promises that it may be written.
    unsafe { model.write(Box::into_raw(Box::new(curt_model(mapped)))) };
    Ok(())
}

/// # Safety
/// As for curt_model_from_bytes_with.
unsafe fn from_bytes(
    bytes: *const u8,
    len: usize,
    options: *const curt_model_options,
    model: *mut *mut curt_model,
) -> guard::Outcome {
    check(!bytes.is_null() && usable(model))?;
    guard::check_len::<u8>(len)?;
    // SAFETY: the caller promises what `limits_of` asks for.
    let limits = unsafe { limits_of(options) }?;
    // SAFETY: not null, at most isize::MAX bytes, and the caller promises that they may be read.
    let bytes = unsafe { std::slice::from_raw_parts(bytes, len) };
    let loaded = Model::from_bytes(bytes, &limits)?;
    // SAFETY: not null, and the caller promises that it may be written.
    unsafe { model.write(Box::into_raw(Box::new(curt_model(loaded)))) };
    Ok(())
}

/// Checks all of a model again: what CURT_CHECK_STRUCTURE left out, or whether a mapped file has changed.
///
/// # Safety
/// `model` is a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_verify(model: *const curt_model) -> curt_status {
    guard(|| {
        check(usable(model))?;
        // SAFETY: not null, and the caller promises a live handle.
        unsafe { &*model }.0.verify()?;
        Ok(())
    })
}

/// Frees a model; NULL is allowed. Sessions on it stay valid.
///
/// # Safety
/// `model` came from this library and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_free(model: *mut curt_model) {
    guard(|| {
        if !model.is_null() {
            // SAFETY: made by `Box::into_raw` above, and the caller promises not to use it again.
            drop(unsafe { Box::from_raw(model) });
        }
        Ok(())
    });
}

/// Gives the type of an input element (CURT_U8 or CURT_F32), and the number of elements of one input sample and of one output sample.
/// Each of the three pointers may be NULL.
///
/// # Safety
/// `model` is a live handle; each other pointer is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_shape(
    model: *const curt_model,
    input_type: *mut u32,
    input_len: *mut usize,
    output_len: *mut usize,
) -> curt_status {
    guard(|| {
        check(usable(model))?;
        check([input_len, output_len].iter().all(|pointer| pointer.is_aligned()) && input_type.is_aligned())?;
        // SAFETY: not null, and the caller promises a live handle.
        let graph = unsafe { &*model }.0.graph();
        let dtype = if graph.input().dtype == Dtype::U8 { CURT_U8 } else { CURT_F32 };
        for (pointer, value) in [(input_len, graph.input().shape.elements()), (output_len, graph.output_shape().elements())] {
            if !pointer.is_null() {
                // SAFETY: not null, and the caller promises that it may be written.
                unsafe { pointer.write(value) };
            }
        }
        if !input_type.is_null() {
            // SAFETY: not null, and the caller promises that it may be written.
            unsafe { input_type.write(dtype) };
        }
        Ok(())
    })
}

/// Makes a session on a model. `options` may be NULL. `*session` is written only on CURT_OK. Running the session allocates nothing.
///
/// # Safety
/// `model` is a live handle. `options` is NULL or valid for reads of `options->struct_size` bytes. `session` is valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_session_new(
    model: *const curt_model,
    options: *const curt_session_options,
    session: *mut *mut curt_session,
) -> curt_status {
    guard(|| {
        check(usable(model) && usable(session) && options.is_aligned())?;
        let mut chosen = SessionOptions::default();
        if !options.is_null() {
            // SAFETY: not null and aligned; `struct_size` is the first field in every version of the structure.
            let size = unsafe { options.cast::<usize>().read() };
            guard::check_struct_size(size, size_of::<curt_session_options>())?;
            // SAFETY: the structure is as large as this version's.
            chosen.batch = unsafe { options.read() }.batch.max(1);
        }
        // SAFETY: not null, and the caller promises a live handle.
        let model = &unsafe { &*model }.0;
        let made = curt_session { session: Session::with_options(model, &chosen)?, busy: AtomicBool::new(false) };
        // SAFETY: not null, and the caller promises that it may be written.
        unsafe { session.write(Box::into_raw(Box::new(made))) };
        Ok(())
    })
}

/// Frees a session; NULL is allowed.
///
/// # Safety
/// `session` came from this library, no call on it is running, and it is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_session_free(session: *mut curt_session) {
    guard(|| {
        if !session.is_null() {
            // SAFETY: made by `Box::into_raw` above, and the caller promises not to use it again.
            drop(unsafe { Box::from_raw(session) });
        }
        Ok(())
    });
}

/// Runs whole samples of bytes. `input_len` is a multiple of the model's input length; `output_len` is the model's output length times the
/// number of samples. On failure the output does not change.
///
/// # Safety
/// `session` is a live handle. `input` is valid for reads of `input_len` elements, `output` for writes of `output_len`. They do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_session_run_u8(
    session: *mut curt_session,
    input: *const u8,
    input_len: usize,
    output: *mut f32,
    output_len: usize,
) -> curt_status {
    // SAFETY: the caller promises what `run` asks for.
    guard(|| unsafe { run(session, input, input_len, output, output_len, |x| Input::U8(x)) })
}

/// Runs whole samples of floats, which must be finite; see curt_session_run_u8.
///
/// # Safety
/// As for curt_session_run_u8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_session_run_f32(
    session: *mut curt_session,
    input: *const f32,
    input_len: usize,
    output: *mut f32,
    output_len: usize,
) -> curt_status {
    // SAFETY: the caller promises what `run` asks for.
    guard(|| unsafe { run(session, input, input_len, output, output_len, |x| Input::F32(x)) })
}

/// The body of both entries.
///
/// # Safety
/// As for the entries above.
unsafe fn run<T>(
    session: *mut curt_session,
    input: *const T,
    input_len: usize,
    output: *mut f32,
    output_len: usize,
    wrap: impl for<'a> Fn(&'a [T]) -> Input<'a>,
) -> guard::Outcome {
    check(usable(session) && usable(input) && usable(output))?;
    guard::check_len::<T>(input_len)?;
    guard::check_len::<f32>(output_len)?;
    guard::check_apart(input.addr(), input_len * size_of::<T>(), output.addr(), output_len * size_of::<f32>())?;
    // SAFETY: not null, and the caller promises a live handle; `busy` may be shared between threads.
    let busy = unsafe { &(*session).busy };
    let _hold = guard::Hold::take(busy)?;
    // SAFETY: a live handle, and `busy` is held: no other call has this reference.
    let session = unsafe { &mut (*session).session };
    // SAFETY: not null, aligned, at most isize::MAX bytes, and the caller promises that it may be read.
    let input = unsafe { std::slice::from_raw_parts(input, input_len) };
    // SAFETY: not null, aligned, at most isize::MAX bytes, apart from the input, and the caller promises that it may be written.
    let output = unsafe { std::slice::from_raw_parts_mut(output, output_len) };
    session.run(wrap(input), output)?;
    Ok(())
}

#[cfg(unix)]
fn to_path(path: &CStr) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(path.to_bytes()))
}

#[cfg(not(unix))]
fn to_path(path: &CStr) -> &Path {
    Path::new(path.to_str().unwrap_or(""))
}

#[cfg(test)]
mod tests;
