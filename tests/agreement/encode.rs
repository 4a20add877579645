//! Random weights in every encoding.

use curt::encoding::{Encoded, Encoding, Entries, block, codebook, dense, fixed_point, sparse, ternary};

/// Encodes kept weights, and decodes them again.
pub(crate) fn encode(encoding: Encoding, rows: usize, cols: usize, weights: &[f64]) -> (Encoded, Vec<f64>) {
    let floats: Vec<f32> = weights.iter().map(|&w| w as f32).collect();
    let greatest = weights.iter().fold(1e-3, |m: f64, w| m.max(w.abs()));
    let encoded = match encoding {
        Encoding::DenseF32 => dense::encode_f32(rows, cols, &floats),
        Encoding::DenseF16 => dense::encode_f16(rows, cols, &floats),
        Encoding::FixedPoint { bits } | Encoding::SparseFixedPoint { bits } => {
            let step = (greatest / f64::from(fixed_point::greatest(bits))) as f32;
            let integers: Vec<i8> = weights.iter().map(|w| (w / f64::from(step)).round() as i8).collect();
            if let Encoding::FixedPoint { .. } = encoding {
                fixed_point::encode(rows, cols, bits, step, &integers)
            } else {
                scattered(encoding, &[step], &Entries::of_integers(rows, cols, &integers))
            }
        }
        Encoding::SparseF32 => scattered(encoding, &[], &Entries::of_floats(rows, cols, &large(&floats))),
        Encoding::BlockF32 { height } => block::encode(height, &Entries::of_floats(rows, cols, &large(&floats))),
        Encoding::Ternary => {
            let level = (greatest / 2.0) as f32;
            let sign = |w: &f64| if w.abs() < f64::from(level) / 2.0 { 0 } else { w.signum() as i8 };
            ternary::encode(rows, cols, -level, level, &weights.iter().map(sign).collect::<Vec<_>>())
        }
        Encoding::Codebook { levels } | Encoding::SparseCodebook { levels } => {
            // Levels evenly spread, those that no weight uses left out: the format refuses them.
            let nearest = |w: f64| ((w / greatest + 1.0) / 2.0 * (levels - 1) as f64).round() as usize;
            let mut used: Vec<usize> = weights.iter().map(|&w| nearest(w)).collect();
            used.sort_unstable();
            used.dedup();
            let value = |&k: &usize| ((k as f64 / (levels - 1) as f64 * 2.0 - 1.0) * greatest) as f32 + 0.0;
            let index = |w: &f64| used.binary_search(&nearest(*w)).unwrap() as u8;
            let indices: Vec<u8> = weights.iter().map(index).collect();
            let mut levels: Vec<f32> = used.iter().map(value).collect();
            if let Encoding::Codebook { .. } = encoding {
                return decoded(codebook::encode(rows, cols, &levels, &indices));
            }
            // The level in the middle is zero: no entry.
            let zero = levels.iter().position(|&level| level == 0.0);
            let index = |i: usize| match zero {
                Some(zero) if i == zero => 0,
                Some(zero) if i > zero => i,
                _ => i + 1,
            };
            let indices: Vec<u8> = indices.iter().map(|&i| index(usize::from(i)) as u8).collect();
            levels.retain(|&level| level != 0.0);
            let encoding = Encoding::SparseCodebook { levels: levels.len() };
            scattered(encoding, &levels, &Entries::of_indices(rows, cols, &indices))
        }
    };
    decoded(encoded)
}

/// The half of the weights of greatest magnitude; zeros for the others.
fn large(weights: &[f32]) -> Vec<f32> {
    let mut magnitudes: Vec<f32> = weights.iter().map(|w| w.abs()).collect();
    magnitudes.sort_by(f32::total_cmp);
    let median = magnitudes[magnitudes.len() / 2];
    weights.iter().map(|&w| if w.abs() >= median { w } else { 0.0 }).collect()
}

/// With a residue, as one unit less than the best has.
fn scattered(encoding: Encoding, levels: &[f32], entries: &Entries) -> Encoded {
    let best = entries.best_pattern(encoding.slots().unwrap());
    sparse::encode(encoding, levels, best.units.saturating_sub(1), entries)
}

fn decoded(encoded: Encoded) -> (Encoded, Vec<f64>) {
    let decoded = encoded.decode().unwrap().into_iter().map(f64::from).collect();
    (encoded, decoded)
}
