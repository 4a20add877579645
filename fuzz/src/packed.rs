//! What must hold of any packed stream: it is refused with a reason, or it unpacks to a valid file that is packed into the same bytes.

use curt::format::{pack, unpack as unpack_file, validate};
use curt::{Check, ErrorKind, Limits};
use curt_dev::container::with_checksum;
use curt_dev::golden::read_files;
use std::sync::OnceLock;

/// More would make the search slow, not better.
const LIMITS: Limits = Limits { file_bytes: 1 << 20, weights: 1 << 16, activations: 1 << 16, ..Limits::EDGE };

/// A packed golden file whose stream is replaced, from a place on, by the given bytes; the first three choose the file and the place.
pub fn unpack(data: &[u8]) {
    let Some((&[which, low, high], bytes)) = data.split_first_chunk() else { return };
    let goldens = goldens();
    let golden = &goldens[usize::from(which) % goldens.len()];
    let at = 4 + usize::from(u16::from_le_bytes([low, high])) % (golden.len() - 7);
    let file = with_checksum([&golden[..at], bytes].concat());
    match unpack_file(&file, &LIMITS) {
        Ok(mapped) => {
            validate(&mapped, &LIMITS, Check::Full).expect("what unpacks is valid");
            assert!(pack(&mapped).expect("a valid file packs") == file, "two packed files of one model");
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
        }
    }
}

/// The packed golden files that are small.
pub(crate) fn goldens() -> &'static [Vec<u8>] {
    static GOLDENS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    GOLDENS.get_or_init(|| read_files("packed", 1024).into_iter().map(|(_, file)| file).collect())
}
