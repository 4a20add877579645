//! The n-th allocation fails, for every n: opening a model, making a session and running it answer `no_memory` and do not end the process.
//!
//! An allocation that fails where the library cannot answer ends the process, so this program runs itself again for each file: the child
//! lets one allocation after the other fail, and is started again behind one that ended it.
#![allow(clippy::unwrap_used)] // helpers of tests

use curt::{Dtype, ErrorKind, Input, Limits, Model, Session, SessionOptions};
use curt_dev::allocator::{Counting, allocations_of, fail_at};
use curt_dev::effort::{cases, extent};
use curt_dev::golden;
use std::path::{Path, PathBuf};
use std::process::Command;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const FILE: &str = "CURT_TEST_FILE";
const FIRST: &str = "CURT_TEST_FIRST";

/// Allocations that end the process when they fail, the same for every file: that of the model's reference count.
const FIXED: usize = 1;

/// Allocations of a file that fail by default.
const SAMPLE: usize = 200;

/// Opens a file, makes a session and runs it. The bytes are the caller's, and so is the output.
fn once(file: &[u8], input: Input<'_>, output: &mut [f32]) -> Result<(), ErrorKind> {
    let mut run = || {
        let model = Model::from_bytes(file, &Limits::DEFAULT)?;
        Session::with_options(&model, &SessionOptions::new())?.run(input, output)
    };
    run().map_err(|error: curt::Error| error.kind())
}

/// The child: nothing when this is not one. It prints a line for each allocation, before it fails and after.
#[test]
fn child() {
    let (Ok(path), Ok(first)) = (std::env::var(FILE), std::env::var(FIRST)) else { return };
    let path = PathBuf::from(path);
    let (file, bytes) = (std::fs::read(&path).unwrap(), std::fs::read(path.with_extension("input")).unwrap());
    let mut output = golden::floats(&path.with_extension("output"));
    let floats = golden::floats(&path.with_extension("input"));
    let input = match Model::open(&path).unwrap().input_dtype() {
        Dtype::U8 => Input::U8(&bytes),
        Dtype::F32 => Input::F32(&floats),
    };
    let count = allocations_of(|| once(&file, input, &mut output).unwrap());
    let first: u64 = first.parse().unwrap();
    for n in cases(count as usize, SAMPLE).into_iter().map(|n| n as u64 + 1).filter(|&n| n >= first) {
        println!("fails {n} of {count}");
        match fail_at(n, || once(&file, input, &mut output)) {
            Err(ErrorKind::NoMemory) => println!("no_memory"),
            other => println!("answers {other:?}"),
        }
    }
    println!("done");
}

/// The allocations of a file, and those of them that end the process.
fn failures_of(path: &Path) -> (usize, Vec<u64>) {
    let (mut first, mut refused, mut ends) = (1, 0, Vec::new());
    loop {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "child", "--nocapture"]).env(FILE, path).env(FIRST, first.to_string()).env("RUST_BACKTRACE", "0");
        let output = child.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        refused += text.lines().filter(|line| line.ends_with("no_memory")).count();
        assert!(!text.contains("answers"), "{}: {text}", path.display());
        if text.lines().any(|line| line == "done") {
            return (refused + ends.len(), ends);
        }
        let last = text.lines().rev().find_map(|line| line.split_once("fails ")).expect("an allocation that failed").1;
        let at: u64 = last.split(' ').next().unwrap().parse().unwrap();
        ends.push(at);
        first = at + 1;
        assert!(ends.len() < 200, "{}: {ends:?}", path.display());
    }
}

#[test]
fn an_allocation_that_fails_is_no_memory() {
    let (mut files, mut allocations) = (0, 0);
    let paths = golden::read_files("valid", 1 << 16);
    for (path, _) in cases(paths.len(), 80).into_iter().map(|i| &paths[i]) {
        let (count, ends) = failures_of(path);
        assert!(ends.len() <= FIXED, "{}: of {count} allocations, these end the process: {ends:?}", path.display());
        (files, allocations) = (files + 1, allocations + count);
    }
    println!("{}: {files} files, {allocations} allocations; {FIXED} of each file's ends the process when it fails", extent());
}
