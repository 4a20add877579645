//! What several tests need: the golden files, tiers, random numbers, a folder of their own.
#![allow(dead_code, unreachable_pub)] // each test program uses its part

pub mod source;

use curt::{Dtype, Input, Isa, Model, Session, SessionOptions};
use std::path::{Path, PathBuf};

/// The root of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files of `format-spec/vectors/<folder>` with the extension `.curt`, sorted.
pub fn curt_files(folder: &str) -> Vec<PathBuf> {
    let folder = root().join("format-spec/vectors").join(folder);
    let entries = std::fs::read_dir(&folder).expect("a folder of vectors");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "curt"));
    files.sort();
    assert!(!files.is_empty(), "no vectors in {}", folder.display());
    files
}

/// A valid golden file with its input and its expected output.
pub struct Golden {
    /// The file's name without extension.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The model.
    pub model: Model,
    bytes: Vec<u8>,
    floats: Vec<f32>,
    /// The outputs of the second reader.
    pub expected: Vec<f32>,
}

impl Golden {
    /// What the model is fed.
    pub fn input(&self) -> Input<'_> {
        match self.model.graph().input().dtype {
            Dtype::U8 => Input::U8(&self.bytes),
            Dtype::F32 => Input::F32(&self.floats),
        }
    }

    /// A session of one tier.
    pub fn session(&self, isa: Isa, batch: usize) -> Session {
        Session::with_options(&self.model, &SessionOptions::new().batch(batch).isa(isa)).expect("a session on a golden model")
    }

    /// Whether `output` is the expected one, bit for bit.
    pub fn is_right(&self, output: &[f32]) -> bool {
        output.len() == self.expected.len() && output.iter().zip(&self.expected).all(|(a, b)| a.to_bits() == b.to_bits())
    }
}

/// Every valid golden file. Their samples are repeated until there are at least `samples`.
pub fn goldens(samples: usize) -> Vec<Golden> {
    let load = |path: PathBuf| {
        let model = Model::open(&path).expect("a golden file");
        let graph = model.graph();
        let outputs = floats(&path.with_extension("output"));
        let times = samples.div_ceil((outputs.len() / graph.output_shape().elements()).max(1)).max(1);
        let bytes = std::fs::read(path.with_extension("input")).expect("a golden input").repeat(times);
        let floats = if graph.input().dtype == Dtype::F32 { words(&bytes) } else { Vec::new() };
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        Golden { name, path, model, bytes, floats, expected: outputs.repeat(times) }
    };
    curt_files("valid").into_iter().map(load).collect()
}

/// A file of little-endian floats.
pub fn floats(path: &Path) -> Vec<f32> {
    words(&std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn words(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// The instruction sets that this processor has.
pub fn tiers() -> Vec<Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available()).collect()
}

/// A folder for one test, empty at first and removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    /// `name` is the test's.
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path); // left by a killed run with the same id
        std::fs::create_dir_all(&path).expect("a folder for a test");
        Self(path)
    }

    /// A path in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // a test that fails has said so already
    }
}

/// Random numbers that are the same on every run (splitmix64).
pub struct Random(pub u64);

impl Random {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.bits() % n as u64).expect("below a usize")
    }

    /// Uniform in -1 to 1.
    pub fn signed(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// Random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        bytes.iter_mut().for_each(|byte| *byte = self.bits().to_le_bytes()[0]);
    }
}
