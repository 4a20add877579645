//! Codes for people.

use super::candidate::Candidate;
use super::code::{Code, Fit};
use crate::table::Table;
use crate::text::grouped;

/// Characters of the longest bar.
const BAR: f64 = 32.0;

/// Bits as a whole number.
pub(crate) fn bits_text(bits: f64) -> String {
    format!("{}{}", if bits < -0.5 { "-" } else { "" }, grouped(bits.abs().round() as u64))
}

/// The bits of the data; a code that is infinite names its sample.
pub(crate) fn label_bits_text(code: &Code) -> String {
    match (code.label_bits(), code.infinite_at()) {
        (Some((bits, _)), _) => bits_text(bits),
        (None, Some(at)) => format!("infinite (sample {at})"),
        (None, None) => "-".to_owned(),
    }
}

/// The codes, a line each. A bar has a `#` for each part of the file and a `+` for each of the data.
pub(crate) fn table(candidates: &[Candidate], what: &str, samples: usize) -> Table {
    let by_labels = candidates.iter().any(|candidate| matches!(candidate.code.fit, Fit::Labels { .. }));
    let fit = if by_labels { "errors" } else { "mean square" };
    let mut table = Table::new(&[
        "<model",
        "file bits",
        &format!("bits of {what}"),
        "sum",
        "per sample",
        "of uniform",
        fit,
        "<file #, data +",
    ]);
    let longest = candidates.iter().filter_map(|candidate| candidate.code.total_bits()).fold(0.0, f64::max);
    for Candidate { name, code, .. } in candidates {
        let dash = || "-".to_owned();
        let (of_uniform, fit) = match code.fit {
            Fit::Labels { errors, uniform_bits, .. } => {
                let share = code.total_bits().map(|bits| format!("{:.1} %", 100.0 * bits / uniform_bits));
                (share.unwrap_or_else(dash), grouped(errors as u64))
            }
            Fit::Targets { mean_square, .. } => (dash(), format!("{mean_square:.6}")),
        };
        table.row([
            name.clone(),
            grouped(code.file_bits()),
            label_bits_text(code),
            code.total_bits().map_or_else(dash, bits_text),
            code.label_bits().map_or_else(dash, |(bits, _)| format!("{:.4}", bits / samples as f64)),
            of_uniform,
            fit,
            bar(code, longest),
        ]);
    }
    table
}

fn bar(code: &Code, longest: f64) -> String {
    let part = |bits: f64| (BAR * bits.max(0.0) / longest).round() as usize; // of a longest of 0 there is none
    let data = code.label_bits().map_or(0.0, |(bits, _)| bits);
    if longest > 0.0 && code.total_bits().is_some() {
        return "#".repeat(part(code.file_bits() as f64)) + &"+".repeat(part(data));
    }
    String::new()
}

/// What the figures are, below the table.
pub(crate) fn notes(candidates: &[Candidate], is_held_out: bool) -> String {
    let mut notes = String::new();
    let packed = candidates.iter().filter(|candidate| candidate.is_packed_here()).count();
    if packed > 0 {
        notes += &format!("{packed} of {} files packed and stripped in memory: the bits are of those\n", candidates.len());
    }
    if let Some(Fit::Labels { uniform_bits, .. }) = candidates.first().map(|candidate| &candidate.code.fit) {
        notes += &format!("a uniform code of the labels has {} bits\n", bits_text(*uniform_bits));
    }
    for Candidate { name, code, .. } in candidates {
        if let Fit::Targets { variance, is_learned, .. } = code.fit {
            let learned = if is_learned { ", learned: 32 bits of the sum" } else { "" };
            notes += &format!("{name}: variance {variance:e}{learned}\n");
        }
    }
    if is_held_out {
        notes += "the samples are said to be held out: the sum is no code of what the networks were trained on\n";
    }
    notes
}
