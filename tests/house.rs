//! The rules of the house that a program can check: sizes, `unsafe`, marks of unfinished work, paths outside of the project.

use curt_dev::circles::Modules;
use curt_dev::figures::{functions, median_and_greatest, public_items};
use curt_dev::repeats::repeats;
use curt_dev::root;
use curt_dev::source::{code, files, tokens};
use std::path::Path;

/// Folders of Rust source.
const RUST: [&str; 8] = ["src", "cli", "capi", "tests", "dev", "benches", "fuzz", "trainer"];

fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file with its text.
fn rust() -> Vec<(String, String)> {
    let paths = RUST.iter().flat_map(|folder| files(root(), folder, &["rs"]));
    let all: Vec<_> = paths.map(|path| (path.to_string_lossy().replace('\\', "/"), read(&path))).collect();
    assert!(all.len() >= 50, "only {} files found", all.len());
    all
}

/// Files over the cap of their kind: the lines they may have, and why. No entry may stay when it is no longer needed.
const LONG: [(&str, usize, &str); 1] =
    [("src/model/mod.rs", 181, "the model and its ways to be opened, which must be read together")];

/// The greatest number of lines of a file.
fn cap(path: &str) -> usize {
    match path {
        "src/lib.rs" => 150,
        _ if path.ends_with("mod.rs") && path.starts_with("src/") => 120,
        _ if path.starts_with("src/kernels/") => 350,
        _ => 500,
    }
}

fn size_violation(path: &str, lines: usize) -> Option<String> {
    let listed = LONG.iter().find(|(name, _, _)| *name == path);
    match (listed, cap(path)) {
        (Some((_, most, _)), _) if lines > *most || lines > 800 => {
            Some(format!("{path} has {lines} lines, its entry allows {most}"))
        }
        (Some(_), cap) if lines <= cap => Some(format!("{path} has {lines} lines: its entry in LONG is no longer needed")),
        (None, cap) if lines > cap => {
            Some(format!("{path} has {lines} lines, the cap is {cap}: divide it, or list it with a reason"))
        }
        _ => None,
    }
}

#[test]
fn no_file_is_longer_than_its_cap() {
    let all = rust();
    let found: Vec<_> = all.iter().filter_map(|(path, text)| size_violation(path, text.lines().count())).collect();
    println!("{} files within their caps, {} of them listed", all.len(), LONG.len());
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    for (path, _, _) in LONG {
        assert!(all.iter().any(|(name, _)| name == path), "{path} is listed and does not exist");
    }
    assert!(size_violation("src/plan/arena.rs", 501).is_some() && size_violation("src/plan/arena.rs", 500).is_none());
    assert!(size_violation("src/kernels/avx2/dense.rs", 351).is_some() && size_violation("src/lib.rs", 151).is_some());
    assert!(size_violation("src/exec/mod.rs", 121).is_some() && size_violation("src/model/mod.rs", 120).is_some());
}

/// The greatest number of lines of a function.
fn function_cap(path: &str) -> usize {
    if path.starts_with("src/kernels/") { 100 } else { 60 }
}

fn function_violations(path: &str, text: &str) -> Vec<String> {
    let cap = function_cap(path);
    let long = functions(text).into_iter().filter(|function| function.lines > cap);
    long.map(|f| format!("{path}:{}: {} has {} lines, the cap is {cap}", f.line, f.name, f.lines)).collect()
}

#[test]
fn no_function_is_longer_than_its_cap() {
    let all = rust();
    let found: Vec<_> = all.iter().flat_map(|(path, text)| function_violations(path, text)).collect();
    let count: usize = all.iter().map(|(_, text)| functions(text).len()).sum();
    println!("{count} functions within their caps");
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    assert!(count > 1000, "only {count} functions: the scan misses some");
    let planted =
        |lines: usize| format!("// fn g() {{\nimpl A {{\n fn f([x]: [u8; 1]) {{\n{} }}\n}}\n", "  x();\n".repeat(lines - 2));
    assert_eq!(function_violations("src/plan/arena.rs", &planted(61)), ["src/plan/arena.rs:3: f has 61 lines, the cap is 60"]);
    assert!(function_violations("src/plan/arena.rs", &planted(60)).is_empty());
    assert!(function_violations("src/kernels/avx2/dense.rs", &planted(100)).is_empty());
    assert!(functions("trait T { fn f(); const F: fn() = g; }").is_empty());
}

/// Where `unsafe` may stand, and for what.
fn may_be_unsafe(path: &str) -> bool {
    const FILES: [&str; 10] = [
        "src/base/environment.rs",      // reads and writes the control register of floating point
        "src/base/align.rs",            // casts of a line of bytes
        "src/encoding/dense.rs",        // casts of transparent integers
        "src/bytes/storage.rs",         // maps a file
        "src/model/mod.rs",             // `Model::map`, which hands the promise on
        "src/kernels/simd.rs",          // enables a tier's features where its token proves them; operations on values
        "src/kernels/direct/window.rs", // loads within a window whose bounds were asserted
        "src/kernels/avx2/memory.rs",
        "src/kernels/avx512/memory.rs",
        "src/kernels/scalar/shell.rs", // the one call that enables fma
    ];
    const FOLDERS: [&str; 6] = ["capi/", "tests/", "dev/", "fuzz/", "trainer/", "benches/"];
    FILES.contains(&path) || FOLDERS.iter().any(|folder| path.starts_with(folder))
}

/// `unsafe` in the wrong file, or without the sentence that says why it is sound.
fn unsafe_violations(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    let code_text = code(text);
    for (i, line) in code_text.lines().enumerate() {
        let words = || line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if !words().any(|word| word == "unsafe") || line.trim_start().starts_with("#[unsafe(") {
            continue;
        }
        let place = format!("{path}:{}", i + 1);
        if !may_be_unsafe(path) {
            found.push(format!("{place}: `unsafe` is not allowed in this file"));
        }
        // A function says `# Safety` to its callers; inside an `unsafe impl` the trait has said it.
        let is_function = line.contains("unsafe fn") || line.contains("unsafe extern");
        if !is_function && !justified(&lines, i, "SAFETY:") {
            found.push(format!("{place}: `unsafe` without a `// SAFETY:` comment above it"));
        }
        if is_function && line.contains("pub unsafe fn") && !justified(&lines, i, "# Safety") {
            found.push(format!("{place}: a public `unsafe fn` without a `# Safety` section"));
        }
    }
    found
}

/// Whether `mark` stands in line `i` or in the comments and attributes right above it, one line of code (the start of the statement) aside.
fn justified(lines: &[&str], i: usize, mark: &str) -> bool {
    let mut code_lines = 0;
    for line in lines[..=i].iter().rev() {
        if line.contains(mark) {
            return true;
        }
        let trimmed = line.trim_start();
        if !(trimmed.starts_with("//") || trimmed.starts_with("#[")) {
            code_lines += 1;
        }
        if code_lines > 2 {
            return false;
        }
    }
    false
}

#[test]
fn unsafe_stands_where_it_may_and_says_why() {
    let all = rust();
    let found: Vec<_> = all.iter().flat_map(|(path, text)| unsafe_violations(path, text)).collect();
    let is_library = |path: &str| path.starts_with("src/");
    let count = |text: &str| tokens(text).iter().filter(|token| token.text == "unsafe").count();
    let library: usize = all.iter().filter(|(path, _)| is_library(path)).map(|(_, text)| count(text)).sum();
    println!("{library} times `unsafe` in the library, each in its place and justified");
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    assert!(library > 5, "the scan misses some");

    let planted = "fn f() {\n    g();\n    h();\n    unsafe { i() }\n}\n";
    assert_eq!(unsafe_violations("src/graph/mod.rs", planted).len(), 2);
    assert_eq!(
        unsafe_violations("src/bytes/storage.rs", planted),
        ["src/bytes/storage.rs:4: `unsafe` without a `// SAFETY:` comment above it"]
    );
    let right = "fn f() {\n    // SAFETY: a reason.\n    let x = unsafe { i() };\n}\n";
    assert!(unsafe_violations("src/bytes/storage.rs", right).is_empty());
    assert!(unsafe_violations("src/graph/mod.rs", "// unsafe\nconst S: &str = \"unsafe { }\";").is_empty());
}

/// Marks of work that was not done.
fn marks(text: &str) -> Vec<usize> {
    let words = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"], ["to", "do!"], ["unimple", "mented!"], ["db", "g!"]]
        .map(|w| w.concat());
    let has = |line: &str| {
        line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '!').any(|word| words.iter().any(|w| w == word))
    };
    text.lines().enumerate().filter(|(_, line)| has(line)).map(|(i, _)| i + 1).collect()
}

#[test]
fn nothing_is_marked_as_unfinished() {
    let extensions = ["rs", "md", "py", "toml", "sh", "h", "c", "yml"];
    let all = files(root(), "", &extensions);
    let found: Vec<_> = all
        .iter()
        .flat_map(|path| marks(&read(path)).into_iter().map(move |line| format!("{}:{line}", path.display())))
        .collect();
    println!("{} files without a mark of unfinished work", all.len());
    assert!(found.is_empty(), "marks of unfinished work:\n{}", found.join("\n"));
    assert!(all.len() >= 90, "only {} files found", all.len());
    assert_eq!(marks(&["fine\n// TO", "DO: later\n    to", "do!()\n"].concat()), [2, 3]);
}

/// Absolute paths of one machine.
fn foreign_paths(text: &str) -> Vec<usize> {
    let roots =
        ["/wo", "/ho", "/ro", "/Us", "C:"].iter().zip(["rk/", "me/", "ot/", "ers/", "\\\\"]).map(|(a, b)| format!("{a}{b}"));
    let roots: Vec<String> = roots.collect();
    // `$HOME/x/` and `crate/root/` are no absolute paths: what stands before must not be part of a path.
    let starts = |line: &str, at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-$}".contains(c));
    let has = |line: &str| roots.iter().any(|root| line.match_indices(root.as_str()).any(|(at, _)| starts(line, at)));
    text.lines().enumerate().filter(|(_, line)| has(line)).map(|(i, _)| i + 1).collect()
}

#[test]
fn nothing_names_a_path_outside_of_the_project() {
    let extensions = ["rs", "md", "py", "toml", "sh", "h", "c", "json", "yml", "lock"];
    let mut all = files(root(), "", &extensions);
    all.extend([".ci/run".into()].into_iter().filter(|path: &std::path::PathBuf| root().join(path).is_file()));
    let found: Vec<_> = all
        .iter()
        .flat_map(|path| foreign_paths(&read(path)).into_iter().map(move |line| format!("{}:{line}", path.display())))
        .collect();
    println!("{} files name no path of one machine", all.len());
    assert!(found.is_empty(), "paths outside of the project:\n{}", found.join("\n"));
    assert_eq!(foreign_paths(&["a\nsee /ho", "me/me/x\n$CI/ro", "ot/y"].concat()), [2]);
    for path in all.iter().filter(|path| path.file_name().is_some_and(|name| name == "Cargo.toml")) {
        let depth = path.iter().count() - 1;
        for target in read(path).split("path = \"").skip(1).filter_map(|rest| rest.split('"').next().map(str::to_owned)) {
            let ups = target.split('/').filter(|part| *part == "..").count();
            assert!(ups <= depth && !target.starts_with('/'), "{}: {target} leaves the project", path.display());
        }
    }
}

/// The text of a module of the library, from its names.
fn module(names: &[String]) -> Option<String> {
    let path = root().join("src").join(names.join("/"));
    let files = if names.is_empty() {
        [path.join("lib.rs"), path.join("mod.rs")]
    } else {
        [path.with_extension("rs"), path.join("mod.rs")]
    };
    files.iter().find_map(|file| std::fs::read_to_string(file).ok())
}

/// The figures of the house: `cargo test -p curt --test house figures -- --nocapture` prints them.
#[test]
fn the_figures_of_the_house_are_printed() {
    let all = rust();
    let library: Vec<_> =
        all.iter().filter_map(|(path, text)| Some((path.strip_prefix("src/")?.to_owned(), text.clone()))).collect();
    let lines = |files: &[(String, String)]| median_and_greatest(files.iter().map(|(_, text)| text.lines().count()));
    let of_functions = |files: &[(String, String)]| {
        median_and_greatest(files.iter().flat_map(|(_, text)| functions(text)).map(|function| function.lines))
    };
    println!("| figure | library | all |\n|---|---|---|");
    println!("| files | {} | {} |", library.len(), all.len());
    println!("| lines of a file: median, longest | {:?} | {:?} |", lines(&library), lines(&all));
    println!("| lines of a function: median, longest | {:?} | {:?} |", of_functions(&library), of_functions(&all));
    println!("| repeated blocks (6 or more equal lines) | {} | {} |", repeats(&library).len(), repeats(&all).len());
    let modules = Modules::new(&library);
    let circles = |fronts| modules.rooms().iter().map(|room| modules.circles(room, fronts).len()).sum::<usize>();
    println!("| circles of files; of a room's front and its files | {}; {} | |", circles(false), circles(true) - circles(false));
    let items = public_items(&module);
    println!("| public items, default features | {} | |", items.len());
    assert!(items.len() > 5 && items.contains("include_model!"), "the scan misses some: {items:?}");
}

#[test]
fn planted_repeats_and_public_items_are_counted() {
    let lines = |from: usize, to: usize| (from..to).map(|i| format!("  call({i});\n")).collect::<String>();
    let file = |name: &str, text: String| (name.to_owned(), text);
    let found = repeats(&[file("a", lines(0, 9)), file("b", format!("x\n\n{}y\n", lines(2, 8)))]);
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].first, &found[0].again, found[0].lines), (&("a".to_owned(), 3), &("b".to_owned(), 3), 6));
    assert!(repeats(&[file("a", lines(0, 9)), file("b", lines(0, 5))]).is_empty());
    assert!(repeats(&[file("a", "}\n".repeat(9)), file("b", "}\n".repeat(9))]).is_empty());
    let lib = "pub mod a;\nmod b;\npub use b::{B, C};\n#[cfg(feature = \"x\")]\npub mod c;\n#[doc(hidden)]\npub fn d() {}\npub(crate) fn e() {}\n";
    let read = |names: &[String]| match names.join("::").as_str() {
        "" => Some(lib.to_owned()),
        "a" => Some("pub struct A { pub x: u8 }\nimpl A { pub fn f() {} }\npub const fn g() {}".to_owned()),
        _ => None,
    };
    assert_eq!(public_items(&read).into_iter().collect::<Vec<_>>(), ["B", "C", "a::A", "a::g"]);
}
