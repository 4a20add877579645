//! Arrays for numpy: `.npy`, version 1.0.

use curt::base::error::Result;
use std::path::Path;

/// The file of a `rows` x `cols` array of 32-bit floats.
pub(crate) fn bytes(rows: usize, cols: usize, values: &[f32]) -> Vec<u8> {
    debug_assert_eq!(rows * cols, values.len());
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {cols}), }}");
    // The data start at a multiple of 64: 10 bytes stand before the header, a newline ends it.
    let len = (10 + header.len() + 1).next_multiple_of(64) - 10;
    header.extend(std::iter::repeat_n(' ', len - header.len() - 1));
    header.push('\n');
    let len = u16::try_from(len).expect("invariant: two numbers are short");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(len.to_le_bytes());
    file.extend(header.bytes());
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    file
}

/// Saves the array; the path holds the old content or all of the new, whatever happens.
pub(crate) fn save(path: &Path, rows: usize, cols: usize, values: &[f32]) -> Result<()> {
    curt::format::save(path, &bytes(rows, cols, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_as_numpy_writes_it() {
        let file = bytes(2, 1, &[1.0, -2.5]);
        assert_eq!(file.len(), 128 + 8);
        assert_eq!(file[..10], *b"\x93NUMPY\x01\x00\x76\x00");
        assert!(file[10..128].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }  "));
        assert_eq!(file[127], b'\n');
        assert_eq!(file[128..], [0, 0, 128, 63, 0, 0, 32, 192]);
    }
}
