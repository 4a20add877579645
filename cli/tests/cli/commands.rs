//! Every command on files that are right.

use super::samples::{dense, idx, images, labels, network, npy};
use super::{Folder, curt, finish, golden, keys, program};
use curt::content::{AffineTables, Contents, LayerTables, Origin, OriginNode, OriginShape, Tables};
use curt::encoding::dense::encode_f32;
use curt::format::write;
use curt::graph::{GraphBuilder, InputSpec, Linear, Node, Op};
use curt::posterior::Posterior;
use curt::tensor::Mask;
use curt::{Dtype, Isa, Limits, Model, Session, Shape};
use serde_json::Value;

const RUN_KEYS: [&str; 11] = [
    "activation_type",
    "error_percent",
    "images",
    "isa",
    "misclassified",
    "model_bytes",
    "ns_per_image",
    "original_bytes",
    "original_dense_ns_per_image",
    "shrunk_dense_ns_per_image",
    "without_class",
];
const LAYER_KEYS: [&str; 10] = [
    "bits_per_kept_weight",
    "bits_per_nonzero",
    "encoding",
    "kept_shape",
    "name",
    "nonzeros",
    "op",
    "order0_entropy_bits",
    "original_shape",
    "stored_bytes",
];

#[test]
fn without_arguments_the_embedded_network_classifies_the_embedded_digits() {
    let ran = curt(&["run"]).ok();
    for part in ["500 digits", "error ", "shrunk dense", "original dense", "time per image", "activations on", "1,066,440"] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert!(ran.stdout.is_ascii(), "a pipe gets plain ASCII");
    let json = curt(&["run", "--json"]).ok().json();
    assert_eq!(keys(&json), RUN_KEYS);
    assert_eq!((json["images"].as_u64(), json["original_bytes"].as_u64()), (Some(500), Some(4 * 266_610)));
    let (wrong, percent) = (json["misclassified"].as_f64().unwrap(), json["error_percent"].as_f64().unwrap());
    assert!((percent - wrong / 5.0).abs() < 1e-12 && percent < 5.0, "{json}");
    assert!(["scalar", "avx2", "avx512"].contains(&json["isa"].as_str().unwrap()));
    assert_eq!(json["activation_type"], "f32");
    for time in ["ns_per_image", "shrunk_dense_ns_per_image", "original_dense_ns_per_image"] {
        assert!(json[time].as_f64().unwrap() > 0.0);
    }
}

/// The bytes of floats.
fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn answers_that_overflow_are_never_right() {
    let folder = Folder::new("overflow");
    // 6e38 is an infinity, and differences of infinities are NaN: the outputs are (NaN, NaN) and (infinity, -infinity).
    let nan = dense(Dtype::F32, 1, &[(2, &[3e38, 3e38]), (2, &[3.0, -3.0, 2.0, -2.0])]);
    let infinite = dense(Dtype::F32, 1, &[(2, &[3e38, 3e38]), (2, &[3.0, 3.0, -3.0, -3.0])]);
    let samples = folder.file("x.npy", &npy("<f4", false, "(4, 1)", &floats(&[2.0, 3.0, 4.0, 5.0])));
    for (model, name) in [(nan, "nan.curt"), (infinite, "infinite.curt")] {
        let model = folder.file(name, &model);
        for label in 0..2 {
            let labels = folder.file("y", &idx(&[4], &[label; 4]));
            let ran = curt(&["run", &model, &samples, "--labels", &labels]).ok();
            assert!(ran.stdout.contains("4 of 4 misclassified"), "{name}: {}", ran.stdout);
            assert!(ran.stderr.contains("4 of 4 samples"), "{name}: {}", ran.stderr);
            let json = curt(&["run", &model, &samples, "--labels", &labels, "--json"]).ok().json();
            assert_eq!((json["misclassified"].as_u64(), json["without_class"].as_u64()), (Some(4), Some(4)));
        }
    }
}

/// A linear layer of 2 outputs, all of them kept, and an affine node; with its origin.
fn with_affine_node() -> Vec<u8> {
    let layer = encode_f32(2, 3, &[1.0, -2.0, 3.0, 0.5, 0.25, -1.0]);
    let spec = InputSpec { dtype: Dtype::F32, shape: Shape::Vector(3), kept: None };
    let mut builder = GraphBuilder::new(spec, &Limits::DEFAULT).unwrap();
    builder.push(Node::new(Op::Linear(Linear::of(&layer)), 0)).unwrap();
    builder.push(Node::new(Op::Affine, 1)).unwrap();
    let tables = Tables {
        input_scale: vec![1.0],
        input_offset: vec![0.0],
        input_mask: None,
        layers: vec![LayerTables::of(&layer, vec![0.125, -0.5])],
        affines: vec![AffineTables { scale: vec![2.0, 0.5], offset: vec![1.0, -1.0] }],
    };
    let shape = OriginShape { rows: Mask::new(vec![true; 2]), cols: Mask::new(vec![true; 3]) };
    let node = |name: &str, shape| OriginNode { name: name.to_owned(), shape };
    let nodes = vec![node("fc", Some(shape)), node("bn", None)];
    let origin = Origin { network: "affine".to_owned(), method: "plain".to_owned(), nodes };
    write(&Contents { graph: builder.finish().unwrap(), tables, layers: vec![layer], origin: Some(origin) }).unwrap()
}

#[test]
fn what_lost_nothing_is_exported_and_what_lost_everything_is_refused() {
    let folder = Folder::new("export-whole");
    let (model, out) = (folder.file("m.curt", &with_affine_node()), folder.path("out"));
    for shape in [&[][..], &["--shape", "original"], &["--shape", "shrunk"]] {
        curt(&[&["export", &model, "-o", &out], shape].concat()).ok();
        let posterior = Posterior::open(&out).unwrap();
        assert_eq!(posterior.node_names(), ["fc", "bn"], "{shape:?}");
    }
    assert_eq!(curt(&["export", &model, "-o", &out, "--json"]).ok().json()["shape"], "original");
    let empty = golden("valid/empty-no-input-kept-dense_f32.curt");
    let ran = curt(&["export", &empty, "-o", &folder.path("empty"), "--shape", "shrunk"]);
    assert!(ran.code == 1 && ran.stderr.contains("no input is left"), "{}", ran.stderr);
    assert!(!std::path::Path::new(&folder.path("empty")).exists());
}

#[test]
fn one_output_is_no_answer_to_be_right_or_wrong() {
    let folder = Folder::new("one-output");
    let model = folder.file("m.curt", &dense(Dtype::F32, 2, &[(1, &[1.0, -1.0])]));
    let (network, samples) = (folder.path("n.safetensors"), folder.file("x.npy", &npy("<f4", false, "(2, 2)", &[0; 16])));
    let labels = folder.file("y", &idx(&[2], &[0; 2]));
    curt(&["export", &model, "-o", &network]).ok();
    let out = folder.path("out.curt");
    for (args, option) in [
        (&["run", &model, &samples, "--labels", &labels][..], "--labels"),
        (&["compress", &network, "-o", &out, "--validation", &samples, &labels], "--validation"),
    ] {
        let ran = curt(args);
        assert!(ran.code == 1 && ran.stderr.contains("one output") && ran.stderr.contains(option), "{}", ran.stderr);
    }
    curt(&["run", &model, &samples]).ok();
}

#[test]
fn a_network_at_chance_is_told_so() {
    let folder = Folder::new("chance");
    let model = folder.file("m.curt", &dense(Dtype::F32, 2, &[(2, &[1.0, -1.0, -1.0, 1.0])]));
    let values: Vec<f32> = (0..400u16).map(|i| f32::from(i * 37 % 101) / 50.0 - 1.0).collect();
    let samples = folder.file("x.npy", &npy("<f4", false, "(200, 2)", &floats(&values)));
    let network = folder.path("n.safetensors");
    curt(&["export", &model, "-o", &network]).ok();
    let right: Vec<u8> = values.chunks_exact(2).map(|x| u8::from(x[1] > x[0])).collect();
    let random: Vec<u8> = (0..200u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 31) as u8).collect();
    for (labels, is_told) in [(right, false), (random, true)] {
        let labels = folder.file("y", &idx(&[200], &labels));
        let ran = curt(&["compress", &network, "-o", &folder.path("out.curt"), "--validation", &samples, &labels]).ok();
        assert_eq!(ran.stderr.contains("always answering"), is_told, "{}", ran.stderr);
    }
}

#[test]
fn what_is_not_known_is_null() {
    let folder = Folder::new("null");
    let (model, images) = (folder.file("m.curt", &network(false)), folder.file("images", &images(20)));
    let ran = curt(&["run", &model, "--images", &images, "--json"]).ok();
    let json = ran.json();
    assert_eq!(keys(&json), RUN_KEYS);
    assert!(ran.stderr.contains("no time of the original network"), "{}", ran.stderr);
    for key in ["misclassified", "error_percent", "original_bytes", "original_dense_ns_per_image"] {
        assert_eq!(json[key], Value::Null, "{key}");
    }
    assert_eq!(json["images"], 20);
    let json = curt(&["inspect", &model, "--json"]).ok().json();
    assert_eq!((&json["network"], &json["layers"][0]["original_shape"]), (&Value::Null, &Value::Null));
    assert_eq!(json["layers"][0]["name"], "linear1");
}

#[test]
fn outputs_are_the_same_bytes_on_every_tier_and_batch() {
    let folder = Folder::new("outputs");
    let file = network(true);
    let (model, images) = (folder.file("m.curt", &file), folder.file("images", &images(70)));
    let mut session = Session::new(&Model::from_bytes(&file, &Limits::DEFAULT).unwrap()).unwrap();
    let pixels = std::fs::read(&images).unwrap();
    let mut expected = vec![0.0f32; 700];
    session.run(&pixels[16..], &mut expected).unwrap();
    let expected: Vec<u8> = expected.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut first: Option<Vec<u8>> = None;
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        for batch in ["1", "64"] {
            let path = folder.path(&format!("{}-{batch}.npy", isa.name()));
            let args =
                ["run", &model, "--images", &images, "--outputs", &path, "--batch", batch, "--activations", "f32", "--json"];
            let json = finish(program(&args).env("CURT_ISA", isa.name())).ok().json();
            assert_eq!(json["isa"], isa.name());
            let npy = std::fs::read(&path).unwrap();
            assert!(npy.starts_with(b"\x93NUMPY\x01\x00") && npy[..128].windows(8).any(|part| part == b"(70, 10)"));
            assert!(npy[128..] == expected, "{} batch {batch}", isa.name());
            assert!(first.get_or_insert_with(|| npy.clone()) == &npy);
        }
    }
}

#[test]
fn a_model_is_packed_and_unpacked_and_every_command_takes_either() {
    let folder = Folder::new("pack");
    let (model, images, labels) =
        (folder.file("m.curt", &network(true)), folder.file("i", &images(20)), folder.file("l", &labels(20)));
    let (packed, stripped, again) = (folder.path("packed.curt"), folder.path("stripped.curt"), folder.path("again.curt"));
    let json = curt(&["pack", &model, "-o", &packed, "--json"]).ok().json();
    assert_eq!(keys(&json), ["mapped_bytes", "output", "packed_bytes"]);
    let bytes = |path: &str| std::fs::read(path).unwrap();
    assert_eq!(json["packed_bytes"].as_u64(), Some(bytes(&packed).len() as u64));
    assert_eq!(json["mapped_bytes"].as_u64(), Some(bytes(&model).len() as u64));
    curt(&["unpack", &packed, "-o", &again]).ok();
    assert_eq!(bytes(&again), bytes(&model));
    curt(&["pack", &packed, "-o", &stripped, "--strip"]).ok();
    assert!(bytes(&stripped).len() < bytes(&packed).len() && bytes(&packed).len() < bytes(&model).len() / 2);

    let run = |model: &str| curt(&["run", model, "--images", &images, "--labels", &labels, "--json"]).ok().json();
    let (a, b) = (run(&model), run(&packed));
    assert_eq!(a["misclassified"], b["misclassified"]);
    assert_eq!(b["model_bytes"].as_u64(), Some(bytes(&packed).len() as u64));
    for (path, profile) in [(&model, "mapped"), (&packed, "packed")] {
        let json = curt(&["inspect", path, "--json"]).ok().json();
        assert_eq!(json["profile"], profile);
        assert_eq!(json["packed"]["bytes"].as_u64(), Some(bytes(&packed).len() as u64));
        let parts = json["packed"]["parts"].as_array().unwrap();
        let sum: f64 = parts.iter().map(|part| part["bits"].as_f64().unwrap()).sum();
        assert!((sum - 8.0 * bytes(&packed).len() as f64).abs() < 1e-6, "{sum} bits");
        let rounding = parts.iter().find(|part| part["name"] == "rounding").unwrap()["bits"].as_f64().unwrap();
        assert!(rounding.abs() < 16.0, "{rounding} bits are nobody's");
        let text = curt(&["inspect", path]).ok().stdout;
        assert!(text.contains("checksum") && text.contains("magnitudes"), "{text}");
    }
    curt(&["verify", &packed]).ok();
    let refused = curt(&["unpack", &model, "-o", &again]);
    assert_eq!((refused.code, refused.stderr.contains("mapped file already")), (1, true), "{}", refused.stderr);
}

#[test]
fn inspect_says_what_the_file_holds() {
    let folder = Folder::new("inspect");
    let model = folder.file("m.curt", &network(true));
    let json = curt(&["inspect", &model, "--json"]).ok().json();
    assert_eq!(keys(&json), ["file_bytes", "kept_architecture", "layers", "network", "packed", "profile"]);
    assert_eq!((json["network"].as_str(), json["profile"].as_str()), (Some("a test"), Some("mapped")));
    assert_eq!(json["kept_architecture"], "40-25-15");
    assert_eq!(json["file_bytes"], std::fs::metadata(&model).unwrap().len());
    let layers = json["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 3);
    layers.iter().for_each(|layer| assert_eq!(keys(layer), LAYER_KEYS));
    assert_eq!(layers[0]["encoding"], "ternary");
    assert_eq!(
        (&layers[0]["original_shape"], &layers[0]["kept_shape"]),
        (&serde_json::json!([60, 784]), &serde_json::json!([25, 40]))
    );
    // 25 rows are 2 vectors of 16, 40 columns 3 words of 18; two levels.
    assert_eq!(layers[0]["stored_bytes"], 2 * 16 * 3 * 4 + 8);
    assert_eq!(layers[0]["bits_per_kept_weight"], 8.0 * 392.0 / 1000.0);
    let entropy = layers[0]["order0_entropy_bits"].as_f64().unwrap();
    assert!(entropy > 1.5 && entropy <= 3f64.log2(), "{entropy}");
    let text = curt(&["inspect", &model]).ok().stdout;
    for part in ["784-60-30 cut down to 40-25-15", "40 of 784 inputs", "codebook of 5", "fixed_point, 5 bits", "origin"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(text.lines().filter(|line| line.starts_with("  ") && line.len() > 20 && line.contains('.')).count(), 14);
}

#[test]
fn verify_passes_golden_files() {
    for name in ["mlp-gather-origin", "mlp-fixed_point", "section-16", "operator-softmax", "input-f32-rank-3-channels-3-gather"] {
        let json = curt(&["verify", &golden(&format!("valid/{name}.curt")), "--json"]).ok().json();
        assert_eq!(json["passed"].as_array().unwrap().len(), 4, "{name}");
    }
}

#[test]
fn an_exported_network_is_a_plain_network_that_computes_the_same() {
    let folder = Folder::new("export");
    let file = network(true);
    let model = folder.file("m.curt", &file);
    let (original, shrunk) = (folder.path("original.safetensors"), folder.path("shrunk.safetensors"));
    assert_eq!(curt(&["export", &model, "-o", &original, "--json"]).ok().json()["shape"], "original");
    assert_eq!(curt(&["export", &model, "-o", &shrunk, "--shape", "shrunk", "--json"]).ok().json()["shape"], "shrunk");
    let (original_network, shrunk_network) = (Posterior::open(&original).unwrap(), Posterior::open(&shrunk).unwrap());
    assert_eq!(original_network.input().shape.elements(), 784);
    assert_eq!(shrunk_network.input().shape.elements(), 40);
    assert_eq!(original_network.layer_names().collect::<Vec<_>>(), ["fc1", "fc2", "fc3"]);
    let nameless = folder.file("nameless.curt", &network(false));
    let ran = curt(&["export", &nameless, "-o", &original, "--shape", "original"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("--shape shrunk"), "{}", ran.stderr);
    assert_eq!(curt(&["export", &nameless, "-o", &shrunk, "--json"]).ok().json()["shape"], "shrunk");
    let golden_gather = golden("valid/input-u8-rank-3-channels-3-gather.curt");
    assert_eq!(curt(&["export", &golden_gather, "-o", &shrunk]).code, 1, "scales of three channels in one vector");
}

#[test]
fn compress_makes_a_model_that_runs() {
    let folder = Folder::new("compress");
    let (model, dense, out) = (folder.file("m.curt", &network(true)), folder.path("dense.safetensors"), folder.path("out.curt"));
    let (images, labels) = (folder.file("images", &images(60)), folder.file("labels", &labels(60)));
    curt(&["export", &model, "-o", &dense]).ok();
    let validation = ["--validation", &images, &labels, "--last", "50"];
    let common = [&["compress", &dense, "-o", &out, "--method", "plain", "--max-error-increase", "1"], &validation[..]].concat();
    let ran = curt(&[&common[..], &["--encoding", "fc1=ternary", "--encoding", "fc2=codebook:8", "--json"]].concat()).ok();
    let json = ran.json();
    assert_eq!((&json["method"], &json["layers"][0]["encoding"]), (&"plain".into(), &"ternary".into()));
    assert_eq!(json["totals"]["file_bytes"], std::fs::metadata(&out).unwrap().len());
    assert_eq!(curt(&["run", &out, "--images", &images, "--labels", &labels, "--json"]).ok().json()["images"], 60);
    assert!(curt(&common).ok().stdout.contains("validation error"));

    let tuned = |passes: &str| {
        let encodings = ["--encoding", "fc1=ternary", "--encoding", "fc2=codebook:4", "--json", "--fine-tune", passes];
        let json = curt(&[&common[..], &encodings].concat()).ok().json();
        (json["fine_tuning"].clone(), std::fs::read(&out).unwrap())
    };
    let ((off, plain), (on, file)) = (tuned("0"), tuned("2"));
    let loss = |part: &str, when: &str| on[part][when]["loss_nats"].as_f64().unwrap();
    assert!(off.is_null() && loss("tuned_on", "after") <= loss("tuned_on", "before"));
    assert!(loss("checked_on", "after") <= loss("checked_on", "before"));
    assert_eq!(on["tuned_on"]["samples"].as_u64().unwrap() + on["checked_on"]["samples"].as_u64().unwrap(), 50);
    assert_eq!(file.len(), plain.len());
    let ran = curt(&[&common[..], &["--fine-tune", "1"]].concat()).ok();
    assert!(ran.stdout.contains("fine-tuning: passes kept") && ran.stdout.contains("checked on: error"), "{}", ran.stdout);
    for wrong in ["some", "1.5", "1001", "-1"] {
        let ran = curt(&[&common[..], &[&format!("--fine-tune={wrong}")]].concat());
        assert!(ran.code == 2 && ran.stderr.contains("--fine-tune") && ran.stderr.contains(wrong), "{wrong}: {}", ran.stderr);
    }

    let ran = curt(&[&["compress", &dense, "-o", &out, "--method", "gnj"], &validation[..]].concat());
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("--method plain"), "{}", ran.stderr);
    for (extra, code) in [
        (["--method", "magic"], 2),
        (["--threshold", "fc1"], 2),
        (["--threshold", "fc1=low"], 2),
        (["--encoding", "fc1=codebook:1"], 2),
        (["--encoding", "fc9=ternary"], 1),
        (["--last", "61"], 2),
    ] {
        let mut args = vec!["compress", &dense, "-o", &out, "--validation", &images, &labels];
        args.extend(extra);
        assert_eq!(curt(&args).code, code, "{extra:?}");
    }
    assert_eq!(curt(&["compress", &dense, "-o", &out]).code, 2, "validation is required");
}

#[test]
fn doctor_names_the_kernel_of_every_encoding() {
    let json = finish(program(&["doctor", "--json"]).env("CURT_ISA", "scalar")).ok().json();
    assert_eq!(json["isa"], "scalar");
    let tiers = json["tiers"].as_array().unwrap();
    assert_eq!(tiers[0]["isa"], "scalar");
    let kernels = |tier: &Value| tier["kernels"].as_array().unwrap().len();
    assert_eq!(kernels(&tiers[0]), 10, "the scalar tier has no direct convolution");
    tiers[1..].iter().for_each(|tier| assert_eq!(kernels(tier), 11));
    assert!(curt(&["doctor"]).ok().stdout.contains("runs on"));
}

#[test]
fn every_command_has_help_with_an_example() {
    for command in ["run", "inspect", "compress", "pack", "unpack", "verify", "export", "bench", "doctor"] {
        let help = curt(&[command, "--help"]).ok().stdout;
        assert!(help.contains("Example") && help.contains("curt "), "{command}: {help}");
    }
    assert!(curt(&["--help"]).ok().stdout.contains("Exit codes"));
    assert!(curt(&["--version"]).ok().stdout.starts_with("curt "));
}

/// Width, height and pixels of a PNG.
fn png(path: &str) -> (usize, usize, Vec<[u8; 3]>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(std::fs::read(path).unwrap())).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((frame.color_type, frame.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    (frame.width as usize, frame.height as usize, bytes.as_chunks().0.to_vec())
}

#[test]
fn inspect_draws_the_mask_and_the_weights() {
    let folder = Folder::new("pictures-of-a-model");
    let file = network(true);
    let path = folder.file("m.curt", &file);
    let into = folder.path("new/pictures");
    let json = curt(&["inspect", &path, "--png", &into, "--json"]).ok().json();
    let drawn: Vec<&str> = json["pictures"].as_array().unwrap().iter().map(|picture| picture["file"].as_str().unwrap()).collect();
    let names = ["input-mask", "1-fc1-units", "1-fc1-weights", "1-fc1-levels", "2-fc2-weights", "2-fc2-levels", "3-fc3-weights"];
    let expected: Vec<String> =
        names.into_iter().chain(["3-fc3-levels"]).map(|name| folder.path(&format!("new/pictures/{name}.png"))).collect();
    assert_eq!(drawn, expected);
    let text = curt(&["inspect", &path, "--png", &into]).ok().stdout;
    assert!(expected.iter().all(|file| text.contains(file.as_str())), "{text}");

    let model = Model::from_bytes(&file, &Limits::DEFAULT).unwrap();
    let (width, height, pixels) = png(drawn[0]);
    assert_eq!((width, height), (28 * 20 + 20, 28 * 20 + 20));
    let kept = model.tables().input_mask.as_ref().unwrap().flags();
    for (i, &kept) in kept.iter().enumerate() {
        let [red, _, blue] = pixels[(10 + i / 28 * 20 + 5) * width + 10 + i % 28 * 20 + 5];
        assert_eq!(blue > red, kept, "input {i}");
    }
    // The second layer: 15 x 25 weights of five levels, -0.5, -0.25, 0, 0.3, 0.7.
    let (width, _, pixels) = png(drawn[4]);
    for (i, weight) in model.weights(1).decode().into_iter().enumerate() {
        let [red, _, blue] = pixels[(10 + i / 25 * 20 + 5) * width + 10 + i % 25 * 20 + 5];
        assert_eq!(red.cmp(&blue), weight.total_cmp(&0.0), "weight {i} is {weight}");
    }
    assert_eq!(curt(&["inspect", &path, "--png", &folder.path("one.png")]).code, 2);
    assert_eq!(curt(&["inspect", &path, "--png", &folder.path("m.curt/pictures")]).code, 4);
}
