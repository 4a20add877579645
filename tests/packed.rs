//! The packed profile: lossless and canonical both ways, and nothing else is accepted.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use curt::content::{Contents, LayerTables, Tables};
use curt::encoding::dense;
use curt::format::{account, pack, strip, unpack, validate, write};
use curt::graph::{GraphBuilder, InputSpec, Linear, Node, Op};
use curt::tensor::Mask;
use curt::{Check, Defect, Dtype, ErrorKind, Isa, Limits, Model, Session, SessionOptions, Shape};
use curt_dev::container::{packed as file, stream};
use curt_dev::effort::{cases, extent};
use curt_dev::{Folder, Random, golden};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What damaged files may ask for: enough for every file here, little enough that none takes long.
const SMALL: Limits = Limits { file_bytes: 1 << 21, weights: 1 << 17, activations: 1 << 17, ..Limits::EDGE };

/// The valid golden files and the models, which are large: by default 8 of them.
fn mapped() -> Vec<(PathBuf, Vec<u8>)> {
    let models = golden::models();
    let models = cases(models.len(), 8).into_iter().map(|i| models[i].clone());
    let all = golden::curt_files("valid").into_iter().chain(models);
    all.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The packed golden files.
fn goldens() -> Vec<(PathBuf, Vec<u8>)> {
    golden::read_files("packed", usize::MAX)
}

#[test]
fn every_mapped_file_comes_back_byte_for_byte() {
    let all = mapped();
    let (mut before, mut after) = (0, 0);
    for (path, file) in &all {
        let packed = pack(file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let again = unpack(&packed, &Limits::FORMAT).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(again == *file, "{} comes back as another file", path.display());
        before += file.len();
        after += packed.len();
    }
    println!("{} files of {before} bytes packed into {after} ({})", all.len(), extent());
    assert!(all.len() >= 100 && after < before / 2);
}

/// A mask that keeps nothing is not coded: 2 MiB of it take no byte of the packed file, which is right all the same.
#[test]
fn a_mask_that_keeps_nothing_comes_back() {
    let shape = Shape::Image { channels: 1, height: 4096, width: 4096 };
    let mut builder = GraphBuilder::new(InputSpec { dtype: Dtype::U8, shape, kept: Some(0) }, &Limits::FORMAT).unwrap();
    let layer = dense::encode_f32(1, 0, &[]);
    builder.push(Node::new(Op::Linear(Linear::of(&layer)), 0)).unwrap();
    let tables = Tables {
        input_scale: vec![1.0],
        input_offset: vec![0.0],
        input_mask: Some(Mask::new(vec![false; 4096 * 4096])),
        layers: vec![LayerTables::of(&layer, vec![0.5])],
        affines: Vec::new(),
    };
    let mapped = write(&Contents { graph: builder.finish().unwrap(), tables, layers: vec![layer], origin: None }).unwrap();
    let packed = pack(&mapped).unwrap();
    assert!(packed.len() < 100 && mapped.len() > 1 << 21, "{} bytes of {}", packed.len(), mapped.len());
    assert!(unpack(&packed, &Limits::FORMAT).unwrap() == mapped);
}

/// The bytes are part of the format: a coder that differs in one rounding shows here.
#[test]
fn golden_files_are_packed_into_the_golden_bytes() {
    let goldens = goldens();
    for (path, packed) in &goldens {
        let mapped = curt_dev::root().join("format-spec/vectors/valid").join(path.file_name().unwrap());
        let mapped = std::fs::read(mapped).unwrap();
        assert!(pack(&mapped).unwrap() == *packed, "{} is packed otherwise", path.display());
        assert!(unpack(packed, &Limits::DEFAULT).unwrap() == mapped, "{}", path.display());
    }
    println!("{} packed golden files", goldens.len());
    assert!(goldens.len() >= 15);
}

/// `KIND--what.curt` must be refused as KIND: the order of the checks is part of the format too.
#[test]
fn every_invalid_golden_file_gets_the_kind_of_its_name() {
    let files = golden::curt_files("packed-invalid");
    for path in &files {
        let expected = golden::expected_kind(path);
        let error = Model::from_bytes(&std::fs::read(path).unwrap(), &Limits::FORMAT).map(|_| ()).unwrap_err();
        assert_eq!(error.kind().name(), expected, "{}: {error}", path.display());
    }
    println!("{} invalid packed files refused", files.len());
    assert!(files.len() >= 40);
}

/// The coder spends what its probabilities say, the bytes at the end, and what its range rounds off: a bit 1 takes `range >> 16` times its probability, which is
/// 0.0005 bits dearer on average over ranges of 2^24 to 2^32, and cheaper a bit 0. It shows where most bits are all but certain: 1.9 thousandths in floats of few values.
#[test]
fn a_packed_file_is_as_long_as_its_probabilities_say() {
    for (path, file) in mapped() {
        let packed = pack(&file).unwrap();
        let ideal = account(&file).unwrap().values().sum::<f64>() / 8.0;
        let stream = (packed.len() - 8) as f64;
        assert!(stream <= ideal * 1.0025 + 1.5 && stream >= ideal * 0.999 - 1.0, "{}: {stream} bytes, {ideal}", path.display());
    }
}

#[test]
fn every_prefix_extension_and_flipped_bit_is_refused() {
    let mut count = 0;
    for (path, mut packed) in goldens() {
        for len in cases(packed.len(), 256).into_iter().filter(|&len| len >= 3) {
            let kind = Model::from_bytes(&packed[..len], &SMALL).map(|_| ()).unwrap_err().kind();
            let expected = if len < 8 { ErrorKind::Format(Defect::Truncated) } else { ErrorKind::Format(Defect::Checksum) };
            assert_eq!(kind, expected, "{} cut to {len}", path.display());
        }
        for extra in [0, 1, 255] {
            assert_eq!(
                unpack(&[&packed[..], &[extra]].concat(), &SMALL).unwrap_err().kind(),
                ErrorKind::Format(Defect::Checksum)
            );
            let stream = [stream(&packed), &[extra]].concat();
            assert!(unpack(&file(&stream), &SMALL).is_err(), "{} with a byte more in the stream", path.display());
        }
        for bit in cases(packed.len() * 8, 1024) {
            packed[bit / 8] ^= 1 << (bit % 8);
            assert!(Model::from_bytes(&packed, &SMALL).is_err(), "{}: bit {bit} flipped is accepted", path.display());
            packed[bit / 8] ^= 1 << (bit % 8);
            count += 1;
        }
    }
    println!("{count} flipped bits refused ({})", extent());
}

/// What a stream unpacks to: nothing, with a kind, or a valid file that is packed into the same bytes.
fn try_stream(stream: &[u8], kinds: &mut BTreeMap<&'static str, u32>) {
    let packed = file(stream);
    let name = match unpack(&packed, &SMALL) {
        Ok(mapped) => {
            assert!(pack(&mapped).unwrap() == packed);
            validate(&mapped, &SMALL, Check::Full).unwrap();
            "accepted"
        }
        Err(error) => {
            assert!(!matches!(error.kind(), ErrorKind::Internal | ErrorKind::Format(Defect::Checksum)), "{error}");
            error.kind().name()
        }
    };
    *kinds.entry(name).or_default() += 1;
}

/// With the checksum repaired nearly every stream means something: it is bounded by the graph, and canonical or refused.
#[test]
fn every_cut_and_flip_with_the_checksum_repaired_is_refused_or_canonical() {
    let mut kinds = BTreeMap::new();
    for (_, packed) in goldens().into_iter().filter(|(_, packed)| packed.len() < 400) {
        let mut stream = stream(&packed).to_vec();
        cases(stream.len(), 64).into_iter().for_each(|len| try_stream(&stream[..len], &mut kinds));
        for bit in cases(stream.len() * 8, 256) {
            stream[bit / 8] ^= 1 << (bit % 8);
            try_stream(&stream, &mut kinds);
            stream[bit / 8] ^= 1 << (bit % 8);
        }
    }
    println!("{kinds:?} ({})", extent());
    assert!(kinds.len() >= 6, "flips reach too little: {kinds:?}");
}

#[test]
fn random_streams_are_refused_or_canonical() {
    let mut random = Random(9);
    let mut kinds = BTreeMap::new();
    let goldens = goldens();
    for i in 0..4000usize {
        // Beginnings of real files lead further than noise does.
        let (_, packed) = &goldens[i % goldens.len()];
        let mut stream = packed[4..packed.len().min(4 + (i / goldens.len()) % 24)].to_vec();
        stream.extend((0..random.bits() % 80).map(|_| random.bits() as u8));
        try_stream(&stream, &mut kinds);
    }
    println!("{kinds:?}");
    assert!(kinds.len() >= 5, "{kinds:?}");
}

#[test]
fn a_packed_model_runs_and_cannot_be_mapped() {
    let folder = Folder::new("packed");
    for golden in
        golden::goldens(1).into_iter().filter(|golden| golden.name.starts_with("lenet") || golden.name.starts_with("mlp"))
    {
        let path = folder.file("packed.curt");
        let packed = pack(golden.model.file()).unwrap();
        std::fs::write(&path, &packed).unwrap();
        let model = Model::open(&path).unwrap();
        assert_eq!((model.packed_bytes(), model.file()), (Some(packed.len() as u64), golden.model.file()));
        let mut output = vec![f32::NAN; golden.expected.len()];
        let options = SessionOptions::new().batch(1).isa(Isa::Scalar);
        Session::with_options(&model, &options).unwrap().run(golden.input(), &mut output).unwrap();
        assert!(golden.is_right(&output), "{}", golden.name);
        #[allow(unsafe_code)]
        // SAFETY: nobody else has the file of this test.
        let error = unsafe { Model::map(&path, &Limits::DEFAULT, Check::Structure) }.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format(Defect::Magic));
        assert!(error.to_string().contains("curt unpack"), "{error}");
    }
}

#[test]
fn what_a_file_may_ask_for_holds_for_packed_ones_too() {
    let (_, packed) = goldens().into_iter().find(|(path, _)| path.ends_with("lenet-28x28.curt")).unwrap();
    let needs = unpack(&packed, &Limits::DEFAULT).unwrap().len() as u64;
    let kind = |limits: Limits| unpack(&packed, &limits).unwrap_err().kind();
    assert_eq!(kind(Limits { file_bytes: packed.len() as u64 - 1, ..Limits::DEFAULT }), ErrorKind::Limit);
    assert_eq!(kind(Limits { file_bytes: needs - 1, ..Limits::DEFAULT }), ErrorKind::Limit);
    assert_eq!(kind(Limits { nodes: 2, ..Limits::DEFAULT }), ErrorKind::Limit);
    assert_eq!(kind(Limits { weights: 100, ..Limits::DEFAULT }), ErrorKind::Limit);
    unpack(&packed, &Limits { file_bytes: needs, ..Limits::DEFAULT }).unwrap();
    let mut version = packed.clone();
    version[3] = 1;
    assert_eq!(unpack(&version, &Limits::DEFAULT).unwrap_err().kind(), ErrorKind::Format(Defect::Version));
    assert_eq!(unpack(&[], &Limits::DEFAULT).unwrap_err().kind(), ErrorKind::Format(Defect::Empty));
}

/// Stripping leaves what the network computes.
#[test]
fn a_stripped_model_is_smaller_and_the_same() {
    let mut stripped_some = 0;
    for (path, file) in mapped() {
        let stripped = strip(&file).unwrap();
        let (before, after) =
            (Model::from_bytes(&file, &Limits::FORMAT).unwrap(), Model::from_bytes(&stripped, &Limits::FORMAT).unwrap());
        assert_eq!((before.graph(), before.tables()), (after.graph(), after.tables()), "{}", path.display());
        assert!(after.origin().is_none() && strip(&stripped).unwrap() == stripped);
        if before.origin().is_some() {
            assert!(pack(&stripped).unwrap().len() < pack(&file).unwrap().len());
            stripped_some += 1;
        }
    }
    assert!(stripped_some >= 5);
}
