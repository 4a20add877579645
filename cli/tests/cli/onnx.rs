//! `compress` of ONNX files and of networks without labels.

use super::samples::npy;
use super::{Folder, curt};
use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/onnx").join(name);
    assert!(path.exists(), "{}", path.display());
    path.display().to_string()
}

/// Bytes of `count` floats between -1 and 1.
fn floats(count: usize) -> Vec<u8> {
    (0..count).flat_map(|i| ((i * i) as f32).sin().to_le_bytes()).collect()
}

#[test]
fn an_onnx_file_of_one_output_is_compressed_by_its_own_answers() {
    let folder = Folder::new("onnx-one-output");
    let samples = folder.file("x.npy", &npy("<f4", false, "(200, 6)", &floats(200 * 6)));
    let (model, out) = (file("one_output.onnx"), folder.path("m.curt"));
    let json = curt(&["compress", &model, "-o", &out, "--calibration", &samples, "--json"]).ok().json();
    let scores = &json["validation"];
    assert_eq!((scores["objective"].as_str(), scores["within_budget"].as_bool()), (Some("binary"), Some(true)), "{scores}");
    assert!(scores["compressed"]["errors"].as_u64().is_some_and(|errors| errors == 0), "0.2 % of 200 samples are none: {scores}");
    let text = curt(&["compress", &model, "-o", &out, "--calibration", &samples, "--encoding", "all=dense_f32"]).ok().stdout;
    assert!(text.contains("objective binary") && text.contains("0.00 % of answers differ (0 of 200)"), "{text}");
    curt(&["run", &out, &samples]).ok();
    for (args, message) in [
        (&["--calibration", &samples, "--objective", "classify"][..], "one output"),
        (&["--calibration", &samples, "--objective", "sum"], "auto, classify, binary, regress"),
        (&["--calibration", &samples, "--shape", "x"], "INPUT=DIM,DIM,..."),
        (&["--calibration", &samples, "--shape", "y=1,6"], "no input \"y\""),
        (&["--calibration", &samples, "--output-value", "y"], "no node makes the value \"y\""),
        (&["--calibration", &samples, "--validation", &samples, &samples], "cannot be used with"),
        (&[], "--validation"),
    ] {
        let ran = curt(&[&["compress", &model, "-o", &out], args].concat());
        assert!(ran.code != 0 && ran.stderr.contains(message), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn samples_with_the_channel_last_are_reordered() {
    let folder = Folder::new("onnx-keras");
    let (model, out) = (file("keras.onnx"), folder.path("m.curt"));
    let last = folder.file("last.npy", &npy("<f4", false, "(40, 6, 7, 2)", &floats(40 * 84)));
    let json = curt(&["compress", &model, "-o", &out, "--calibration", &last, "--json"]).ok().json();
    assert_eq!(json["validation"]["objective"], "classify");
    let first = folder.file("first.npy", &npy("<f4", false, "(40, 2, 6, 7)", &floats(40 * 84)));
    let ran = curt(&["compress", &model, "-o", &out, "--calibration", &first]);
    assert!(ran.code == 1 && ran.stderr.contains("the file reads 6x7x2, the samples are 2x6x7"), "{}", ran.stderr);
    curt(&["run", &out, &first]).ok(); // the network has the channel first
}
