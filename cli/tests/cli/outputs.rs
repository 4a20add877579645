//! Files that commands write: nothing that was there is lost, and no result is.
#![cfg(unix)]

use super::samples::{images, network};
use super::{Folder, Ran, curt, finish, golden, program};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

/// The packed file of a model.
fn packed(model: &str, folder: &Folder) -> Vec<u8> {
    let path = folder.path("reference.packed.curt");
    curt(&["pack", model, "-o", &path]).ok();
    std::fs::read(path).unwrap()
}

/// Runs a program that makes a special file; `None` where it may not.
fn make(program: &str, args: &[&str]) -> Option<()> {
    let status = Command::new(program).args(args).stderr(Stdio::null()).status().ok()?;
    status.success().then_some(())
}

/// Names in the folder that are temporary files.
fn temporary(folder: &Folder) -> Vec<String> {
    let names = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".tmp")).collect()
}

#[test]
fn links_lead_to_the_file_that_is_written() {
    let folder = Folder::new("output-links");
    let model = folder.file("m.curt", &network(true));
    let expected = packed(&model, &folder);
    std::fs::create_dir(folder.path("below")).unwrap();
    folder.file("below/target", b"old");
    symlink("below/target", folder.path("to-file")).unwrap();
    symlink("to-file", folder.path("to-link")).unwrap();
    symlink("below/new", folder.path("dangling")).unwrap();
    symlink("loop", folder.path("loop")).unwrap();
    for (link, target) in [("to-link", "below/target"), ("to-file", "below/target"), ("dangling", "below/new")] {
        curt(&["pack", &model, "-o", &folder.path(link)]).ok();
        assert!(std::fs::symlink_metadata(folder.path(link)).unwrap().is_symlink(), "{link}");
        assert!(std::fs::read(folder.path(target)).unwrap() == expected, "{link}");
        std::fs::write(folder.path(target), b"old").unwrap();
    }
    assert_eq!(curt(&["pack", &model, "-o", &folder.path("loop")]).code, 4);
    assert_eq!(curt(&["pack", &model, "-o", &folder.path("below")]).code, 4);
    assert_eq!(curt(&["pack", &model, "-o", &folder.path("missing/")]).code, 4);
    assert!(!Path::new(&folder.path("missing")).exists());
}

#[test]
fn permissions_stay_and_new_files_have_the_usual_ones() {
    let folder = Folder::new("output-modes");
    let model = folder.file("m.curt", &network(true));
    let mode = |path: &str| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    for wanted in [0o600, 0o640, 0o664, 0o444, 0o755] {
        let path = folder.file("old", b"old");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(wanted)).unwrap();
        curt(&["pack", &model, "-o", &path]).ok();
        assert_eq!(mode(&path), wanted, "{wanted:o}");
        std::fs::remove_file(&path).unwrap();
    }
    let (new, usual) = (folder.path("new"), folder.file("usual", b""));
    curt(&["pack", &model, "-o", &new]).ok();
    assert_eq!(mode(&new), mode(&usual));
}

#[test]
fn pipes_and_devices_are_written_and_stay() {
    let folder = Folder::new("output-special");
    let model = folder.file("m.curt", &network(true));
    let expected = packed(&model, &folder);
    let fifo = folder.path("fifo");
    make("mkfifo", &[&fifo]).unwrap();
    let failure = curt(&["pack", &model, "-o", &fifo]);
    assert!(failure.code == 4 && failure.stderr.contains("no program reads this pipe"), "{}", failure.stderr);
    // A reader that came before the work sees all of it, also when the file is larger than a pipe holds.
    let large = folder.file("large.curt", &std::fs::read(golden("../../models/lenet-300-100-gnj.curt")).unwrap());
    let dense = folder.path("dense");
    curt(&["export", &large, "-o", &dense]).ok();
    for (args, expected) in [(["pack", &model], expected), (["export", &large], std::fs::read(&dense).unwrap())] {
        let reader = std::thread::spawn({
            let fifo = fifo.clone();
            move || std::fs::read(fifo).unwrap()
        });
        let mut ran = curt(&[&args[..], &["-o", &fifo]].concat());
        while ran.code == 4 {
            ran = curt(&[&args[..], &["-o", &fifo]].concat()); // the reader has not opened it yet
        }
        ran.ok();
        let read = reader.join().unwrap();
        assert!(read == expected, "{} bytes of {}", read.len(), expected.len());
    }
    assert!(std::fs::metadata(&fifo).unwrap().file_type().is_fifo());

    let (null, full) = (folder.path("null"), folder.path("full"));
    if make("mknod", &[&null, "c", "1", "3"]).and_then(|()| make("mknod", &[&full, "c", "1", "7"])).is_none() {
        println!("skipped: devices cannot be made here (root can)");
        return;
    }
    curt(&["pack", &model, "-o", &null]).ok();
    assert_eq!(curt(&["pack", &model, "-o", &full]).code, 4);
    for device in [null, full] {
        assert!(std::fs::metadata(device).unwrap().file_type().is_char_device());
    }
}

#[test]
fn a_file_for_stdout_comes_alone() {
    let folder = Folder::new("output-stdout");
    let model = folder.file("m.curt", &network(true));
    let expected = packed(&model, &folder);
    if !Path::new("/dev/stdout").exists() {
        return;
    }
    for args in [&["pack", &model, "-o", "/dev/stdout"][..], &["pack", &model, "-o", "/dev/stdout", "--json"]] {
        let output = program(args).output().unwrap();
        assert!(output.status.success() && output.stdout == expected);
        assert!(String::from_utf8(output.stderr).unwrap().contains(&expected.len().to_string()));
    }
    let file = std::fs::File::create(folder.path("out")).unwrap();
    assert!(program(&["pack", &model, "-o", "/dev/stdout"]).stdout(file).status().unwrap().success());
    assert!(std::fs::read(folder.path("out")).unwrap() == expected);
}

#[test]
fn the_path_is_tried_before_the_inputs_are_read() {
    let folder = Folder::new("output-early");
    let model = folder.file("m.curt", &network(true));
    let (nowhere, dense, missing) = (folder.path("no/such/x.curt"), folder.path("dense"), folder.path("missing"));
    curt(&["export", &model, "-o", &dense]).ok();
    for args in [
        &["compress", &dense, "-o", &nowhere, "--validation", &missing, &missing][..],
        &["run", &model, &missing, "--outputs", &nowhere],
        &["table", "--data", &missing, "--write", &folder.path("no.such/results.md")],
    ] {
        let ran = curt(args);
        assert!(matches!(ran.code, 2 | 4) && ran.stderr.contains("no") && !ran.stderr.contains(&missing), "{}", ran.stderr);
    }
    assert!(temporary(&folder).is_empty());
}

#[test]
fn an_input_is_never_replaced() {
    let folder = Folder::new("output-input");
    let model = folder.file("m.curt", &network(true));
    let (dense, samples) = (folder.path("dense"), folder.file("samples", &images(2)));
    curt(&["export", &model, "-o", &dense]).ok();
    let link = folder.path("link");
    symlink(&samples, &link).unwrap();
    let before = [&model, &dense, &samples].map(|path| std::fs::read(path).unwrap());
    for args in [
        &["compress", &dense, "-o", &dense, "--validation", &samples, &samples][..],
        &["compress", &dense, "-o", &link, "--validation", &samples, &samples],
        &["export", &model, "-o", &model],
        &["pack", &model, "-o", &model, "--strip"],
        &["run", &model, &samples, "--outputs", &model],
        &["run", &model, &link, "--outputs", &samples],
        &["run", &model, "--images", &samples, "--outputs", &link],
    ] {
        let ran = curt(args);
        assert!(ran.code == 2 && ran.stderr.contains("would replace the input"), "{args:?}: {}", ran.stderr);
    }
    assert!([&model, &dense, &samples].map(|path| std::fs::read(path).unwrap()) == before);
    // What can be undone may be done in place.
    curt(&["pack", &model, "-o", &model]).ok();
    curt(&["unpack", &model, "-o", &model]).ok();
    assert!(std::fs::read(&model).unwrap() == before[0]);
}

#[test]
fn a_limit_on_files_is_an_error_that_leaves_the_old_file() {
    let folder = Folder::new("output-limit");
    let model = folder.file("m.curt", &network(true));
    let old = folder.file("old", b"old");
    let script = "ulimit -f 1; exec \"$0\" export \"$1\" -o \"$2\"";
    let ran = finish(Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_curt"), &model, &old]));
    assert!(ran.code == 4 && ran.stderr.contains("cannot write"), "{} {}", ran.code, ran.stderr);
    assert_eq!(std::fs::read(&old).unwrap(), b"old");
    assert!(temporary(&folder).is_empty());
}

#[test]
fn files_of_killed_writers_are_removed_and_those_of_living_ones_stay() {
    let folder = Folder::new("output-stale");
    let model = folder.file("m.curt", &network(true));
    folder.file(".curt-1-18a0-0.tmp", b"half");
    folder.file(".curt-other.tmp", b"not ours");
    let living = std::fs::File::create(folder.path(".curt-1-18a0-1.tmp")).unwrap();
    living.try_lock().unwrap();
    make("mkfifo", &[&folder.path(".curt-1-18a0-2.tmp")]).unwrap();
    curt(&["pack", &model, "-o", &folder.path("out")]).ok();
    let mut left = temporary(&folder);
    left.sort();
    assert_eq!(left, [".curt-1-18a0-1.tmp", ".curt-1-18a0-2.tmp", ".curt-other.tmp"]);
}

/// Runs the program through a shell that redirects; `$0` is the program.
fn redirected(redirection: &str, args: &[&str]) -> Ran {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec \"$0\" \"$@\" {redirection}"), env!("CARGO_BIN_EXE_curt")]).args(args);
    finish(command.env_remove("CURT_ISA"))
}

#[test]
fn messages_that_cannot_be_written_change_no_result() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full");
        return;
    }
    let folder = Folder::new("output-messages");
    let model = folder.file("m.curt", &network(true));
    let samples = folder.file("samples", &images(20));
    let missing = folder.path("missing");
    for to in ["2>/dev/full", "2>&-", "2</dev/null"] {
        // The answer comes although its warnings do not.
        let ran = redirected(to, &["run", &model, &samples]);
        assert!(ran.code == 0 && ran.stdout.contains("20 samples"), "{to}: {} {}", ran.code, ran.stdout);
        assert_eq!(redirected(to, &["run", &model, &samples, "--json"]).ok().json()["images"], 20);
        assert_eq!(redirected(to, &["inspect", &missing]).code, 4, "{to}");
        assert_eq!(redirected(to, &["frobnicate"]).code, 2, "{to}");
    }
    for args in [&["--help"][..], &["--version"], &["run", "--help"], &["inspect", &model], &["inspect", &model, "--json"]] {
        for to in [">/dev/full", ">/dev/full 2>/dev/full", "</dev/null >/dev/full 2>&-"] {
            assert_eq!(redirected(to, args).code, 4, "{args:?} {to}");
        }
        assert_eq!(redirected(">&-", args).code, 0, "{args:?}");
    }
    assert_eq!(redirected(">/dev/full 2>&1", &["inspect", &missing]).code, 4);
    // A file is written whole whatever stdout says.
    let out = folder.path("out");
    assert_eq!(redirected(">/dev/full 2>/dev/full", &["pack", &model, "-o", &out]).code, 4);
    assert_eq!(redirected(">&- 2>&-", &["unpack", &out, "-o", &out]).code, 0);
    assert!(std::fs::read(&out).unwrap() == network(true));
}
