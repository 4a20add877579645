//! Who may import whom: every path that a module of the library names is held against one table.

use curt_dev::circles::Modules;
use curt_dev::source::{files, references};
use std::fmt::Write as _;
use std::path::Path;

/// A module and the modules that it may name; `module::Item` allows that item alone. Code for tests may name anything.
type Row = (&'static str, &'static [&'static str]);

const TABLE: &[Row] = &[
    ("base", &[]),
    ("tensor", &["base"]),
    ("bytes", &["base"]),
    ("array", &["base", "tensor", "bytes"]),
    ("encoding", &["base", "tensor", "bytes"]),
    ("graph", &["base", "tensor", "encoding"]),
    ("content", &["base", "tensor", "bytes", "encoding", "graph"]),
    ("format", &["base", "tensor", "bytes", "encoding", "graph", "content"]),
    ("model", &["base", "tensor", "bytes", "encoding", "graph", "content", "format"]),
    ("kernels", &["base", "tensor", "encoding"]),
    ("exec", &["base", "tensor", "encoding", "graph::InputSpec", "graph::op", "model", "kernels", "content::Tables"]),
    ("plan", &["base", "tensor", "encoding", "graph", "model", "exec", "kernels"]),
    ("session", &["base", "tensor", "bytes", "model", "plan", "exec::Input", "exec::Memory", "kernels::Isa", "kernels::Kernels"]),
    ("posterior", &["base", "tensor", "bytes::Storage", "graph", "encoding"]), // the encoding of a node, never of an array
    ("evidence", &["graph"]),
    ("import", &["base", "tensor", "bytes::Cursor", "bytes::Storage", "graph", "posterior"]),
    ("compress", &["base", "tensor", "encoding", "graph", "content", "format", "model", "posterior", "session", "evidence"]),
    ("measure", ABOVE),
    ("inspect", ABOVE_AND_MEASURE),
];

/// What stands on everything else.
const ABOVE: &[&str] = &[
    "base",
    "tensor",
    "bytes",
    "encoding",
    "graph",
    "content",
    "format",
    "model",
    "kernels",
    "exec",
    "plan",
    "session",
    "posterior",
    "array",
    "evidence",
    "compress",
];
/// The same, for what reports on measurements too.
const ABOVE_AND_MEASURE: &[&str] = &[
    "base",
    "tensor",
    "bytes",
    "encoding",
    "graph",
    "content",
    "format",
    "model",
    "kernels",
    "exec",
    "plan",
    "session",
    "posterior",
    "array",
    "evidence",
    "compress",
    "measure",
];

/// The violations of a file, one a line: `src/path:line: what`.
fn violations(path: &Path, text: &str) -> String {
    let mut out = String::new();
    let module = match path.iter().next() {
        Some(first) => Path::new(first).with_extension("").to_string_lossy().into_owned(),
        None => return out,
    };
    let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == module) else {
        return format!("src/{}:1: the module {module} has no row in the table of tests/layering.rs\n", path.display());
    };
    for reference in references(path, text) {
        let first = reference.names.first().map_or("", String::as_str);
        let place = format!("src/{}:{}", path.display(), reference.line);
        if first == module || first == "self" {
            continue;
        }
        let named = reference.names.join("::");
        let matches =
            |allowed: &&&str| named == **allowed || named.strip_prefix(**allowed).is_some_and(|rest| rest.starts_with("::"));
        if !TABLE.iter().any(|(name, _)| *name == first) {
            let _ = writeln!(out, "{place}: crate::{named} does not start with a module of the table");
        } else if allowed.iter().find(matches).is_none() {
            let _ = writeln!(out, "{place}: {module} may not name {named}; it may name {}", allowed.join(", "));
        }
    }
    out
}

#[test]
fn every_module_names_only_what_it_may() {
    let source = curt_dev::root().join("src");
    let (mut found, mut named, mut count) = (String::new(), 0, 0);
    for path in files(&source, "", &["rs"]) {
        if path == Path::new("lib.rs") {
            continue;
        }
        let text = std::fs::read_to_string(source.join(&path)).unwrap();
        named += references(&path, &text).len();
        found += &violations(&path, &text);
        count += 1;
    }
    println!("{named} paths in {count} files follow the table");
    assert!(count >= 40 && named >= 100, "only {named} paths in {count} files: the scan misses some");
    assert!(found.is_empty(), "\n{found}");
}

#[test]
fn the_table_is_acyclic_and_names_known_modules() {
    for (i, (module, allowed)) in TABLE.iter().enumerate() {
        for name in *allowed {
            let first = name.split("::").next().unwrap_or_default();
            let at = TABLE.iter().position(|(module, _)| *module == first);
            let at = at.unwrap_or_else(|| panic!("{module} may name {first}, which has no row"));
            assert!(at < i, "{module} may name {first}, which stands below it");
        }
    }
}

/// What the scan must see, or must not.
#[test]
fn planted_violations_are_caught_with_their_lines() {
    let found = |path: &str, text: &str| violations(Path::new(path), text);
    let caught = [
        ("base/fma.rs", "use crate::tensor::Shape;", "src/base/fma.rs:1: base may not name tensor::Shape"),
        (
            "tensor/mask.rs",
            "\n\nuse crate::{\n    base::error,\n    graph::{node::Node},\n};",
            "src/tensor/mask.rs:5: tensor may not name graph::node::Node",
        ),
        (
            "kernels/avx2/ternary.rs",
            "fn f() {\n let x = crate::model::Model::open(p);\n}",
            "src/kernels/avx2/ternary.rs:2: kernels may not name model",
        ),
        (
            "kernels/scalar/mod.rs",
            "use super::super::session::Session;",
            "src/kernels/scalar/mod.rs:1: kernels may not name session::Session",
        ),
        ("session.rs", "use super::format::write;", "src/session.rs:1: session may not name format::write"),
        ("session.rs", "use crate::kernels::LinearCall;", "session may not name kernels::LinearCall"),
        ("exec/input.rs", "use crate::content::{Tables, Origin};", "exec may not name content::Origin"),
        (
            "graph/node.rs",
            "mod inner {\n use super::super::super::model::Model;\n}",
            "src/graph/node.rs:2: graph may not name model::Model",
        ),
        ("graph/node.rs", "macro_rules! m { () => { $crate::plan::Plan } }", "graph may not name plan::Plan"),
        ("encoding/dense.rs", "use crate::Model;", "crate::Model does not start with a module of the table"),
        (
            "encoding/dense.rs",
            "#[cfg(test)]\nmod tests { use crate::plan::Plan; }\nuse crate::plan::Plan;",
            "dense.rs:3: encoding may not name plan::Plan",
        ),
        ("novelty.rs", "", "src/novelty.rs:1: the module novelty has no row"),
        ("format/write.rs", "const Q: char = '\"'; use crate::session::Session;", "format may not name session::Session"),
        ("format/write.rs", "const Q: &str = r#\"\"\"#; use crate::session::Session;", "format may not name session::Session"),
    ];
    for (path, text, expected) in caught {
        let found = found(path, text);
        assert!(found.contains(expected) && found.lines().count() == 1, "{path}: {text}\ngives {found:?}");
    }
    let allowed = [
        ("tensor/mask.rs", "use crate::base::error::{Error, Result};"),
        ("encoding/dense.rs", "mod casts { use super::{F16, F32}; }\nuse super::tiles::Tiling;"),
        (
            "base/fma.rs",
            "/// See [`crate::plan`].\n// use crate::plan::Plan;\n/* use crate::plan; /* use crate::plan; */ */ const S: &str = \"use crate::plan;\";",
        ),
        ("base/fma.rs", "#[cfg(test)]\nmod tests {\n use crate::plan::Plan;\n}"),
        ("base/fma.rs", "#[cfg(test)]\nuse crate::plan::Plan;"),
        ("exec/mod.rs", "pub(crate) fn f<'a>(x: &'a crate::content::Tables) {}"),
    ];
    for (path, text) in allowed {
        assert_eq!(found(path, text), "", "{path}: {text}");
    }
}

/// The files of `src`, relative to it, with their text.
fn library() -> Vec<(String, String)> {
    let source = curt_dev::root().join("src");
    let read =
        |path: &Path| (path.to_string_lossy().into_owned(), std::fs::read_to_string(source.join(path)).expect("a source file"));
    files(&source, "", &["rs"]).iter().map(|path| read(path)).collect()
}

#[test]
fn no_files_of_a_room_import_each_other_in_a_circle() {
    let modules = Modules::new(&library());
    let wrong: String = modules.rooms().iter().flat_map(|room| modules.circles(room, true)).collect();
    println!("{} rooms without a circle", modules.rooms().len());
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn planted_circles_are_caught_with_their_lines() {
    let circles = |files: &[(&str, &str)], fronts: bool| {
        let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Modules::new(&files).circles("a", fronts).concat()
    };
    let two = [("a/mod.rs", "mod b;\nmod c;"), ("a/b.rs", "use super::c::C;"), ("a/c.rs", "fn f() {\n crate::a::b::g()\n}")];
    assert_eq!(circles(&two, false), "a: a circle of b, c\n  src/a/b.rs:1 names a/c.rs\n  src/a/c.rs:2 names a/b.rs\n");
    // Through a name that the module file hands on.
    let handed_on = [("a/mod.rs", "pub use c::C;"), ("a/b.rs", "use crate::a::C;"), ("a/c.rs", "use super::b::B;")];
    assert!(circles(&handed_on, false).starts_with("a: a circle of b, c"));
    // Between a file and a room, though no two files name each other.
    let room = [("a/b.rs", "use super::c::d::D;"), ("a/c/mod.rs", ""), ("a/c/d.rs", ""), ("a/c/e.rs", "use crate::a::b::B;")];
    assert!(circles(&room, false).starts_with("a: a circle of b, c"));
    // A front that lists its files and defines what they share.
    let front = [("a/mod.rs", "pub struct S;\nfn f() { b::g() }"), ("a/b.rs", "use super::S;")];
    assert!(circles(&front, false).is_empty());
    assert!(circles(&front, true).starts_with("a: a circle of b, mod.rs"));
    // A front that hands names on, a file that names one of them, tests: no circle.
    let clean = [("a/mod.rs", "pub use b::B;"), ("a/b.rs", "#[cfg(test)]\nuse super::c::C;"), ("a/c.rs", "use super::B;")];
    assert!(circles(&clean, true).is_empty());
}
