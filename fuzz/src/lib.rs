//! Fuzz bodies: functions of bytes that must return, whatever the bytes are. A violation is a panic.
//!
//! The targets in `fuzz_targets/` hand libFuzzer's bytes to them; the tests here hand them golden files, mutations and `regressions/`.

mod edits;
mod model;
mod onnx;
mod packed;
mod posterior;
#[cfg(test)]
mod smoke;

use curt_dev::container::{self, Section, WEIGHTS};
use curt_dev::golden::read_files;
pub use model::load;
pub use onnx::onnx;
pub use packed::unpack;
pub use posterior::posterior;
use std::sync::OnceLock;

/// The sections of every small valid golden file.
fn goldens() -> &'static [Vec<Section>] {
    static GOLDENS: OnceLock<Vec<Vec<Section>>> = OnceLock::new();
    GOLDENS.get_or_init(|| read_files("valid", 1536).iter().map(|(_, file)| container::sections(file)).collect())
}

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
    let goldens = goldens();
    let mut sections = goldens[usize::from(u16::from_le_bytes([low, high])) % goldens.len()].clone();
    let Some(weights) = sections.iter_mut().find(|section| section.id == WEIGHTS) else { return };
    let len = weights.bytes.len();
    if !bytes.is_empty() {
        weights.bytes = bytes.iter().copied().cycle().take(len).collect();
    }
    model::run_mapped(&container::assemble(&sections));
}
