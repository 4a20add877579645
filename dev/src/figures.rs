//! Figures of the source: lengths of functions, public items.

use crate::source::{Token, all_tokens};
use std::collections::BTreeSet;

/// A function: its name, the line of its `fn`, and its lines to the closing brace.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub line: usize,
    /// How long it is.
    pub lines: usize,
}

/// The functions of a file that have a body, those of tests and those within others included.
pub fn functions(text: &str) -> Vec<Function> {
    let tokens = all_tokens(text);
    let is_name = |text: &str| text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let function = |i: usize| {
        let name = tokens.get(i + 1).filter(|token| tokens[i].text == "fn" && is_name(&token.text))?;
        let end = end_of_body(&tokens, i + 2)?;
        let (line, last) = (tokens[i].line, tokens[end].line);
        Some(Function { name: name.text.clone(), line, lines: last + 1 - line })
    };
    (0..tokens.len()).filter_map(function).collect()
}

/// The closing brace of the body that follows a signature; `None` where a semicolon ends it.
fn end_of_body(tokens: &[Token], from: usize) -> Option<usize> {
    let (mut depth, mut is_body) = (0usize, false);
    for (i, token) in tokens.iter().enumerate().skip(from) {
        match token.text.as_str() {
            ";" if depth == 0 => return None,
            "{" | "(" | "[" => {
                is_body |= depth == 0 && token.text == "{";
                depth += 1;
            }
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if is_body && depth == 0 {
            return Some(i);
        }
    }
    None
}

/// The median and the greatest of some lengths.
///
/// # Panics
///
/// When there are none.
pub fn median_and_greatest(lengths: impl IntoIterator<Item = usize>) -> (usize, usize) {
    let mut all: Vec<usize> = lengths.into_iter().collect();
    all.sort_unstable();
    (all[all.len() / 2], all[all.len() - 1])
}

/// The items that a user of the library can name with its default features: what is `pub` in `lib.rs` and in modules that are `pub` down
/// from it, names handed on included. Left out: what is marked `doc(hidden)` or asks for a feature. Each once, by its path.
///
/// `read` gives the text of a module from its names, the empty path for `lib.rs`.
pub fn public_items(read: &dyn Fn(&[String]) -> Option<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&[], read, &mut found);
    found
}

fn collect(module: &[String], read: &dyn Fn(&[String]) -> Option<String>, found: &mut BTreeSet<String>) {
    let Some(text) = read(module) else { return };
    let tokens = all_tokens(&text);
    let text_at = |i: usize| tokens.get(i).map_or("", |token| token.text.as_str());
    let (mut depth, mut attributes) = (0usize, String::new());
    let mut i = 0;
    while i < tokens.len() {
        match text_at(i) {
            "#" if depth == 0 => {
                let end = closing(&tokens, i + 1);
                (i..=end).for_each(|i| attributes += text_at(i));
                i = end;
            }
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            "pub" if depth == 0 && text_at(i + 1) != "(" && !is_left_out(&attributes) => {
                i = item(&tokens, i + 1, module, read, found);
                continue;
            }
            "macro_rules" if depth == 0 && attributes.contains("macro_export") => {
                found.insert(format!("{}!", text_at(i + 2)));
            }
            _ => {}
        }
        if depth == 0 && matches!(text_at(i), ";" | "}") {
            attributes.clear();
        }
        i += 1;
    }
}

fn is_left_out(attributes: &str) -> bool {
    ["doc(hidden)", "cfg(feature", "cfg(test)"].iter().any(|mark| attributes.contains(mark))
}

/// Notes the public item whose keyword is near token `i`; returns the token to go on from.
fn item(
    tokens: &[Token],
    mut i: usize,
    module: &[String],
    read: &dyn Fn(&[String]) -> Option<String>,
    found: &mut BTreeSet<String>,
) -> usize {
    let text = |i: usize| tokens.get(i).map_or("", |token| token.text.as_str());
    while matches!((text(i), text(i + 1)), ("unsafe" | "const" | "async" | "extern", "fn" | "unsafe" | "trait")) {
        i += 1;
    }
    let named = |name: &str| module.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("::");
    match text(i) {
        "use" => {
            // The last name of each path: before a comma, a brace or the semicolon.
            while !matches!(text(i), ";" | "") {
                i += 1;
                if matches!(text(i), "," | "}" | ";") && !matches!(text(i - 1), "}" | "," | "use") {
                    found.insert(named(text(i - 1)));
                }
            }
        }
        "mod" if text(i + 2) == ";" => collect(&[module, &[text(i + 1).to_owned()]].concat(), read, found),
        "mod" => {}
        _ => _ = found.insert(named(text(i + 1))),
    }
    i + 1
}

/// The token that closes the bracket at `from`.
fn closing(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate().skip(from) {
        match token.text.as_str() {
            "[" | "(" => depth += 1,
            "]" | ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && token.text == "]" {
            return i;
        }
    }
    tokens.len()
}
