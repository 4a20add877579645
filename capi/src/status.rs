//! Status codes: 0, one for each kind of the library's errors, and three of this interface only.
//!
//! The kinds come from the library's table of them ([`ErrorKind`]). [`declaration`] writes the codes into `curt.h`.

use runtime::ErrorKind;
use std::ffi::{CStr, CString};
use std::fmt::Write as _;
use std::sync::LazyLock;

/// What a call returns: the `enum curt_status` of `curt.h`, whose numbers are stable.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub struct curt_status(i32);

/// The statuses of this interface only: number, name, meaning.
const OWN: [(curt_status, &str, &str); 4] = [
    (curt_status::OK, "ok", "Success."),
    (curt_status::NULL_POINTER, "null_pointer", "A pointer is NULL or not aligned to its type."),
    (curt_status::BUSY, "busy", "Another thread runs this session."),
    (curt_status::STRUCT_SIZE, "struct_size", "A structure is smaller than this version's."),
];

/// Every status, sorted by number: number, name, meaning.
fn all() -> Vec<(i32, &'static str, &'static str)> {
    let own = OWN.iter().map(|(status, name, meaning)| (status.0, *name, *meaning));
    let kinds = ErrorKind::all().map(|kind| (kind.number(), kind.name(), kind.description()));
    let mut all: Vec<_> = own.chain(kinds).collect();
    all.sort_unstable();
    all
}

impl curt_status {
    pub(crate) const OK: Self = Self(0);
    pub(crate) const NULL_POINTER: Self = Self(100);
    pub(crate) const BUSY: Self = Self(101);
    pub(crate) const STRUCT_SIZE: Self = Self(102);

    /// The status of an error kind.
    pub(crate) fn of(kind: impl Into<ErrorKind>) -> Self {
        Self(kind.into().number())
    }

    /// The name of the status of this number, in snake_case.
    pub(crate) fn name(number: i32) -> Option<&'static CStr> {
        static NAMES: LazyLock<Vec<(i32, CString)>> = LazyLock::new(|| {
            let named = |(number, name, _)| (number, CString::new(name).expect("invariant: a name has no NUL"));
            all().into_iter().map(named).collect()
        });
        NAMES.iter().find(|(own, _)| *own == number).map(|(_, name)| name.as_c_str())
    }
}

/// The declaration of `curt_status` in C.
#[must_use]
pub fn declaration() -> String {
    let mut text = "// What a call returns. The numbers are stable.\ntypedef enum curt_status {\n".to_owned();
    for (number, name, meaning) in all() {
        let _ = writeln!(text, "  // {meaning}\n  CURT_{} = {number},", name.to_uppercase());
    }
    text + "} curt_status;"
}
