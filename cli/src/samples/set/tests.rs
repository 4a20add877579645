//! Tests on files that other programs wrote (`tests/data/make.py`): whole, cut and damaged ones.

use super::*;
use crate::samples::labels;
use curt::ErrorKind;

const INPUT: InputSpec = InputSpec { dtype: Dtype::U8, shape: Shape::Image { channels: 1, height: 28, width: 28 }, kept: None };
const COLOUR: InputSpec = InputSpec { dtype: Dtype::U8, shape: Shape::Image { channels: 3, height: 4, width: 5 }, kept: None };

/// A sample file of the tests, and its path.
macro_rules! data {
    ($($name:literal),*) => { [$(($name, include_bytes!(concat!("../../../tests/data/", $name)).as_slice())),*] };
}

/// The first built-in digit, from which `make.py` made its files.
fn digit() -> &'static [u8] {
    &include_bytes!("../../../data/digits-images-idx3-ubyte")[16..16 + 784]
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

#[test]
fn every_way_to_store_a_gray_picture_gives_the_same_bytes() {
    let pictures = data![
        "gray.png",
        "gray-alpha.png",
        "gray-16-bits.png",
        "gray-16-bits-between.png",
        "gray-interlaced.png",
        "gray-as-rgb.png",
        "gray-as-palette.png"
    ];
    for (name, file) in pictures {
        assert!(picture::read(file, INPUT).unwrap() == digit(), "{name}");
    }
    let [(_, two_levels)] = data!["two-levels.png"];
    let expected: Vec<u8> = digit().iter().map(|&value| if value >= 128 { 255 } else { 0 }).collect();
    assert!(picture::read(two_levels, INPUT).unwrap() == expected);
    let flat = InputSpec { shape: Shape::Vector(784), ..INPUT };
    assert!(picture::read(pictures[0].1, flat).unwrap() == digit());
}

#[test]
fn a_picture_in_colour_is_read_channel_by_channel() {
    let golden = include_bytes!("../../../../format-spec/vectors/valid/input-u8-rank-3-channels-3-gather.input");
    for (name, file) in data!["colour.png", "colour-alpha-16-bits.png"] {
        assert_eq!(picture::read(file, COLOUR).unwrap(), golden[..60], "{name}");
    }
    let samples = SampleSet::open_for(&[path("colour.png"), path("colour.npy")], COLOUR).unwrap();
    let Input::U8(bytes) = samples.input(0, 2) else { panic!("bytes") };
    assert_eq!((bytes[..60].to_vec(), &bytes[60..], samples.pictures), (golden[..60].to_vec(), &golden[..60], false));
}

#[test]
fn arrays_of_numpy_are_read() {
    let read = |name: &str| SampleSet::open_for(&[path(name)], INPUT).unwrap();
    let digits = &include_bytes!("../../../data/digits-images-idx3-ubyte")[16..];
    for (name, count) in [("three.npy", 3), ("one-version-2.npy", 1), ("flat-version-3.npy", 3)] {
        let samples = read(name);
        assert_eq!((samples.count, samples.len()), (count, 784), "{name}");
        assert!(matches!(samples.input(0, count), Input::U8(bytes) if bytes == &digits[..count * 784]), "{name}");
    }
    let floats = SampleSet::open_for(&[path("float.npy")], InputSpec { dtype: Dtype::F32, ..INPUT }).unwrap();
    let expected: Vec<f32> = digits[..3 * 784].iter().map(|&byte| f32::from(byte)).collect();
    assert!(matches!(floats.input(0, 3), Input::F32(read) if read == expected));
    assert_eq!(labels::open(&path("labels.npy")).unwrap(), [0, 1, 2]);
    let mixed = SampleSet::open_for(&[path("gray.png"), path("three.npy"), path("gray-as-rgb.png")], INPUT).unwrap();
    assert_eq!((mixed.count, mixed.pictures), (5, false));
    let Input::U8(bytes) = mixed.input(0, 5) else { panic!("bytes") };
    assert!(bytes[..784] == *digit() && bytes[784..4 * 784] == digits[..3 * 784] && bytes[4 * 784..] == *digit());
}

/// Reads a file in every possible way. This may fail but must not panic, and the result must have the model's size.
fn survives(file: &[u8]) -> bool {
    let (sizes, picture) = (picture::read(file, INPUT), picture::is_one(file));
    if let Ok(bytes) = &sizes {
        assert_eq!(bytes.len(), 784);
    }
    let array = array(file);
    if let Ok(array) = &array {
        let elements = match &array.elements {
            Elements::U8(bytes) => bytes.len(),
            Elements::F32(floats) => floats.len(),
        };
        assert_eq!(elements, array.dims.iter().product::<usize>());
    }
    if picture { sizes.is_ok() } else { array.is_ok() }
}

#[test]
fn cut_and_damaged_files_are_refused_or_read_and_never_panic() {
    let mut random = 88_172_645_463_325_252u64;
    let mut next = |n: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % n as u64) as usize
    };
    let files = data![
        "gray.png",
        "gray-interlaced.png",
        "gray-as-palette.png",
        "gray-16-bits.png",
        "three.npy",
        "flat-version-3.npy",
        "structured.npy"
    ];
    let (mut refused, mut read) = (0, 0);
    for (name, file) in files {
        for len in 0..file.len() {
            assert!(!survives(&file[..len]), "{name} cut to {len} bytes");
        }
        let is_picture = picture::is_one(file);
        for at in 0..file.len().min(300) {
            for flip in [1u8, 0x80, 0xFF] {
                let mut damaged = file.to_vec();
                damaged[at] ^= flip;
                let survived = survives(&damaged);
                // Every byte of a picture, except its signature, is covered by a checksum or is a length.
                assert!(!(is_picture && survived), "{name} with byte {at} ^ {flip:#x}");
                *(if survived { &mut read } else { &mut refused }) += 1;
            }
        }
        for _ in 0..300 {
            let start = if is_picture { 8 } else { 6 };
            let mut noise = file[..start].to_vec();
            noise.extend((0..next(200)).map(|_| next(256) as u8));
            survives(&noise);
        }
    }
    assert!(refused > 1000 && read > 100, "{refused} refused, {read} read");
}

#[test]
fn headers_cannot_ask_for_more_than_the_model_does() {
    let [(_, huge)] = data!["huge.png"];
    assert!(picture::read(huge, INPUT).unwrap_err().to_string().contains("2147483647 x 2147483647"));
    let header = |len: u32, text: &str| [b"\x93NUMPY\x02\x00".as_slice(), &len.to_le_bytes(), text.as_bytes()].concat();
    let kind = |file: &[u8]| array(file).unwrap_err().kind();
    assert_eq!(kind(&header(u32::MAX, "")), ErrorKind::Limit);
    assert_eq!(kind(&header(60_000, "{")), ErrorKind::Format(Defect::Truncated));
    let wide = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({0}, {0}), }}", u64::MAX >> 8);
    assert_eq!(kind(&header(wide.len() as u32, &wide)), ErrorKind::Format(Defect::Truncated));
    assert_eq!(kind(b"\x93NUMPY\x09\x00"), ErrorKind::Format(Defect::Version));
    assert_eq!(kind(b""), ErrorKind::Format(Defect::Empty));
}

#[test]
fn a_sample_fits_in_its_own_order_only() {
    let gray = Shape::Image { channels: 1, height: 4, width: 6 };
    let colour = Shape::Image { channels: 3, height: 4, width: 6 };
    for dims in [&[4, 6][..], &[1, 4, 6], &[4, 6, 1], &[24]] {
        assert!(fits(dims, gray), "{dims:?}");
    }
    for dims in [&[6, 4][..], &[2, 12], &[4, 6, 2], &[], &[4], &[usize::MAX, 2]] {
        assert!(!fits(dims, gray), "{dims:?}");
    }
    assert!(fits(&[3, 4, 6], colour) && fits(&[72], colour) && !fits(&[4, 6, 3], colour));
    assert!(fits(&[4, 6], Shape::Vector(24)) && !fits(&[4, 6], Shape::Vector(23)));
    // Of a whole array the first dimension counts samples, unless all others are 1.
    for dims in [&[24][..], &[1, 24], &[24, 1], &[1, 1, 24]] {
        assert!(is_in_order(dims, Shape::Vector(24)), "{dims:?}");
    }
    assert!(!is_in_order(&[4, 6], Shape::Vector(24)) && is_in_order(&[4, 6], gray) && is_in_order(&[], Shape::Vector(1)));
}

fn idx_images(count: u8, bytes: usize) -> Vec<u8> {
    [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 3][..], &vec![7; bytes]].concat()
}

#[test]
fn images_and_labels_are_read_from_idx_files() {
    let samples = SampleSet::parse_idx(&idx_images(2, 12)).unwrap();
    assert_eq!((samples.count, samples.len(), samples.dims.as_slice()), (2, 6, [2, 3].as_slice()));
    assert_eq!(samples.picture(1), Some((2, 3, &[7; 6][..])));
    assert_eq!(samples.input(1, 1).elements(), 6);
    assert_eq!(labels::parse(&[0, 0, 8, 1, 0, 0, 0, 2, 4, 9]).unwrap(), [4, 9]);
    let floats = SampleSet::parse_idx(&[0, 0, 13, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x3F, 0x80, 0, 0]).unwrap();
    assert!(matches!(floats.input(0, 1), Input::F32([1.0])));
}

#[test]
fn idx_files_without_samples_are_refused() {
    let kind = |file: &[u8]| SampleSet::parse_idx(file).unwrap_err().kind();
    assert_eq!(kind(&[0, 0, 8, 0, 1]), ErrorKind::Input, "no dimensions: one byte, but not samples");
    assert_eq!(kind(&[0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 0]), ErrorKind::Input);
    assert_eq!(labels::parse(&idx_images(2, 12)).unwrap_err().kind(), ErrorKind::Input);
}
