//! Layers of random weights in every encoding.

use crate::Random;
use curt::encoding::{Encoded, Encoding, Entries, block, codebook, dense, fixed_point, sparse, ternary};

/// How wild weights and activations are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values {
    /// In [-1, 1), with zeros of both signs.
    Plain,
    /// Also subnormal and huge ones, whose sums overflow.
    Finite,
}

impl Values {
    /// One of them.
    pub fn draw(self, random: &mut Random) -> f32 {
        let plain = random.unit();
        match (self, random.below(40)) {
            (_, 0..4) => 0.0,
            (_, 4..6) => -0.0,
            (Self::Plain, _) => plain,
            (_, 6) => f32::MAX * plain,
            (_, 7) => f32::MIN_POSITIVE * plain,
            (_, 8) => f32::from_bits(1),
            _ => plain,
        }
    }
}

/// What is drawn for a layer.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// The weights of encodings of floats.
    pub values: Values,
    /// Zeros of a sparse layer, in percent; of a block layer, blocks of zeros.
    pub zeros: usize,
    /// Whether a sparse layer has the number of units with the fewest bytes; otherwise any that the format has.
    pub best_units: bool,
}

impl Draw {
    /// Any layer of these values.
    pub fn any(values: Values, random: &mut Random) -> Self {
        Self { values, zeros: [0, 50, 90, 99, 100][random.below(5)], best_units: random.below(4) == 0 }
    }

    /// A layer like those of trained networks.
    pub const USUAL: Self = Self { values: Values::Plain, zeros: 90, best_units: true };

    /// Encodes a layer of random weights.
    pub fn layer(self, encoding: Encoding, rows: usize, cols: usize, random: &mut Random) -> Encoded {
        let n = rows * cols;
        match encoding {
            Encoding::DenseF32 => dense::encode_f32(rows, cols, &self.floats(n, random)),
            Encoding::DenseF16 => dense::encode_f16(rows, cols, &self.floats(n, random)),
            Encoding::FixedPoint { bits } => {
                let integers: Vec<_> = (0..n).map(|_| integer(bits, random)).collect();
                fixed_point::encode(rows, cols, bits, 0.01 + random.unit().abs(), &integers)
            }
            Encoding::Ternary => {
                let kind = random.below(4); // both levels, or one of them
                let (least, most) = (-i8::from(kind != 1), i8::from(kind != 2));
                let signs: Vec<_> = (0..n).map(|_| (random.below(3) as i8 - 1).clamp(least, most)).collect();
                ternary::encode(rows, cols, -0.1 - random.unit().abs(), 0.1 + random.unit().abs(), &signs)
            }
            Encoding::Codebook { levels: k } => {
                let levels: Vec<_> = (0..k).map(|i| i as f32 - k as f32 / 3.0 + 0.4 * random.unit()).collect();
                codebook::encode(rows, cols, &levels, &(0..n).map(|_| random.below(k) as u8).collect::<Vec<_>>())
            }
            Encoding::BlockF32 { height } => {
                let kept: Vec<bool> = (0..rows.div_ceil(height) * cols).map(|_| !random.is_below(self.zeros)).collect();
                let is_kept = |i: usize| kept[i / cols / height * cols + i % cols];
                let weights: Vec<_> = (0..n).map(|i| if is_kept(i) { self.values.draw(random) } else { 0.0 }).collect();
                block::encode(height, &Entries::of_floats(rows, cols, &weights))
            }
            _ => self.sparse(encoding, rows, cols, random),
        }
    }

    fn floats(self, n: usize, random: &mut Random) -> Vec<f32> {
        (0..n).map(|_| self.values.draw(random)).collect()
    }

    fn sparse(self, encoding: Encoding, rows: usize, cols: usize, random: &mut Random) -> Encoded {
        let (n, zeros) = (rows * cols, self.zeros);
        let (entries, levels) = match encoding {
            Encoding::SparseFixedPoint { bits } => {
                let mut weight = || if random.is_below(zeros) { 0 } else { integer(bits, random) };
                (Entries::of_integers(rows, cols, &(0..n).map(|_| weight()).collect::<Vec<_>>()), vec![0.25])
            }
            Encoding::SparseCodebook { levels: k } => {
                let mut index = || if random.is_below(zeros) { 0 } else { 1 + random.below(k) as u8 };
                let entries = Entries::of_indices(rows, cols, &(0..n).map(|_| index()).collect::<Vec<_>>());
                (entries, (0..k).map(|i| i as f32 - k as f32 / 3.0 + 0.1).collect())
            }
            _ => {
                let mut weight = || if random.is_below(zeros) { 0.0 } else { self.values.draw(random) };
                (Entries::of_floats(rows, cols, &(0..n).map(|_| weight()).collect::<Vec<_>>()), vec![])
            }
        };
        let layout = encoding.slots().expect("a sparse encoding");
        let best = entries.best_pattern(layout).units;
        let units = if self.best_units { best } else { [0, 1, random.below(layout.most_units() + 1)][random.below(3)] };
        sparse::encode(encoding, &levels, units, &entries)
    }
}

/// An integer of a fixed-point encoding of `bits` bits.
fn integer(bits: u32, random: &mut Random) -> i8 {
    let greatest = fixed_point::greatest(bits);
    (random.below(2 * greatest as usize + 1) as i32 - greatest) as i8
}
