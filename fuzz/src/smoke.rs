//! The bodies on the golden files, on mutations of them, and on `regressions/`: what a stable compiler can do in seconds.

use crate::goldens;
use curt_dev::Random;
use curt_dev::container::{assemble, sections};
use curt_dev::golden::read_files as files;
use std::path::Path;

#[test]
fn load_survives_every_golden_file() {
    let (valid, invalid) = (files("valid", usize::MAX), files("invalid", usize::MAX));
    valid.iter().chain(&invalid).for_each(|(_, file)| crate::load(file));
    println!("load: {} valid and {} invalid golden files", valid.len(), invalid.len());
    assert!(valid.len() >= 100 && invalid.len() >= 300);
}

#[test]
fn load_survives_random_mutations() {
    let mut random = Random(1);
    let mut count = 0;
    for (_, file) in files("valid", 8 << 10) {
        for _ in 0..60 {
            let mut mutant = file.clone();
            for _ in 0..1 + random.below(4) {
                let at = random.below(mutant.len());
                match random.below(4) {
                    0 => mutant[at] = random.byte(),
                    1 => mutant[at] ^= 1 << random.below(8),
                    2 => mutant.truncate(at.max(1)),
                    _ => mutant.insert(at, random.byte()),
                }
            }
            crate::load(&mutant);
            crate::load(&assemble(&sections(&mutant)));
            count += 2;
        }
    }
    println!("load: {count} mutants");
}

#[test]
fn load_repaired_and_payload_survive_random_bytes() {
    let mut random = Random(2);
    let mut count = 0;
    let mut kinds = std::collections::BTreeMap::new();
    for _ in 0..30_000 {
        let data: Vec<u8> = (0..4 + random.below(120)).map(|_| random.byte()).collect();
        crate::load_repaired(&data);
        if let Some(file) = crate::edits::apply(&data) {
            let result = curt::format::validate(&file, &curt::Limits::EDGE, curt::Check::Full);
            let name = result.map_or_else(|error| error.kind().name(), |_| "valid");
            *kinds.entry(name).or_insert(0) += 1;
            count += 1;
        }
    }
    println!("load_repaired: {count} files: {kinds:?}");
    assert!(kinds.len() >= 15 && kinds["valid"] > 100, "edits reach too little: {kinds:?}");
    for _ in 0..2_000 {
        let data: Vec<u8> = (0..2 + random.below(64)).map(|_| random.byte()).collect();
        crate::payload(&data);
    }
    println!("payload: 2000 files");
}

#[test]
fn onnx_survives_edits_and_random_bytes() {
    let mut random = Random(4);
    for seed in crate::onnx::seeds() {
        crate::onnx(seed);
    }
    for _ in 0..20_000 {
        let data: Vec<u8> = (0..1 + 4 * random.below(4)).map(|_| random.byte()).collect();
        crate::onnx(&data);
    }
    println!("onnx: {} files as they are, 20000 edits of them", crate::onnx::seeds().len());
    assert!(crate::onnx::seeds().len() >= 40);
}

#[test]
fn unpack_survives_random_streams() {
    let mut random = Random(3);
    for _ in 0..4_000 {
        let data: Vec<u8> = (0..3 + random.below(64)).map(|_| random.byte()).collect();
        crate::unpack(&data);
    }
    // Golden files as they are, cut, and with one bit flipped.
    let goldens = crate::packed::goldens();
    for (i, golden) in goldens.iter().enumerate() {
        let which = u8::try_from(i).expect("few golden files");
        for _ in 0..40 {
            let mut stream = golden[4..golden.len() - 4].to_vec();
            let at = random.below(stream.len());
            stream[at] ^= 1 << random.below(8);
            crate::unpack(&[&[which, 0, 0], &stream[..]].concat());
        }
    }
    println!("unpack: 4000 random streams, 40 flips of each of {} golden files", goldens.len());
}

#[test]
fn regressions_stay_fixed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of regressions") {
        let path = entry.expect("an entry").path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let body = match name.split_once("--").map(|(target, _)| target) {
            Some("load") => crate::load,
            Some("load_repaired") => crate::load_repaired,
            Some("onnx") => crate::onnx,
            Some("payload") => crate::payload,
            Some("posterior") => crate::posterior,
            Some("unpack") => crate::unpack,
            _ => continue, // README.md
        };
        body(&std::fs::read(&path).expect("a regression"));
        count += 1;
    }
    println!("{count} regressions");
}

/// The comparison container is right: taking the golden files apart and putting them together changes nothing.
#[test]
fn golden_files_assemble_to_themselves() {
    let mut same = 0;
    for (path, file) in files("valid", usize::MAX) {
        let again = assemble(&sections(&file));
        // Unknown feature bits are the one thing that sections do not hold.
        if file[28..32] == [0; 4] {
            assert!(again == file, "{}", path.display());
            same += 1;
        }
    }
    println!("{same} golden files assembled, {} of them small", goldens().len());
    assert!(same >= 100);
}
