//! What surrounds a posterior: keys of its JSON, and what its path names.

use super::hostile::refused;
use curt::ErrorKind;
use curt::posterior::Posterior;
use curt_dev::posterior::corners;
use serde_json::json;

#[test]
fn keys_that_stand_twice() {
    let bytes = corners::rate().bytes();
    let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
    let (header, data) = rest.split_at(usize::try_from(u64::from_le_bytes(*length)).unwrap());
    let text = std::str::from_utf8(header).unwrap().trim_end();
    let with = |header: String| [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat();
    Posterior::from_bytes(&with(text.to_owned())).unwrap();
    // The whole header once more: a tensor twice, the metadata twice.
    let entry = |from: &str| {
        let start = text.find(from).unwrap();
        let end = start + text[start..].find('}').unwrap() + 1;
        text[start..end].to_owned()
    };
    let tensor = entry("\"fc1.weight\"");
    refused(&with(text.replacen('{', &format!("{{{tensor},"), 1)), &["fc1.weight", "stands twice"]);
    refused(&with(text.replacen('{', "{\"__metadata__\":{},", 1)), &["__metadata__", "stands twice"]);
    // In the description, which is a text in the metadata; also where the layout does not look.
    let mut file = corners::rate();
    file.description["training"] = json!({ "seed": [{ "unlike any other": 1 }] });
    let description = file.description.to_string();
    for (once, twice) in [
        ("\"method\":", "\"method\":\"plain\",\"method\":"),
        ("\"unlike any other\":", "\"unlike any other\":0,\"unlike any other\":"),
        ("\"op\":", "\"op\":\"linear\",\"op\":"),
    ] {
        let changed = description.replacen(once, twice, 1);
        assert_ne!(changed, description);
        refused(&file.with_metadata(json!({ "curt": changed })), &["stands twice"]);
    }
}

/// A path that is a file now and a pipe then never makes a reader wait: what is opened is what is looked at.
#[cfg(unix)]
#[test]
fn a_pipe_that_takes_the_place_of_a_file() {
    let folder = curt_dev::Folder::new("posterior-pipe");
    let (path, file, pipe) = (folder.file("path"), folder.file("file"), folder.file("pipe"));
    std::fs::write(&file, corners::rate().bytes()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::hard_link(&file, &path).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let (mut read, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                for from in [&pipe, &file] {
                    let next = folder.file("next");
                    std::fs::hard_link(from, &next).unwrap();
                    std::fs::rename(&next, &path).unwrap();
                }
            }
        });
        for _ in 0..2000 {
            match Posterior::open(&path) {
                Ok(_) => read += 1,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::NotAFile, "{error}");
                    refused += 1;
                }
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    println!("{read} times a file, {refused} times a pipe");
    assert!(read > 0 && refused > 0);
}
