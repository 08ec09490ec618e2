//! The effects that functions of the language need: files, clock, randomness.

use super::bounds::{confined, is_untrusted, own_file};
use super::{glob, text};
use crate::lang::Effects;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The real world. While planning there is no clock and no randomness.
#[derive(Debug)]
pub struct LocalEffects {
    applying: bool,
    plan_time: String,
}

impl LocalEffects {
    /// For plan and validate.
    pub fn planning() -> LocalEffects {
        LocalEffects { applying: false, plan_time: now() }
    }

    /// For apply, of a plan made at the time of `planned`.
    pub fn applying(planned: &LocalEffects) -> LocalEffects {
        LocalEffects { applying: true, plan_time: planned.plan_time.clone() }
    }
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Where the command was started, once it has entered another directory.
static STARTED_IN: OnceLock<PathBuf> = OnceLock::new();

/// Enters the directory of `-chdir`.
///
/// # Errors
/// It cannot be entered.
pub fn enter(dir: &Path) -> std::io::Result<()> {
    if let Ok(here) = std::env::current_dir() {
        STARTED_IN.get_or_init(|| here);
    }
    std::env::set_current_dir(dir)
}

impl Effects for LocalEffects {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        own_file(Path::new(path))
    }

    fn file_exists(&self, path: &str) -> Result<bool, String> {
        confined(Path::new(path))?;
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_file() => Ok(true),
            Ok(_) => Err("it is not a regular file".into()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }

    fn fileset(&self, path: &str, pattern: &str) -> Result<Vec<String>, String> {
        confined(Path::new(path))?;
        let expression = glob::expression(pattern)?;
        let mut found = Vec::new();
        match walk(Path::new(path), "", &mut found) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            walked => walked.map_err(|error| error.to_string())?,
        }
        found.retain(|name| expression.is_match(name));
        found.sort();
        Ok(found)
    }

    fn absolute(&self, path: &str) -> Result<String, String> {
        let joined = std::path::absolute(path).map_err(|error| error.to_string())?;
        let clean = joined.components().collect::<std::path::PathBuf>();
        clean
            .into_os_string()
            .into_string()
            .map_err(|path| format!("it is {}, which is not valid UTF-8", text::shown(Path::new(&path))))
    }

    fn started_in(&self) -> Result<String, String> {
        match STARTED_IN.get() {
            Some(dir) => self.absolute(&dir.to_string_lossy()),
            None => self.absolute("."),
        }
    }

    fn home(&self) -> Option<String> {
        std::env::var("HOME").ok().filter(|_| !is_untrusted())
    }

    fn now(&self) -> Option<String> {
        self.applying.then(now)
    }

    fn plan_time(&self) -> Option<String> {
        Some(self.plan_time.clone())
    }

    fn random(&self) -> Option<[u8; 16]> {
        self.applying.then(rand::random)
    }

    fn is_untrusted(&self) -> bool {
        is_untrusted()
    }
}

/// Every regular file below a directory, relative to it.
fn walk(dir: &Path, prefix: &str, found: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if confined(&entry.path()).is_err() {
            continue;
        }
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{name}/"), found)?;
        } else if kind.is_file() || std::fs::metadata(entry.path()).is_ok_and(|meta| meta.is_file()) {
            found.push(name);
        }
    }
    Ok(())
}
