//! Rust source as the tests of the house rules see it: text without comments and strings, tokens, the paths that it names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A token and the line it stands in, counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// An identifier, `::`, or one character.
    pub text: String,
    /// The line.
    pub line: usize,
}

/// A path that starts at the root of the crate: the names after `crate`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The names, `*` for all.
    pub names: Vec<String>,
    /// The line.
    pub line: usize,
    /// Where the path stands.
    pub place: Place,
}

/// Where a path stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// In code.
    Path,
    /// In a `use`.
    Use,
    /// In a `use` that hands the name on: `pub use`, `pub(crate) use`.
    PublicUse,
}

/// Files below `folder` with one of `extensions`, sorted, as paths relative to `root`. Folders of build output and hidden ones are left
/// out, but for `.ci`.
pub fn files(root: &Path, folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let skipped = ["target", "data", "runs", "corpus", "artifacts", "__pycache__"].contains(&name.as_str());
            if path.is_dir() && !skipped && (!name.starts_with('.') || name == ".ci") {
                folders.push(path);
            } else if path.is_file() && path.extension().is_some_and(|e| extensions.iter().any(|&x| e == x)) {
                found.push(path.strip_prefix(root).expect("a path below the root").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The text with comments, strings and characters replaced by spaces; lines stay where they are.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut i = 0;
    while i < bytes.len() {
        let end = match literal(bytes, i) {
            Some(end) => end,
            None if is_word(bytes[i]) => {
                // A word is passed as a whole: the `r` of `for"` starts no raw string.
                i += bytes[i..].iter().take_while(|&&b| is_word(b)).count();
                continue;
            }
            None => {
                i += 1;
                continue;
            }
        };
        out[i..end].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
        i = end;
    }
    String::from_utf8(out).expect("only whole literals are replaced")
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Where the comment, string or character that starts at `i` ends.
fn literal(bytes: &[u8], i: usize) -> Option<usize> {
    let rest = &bytes[i..];
    let find = |needle: &[u8], from: usize| rest[from..].windows(needle.len()).position(|w| w == needle).map(|at| i + from + at);
    if rest.starts_with(b"//") {
        return Some(find(b"\n", 0).unwrap_or(bytes.len()));
    }
    if rest.starts_with(b"/*") {
        let (mut depth, mut at) = (0, i);
        while at < bytes.len() {
            match &bytes[at..(at + 2).min(bytes.len())] {
                b"/*" => (depth, at) = (depth + 1, at + 2),
                b"*/" => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
            if depth == 0 {
                return Some(at);
            }
        }
        return Some(bytes.len());
    }
    let prefix = rest.iter().take_while(|b| b"brc".contains(b)).count().min(2);
    let hashes = rest[prefix..].iter().take_while(|&&b| b == b'#').count();
    if rest[..prefix].contains(&b'r') && rest.get(prefix + hashes) == Some(&b'"') {
        let end = [&b"\""[..], &b"#".repeat(hashes)].concat();
        return Some(find(&end, prefix + hashes + 1).map_or(bytes.len(), |at| at + end.len()));
    }
    if rest.get(prefix) == Some(&b'"') {
        return Some(i + prefix + 1 + quoted(&rest[prefix + 1..], b'"'));
    }
    // A character, not a lifetime: it ends with a quote after one character or an escape.
    let after = rest.strip_prefix(b"b").unwrap_or(rest).strip_prefix(b"'")?;
    let skipped = rest.len() - after.len();
    let width = match after.first()? {
        b'\\' => return Some(i + skipped + quoted(after, b'\'')),
        0xF0.. => 4,
        0xE0.. => 3,
        0x80.. => 2,
        _ => 1,
    };
    (after.get(width) == Some(&b'\'')).then_some(i + skipped + width + 1)
}

/// Bytes up to and including the closing quote.
fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut i = 0;
    while i < bytes.len() && bytes[i] != quote {
        i += if bytes[i] == b'\\' { 2 } else { 1 };
    }
    (i + 1).min(bytes.len())
}

/// The tokens of [`code`].
pub fn all_tokens(text: &str) -> Vec<Token> {
    let mut all: Vec<Token> = Vec::new();
    for (line, text) in code(text).lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.len() - rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len();
            let len = if word > 0 {
                word
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            all.push(Token { text: rest[..len].to_owned(), line: line + 1 });
            rest = rest[len..].trim_start();
        }
    }
    all
}

/// The same, without the items that are compiled for tests only.
pub fn tokens(text: &str) -> Vec<Token> {
    let all = all_tokens(text);
    let mut kept = Vec::new();
    let mut i = 0;
    while i < all.len() {
        let marker = ["#", "[", "cfg", "(", "test", ")", "]"];
        if all[i..].iter().map(|token| token.text.as_str()).take(marker.len()).eq(marker) {
            i = end_of_item(&all, i + marker.len());
        } else {
            kept.push(all[i].clone());
            i += 1;
        }
    }
    kept
}

/// The token after the item that starts at `from`: past its braces, or past a semicolon outside of any bracket.
fn end_of_item(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate().skip(from) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(token.text.as_str(), "}" | ";") {
            return i + 1;
        }
    }
    tokens.len()
}

/// Every path from the crate's root that the file `path` (relative to `src`) names outside of tests: `crate::a::b`, groups of them, and
/// `super::...` that climbs to the root.
pub fn references(path: &Path, text: &str) -> Vec<Reference> {
    references_within(path, text, &BTreeSet::new())
}

/// The same, and paths that start with one of `children`, modules of this file: `child::a`, `self::child::a`.
pub fn references_within(path: &Path, text: &str, children: &BTreeSet<&str>) -> Vec<Reference> {
    let tokens = tokens(text);
    let mut module: Vec<String> = path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    let base = module.len();
    let mut inline: Vec<usize> = Vec::new(); // the depths at which inline modules opened
    let mut depth = 0;
    let mut found = Vec::new();
    let mut place = Place::Path;
    let mut i = 0;
    let text = |i: usize| tokens.get(i).map_or("", |token| token.text.as_str());
    while i < tokens.len() {
        match text(i) {
            "mod" if text(i + 2) == "{" => {
                module.push(text(i + 1).to_owned());
                inline.push(depth);
                (depth, i) = (depth + 1, i + 3);
                continue;
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if inline.last() == Some(&depth) {
                    inline.pop();
                    module.pop();
                }
            }
            "use" => {
                let public = i > 0 && matches!(text(i - 1), "pub" | ")");
                place = if public { Place::PublicUse } else { Place::Use };
            }
            ";" => place = Place::Path,
            "crate" if text(i + 1) == "::" => {
                i = tree(&tokens, i + 2, &[], place, &mut found);
                continue;
            }
            child if children.contains(child) && module.len() == base && starts_path(&tokens, i) => {
                i = tree(&tokens, i, &module, place, &mut found);
                continue;
            }
            "super" if text(i + 1) == "::" => {
                let mut ups = 0;
                while text(i) == "super" && text(i + 1) == "::" {
                    (ups, i) = (ups + 1, i + 2);
                }
                let root = module.len().saturating_sub(ups);
                i = tree(&tokens, i, &module[..root], place, &mut found);
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    debug_assert!(module.len() == base, "braces of {} do not match", path.display());
    found
}

/// Whether a path starts at token `i`, or after `self::` before it.
fn starts_path(tokens: &[Token], i: usize) -> bool {
    let text = |i: usize| tokens.get(i).map_or("", |token| token.text.as_str());
    text(i + 1) == "::" && (i == 0 || text(i - 1) != "::" || (i > 1 && text(i - 2) == "self"))
}

/// Reads a path or a group of paths from token `i`; `prefix` stands before it. Returns the token after it.
fn tree(tokens: &[Token], mut i: usize, prefix: &[String], place: Place, found: &mut Vec<Reference>) -> usize {
    let mut names = prefix.to_vec();
    let Some(line) = tokens.get(i).map(|token| token.line) else { return i };
    while let Some(token) = tokens.get(i) {
        if token.text == "{" {
            i += 1;
            while tokens.get(i).is_some_and(|token| token.text != "}") {
                let before = i;
                i = tree(tokens, i, &names, place, found);
                i = i.max(before + 1);
                while tokens.get(i).is_some_and(|token| token.text == ",") {
                    i += 1;
                }
            }
            return i + 1;
        }
        names.push(token.text.clone());
        i += 1;
        if tokens.get(i).is_none_or(|token| token.text != "::") {
            break;
        }
        i += 1;
        if tokens.get(i).is_some_and(|token| token.text == "<") {
            break; // generic arguments: the path has ended
        }
    }
    if tokens.get(i).is_some_and(|token| token.text == "as") {
        i += 2;
    }
    found.push(Reference { names, line, place });
    i
}
