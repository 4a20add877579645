//! A folder for one test.

use std::path::{Path, PathBuf};

/// A folder for one test, empty at first and removed at its end.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// `test` names the test: two that run at the same time may not share it.
    ///
    /// # Panics
    ///
    /// When the folder cannot be made.
    pub fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("curt-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path); // left by a killed run with the same id
        std::fs::create_dir_all(&path).expect("a folder for a test");
        Self(path)
    }

    /// The path of a file in it.
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
