//! `curt run` on pictures and arrays that other programs wrote.

use super::samples::{dense, idx, network, npy};
use super::{Folder, curt, data, golden};
use curt::Dtype;
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

    // Other orders of the same numbers.
    let columns = outputs(&folder, &["--images", &data("fortran.npy")]).0;
    assert!(columns == expected[..40]);

    // The golden outputs of the format for the sample that `colour.png` and `colour.npy` hold.
    let model = golden("valid/input-u8-rank-3-channels-3-gather.curt");
    let golden_outputs = std::fs::read(golden("valid/input-u8-rank-3-channels-3-gather.output")).unwrap();
    for args in [&[data("colour.png"), data("colour-alpha-16-bits.png")][..], &[data("colour.npy")]] {
        let args: Vec<&str> = std::iter::once(model.as_str()).chain(args.iter().map(String::as_str)).collect();
        let (found, _) = outputs(&folder, &args);
        assert!(found == golden_outputs[..16].repeat(args.len() - 1), "{args:?}");
    }
}

#[test]
fn labels_are_whole_numbers_of_any_type() {
    let folder = Folder::new("labels");
    // Output 299 has the greatest weight of 300, so that it is the class of every sample.
    let weights: Vec<f32> = (0..300u16).map(f32::from).collect();
    let model = folder.file("m.curt", &dense(Dtype::U8, 1, &[(300, &weights)]));
    let samples = folder.file("x", &idx(&[3, 1], &[1, 2, 3]));
    let labels = [299u32, 299, 7];
    let wide = |little: bool| -> Vec<u8> {
        labels.iter().flat_map(|&x| if little { u64::from(x).to_le_bytes() } else { u64::from(x).to_be_bytes() }).collect()
    };
    let short: Vec<u8> = [299u16, 299, 7].iter().flat_map(|x| x.to_le_bytes()).collect();
    let files = [
        npy("<i8", false, "(3,)", &wide(true)),
        npy("l", true, "(3, 1)", &wide(true)),
        npy(">u8", true, "(3,)", &wide(false)),
        npy("uint16", false, "(3L,)", &short),
        [&[0, 0, 0x0B, 1, 0, 0, 0, 3][..], &[1, 43, 1, 43, 0, 7]].concat(),
        [&[0, 0, 0x0C, 1, 0, 0, 0, 3][..], &[0, 0, 1, 43, 0, 0, 1, 43, 0, 0, 0, 7]].concat(),
    ];
    for (i, file) in files.iter().enumerate() {
        let labels = folder.file("y", file);
        let json = curt(&["run", &model, &samples, "--labels", &labels, "--json"]).ok().json();
        assert_eq!(json["misclassified"], 1, "file {i}");
    }
    let refused = |file: &[u8]| {
        let ran = curt(&["run", &model, &samples, "--labels", &folder.file("y", file)]);
        assert_eq!(ran.code, 1);
        ran.stderr
    };
    assert!(refused(&npy("<u2", false, "(3,)", &[0, 0, 0, 0, 44, 1])).contains("label 2 is 300; the model has 300 outputs"));
    assert!(refused(&npy("<u8", false, "(1,)", &[255; 8])).contains("label 0 is 18446744073709551615"));
}
