//! `curt run` on pictures and arrays that other programs wrote.

use super::samples::{idx, network};
use super::{Folder, curt, data, golden};
use serde_json::json;

/// The outputs that `curt run` writes for these arguments, and its answer.
fn outputs(folder: &Folder, args: &[&str]) -> (Vec<u8>, serde_json::Value) {
    let path = folder.path("outputs.npy");
    let json = curt(&[&["run"], args, &["--outputs", &path, "--json"]].concat()).ok().json();
    let file = std::fs::read(&path).unwrap();
    (file[128..].to_vec(), json)
}

#[test]
fn pictures_form_a_batch_and_give_the_outputs_of_the_same_bytes_in_idx() {
    let folder = Folder::new("pictures");
    let model = folder.file("m.curt", &network(true));
    let digits = std::fs::read(data("../../data/digits-images-idx3-ubyte")).unwrap();
    let one = folder.file("one.idx", &idx(&[1, 28, 28], &digits[16..16 + 784]));
    let (expected, json) = outputs(&folder, &[&model, "--images", &one]);
    assert_eq!((expected.len(), json.get("classes")), (40, None));
    let scores: Vec<f32> = expected.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    let class = (0..10).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();

    let pictures =
        ["gray.png", "gray-alpha.png", "gray-16-bits.png", "gray-interlaced.png", "gray-as-rgb.png", "gray-as-palette.png"];
    let pictures = pictures.map(data);
    let args: Vec<&str> = std::iter::once(model.as_str()).chain(pictures.iter().map(String::as_str)).collect();
    let (found, json) = outputs(&folder, &args);
    assert!(found == expected.repeat(6));
    assert_eq!((&json["images"], &json["classes"]), (&json!(6), &json!(vec![class; 6])));

    // The name says nothing: only the first bytes do.
    let misnamed = folder.file("picture.npy", &std::fs::read(data("gray.png")).unwrap());
    let labels = folder.file("labels", &idx(&[1], &[class as u8]));
    let text = curt(&["run", &model, &misnamed, "--labels", &labels]).ok().stdout;
    assert!(text.contains("0 of 1 misclassified"), "{text}");
    let row = text.lines().find(|line| line.contains("picture.npy")).expect(&text);
    assert!(row.ends_with(&format!(" {class}")), "{row}");
}

#[test]
fn arrays_of_numpy_give_the_outputs_of_the_same_numbers() {
    let folder = Folder::new("arrays");
    let digits = std::fs::read(data("../../data/digits-images-idx3-ubyte")).unwrap();
    let three = folder.file("three.idx", &idx(&[3, 28, 28], &digits[16..16 + 3 * 784]));
    let (expected, _) = outputs(&folder, &["--images", &three]);
    let (found, json) = outputs(&folder, &["--images", &data("three.npy"), "--labels", &data("labels.npy")]);
    assert!(found == expected && json["misclassified"].is_u64(), "{json}");
    let (twice, _) = outputs(&folder, &["--images", &data("flat-version-3.npy"), "--images", &data("one-version-2.npy")]);
    assert!(twice == [&expected[..], &expected[..40]].concat());

    // The golden outputs of the format for the sample that `colour.png` and `colour.npy` hold.
    let model = golden("valid/input-u8-rank-3-channels-3-gather.curt");
    let golden_outputs = std::fs::read(golden("valid/input-u8-rank-3-channels-3-gather.output")).unwrap();
    for args in [&[data("colour.png"), data("colour-alpha-16-bits.png")][..], &[data("colour.npy")]] {
        let args: Vec<&str> = std::iter::once(model.as_str()).chain(args.iter().map(String::as_str)).collect();
        let (found, _) = outputs(&folder, &args);
        assert!(found == golden_outputs[..16].repeat(args.len() - 1), "{args:?}");
    }
}
