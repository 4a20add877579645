//! Fuzz bodies: functions of bytes that must return, whatever the bytes are. A violation is a panic.
//!
//! The targets in `fuzz_targets/` hand libFuzzer's bytes to them; the tests here hand them golden files, mutations and `regressions/`.

mod container;
mod edits;
#[path = "../../tests/compress/file.rs"]
#[allow(dead_code, clippy::unwrap_used)] // shared with the tests of compression
mod file;
#[path = "../../tests/compress/maps.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod maps;
mod model;
#[path = "../../tests/compress/network.rs"]
#[allow(dead_code)]
mod network;
mod packed;
mod posterior;
mod random;
#[cfg(test)]
mod smoke;

pub use model::load;
pub use packed::unpack;
pub use posterior::posterior;

/// A golden file changed by a list of edits that the bytes spell, its checksums and its section table made right again: what lies
/// behind the checks of the container is reached at once.
pub fn load_repaired(data: &[u8]) {
    if let Some(file) = edits::apply(data) {
        load(&file);
    }
}

/// A golden file whose weight bytes are replaced by the given ones, mapped with the structure alone checked: kernels stay within bounds.
///
/// The first two bytes choose the file.
pub fn payload(data: &[u8]) {
    let Some((&[low, high], bytes)) = data.split_first_chunk() else { return };
    let goldens = container::goldens();
    let mut sections = goldens[usize::from(u16::from_le_bytes([low, high])) % goldens.len()].clone();
    let Some(weights) = sections.iter_mut().find(|section| section.id == 3) else { return };
    let len = weights.bytes.len();
    if !bytes.is_empty() {
        weights.bytes = bytes.iter().copied().cycle().take(len).collect();
    }
    model::run_mapped(&container::assemble(&sections));
}
