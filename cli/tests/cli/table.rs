//! `curt table`: rows of a folder of models made here, its errors, and the records and the page of the project.

use super::samples::{images, labels, network};
use super::{Folder, curt, golden, keys};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A folder of the project.
fn project(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn sha256(file: &[u8]) -> String {
    Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A test set of `count` random images, and a folder of models without records.
fn folder(test: &str, count: u32) -> Folder {
    let folder = Folder::new(test);
    folder.file("t10k-images-idx3-ubyte", &images(count));
    folder.file("t10k-labels-idx1-ubyte", &labels(count));
    folder.file("published.json", b"[]");
    folder
}

/// Adds a record of all three files: the test network twice, and packed.
fn add_record(folder: &Folder, stem: &str, change: impl FnOnce(&mut Value)) {
    let file = network(true);
    let fast = folder.file(&format!("{stem}.curt"), &file);
    folder.file(&format!("{stem}.pruning.curt"), &file);
    let packed = folder.path(&format!("{stem}.packed.curt"));
    curt(&["pack", "--strip", &fast, "-o", &packed]).ok();
    let packed = sha256(&std::fs::read(packed).unwrap());
    let mut record = json!({
        "network": "a-test", "method": "gnj", "label": "BC-GNJ", "seed": 7, "command": "make it",
        "files": {
            "pruning": { "sha256": sha256(&file) },
            "fast": { "sha256": sha256(&file) },
            "maximum": { "sha256": packed, "packs": "fast" },
        },
        "posterior": { "anything": "else" },
    });
    change(&mut record);
    folder.file(&format!("{stem}.json"), record.to_string().as_bytes());
}

fn table(folder: &Folder, more: &[&str]) -> super::Ran {
    let path = folder.path("");
    curt(&[&["table", "--data", &path, "--models", &path, "--seconds", "0.001"], more].concat())
}

const ROW_KEYS: [&str; 25] = [
    "augmentation",
    "bits_per_layer",
    "command",
    "encodings",
    "error_percent",
    "fast_bytes",
    "files",
    "group",
    "kept_architecture",
    "kept_percent",
    "kept_weights",
    "label",
    "maximum_bytes",
    "method",
    "network",
    "note",
    "ns_per_image",
    "original_dense_ns_per_image",
    "pruning_bytes",
    "published",
    "record",
    "seed",
    "shrunk_dense_ns_per_image",
    "start_parameters",
    "test_looks",
];

#[test]
fn a_row_has_what_the_other_commands_say_of_its_files() {
    let folder = folder("table-row", 40);
    add_record(&folder, "one", |_| ());
    let published = json!([
        { "network": "a-test", "method": "gnj", "label": "P", "column": "fast", "kind": "file", "bytes": 10, "source": "s" },
        { "network": "a-test", "method": "ghs", "label": "Q", "kind": "accounting", "ratio": 2.5, "error_percent": 1.5, "source": "s" },
    ]);
    folder.file("published.json", published.to_string().as_bytes());
    let json = table(&folder, &["--json"]).ok().json();
    assert_eq!(keys(&json), ["date", "groups", "images", "machine", "published_only", "rows", "training_images"]);
    let row = &json["rows"][0];
    assert_eq!((keys(row), json["rows"].as_array().unwrap().len()), (ROW_KEYS.to_vec(), 1));
    let (fast, packed) = (folder.path("one.curt"), folder.path("one.packed.curt"));
    let (images, labels) = (folder.path("t10k-images-idx3-ubyte"), folder.path("t10k-labels-idx1-ubyte"));
    let run = |model: &str| curt(&["run", model, "--images", &images, "--labels", &labels, "--json"]).ok().json();
    let (ran, ran_packed) = (run(&fast), run(&packed));
    assert_eq!((&row["error_percent"], &row["fast_bytes"]), (&ran["error_percent"], &ran["model_bytes"]));
    assert_eq!(row["maximum_bytes"], ran_packed["model_bytes"]);
    assert_eq!(row["files"]["maximum"]["error_percent"], ran_packed["error_percent"]);
    let ratio = ran["original_bytes"].as_f64().unwrap() / ran["model_bytes"].as_f64().unwrap();
    assert!((row["files"]["fast"]["ratio"].as_f64().unwrap() - ratio).abs() < 1e-9);
    assert!(row["ns_per_image"].as_f64().unwrap() > 0.0);
    let (error, interval) = (&row["files"]["fast"]["error_percent"], &row["files"]["fast"]["error_interval_percent"]);
    assert!((interval[0].as_f64()..interval[1].as_f64()).contains(&error.as_f64()), "{error} {interval}");
    // 784-60-30 cut down to 40-25-15 with random weights, some of them zero.
    let inspected = curt(&["inspect", &fast, "--json"]).ok().json();
    let sum = |key: &dyn Fn(&Value) -> u64| inspected["layers"].as_array().unwrap().iter().map(key).sum::<u64>();
    let nonzeros = sum(&|layer| layer["nonzeros"].as_u64().unwrap());
    let original = sum(&|layer| layer["original_shape"][0].as_u64().unwrap() * layer["original_shape"][1].as_u64().unwrap());
    assert_eq!((row["kept_weights"].as_u64(), &row["kept_architecture"]), (Some(nonzeros), &json!("40-25-15")));
    let kept = 100.0 * nonzeros as f64 / original as f64;
    assert!((row["kept_percent"].as_f64().unwrap() - kept).abs() < 1e-9);
    for (bits, layer) in row["bits_per_layer"].as_array().unwrap().iter().zip(inspected["layers"].as_array().unwrap()) {
        assert!((bits.as_f64().unwrap() - layer["bits_per_nonzero"].as_f64().unwrap()).abs() < 1e-9, "{bits} {layer}");
    }
    assert_eq!((row["seed"].as_u64(), &row["published"][0]["label"]), (Some(7), &json!("P")));
    let other = &json["published_only"][0];
    assert_eq!((&other["method"], &other["published"][0]["ratio"]), (&json!("ghs"), &json!(2.5)));
    let text = table(&folder, &[]).ok().stdout;
    for part in ["40-25-15", "make it", "10 bytes (file)", "2.5x", "codebook of 5"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_file_that_the_record_does_not_name_is_a_dash_and_null() {
    let folder = folder("table-dash", 10);
    add_record(&folder, "one", |record| {
        record["files"] = json!({ "maximum": { "sha256": record["files"]["maximum"]["sha256"] } })
    });
    for name in ["one.curt", "one.pruning.curt"] {
        std::fs::remove_file(folder.path(name)).unwrap();
    }
    let row = table(&folder, &["--json"]).ok().json()["rows"][0].clone();
    for key in ["pruning_bytes", "fast_bytes", "bits_per_layer", "kept_percent"] {
        assert_eq!(row[key], Value::Null, "{key}");
    }
    assert!(row["maximum_bytes"].is_u64() && row["error_percent"].is_number() && row["kept_weights"].is_u64());
    let text = table(&folder, &[]).ok().stdout;
    let line = text.lines().find(|line| line.contains("pruning ")).unwrap();
    assert_eq!(line.split_whitespace().filter(|word| *word == "-").count(), 7, "{line}");
}

#[test]
fn of_three_rows_of_a_group_the_median_is_marked() {
    let folder = folder("table-group", 10);
    for (i, name) in ["a-1", "a-2", "a-3", "b-1"].into_iter().enumerate() {
        add_record(&folder, name, |record| {
            record["seed"] = json!(i + 1);
            record["group"] = json!(name[..1]);
        });
    }
    let json = table(&folder, &["--json"]).ok().json();
    let groups = json["groups"].as_array().unwrap();
    assert_eq!((groups.len(), &groups[0]["group"]), (1, &json!("a")));
    assert_eq!(groups[0]["rows"], json!(["a-1", "a-2", "a-3"]));
    assert_eq!(groups[0]["fast_bytes"].as_f64(), json["rows"][0]["fast_bytes"].as_f64());
    assert_eq!((&groups[0]["best"], &groups[0]["median"]), (&json!("a-1"), &json!("a-2")), "of equal rows the first, the second");
    let text = table(&folder, &[]).ok().stdout;
    assert_eq!((text.matches("(median of 3)").count(), text.contains("a-2 (median of 3)")), (1, true), "{text}");
}

#[test]
fn a_row_says_when_it_is_not_blind_and_what_it_began_from() {
    let folder = folder("table-looks", 10);
    add_record(&folder, "a", |record| {
        record["test_looks"] = json!(3);
        record["start"] = json!({ "description": "a smaller one", "weights": 900, "parameters": 1000 });
    });
    add_record(&folder, "b", |_| ());
    let json = table(&folder, &["--json"]).ok().json();
    let (a, b) = (&json["rows"][0], &json["rows"][1]);
    assert_eq!([&a["test_looks"], &b["test_looks"]], [&json!(3), &json!(0)]);
    assert_eq!([&a["start_parameters"], &b["start_parameters"]], [&json!(1000), &Value::Null]);
    let ratio = 4000.0 / a["fast_bytes"].as_f64().unwrap();
    assert!((a["files"]["fast"]["ratio_of_start"].as_f64().unwrap() - ratio).abs() < 1e-9);
    let text = table(&folder, &[]).ok().stdout;
    assert_eq!([text.matches("no (3)").count(), text.matches(" yes ").count()], [3, 3], "{text}");
    assert_eq!(text.matches("of a smaller one").count(), 3, "{text}");
}

#[test]
fn augmented_rows_stand_apart() {
    let folder = folder("table-augmented", 10);
    add_record(&folder, "a", |record| {
        record["augmentation"] = json!("images are turned");
        record["label"] = json!("turned");
    });
    add_record(&folder, "b", |_| ());
    let json = table(&folder, &["--json"]).ok().json();
    assert_eq!((&json["rows"][0]["augmentation"], &json["rows"][1]["augmentation"]), (&json!("images are turned"), &Value::Null));
    let page = folder.path("page.md");
    table(&folder, &["--write", &page]).ok();
    let page = one_space(&std::fs::read_to_string(page).unwrap());
    let (plain, augmented) = page.split_once("### Networks, training images augmented").unwrap();
    assert!(plain.contains("| b |") && !plain.contains("| a |"), "{plain}");
    let (_, files) = augmented.split_once("### Files, training images augmented").unwrap();
    assert!(files.contains("| a |") && !files.contains("| b |"), "{augmented}");
    assert!(page.contains("- a: Augmented: images are turned."), "{page}");
    let picture = std::fs::read_to_string(folder.path("page-a-test.svg")).unwrap();
    assert_eq!(marks(&picture), 2 + 6 + 6, "two series and the six shapes of the legend, three files of each row");
    assert!(picture.contains("turned"), "the augmented row is a series of its own");
}

/// A text with single spaces: columns are as wide as their figures.
fn one_space(text: &str) -> String {
    let mut all = String::new();
    for c in text.chars() {
        if c != ' ' || !all.ends_with(' ') {
            all.push(c);
        }
    }
    all
}

/// The marks of a plot and of its legend.
fn marks(svg: &str) -> usize {
    svg.matches("<polygon").count()
}

/// Asserts that the command fails with this code, and returns the message.
fn refused(folder: &Folder, code: i32) -> String {
    let ran = table(folder, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{}", ran.stderr);
    ran.stderr
}

#[test]
fn what_is_wrong_names_the_file() {
    let folder = folder("table-wrong", 10);
    let says = |code, parts: &[&str]| {
        let message = refused(&folder, code);
        parts.iter().for_each(|part| assert!(message.contains(part), "{part}: {message}"));
    };
    says(1, &["no records"]);
    folder.file("one.json", b"{ \"network\": ");
    says(1, &["one.json", "EOF", "line 1"]);
    let set = |key: &'static str, value: Value| add_record(&folder, "one", move |record| record[key] = value);
    set("seed", json!("seven"));
    says(1, &["one.json", "seed", "seven"]);
    set("command", Value::Null);
    says(1, &["one.json", "command", "null"]);
    set("files", json!({ "fastest": {} }));
    says(1, &["one.json", "files", "`fastest`"]);
    set("files", json!({}));
    says(1, &["one.curt", "does not name this file"]);
    set("label", json!("fine"));
    let good = network(true);
    folder.file("one.curt", &good[..good.len() - 1]);
    says(1, &["one.curt", "SHA-256"]);
    add_record(&folder, "one", |record| record["files"]["fast"]["sha256"] = json!(sha256(b"no model")));
    folder.file("one.curt", b"no model");
    says(1, &["one.curt", "not a .curt file"]);
    std::fs::remove_file(folder.path("one.curt")).unwrap();
    says(4, &["one.curt"]);
    // The packed file is of another network, although the record says that it packs the fast one.
    let (other, packed) = (golden("valid/ternary-rows-15.curt"), folder.path("other.packed.curt"));
    curt(&["pack", "--strip", &other, "-o", &packed]).ok();
    let packed = std::fs::read(packed).unwrap();
    add_record(&folder, "one", |record| record["files"]["maximum"]["sha256"] = json!(sha256(&packed)));
    folder.file("one.packed.curt", &packed);
    says(1, &["one.packed.curt", "another network"]);
    add_record(&folder, "one", |_| ());
    folder.file("published.json", b"[{ \"network\": \"a\", \"method\": \"b\", \"label\": \"c\", \"kind\": \"guess\" }]");
    says(1, &["published.json", "[0].kind", "`guess`"]);
    std::fs::remove_file(folder.path("t10k-labels-idx1-ubyte")).unwrap();
    says(4, &["t10k-labels-idx1-ubyte", "scripts/fetch-mnist"]);
}

/// The first `count` of the digits that the program carries, as a test set.
fn digits(test: &str, count: u32) -> Folder {
    let folder = Folder::new(test);
    for (name, source, header, len) in [
        ("t10k-images-idx3-ubyte", "digits-images-idx3-ubyte", 16, 784),
        ("t10k-labels-idx1-ubyte", "digits-labels-idx1-ubyte", 8, 1),
    ] {
        let mut file = std::fs::read(project("cli/data").join(source)).unwrap();
        file[4..8].copy_from_slice(&count.to_be_bytes());
        file.truncate(header + count as usize * len);
        folder.file(name, &file);
    }
    folder
}

/// The lines of a page with every number as `#`, without the line that says when and where it was measured.
fn structure(page: &str) -> Vec<String> {
    let digit = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    let line = |line: &str| {
        let mut words = String::new();
        for c in line.chars() {
            match digit(c) {
                true if words.ends_with('#') => (),
                true => words.push('#'),
                false => words.push(c),
            }
        }
        words
    };
    let lines = one_space(page);
    let lines = lines.lines().filter(|line| !line.starts_with("Measured on ")).map(line);
    // Which row is the median depends on the images.
    lines.map(|line| line.replace(" (median of #)", "")).collect()
}

#[test]
fn the_page_of_the_project_is_what_the_command_writes() {
    let folder = digits("table-page", 3);
    let (data, page) = (folder.path(""), folder.path("results.md"));
    let models = project("models");
    let args = ["table", "--data", &data, "--models", models.to_str().unwrap(), "--write", &page, "--seconds", "0.001", "--json"];
    let json = curt(&args).ok().json();
    let (committed, written) =
        (std::fs::read_to_string(project("docs/results.md")).unwrap(), std::fs::read_to_string(&page).unwrap());
    let again = "write it again: curt table --data data/mnist --write docs/results.md";
    for (a, b) in structure(&committed).iter().zip(&structure(&written)) {
        assert_eq!(a, b, "{again}");
    }
    assert_eq!(committed.lines().count(), written.lines().count(), "{again}");
    assert!(committed.contains("; 10,000 test images"), "the whole test set makes the page");
    for network in ["lenet-300-100", "lenet-5-caffe"] {
        let svg = |folder: &Path| std::fs::read_to_string(folder.join(format!("results-{network}.svg"))).unwrap();
        let (committed, written) = (svg(&project("docs")), svg(Path::new(&data)));
        assert_eq!(marks(&committed), marks(&written), "{again}");
        let rows = json["rows"].as_array().unwrap().iter().filter(|row| row["network"] == network);
        let files: usize =
            rows.map(|row| row["files"].as_object().unwrap().values().filter(|file| !file.is_null()).count()).sum();
        assert!(marks(&committed) > files, "a mark for each file, and the legend");
    }
}

#[test]
fn every_record_of_the_project_says_how_its_files_are_remade() {
    let models = project("models");
    let names: BTreeSet<String> =
        std::fs::read_dir(&models).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut named = BTreeSet::from(["published.json".to_owned(), "recipes".to_owned()]);
    for name in names.iter().filter(|name| name.ends_with(".json") && *name != "published.json") {
        let stem = name.trim_end_matches(".json");
        let record: Value = serde_json::from_slice(&std::fs::read(models.join(name)).unwrap()).unwrap();
        assert_eq!(record["command"], format!("scripts/remake-model {stem}"));
        // Rows of several seeds have one recipe.
        let of_seeds = record["group"].as_str().and_then(|_| stem.strip_suffix(&format!("-{}", record["seed"])));
        let recipe = models.join(format!("recipes/{}.toml", of_seeds.unwrap_or(stem)));
        assert!(recipe.is_file(), "{} is missing", recipe.display());
        let method = record["method"].as_str().unwrap().replace('_', "-");
        assert!(stem.starts_with(&format!("{}-{method}", record["network"].as_str().unwrap())), "{stem}");
        named.insert(name.clone());
        for (column, file) in record["files"].as_object().unwrap() {
            let infix = match column.as_str() {
                "pruning" => ".pruning",
                "fast" => "",
                _ => ".packed",
            };
            let file_name = format!("{stem}{infix}.curt");
            let bytes = std::fs::read(models.join(&file_name)).unwrap_or_else(|error| panic!("{file_name}: {error}"));
            assert_eq!(file["sha256"], sha256(&bytes), "{file_name}");
            assert!(file["command"].as_str().unwrap().contains(&format!("models/{file_name}")), "{file_name}");
            named.insert(file_name);
        }
    }
    assert!(names.len() >= 5);
    assert_eq!(names, named, "every file of models/ belongs to a record");
}
