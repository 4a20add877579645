//! The expected bits of an adaptive coder for the integers of a layer, and their gradient.
//!
//! Each integer costs a flag (zero or not). A nonzero integer also costs a sign and a magnitude. The probability of the flag is a logistic mix of
//! densities, like the context mixing of the packed profile. These are the densities of the layer, of the weight's input, of its output and, if
//! the inputs are pixels, of their neighbours. Signs cost one bit; magnitudes have a geometric distribution.

/// Magnitudes above this cost no more in the estimate.
const LARGEST: f64 = 12.0;
/// The least distance of a probability from 0 and from 1.
const MARGIN: f64 = 1e-4;

/// The places of a layer's columns among the pixels of an image.
#[derive(Clone, Copy, Debug)]
pub struct Pixels<'a> {
    pub height: usize,
    pub width: usize,
    /// The pixel of each column.
    pub positions: &'a [usize],
}

/// The estimate for one array.
#[derive(Clone, Debug)]
pub struct Bits {
    /// Bits of the rounded values.
    pub total: f64,
    /// The derivative of the bits with respect to each value.
    pub slope: Vec<f32>,
}

/// Estimates the bits of an `[outputs, columns]` array of values when they are rounded to integers.
pub fn of_weights(values: &[f32], outputs: usize, pixels: Option<Pixels<'_>>) -> Bits {
    let columns = values.len() / outputs.max(1);
    let kept: Vec<bool> = values.iter().map(|value| value.round() != 0.0).collect();
    let count = kept.iter().filter(|&&kept| kept).count() as f64;
    let density = clip((count + 1.0) / (values.len() as f64 + 2.0));
    let magnitudes = values.iter().map(|value| f64::from(value.round().abs()).min(LARGEST)).sum::<f64>();
    let excess = (magnitudes - count) / (count + 1.0) + 0.15;
    let more = excess / (1.0 + excess);
    let (sign_and_first, step) = (1.0 - (1.0 - more).log2(), -more.log2());

    let flags = Flags::new(&kept, outputs, columns, density, pixels);
    let mut bits = Bits { total: 0.0, slope: Vec::with_capacity(values.len()) };
    for (output, row) in values.chunks_exact(columns.max(1)).enumerate() {
        for (column, &value) in row.iter().enumerate() {
            let probability = flags.probability(output, column);
            let magnitude = f64::from(value.round().abs()).min(LARGEST);
            bits.total += match magnitude {
                0.0 => -(1.0 - probability).log2(),
                _ => -probability.log2() + sign_and_first + step * (magnitude - 1.0),
            };
            let likely = probability.min(0.5);
            let slope = match value.abs() {
                small if small < 1.0 => (1.0 - likely).log2() - likely.log2() + sign_and_first,
                _ => step.max(0.5),
            };
            bits.slope.push(slope.copysign(f64::from(value)) as f32 * f32::from(value != 0.0));
        }
    }
    bits
}

/// Estimates the bits of biases, given in steps: a constant, and two bits for each doubling.
pub fn of_biases(values: &[f32]) -> Bits {
    let total = values.iter().map(|value| 1.5 + 2.0 * (1.0 + f64::from(value.round().abs())).log2()).sum();
    let slope = |value: f32| 2.0 / std::f32::consts::LN_2 / (1.0 + value.abs());
    let slope = values.iter().map(|&value| slope(value).copysign(value) * f32::from(value != 0.0)).collect();
    Bits { total, slope }
}

/// The probability that a value is not zero.
struct Flags<'a> {
    density: f64,
    /// The log-odds of each output's and of each column's density, relative to the layer's.
    of_output: Vec<f64>,
    of_column: Vec<f64>,
    neighbours: Option<Neighbours<'a>>,
}

impl<'a> Flags<'a> {
    fn new(kept: &[bool], outputs: usize, columns: usize, density: f64, pixels: Option<Pixels<'a>>) -> Self {
        let mut in_column = vec![0.0; columns];
        let mut in_output = vec![0.0; outputs];
        for (index, _) in kept.iter().enumerate().filter(|&(_, &kept)| kept) {
            in_output[index / columns] += 1.0;
            in_column[index % columns] += 1.0;
        }
        let base = log_odds(density);
        let evidence = |count: f64, among: f64| log_odds(clip((count + 3.0 * density) / (among + 3.0))) - base;
        let (by_output, by_column) = if pixels.is_some() { (0.6, 0.8) } else { (1.0, 1.0) };
        let of_output = in_output.iter().map(|&count| by_output * evidence(count, columns as f64)).collect();
        let among = outputs as f64;
        let of_column = match pixels {
            None => in_column.iter().map(|&count| by_column * evidence(count, among)).collect(),
            Some(pixels) => {
                let around = pixels.sums_around(&in_column);
                let mixed = in_column.iter().zip(around);
                mixed.map(|(&own, around)| by_column * evidence(0.5 * (own + around / 9.0), among)).collect()
            }
        };
        let neighbours = pixels.map(|pixels| Neighbours::new(kept, pixels, density));
        Self { density, of_output, of_column, neighbours }
    }

    fn probability(&self, output: usize, column: usize) -> f64 {
        let mut odds = log_odds(self.density) + self.of_output[output] + self.of_column[column];
        if let Some(neighbours) = &self.neighbours {
            odds += neighbours.evidence(output, column);
        }
        clip(0.8 / (1.0 + (-odds).exp()) + 0.2 * self.density)
    }
}

/// For each pixel, how many of its eight neighbours have a nonzero weight to the same output.
struct Neighbours<'a> {
    pixels: Pixels<'a>,
    counts: Vec<u8>,
    evidence: [f64; 9],
}

impl<'a> Neighbours<'a> {
    fn new(kept: &[bool], pixels: Pixels<'a>, density: f64) -> Self {
        let columns = pixels.positions.len();
        let stride = pixels.width + 2;
        let mut counts = Vec::with_capacity(kept.len());
        let mut grid = vec![0_u8; stride * (pixels.height + 2)];
        let places: Vec<usize> = pixels.positions.iter().map(|&position| pixels.padded(position)).collect();
        for row in kept.chunks_exact(columns.max(1)) {
            for (&place, &kept) in places.iter().zip(row) {
                grid[place] = u8::from(kept);
            }
            counts.extend(places.iter().map(|&place| {
                let lines = [place - stride, place, place + stride];
                lines.iter().map(|&line| grid[line - 1] + grid[line] + grid[line + 1]).sum::<u8>() - grid[place]
            }));
        }
        let base = log_odds(density);
        let evidence = |count: usize| 0.4 * (log_odds(clip((count as f64 + 3.0 * density) / 11.0)) - base);
        Self { pixels, counts, evidence: std::array::from_fn(evidence) }
    }

    fn evidence(&self, output: usize, column: usize) -> f64 {
        self.evidence[usize::from(self.counts[output * self.pixels.positions.len() + column])]
    }
}

impl Pixels<'_> {
    /// The place of a pixel in an image with a border of one.
    fn padded(&self, position: usize) -> usize {
        (position / self.width + 1) * (self.width + 2) + position % self.width + 1
    }

    /// For each column, the sum of its figure and those of its eight neighbours. A pixel without a column counts as 0.
    fn sums_around(&self, figures: &[f64]) -> Vec<f64> {
        let stride = self.width + 2;
        let mut grid = vec![0.0; stride * (self.height + 2)];
        for (&position, &figure) in self.positions.iter().zip(figures) {
            grid[self.padded(position)] = figure;
        }
        let around = |place: usize| {
            let lines = [place - stride, place, place + stride];
            lines.iter().map(|&line| grid[line - 1] + grid[line] + grid[line + 1]).sum()
        };
        self.positions.iter().map(|&position| around(self.padded(position))).collect()
    }
}

fn log_odds(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

fn clip(probability: f64) -> f64 {
    probability.clamp(MARGIN, 1.0 - MARGIN)
}
