//! Encodings by name, as on a command line.

use super::options::CompressOptions;
use crate::base::error::Result;
use crate::encoding::Encoding;

/// The encodings that a label stands for. `fixed_point` and `codebook` without a parameter stand for all sizes that are tried by default.
///
/// # Errors
///
/// `input` when the label names no encoding.
pub fn parse_encodings(label: &str) -> Result<Vec<Encoding>> {
    let all = CompressOptions::new().encodings;
    let named: Vec<Encoding> = all.iter().copied().filter(|encoding| encoding.name() == label).collect();
    if !named.is_empty() {
        return Ok(named);
    }
    Ok(vec![label.parse()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::ErrorKind;

    #[test]
    fn a_name_without_a_parameter_means_all_that_are_tried() {
        assert_eq!(parse_encodings("fixed_point").unwrap().len(), 7);
        assert_eq!(parse_encodings("codebook:3").unwrap(), [Encoding::Codebook { levels: 3 }]);
        assert_eq!(parse_encodings("codebook:1").unwrap_err().kind(), ErrorKind::Input);
    }
}
