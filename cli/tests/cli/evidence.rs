//! `curt describe` and `curt select`: bits of models and data whose probabilities are known, and the order of the project's networks.

use super::samples::{dense, idx, images, labels, network, npy};
use super::{Folder, Ran, curt, keys};
use curt::content::{Contents, LayerTables, Tables};
use curt::encoding::dense::encode_f32;
use curt::format::write;
use curt::graph::{GraphBuilder, InputSpec, Linear, Node, Op};
use curt::{Dtype, Limits, Model, Session, Shape};
use serde_json::Value;
use std::path::{Path, PathBuf};

const KEYS: [&str; 17] = [
    "bits_per_label",
    "error_percent",
    "errors",
    "file",
    "file_bits",
    "file_bytes",
    "infinite_at",
    "label_bits",
    "label_bits_standard_error",
    "mean_square",
    "name",
    "packed_here",
    "total_bits",
    "total_nats",
    "uniform_bits",
    "variance",
    "without_class",
];

/// A `.npy` file of floats, `width` for each sample.
fn floats(width: usize, values: &[f32]) -> Vec<u8> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    npy("<f4", false, &format!("({}, {width})", values.len() / width), &bytes)
}

/// One number in, logits `x` and `-x` out: the odds of class 0 are `e^2x` to 1.
fn two_classes() -> Vec<u8> {
    dense(Dtype::F32, 1, &[(2, &[1.0, -1.0])])
}

/// The same with a softmax, and logits 200 times as great.
fn with_softmax() -> Vec<u8> {
    let layer = encode_f32(2, 1, &[200.0, -200.0]);
    let spec = InputSpec { dtype: Dtype::F32, shape: Shape::Vector(1), kept: None };
    let mut builder = GraphBuilder::new(spec, &Limits::DEFAULT).unwrap();
    builder.push(Node::new(Op::Linear(Linear::of(&layer)), 0)).unwrap();
    builder.push(Node::new(Op::Softmax, 1)).unwrap();
    let tables = Tables {
        input_scale: vec![1.0],
        input_offset: vec![0.0],
        input_mask: None,
        layers: vec![LayerTables::of(&layer, vec![0.0; 2])],
        affines: Vec::new(),
    };
    write(&Contents { graph: builder.finish().unwrap(), tables, layers: vec![layer], origin: None }).unwrap()
}

fn is_near(value: &Value, expected: f64) -> bool {
    (value.as_f64().unwrap() - expected).abs() < 1e-5
}

fn length(path: &str) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

#[test]
fn bits_are_those_of_the_packed_file_and_of_the_probabilities() {
    let folder = Folder::new("describe");
    let (model, packed) = (folder.file("two.curt", &two_classes()), folder.path("small.packed.curt"));
    curt(&["pack", "--strip", &model, "-o", &packed]).ok();
    // Odds of 3 to 1, and of 1 to 1.
    let half_ln_3 = 0.5 * 3.0f32.ln();
    let (x, y) = (folder.file("x", &floats(1, &[half_ln_3, half_ln_3, 0.0])), folder.file("y", &idx(&[3], &[0, 1, 1])));
    let args = ["describe", &model, &packed, "--images", &x, "--labels", &y];
    let json = curt(&[&args[..], &["--json"]].concat()).ok().json();
    assert_eq!((keys(&json), json["samples"].as_u64()), (vec!["held_out", "models", "samples"], Some(3)));
    let (mapped, small) = (&json["models"][0], &json["models"][1]);
    assert_eq!((&mapped["name"], &mapped["packed_here"]), (&Value::from("two"), &Value::from(true)));
    assert_eq!((&small["name"], &small["packed_here"]), (&Value::from("small"), &Value::from(false)));
    for model in [mapped, small] {
        assert_eq!(keys(model), KEYS);
        assert_eq!(model["file_bits"].as_u64(), Some(8 * length(&packed)));
        let bits = [(4.0f64 / 3.0).log2(), 2.0, 1.0];
        let sum: f64 = bits.iter().sum();
        assert!(is_near(&model["label_bits"], sum) && is_near(&model["bits_per_label"], sum / 3.0), "{model}");
        // numpy.std([log2(4/3), 2, 1], ddof=1) * sqrt(3)
        assert!(is_near(&model["label_bits_standard_error"], 1.388_216_0), "{model}");
        let total = sum + 8.0 * length(&packed) as f64;
        assert!(is_near(&model["total_bits"], total) && is_near(&model["total_nats"], total * 2.0f64.ln()), "{model}");
        assert_eq!(model["uniform_bits"].as_f64(), Some(3.0));
        // Equal outputs are an answer of no class, and it is wrong.
        assert_eq!((model["errors"].as_u64(), model["without_class"].as_u64()), (Some(2), Some(1)));
    }
    let text = curt(&[&args[..], &["--held-out"]].concat()).ok().stdout;
    for part in ["3 held-out labels", "1 of 2 files packed", "uniform code of the labels has 3 bits", "said to be held out", "#"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let plot = folder.path("codes.svg");
    curt(&[&args[..], &["--plot", &plot]].concat()).ok();
    let plot = std::fs::read_to_string(plot).unwrap();
    for part in ["two", "small", "packed file", "3 labels"] {
        assert!(plot.contains(&format!("\n{part}\n")), "{part}: {plot}");
    }
}

#[test]
fn a_label_without_probability_names_its_sample() {
    let folder = Folder::new("describe-infinite");
    let (model, sure) = (folder.file("two.curt", &two_classes()), folder.file("sure.curt", &with_softmax()));
    let (x, y) = (folder.file("x", &floats(1, &[0.0, 0.001, 1.0])), folder.file("y", &idx(&[3], &[0, 1, 1])));
    let data = ["--images", &x, "--labels", &y];
    let ran = curt(&[&["describe", &sure, &model, "--json"], &data[..]].concat()).ok();
    assert!(ran.stderr.contains("infinite code length: sample 2"), "{}", ran.stderr);
    let json = ran.json();
    let (first, last) = (&json["models"][0], &json["models"][1]);
    assert_eq!((&first["name"], &first["infinite_at"]), (&Value::from("two"), &Value::Null));
    assert_eq!((&last["name"], &last["infinite_at"]), (&Value::from("sure"), &Value::from(2)));
    assert!(last["label_bits"].is_null() && last["total_bits"].is_null() && last["file_bits"].is_u64());
    assert!(curt(&[&["describe", &sure], &data[..]].concat()).ok().stdout.contains("infinite (sample 2)"));
    // Probabilities are not taken for logits: 1 bit of equal ones, and of label 1 at logits 0.2 and -0.2 log2(1 + e^0.4).
    let (x, y) = (folder.file("x2", &floats(1, &[0.0, 0.001])), folder.file("y2", &idx(&[2], &[0, 1])));
    let json = curt(&["describe", &sure, "--images", &x, "--labels", &y, "--json"]).ok().json();
    assert!(is_near(&json["models"][0]["label_bits"], 1.0 + 0.4f64.exp().ln_1p() / 2.0f64.ln()), "{json}");
    let out = folder.path("winner.curt");
    let ran = curt(&[&["select", &model, &sure, "-o", &out], &data[..]].concat()).ok();
    assert!(ran.stdout.starts_with("two describes 3 labels"), "{}", ran.stdout);
    let ran = curt(&[&["select", &sure, "-o", &out], &data[..]].concat());
    assert!(ran.code == 1 && ran.stderr.contains("every candidate is infinite"), "{}", ran.stderr);
}

#[test]
fn numbers_are_coded_by_a_normal_density() {
    let folder = Folder::new("describe-targets");
    let model = folder.file("m.curt", &dense(Dtype::F32, 1, &[(1, &[1.0])]));
    // The residuals are 0.1, -0.1, 0.2: their squares sum to 0.06.
    let (x, y) = (folder.file("x", &floats(1, &[1.0, 2.0, 3.0])), folder.file("y", &floats(1, &[1.1, 1.9, 3.2])));
    let args = ["describe", &model, "--images", &x, "--targets", &y];
    let of = |more: &[&str]| curt(&[&args[..], &["--json"], more].concat()).ok().json()["models"][0].clone();
    // -scipy.stats.norm.logpdf([.1, -.1, .2], scale=.5).sum() / log(2)
    let given = of(&["--variance", "0.25"]);
    assert!(is_near(&given["label_bits"], 1.150_368) && given["variance"] == 0.25, "{given}");
    assert!(given["errors"].is_null() && given["uniform_bits"].is_null() && is_near(&given["mean_square"], 0.02));
    // 3/2 log2(2 pi e 0.02), and 32 bits of the variance
    let learned = of(&[]);
    assert!(is_near(&learned["label_bits"], 32.0 - 2.324_498) && is_near(&learned["variance"], 0.02), "{learned}");
    assert!(curt(&args).ok().stdout.contains("32 bits of the sum"));
    let exact = ["describe", &model, "--images", &x, "--targets", &x];
    let ran = curt(&exact);
    assert!(ran.code == 1 && ran.stderr.contains("give --variance"), "{}", ran.stderr);
    curt(&[&exact[..], &["--variance", "1"]].concat()).ok();
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = Folder::new("describe-refused");
    let model = folder.file("m.curt", &two_classes());
    let x = folder.file("x", &floats(1, &[1.0, 2.0]));
    let one_output = folder.file("one.curt", &dense(Dtype::F32, 1, &[(1, &[1.0])]));
    let says = |args: &[&str], code: i32, part: &str| {
        let ran: Ran = curt(&[&["describe"], args].concat());
        assert!(ran.code == code && ran.stderr.contains(part) && ran.stdout.is_empty(), "{args:?}: {}", ran.stderr);
    };
    let labels = |name: &str, values: &[u8]| folder.file(name, &idx(&[u32::try_from(values.len()).unwrap()], values));
    says(&[&model, "--images", &x, "--labels", &labels("y2", &[0, 2])], 1, "label 1 is 2");
    says(&[&model, "--images", &x, "--labels", &labels("y1", &[0])], 1, "1 labels for 2");
    says(&[&model, "--images", &x, "--labels", &labels("y0", &[])], 1, "0 labels for 2");
    says(&[&one_output, "--images", &x, "--labels", &labels("y", &[0, 0])], 1, "one output");
    let none = folder.file("none", &npy("<f4", false, "(0, 1)", &[]));
    says(&[&model, "--images", &none, "--labels", &labels("y0", &[])], 1, "no samples");
    says(&[&model, "--images", &x], 2, "--labels");
    says(&["--images", &x, "--labels", &x], 2, "MODELS");
    says(&[&model, "--images", &x, "--labels", &x, "--targets", &x], 2, "cannot be used with");
    for variance in ["0", "-1", "inf", "nan", "one"] {
        says(&[&model, "--images", &x, "--targets", &x, &format!("--variance={variance}")], 2, "a finite number above 0");
    }
    says(&[&model, "--images", &x, "--targets", &x], 1, "a target has 1 numbers; the model has 2 outputs");
    says(&[&one_output, "--images", &x, "--targets", &folder.file("t", &floats(1, &[1.0]))], 1, "1 targets for 2");
    says(&[&one_output, "--images", &x, "--targets", &folder.file("n", &floats(1, &[1.0, f32::NAN]))], 1, "target 1 is NaN");
    says(&[&one_output, "--images", &x, "--targets", &folder.file("b", &idx(&[2, 1], &[1, 2]))], 1, "32-bit floats");
    says(&[&model, "--images", &labels("bytes", &[1, 2]), "--labels", &labels("y", &[0, 0])], 1, "the model reads");
    says(&[&folder.path("gone.curt"), "--images", &x, "--labels", &labels("y", &[0, 0])], 4, "gone.curt");
    says(&[&model, "--images", &x, "--labels", &labels("y", &[0, 0]), "--plot", &model], 2, "would replace the input");
}

/// A folder of the project.
fn project(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The packed networks of the project.
fn packed_models() -> Vec<String> {
    let names = std::fs::read_dir(project("models")).unwrap().map(|entry| entry.unwrap().path().to_str().unwrap().to_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".packed.curt")).collect();
    names.sort();
    names
}

/// The first 100 of the digits that the program carries: images and labels as IDX files.
fn digits() -> [Vec<u8>; 2] {
    [("digits-images-idx3-ubyte", 16, 784), ("digits-labels-idx1-ubyte", 8, 1)].map(|(name, header, len)| {
        let mut file = std::fs::read(project("cli/data").join(name)).unwrap();
        file[4..8].copy_from_slice(&100u32.to_be_bytes());
        file.truncate(header + 100 * len);
        file
    })
}

/// Bits of the labels of those digits, from the outputs of the library.
fn digit_bits(path: &str) -> f64 {
    let [images, labels] = digits();
    let mut session = Session::new(&Model::open(path).unwrap()).unwrap();
    let bits = |(image, label): (&[u8], &u8)| {
        let outputs: Vec<f64> = session.run_to_vec(image).unwrap().into_iter().map(f64::from).collect();
        let sum: f64 = outputs.iter().map(|output| (output - outputs[usize::from(*label)]).exp()).sum();
        sum.log2()
    };
    images[16..].chunks_exact(784).zip(&labels[8..]).map(bits).sum()
}

#[test]
fn the_order_of_the_projects_networks_is_that_of_file_and_labels() {
    let folder = Folder::new("select-models");
    // One of each size: all of them take five times as long.
    let sample = ["shift-small-1", "shift-small-2", "large-1", "caffe-gnj", "caffe-vnq", "100-rate-1", "100-surgery"];
    let models: Vec<String> = packed_models().into_iter().filter(|path| sample.iter().any(|name| path.contains(name))).collect();
    assert_eq!(models.len(), sample.len());
    let [images, labels] = digits();
    let (images, labels) = (folder.file("images", &images), folder.file("labels", &labels));
    let out = folder.path("winner.curt");
    let mut args = vec!["select", "--by", "mdl", "--held-out", "--json", "-o", &out];
    args.extend(["--images", &images, "--labels", &labels]);
    args.extend(models.iter().map(String::as_str));
    let json = curt(&args).ok().json();
    let mut expected: Vec<(f64, &String)> =
        models.iter().map(|path| (8.0 * length(path) as f64 + digit_bits(path), path)).collect();
    expected.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ranked = json["models"].as_array().unwrap();
    let (least, winner) = expected[0];
    for (model, (total, path)) in ranked.iter().zip(&expected) {
        assert_eq!((&model["file"], &model["packed_here"]), (&Value::from(path.as_str()), &Value::from(false)));
        assert!(is_near(&model["total_bits"], *total) && is_near(&model["more_bits"], total - least), "{model} {total}");
    }
    assert_eq!((ranked.len(), &json["winner"]), (models.len(), &ranked[0]["name"]));
    assert_eq!(std::fs::read(&out).unwrap(), std::fs::read(winner).unwrap());
    // 800 bytes before 57,651: of 100 labels no file of thousands of bytes is paid for.
    assert!(ranked[0]["name"].as_str().unwrap().starts_with("lenet-5-relu-rate-shift-small-"), "{}", ranked[0]);
    assert_eq!(ranked[ranked.len() - 1]["name"], "lenet-5-caffe-vnq");
}

#[test]
fn the_page_has_the_bits_of_every_file() {
    let page = std::fs::read_to_string(project("docs/evidence.md")).unwrap();
    for path in packed_models() {
        let name = Path::new(&path).file_name().unwrap().to_str().unwrap().trim_end_matches(".packed.curt");
        let row = page.lines().find(|line| line.split_whitespace().nth(1) == Some(name)).unwrap_or_else(|| panic!("{name}"));
        let bits: String = row.split('|').nth(2).unwrap().chars().filter(char::is_ascii_digit).collect();
        assert_eq!(bits.parse(), Ok(8 * length(&path)), "{name}: run scripts/describe-models");
    }
}

#[test]
fn the_winner_is_written_as_it_was_given() {
    let folder = Folder::new("select-written");
    // The second describes no label better than chance, and costs more.
    let (model, other) =
        (folder.file("m.curt", &two_classes()), folder.file("o.curt", &dense(Dtype::F32, 1, &[(2, &[0.25, 0.25])])));
    let (x, y) = (folder.file("x", &floats(1, &[3.0; 64])), folder.file("y", &idx(&[64], &[0; 64])));
    let out = folder.path("winner.curt");
    let args = ["select", &other, &model, "--images", &x, "--labels", &y, "-o", &out];
    let json = curt(&[&args[..], &["--json"]].concat()).ok().json();
    assert_eq!((&json["winner"], &json["by"], &json["output"]), (&"m".into(), &"mdl".into(), &out.as_str().into()));
    assert_eq!(std::fs::read(&out).unwrap(), two_classes());
    let last = &json["models"][1];
    // 64 bits by chance, 64 log2(1 + e^-6) with the model; every sample differs by as much.
    let more = 64.0 * (1.0 - (-6.0f64).exp().ln_1p() / 2.0f64.ln());
    assert!(is_near(&last["more_label_bits"], more) && is_near(&last["more_label_bits_standard_error"], 0.0), "{last}");
    assert!(is_near(&last["more_bits"], more + last["more_file_bits"].as_f64().unwrap()), "{last}");
    let text = curt(&args).ok().stdout;
    assert!(text.starts_with("m describes 64 labels in the fewest bits") && text.contains("written to"), "{text}");
    let ran = curt(&[&args[..7], &["-o", &other]].concat());
    assert!(ran.code == 2 && ran.stderr.contains("would replace the input"), "{}", ran.stderr);
    let ran = curt(&[&args[..], &["--by", "evidence"]].concat());
    assert!(ran.code == 2 && ran.stderr.contains("possible values: mdl"), "{}", ran.stderr);
}

#[test]
fn the_table_has_the_bits_of_training_labels_where_there_is_a_training_set() {
    let folder = Folder::new("table-training");
    for (name, file) in [("t10k-images-idx3-ubyte", images(5)), ("train-images-idx3-ubyte", images(20))] {
        folder.file(name, &file);
    }
    for (name, file) in [("t10k-labels-idx1-ubyte", labels(5)), ("train-labels-idx1-ubyte", labels(20))] {
        folder.file(name, &file);
    }
    folder.file("published.json", b"[]");
    let (model, here) = (folder.file("one.curt", &network(true)), folder.path(""));
    let sha256 = <sha2::Sha256 as sha2::Digest>::digest(network(true));
    let sha256: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let record = serde_json::json!({ "network": "a-test", "method": "gnj", "label": "BC-GNJ", "seed": 7, "command": "make it",
        "files": { "fast": { "sha256": sha256 } } });
    folder.file("one.json", record.to_string().as_bytes());
    let args = ["table", "--data", &here, "--models", &here, "--seconds", "0.001"];
    let without = curt(&[&args[..], &["--json"]].concat()).ok().json();
    assert_eq!(
        (&without["training_images"], &without["rows"][0]["files"]["fast"]["training_label_bits"]),
        (&Value::Null, &Value::Null)
    );
    assert!(!curt(&args).ok().stdout.contains("training labels"));
    let with = [&args[..], &["--training", &here]].concat();
    let json = curt(&[&with[..], &["--json"]].concat()).ok().json();
    let (x, y) = (folder.path("train-images-idx3-ubyte"), folder.path("train-labels-idx1-ubyte"));
    let described = curt(&["describe", &model, "--images", &x, "--labels", &y, "--json"]).ok().json();
    assert_eq!(json["training_images"], 20);
    let bits = &json["rows"][0]["files"]["fast"]["training_label_bits"];
    assert!(bits.is_number() && *bits == described["models"][0]["label_bits"], "{bits}");
    let text = curt(&with).ok().stdout;
    assert!(text.contains("training labels") && text.contains(" bits"), "{text}");
}
