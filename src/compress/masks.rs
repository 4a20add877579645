//! What pruning removes physically: units that nothing reads, and units whose value is a constant.
//!
//! With a pruned weight stored as zero, two facts shrink a chain of layers without changing its result:
//! 1. a hidden unit (or an input) whose weights in the next layer are all zero is not needed;
//! 2. a hidden unit whose own weights are all zero has the constant value `act(bias)`: the next layer's biases take it up.
//!
//! One pass backward for the first and one forward for the second is enough: the first removes whole columns, the second removes rows
//! that are zero, which leaves no column any poorer.

use super::network::{Gap, Layer};
use crate::tensor::Mask;

/// What is left of a layer.
#[derive(Clone, Debug)]
pub(super) struct Compact {
    /// Outputs kept of the original ones.
    pub(super) rows: Mask,
    /// Inputs kept of the original ones.
    pub(super) cols: Mask,
    /// The weights kept, row-major.
    pub(super) weights: Vec<f32>,
    /// The biases of the outputs kept, constants folded in.
    pub(super) bias: Vec<f64>,
}

/// Removes what rule 1 and rule 2 allow. `gaps[l]` stands before layer `l`; across a gap that mixes units nothing is removed.
pub(super) fn compact(layers: &[Layer], gaps: &[Gap]) -> Vec<Compact> {
    let (mut rows, mut cols) = backward(layers, gaps);
    let biases = forward(layers, gaps, &mut rows, &mut cols);
    let kept = layers.iter().zip(rows).zip(cols).zip(biases);
    kept.map(|(((layer, rows), cols), bias)| {
        let (rows, cols) = (Mask::new(rows), Mask::new(cols));
        let weights = select(&layer.weights, &rows, &cols);
        Compact { weights, bias: rows.indices().map(|row| bias[row]).collect(), rows, cols }
    })
    .collect()
}

/// The members of a row-major matrix that two masks keep.
pub(super) fn select<T: Copy>(matrix: &[T], rows: &Mask, cols: &Mask) -> Vec<T> {
    let cols_kept: Vec<usize> = cols.indices().collect();
    let row = |row: usize| &matrix[row * cols.len()..][..cols.len()];
    rows.indices().flat_map(|r| cols_kept.iter().map(move |&c| row(r)[c])).collect()
}

type Flags = Vec<Vec<bool>>;

/// Rule 1, from the last layer: which outputs are read, and which inputs have a weight to a read output.
fn backward(layers: &[Layer], gaps: &[Gap]) -> (Flags, Flags) {
    let (mut rows, mut cols): (Flags, Flags) = (Vec::new(), Vec::new());
    for (l, layer) in layers.iter().enumerate().rev() {
        let read = match cols.last() {
            Some(next) if !gaps[l + 1].mixes() => next.clone(),
            _ => vec![true; layer.rows],
        };
        let mut used = vec![gaps[l].mixes(); layer.cols];
        for row in (0..layer.rows).filter(|&row| read[row]) {
            layer.row(row).iter().zip(&mut used).for_each(|(&weight, used)| *used |= weight != 0.0);
        }
        rows.push(read);
        cols.push(used);
    }
    rows.reverse();
    cols.reverse();
    (rows, cols)
}

/// Rule 2, from the first layer: returns the biases with constants folded in, in f64.
fn forward(layers: &[Layer], gaps: &[Gap], rows: &mut Flags, cols: &mut Flags) -> Vec<Vec<f64>> {
    let mut biases: Vec<Vec<f64>> = layers.iter().map(|layer| layer.bias.clone()).collect();
    for (l, pair) in layers.windows(2).enumerate().filter(|(l, _)| !gaps[l + 1].mixes()) {
        let [layer, next] = pair else { continue };
        for unit in 0..layer.rows {
            let zero = layer.row(unit).iter().zip(&cols[l]).all(|(&weight, &kept)| !kept || weight == 0.0);
            if rows[l][unit] && zero {
                let constant = gaps[l + 1].apply(biases[l][unit]);
                let bias = biases[l + 1].iter_mut().enumerate();
                bias.for_each(|(row, bias)| *bias += f64::from(next.row(row)[unit]) * constant);
                rows[l][unit] = false;
                cols[l + 1][unit] = false;
            }
        }
    }
    biases
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small numbers with signs, the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.0 >> 33
        }
        fn weight(&mut self) -> f32 {
            (self.next() % 2000) as f32 / 500.0 - 1.999 // never zero: only masks make zeros
        }
    }

    fn net(numbers: &mut Numbers, sizes: &[usize]) -> Vec<Layer> {
        let layer = |pair: &[usize], numbers: &mut Numbers| Layer {
            rows: pair[1],
            cols: pair[0],
            weights: (0..pair[0] * pair[1]).map(|_| numbers.weight()).collect(),
            bias: (0..pair[1]).map(|_| f64::from(numbers.weight())).collect(),
        };
        sizes.windows(2).map(|pair| layer(pair, numbers)).collect()
    }

    fn gaps(layers: usize, relu: bool) -> Vec<Gap> {
        let mut gaps = vec![Gap::default()];
        gaps.extend((1..layers).map(|_| if relu { Gap::relu() } else { Gap::default() }));
        gaps.push(Gap::default());
        gaps
    }

    /// The network in f64, every layer at the shape given.
    fn run(x: &[f64], layers: &[(usize, &[f32], &[f64])], gaps: &[Gap]) -> Vec<f64> {
        let mut x = x.to_vec();
        for (l, (cols, weights, bias)) in layers.iter().enumerate() {
            x = x.iter().map(|&v| gaps[l].apply(v)).collect();
            let dot = |row: usize| weights[row * cols..][..*cols].iter().zip(&x).map(|(&w, v)| f64::from(w) * v).sum::<f64>();
            x = bias.iter().enumerate().map(|(row, b)| dot(row) + b).collect();
        }
        x
    }

    fn same_result(layers: &[Layer], gaps: &[Gap], x: &[f64]) -> Vec<Compact> {
        let small = compact(layers, gaps);
        let full: Vec<_> = layers.iter().map(|l| (l.cols, l.weights.as_slice(), l.bias.as_slice())).collect();
        let shrunk: Vec<_> = small.iter().map(|l| (l.cols.kept(), l.weights.as_slice(), l.bias.as_slice())).collect();
        let kept: Vec<f64> = small[0].cols.indices().map(|i| x[i]).collect();
        for pair in small.windows(2) {
            assert_eq!(pair[0].rows, pair[1].cols);
        }
        for (a, b) in run(x, &full, gaps).into_iter().zip(run(&kept, &shrunk, gaps)) {
            assert!((a - b).abs() < 1e-12, "{a} full, {b} compact");
        }
        small
    }

    /// Zeroes the columns of the groups that a bit pattern prunes.
    fn prune(layers: &mut [Layer], mut pattern: u32) {
        for layer in layers {
            for col in 0..layer.cols {
                if pattern & 1 == 1 {
                    (0..layer.rows).for_each(|row| layer.weights[row * layer.cols + col] = 0.0);
                }
                pattern >>= 1;
            }
        }
    }

    #[test]
    fn every_group_pattern_of_a_3_4_3_net_computes_what_the_masked_net_computes() {
        let mut numbers = Numbers(1);
        for pattern in 0..1u32 << 7 {
            for relu in [false, true] {
                let mut layers = net(&mut numbers, &[3, 4, 3]);
                prune(&mut layers, pattern);
                let small = same_result(&layers, &gaps(2, relu), &[0.5, -1.25, 2.0]);
                let hidden_pruned = (pattern >> 3).count_ones() as usize;
                let inputs_pruned = (pattern & 7).count_ones() as usize;
                let hidden = if inputs_pruned == 3 { 0 } else { 4 - hidden_pruned };
                assert_eq!(small[1].cols.kept(), hidden, "pattern {pattern:#b}");
                assert_eq!(small[0].cols.kept(), if hidden == 0 { 0 } else { 3 - inputs_pruned }, "pattern {pattern:#b}");
            }
        }
    }

    #[test]
    fn random_weight_masks_of_deeper_nets_compute_what_the_masked_net_computes() {
        let mut numbers = Numbers(2);
        for round in 0..2000 {
            let mut layers = net(&mut numbers, &[3, 4, 4, 3]);
            let keep = 1 + round % 7;
            for weight in layers.iter_mut().flat_map(|layer| &mut layer.weights) {
                if numbers.next() % 8 >= keep {
                    *weight = 0.0;
                }
            }
            same_result(&layers, &gaps(3, true), &[0.75, -0.5, 1.5]);
        }
    }

    #[test]
    fn a_constant_unit_is_folded_and_a_unit_that_nobody_reads_is_dropped() {
        let first = Layer { rows: 3, cols: 2, weights: vec![1.0, 2.0, 0.0, 0.0, 3.0, 4.0], bias: vec![0.1, 0.5, 0.2] };
        let second = Layer { rows: 1, cols: 3, weights: vec![1.0, -4.0, 0.0], bias: vec![10.0] };
        let small = compact(&[first, second], &gaps(2, true));
        assert_eq!(small[0].rows.flags(), [true, false, false]);
        assert_eq!((small[1].weights.as_slice(), small[1].bias.as_slice()), (&[1.0][..], &[8.0][..]));
    }

    #[test]
    fn nothing_is_removed_across_a_softmax() {
        let mut layers = net(&mut Numbers(3), &[2, 3, 2]);
        prune(&mut layers, 0b10101);
        let gaps = [Gap::default(), Gap::softmax(), Gap::default()];
        let small = compact(&layers, &gaps);
        assert_eq!((small[0].cols.kept(), small[0].rows.kept(), small[1].cols.kept()), (1, 3, 3));
    }
}
