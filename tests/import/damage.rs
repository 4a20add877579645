//! Damaged and hostile files are refused with an error that names the node, quickly and without much memory.

use crate::files::{cases, folder, read};
use curt::import::onnx::{self, OnnxOptions};
use curt::{Error, ErrorKind};
use curt_dev::{Folder, Random};

/// A field of a message: a varint, or bytes behind their length.
fn varint(number: u64, mut value: u64) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(number << 3).unwrap()];
    while value >= 0x80 {
        bytes.push(0x80 | u8::try_from(value & 0x7f).unwrap());
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}

fn bytes(number: u64, content: &[u8]) -> Vec<u8> {
    let mut field = varint(number, content.len() as u64);
    field[0] |= 2;
    [&field, content].concat()
}

fn message(fields: &[Vec<u8>]) -> Vec<u8> {
    fields.concat()
}

/// A node: name, operator, inputs, outputs; attributes follow.
fn node(name: &str, op: &str, inputs: &[&str], outputs: &[&str], attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut fields = vec![bytes(3, name.as_bytes()), bytes(4, op.as_bytes())];
    fields.extend(inputs.iter().map(|input| bytes(1, input.as_bytes())));
    fields.extend(outputs.iter().map(|output| bytes(2, output.as_bytes())));
    fields.extend(attributes.iter().map(|attribute| bytes(5, attribute)));
    bytes(1, &message(&fields))
}

/// A tensor of floats.
fn tensor(name: &str, dims: &[u64], values: &[f32]) -> Vec<u8> {
    let mut fields: Vec<Vec<u8>> = dims.iter().map(|&dim| varint(1, dim)).collect();
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    fields.extend([varint(2, 1), bytes(8, name.as_bytes()), bytes(9, &raw)]);
    bytes(5, &message(&fields))
}

/// An input or output of known dimensions.
fn value(number: u64, name: &str, dtype: u64, dims: &[u64]) -> Vec<u8> {
    let dims: Vec<Vec<u8>> = dims.iter().map(|&dim| bytes(1, &varint(1, dim))).collect();
    let kind = message(&[varint(1, dtype), bytes(2, &message(&dims))]);
    bytes(number, &message(&[bytes(1, name.as_bytes()), bytes(2, &bytes(1, &kind))]))
}

fn model(opset: u64, graph: &[Vec<u8>]) -> Vec<u8> {
    message(&[varint(1, 8), bytes(7, &message(graph)), bytes(8, &varint(2, opset))])
}

/// A network of one product, with `nodes` before it. The input is `x`, of 2 features.
fn network(nodes: &[Vec<u8>], reads: &str) -> Vec<u8> {
    let mut graph = nodes.to_vec();
    graph.push(node("last", "MatMul", &[reads, "w"], &["y"], &[]));
    graph.extend([tensor("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0]), value(11, "x", 1, &[1, 2]), value(12, "y", 1, &[1, 2])]);
    model(17, &graph)
}

fn refused(file: &[u8]) -> Error {
    onnx::from_bytes(file, "damaged", &OnnxOptions::new()).expect_err("a damaged file was read")
}

#[track_caller]
fn check(file: &[u8], kind: ErrorKind, needles: &[&str]) {
    let error = refused(file);
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    assert!(needles.iter().all(|needle| text.contains(needle)), "{text}: expected {needles:?}");
}

#[test]
fn errors_name_the_node_and_the_way_out() {
    onnx::from_bytes(&network(&[], "x"), "whole", &OnnxOptions::new()).unwrap();
    let (import, unsupported) = (ErrorKind::Import, ErrorKind::Unsupported);
    let of = |op: &str| network(&[node("n", op, &["x"], &["v"], &[])], "v");
    check(&of("LSTM"), unsupported, &["\"n\" (LSTM)", "--output-value"]);
    check(&of("QuantizeLinear"), unsupported, &["\"n\" (QuantizeLinear)", "before its activations were quantized"]);
    check(&network(&[node("n", "Mul", &["x", "x"], &["v"], &[])], "v"), unsupported, &["\"n\" (Mul)", "two computed values"]);
    check(&network(&[], "z"), import, &["\"last\" (MatMul)", "\"z\"", "no node before it makes"]);
    let cycle = [node("a", "Relu", &["q"], &["v"], &[]), node("b", "Relu", &["v"], &["q"], &[])];
    check(&network(&cycle, "v"), import, &["\"a\" (Relu)", "\"q\""]);
    let twice = [node("a", "Relu", &["x"], &["v"], &[]), node("b", "Tanh", &["x"], &["v"], &[])];
    check(&network(&twice, "v"), import, &["\"b\" (Tanh)", "made twice"]);
    check(&network(&[node("n", "Relu", &[], &["v"], &[])], "v"), unsupported, &["\"n\" (Relu)", "no inputs"]);
    check(&network(&[node("n", "Relu", &[""], &["v"], &[])], "v"), unsupported, &["\"n\" (Relu)"]);
}

#[test]
fn contradictions_are_refused() {
    let import = ErrorKind::Import;
    let wide = |dims: &[u64], values: &[f32]| {
        let graph = [
            node("n", "MatMul", &["x", "w"], &["y"], &[]),
            tensor("w", dims, values),
            value(11, "x", 1, &[1, 2]),
            value(12, "y", 1, &[1]),
        ];
        model(17, &graph)
    };
    check(&wide(&[2, 3], &[0.0; 5]), import, &["\"n\" (MatMul)", "\"w\"", "20 bytes for 6 elements"]);
    check(&wide(&[3, 2], &[0.0; 6]), import, &["\"n\" (MatMul)", "3 inputs", "[1, 2]"]);
    check(&wide(&[1 << 40, 1 << 40], &[]), ErrorKind::Limit, &["\"n\" (MatMul)", "elements"]);
    check(&wide(&[u64::MAX, 2], &[]), import, &["-1"]);
    check(&wide(&[2; 9], &[]), import, &["9 dimensions"]);
    check(&wide(&[2, 2], &[1.0, f32::NAN, 0.0, 0.0]), ErrorKind::Posterior, &["\"n.weight\"", "NaN"]);
    check(b"", import, &["no graph"]);
    check(&model(6, &[]), ErrorKind::Unsupported, &["version 6", "version_converter"]);
    let inputs = [value(11, "a", 1, &[1, 2]), value(11, "b", 1, &[1, 2]), value(12, "y", 1, &[1])];
    check(&model(17, &inputs), ErrorKind::Unsupported, &["2 inputs (a, b)"]);
    let (none, text) = (model(17, &[value(12, "y", 1, &[1])]), value(11, "x", 8, &[1, 2]));
    check(&none, import, &["no input"]);
    check(&model(17, &[text, value(12, "y", 1, &[1])]), ErrorKind::Unsupported, &["\"x\"", "type 8"]);
}

#[test]
fn limits_hold_before_memory_is_spent() {
    let many: Vec<Vec<u8>> = (0..=1 << 16).map(|_| bytes(1, b"")).collect();
    check(&model(17, &many), ErrorKind::Limit, &["number of nodes", "65536"]);
    let names = [bytes(1, &vec![bytes(1, b""); (1 << 20) + 1].concat())];
    check(&model(17, &names), ErrorKind::Import, &["names, attributes and tensors"]);
    let long = node("n", &"x".repeat(5000), &["x"], &["v"], &[]);
    check(&network(&[long], "v"), ErrorKind::Limit, &["name of an operator", "4096"]);
    // 2^40 zeros, announced by a shape of one number.
    let shape = message(&[varint(1, 1), varint(2, 7), bytes(9, &(1u64 << 40).to_le_bytes())]);
    let attribute = message(&[bytes(1, b"value"), bytes(5, &shape)]);
    let nodes = [node("c", "Constant", &[], &["s"], &[attribute]), node("z", "ConstantOfShape", &["s"], &["v"], &[])];
    check(&network(&nodes, "v"), ErrorKind::Limit, &["\"z\" (ConstantOfShape)", "elements"]);
    // Constants that double, 40 times over.
    let mut nodes = vec![node("d0", "Concat", &["w", "w"], &["v0"], &[])];
    nodes.extend((1..40).map(|i| {
        let from = format!("v{}", i - 1);
        node(&format!("d{i}"), "Concat", &[&from, &from], &[&format!("v{i}")], &[])
    }));
    check(&network(&nodes, "v39"), ErrorKind::Limit, &["elements"]);
}

#[test]
fn free_dimensions_and_outputs_are_asked_for() {
    let free = bytes(
        11,
        &message(&[
            bytes(1, b"x"),
            bytes(
                2,
                &bytes(
                    1,
                    &message(&[
                        varint(1, 1),
                        bytes(2, &message(&[bytes(1, &bytes(2, b"batch")), bytes(1, &bytes(2, b"features"))])),
                    ]),
                ),
            ),
        ]),
    );
    let graph = |outputs: &[&str]| {
        let mut graph = vec![node("n", "MatMul", &["x", "w"], &["y"], &[]), node("m", "Relu", &["y"], &["z"], &[])];
        graph.extend([tensor("w", &[2, 2], &[1.0; 4]), free.clone()]);
        graph.extend(outputs.iter().map(|name| value(12, name, 1, &[1])));
        model(17, &graph)
    };
    check(&graph(&["z"]), ErrorKind::Unsupported, &["\"x\"", "dimension 1 (features)", "--shape x=1,..."]);
    let shaped = OnnxOptions::new().shape("x", [1, 2]);
    let nodes =
        |file: &[u8], options: &OnnxOptions| onnx::from_bytes(file, "n", options).map(|found| found.network.node_names().len());
    assert_eq!(nodes(&graph(&["z"]), &shaped).unwrap(), 2);
    assert!(nodes(&graph(&["z"]), &OnnxOptions::new().shape("q", [1, 2])).unwrap_err().to_string().contains("no input \"q\""));
    let error = nodes(&graph(&["y", "z"]), &shaped).unwrap_err();
    assert!(error.to_string().contains("2 outputs (y, z)"), "{error}");
    assert_eq!(nodes(&graph(&["y", "z"]), &shaped.clone().output("y")).unwrap(), 1);
    assert!(nodes(&graph(&["z"]), &shaped.output("q")).unwrap_err().to_string().contains("no node makes the value \"q\""));
}

#[test]
fn external_constants_stay_in_their_folder() {
    let entry = |key: &str, value: &str| bytes(13, &message(&[bytes(1, key.as_bytes()), bytes(2, value.as_bytes())]));
    let file = |location: &str, offset: &str| {
        let weights = [varint(1, 2), varint(1, 2), varint(2, 1), bytes(8, b"w"), varint(14, 1)];
        let weights = message(&[message(&weights), entry("location", location), entry("offset", offset), entry("length", "16")]);
        let matmul = node("n", "MatMul", &["x", "w"], &["y"], &[]);
        model(17, &[matmul, bytes(5, &weights), value(11, "x", 1, &[1, 2]), value(12, "y", 1, &[1])])
    };
    let folder = Folder::new("onnx-external");
    let path = folder.path().join("model.onnx");
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    let raw: Vec<u8> = [9f32, 1.0, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(folder.path().join("weights.bin"), &raw).unwrap();
    let open = |file: &[u8], allow: bool| {
        std::fs::write(&path, file).unwrap();
        onnx::open(&path, &OnnxOptions::new().external_data(allow)).map(|_| ())
    };
    open(&file("weights.bin", "4"), true).unwrap();
    let text = |file: &[u8], allow: bool| open(file, allow).unwrap_err().to_string();
    assert!(text(&file("weights.bin", "4"), false).contains("--external-data"));
    assert!(text(&file("weights.bin", "8"), true).contains("the file has 20"));
    assert!(text(&file("weights.bin", "18446744073709551615"), true).contains("the file has 20"));
    assert!(text(&file("weights.bin", "-4"), true).contains("offset"));
    for outside in ["../weights.bin", "/etc/passwd", "inner/../weights.bin", "", "."] {
        assert!(text(&file(outside, "0"), true).contains("not inside the model's folder"), "{outside}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link")).unwrap();
        assert!(text(&file("link", "0"), true).contains("not inside the model's folder"));
    }
}

#[test]
fn every_cut_and_many_changes_of_real_files_return() {
    let (mut random, mut read_again, mut count) = (Random(18), 0u32, 0u32);
    let files: Vec<Vec<u8>> = cases().into_iter().map(|(name, _)| read(&format!("{name}.onnx"))).collect();
    for file in &files {
        for len in (0..file.len()).step_by(31) {
            refused(&file[..len]);
        }
        for _ in 0..60 {
            let mut damaged = file.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(damaged.len());
                damaged[at] = if random.below(2) == 0 { random.byte() } else { damaged[at] ^ (1 << random.below(8)) };
            }
            count += 1;
            match onnx::from_bytes(&damaged, "damaged", &OnnxOptions::new()) {
                Ok(_) => read_again += 1,
                Err(error) => assert!(!matches!(error.kind(), ErrorKind::Internal | ErrorKind::Io), "{error}"),
            }
        }
    }
    println!("{count} changed files in {}, {read_again} of them still networks", folder().display());
    assert!(read_again > 50 && read_again < count / 10 * 9);
}
