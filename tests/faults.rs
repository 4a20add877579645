//! What a file system does to a reader: wrong kinds of files, no permission, sparse files, bytes that change under a mapping.
#![cfg(unix)]
#![allow(unsafe_code)] // `Model::map`, pipes, and the user id of a thread
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use curt::{Check, Defect, Dtype, ErrorKind, Input, Isa, Limits, Model, Session, SessionOptions};
use curt_dev::container::weights_range;
use curt_dev::{Folder, Random, golden, tiers};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;

/// What opening says, by reading and by mapping with either check: one answer.
fn kind(path: &Path) -> Result<(), ErrorKind> {
    let answer = |result: Result<Model, curt::Error>| {
        result.map(|_| ()).map_err(|error| {
            let message = error.to_string();
            assert!(message.contains(&*path.to_string_lossy()), "the message does not name the file: {message}");
            error.kind()
        })
    };
    let read = answer(Model::open(path));
    for check in [Check::Full, Check::Structure] {
        // SAFETY: nobody writes to the file while this value lives, which ends here.
        let mapped = answer(unsafe { Model::map(path, &Limits::DEFAULT, check) });
        assert_eq!(mapped, read, "{} mapped with {check:?}", path.display());
    }
    read
}

fn c_string(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let folder = Folder::new("faults-kinds");
    let fifo = folder.file("fifo.curt");
    // SAFETY: a path that ends with a zero.
    assert_eq!(unsafe { libc::mkfifo(c_string(&fifo).as_ptr(), 0o600) }, 0);
    let (to_fifo, loops, dangling) = (folder.file("to-fifo"), folder.file("loop"), folder.file("dangling"));
    symlink(&fifo, &to_fifo).unwrap();
    symlink(&loops, &loops).unwrap();
    symlink(folder.file("nothing"), &dangling).unwrap();
    let socket = folder.file("socket");
    // The path of a socket is short by the system's rule; a folder that is too deep makes no socket.
    let listener = std::os::unix::net::UnixListener::bind(&socket);
    let empty = folder.file("empty.curt");
    std::fs::write(&empty, []).unwrap();

    let start = std::time::Instant::now();
    let cases = [
        (folder.path(), ErrorKind::NotAFile),
        (&fifo, ErrorKind::NotAFile),
        (&to_fifo, ErrorKind::NotAFile),
        (Path::new("/dev/zero"), ErrorKind::NotAFile),
        (Path::new("/dev/null"), ErrorKind::NotAFile),
        (&loops, ErrorKind::Io),
        (&dangling, ErrorKind::Io),
        (&folder.file("missing"), ErrorKind::Io),
        (&empty.join("below a file"), ErrorKind::Io),
        (&folder.file(&"long".repeat(100)), ErrorKind::Io),
        (&empty, ErrorKind::Format(Defect::Empty)),
    ];
    for (path, expected) in cases {
        assert_eq!(kind(path), Err(expected), "{}", path.display());
    }
    if listener.is_ok() {
        assert_eq!(kind(&socket), Err(ErrorKind::Io), "a socket cannot be opened");
    }
    println!("{} paths refused, in {:?}", cases.len(), start.elapsed());
}

#[test]
fn a_sparse_file_of_6_gib_is_refused_by_its_length() {
    let folder = Folder::new("faults-sparse");
    let path = folder.file("sparse.curt");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(6 << 30).unwrap();
    assert_eq!(kind(&path), Err(ErrorKind::Limit));
    // Mapped under the format's limits its header is read, and nothing else.
    // SAFETY: nobody writes to the file while the result lives.
    let mapped = unsafe { Model::map(&path, &Limits::FORMAT, Check::Structure) };
    assert_eq!(mapped.unwrap_err().kind(), ErrorKind::Format(Defect::Magic));
    file.write_all_at(&std::fs::read(&golden::goldens(1)[0].path).unwrap(), 0).unwrap();
    // SAFETY: as above; the writing is over.
    let mapped = unsafe { Model::map(&path, &Limits::FORMAT, Check::Structure) };
    assert_eq!(mapped.unwrap_err().kind(), ErrorKind::Format(Defect::Trailing));
}

#[test]
fn unusual_names_open() {
    let folder = Folder::new("faults-names");
    let golden = &golden::goldens(1)[0].path;
    for name in [&b"\xFF\xFE.curt"[..], b"line\nbreak", b" ", "\u{202E}name".as_bytes()] {
        let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
        std::fs::copy(golden, &path).unwrap();
        Model::open(&path).unwrap();
        symlink(&path, folder.file("link")).unwrap();
        Model::open(folder.file("link")).unwrap();
        std::fs::remove_file(folder.file("link")).unwrap();
    }
}

/// Runs `f` as a user without rights. On Linux the user belongs to the thread, so that others are not disturbed.
#[cfg(target_os = "linux")]
fn as_nobody<T>(f: impl FnOnce() -> T) -> T {
    // SAFETY: no pointers; changes the user of this thread alone, which the raw call does and libc's function does not.
    let set = |user: libc::c_long| unsafe { libc::syscall(libc::SYS_setresuid, -1 as libc::c_long, user, -1 as libc::c_long) };
    // SAFETY: takes nothing.
    let user = unsafe { libc::geteuid() };
    assert_eq!(set(if user == 0 { 65534 } else { -1 }), 0);
    let result = f();
    assert_eq!(set(libc::c_long::from(user)), 0);
    result
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_may_not_be_read_is_an_error_of_the_system() {
    let folder = Folder::new("faults-permission");
    let (open, closed) = (folder.file("open.curt"), folder.file("closed.curt"));
    for path in [&open, &closed] {
        std::fs::copy(&golden::goldens(1)[0].path, path).unwrap();
    }
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o444)).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    let (open, closed) = as_nobody(|| (kind(&open), kind(&closed)));
    assert_eq!(closed, Err(ErrorKind::Io));
    if open.is_err() {
        println!("skipped: a user without rights cannot reach {}", folder.path().display());
    }
}

/// A session on a mapped model survives any bytes in the weights: the numbers may be wrong, nothing else may happen.
#[test]
fn any_bytes_under_a_mapping_run_without_a_panic() {
    let folder = Folder::new("faults-payload");
    let path = folder.file("mapped.curt");
    let mut random = Random(20);
    let (mut runs, mut models, mut changed) = (0, 0, 0);
    for golden in golden::goldens(1) {
        let file = std::fs::read(&golden.path).unwrap();
        let range = weights_range(&file);
        let (from, len) = (range.start, range.len());
        if len == 0 {
            continue;
        }
        std::fs::write(&path, &file).unwrap();
        // SAFETY: broken on purpose: the file is written in place. It is not truncated, and this is the test that memory stays safe.
        let model = unsafe { Model::map(&path, &Limits::DEFAULT, Check::Structure) }.unwrap();
        let writer = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        let tiers = tiers();
        let made = |isa: Isa, batch| Session::with_options(&model, &SessionOptions::new().batch(batch).isa(isa)).unwrap();
        let mut early: Vec<Session> = tiers.iter().flat_map(|&isa| [made(isa, 1), made(isa, 3)]).collect();
        let mut bytes = vec![0u8; len];
        for round in 0..12 {
            match round {
                0 => bytes.fill(0xFF),
                1 => bytes.fill(0),
                2 => bytes.fill(0x7F), // ternary fields of 27 to 31, the greatest indices
                _ => random.fill(&mut bytes),
            }
            writer.write_all_at(&bytes, from as u64).unwrap();
            assert!(model.file()[from..][..len] == bytes, "the mapping shows the new bytes");
            changed += usize::from(model.verify().is_err());
            let late = tiers.iter().flat_map(|&isa| [made(isa, 1), made(isa, 3)]);
            for mut session in early.drain(..).chain(late).collect::<Vec<_>>() {
                run(&mut session, &mut random);
                runs += 1;
            }
            early = tiers.iter().flat_map(|&isa| [made(isa, 1), made(isa, 3)]).collect();
        }
        models += 1;
    }
    println!("{runs} runs of {models} models on foreign bytes; `verify` refused {changed} of {} states", 12 * models);
    assert!(models > 100 && changed > 11 * models, "verify notices");
}

fn run(session: &mut Session, random: &mut Random) {
    let inputs = 4 * session.input_len();
    let mut bytes = vec![0u8; inputs];
    random.fill(&mut bytes);
    let floats: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte) - 100.0).collect();
    let input = match session.model().graph().input().dtype {
        Dtype::U8 => Input::U8(&bytes),
        Dtype::F32 => Input::F32(&floats),
    };
    let mut output = vec![0.0; 4 * session.output_len()];
    session.run(input, &mut output).unwrap();
}

#[test]
fn a_mapped_file_that_is_replaced_or_removed_stays_readable() {
    let folder = Folder::new("faults-replaced");
    let path = folder.file("model.curt");
    let goldens = golden::goldens(1);
    let (first, other) = (&goldens[0], &goldens[goldens.len() - 1]);
    std::fs::copy(&first.path, &path).unwrap();
    // SAFETY: the file is replaced and removed, which is allowed, and never written in place.
    let model = unsafe { Model::map(&path, &Limits::DEFAULT, Check::Full) }.unwrap();
    curt::format::save(&path, &std::fs::read(&other.path).unwrap()).unwrap();
    model.verify().unwrap();
    std::fs::remove_file(&path).unwrap();
    model.verify().unwrap();
    let mut session = Session::new(&model).unwrap();
    let mut output = vec![0.0; first.expected.len()];
    session.run(first.input(), &mut output).unwrap();
    assert!(first.is_right(&output));
}
