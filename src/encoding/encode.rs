//! Encodes the codes of a layer as its array, for every encoding.

use super::codes::Codes;
use super::encoded::Encoded;
use super::id::Encoding;
use super::layout::Layout;
use super::values::Values;
use super::words::{codebook, fixed_point, ternary};
use super::{block, dense, sparse};
use half::f16;

/// Encodes a layer.
///
/// For a sparse layer, `units` is the number of elements that each row has in a column tile; `None` takes the number that needs the fewest
/// bytes. The other layouts ignore it. A ternary level that no weight uses is stored as zero.
///
/// # Panics
/// When the number of levels is not that of the encoding, or when a code does not belong to the encoding.
#[must_use]
pub fn encode(encoding: Encoding, levels: &[f32], units: Option<usize>, codes: Codes) -> Encoded {
    assert_eq!(levels.len(), encoding.level_count(), "levels of {encoding}");
    match encoding.layout() {
        Layout::Dense | Layout::Words(_) => every_weight(encoding, levels, codes),
        Layout::Slots(layout) => {
            let entries = codes.into_entries();
            let units = units.unwrap_or_else(|| entries.best_pattern(layout).units);
            sparse::encode(encoding, levels, units, &entries)
        }
        Layout::Blocks { height } => block::encode(height, &codes.into_entries()),
    }
}

/// Encodes row-major weights, each of which has a code. An encoding of floats rounds a weight to the nearest float.
///
/// # Panics
/// When the matrix has another size, or a weight has no code.
#[must_use]
pub fn encode_weights(encoding: Encoding, levels: &[f32], shape: [usize; 2], weights: &[f32]) -> Encoded {
    encode(encoding, levels, None, Codes::of_weights(encoding, levels, shape, weights))
}

/// Encodes a layer in a layout that stores every weight.
fn every_weight(encoding: Encoding, levels: &[f32], codes: Codes) -> Encoded {
    let [rows, cols] = codes.shape();
    let codes = codes.into_matrix();
    let level = |i: usize| levels.get(i).copied().expect("invariant: as many levels as the encoding has");
    match encoding.values() {
        Values::F32 => dense::encode_f32(rows, cols, &each(&codes, f32::from_bits)),
        Values::F16 => dense::encode_f16(rows, cols, &each(&codes, half)),
        Values::FixedPoint { bits } => {
            let integer = |code: u32| i8::try_from(code.cast_signed()).expect("invariant: an integer of at most 8 bits");
            fixed_point::encode(rows, cols, bits, level(0), &each(&codes, integer))
        }
        Values::Ternary => ternary::encode(rows, cols, level(0), level(1), &each(&codes, sign)),
        Values::Codebook { .. } => {
            let index = |code| u8::try_from(code).expect("invariant: an index of at most 8 bits");
            codebook::encode(rows, cols, levels, &each(&codes, index))
        }
    }
}

fn each<T>(codes: &[u32], value: impl Fn(u32) -> T) -> Vec<T> {
    codes.iter().map(|&code| value(code)).collect()
}

fn half(code: u32) -> f32 {
    f16::from_bits(u16::try_from(code).expect("invariant: a code of 16 bits")).to_f32()
}

fn sign(digit: u32) -> i8 {
    match digit {
        0 => 0,
        1 => 1,
        2 => -1,
        other => panic!("{other} is no ternary digit"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::align::AlignedVec;
    use crate::encoding::Weights;

    /// Levels for an encoding, and the weights that its codes stand for.
    #[allow(clippy::as_conversions, clippy::arithmetic_side_effects)] // small numbers
    fn levels(encoding: Encoding) -> (Vec<f32>, Vec<f32>) {
        let count = encoding.level_count();
        let codebook: Vec<f32> = (0..count).map(|i| i as f32 - count as f32 / 2.0 + 0.25).collect();
        match encoding.values() {
            Values::F32 | Values::F16 => (vec![], vec![-3.5, 0.25, 7.0, -0.125, 1024.0]),
            Values::FixedPoint { .. } => (vec![0.25], vec![-3.75, 0.25, 3.75, -1.0]),
            Values::Ternary => (vec![-0.5, 2.0], vec![2.0, -0.5]),
            Values::Codebook { .. } => (codebook.clone(), codebook),
        }
    }

    #[test]
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // by remainders
    fn every_encoding_gives_its_weights_back_and_is_encoded_again_to_the_same_array() {
        for (encoding, [rows, cols]) in Encoding::ALL.into_iter().flat_map(|e| [(e, [17, 70]), (e, [1, 33]), (e, [0, 5])]) {
            let (levels, values) = levels(encoding);
            let holds_zero = !matches!(encoding, Encoding::Codebook { .. });
            let weight = |i: usize| if holds_zero && i.is_multiple_of(3) { 0.0 } else { values[i / 2 % values.len()] };
            let weights: Vec<f32> = (0..rows * cols).map(weight).collect();
            let encoded = encode_weights(encoding, &levels, [rows, cols], &weights);
            assert_eq!(encoded.decode().unwrap(), weights, "{encoding} {rows} x {cols}");
            let mut bytes = AlignedVec::zeroed(encoded.bytes.len()).unwrap();
            bytes.copy_from_slice(&encoded.bytes);
            let lookup = encoded.lookup();
            let view = Weights::new(rows, cols, &bytes, &lookup).unwrap();
            if rows > 0 {
                view.check(0).unwrap();
            }
            assert_eq!(encode(encoding, &encoded.levels, Some(encoded.pattern.units), view.codes()), encoded);
        }
    }
}
