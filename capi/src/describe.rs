//! What a model says of itself besides its lengths: dimensions, names, the scale of its input.

use crate::guard::{check, guard, usable, wrong};
use crate::status::curt_status;
use crate::{copy_text, curt_model};
use std::ffi::c_char;

/// The name of the network before compression.
pub const CURT_NAME_NETWORK: u32 = 0;
/// The name of the method that compressed it.
pub const CURT_NAME_METHOD: u32 = 1;

/// Gives the dimensions of one input sample and of one output sample, three each: channels, height and width of an image; the features of a
/// vector, then 0 and 0. Each of the two pointers may be NULL.
///
/// # Safety
/// `model` is a live handle; each other pointer is NULL or valid for writes of three elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_dims(model: *const curt_model, input: *mut usize, output: *mut usize) -> curt_status {
    guard(|| {
        check(usable(model) && input.is_aligned() && output.is_aligned())?;
        // SAFETY: not null, and the caller promises a live handle.
        let model = &unsafe { &*model }.0;
        for (pointer, shape) in [(input, model.input_shape()), (output, model.output_shape())] {
            let mut dims = [0; 3];
            dims.iter_mut().zip(shape.dims()).for_each(|(to, dim)| *to = dim);
            if !pointer.is_null() {
                // SAFETY: not null and aligned, and the caller promises that three elements may be written.
                unsafe { pointer.cast::<[usize; 3]>().write(dims) };
            }
        }
        Ok(())
    })
}

/// Copies a name that the file holds (`which` is CURT_NAME_NETWORK or CURT_NAME_METHOD), with a terminating NUL, into `buffer` of `len`
/// bytes; a name that does not fit is cut. A file need not hold it: the name is empty then. `*needed` is the number of bytes of the whole
/// name, NUL included. `needed` may be NULL, and `buffer` when `len` is 0.
///
/// # Safety
/// `model` is a live handle, `buffer` is valid for writes of `len` bytes, and `needed` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_name(
    model: *const curt_model,
    which: u32,
    buffer: *mut c_char,
    len: usize,
    needed: *mut usize,
) -> curt_status {
    guard(|| {
        check(usable(model) && needed.is_aligned() && (len == 0 || !buffer.is_null()))?;
        // SAFETY: not null, and the caller promises a live handle.
        let origin = unsafe { &*model }.0.origin();
        let name = match which {
            CURT_NAME_NETWORK => origin.map_or("", |origin| origin.network.as_str()),
            CURT_NAME_METHOD => origin.map_or("", |origin| origin.method.as_str()),
            _ => return Err(wrong("which is no CURT_NAME")),
        };
        // SAFETY: the caller promises that the buffer may be written.
        let bytes = unsafe { copy_text(name, buffer, len) };
        if !needed.is_null() {
            // SAFETY: not null and aligned, and the caller promises that it may be written.
            unsafe { needed.write(bytes) };
        }
        Ok(())
    })
}

/// Gives the factor and the offset of each of the `channels` input channels (of a vector, 1): the network sees `x * scale + offset`. Running
/// applies them; they tell what range an input was trained on. Each of the two pointers may be NULL.
///
/// # Safety
/// `model` is a live handle; each other pointer is NULL or valid for writes of `channels` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn curt_model_input_scale(
    model: *const curt_model,
    scale: *mut f32,
    offset: *mut f32,
    channels: usize,
) -> curt_status {
    guard(|| {
        check(usable(model) && scale.is_aligned() && offset.is_aligned())?;
        // SAFETY: not null, and the caller promises a live handle.
        let tables = unsafe { &*model }.0.tables();
        if tables.input_scale.len() != channels {
            return Err(wrong(&format!("the input has {} channels, not {channels}", tables.input_scale.len())));
        }
        for (pointer, values) in [(scale, &tables.input_scale), (offset, &tables.input_offset)] {
            if !pointer.is_null() {
                // SAFETY: not null and aligned, and the caller promises that `channels` elements may be written, which is their number.
                unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), pointer, channels) };
            }
        }
        Ok(())
    })
}
