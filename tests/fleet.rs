//! A copy of a fleet in a directory of its own, and the program run on it.

use crate::scenarios::podform;
use std::fs;
use std::path::Path;
use std::process::Output;

/// A directory that goes away.
pub struct Fleet(tempfile::TempDir);

impl Fleet {
    /// With these files.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let fleet = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            fs::write(fleet.path().join(path), text).unwrap();
        }
        fleet
    }

    /// A copy of a directory, without any state.
    pub fn copy(from: &Path) -> Self {
        let fleet = Self(tempfile::tempdir().unwrap());
        copy(from, fleet.path());
        fleet
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs the program on the embedded simulator; its exit code must be this one.
    pub fn run(&self, arguments: &[&str], code: i32) -> String {
        self.run_with(arguments, &[("PODFORM_SANDBOX", "1")], code)
    }

    /// The plan that a saved plan tells, made with these arguments.
    pub fn plan(&self, arguments: &[&str]) -> serde_json::Value {
        let out = tempfile::NamedTempFile::new().unwrap();
        let path = out.path().to_str().unwrap();
        self.run(&[&["plan", "-out", path], arguments].concat(), 0);
        serde_json::from_str(&self.run(&["show", "-json", path], 0)).unwrap()
    }

    /// Runs the program with these variables.
    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)], code: i32) -> String {
        let output =
            podform().current_dir(self.path()).args(arguments).envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "podform {arguments:?}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Both streams.
pub fn text(output: &Output) -> String {
    format!("\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        if entry.file_type().unwrap().is_dir() {
            if name != "state" {
                copy(&entry.path(), &to.join(name));
            }
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
