//! Files that must be refused: the stored ones, every prefix, every flipped bit.
//!
//! By default a sample of the prefixes and flips of each file is tried, with `CURT_TEST_EXHAUSTIVE=1` every one.

use curt::format::validate;
use curt::{Check, Defect, Dtype, ErrorKind, Input, Limits, Model, Session};
use curt_dev::container::repair;
use curt_dev::effort::{cases, extent};
use curt_dev::golden::{curt_files, expected_kind, read_files};
use std::path::PathBuf;

fn check(file: &[u8]) -> Result<(), curt::Error> {
    validate(file, &Limits::FORMAT, Check::Full).map(|_| ())
}

/// `KIND--what.curt` must be refused as KIND, as the second reader does.
#[test]
fn every_invalid_golden_file_gets_the_kind_of_its_name() {
    let files = curt_files("invalid");
    assert!(files.len() >= 150, "only {} invalid files", files.len());
    let mut wrong = Vec::new();
    for path in &files {
        let (name, expected) = (path.display(), expected_kind(path));
        match check(&std::fs::read(path).unwrap()) {
            Ok(()) => wrong.push(format!("{name}: accepted")),
            Err(error) if error.kind().name() != expected => wrong.push(format!("{name}: {}: {error}", error.kind())),
            Err(_) => {}
        }
    }
    println!("{} invalid files refused", files.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

/// The golden files that are small enough to be damaged in every way.
fn small() -> Vec<(PathBuf, Vec<u8>)> {
    read_files("valid", 16 << 10)
}

#[test]
fn every_prefix_and_every_extension_is_refused() {
    let mut count = 0u64;
    for (path, file) in small() {
        for len in cases(file.len(), 256) {
            let error = check(&file[..len]).unwrap_err();
            let expected = [ErrorKind::Format(Defect::Truncated), ErrorKind::Format(Defect::Empty)];
            assert!(expected.contains(&error.kind()), "{} cut to {len}: {error}", path.display());
            count += 1;
        }
        for extra in [0, 1, 255] {
            let extended = [&file[..], &[extra]].concat();
            assert_eq!(check(&extended).unwrap_err().kind(), ErrorKind::Format(Defect::Trailing), "{}", path.display());
            count += 1;
        }
    }
    println!("{count} prefixes and extensions refused ({})", extent());
}

/// Bits that a reader ignores by rule: the optional features.
fn is_ignored(bit: usize) -> bool {
    (28 * 8..32 * 8).contains(&bit)
}

#[test]
fn every_flipped_bit_is_refused() {
    let mut count = 0u64;
    for (path, mut file) in small() {
        for bit in cases(file.len() * 8, 512) {
            file[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&file).is_err(), "{}: bit {bit} flipped is accepted", path.display());
            file[bit / 8] ^= 1 << (bit % 8);
            count += 1;
        }
    }
    println!("{count} flipped bits refused ({})", extent());
}

/// With checksums repaired a flip may give another valid model: then it loads, and runs without a panic.
#[test]
fn every_flipped_bit_with_checksums_repaired_is_refused_or_runs() {
    let (mut refused, mut ran) = (0u64, 0u64);
    for (path, original) in small() {
        if original.len() > 4 << 10 {
            continue;
        }
        for bit in cases(original.len() * 8, 128).into_iter().filter(|&bit| !is_ignored(bit)) {
            let mut file = original.clone();
            file[bit / 8] ^= 1 << (bit % 8);
            repair(&mut file);
            match Model::from_bytes(&file, &Limits::EDGE) {
                Err(_) => refused += 1,
                Ok(model) => {
                    run(&model).unwrap_or_else(|error| panic!("{}: bit {bit}: {error}", path.display()));
                    ran += 1;
                }
            }
        }
    }
    println!("{refused} flips with repaired checksums refused, {ran} ran ({})", extent());
    assert!(refused > 0 && ran > 0);
}

fn run(model: &Model) -> Result<(), curt::Error> {
    let mut session = Session::new(model)?;
    let (bytes, floats) = (vec![7u8; session.input_len()], vec![0.5f32; session.input_len()]);
    let input = match model.graph().input().dtype {
        Dtype::U8 => Input::U8(&bytes),
        Dtype::F32 => Input::F32(&floats),
    };
    let mut output = vec![0.0; session.output_len()];
    session.run(input, &mut output)
}
