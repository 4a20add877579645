//! The packed profile: lossless and canonical both ways, and nothing else is accepted.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod support;

use curt::base::limits::Limits;
use curt::format::packed::{account, pack, unpack};
use std::path::PathBuf;

/// The valid golden files and the models.
fn mapped() -> Vec<(PathBuf, Vec<u8>)> {
    let models = std::fs::read_dir(support::root().join("models")).unwrap().map(|entry| entry.unwrap().path());
    let models = models.filter(|path| path.extension().is_some_and(|extension| extension == "curt"));
    let all: Vec<_> = support::curt_files("valid").into_iter().chain(models).collect();
    all.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn every_mapped_file_comes_back_byte_for_byte() {
    let all = mapped();
    let (mut before, mut after) = (0, 0);
    for (path, file) in &all {
        let packed = pack(file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let again = unpack(&packed, &Limits::FORMAT).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(again == *file, "{} comes back as another file", path.display());
        before += file.len();
        after += packed.len();
    }
    println!("{} files of {before} bytes packed into {after}", all.len());
    assert!(all.len() >= 100 && after < before / 2);
}

/// The coder spends what its probabilities say: one bit more for each thousand, and the bytes at the end.
#[test]
fn a_packed_file_is_as_long_as_its_probabilities_say() {
    for (path, file) in mapped() {
        let packed = pack(&file).unwrap();
        let ideal = account(&file).unwrap().values().sum::<f64>() / 8.0;
        let stream = (packed.len() - 8) as f64;
        assert!(stream <= ideal * 1.001 + 2.0 && stream >= ideal * 0.999 - 1.0, "{}: {stream} bytes, {ideal}", path.display());
    }
}
