//! The golden files of `format-spec/vectors`, made and computed by the second reader, and the models of `models/`.

use curt::{Dtype, Input, Isa, Model, Session, SessionOptions};
use std::path::{Path, PathBuf};

/// The root of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("dev/ lies in the root")
}

/// Files of `format-spec/vectors/<folder>` with the extension `.curt`, sorted.
///
/// # Panics
///
/// When there are none.
pub fn curt_files(folder: &str) -> Vec<PathBuf> {
    let folder = root().join("format-spec/vectors").join(folder);
    let entries = std::fs::read_dir(&folder).expect("a folder of vectors");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "curt"));
    files.sort();
    assert!(!files.is_empty(), "no vectors in {}", folder.display());
    files
}

/// The files of [`curt_files`] of at most `max_bytes`, with their bytes.
pub fn read_files(folder: &str, max_bytes: usize) -> Vec<(PathBuf, Vec<u8>)> {
    let read = |path: PathBuf| (path.clone(), std::fs::read(&path).expect("a golden file"));
    curt_files(folder).into_iter().map(read).filter(|(_, file)| file.len() <= max_bytes).collect()
}

/// The mapped files of `models/`, sorted.
pub fn models() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("models")).expect("models/");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".curt") && !path.to_string_lossy().ends_with(".packed.curt"));
    files.sort();
    files
}

/// The kind that an invalid file must be refused with: `KIND--what.curt`.
pub fn expected_kind(path: &Path) -> &str {
    let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
    name.split_once("--").expect("KIND--what").0
}

/// A valid golden file with its input and its expected output.
#[derive(Debug)]
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

/// Those above the reference; with `CURT_TEST_TIER` that one alone, for an emulator, where the others would take minutes once more.
pub fn tiers_above_scalar() -> Vec<Isa> {
    let only = std::env::var("CURT_TEST_TIER").ok();
    let wanted = |isa: &Isa| *isa != Isa::Scalar && only.as_deref().is_none_or(|only| isa.name() == only);
    let tiers: Vec<Isa> = tiers().into_iter().filter(wanted).collect();
    assert!(only.is_none() || tiers.len() == 1, "CURT_TEST_TIER={only:?} is no tier of this processor");
    tiers
}
