//! Memory is charged before it is allocated: what an allocator counts never exceeds what [`Limits::memory_bytes`] was charged.
#![allow(clippy::unwrap_used)] // helpers of tests

use curt::encoding::Encoding;
use curt::{Error, ErrorKind, Limits, Model, Session, SessionOptions};
use curt_dev::allocator::{Counting, peak_of};
use curt_dev::effort::{cases, extent};
use curt_dev::graphs::random_file;
use curt_dev::{Random, golden, tiers};
use std::collections::BTreeSet;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What an error takes: a box, and a message with its parts.
const ERROR_BYTES: u64 = 2 << 10;

/// Random models, and those of the golden files.
fn files(seed: &[u8]) -> Vec<Vec<u8>> {
    let mut random = Random::of(seed);
    let mut encodings = Encoding::ALL.to_vec();
    encodings.extend([2, 8].map(|bits| Encoding::FixedPoint { bits }));
    encodings.extend([2, 256].map(|levels| Encoding::Codebook { levels }));
    encodings.extend([Encoding::SparseCodebook { levels: 1 }, Encoding::BlockF32 { height: 8 }]);
    let drawn = cases(6000, 600).into_iter().filter_map(|i| random_file(&mut random, encodings[i % encodings.len()]));
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
    for file in files(b"sessions") {
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
