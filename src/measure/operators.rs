//! Operators without weights in f64, with bounds on what f32 may be off: the part of [`super::reference`] that knows no layers.
//!
//! Every function takes the exact value of an input and a bound on its error in f32, and returns both for its output. Functions of
//! one element have a Lipschitz constant `L`: an input error `e` becomes at most `L e`. The roundings of the function itself are added.

use super::bounded::{Bounded, LEAST, ROUNDOFF, unless_overflow};
use crate::content::AffineTables;
use crate::graph::{Activation, Conv2d, Op, Pool, PoolKind, Window};
use crate::tensor::Shape;

/// Relative error of the library's exp, sigmoid and tanh (`base::math`, tested there).
const FUNCTION_ERROR: f64 = 5.0e-7;

/// Operators that need no tables.
pub(super) fn plain(op: &Op, inputs: &[&Bounded], shapes: &[Shape]) -> Bounded {
    match op {
        Op::Activation(activation) => activate(activation, inputs[0]),
        Op::Pool(Pool { kind, window }) => pool(*kind, window, inputs[0], shapes[0]),
        Op::GlobalAveragePool => {
            let Shape::Image { height, width, .. } = shapes[0] else { return inputs[0].clone() };
            pool(PoolKind::Average, &Window::new([height, width], [1, 1]), inputs[0], shapes[0])
        }
        Op::Add => {
            let pairs =
                |of: fn(&Bounded) -> &Vec<f64>| of(inputs[0]).iter().zip(of(inputs[1])).map(|(a, b)| a + b).collect::<Vec<_>>();
            rounded(Bounded { values: pairs(|b| &b.values), errors: pairs(|b| &b.errors) }, 1.0)
        }
        Op::Concat => Bounded {
            values: inputs.iter().flat_map(|input| input.values.iter().copied()).collect(),
            errors: inputs.iter().flat_map(|input| input.errors.iter().copied()).collect(),
        },
        Op::Softmax => softmax(inputs[0]),
        Op::Flatten | Op::Reshape(_) => inputs[0].clone(),
        Op::Linear(_) | Op::Conv2d(_) | Op::Affine => unreachable!("invariant: the caller has their tables"),
    }
}

/// Adds `n` roundings of each value to its error.
fn rounded(mut value: Bounded, n: f64) -> Bounded {
    for (x, error) in value.values.iter().zip(&mut value.errors) {
        *error += n * ROUNDOFF * (x.abs() + *error) + n * LEAST;
        *error = unless_overflow(*error, x.abs() + *error);
    }
    value
}

fn map(input: &Bounded, lipschitz: f64, roundings: f64, f: impl Fn(f64) -> f64) -> Bounded {
    let values = input.values.iter().map(|&x| f(x)).collect();
    rounded(Bounded { values, errors: input.errors.iter().map(|e| e * lipschitz).collect() }, roundings)
}

/// Adds the least normal number to each error: exp gives +0 for results below it.
fn below_normal(mut value: Bounded) -> Bounded {
    value.errors.iter_mut().for_each(|error| *error += f64::from(f32::MIN_POSITIVE));
    value
}

fn activate(activation: &Activation, input: &Bounded) -> Bounded {
    let function = FUNCTION_ERROR / ROUNDOFF;
    let value = |lipschitz, roundings| map(input, lipschitz, roundings, |x| activation.exact(x));
    match *activation {
        Activation::Relu | Activation::Clip { .. } => value(1.0, 0.0),
        Activation::LeakyRelu { slope } => value(f64::from(slope).abs().max(1.0), 1.0),
        Activation::Sigmoid => below_normal(value(0.25, function)),
        Activation::Tanh => below_normal(value(1.0, function)),
        Activation::HardSigmoid { alpha, beta } => {
            let (alpha, beta) = (f64::from(alpha), f64::from(beta));
            let mut value = value(alpha.abs(), 0.0);
            // Two roundings before the clip, of at most |alpha x| + |beta|.
            for ((error, x), e) in value.errors.iter_mut().zip(&input.values).zip(&input.errors) {
                *error += 2.0 * ROUNDOFF * (alpha.abs() * (x.abs() + e) + beta.abs()) + 2.0 * LEAST;
            }
            value
        }
        Activation::HardSwish => {
            let mut value = value(1.0, 4.0);
            // The slope is (2 x + 3) / 6 between -3 and 3, hence at most 1.5; and the sum x + 3 is rounded.
            for ((error, x), e) in value.errors.iter_mut().zip(&input.values).zip(&input.errors) {
                *error += 0.5 * e + e * e + ROUNDOFF * (x.abs() + e) * (x.abs() + e + 3.0);
                *error = unless_overflow(*error, 6.0 * (x.abs() + e));
            }
            value
        }
    }
}

/// `scale_c x + offset_c`.
pub(super) fn affine(input: &Bounded, tables: &AffineTables, shape: Shape) -> Bounded {
    let per_channel = (shape.elements() / shape.affine_channels().max(1)).max(1);
    let mut out = Bounded { values: Vec::new(), errors: Vec::new() };
    for (i, (x, e)) in input.values.iter().zip(&input.errors).enumerate() {
        let (scale, offset) = (f64::from(tables.scale[i / per_channel]), f64::from(tables.offset[i / per_channel]));
        let size = scale.abs() * (x.abs() + e) + offset.abs();
        out.values.push(scale * x + offset);
        out.errors.push(unless_overflow(scale.abs() * e + 2.1 * ROUNDOFF * size + 2.0 * LEAST, size));
    }
    out
}

/// The elements of a value under each window, channel by channel; zeros in the padding. For each group, for each position.
pub(super) fn patches(conv: &Conv2d, values: &[f64], from: Shape, to: Shape) -> Vec<Vec<f64>> {
    let (Shape::Image { channels, height, width }, Shape::Image { height: rows, width: cols, .. }) = (from, to) else {
        return Vec::new();
    };
    let window = &conv.window;
    let per_group = channels / conv.groups;
    let at = |position: usize, place: usize, dimension: usize| {
        (position * window.stride[dimension] + place * window.dilation[dimension]).checked_sub(window.padding_before[dimension])
    };
    let element = |channel: usize, y: Option<usize>, x: Option<usize>| match (y, x) {
        (Some(y), Some(x)) if y < height && x < width => values[(channel * height + y) * width + x],
        _ => 0.0,
    };
    let mut patches = Vec::new();
    for group in 0..conv.groups {
        for (row, col) in (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col))) {
            let mut patch = Vec::new();
            for channel in group * per_group..(group + 1) * per_group {
                for (ky, kx) in (0..window.kernel[0]).flat_map(|ky| (0..window.kernel[1]).map(move |kx| (ky, kx))) {
                    patch.push(element(channel, at(row, ky, 0), at(col, kx, 1)));
                }
            }
            patches.push(patch);
        }
    }
    patches
}

fn pool(kind: PoolKind, window: &Window, input: &Bounded, shape: Shape) -> Bounded {
    let Shape::Image { channels, height, width } = shape else { return input.clone() };
    let (rows, cols) = window.positions(height, width).unwrap_or((0, 0));
    let mut out = Bounded { values: Vec::new(), errors: Vec::new() };
    for (channel, row, col) in (0..channels).flat_map(|c| (0..rows).flat_map(move |row| (0..cols).map(move |col| (c, row, col))))
    {
        let inside = |position: usize, d: usize, len: usize| {
            let places = (0..window.kernel[d])
                .filter_map(move |k| (position * window.stride[d] + k).checked_sub(window.padding_before[d]));
            places.filter(move |&place| place < len)
        };
        let places: Vec<usize> =
            inside(row, 0, height).flat_map(|y| inside(col, 1, width).map(move |x| (channel * height + y) * width + x)).collect();
        let values = places.iter().map(|&i| input.values[i]);
        let errors = places.iter().map(|&i| input.errors[i]);
        let (value, error) = if kind == PoolKind::Max {
            (values.fold(f64::NEG_INFINITY, f64::max), errors.fold(0.0, f64::max))
        } else {
            let n = if kind == PoolKind::Average { places.len() } else { window.area() } as f64;
            let size: f64 = values.clone().zip(errors.clone()).map(|(x, e)| x.abs() + e).sum();
            let roundings = (places.len() + 1) as f64;
            let error = (errors.sum::<f64>() + 1.1 * roundings * ROUNDOFF * size) / n + 2.0 * LEAST;
            (values.sum::<f64>() / n, unless_overflow(error, size))
        };
        out.values.push(value);
        out.errors.push(error);
    }
    out
}

/// Softmax in f64. An error of at most e in every argument changes each output by a factor of at most exp(2 e); the f32 operations
/// add (n + 4) roundings and the error of exp, 1.5e-7, twice. Outputs below the normal range may be zero.
fn softmax(input: &Bounded) -> Bounded {
    let greatest = input.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let error = input.errors.iter().copied().fold(0.0, f64::max);
    let powers: Vec<f64> = input.values.iter().map(|x| (x - greatest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    let spread = input.values.iter().map(|x| greatest - x).fold(0.0, f64::max);
    // The subtraction of the maximum rounds once more, which exp turns into a relative error of `spread` roundoffs.
    let relative = (2.0 * error + 2.0 * spread * ROUNDOFF).exp_m1() + (powers.len() + 4) as f64 * ROUNDOFF + 3.0e-7;
    let values: Vec<f64> = powers.iter().map(|power| power / sum).collect();
    let errors = values.iter().map(|value| value * relative + f64::from(f32::MIN_POSITIVE)).collect();
    Bounded { values, errors }
}
