//! Every violation of `docs/posteriors.md` is refused with the kind `posterior` and a message that names its place.

use curt::ErrorKind;
use curt::posterior::{MAX_HEADER_BYTES, Posterior};
use curt_dev::posterior::{PosteriorFile, Tensor, corners, maps};
use serde_json::{Value, json};

type Change = fn(&mut PosteriorFile);

fn remove(file: &mut PosteriorFile, name: &str) {
    let before = file.tensors.len();
    file.tensors.retain(|tensor| tensor.name != name);
    assert_eq!(file.tensors.len() + 1, before);
}

fn node(file: &mut PosteriorFile, i: usize) -> &mut Value {
    &mut file.description["nodes"][i]
}

#[track_caller]
pub(super) fn refused(bytes: &[u8], needles: &[&str]) {
    let error = Posterior::from_bytes(bytes).err().unwrap_or_else(|| panic!("accepted, expected {needles:?}"));
    assert_eq!(error.kind(), ErrorKind::Posterior, "{error}");
    for needle in needles {
        assert!(error.to_string().contains(needle), "{error}: expected {needle:?}");
    }
}

fn refuse(base: &PosteriorFile, cases: &[(&[&str], Change)]) {
    Posterior::from_bytes(&base.bytes()).unwrap();
    for (needles, change) in cases {
        let mut file = base.clone();
        change(&mut file);
        refused(&file.bytes(), needles);
    }
}

#[test]
fn steps_that_do_not_fit_the_weights() {
    refuse(
        &corners::rate(),
        &[
            (&["fc2.step", "missing"], |f| remove(f, "fc2.step")),
            (&["fc1.step", "[2]", "[1]"], |f| {
                f.tensor("fc1.step").shape = vec![2];
                f.tensor("fc1.step").bytes.extend([0; 4]);
            }),
            (&["fc1.step", "positive"], |f| f.set("fc1.step", 0, 0.0)),
            (&["fc1.step", "positive"], |f| f.set("fc1.step", 0, -0.5)),
            (&["fc1.step", "finite"], |f| f.set("fc1.step", 0, f32::NAN)),
            (&["fc1.weight", "element 3", "the step"], |f| f.set("fc1.weight", 3, corners::STEPS[0] * 1.5)),
            (&["fc1.weight", "element 5", "127"], |f| f.set("fc1.weight", 5, corners::STEPS[0] * 128.0)),
            (&["fc1.scale_mean", "not expected"], |f| {
                f.floats("fc1.scale_mean", &[16], &[1.0; 16]);
            }),
        ],
    );
    let mut plain = corners::plain();
    plain.floats("fc1.step", &[1], &[1.0]);
    refused(&plain.bytes(), &["fc1.step", "not expected"]);
}

#[test]
fn means_and_variances_of_single_weights() {
    for method in ["sparse_vd", "graves", "vnq"] {
        let file = if method == "vnq" { corners::vnq() } else { corners::gaussian(method) };
        refuse(
            &file,
            &[
                (&["fc2.weight_mean", "missing"], |f| remove(f, "fc2.weight_mean")),
                (&["fc1.weight_log_variance", "missing"], |f| remove(f, "fc1.weight_log_variance")),
                (&["fc1.bias", "missing"], |f| remove(f, "fc1.bias")),
                (&["fc1.weight_mean", "[16, 8]", "[outputs, 16]"], |f| f.tensor("fc1.weight_mean").shape = vec![16, 8]),
                (&["fc1.weight_log_variance", "[128]", "[8, 16]"], |f| f.tensor("fc1.weight_log_variance").shape = vec![128]),
                (&["fc1.bias", "[1, 8]", "[8]"], |f| f.tensor("fc1.bias").shape = vec![1, 8]),
                (&["fc1.weight_mean", "element 100", "NaN", "finite"], |f| f.set("fc1.weight_mean", 100, f32::NAN)),
                (&["fc2.weight_log_variance", "element 23", "-inf"], |f| f.set("fc2.weight_log_variance", 23, f32::NEG_INFINITY)),
                (&["fc2.weight_log_variance", "element 7", "88.8", "exceeds"], |f| f.set("fc2.weight_log_variance", 7, 88.8)),
                (&["fc1.bias_mean", "not expected"], |f| {
                    f.floats("fc1.bias_mean", &[8], &[0.0; 8]);
                }),
            ],
        );
    }
    let mut graves = corners::gaussian("graves");
    graves.floats("fc1.level", &[1], &[1.0]);
    refused(&graves.bytes(), &["fc1.level", "not expected"]);
}

#[test]
fn codebooks_of_no_values() {
    refuse(
        &corners::vnq(),
        &[
            (&["fc1.level", "missing"], |f| remove(f, "fc1.level")),
            (&["fc1.level", "[2]", "[1]"], |f| {
                f.tensor("fc1.level").shape = vec![2];
                f.tensor("fc1.level").bytes.extend([0; 4]);
            }),
            (&["fc1.level", "0.0", "positive"], |f| f.set("fc1.level", 0, 0.0)),
            (&["fc2.level", "-0.2", "positive"], |f| f.set("fc2.level", 0, -0.2)),
            (&["fc1.level", "element 0", "NaN"], |f| f.set("fc1.level", 0, f32::NAN)),
            (&["fc2.level", "1e-45", "2 steps"], |f| f.set("fc2.level", 0, 1e-45)), // half of it rounds to zero
            (&["fc2.levels", "4", "odd", "3 to 255"], |f| f.set("fc2.levels", 0, 4.0)),
            (&["fc2.levels", "1", "odd"], |f| f.set("fc2.levels", 0, 1.0)),
            (&["fc2.levels", "257", "odd"], |f| f.set("fc2.levels", 0, 257.0)),
            (&["fc2.levels", "3.5", "odd"], |f| f.set("fc2.levels", 0, 3.5)),
            (&["fc2.levels", "-3", "odd"], |f| f.set("fc2.levels", 0, -3.0)),
            (&["fc2.levels", "inf"], |f| f.set("fc2.levels", 0, f32::INFINITY)),
            (&["fc2.levels", "[]", "[1]"], |f| f.tensor("fc2.levels").shape = vec![]),
        ],
    );
}

#[test]
fn scales_of_the_horseshoe() {
    refuse(
        &corners::ghs(),
        &[
            (&["fc1.local_a_mean", "missing"], |f| remove(f, "fc1.local_a_mean")),
            (&["fc2.local_b_log_variance", "missing"], |f| remove(f, "fc2.local_b_log_variance")),
            (&["fc2.global_b_mean", "missing"], |f| remove(f, "fc2.global_b_mean")),
            (&["fc1.bias_log_variance", "missing"], |f| remove(f, "fc1.bias_log_variance")),
            (&["fc1.local_a_mean", "[4, 4]", "[16]"], |f| f.tensor("fc1.local_a_mean").shape = vec![4, 4]),
            (&["fc1.global_a_mean", "[1, 1]", "[1]"], |f| f.tensor("fc1.global_a_mean").shape = vec![1, 1]),
            (&["fc1.local_b_mean", "element 3", "NaN"], |f| f.set("fc1.local_b_mean", 3, f32::NAN)),
            (&["fc2.global_a_log_variance", "element 0", "90", "exceeds"], |f| f.set("fc2.global_a_log_variance", 0, 90.0)),
            (&["fc1.scale_mean", "not expected"], |f| {
                f.floats("fc1.scale_mean", &[16], &[1.0; 16]);
            }),
        ],
    );
    refuse(
        &maps::ghs(),
        &[(&["conv1.local_a_mean", "[9]", "[4]"], |f| {
            remove(f, "conv1.local_a_mean");
            f.floats("conv1.local_a_mean", &[9], &[0.0; 9]);
        })],
    );
}

/// 20 x 20 weights of as many values as a codebook has levels, of which zero is one, and of one more.
#[test]
fn weights_that_share_too_many_values() {
    let file = |values: usize, masked: bool| {
        let mut file = PosteriorFile::new(json!({
            "posterior": 1, "name": "square", "method": "shared",
            "input": { "shape": [20], "dtype": "f32", "scale": [1.0], "offset": [0.0] },
            "nodes": [{ "name": "fc1", "op": "linear", "inputs": ["input"] }]
        }));
        let weights: Vec<f32> = (0..400).map(|i| (i % values) as f32 / 7.0).collect();
        file.floats("fc1.weight", &[20, 20], &weights);
        if masked {
            let mask: Vec<f32> = weights.iter().map(|&weight| f32::from(u8::from(weight != 5.0))).collect();
            file.floats("fc1.weight_mask", &[20, 20], &mask);
        }
        file.bytes()
    };
    Posterior::from_bytes(&file(256, false)).unwrap();
    refused(&file(257, false), &["fc1.weight", "257 distinct values", "256"]);
    Posterior::from_bytes(&file(257, true)).unwrap(); // one of them is masked, and zero is there anyway
    refused(&file(258, true), &["fc1.weight", "257 distinct values"]);
    refuse(
        &corners::shared(),
        &[
            (&["fc1.weight", "missing"], |f| remove(f, "fc1.weight")),
            (&["fc1.weight", "[16, 8]"], |f| f.tensor("fc1.weight").shape = vec![16, 8]),
            (&["fc1.weight", "element 2", "inf"], |f| f.set("fc1.weight", 2, f32::INFINITY)),
        ],
    );
}

#[test]
fn tensors_that_do_not_fit_the_graph() {
    refuse(
        &corners::gnj(),
        &[
            (&["fc1.scale_mean", "missing"], |f| remove(f, "fc1.scale_mean")),
            (&["fc2.weight_mean", "missing"], |f| remove(f, "fc2.weight_mean")),
            (&["fc2.bias_log_variance", "missing"], |f| remove(f, "fc2.bias_log_variance")),
            (&["fc1.skale_mean", "not expected"], |f| {
                f.floats("fc1.skale_mean", &[1], &[1.0]);
            }),
            (&["fc1.weight", "not expected"], |f| {
                f.floats("fc1.weight", &[8, 16], &[0.0; 128]);
            }),
            (&["fc1.weight_mean", "[8, 2, 8]", "16"], |f| f.tensor("fc1.weight_mean").shape = vec![8, 2, 8]),
            (&["fc1.weight_mean", "[16, 8]", "16"], |f| f.tensor("fc1.weight_mean").shape = vec![16, 8]),
            (&["fc1.weight_log_variance", "[16, 8]", "[8, 16]"], |f| f.tensor("fc1.weight_log_variance").shape = vec![16, 8]),
            (&["fc1.scale_mean", "[1, 16]", "[16]"], |f| f.tensor("fc1.scale_mean").shape = vec![1, 16]),
            (&["fc2.weight_mean", "[4, 6]", "8"], |f| f.tensor("fc2.weight_mean").shape = vec![4, 6]),
            (&["fc1.bias_mean", "I32", "F32"], |f| f.tensor("fc1.bias_mean").dtype = "I32"),
            (&["fc1.scale_mean", "U32", "F32"], |f| f.tensor("fc1.scale_mean").dtype = "U32"),
        ],
    );
}

#[test]
fn numbers_that_are_none() {
    refuse(
        &corners::gnj(),
        &[
            (&["fc1.weight_mean", "element 17", "NaN"], |f| f.set("fc1.weight_mean", 17, f32::NAN)),
            (&["fc2.scale_mean", "element 0", "inf"], |f| f.set("fc2.scale_mean", 0, f32::INFINITY)),
            (&["fc1.bias_mean", "element 7", "-inf"], |f| f.set("fc1.bias_mean", 7, f32::NEG_INFINITY)),
            (&["fc2.scale_log_variance", "element 3", "89", "exceeds"], |f| f.set("fc2.scale_log_variance", 3, 89.0)),
            (&["fc1.weight_log_variance", "element 2", "1e30", "exceeds"], |f| f.set("fc1.weight_log_variance", 2, 1e30)),
            (&["fc1.bias_log_variance", "element 0", "NaN"], |f| f.set("fc1.bias_log_variance", 0, f32::NAN)),
        ],
    );
    let mut small = corners::gnj();
    small.set("fc1.weight_log_variance", 2, -1e30); // a variance of zero is a variance
    Posterior::from_bytes(&small.bytes()).unwrap();
}

#[test]
fn masks_are_zeros_and_ones() {
    refuse(
        &corners::plain(),
        &[
            (&["fc1.weight_mask", "element 5", "0.5"], |f| f.set("fc1.weight_mask", 5, 0.5)),
            (&["fc2.weight_mask", "element 1", "NaN"], |f| f.set("fc2.weight_mask", 1, f32::NAN)),
            (&["fc2.weight_mask", "[8, 3]", "[3, 8]"], |f| f.tensor("fc2.weight_mask").shape = vec![8, 3]),
            (&["fc1.weight_mask", "element 9", "2"], |f| {
                *f.tensor("fc1.weight_mask") = bytes_mask(128, "U8");
                f.tensor("fc1.weight_mask").bytes[9] = 2;
            }),
            (&["fc1.weight_mask", "element 0", "255"], |f| {
                *f.tensor("fc1.weight_mask") = bytes_mask(128, "BOOL");
                f.tensor("fc1.weight_mask").bytes[0] = 255;
            }),
            (&["fc1.weight_mask", "I8"], |f| *f.tensor("fc1.weight_mask") = bytes_mask(128, "I8")),
            (&["fc1.weight", "missing"], |f| remove(f, "fc1.weight")),
        ],
    );
    for dtype in ["U8", "BOOL"] {
        let mut file = corners::plain();
        *file.tensor("fc1.weight_mask") = bytes_mask(128, dtype);
        Posterior::from_bytes(&file.bytes()).unwrap();
    }
}

fn bytes_mask(n: usize, dtype: &'static str) -> Tensor {
    Tensor { name: "fc1.weight_mask".to_owned(), dtype, shape: vec![8, 16], bytes: vec![1; n] }
}

#[test]
fn graphs_that_are_none() {
    refuse(
        &corners::gnj(),
        &[
            (&["relu1", "later", "earlier node"], |f| node(f, 2)["inputs"] = json!(["later"])),
            (&["fc1", "relu1", "earlier node"], |f| node(f, 1)["inputs"] = json!(["relu1"])),
            (&["relu1", "inputs", "one name"], |f| node(f, 2)["inputs"] = json!(["fc1", "fc1"])),
            (&["relu1", "inputs", "one name"], |f| node(f, 2)["inputs"] = json!([1])),
            (&["fc1", "duplicate name"], |f| node(f, 2)["name"] = json!("fc1")),
            (&["input", "duplicate name"], |f| node(f, 0)["name"] = json!("input")),
            (&["relu1", "conv9", "softmax"], |f| node(f, 2)["op"] = json!("conv9")),
            (&["relu1", "stride"], |f| node(f, 2)["stride"] = json!(2)),
            (&["node 2", "name", "255 bytes"], |f| node(f, 2)["name"] = json!("x".repeat(256))),
            (&["node 2", "name", "control"], |f| node(f, 2)["name"] = json!("a\u{1b}[2J")),
            (&["node 2", "name", "control"], |f| node(f, 2)["name"] = json!("a\u{202e}b")),
            (&["node 2", "name"], |f| node(f, 2)["name"] = json!("")),
            (&["node 2", "no key \"name\""], |f| *node(f, 2) = json!({ "op": "relu", "inputs": ["fc1"] })),
            (&["node 2", "object"], |f| *node(f, 2) = json!(7)),
            (&["fc1", "vector", "1x4x4"], |f| {
                node(f, 1)["inputs"] = json!(["input"]);
            }),
            (&["fc2", "no node reads"], |f| {
                let nodes = f.description["nodes"].as_array_mut().unwrap();
                nodes.push(json!({ "name": "relu2", "op": "relu", "inputs": ["fc1"] }));
            }),
            (&["nodes"], |f| f.description["nodes"] = json!([])),
            (&["nodes", "list"], |f| f.description["nodes"] = json!("fc1")),
            (&["no linear or conv2d node"], |f| {
                f.description["nodes"] = json!([{ "name": "relu", "op": "relu", "inputs": ["input"] }]);
            }),
        ],
    );
}

#[test]
fn operators_with_wrong_parameters() {
    refuse(
        &maps::gnj(),
        &[
            (&["conv1", "no key \"kernel\""], |f| {
                node(f, 0).as_object_mut().unwrap().remove("kernel");
            }),
            (&["pool1", "no key \"stride\""], |f| {
                node(f, 2).as_object_mut().unwrap().remove("stride");
            }),
            (&["conv1", "kernel", "[0,3]", "from 1"], |f| node(f, 0)["kernel"] = json!([0, 3])),
            (&["conv1", "stride", "[1,0]", "from 1"], |f| node(f, 0)["stride"] = json!([1, 0])),
            (&["conv1", "stride", "[height, width]"], |f| node(f, 0)["stride"] = json!(1)),
            (&["conv1", "kernel", "[height, width]"], |f| node(f, 0)["kernel"] = json!([3])),
            (&["conv1", "kernel", "2^24"], |f| node(f, 0)["kernel"] = json!([3, (1 << 24) + 1])),
            (&["conv1", "kernel", "integers"], |f| node(f, 0)["kernel"] = json!([3, 2.5])),
            (&["conv1", "dilation", "[1,0]"], |f| node(f, 0)["dilation"] = json!([1, 0])),
            (&["conv1", "padding", "[1,1,1]", "[top, left, bottom, right]"], |f| node(f, 0)["padding"] = json!([1, 1, 1])),
            (&["conv1", "padding", "-1"], |f| node(f, 0)["padding"] = json!([-1, 0])),
            (&["conv1", "padding 3", "extent 3"], |f| node(f, 0)["padding"] = json!([3, 0])),
            (&["conv1", "no window of extent 7 fits 6"], |f| node(f, 0)["kernel"] = json!([7, 3])),
            (&["conv1", "no window"], |f| node(f, 0)["dilation"] = json!([3, 1])),
            (&["conv1", "groups", "0"], |f| node(f, 0)["groups"] = json!(0)),
            (&["conv1", "2 channel groups", "1 input channels"], |f| node(f, 0)["groups"] = json!(2)),
            (&["conv1", "weight_mean", "[4, 1, 3, 3]", "[outputs, 1, 3, 2]"], |f| node(f, 0)["kernel"] = json!([3, 2])),
            (&["pool1", "dilation"], |f| node(f, 2)["dilation"] = json!([1, 1])),
            (&["pool1", "include_padding"], |f| node(f, 2)["include_padding"] = json!(true)),
            (&["pool1", "include_padding", "true or false"], |f| {
                (node(f, 2)["op"], node(f, 2)["include_padding"]) = (json!("average_pool"), json!(1));
            }),
            (&["relu1", "slope"], |f| node(f, 1)["op"] = json!("leaky_relu")),
            (&["relu1", "slope", "finite"], |f| (node(f, 1)["op"], node(f, 1)["slope"]) = (json!("leaky_relu"), json!(1e39))),
            (&["relu1", "min", "above"], |f| {
                (node(f, 1)["op"], node(f, 1)["min"], node(f, 1)["max"]) = (json!("clip"), json!(1), json!(0));
            }),
            (&["flatten", "shape"], |f| node(f, 3)["op"] = json!("reshape")),
            (&["flatten", "4x2x2", "reshaped", "15"], |f| {
                (node(f, 3)["op"], node(f, 3)["shape"]) = (json!("reshape"), json!([15]));
            }),
            (&["relu1", "two names"], |f| node(f, 1)["op"] = json!("add")),
            (&["relu1", "2 to 64 names"], |f| node(f, 1)["op"] = json!("concat")),
            (&["relu1", "one shape", "4x4x4", "1x6x6"], |f| {
                (node(f, 1)["op"], node(f, 1)["inputs"]) = (json!("add"), json!(["conv1", "input"]));
            }),
            (&["relu1", "relu1.scale", "missing"], |f| node(f, 1)["op"] = json!("affine")),
            (&["fc1", "reads an image", "16"], |f| {
                let keys = [("op", json!("conv2d")), ("kernel", json!([1, 1])), ("stride", json!([1, 1]))];
                keys.into_iter().for_each(|(key, value)| node(f, 4)[key] = value);
            }),
            (&["conv1.scale_mean", "[9]", "[4]"], |f| {
                remove(f, "conv1.scale_mean");
                f.floats("conv1.scale_mean", &[9], &[1.0; 9]);
            }),
            (&["conv1.weight_mean", "[4, 9]", "[outputs, 1, 3, 3]"], |f| f.tensor("conv1.weight_mean").shape = vec![4, 9]),
            (&["conv1.weight_mean", "element 35", "NaN"], |f| f.set("conv1.weight_mean", 35, f32::NAN)),
        ],
    );
}

#[test]
fn descriptions_that_are_none() {
    refuse(
        &corners::gnj(),
        &[
            (&["version", "2"], |f| f.description["posterior"] = json!(2)),
            (&["version", "\"1\""], |f| f.description["posterior"] = json!("1")),
            (&["method", "magic", "gnj, ghs, sparse_vd, graves, vnq, plain, rate, shared"], |f| {
                f.description["method"] = json!("magic")
            }),
            (&["method", "one of"], |f| f.description["method"] = json!("GNJ")),
            (&["method", "text"], |f| f.description["method"] = json!(1)),
            (&["nodez", "nodes"], |f| f.description["nodez"] = json!([])),
            (&["no key \"input\""], |f| {
                f.description.as_object_mut().unwrap().remove("input");
            }),
            (&["input", "shape", "[4,4]"], |f| f.description["input"]["shape"] = json!([4, 4])),
            (&["input", "shape"], |f| f.description["input"]["shape"] = json!([1, 0, 4])),
            (&["input", "shape"], |f| f.description["input"]["shape"] = json!([1, -4, 4])),
            (&["input", "shape"], |f| f.description["input"]["shape"] = json!([1 << 20, 1 << 20, 1 << 20])),
            (&["input", "shape"], |f| f.description["input"]["shape"] = json!([(1u64 << 24) + 1])),
            (&["\"input\"", "limit"], |f| f.description["input"]["shape"] = json!([1, 1 << 15, 1 << 15])),
            (&["input", "dtype", "i8"], |f| f.description["input"]["dtype"] = json!("i8")),
            (&["input", "scale", "zero"], |f| f.description["input"]["scale"] = json!([0])),
            (&["input", "scale", "1 finite"], |f| f.description["input"]["scale"] = json!([1, 1])),
            (&["input", "offset", "1 finite"], |f| f.description["input"]["offset"] = json!(["x"])),
            (&["input", "offset", "1 finite"], |f| f.description["input"]["offset"] = json!([1e39])),
            (&["metadata", "object"], |f| f.description = json!([1])),
        ],
    );
}

#[test]
fn files_that_are_no_safetensors() {
    let file = corners::gnj();
    let bytes = file.bytes();
    refused(&[], &["not a safetensors file", "0 bytes"]);
    refused(&bytes[..7], &["not a safetensors file"]);
    refused(&bytes[..bytes.len() - 1], &["not a safetensors file", "follow"]);
    refused(&[&bytes[..], &[0]].concat(), &["not a safetensors file", "follow"]);
    refused(b"\x89CURT\r\n\x1a and more than the eight bytes", &["not a safetensors file"]);
    let long = [&(MAX_HEADER_BYTES + 1).to_le_bytes()[..], &vec![b' '; 1 << 23]].concat();
    refused(&long, &["header of 4194305 bytes"]);
    refused(&file.with_metadata(json!({ "format": "pt" })), &["no key \"curt\""]);
    refused(&file.with_metadata(json!({ "curt": "{" })), &["not JSON"]);
    refused(&file.with_metadata(json!({ "curt": "[".repeat(100_000) })), &["not JSON"]);
    // Tensors whose sizes sum to almost 2^64 bytes: nothing may overflow.
    let (half, end) = (1u64 << 60, u64::MAX - 63);
    let mut header = json!({ "__metadata__": {} });
    let mut at = 0;
    while at < end {
        let to = at.saturating_add(half).min(end);
        header[format!("t{at}")] = json!({ "dtype": "U8", "shape": [to - at], "data_offsets": [at, to] });
        at = to;
    }
    let header = header.to_string();
    refused(&[&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat(), &["not a safetensors file", "follow"]);
}

#[test]
fn every_prefix_and_every_flipped_header_byte_is_an_error_or_a_posterior() {
    let bytes = corners::gnj().bytes();
    for len in 0..bytes.len() {
        assert_eq!(Posterior::from_bytes(&bytes[..len]).unwrap_err().kind(), ErrorKind::Posterior);
    }
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize + 8;
    let mut refusals = 0;
    for at in 0..header {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x11;
        if let Err(error) = Posterior::from_bytes(&damaged) {
            assert_eq!(error.kind(), ErrorKind::Posterior, "byte {at}: {error}");
            refusals += 1;
        }
    }
    assert!(refusals > header * 9 / 10, "{refusals} of {header}");
}

#[test]
fn a_file_is_opened_from_a_path_and_a_directory_is_none() {
    let folder = std::env::temp_dir().join(format!("curt-posterior-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("a.safetensors");
    std::fs::write(&path, corners::gnj().bytes()).unwrap();
    assert_eq!(Posterior::open(&path).unwrap().name(), "corners");
    std::fs::write(&path, b"short").unwrap();
    let error = Posterior::open(&path).unwrap_err();
    assert!(error.to_string().contains("a.safetensors"), "{error}");
    assert_eq!(Posterior::open(&folder).unwrap_err().kind(), ErrorKind::NotAFile);
    assert_eq!(Posterior::open(folder.join("none")).unwrap_err().kind(), ErrorKind::Io);
    std::fs::remove_dir_all(&folder).unwrap();
}
