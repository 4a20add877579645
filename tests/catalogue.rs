//! The table of `docs/malformed.md`: every pattern names files, and every kind of defect has some.
#![allow(clippy::unwrap_used)] // helpers of tests

use curt::Defect;
use curt_dev::golden;
use std::collections::BTreeSet;

/// Whether `name` is `pattern`, in which a `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => name
            .strip_prefix(head)
            .is_some_and(|rest| (0..=rest.len()).any(|at| rest.is_char_boundary(at) && matches(tail, &rest[at..]))),
    }
}

#[test]
fn every_class_of_malformed_files_has_files() {
    let page = std::fs::read_to_string(golden::root().join("docs/malformed.md")).unwrap();
    let paths = ["invalid", "packed-invalid"].into_iter().flat_map(golden::curt_files);
    let names: Vec<String> = paths.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    let mut shown = BTreeSet::new();
    for row in &rows {
        for pattern in row.split('`').skip(1).step_by(2) {
            let files: Vec<&String> = names.iter().filter(|name| matches(pattern, name)).collect();
            assert!(!files.is_empty(), "no file for {pattern}: {row}");
            shown.extend(files);
        }
    }
    for defect in Defect::all() {
        assert!(shown.iter().any(|name| name.starts_with(&format!("{}--", defect.name()))), "{}", defect.name());
    }
    println!("{} classes, {} of {} files", rows.len(), shown.len(), names.len());
}

#[test]
fn a_star_stands_for_any_characters() {
    assert!(matches("a--*-b*", "a--x-b") && matches("*--order-*", "mask--order-x") && matches("a", "a"));
    assert!(!matches("a--*-b", "a--x-bc") && !matches("a", "ab") && !matches("*b", "a"));
}
