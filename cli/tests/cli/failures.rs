//! What is wrong gets its exit code, its kind and a message that says what to do.

use super::samples::{dense, idx, images, labels, mean_of, network, npy};
use super::{Folder, Ran, curt, data, finish, golden, keys, program};
use curt::Dtype;
use std::io::Read;
use std::process::Stdio;

/// Asserts a failure's code and kind, with and without `--json`, and returns the message.
fn fails(args: &[&str], code: i32, kind: &str) -> String {
    let plain = curt(args);
    assert_eq!((plain.code, plain.stdout.as_str()), (code, ""), "{args:?}: {}", plain.stderr);
    let ran = curt(&[args, &["--json"]].concat());
    assert_eq!(ran.code, code);
    let json = ran.json();
    assert_eq!(keys(&json), ["failure"]);
    assert_eq!(keys(&json["failure"]), ["kind", "message", "offset"]);
    assert_eq!(json["failure"]["kind"], kind, "{args:?}: {json}");
    let message = json["failure"]["message"].as_str().unwrap().to_owned();
    assert!(plain.stderr.contains(&message), "{} {message}", plain.stderr);
    message
}

#[test]
fn wrong_model_files_are_refused_by_every_command() {
    let folder = Folder::new("wrong");
    let good = network(true);
    let later = [&good[..12], &[1, 0][..], &good[14..]].concat();
    let directory = folder.path("");
    let out = folder.path("out");
    let cases = [
        (folder.path("missing.curt"), 4, "io"),
        (directory, 4, "not_a_file"),
        (folder.file("empty.curt", b""), 1, "empty"),
        (folder.file("truncated.curt", &good[..good.len() - 1]), 1, "truncated"),
        (folder.file("text.curt", b"hello, this is a text\n"), 1, "magic"),
        (folder.file("later.curt", &later), 1, "version"),
        (golden("invalid/checksum--tables-first-byte.curt"), 1, "checksum"),
        (golden("invalid/code--ternary-first-27.curt"), 1, "code"),
    ];
    for (path, code, kind) in &cases {
        for command in ["run", "inspect", "verify", "bench"] {
            fails(&[command, path], *code, kind);
        }
        fails(&["export", path, "-o", &out], *code, kind);
    }
    let json = curt(&["inspect", &golden("invalid/code--ternary-first-27.curt"), "--json"]).json();
    assert!(json["failure"]["offset"].is_u64(), "{json}");
    assert!(curt(&["inspect", &folder.path("missing.curt"), "--json"]).json()["failure"]["offset"].is_null());
}

#[test]
fn wrong_images_and_labels_say_what_is_expected() {
    let folder = Folder::new("images");
    let model = folder.file("m.curt", &network(true));
    let (good, good_labels) = (folder.file("images", &images(10)), folder.file("labels", &labels(10)));
    let run = |images: &str, code, kind| fails(&["run", &model, "--images", images], code, kind);
    assert!(run(&folder.file("a.gz", &[0x1F, 0x8B, 8, 0, 0]), 1, "magic").contains("gzip"));
    assert!(run(&folder.file("text", b"no images here"), 1, "magic").contains("not a PNG, .npy or IDX file"));
    run(&folder.file("empty", b""), 1, "empty");
    run(&folder.file("cut", &images(10)[..7000]), 1, "truncated");
    run(&folder.file("long", &[&images(10)[..], &[0]].concat()), 1, "trailing");
    run(&folder.file("huge", &[&[0, 0, 8, 3][..], &[0xFF; 12]].concat()), 1, "truncated");
    run(&folder.path("missing"), 4, "io");
    let message = run(&folder.file("small", &idx(&[2, 5, 5], &[0; 50])), 1, "input");
    assert!(message.contains("28x28") && message.contains("5x5"), "{message}");
    assert!(run(&good_labels, 1, "input").contains("784"));

    let labelled = |labels: &str| fails(&["run", &model, "--images", &good, "--labels", labels], 1, "input");
    assert!(labelled(&good).contains("labels are whole numbers in one dimension") && labelled(&good).contains("the images?"));
    assert!(labelled(&data("float.npy")).contains("3x28x28 of 32-bit floats"));
    let array = |name: &str, descr: &str, shape: &str, bytes: &[u8]| folder.file(name, &npy(descr, false, shape, bytes));
    let one_hot = array("hot.npy", "<i2", "(10, 3)", &[0; 60]);
    assert!(labelled(&one_hot).contains("numpy.argmax(a, axis=1)"));
    assert!(labelled(&array("floats.npy", "<f8", "(10,)", &[0; 80])).contains("a.astype(numpy.int64)"));
    assert!(labelled(&array("negative.npy", "|i1", "(10,)", &[1, 2, 255, 0, 0, 0, 0, 0, 0, 0])).contains("label 2 is -1"));
    let picture = fails(&["run", &model, "--images", &good, "--labels", &data("gray.png")], 1, "magic");
    assert!(picture.contains("a PNG picture; labels are"), "{picture}");
    assert!(labelled(&folder.file("nine", &labels(9))).contains("9 labels for 10 images"));
    assert!(labelled(&folder.file("eleven", &idx(&[10], &[11; 10]))).contains("label 0 is 11"));
    let f32_model = golden("valid/input-f32-rank-1.curt");
    assert!(fails(&["run", &f32_model], 1, "input").contains("curt run MODEL INPUT"));
}

#[test]
fn pictures_and_arrays_that_do_not_fit_say_what_is_expected_and_what_was_found() {
    let folder = Folder::new("misfits");
    let model = folder.file("m.curt", &network(true));
    let run = |name: &str, kind: &str| fails(&["run", &model, &data(name)], 1, kind);
    for (name, parts) in [
        ("rgb-32x32.png", ["32 x 32, RGB", "the model takes 28 x 28, 1 channel (u8)"]),
        ("red.png", ["28 x 28, RGB", "28 x 28, 1 channel"]),
        ("huge.png", ["2147483647 x 2147483647", "28 x 28, 1 channel"]),
        ("gray-4x5.png", ["5 x 4, gray", "28 x 28, 1 channel"]),
        ("gray-transparent.png", ["transparent", "without an alpha channel"]),
        ("animation.png", ["animation", "one picture"]),
        ("float.npy", ["1x28x28 (784 of u8 a sample)", "28x28 of f32"]),
        ("double.npy", ["64-bit floats", "numpy.float32"]),
        ("big-endian.npy", ["1x28x28 (784 of u8 a sample)", "of f32"]),
        ("bool.npy", ["truth values", "numpy.uint8"]),
        ("structured.npy", ["a string is expected", "structured"]),
        ("colour.npy", ["1x28x28", "3x4x5"]),
    ] {
        let message = run(name, "input");
        assert!(message.contains(name) && parts.iter().all(|part| message.contains(part)), "{name}: {message}");
    }
    let whole = std::fs::read(data("gray.png")).unwrap();
    let cut = folder.file("cut.png", &whole[..whole.len() - 5]);
    assert!(fails(&["run", &model, &cut], 1, "truncated").contains("cut off"));
    let whole = std::fs::read(data("three.npy")).unwrap();
    fails(&["run", &model, &folder.file("cut.npy", &whole[..whole.len() - 5])], 1, "truncated");
    fails(&["run", &model, &folder.file("long.npy", &[&whole[..], &[0]].concat())], 1, "trailing");
    assert!(fails(&["run", &model, &folder.file("a.npz", b"PK\x03\x04....")], 1, "magic").contains("numpy.save"));
    assert!(fails(&["run", &model, &folder.file("a.jpg", b"\xFF\xD8\xFF\xE0....")], 1, "magic").contains("JPEG"));
    fails(&["run", &model, &data("gray.png"), &folder.path("missing.png")], 4, "io");

    let float_model = golden("valid/input-f32-rank-3-channels-3.curt");
    let message = fails(&["run", &float_model, &data("colour.png")], 1, "input");
    assert!(message.contains("a PNG holds bytes") && message.contains("5 x 4, 3 channels (f32)"), "{message}");
    let colour_model = golden("valid/input-u8-rank-3-channels-3.curt");
    assert!(fails(&["run", &colour_model, &data("gray-4x5.png")], 1, "input").contains("5 x 4, 3 channels (u8)"));
    assert!(fails(&["run", &colour_model, &data("channels-last.npy")], 1, "input").contains("numpy.moveaxis"));
}

#[test]
fn a_square_of_numbers_is_no_vector() {
    let folder = Folder::new("vector");
    let model = folder.file("m.curt", &dense(Dtype::F32, 4, &[(2, &[1.0; 8])]));
    let bytes: Vec<u8> = [1f32, 2.0, 3.0, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let array = |shape: &str| folder.file("x.npy", &npy("<f4", false, shape, &bytes));
    let message = fails(&["run", &model, &array("(2, 2)")], 1, "input");
    assert!(message.contains("the samples are 2 of f32") && message.contains("numpy.reshape(a, (1, -1))"), "{message}");
    for shape in ["(4,)", "(1, 4)", "(4, 1)", "(1, 2, 2)"] {
        assert_eq!(curt(&["run", &model, &array(shape), "--json"]).ok().json()["images"], 1, "{shape}");
    }
}

/// The chunks of a PNG of 2 x 2 pixels of 2 bits and a palette of 3 grays.
fn palette_png(indices: [u8; 2]) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        !bytes.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
        })
    };
    let chunk = |name: &[u8], data: &[u8]| {
        let named = [name, data].concat();
        [&(data.len() as u32).to_be_bytes()[..], &named, &crc(&named).to_be_bytes()].concat()
    };
    let rows = [0, indices[0], 0, indices[1]]; // a filter, then a row
    let adler = rows.iter().fold((1u32, 0u32), |(a, b), &byte| (a + u32::from(byte), b + a + u32::from(byte)));
    let stored = [&[0x78, 1, 1, 4, 0, 0xFB, 0xFF][..], &rows, &(adler.1 << 16 | adler.0).to_be_bytes()].concat();
    let header = [0, 0, 0, 2, 0, 0, 0, 2, 2, 3, 0, 0, 0];
    let palette = [9, 9, 9, 5, 5, 5, 7, 7, 7];
    let parts = [chunk(b"IHDR", &header), chunk(b"PLTE", &palette), chunk(b"IDAT", &stored), chunk(b"IEND", &[])].concat();
    [b"\x89PNG\r\n\x1a\n", &parts[..]].concat()
}

#[test]
fn a_colour_outside_of_the_palette_is_no_black() {
    let folder = Folder::new("palette");
    let model = folder.file("m.curt", &dense(Dtype::U8, 4, &[(2, &[1.0; 8])]));
    let good = folder.file("good.png", &palette_png([0b0001_0000, 0b1000_0000]));
    let bad = folder.file("bad.png", &palette_png([0b0001_0000, 0b1011_0000]));
    curt(&["run", &model, &good]).ok();
    assert!(fails(&["run", &model, &bad], 1, "input").contains("the pixel at 1, 1 has colour 3 of a palette of 3"));
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    let folder = Folder::new("usage");
    let model = folder.file("m.curt", &network(true));
    for args in [
        &["frobnicate"][..],
        &["run", "--batch", "0"],
        &["run", "--batch", "many"],
        &["run", "--labels", "x"],
        &["run", &model, "a.png", "--images", "b.png"],
        &["run", "--activations", "f64"],
        &["inspect"],
        &["bench", "--seconds", "0"],
        &["export", &model],
    ] {
        let ran = curt(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert_eq!(curt(&[args, &["--json"]].concat()).json()["failure"]["kind"], "usage");
    }
    assert_eq!(curt(&[]).code, 2);
    for activations in ["i16", "i8"] {
        assert!(fails(&["run", &model, "--activations", activations], 2, "usage").contains("f32 activations only"));
    }
}

#[test]
fn an_instruction_set_that_is_not_there_is_an_error() {
    let with = |isa: &str, args: &[&str]| -> Ran { finish(program(args).env("CURT_ISA", isa)) };
    for args in [&["run", "--json"][..], &["doctor", "--json"], &["bench", "--json"]] {
        let ran = with("nonsense", args);
        assert_eq!((ran.code, ran.json()["failure"]["kind"].as_str()), (2, Some("isa")));
        assert!(ran.stdout.contains("scalar, avx2, avx512"), "{}", ran.stdout);
    }
    for missing in curt::Isa::ALL.into_iter().filter(|isa| !isa.is_available()) {
        assert_eq!(with(missing.name(), &["run"]).code, 2);
    }
}

#[test]
fn outputs_that_cannot_be_written_leave_nothing_behind() {
    let folder = Folder::new("unwritable");
    let (model, images) = (folder.file("m.curt", &network(true)), folder.file("images", &images(3)));
    let nowhere = folder.path("no/such/folder/out.npy");
    fails(&["run", &model, "--images", &images, "--outputs", &nowhere], 4, "io");
    fails(&["run", &model, "--images", &images, "--outputs", &folder.path("")], 4, "io");
    fails(&["export", &model, "-o", &nowhere], 4, "io");
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2, "no temporary file is left");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::new("pipe");
    let model = folder.file("m.curt", &network(true));
    for args in [&["inspect", &model][..], &["inspect", &model, "--json"], &["inspect", "nothing", "--json"], &["--help"]] {
        let mut child = program(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(if args.contains(&"nothing") { 4 } else { 0 }), "{args:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn limits_are_those_of_the_preset() {
    let folder = Folder::new("limits");
    let small = folder.file("small.curt", &network(true));
    // 2^20 + 1 activations: above those of edge devices, within the others.
    let wide = folder.file("wide.curt", &mean_of(1 << 20));
    let packed = folder.path("wide.packed.curt");
    curt(&["pack", &wide, "-o", &packed]).ok();
    for preset in ["default", "edge", "format"] {
        assert_eq!(curt(&["--limits", preset, "inspect", &small]).code, 0);
        let answer = curt(&["inspect", &wide, "--limits", preset]);
        assert_eq!(answer.code, i32::from(preset == "edge"), "{preset}: {}", answer.stderr);
    }
    for args in [
        &["run", &wide][..],
        &["bench", &wide],
        &["verify", &packed],
        &["export", &wide, "-o", &folder.path("x")],
        &["pack", &wide, "-o", &folder.path("x")],
        &["unpack", &packed, "-o", &folder.path("x")],
    ] {
        fails(&[args, &["--limits", "edge"]].concat(), 1, "limit");
    }
    assert_eq!(curt(&["inspect", &small, "--limits", "none"]).code, 2);
}
