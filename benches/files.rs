//! From a file to an answer: `cargo bench -p curt-benches --bench files [FILTER]`.
//!
//! Times of opening (read, mapped, packed), unpacking, making a session and running it, for a network of vectors and one of images. What each
//! way of opening gives is checked before anything is timed: the same bytes and the same scores, bit for bit.

#![allow(missing_docs)] // criterion's macro makes a public function

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use curt::format::unpack;
use curt::{Check, Limits, Model, Session};
use curt_dev::{Random, root};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

const NETWORKS: [&str; 2] = ["lenet-300-100-gnj", "lenet-5-caffe-gnj"];

fn map(path: &Path, check: Check) -> Model {
    #[allow(unsafe_code)]
    // SAFETY: nobody writes to a file of `models/` while the benches run.
    unsafe { Model::map(path, &Limits::DEFAULT, check) }.expect("a model")
}

fn scores(session: &mut Session, pixels: &[u8]) -> Vec<f32> {
    let mut scores = vec![f32::NAN; session.output_len()];
    session.run(pixels, &mut scores).expect("one sample");
    scores
}

/// A network of `models/` in both profiles, and a sample.
struct Network {
    mapped: PathBuf,
    packed: PathBuf,
    packed_bytes: Vec<u8>,
    pixels: Vec<u8>,
}

impl Network {
    /// Panics unless every way of opening gives the same file and the same scores.
    fn checked(name: &str) -> Self {
        let path = |suffix: &str| root().join("models").join(format!("{name}{suffix}"));
        let (mapped, packed) = (path(".curt"), path(".packed.curt"));
        let packed_bytes = std::fs::read(&packed).expect("a packed model");
        let expected = Model::open(&mapped).expect("a model");
        let mut session = Session::new(&expected).expect("a session");
        let mut pixels = vec![0; session.input_len()];
        Random(1).fill(&mut pixels);
        let right = scores(&mut session, &pixels);
        assert!(right.iter().all(|score| score.is_finite()), "{name}: {right:?}");
        assert_eq!(unpack(&packed_bytes, &Limits::DEFAULT).expect("a packed model"), expected.file(), "{name} unpacked");
        for model in [map(&mapped, Check::Full), map(&mapped, Check::Structure), Model::open(&packed).expect("a packed model")] {
            assert_eq!(model.file(), expected.file(), "{name}");
            let found = scores(&mut Session::new(&model).expect("a session"), &pixels);
            assert!(found.iter().zip(&right).all(|(a, b)| a.to_bits() == b.to_bits()), "{name}: {found:?}, not {right:?}");
        }
        Self { mapped, packed, packed_bytes, pixels }
    }
}

fn files(criterion: &mut Criterion) {
    for name in NETWORKS {
        let network = Network::checked(name);
        let model = Model::open(&network.mapped).expect("a model");
        let mut session = Session::new(&model).expect("a session");
        let mut output = vec![0.0; session.output_len()];
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(1));
        group.bench_function("open", |bencher| bencher.iter(|| Model::open(black_box(&network.mapped)).expect("a model")));
        group.bench_function("map", |bencher| bencher.iter(|| map(black_box(&network.mapped), Check::Full)));
        group.bench_function("map-structure", |bencher| bencher.iter(|| map(black_box(&network.mapped), Check::Structure)));
        group.bench_function("open-packed", |bencher| bencher.iter(|| Model::open(black_box(&network.packed)).expect("a model")));
        group.bench_function("unpack", |bencher| {
            bencher.iter(|| unpack(black_box(&network.packed_bytes), &Limits::DEFAULT).expect("a packed model"));
        });
        group.bench_function("session", |bencher| bencher.iter(|| Session::new(black_box(&model)).expect("a session")));
        group.bench_function("run", |bencher| {
            bencher.iter(|| session.run(black_box(&network.pixels[..]), &mut output).expect("one sample"));
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    targets = files
}
criterion_main!(benches);
