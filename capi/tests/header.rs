//! `include/curt.h` and `symbols.txt` say what the library is.
#![allow(clippy::unwrap_used)] // in helpers, which clippy does not take for tests

use std::path::Path;
use std::process::Command;

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// `BLESS=1 cargo test -p curt-capi` writes the header anew.
#[test]
fn the_committed_header_is_the_generated_one() {
    let mut config = cbindgen::Config::from_file(Path::new(CRATE).join("cbindgen.toml")).unwrap();
    config.after_includes = Some(curt::declaration());
    let bindings = cbindgen::Builder::new().with_src(Path::new(CRATE).join("src/lib.rs")).with_config(config).generate().unwrap();
    let mut generated = Vec::new();
    bindings.write(&mut generated);
    let path = Path::new(CRATE).join("include/curt.h");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read(&path).unwrap_or_default();
    assert!(committed == generated, "curt.h is stale: run `BLESS=1 cargo test -p curt-capi` and commit it");
}

/// Every entry that the header declares is in `symbols.txt`, and the other way round: a symbol that disappears breaks programs.
#[test]
fn the_header_declares_the_frozen_symbols() {
    let header = std::fs::read_to_string(Path::new(CRATE).join("include/curt.h")).unwrap();
    let frozen = std::fs::read_to_string(Path::new(CRATE).join("symbols.txt")).unwrap();
    let frozen: Vec<&str> = frozen.lines().collect();
    assert!(frozen.is_sorted(), "symbols.txt is sorted");
    let mut declared: Vec<&str> = header
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .filter_map(|line| line.split_once('(').map(|(before, _)| before))
        .filter_map(|before| before.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("curt_"))
        .collect();
    declared.sort_unstable();
    assert_eq!(declared, frozen);
}

/// The shared library exports exactly these symbols.
#[test]
#[cfg(target_os = "linux")]
fn the_shared_library_exports_the_frozen_symbols() {
    let library = built("libcurt.so");
    let output = Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(&library).output().unwrap();
    assert!(output.status.success(), "nm (binutils) lists symbols");
    let listing = String::from_utf8(output.stdout).unwrap();
    let mut exported: Vec<&str> = listing.lines().filter_map(|line| line.split(' ').next()).collect();
    exported.sort_unstable();
    let frozen = std::fs::read_to_string(Path::new(CRATE).join("symbols.txt")).unwrap();
    assert_eq!(exported, frozen.lines().collect::<Vec<_>>());
}

/// A library file beside this test's executable.
fn built(name: &str) -> std::path::PathBuf {
    let executable = std::env::current_exe().unwrap();
    let folder = executable.ancestors().find(|folder| folder.join(name).is_file());
    folder.unwrap_or_else(|| panic!("{name} is built with the tests")).join(name)
}
