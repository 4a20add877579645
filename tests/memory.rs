//! Memory is charged before it is allocated: what an allocator counts never exceeds what [`Limits::memory_bytes`] was charged.
#![allow(clippy::unwrap_used)] // helpers of tests

use curt::content::{Contents, Tables};
use curt::encoding::Encoding;
use curt::graph::{GraphBuilder, InputSpec, Node, Op};
use curt::tensor::Mask;
use curt::{Dtype, Error, ErrorKind, Limits, Model, Session, SessionOptions, Shape};
use curt_dev::allocator::{Counting, peak_of};
use curt_dev::container::{self, repair};
use curt_dev::effort::{cases, extent};
use curt_dev::graphs::random_file;
use curt_dev::{Random, golden, tiers};
use std::collections::BTreeSet;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What an error takes: a box, and a message with its parts.
const ERROR_BYTES: u64 = 2 << 10;

/// Random models, and those of the golden files.
fn files(seed: &[u8], drawn: usize) -> Vec<Vec<u8>> {
    let mut random = Random::of(seed);
    let mut encodings = Encoding::ALL.to_vec();
    encodings.extend([2, 8].map(|bits| Encoding::FixedPoint { bits }));
    encodings.extend([2, 256].map(|levels| Encoding::Codebook { levels }));
    encodings.extend([Encoding::SparseCodebook { levels: 1 }, Encoding::BlockF32 { height: 8 }]);
    let drawn = cases(10 * drawn, drawn).into_iter().filter_map(|i| random_file(&mut random, encodings[i % encodings.len()]));
    let drawn: Vec<_> = drawn.collect();
    let golden = golden::read_files("valid", 1 << 20).into_iter().map(|(_, file)| file);
    drawn.into_iter().chain(golden).collect()
}

fn session(model: &Model, options: SessionOptions) -> Result<Session, Error> {
    Session::with_options(model, &options)
}

#[test]
fn a_session_takes_no_more_than_it_is_charged_and_is_refused_before_it_takes_too_much() {
    let (mut sessions, mut operators, mut kernels) = (0, BTreeSet::new(), BTreeSet::new());
    let (mut charged, mut taken) = (0u64, 0u64);
    for file in files(b"sessions", 600) {
        let model = Model::from_bytes(&file, &Limits::DEFAULT).unwrap();
        operators.extend(model.graph().nodes().iter().map(|node| node.op.name()));
        kernels.extend(model.layers().iter().map(|layer| layer.linear.encoding.name()));
        for (isa, batch) in tiers().into_iter().flat_map(|isa| [(isa, 1), (isa, 5)]) {
            let (peak, made) = peak_of(|| session(&model, SessionOptions::new().batch(batch).isa(isa)).unwrap());
            let bytes = made.memory_bytes();
            assert!(peak as u64 <= bytes, "{peak} bytes taken, {bytes} charged: {isa:?}, batch {batch}, {:?}", model.graph());
            (charged, taken, sessions) = (charged + bytes, taken + peak as u64, sessions + 1);
        }
        let bytes = session(&model, SessionOptions::new()).unwrap().memory_bytes();
        let limits = [bytes, bytes - 1, bytes / 2, 0].map(|limit| {
            let options = SessionOptions::new().memory_bytes(limit);
            let (peak, made) = peak_of(|| session(&model, options).map(drop).map_err(|error| error.kind()));
            assert!(peak as u64 <= limit + ERROR_BYTES, "{peak} bytes taken within a limit of {limit}");
            made
        });
        assert_eq!(limits, [Ok(()), Err(ErrorKind::Limit), Err(ErrorKind::Limit), Err(ErrorKind::Limit)]);
    }
    assert_eq!(operators.len(), curt::graph::Op::kinds().map(|op| op.name()).collect::<BTreeSet<_>>().len(), "{operators:?}");
    assert_eq!(kernels.len(), 9, "{kernels:?}");
    println!("{}: {sessions} sessions, {taken} bytes taken, {charged} charged", extent());
}

/// A packed file of a few bytes whose input mask has 2^18 members.
fn mask_of_a_quarter_of_a_million() -> Vec<u8> {
    let input = InputSpec { dtype: Dtype::U8, shape: Shape::Image { channels: 1, height: 512, width: 512 }, kept: Some(1) };
    let mut builder = GraphBuilder::new(input, &Limits::EDGE).unwrap();
    builder.push(Node::new(Op::RELU, 0)).unwrap();
    let mut kept = vec![false; 1 << 18];
    kept[0] = true;
    let tables = Tables {
        input_scale: vec![1.0],
        input_offset: vec![0.0],
        input_mask: Some(Mask::new(kept)),
        layers: Vec::new(),
        affines: Vec::new(),
    };
    let contents = Contents { graph: builder.finish().unwrap(), tables, layers: Vec::new(), origin: None };
    curt::format::pack(&curt::format::write(&contents).unwrap()).unwrap()
}

#[test]
fn a_packed_mask_is_charged_for_its_places() {
    let file = mask_of_a_quarter_of_a_million();
    assert!(file.len() < 64, "{} bytes", file.len());
    let open = |memory_bytes| {
        let limits = Limits { memory_bytes, ..Limits::EDGE };
        peak_of(|| Model::from_bytes(&file, &limits).map(drop).map_err(|error| error.kind()))
    };
    let (peak, opened) = open(8 << 20);
    assert_eq!(opened, Err(ErrorKind::Limit));
    assert!(peak <= 1 << 20, "{peak} bytes taken before the refusal");
    let (peak, opened) = open(32 << 20);
    assert_eq!(opened, Ok(()));
    println!("{peak} bytes taken for a packed file of {}", file.len());
}

/// What is opened: random and golden files, packed ones, wrong ones, and files with a few flipped bits and right checksums.
fn any_files() -> Vec<Vec<u8>> {
    let mut all = files(b"opened", 100);
    let packed: Vec<_> = all.iter().step_by(6).filter_map(|file| curt::format::pack(file).ok()).collect();
    all.extend(packed);
    for folder in ["invalid", "packed", "packed-invalid"] {
        all.extend(golden::read_files(folder, 1 << 16).into_iter().map(|(_, file)| file));
    }
    let mut random = Random::of(b"mutants");
    let mutants: Vec<_> = all.iter().map(|file| mutant(file, &mut random)).collect();
    all.into_iter().chain(mutants).collect()
}

fn mutant(file: &[u8], random: &mut Random) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..1 + random.below(3) {
        // The graph says what is asked for, and lies in front.
        let most = [file.len(), 400][random.below(2)];
        let at = random.below(most);
        if let Some(byte) = file.get_mut(at) {
            *byte ^= 1 << random.below(8);
        }
    }
    if !curt::format::is_packed(&file) {
        repair(&mut file);
    } else if file.len() > 8 {
        file = container::packed(container::stream(&file));
    }
    file
}

#[test]
fn opening_takes_no_more_than_its_limit() {
    let (mut opened, mut refused, mut count) = (0, 0, 0);
    for file in any_files() {
        for limit in [0, 1 << 12, 1 << 16, 1 << 18, 1 << 19, 1 << 21, 1 << 27] {
            let limits = Limits { memory_bytes: limit, ..Limits::EDGE };
            let (peak, model) = peak_of(|| Model::from_bytes(&file, &limits).map(drop).map_err(|error| error.kind()));
            assert!(peak as u64 <= limit + ERROR_BYTES, "{peak} bytes taken within a limit of {limit}: {model:?}");
            opened += usize::from(model.is_ok());
            refused += usize::from(model == Err(ErrorKind::Limit));
            count += 1;
        }
    }
    println!("{}: {count} times opened within a limit, {opened} succeeded, {refused} needed more", extent());
}
