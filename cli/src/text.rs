//! Numbers, encodings and networks as text.

use curt::encoding::Encoding;
use curt::inspect::Report;

/// A whole number with commas between thousands.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or("")).collect();
    groups.join(",")
}

/// Nanoseconds, with as many digits as a measurement justifies.
pub(crate) fn nanoseconds(ns: f64) -> String {
    match ns {
        ..100.0 => format!("{ns:.1} ns"),
        ..1e5 => format!("{} ns", grouped(ns.round() as u64)),
        ..1e8 => format!("{:.1} us", ns / 1e3),
        _ => format!("{:.1} ms", ns / 1e6),
    }
}

/// `n` divided by `d`, with three digits.
pub(crate) fn ratio(n: f64, d: f64) -> String {
    match n / d {
        r @ ..10.0 => format!("{r:.2}x"),
        r @ ..100.0 => format!("{r:.1}x"),
        r => format!("{r:.0}x"),
    }
}

/// An encoding with its parameter.
pub(crate) fn encoding_text(encoding: Encoding) -> String {
    match encoding {
        Encoding::FixedPoint { bits } => format!("fixed_point, {bits} bits"),
        Encoding::Codebook { levels } => format!("codebook of {levels}"),
        Encoding::SparseFixedPoint { bits } => format!("sparse_fixed_point, {bits} bits"),
        Encoding::SparseCodebook { levels } => format!("sparse_codebook of {levels}"),
        Encoding::BlockF32 { height } => format!("block_f32, {height} rows"),
        other => other.name().to_owned(),
    }
}

/// The first line about a network: its name, method and sizes.
pub(crate) fn headline(report: &Report) -> String {
    let name = report.network.as_deref().unwrap_or("a network without a name");
    let method = report.method.as_ref().map(|method| format!(" ({method})")).unwrap_or_default();
    let kept = report.kept_architecture();
    let sizes = match report.original_architecture() {
        Some(original) if original != kept => format!("{original} cut down to {kept}"),
        _ => kept,
    };
    format!("{name}{method}: {sizes}, {} outputs", report.outputs)
}

/// Parses seconds: above 0, at most an hour.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 3600.0 => Ok(seconds),
        _ => Err("a number of seconds above 0, at most 3600".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_readable() {
        assert_eq!([0, 999, 1000, 1_066_440].map(grouped), ["0", "999", "1,000", "1,066,440"]);
        assert_eq!([1.25, 1234.4, 2.5e6, 3e9].map(nanoseconds), ["1.2 ns", "1,234 ns", "2500.0 us", "3000.0 ms"]);
        assert_eq!([ratio(3.0, 2.0), ratio(50.0, 2.0), ratio(1000.0, 2.0)], ["1.50x", "25.0x", "500x"]);
    }
}
