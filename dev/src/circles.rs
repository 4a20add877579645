//! Imports in circles: between the files of a room, and between a file and a room beside it.
//!
//! A file imports what it names. A name that a module file hands on (`pub use`) belongs to the file that defines it, and handing on the
//! names of its own files is no import. Files of tests may name anything.

use crate::source::{Place, Reference, references_within};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// The names of a module, from the crate's root.
type Names = Vec<String>;

/// A file of the crate, with what it names.
struct File {
    path: String,
    module: Names,
    references: Vec<Reference>,
}

/// The files of a crate by the modules that they are.
pub struct Modules {
    files: Vec<File>,
    by_module: BTreeMap<Names, usize>,
}

/// The module that the file `path` (relative to `src`) is.
fn module_of(path: &str) -> Names {
    let mut names: Names = Path::new(path).with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(names.last().map(String::as_str), Some("mod" | "lib")) {
        names.pop();
    }
    names
}

impl Modules {
    /// Every room, from the names of the files.
    pub fn rooms(&self) -> BTreeSet<&str> {
        self.files.iter().filter_map(|file| file.module.first().map(String::as_str)).collect()
    }

    /// Of the files of `src`: paths relative to it, and their text.
    pub fn new(files: &[(String, String)]) -> Self {
        let is_test = |path: &str| path.ends_with("tests.rs") || path.contains("tests/");
        let kept: Vec<_> = files.iter().filter(|(path, _)| !is_test(path)).collect();
        let modules: BTreeSet<Names> = kept.iter().map(|(path, _)| module_of(path)).collect();
        let file = |(path, text): &&(String, String)| {
            let module = module_of(path);
            let children = modules.iter().filter(|other| other.len() == module.len() + 1 && other.starts_with(&module));
            let children: BTreeSet<&str> = children.filter_map(|other| other.last().map(String::as_str)).collect();
            File { path: path.clone(), references: references_within(Path::new(path), text, &children), module }
        };
        let files: Vec<File> = kept.iter().map(file).collect();
        let by_module = files.iter().enumerate().map(|(i, file)| (file.module.clone(), i)).collect();
        Self { files, by_module }
    }

    /// The file that defines what `names` names; `depth` bounds the names that are handed on.
    pub(crate) fn resolve(&self, names: &[String], depth: usize) -> Option<usize> {
        let (len, file) = (0..=names.len()).rev().find_map(|len| self.by_module.get(&names[..len]).map(|&file| (len, file)))?;
        let Some(name) = names.get(len).filter(|_| depth > 0) else { return Some(file) };
        let handed_on = self.files[file].references.iter().find(|reference| {
            reference.place != Place::Path && reference.names.last() == Some(name) && reference.names.len() > 1
        });
        let target = handed_on.and_then(|reference| self.resolve(&reference.names, depth - 1));
        Some(target.unwrap_or(file))
    }

    /// What file `i` imports: the file, and the line that names it.
    fn imports(&self, i: usize) -> impl Iterator<Item = (usize, usize)> {
        let file = &self.files[i];
        file.references.iter().filter_map(move |reference| {
            let target = self.resolve(&reference.names, 8)?;
            let own = self.files[target].module.starts_with(&file.module);
            let hands_on = reference.place == Place::PublicUse && own;
            (target != i && !hands_on).then_some((target, reference.line))
        })
    }

    /// The circles below the room `room`, one text each: its members, and the lines that close it.
    ///
    /// With `fronts` a room's `mod.rs` is a member like any file: one that lists the room's files and defines what they share closes circles.
    pub fn circles(&self, room: &str, fronts: bool) -> Vec<String> {
        let folders: BTreeSet<&[String]> = self
            .files
            .iter()
            .filter(|file| file.module.first().is_some_and(|name| name == room))
            .flat_map(|file| (1..=file.module.len()).map(|len| &file.module[..len]))
            .collect();
        folders.into_iter().flat_map(|folder| self.circles_in(folder, fronts)).collect()
    }

    /// The circles between the files and the rooms that lie right in `folder`.
    fn circles_in(&self, folder: &[String], fronts: bool) -> Vec<String> {
        let member = |i: usize| -> Option<&str> {
            let below = self.files[i].module.strip_prefix(folder)?;
            below.first().map(String::as_str).or(fronts.then_some("mod.rs"))
        };
        let mut edges: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
        for i in 0..self.files.len() {
            let Some(from) = member(i) else { continue };
            for (target, line) in self.imports(i) {
                let Some(to) = member(target).filter(|&to| to != from) else { continue };
                let text = || format!("src/{}:{line} names {}", self.files[i].path, self.files[target].path);
                edges.entry(from).or_default().entry(to).or_insert_with(text);
            }
        }
        components(&edges).into_iter().map(|members| report(folder, &members, &edges)).collect()
    }
}

/// The names that reach themselves, in groups that reach each other.
fn components<'a>(edges: &BTreeMap<&'a str, BTreeMap<&'a str, String>>) -> Vec<BTreeSet<&'a str>> {
    let reach = |from: &'a str| {
        let (mut found, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(name) = open.pop() {
            let next = edges.get(name).into_iter().flat_map(BTreeMap::keys);
            open.extend(next.filter(|next| found.insert(**next)));
        }
        found
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = edges.keys().map(|&name| (name, reach(name))).collect();
    let in_circle = |name: &str| reached.get(name).is_some_and(|found| found.contains(name));
    let group =
        |name: &'a str| reached[name].iter().copied().filter(|other| in_circle(other) && reached[other].contains(name)).collect();
    let groups: BTreeSet<BTreeSet<&str>> = edges.keys().filter(|name| in_circle(name)).map(|name| group(name)).collect();
    groups.into_iter().collect()
}

fn report(folder: &[String], members: &BTreeSet<&str>, edges: &BTreeMap<&str, BTreeMap<&str, String>>) -> String {
    let names: Vec<&str> = members.iter().copied().collect();
    let mut out = format!("{}: a circle of {}\n", folder.join("/"), names.join(", "));
    for from in members {
        for (_, text) in edges[from].iter().filter(|(to, _)| members.contains(**to)) {
            let _ = writeln!(out, "  {text}");
        }
    }
    out
}
