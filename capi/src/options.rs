//! The options of loading: limits, and how much is checked.

use crate::guard::{Failure, check, check_struct_size, wrong};
use runtime::{Check, Limits};

/// The limits of files that are trusted to be of usual size.
pub const CURT_LIMITS_DEFAULT: u32 = 0;
/// The limits for small devices and untrusted files.
pub const CURT_LIMITS_EDGE: u32 = 1;
/// The limits of the format itself.
pub const CURT_LIMITS_FORMAT: u32 = 2;

/// Everything is checked; the time is in proportion to the file.
pub const CURT_CHECK_FULL: u32 = 0;
/// For curt_model_map_with: only what memory safety needs. The weights are not read; curt_model_verify checks them later.
pub const CURT_CHECK_STRUCTURE: u32 = 1;

/// The options of loading. Set `struct_size` to sizeof(curt_model_options). A field that is zero has its default. A file that asks for
/// more than a limit is CURT_LIMIT, before anything of that size is allocated.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct curt_model_options {
    /// sizeof(curt_model_options)
    pub struct_size: usize,
    /// CURT_LIMITS_DEFAULT, CURT_LIMITS_EDGE or CURT_LIMITS_FORMAT: the limits that the fields below do not give.
    pub limits: u32,
    /// CURT_CHECK_FULL or CURT_CHECK_STRUCTURE
    pub check: u32,
    /// The most bytes of the file, and of the file that a packed one unpacks to; 0 stands for that of `limits`.
    pub file_bytes: u64,
    /// The most nodes of the graph; 0 stands for that of `limits`.
    pub nodes: u64,
    /// The most weights, padding included; 0 stands for that of `limits`.
    pub weights: u64,
    /// The most elements of all values of one sample together; 0 stands for that of `limits`.
    pub activations: u64,
    /// The most multiply-adds of one inference; 0 stands for that of `limits`.
    pub multiply_adds: u64,
    /// The most bytes of memory that opening may take, and a session; 0 stands for that of `limits`.
    pub memory_bytes: u64,
}

/// The limits and the check of options.
///
/// # Safety
/// `options` is NULL or valid for reads of `options->struct_size` bytes.
pub(crate) unsafe fn chosen(options: *const curt_model_options) -> Result<(Limits, Check), Failure> {
    check(options.is_aligned())?;
    if options.is_null() {
        return Ok((Limits::DEFAULT, Check::Full));
    }
    // SAFETY: not null and aligned; `struct_size` is the first field of every version of the structure.
    let size = unsafe { options.cast::<usize>().read() };
    check_struct_size(size, size_of::<curt_model_options>())?;
    // SAFETY: the structure is as large as this version's.
    let given = unsafe { options.read() };
    let mut limits = match given.limits {
        CURT_LIMITS_DEFAULT => Limits::DEFAULT,
        CURT_LIMITS_EDGE => Limits::EDGE,
        CURT_LIMITS_FORMAT => Limits::FORMAT,
        _ => return Err(wrong("options->limits is no CURT_LIMITS")),
    };
    let check = match given.check {
        CURT_CHECK_FULL => Check::Full,
        CURT_CHECK_STRUCTURE => Check::Structure,
        _ => return Err(wrong("options->check is no CURT_CHECK")),
    };
    for (limit, given) in [
        (&mut limits.file_bytes, given.file_bytes),
        (&mut limits.nodes, given.nodes),
        (&mut limits.weights, given.weights),
        (&mut limits.activations, given.activations),
        (&mut limits.multiply_adds, given.multiply_adds),
        (&mut limits.memory_bytes, given.memory_bytes),
    ] {
        if given != 0 {
            *limit = given;
        }
    }
    Ok((limits, check))
}

/// The limits for a model whose bytes are copied, hence always checked in full.
///
/// # Safety
/// As for `chosen`.
pub(crate) unsafe fn limits_of(options: *const curt_model_options) -> Result<Limits, Failure> {
    // SAFETY: the caller promises what `chosen` asks for.
    match unsafe { chosen(options) }? {
        (limits, Check::Full) => Ok(limits),
        _ => Err(wrong("CURT_CHECK_STRUCTURE is for curt_model_map_with")),
    }
}
