//! ONNX files: the bytes as they are, and the files of the tests changed by the edits that the bytes spell.

use curt::import::onnx::{self, OnnxOptions};
use curt::{Defect, ErrorKind};
use std::sync::OnceLock;

/// Elements of the largest input that is reordered.
const MOST_INPUTS: usize = 1 << 16;

/// The files of the tests.
pub(crate) fn seeds() -> &'static [Vec<u8>] {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let folder = curt_dev::root().join("tests/data/onnx");
        let entries = std::fs::read_dir(folder).expect("the files of the tests");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "onnx"));
        paths.sort();
        paths.iter().map(|path| std::fs::read(path).expect("a file of the tests")).collect()
    })
}

/// Refused with a kind that an import has, or a network whose samples can be reordered.
///
/// The first byte chooses a file; then four bytes spell an edit: which, where (two bytes), with what.
pub fn onnx(data: &[u8]) {
    import(data);
    let Some((&which, edits)) = data.split_first() else { return };
    let seeds = seeds();
    let mut file = seeds[usize::from(which) % seeds.len()].clone();
    for &[edit, low, high, byte] in edits.as_chunks::<4>().0 {
        let at = usize::from(u16::from_le_bytes([low, high])) % file.len().max(1);
        match edit % 6 {
            _ if file.is_empty() => {}
            0 => file[at] = byte,
            1 => file[at] ^= 1 << (byte % 8),
            2 => file.truncate(at),
            3 => file.insert(at, byte),
            4 => drop(file.drain(at..file.len().min(at + usize::from(byte)))),
            _ => {
                let part = file[at..file.len().min(at + usize::from(byte))].to_vec();
                file.splice(at..at, part);
            }
        }
    }
    import(&file);
}

fn import(file: &[u8]) {
    let options = OnnxOptions::new();
    let imported = match onnx::from_bytes(file, "fuzz", &options) {
        Ok(imported) => imported,
        Err(error) => {
            let is_known = match error.kind() {
                ErrorKind::Import | ErrorKind::Unsupported | ErrorKind::Limit | ErrorKind::Posterior => true,
                ErrorKind::Format(defect) => matches!(defect, Defect::Bounds | Defect::Shape),
                _ => false,
            };
            assert!(is_known, "{error:?}");
            return;
        }
    };
    let inputs = imported.network.input().shape.elements();
    if inputs <= MOST_INPUTS {
        let sample: Vec<usize> = (0..inputs).collect();
        let mut reordered = imported.reorder(&sample).expect("a whole sample");
        reordered.sort_unstable();
        assert_eq!(reordered, sample, "a permutation");
    }
}
