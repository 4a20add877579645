//! Sparse and block layers as files: what is encoded is decoded, every rule of their pages is held, and no stored byte can do harm.

#![allow(unsafe_code)] // maps files
#![allow(clippy::unwrap_used)] // helpers of tests

use curt::base::align::AlignedVec;
use curt::content::{Contents, LayerTables, Tables};
use curt::encoding::{Encoded, Encoding, Entries, Pattern, Weights, block, sparse};
use curt::format::write;
use curt::graph::{Conv2d, Graph, GraphBuilder, InputSpec, Linear, Node, Op, Window};
use curt::inspect::{Report, verify};
use curt::{Check, Defect, Dtype, ErrorKind, Input, Limits, Model, Result, Session, SessionOptions, Shape};
use curt_dev::container::weights_range;
use curt_dev::{Folder, Random, tiers};

const SPARSE: [Encoding; 8] = [
    Encoding::SparseF32,
    Encoding::SparseFixedPoint { bits: 2 },
    Encoding::SparseFixedPoint { bits: 5 },
    Encoding::SparseFixedPoint { bits: 8 },
    Encoding::SparseCodebook { levels: 1 },
    Encoding::SparseCodebook { levels: 2 },
    Encoding::SparseCodebook { levels: 7 },
    Encoding::SparseCodebook { levels: 15 },
];

/// Random codes, and the weights that they stand for.
fn layer(encoding: Encoding, rows: usize, cols: usize, zeros: f64, random: &mut Random) -> (Encoded, Vec<f32>) {
    let mut weights = Vec::new();
    let levels: Vec<f32> = match encoding {
        Encoding::SparseFixedPoint { .. } => vec![0.25],
        Encoding::SparseCodebook { levels } => (0..levels).map(|i| i as f32 - levels as f32 / 2.0 + 0.25).collect(),
        _ => vec![],
    };
    let mut entries = Entries::new(cols);
    for row in 0..rows {
        let mut own = Vec::new();
        for col in 0..cols {
            let first = row * cols + col < levels.len(); // every level is used
            let zero = !first && random.signed().abs() < zeros;
            let (code, weight) = match encoding {
                _ if zero => (0, 0.0),
                Encoding::SparseFixedPoint { bits } => {
                    let q = random.below((1 << bits) - 1) as i32 - (1 << (bits - 1)) + 1;
                    (q.cast_unsigned(), q as f32 * 0.25)
                }
                Encoding::SparseCodebook { levels: k } => {
                    let i = if first { row * cols + col } else { random.below(k) };
                    (i as u32 + 1, levels[i])
                }
                _ => {
                    let w = random.signed() as f32 + 0.0;
                    (w.to_bits(), w)
                }
            };
            own.push((col, code));
            weights.push(weight);
        }
        entries.push_row(own);
    }
    let encoded = match encoding {
        Encoding::BlockF32 { height } => block::encode(height, &entries),
        _ => {
            let layout = encoding.slots().unwrap();
            let units = [0, entries.best_pattern(layout).units, random.below(layout.most_units() + 1)][random.below(3)];
            sparse::encode(encoding, &levels, units, &entries)
        }
    };
    (encoded, weights)
}

fn all() -> impl Iterator<Item = Encoding> {
    SPARSE.into_iter().chain([8, 16].map(|height| Encoding::BlockF32 { height }))
}

/// What the layer's array says when it is looked at.
fn checked<T>(encoded: &Encoded, look: impl FnOnce(&Weights<'_>) -> Result<T>) -> Result<T> {
    let mut bytes = AlignedVec::zeroed(encoded.bytes.len()).unwrap();
    bytes.copy_from_slice(&encoded.bytes);
    let lookup = encoded.lookup();
    look(&Weights::new(encoded.rows, encoded.cols, &bytes, &lookup)?)
}

#[test]
fn what_is_encoded_is_decoded() {
    let mut random = Random(1);
    let mut layers = 0;
    for encoding in all() {
        for (rows, cols) in [(0, 5), (5, 0), (1, 16), (16, 31), (17, 33), (65, 100), (40, 300)] {
            for zeros in [0.0, 0.5, 0.9, 0.99, 1.0] {
                let (encoded, weights) = layer(encoding, rows, cols, zeros, &mut random);
                let bytes = encoding.array_bytes(encoded.pattern, rows, cols).unwrap();
                assert_eq!(encoded.bytes.len() as u64, bytes, "{encoding:?} {rows} x {cols}");
                let decoded = checked(&encoded, |view| view.check(0).map(|()| view.decode()));
                let needed = if let Encoding::SparseCodebook { levels } = encoding { levels } else { 0 };
                if rows * cols >= needed {
                    assert_eq!(decoded.unwrap(), weights, "{encoding:?} {rows} x {cols}, {zeros} zeros");
                    layers += 1;
                }
            }
        }
    }
    println!("{layers} layers decoded and compared");
}

#[test]
fn the_best_pattern_has_the_fewest_bytes() {
    let mut random = Random(2);
    for encoding in SPARSE {
        for zeros in [0.3, 0.8, 0.95, 0.99] {
            let weights: Vec<u8> = (0..40 * 200).map(|_| u8::from(random.signed().abs() >= zeros)).collect();
            let entries = Entries::of_indices(40, 200, &weights);
            let layout = encoding.slots().unwrap();
            let bytes = |units| sparse::encode(encoding, &[], units, &entries).bytes.len();
            let best = entries.best_pattern(layout);
            let least = (0..=layout.most_units()).map(bytes).min().unwrap();
            assert_eq!(bytes(best.units), least, "{encoding:?} with {zeros} zeros");
            assert_eq!(sparse::encode(encoding, &[], best.units, &entries).pattern, best);
        }
    }
}

/// The defect after `change`, and how many bytes from the array's start it is.
fn refused(mut encoded: Encoded, change: impl FnOnce(&mut [u8])) -> (Defect, u64) {
    checked(&encoded, |view| view.check(0)).unwrap();
    change(&mut encoded.bytes);
    let error = checked(&encoded, |view| view.check(0)).unwrap_err();
    let ErrorKind::Format(defect) = error.kind() else { panic!("{error}") };
    (defect, error.offset().unwrap())
}

/// 17 rows (a padding row in every vector but the first), 40 columns (the second column tile has 8). Row 0: columns 3, 5, 9 and 33.
fn small(encoding: Encoding, levels: &[f32], units: usize, code: u32) -> Encoded {
    let mut entries = Entries::new(40);
    entries.push_row([(3, code), (5, code), (9, code), (33, code)]);
    (1..17).for_each(|_| entries.push_row([]));
    sparse::encode(encoding, levels, units, &entries)
}

#[test]
fn every_rule_of_floats_is_held() {
    use Defect::{Mask, NonCanonical, NonFinite, Padding};
    // Two slots a tile: units 0 to 3 of 32 elements each; the residue is column 9 of row 0.
    let floats = || small(Encoding::SparseF32, &[], 2, 1.5f32.to_bits());
    let (residue, columns, places) = (32 * 4 * 4, 32 * 4 * 4 + 4, 32 * 4 * 4 + 6);
    let set = |at: usize, value: f32| move |bytes: &mut [u8]| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    let put = |at: usize, value: u8| move |bytes: &mut [u8]| bytes[at] = value;
    assert_eq!(refused(floats(), set(17 * 4, 1.0)), (Padding, 17 * 4));
    assert_eq!(refused(floats(), set(0, f32::NAN)), (NonFinite, 0));
    assert_eq!(refused(floats(), set(4, -0.0)), (NonCanonical, 4));
    assert_eq!(refused(floats(), set(residue, f32::INFINITY)), (NonFinite, residue as u64));
    assert_eq!(refused(floats(), set(residue, 0.0)), (NonCanonical, residue as u64));
    assert_eq!(refused(floats(), put(columns, 40)), (Mask, columns as u64));
    assert_eq!(refused(floats(), put(places + 17, 1)), (Padding, (places + 17) as u64));
    assert_eq!(refused(floats(), put(places + 1, 7)), (Padding, (places + 1) as u64), "a free slot of row 1");
    assert_eq!(refused(floats(), set(0, 0.0)).0, Padding, "a slot that is free keeps its place");
    let freed = |bytes: &mut [u8]| (bytes[..4].fill(0), bytes[places] = 0).1;
    assert_eq!(refused(floats(), freed), (NonCanonical, (places + 32) as u64), "an entry after a free slot");
    assert_eq!(refused(floats(), put(places + 32, 3)), (Mask, (places + 32) as u64), "not after the one before");
    assert_eq!(refused(floats(), put(places, 32)), (Mask, places as u64), "a place above 31");
    assert_eq!(refused(floats(), put(places + 64, 8)), (Mask, (places + 64) as u64), "a column past the last");
    assert_eq!(refused(floats(), put(columns, 4)).0, NonCanonical, "before the last slot");
    assert_eq!(refused(floats(), put(columns, 34)).0, NonCanonical, "a slot of its tile is free");
}

#[test]
fn every_rule_of_codes_is_held() {
    use Defect::{Code, Mask, NonCanonical, Padding};
    let xor = |at: usize, bits: u32| {
        move |bytes: &mut [u8]| {
            let word = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) ^ bits;
            bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
    };
    // 5 bits: fields of 10 bits, three to a word. The word of row 0 holds 3, 5 and 9.
    let fixed = || small(Encoding::SparseFixedPoint { bits: 5 }, &[0.5], 1, 3);
    assert_eq!(refused(fixed(), xor(17 * 4, 1 << 12)), (Padding, 17 * 4));
    assert_eq!(refused(fixed(), xor(0, 1 << 30)), (Padding, 0), "above the last field");
    assert_eq!(refused(fixed(), xor(4, 9)), (Padding, 4), "a place without a code");
    assert_eq!(refused(fixed(), xor(0, 3 << 5)), (Padding, 0), "a code of 0 with a place");
    assert_eq!(refused(fixed(), xor(0, 3 << 5 | 3)), (NonCanonical, 0), "an entry after a free slot");
    assert_eq!(refused(fixed(), xor(0, (3 ^ 16) << 15)), (Code, 0), "-2^(b-1)");
    assert_eq!(refused(fixed(), xor(0, (5 ^ 2) << 10)), (Mask, 0));
    assert_eq!(refused(fixed(), xor(32 * 4, 1 ^ 8)), (Mask, 32 * 4), "column 40");
    // Without slots: columns 3, 5, 9, 33 and their codes.
    let list = || small(Encoding::SparseFixedPoint { bits: 5 }, &[0.5], 0, 3);
    for code in [0, 16, 0xF0, 0x80, 0x7F] {
        assert_eq!(refused(list(), |bytes| bytes[10] = code), (Code, 10), "{code:#x}");
    }
    assert_eq!(refused(list(), |bytes| bytes[2] = 3), (Mask, 2));
    // 2 levels: 2 bits, fields of 7 bits, four to a word: 3 entries of row 0 and a free slot.
    let signs = || {
        let mut entries = Entries::new(40);
        entries.push_row([(3, 1), (5, 2), (9, 2), (33, 2)]);
        sparse::encode(Encoding::SparseCodebook { levels: 2 }, &[-1.0, 2.0], 1, &entries)
    };
    assert_eq!(refused(signs(), xor(0, 2 << 5)), (Code, 0), "index 3 of 2 levels");
    assert_eq!(refused(signs(), xor(0, 3 << 5)), (NonCanonical, 0), "nothing uses level 0");
    let one = || {
        let mut entries = Entries::new(5);
        entries.push_row([(1, 1), (4, 2)]);
        sparse::encode(Encoding::SparseCodebook { levels: 2 }, &[-1.0, 2.0], 0, &entries)
    };
    assert_eq!(refused(one(), |bytes| bytes[4] = 3), (Code, 4));
    assert_eq!(refused(one(), |bytes| bytes[4] = 2), (NonCanonical, 0));
}

#[test]
fn every_rule_of_blocks_is_held() {
    use Defect::{Mask, NonCanonical, NonFinite, Padding};
    // 9 rows: the second group has one. Blocks of columns 2 and 4, then of 1.
    let blocks = || {
        let one = 1f32.to_bits();
        let mut entries = Entries::new(6);
        entries.push_row([(2, one)]);
        entries.push_row([(4, one)]);
        (2..8).for_each(|_| entries.push_row([]));
        entries.push_row([(1, one)]);
        block::encode(8, &entries)
    };
    assert_eq!(blocks().pattern, Pattern { units: 0, listed: 3 });
    let set = |at: usize, value: f32| move |bytes: &mut [u8]| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    assert_eq!(refused(blocks(), set(17 * 4, 1.0)), (Padding, 17 * 4));
    assert_eq!(refused(blocks(), set(4, f32::NAN)), (NonFinite, 4));
    assert_eq!(refused(blocks(), set(8, -0.0)), (NonCanonical, 8));
    assert_eq!(refused(blocks(), set(9 * 4, 0.0)), (NonCanonical, 8 * 4), "a block of zeros");
    assert_eq!(refused(blocks(), |bytes| bytes[24 * 4] = 4), (Mask, 24 * 4 + 2));
    assert_eq!(refused(blocks(), |bytes| bytes[24 * 4 + 4] = 6), (Mask, 24 * 4 + 4));
}

/// The file of a chain of layers.
fn file(input: Shape, ops: &[Op], layers: Vec<Encoded>, random: &mut Random) -> Vec<u8> {
    let input = InputSpec { dtype: Dtype::F32, shape: input, kept: None };
    let mut builder = GraphBuilder::new(input, &Limits::DEFAULT).unwrap();
    ops.iter().enumerate().for_each(|(i, &op)| builder.push(Node::new(op, i)).unwrap());
    let graph: Graph = builder.finish().unwrap();
    let mut bias = |layer: &Encoded| (0..layer.rows).map(|_| random.signed() as f32 + 0.0).collect();
    let tables = Tables {
        input_scale: vec![1.0; input.shape.channels()],
        input_offset: vec![0.0; input.shape.channels()],
        input_mask: None,
        layers: layers.iter().map(|layer| LayerTables::of(layer, bias(layer))).collect(),
        affines: Vec::new(),
    };
    write(&Contents { graph, tables, layers, origin: None }).unwrap()
}

/// Networks of every encoding: two linear layers; a convolution; one of two groups.
fn networks(random: &mut Random) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for encoding in all() {
        let (first, _) = layer(encoding, 50, 70, 0.8, random);
        let (second, _) = layer(encoding, 9, 50, 0.5, random);
        let ops = [Op::Linear(Linear::of(&first)), Op::RELU, Op::Linear(Linear::of(&second))];
        files.push(file(Shape::Vector(70), &ops, vec![first, second], random));
        for groups in [1, 2] {
            let (kernels, _) = layer(encoding, 6, 4 / groups * 9, 0.5, random);
            let window = Window { padding_before: [1, 1], ..Window::new([3, 3], [1, 1]) };
            let conv = Op::Conv2d(Conv2d { linear: Linear::of(&kernels), window, groups });
            files.push(file(Shape::Image { channels: 4, height: 7, width: 6 }, &[conv], vec![kernels], random));
        }
    }
    files
}

#[test]
fn networks_pass_every_check() {
    let mut random = Random(3);
    let files = networks(&mut random);
    for bytes in &files {
        let model = Model::from_bytes(bytes, &Limits::DEFAULT).unwrap();
        assert_eq!(verify(&model).unwrap().len(), 4);
        let report = Report::new(&model);
        let decoded = model.weights(0).decode();
        assert_eq!(report.layers[0].nonzeros, decoded.iter().filter(|&&w| w != 0.0).count() as u64);
    }
    println!("{} networks verified", files.len());
}

#[test]
fn columns_beyond_16_bits_are_wide() {
    let mut random = Random(4);
    let encodings = [SPARSE[0], SPARSE[2], SPARSE[6], Encoding::BlockF32 { height: 8 }, Encoding::BlockF32 { height: 16 }];
    for (encoding, cols) in encodings.into_iter().flat_map(|encoding| [65_535, 65_536, 65_537].map(|cols| (encoding, cols))) {
        let (encoded, _) = layer(encoding, 2, cols, 0.999, &mut random);
        let op = Op::Linear(Linear::of(&encoded));
        let bytes = file(Shape::Vector(cols), &[op], vec![encoded], &mut random);
        verify(&Model::from_bytes(&bytes, &Limits::DEFAULT).unwrap()).unwrap();
    }
}

/// An array of an odd number of bytes, then one of none, which starts where the other ends.
#[test]
fn an_empty_array_needs_no_alignment() {
    let mut random = Random(7);
    let mut entries = Entries::new(3);
    entries.push_row([(1, 2)]);
    let first = sparse::encode(Encoding::SparseFixedPoint { bits: 4 }, &[0.5], 0, &entries);
    assert_eq!(first.bytes.len(), 3);
    let mut none = Entries::new(1);
    (0..2).for_each(|_| none.push_row([]));
    let second = sparse::encode(Encoding::SparseF32, &[], 0, &none);
    let ops = [&first, &second].map(|layer| Op::Linear(Linear::of(layer)));
    let bytes = file(Shape::Vector(3), &ops, vec![first, second], &mut random);
    verify(&Model::from_bytes(&bytes, &Limits::DEFAULT).unwrap()).unwrap();
}

/// A mapped file may change: nothing may panic or leave its bounds, whatever the weights section says.
#[test]
fn any_bytes_in_the_weights_section_are_harmless() {
    let mut random = Random(5);
    let scratch = Folder::new("sparse-payload");
    let mut runs = 0;
    for mut bytes in networks(&mut random) {
        let weights = weights_range(&bytes);
        for kind in 0..3 {
            match kind {
                0 => bytes[weights.clone()].fill(0xFF),
                1 => bytes[weights.clone()].fill(0),
                _ => random.fill(&mut bytes[weights.clone()]),
            }
            let path = scratch.file(&format!("{runs}.curt"));
            std::fs::write(&path, &bytes).unwrap();
            // SAFETY: nobody writes to the file while the model lives.
            let model = unsafe { Model::map(&path, &Limits::DEFAULT, Check::Structure) }.unwrap();
            let input: Vec<f32> = (0..5 * model.graph().input().shape.elements()).map(|_| random.signed() as f32).collect();
            for isa in tiers() {
                for batch in [1, 5] {
                    let mut session = Session::with_options(&model, &SessionOptions::new().batch(batch).isa(isa)).unwrap();
                    let mut output = vec![0.0; 5 * session.output_len()];
                    session.run(Input::F32(&input), &mut output).unwrap();
                    runs += 1;
                }
            }
            let _ = Report::new(&model);
            let _ = model.weights(0).decode();
        }
    }
    println!("{runs} runs");
}

#[test]
fn a_small_file_of_a_large_layer_is_not_expanded() {
    let rows = 1 << 14;
    let mut entries = Entries::new(1 << 13);
    (0..rows).for_each(|_| entries.push_row([]));
    let encoded = sparse::encode(Encoding::SparseF32, &[], 0, &entries);
    let op = Op::Linear(Linear::of(&encoded));
    let bytes = file(Shape::Vector(1 << 13), &[op], vec![encoded], &mut Random(6));
    assert!(bytes.len() < 200_000, "{} bytes for 2^27 weights", bytes.len());
    let model = Model::from_bytes(&bytes, &Limits::DEFAULT).unwrap();
    assert_eq!(Report::new(&model).layers[0].nonzeros, 0);
    assert_eq!(verify(&model).unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(curt::measure::twins::shrunk(&model).unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(Model::from_bytes(&bytes, &Limits::EDGE).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn patterns_are_held_against_their_layer() {
    let push = |encoding, pattern, rows| {
        let input = InputSpec { dtype: Dtype::F32, shape: Shape::Vector(40), kept: None };
        let linear = Linear { encoding, pattern, ..Linear::dense(rows) };
        GraphBuilder::new(input, &Limits::FORMAT).unwrap().push(Node::new(Op::Linear(linear), 0)).map_err(|error| error.kind())
    };
    // (units - 1) * p < 32.
    for (encoding, most) in SPARSE.into_iter().zip([32, 8, 11, 16, 7, 8, 8, 11]) {
        assert_eq!(push(encoding, Pattern { units: most, listed: 3 * 40 }, 3), Ok(()), "{encoding:?}");
        assert_eq!(push(encoding, Pattern { units: most + 1, listed: 0 }, 3), Err(ErrorKind::Limit), "{encoding:?}");
        assert_eq!(push(encoding, Pattern { units: 0, listed: 3 * 40 + 1 }, 3), Err(ErrorKind::Limit), "{encoding:?}");
    }
    for height in [8, 16] {
        assert_eq!(push(Encoding::BlockF32 { height }, Pattern { units: 0, listed: 80 }, height + 1), Ok(()));
        assert_eq!(push(Encoding::BlockF32 { height }, Pattern { units: 0, listed: 81 }, height + 1), Err(ErrorKind::Limit));
    }
    assert_eq!(push(Encoding::DenseF32, Pattern { units: 0, listed: 1 }, 3), Err(ErrorKind::Limit));
}
