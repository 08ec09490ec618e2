//! `.podform/`: what this checkout was told, and no other knows: the workspace that was selected, and the backend that `init`
//! opened. No state, and no secret.

use super::text::file;
use crate::config::{Arguments, BackendBlock, BackendKind};
use crate::diag::Diagnostic;
use crate::store::is_workspace_name;
use crate::store::local::write_private;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::fs;
use std::path::{Path, PathBuf};

/// The directory, in that of the fleet.
pub const DATA_DIR: &str = ".podform";

/// The version of the file of the backend: raised when an older podform would misread it.
const FORMAT: u64 = 1;

/// The directory of a fleet.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

/// The backend that `init` opened.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// Which kind.
    pub kind: BackendKind,
    /// Where it leads, all but the secrets.
    pub arguments: Arguments,
    /// What `-backend-config` gave of it.
    pub given: Arguments,
    /// The secrets that `-backend-config` gave, by their names.
    pub secrets: Vec<String>,
    /// Of block and `-backend-config` together.
    pub digest: String,
    /// What was found when it was tried out ([`crate::store::TriedOut`]).
    pub guards_locks: bool,
}

/// Its file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u64,
    #[serde(rename = "type")]
    kind: String,
    arguments: Json,
    given: Json,
    secrets: Vec<String>,
    digest: String,
    #[serde(default)]
    guards_locks: bool,
}

impl Remembered {
    /// Of a block, with what `-backend-config` gave.
    pub fn of(block: &BackendBlock, given: Arguments) -> Remembered {
        let arguments = merged(block, &given);
        let (digest, secrets) = (arguments.digest(block.kind), given.secrets());
        Remembered { kind: block.kind, arguments, given, secrets, digest, guards_locks: false }
    }

    /// Why this block, with what was given, leads elsewhere; `None` where it does not.
    pub fn changed(&self, block: &BackendBlock) -> Option<String> {
        if self.kind != block.kind {
            return Some(format!("Backend type changed from \"{}\" to \"{}\"", self.kind.name(), block.kind.name()));
        }
        let digest = merged(block, &self.given).digest(block.kind);
        (digest != self.digest).then(|| "Backend configuration block has changed".to_owned())
    }
}

/// What is said beside a block wins over it.
pub fn merged(block: &BackendBlock, given: &Arguments) -> Arguments {
    let mut all = block.arguments.clone();
    all.lay_over(given.clone());
    all
}

impl DataDir {
    /// That of the fleet in the current directory.
    pub fn here() -> DataDir {
        DataDir(PathBuf::from(DATA_DIR))
    }

    /// The workspace that was selected.
    ///
    /// # Errors
    /// What stands there is no name.
    pub fn workspace(&self) -> Result<Option<String>, Diagnostic> {
        let path = self.0.join("workspace");
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let name = String::from_utf8_lossy(&bytes).trim().to_owned();
        match is_workspace_name(&name) {
            true => Ok(Some(name)),
            false if name.is_empty() => Ok(None),
            false => Err(unreadable(&path, "it holds no name of a workspace")
                .with_hint("Remove it: then the workspace is default.")),
        }
    }

    /// Selects one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn select(&self, workspace: &str) -> Result<(), Diagnostic> {
        self.write("workspace", workspace.as_bytes())
    }

    /// The backend that was opened here.
    ///
    /// # Errors
    /// The file is not understood.
    pub fn backend(&self) -> Result<Option<Remembered>, Diagnostic> {
        let path = self.0.join("backend.json");
        let Some(bytes) = read(&path)? else { return Ok(None) };
        let refuse = |why: &str| unreadable(&path, why).with_hint("podform init -reconfigure writes it anew.");
        let file: File =
            serde_json::from_slice(&bytes).map_err(|error| refuse(&format!("it is not understood: {error}")))?;
        if file.format != FORMAT {
            return Err(refuse(&format!("its format is {}, of another version of podform", file.format)));
        }
        let Some(kind) = BackendKind::named(&file.kind) else {
            return Err(refuse(&format!("there is no backend \"{}\"", file.kind)));
        };
        let read = |json| Arguments::read(json, kind.arguments());
        let (arguments, given) = (read(&file.arguments), read(&file.given));
        let File { secrets, digest, guards_locks, .. } = file;
        Ok(Some(Remembered { kind, arguments, given, secrets, digest, guards_locks }))
    }

    /// Keeps a backend; `None` forgets it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn remember(&self, backend: Option<&Remembered>) -> Result<(), Diagnostic> {
        let Some(Remembered { kind, arguments, given, secrets, digest, guards_locks }) = backend else {
            return match fs::remove_file(self.0.join("backend.json")) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(unwritten(&self.0, &error.to_string()))
                }
                _ => Ok(()),
            };
        };
        let file = File {
            format: FORMAT,
            kind: kind.name().to_owned(),
            arguments: arguments.shown(),
            given: given.shown(),
            secrets: secrets.clone(),
            digest: digest.clone(),
            guards_locks: *guards_locks,
        };
        let mut text = serde_json::to_string_pretty(&file).map_err(|error| unwritten(&self.0, &error.to_string()))?;
        text.push('\n');
        self.write("backend.json", text.as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Diagnostic> {
        fs::create_dir_all(&self.0).map_err(|error| unwritten(&self.0, &error.to_string()))?;
        write_private(&self.0.join(name), bytes).map_err(|error| unwritten(&self.0, &error.to_string()))
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Diagnostic> {
    match path.try_exists() {
        Ok(false) => Ok(None),
        Ok(true) => file(path).map(Some).map_err(|why| unreadable(path, &why)),
        Err(error) => Err(unreadable(path, &error.to_string())),
    }
}

fn unreadable(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::error("Local data cannot be read", format!("{}: {why}.", path.display()))
}

fn unwritten(path: &Path, why: &str) -> Diagnostic {
    Diagnostic::error("Local data cannot be written", format!("{}: {why}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::BackendValue;

    fn arguments(kind: BackendKind, given: &[(&str, &str)]) -> Arguments {
        let mut all = Arguments::default();
        for (name, text) in given {
            let argument = kind.arguments().iter().find(|argument| argument.name == *name).expect("an argument");
            all.set(argument, BackendValue::text(argument, *text));
        }
        all
    }

    fn block(kind: BackendKind, given: &[(&str, &str)]) -> BackendBlock {
        let file = crate::diag::Sources::default().add("main.hcl", "");
        let span = crate::diag::Span { file, start: 0, end: 0 };
        BackendBlock { kind, arguments: arguments(kind, given), span }
    }

    #[test]
    fn a_backend_is_kept_without_its_secrets() {
        let home = tempfile::tempdir().expect("a directory");
        let here = DataDir(home.path().join(".podform"));
        assert!(here.backend().expect("readable").is_none() && here.workspace().expect("readable").is_none());
        let kind = BackendKind::Http;
        let declared = block(kind, &[("address", "https://h/s"), ("password", "canary-1")]);
        let given = arguments(kind, &[("username", "u"), ("client_private_key_pem", "canary-2")]);
        here.remember(Some(&Remembered::of(&declared, given))).expect("written");
        let text = fs::read_to_string(home.path().join(".podform/backend.json")).expect("a file");
        assert!(!text.contains("canary"), "{text}");
        let back = here.backend().expect("readable").expect("it is kept");
        assert_eq!(
            (back.secrets.as_slice(), back.given.text("username")),
            (&["client_private_key_pem".to_owned()][..], Some("u"))
        );
        assert_eq!(back.changed(&declared), None);
        let rotated = block(kind, &[("address", "https://h/s"), ("password", "new")]);
        assert_eq!(back.changed(&rotated), None);
        let moved = block(kind, &[("address", "https://h/t")]);
        assert_eq!(back.changed(&moved).as_deref(), Some("Backend configuration block has changed"));
        let other = block(BackendKind::Local, &[]);
        assert_eq!(back.changed(&other).as_deref(), Some("Backend type changed from \"http\" to \"local\""));
        here.remember(None).expect("forgotten");
        here.remember(None).expect("there is none");
        assert!(here.backend().expect("readable").is_none());
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let home = tempfile::tempdir().expect("a directory");
        let here = DataDir(home.path().to_owned());
        here.select("staging").expect("written");
        assert_eq!(here.workspace().expect("readable").as_deref(), Some("staging"));
        fs::write(home.path().join("workspace"), "a/b").expect("a file");
        assert!(here.workspace().is_err());
        for text in [
            "",
            "{}",
            "{\"format\":9}",
            "{\"format\":9,\"type\":\"s3\",\"arguments\":{},\"given\":{},\"secrets\":[],\"digest\":\"\"}",
        ] {
            fs::write(home.path().join("backend.json"), text).expect("a file");
            assert!(here.backend().is_err(), "{text}");
        }
    }
}
