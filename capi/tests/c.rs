//! The C example, compiled as a user would, under AddressSanitizer and UndefinedBehaviorSanitizer, run from the root of the project.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // in helpers, which clippy does not take for tests

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The static library beside this test's executable.
fn library() -> PathBuf {
    let executable = std::env::current_exe().unwrap();
    let folder = executable.ancestors().find(|folder| folder.join("libcurt.a").is_file());
    folder.expect("libcurt.a is built with the tests").join("libcurt.a")
}

#[test]
fn the_example_classifies_a_digit_without_a_word_of_the_sanitizers() {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("classify");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let status = Command::new(&compiler)
        .current_dir(root())
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined", "-I", "capi/include"])
        .args(["examples/classify.c", "-o"])
        .args([&program, &library()])
        .args(["-lpthread", "-ldl", "-lm"])
        .status()
        .unwrap_or_else(|error| panic!("{compiler}: {error}"));
    assert!(status.success(), "{compiler} compiles examples/classify.c");
    let output = Command::new(&program).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    let digit = std::fs::read(root().join("cli/data/digits-labels-idx1-ubyte")).unwrap()[8];
    assert!(stdout.ends_with(&format!("It is a {digit}.\n")), "{stdout}");
}
