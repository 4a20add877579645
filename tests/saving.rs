//! Saving leaves the old file or the new one, whatever happens to the writer.
#![cfg(unix)]
#![allow(unsafe_code)] // limits, signals and mounts
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use curt::format::save;
use curt::{Check, ErrorKind, Limits, Model};
use curt_dev::{Folder, Random, golden};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Names the job of a child; the test [`child`] does it.
const JOB: &str = "CURT_TEST_SAVING";

/// This program again, with a job.
fn spawn(job: &str, path: &Path) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(JOB, job).env("CURT_TEST_PATH", path);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap()
}

/// The two contents that writers write: valid files of different lengths.
fn contents() -> [Vec<u8>; 2] {
    let mut files: Vec<Vec<u8>> = golden::curt_files("valid").iter().map(|path| std::fs::read(path).unwrap()).collect();
    files.sort_by_key(Vec::len);
    [files.pop().unwrap(), files.swap_remove(0)]
}

/// Not a test of its own: what a child does. Without a job it passes.
#[test]
fn child() {
    let (Ok(job), Some(path)) = (std::env::var(JOB), std::env::var_os("CURT_TEST_PATH")) else { return };
    let (path, [a, b]) = (PathBuf::from(path), contents());
    match job.as_str() {
        "forever" => loop {
            save(&path, &a).unwrap();
            save(&path, &b).unwrap();
        },
        "a" => (0..50).for_each(|_| save(&path, &a).unwrap()),
        "b" => (0..50).for_each(|_| save(&path, &b).unwrap()),
        "limited" => {
            let limit = libc::rlimit { rlim_cur: 1024, rlim_max: 1024 };
            // SAFETY: the second argument is a live structure; the limit is this child's own.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) }, 0);
            // SAFETY: the signal that comes with the limit would end the process; ignored, `write` fails instead.
            unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
            let error = save(&path, &vec![7; 4096]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{error}");
            assert!(error.to_string().contains("model.curt"), "{error}");
        }
        other => panic!("no job {other}"),
    }
}

/// Files in the folder other than `model.curt`.
fn leftovers(folder: &Folder) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().is_some_and(|name| name != "model.curt")).collect()
}

#[test]
fn a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else() {
    let folder = Folder::new("saving-limited");
    let path = folder.file("model.curt");
    let [old, _] = contents();
    save(&path, &old).unwrap();
    assert!(spawn("limited", &path).wait().unwrap().success(), "the child saw the error");
    assert!(std::fs::read(&path).unwrap() == old, "the old file is intact");
    assert!(leftovers(&folder).is_empty(), "the temporary file is removed");
    // The same for a folder that does not exist, and for a path that is a folder.
    assert_eq!(save(&folder.file("no/model.curt"), &old).unwrap_err().kind(), ErrorKind::Io);
    std::fs::create_dir(folder.file("directory")).unwrap();
    assert_eq!(save(&folder.file("directory"), &old).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(leftovers(&folder), [folder.file("directory")]);
}

#[test]
fn two_writers_leave_one_complete_file() {
    let folder = Folder::new("saving-two");
    let path = folder.file("model.curt");
    let [a, b] = contents();
    save(&path, &a).unwrap();
    let mut writers = [spawn("a", &path), spawn("b", &path)];
    let (mut reads, mut seen) = (0u64, [0u64; 2]);
    while writers.iter_mut().any(|writer| writer.try_wait().unwrap().is_none()) {
        let found = std::fs::read(&path).unwrap();
        assert!(found == a || found == b, "a reader saw neither file, but {} bytes", found.len());
        seen[usize::from(found == b)] += 1;
        reads += 1;
    }
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    println!("2 writers, 50 files each: {reads} reads saw {seen:?} complete files");
    assert!(leftovers(&folder).is_empty());
}

#[test]
fn a_writer_that_is_killed_leaves_the_old_file_or_the_new_one() {
    let folder = Folder::new("saving-killed");
    let path = folder.file("model.curt");
    let [a, b] = contents();
    save(&path, &a).unwrap();
    let mut random = Random(50);
    let mut kept = [0; 2];
    for _ in 0..50 {
        let mut writer = spawn("forever", &path);
        std::thread::sleep(std::time::Duration::from_micros(4_000 + random.bits() % 30_000));
        writer.kill().unwrap(); // SIGKILL
        writer.wait().unwrap();
        let found = std::fs::read(&path).unwrap();
        assert!(found == a || found == b, "{} bytes are neither file", found.len());
        Model::open(&path).unwrap();
        kept[usize::from(found == b)] += 1;
    }
    println!("50 writers killed: {kept:?} complete files, {} temporary files left", leftovers(&folder).len());
    save(&path, &b).unwrap();
    assert!(std::fs::read(&path).unwrap() == b, "what is left over is in nobody's way");
    assert!(leftovers(&folder).is_empty(), "the next writer removes it");
}

#[test]
fn a_model_is_saved_over_the_file_that_it_maps() {
    let folder = Folder::new("saving-mapped");
    let path = folder.file("model.curt");
    let mut count = 0;
    for golden in golden::goldens(1) {
        let file = std::fs::read(&golden.path).unwrap();
        std::fs::write(&path, &file).unwrap();
        // SAFETY: the file is replaced, which is allowed, and never written in place.
        let model = unsafe { Model::map(&path, &Limits::DEFAULT, Check::Full) }.unwrap();
        save(&path, model.file()).unwrap();
        assert!(std::fs::read(&path).unwrap() == file, "{}", golden.name);
        model.verify().unwrap();
        drop(model);
        std::fs::remove_file(&path).unwrap();
        count += 1;
    }
    println!("{count} models saved over the file that they map");
    assert!(leftovers(&folder).is_empty());
}

#[test]
fn names_of_the_greatest_length_and_of_any_bytes_can_be_saved() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new("saving-names");
    let [_, file] = contents();
    for name in [&[b'x'; 255][..], b"\xFF\xFE.curt", b"a", b"line\nbreak"] {
        let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
        save(&path, &file).unwrap_or_else(|error| panic!("{error}"));
        assert!(std::fs::read(&path).unwrap() == file);
        std::fs::remove_file(&path).unwrap();
    }
    assert!(leftovers(&folder).is_empty());
}

/// The owner, the group and the permissions of a file.
fn rights(path: &Path) -> (u32, u32, u32) {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).unwrap();
    (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
}

#[cfg(target_os = "linux")]
#[test]
fn the_owner_stays_and_nobody_gains_a_right() {
    use std::os::unix::fs::{PermissionsExt, chown};
    let folder = Folder::new("saving-owner");
    let path = folder.file("model.curt");
    let set = |mode: u32| {
        std::fs::write(&path, b"old").unwrap();
        let owned = chown(&path, Some(1234), Some(5678));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        owned
    };
    if set(0o640).is_err() {
        println!("skipped: files cannot be given away here (root can)");
        return;
    }
    for mode in [0o640, 0o4755] {
        set(mode).unwrap();
        save(&path, b"new").unwrap();
        assert_eq!(rights(&path), (1234, 5678, mode));
    }
    // A user who may not give files away: what the old group could do, another group must not.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    for (mode, expected) in [(0o640, 0o600), (0o664, 0o644), (0o4755, 0o755)] {
        set(mode).unwrap();
        // SAFETY: no pointers; changes the user of this thread alone, which the raw call does and libc's function does not.
        let user =
            |user: libc::c_long| unsafe { libc::syscall(libc::SYS_setresuid, -1 as libc::c_long, user, -1 as libc::c_long) };
        assert_eq!(user(65534), 0);
        let saved = save(&path, b"new");
        assert_eq!(user(0), 0);
        saved.unwrap();
        assert_eq!((rights(&path).0, rights(&path).2), (65534, expected), "{mode:o}");
    }
    assert!(leftovers(&folder).is_empty());
}

#[test]
fn an_output_is_tried_and_leaves_no_trace() {
    use curt::format::Output;
    let folder = Folder::new("saving-output");
    let (path, other) = (folder.file("model.curt"), folder.file("other.curt"));
    std::fs::write(&path, b"old").unwrap();
    let output = Output::open(&path).unwrap();
    assert!(output.replaces(&path) && !output.replaces(&other) && leftovers(&folder).is_empty());
    std::os::unix::fs::symlink("model.curt", &other).unwrap();
    assert!(output.replaces(&other) && Output::open(&other).unwrap().replaces(&path));
    output.save(b"new").unwrap();
    assert_eq!(std::fs::read(&other).unwrap(), b"new");
    let error = Output::open(folder.file("no/model.curt")).unwrap_err();
    assert!(error.kind() == ErrorKind::Io && error.to_string().contains("no/model.curt"), "{error}");
}

/// A file system of its own that ends with this value.
#[cfg(target_os = "linux")]
struct Tiny<'a>(&'a Folder);

#[cfg(target_os = "linux")]
impl<'a> Tiny<'a> {
    /// 16 KiB of memory mounted on the folder; `None` where that is not allowed.
    fn mount(folder: &'a Folder) -> Option<Self> {
        use std::os::unix::ffi::OsStrExt;
        let target = std::ffi::CString::new(folder.path().as_os_str().as_bytes()).unwrap();
        // SAFETY: four strings that end with a zero.
        let status =
            unsafe { libc::mount(c"tmpfs".as_ptr(), target.as_ptr(), c"tmpfs".as_ptr(), 0, c"size=16k".as_ptr().cast()) };
        (status == 0).then_some(Self(folder))
    }
}

#[cfg(target_os = "linux")]
impl Drop for Tiny<'_> {
    fn drop(&mut self) {
        use std::os::unix::ffi::OsStrExt;
        let target = std::ffi::CString::new(self.0.path().as_os_str().as_bytes()).unwrap();
        // SAFETY: a string that ends with a zero; the mount is ours.
        unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_old_file_and_nothing_else() {
    let folder = Folder::new("saving-full");
    let Some(tiny) = Tiny::mount(&folder) else {
        println!("skipped: a file system cannot be mounted here (root can)");
        return;
    };
    let path = folder.file("model.curt");
    let [_, old] = contents();
    save(&path, &old).unwrap();
    let mut refused = 0;
    for pages in 1..=8 {
        let new = vec![7; pages * 4096];
        match save(&path, &new) {
            Ok(()) => assert!(std::fs::read(&path).unwrap() == new && pages <= 3, "{pages} pages"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Io);
                refused += 1;
            }
        }
        assert!(!std::fs::read(&path).unwrap().is_empty());
        assert!(leftovers(&folder).is_empty(), "the temporary file is removed");
        std::fs::remove_file(&path).unwrap();
        save(&path, &old).unwrap();
    }
    println!("{refused} of 8 files refused by a full disk");
    assert!(refused >= 5);
    drop(tiny);
}
