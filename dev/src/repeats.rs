//! Repeated blocks: runs of equal lines that stand in more than one place.

use std::collections::HashMap;

/// Equal lines that make a block.
pub const BLOCK: usize = 6;

/// A run of lines that stands in an earlier place as well.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// The earlier place: a file and a line.
    pub first: (String, usize),
    /// This place.
    pub again: (String, usize),
    /// Lines, without blank ones.
    pub lines: usize,
}

/// Lines of a block that must have a letter: the end of a function and the beginning of the tests are no block.
const WORDED: usize = 5;

fn has_words(window: &[&str]) -> bool {
    window.iter().filter(|line| line.contains(char::is_alphabetic)).count() >= WORDED
}

/// Every run of [`BLOCK`] or more equal lines, as long as it is, once for each time that it stands again. Blank lines and indentation do not
/// count. `files` are paths and texts.
pub fn repeats(files: &[(String, String)]) -> Vec<Repeat> {
    let numbered = |text: &str| -> Vec<(usize, String)> {
        let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim().to_owned()));
        lines.filter(|(_, line)| !line.is_empty()).collect()
    };
    let all: Vec<Vec<(usize, String)>> = files.iter().map(|(_, text)| numbered(text)).collect();
    let line = |file: usize, at: usize| all[file].get(at).map(|(_, text)| text.as_str());
    let mut seen: HashMap<Vec<&str>, (usize, usize)> = HashMap::new();
    let mut found = Vec::new();
    for (file, lines) in all.iter().enumerate() {
        let mut covered = 0; // lines before this one are part of a repeat
        for at in 0..(lines.len() + 1).saturating_sub(BLOCK) {
            let window: Vec<&str> = lines[at..at + BLOCK].iter().map(|(_, text)| text.as_str()).collect();
            if !has_words(&window) {
                continue;
            }
            let Some(&(other, start)) = seen.get(&window) else {
                seen.insert(window, (file, at));
                continue;
            };
            // A run that overlaps itself is one run.
            if at < covered || (other == file && start + BLOCK > at) {
                continue;
            }
            let same = |i: &usize| line(other, start + i).is_some() && line(other, start + i) == line(file, at + i);
            let len = (0..).take_while(same).count();
            covered = at + len;
            let place = |file: usize, at: usize| (files[file].0.clone(), all[file][at].0);
            found.push(Repeat { first: place(other, start), again: place(file, at), lines: len });
        }
    }
    found
}
