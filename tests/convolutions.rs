//! Convolutions of every encoding and of windows of all kinds: every tier, for any batch, has the bits of the scalar reference, which
//! gathers patches (im2col).

#![allow(clippy::unwrap_used)] // helpers of tests

use curt::base::limits::Limits;
use curt::base::memory::MemoryBudget;
use curt::content::{Contents, LayerTables, Tables};
use curt::encoding::Encoding;
use curt::graph::{Conv2d, GraphBuilder, InputSpec, Linear, Node, Op, Pool, PoolKind, Window};
use curt::kernels::{Kernels, Preference};
use curt::plan::Plan;
use curt::{Dtype, Isa, Model, Session, SessionOptions, Shape};
use curt_dev::Random;
use curt_dev::layers::{Draw, Values};

/// A window of any kind that fits an image of `size`.
fn window(random: &mut Random, size: [usize; 2]) -> Window {
    loop {
        let mut pair = |least: usize, below: usize| [least + random.below(below), least + random.below(below)];
        let mut window = Window::new(pair(1, 5), pair(1, 3));
        window.padding_before = pair(0, 3);
        window.padding_after = pair(0, 3);
        window.dilation = pair(1, 2);
        let reach = |d: usize| (window.kernel[d] - 1) * window.dilation[d] + 1;
        if (0..2).all(|d| reach(d) <= size[d] + window.padding_before[d] + window.padding_after[d]) {
            return window;
        }
    }
}

/// Pooling that fits maps of `size`: the commonest one, or any.
fn pool(random: &mut Random, size: [usize; 2]) -> Pool {
    let kinds = [PoolKind::Max, PoolKind::Average, PoolKind::AverageIncludingPadding];
    if random.below(2) == 0 {
        return Pool { kind: kinds[random.below(2)], window: Window::new([2, 2], [2, 2]) };
    }
    let mut window = window(random, size);
    window.dilation = [1, 1];
    // Padding lies below the window: no window is all padding.
    (0..2).for_each(|d| {
        window.padding_before[d] = window.padding_before[d].min(window.kernel[d] - 1);
        window.padding_after[d] = window.padding_after[d].min(window.kernel[d] - 1);
    });
    Pool { kind: kinds[random.below(3)], window }
}

/// Two convolutions, each perhaps with ReLU, pooling and another ReLU after it; the sums of the first may overflow.
fn model(random: &mut Random, encoding: Encoding) -> Option<Model> {
    let groups = 1 + random.below(3);
    let channels = groups * (1 + random.below(4));
    let (height, width) = (5 + random.below(36), 5 + random.below(36));
    let input = InputSpec { dtype: Dtype::F32, shape: Shape::Image { channels, height, width }, kept: None };
    let mut builder = GraphBuilder::new(input, &Limits::DEFAULT).unwrap();
    let values = [Values::Plain, Values::Finite][random.below(2)];
    let (mut layers, mut from, mut size, mut maps_in) = (Vec::new(), 0, [height, width], channels);
    for layer in 0..2 {
        let groups = if layer == 0 { groups } else { 1 };
        let window = window(random, size);
        let maps = groups * (1 + random.below(9));
        let encoded = Draw::any(values, random).layer(encoding, maps, maps_in / groups * window.area(), random);
        let op = Op::Conv2d(Conv2d { linear: Linear::of(&encoded), window, groups });
        let Ok(Shape::Image { channels, height, width }) =
            op.output_shape(&[Shape::Image { channels: maps_in, height: size[0], width: size[1] }])
        else {
            return None;
        };
        let mut push = |op| {
            builder.push(Node::new(op, from)).unwrap();
            from += 1;
        };
        push(op);
        (size, maps_in) = ([height, width], channels);
        if random.below(2) == 0 {
            push(Op::RELU);
        }
        if random.below(2) == 0 && height.min(width) > 5 {
            let pool = pool(random, size);
            (size[0], size[1]) = pool.window.positions(height, width).unwrap();
            push(Op::Pool(pool));
            if random.below(2) == 0 {
                push(Op::RELU);
            }
        }
        layers.push(encoded);
    }
    let tables = Tables {
        input_scale: vec![1.0; channels],
        input_offset: vec![0.0; channels],
        input_mask: None,
        layers: layers
            .iter()
            .map(|layer| LayerTables::of(layer, (0..layer.rows).map(|_| random.unit() + 2.0).collect()))
            .collect(),
        affines: Vec::new(),
    };
    let contents = Contents { graph: builder.finish().unwrap(), tables, layers, origin: None };
    let file = curt::format::write(&contents).ok()?; // a codebook may have a level that no weight uses
    Some(Model::from_bytes(&file, &Limits::DEFAULT).unwrap())
}

#[test]
fn every_tier_has_the_bits_of_the_reference() {
    let mut random = Random::of(b"convolutions");
    let mut encodings = vec![Encoding::DenseF32, Encoding::DenseF16, Encoding::Ternary, Encoding::SparseF32];
    encodings.extend([3, 5, 8].map(|bits| Encoding::FixedPoint { bits }));
    encodings.extend([4, 16, 40].map(|levels| Encoding::Codebook { levels }));
    encodings.extend([4, 8].map(|bits| Encoding::SparseFixedPoint { bits }));
    encodings.push(Encoding::SparseCodebook { levels: 3 });
    encodings.extend([8, 16].map(|height| Encoding::BlockF32 { height }));
    let (mut compared, mut overflowed, mut direct) = (0, 0, [0; 2]);
    for round in 0..40 {
        for &encoding in &encodings {
            let Some(model) = model(&mut random, encoding) else { continue };
            let options = SessionOptions::new().isa(Isa::Scalar);
            let mut reference = Session::with_options(&model, &options).unwrap();
            let values = if round % 5 == 0 { Values::Finite } else { Values::Plain };
            let input: Vec<f32> = (0..3 * reference.input_len()).map(|_| values.draw(&mut random)).collect();
            let expected = reference.run_to_vec(&input).unwrap();
            overflowed += usize::from(expected.iter().any(|y| y.abs() == f32::MAX));
            for isa in curt_dev::tiers_above_scalar() {
                // A model takes two of these in turn.
                let forms = [(Preference::Cost, 1), (Preference::Cost, 2), (Preference::Stored, 1), (Preference::Prepared, 2)];
                for (preference, batch) in forms.into_iter().skip(round / 2 % 2).step_by(2) {
                    let kernels = Kernels { preference, ..Kernels::of(isa).unwrap() };
                    let plan = Plan::new(&model, &kernels, batch, &mut MemoryBudget::unlimited()).unwrap();
                    for work in plan.steps.iter().filter_map(|step| step.action.layer_work(&model, batch)) {
                        direct[usize::from(work.kernel.starts_with("direct"))] += 1;
                    }
                    let options = SessionOptions::new().batch(batch);
                    let mut session = Session::with_kernels(&model, &kernels, &options).unwrap();
                    let outputs = session.run_to_vec(&input).unwrap();
                    let differs = outputs.iter().zip(&expected).position(|(y, e)| y.to_bits() != e.to_bits());
                    assert_eq!(
                        differs,
                        None,
                        "round {round}, {encoding}, {isa:?}, {preference:?}, batch {batch}: {:?}",
                        model.graph()
                    );
                    compared += outputs.len();
                }
            }
        }
    }
    println!("{compared} outputs of convolutions compared, {overflowed} models overflowed, {direct:?} by im2col, directly");
    assert!(Isa::best() == Isa::Scalar || compared > 50_000 && overflowed > 5, "{compared} {overflowed}");
    assert!(direct.iter().all(|&layers| layers > 100) || Isa::best() == Isa::Scalar, "{direct:?} layers by im2col, directly");
}
