//! Whose configuration this is. An untrusted one (`-untrusted`: a change that somebody proposes, and nobody has read yet)
//! is read and evaluated within the directory of its fleet: what lies outside reaches nothing that is printed or written.
//!
//! It holds for the whole process, and is set before anything is read: a command that forgot to ask would be the hole.

use super::text::{file, file_or_pipe};
use crate::config::Configuration;
use crate::diag::{Diagnostic, Diagnostics};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

/// The directory of the fleet, without links; set where its configuration is untrusted.
static WITHIN: OnceLock<PathBuf> = OnceLock::new();

/// From now on the configuration at the current directory is untrusted.
///
/// # Errors
/// The current directory cannot be read.
pub fn distrust() -> std::io::Result<()> {
    let here = Path::new(".").canonicalize()?;
    WITHIN.get_or_init(|| here);
    Ok(())
}

/// Whether the configuration is untrusted.
pub fn is_untrusted() -> bool {
    WITHIN.get().is_some()
}

/// Refuses a path that an untrusted configuration may not touch.
///
/// # Errors
/// Why.
pub(super) fn confined(path: &Path) -> Result<(), String> {
    WITHIN.get().map_or(Ok(()), |root| within(root, path))
}

/// As [`file()`], within the bounds.
///
/// # Errors
/// It is out of them, or cannot be read.
pub fn own_file(path: &Path) -> Result<Vec<u8>, String> {
    confined(path)?;
    file(path)
}

/// As [`file_or_pipe`], within the bounds.
///
/// # Errors
/// It is out of them, or cannot be read.
pub(super) fn given_file(path: &Path) -> Result<Vec<u8>, String> {
    confined(path)?;
    file_or_pipe(path)
}

/// Whether a path is one of the fleet's own, wherever links lead. What does not exist is judged by the directory that it
/// would lie in: whether something exists outside is nobody's business either.
fn within(root: &Path, path: &Path) -> Result<(), String> {
    let outside = || "it lies outside of the directory of the fleet, and the configuration is untrusted".to_owned();
    let absolute = root.join(path);
    let mut place = absolute.as_path();
    let mut missing: Vec<&OsStr> = Vec::new();
    let found = loop {
        match place.canonicalize() {
            Ok(found) => break found,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                // A link that leads nowhere, or one way back up out of something that is not there.
                let last = place.file_name().filter(|_| place.symlink_metadata().is_err());
                let (Some(last), Some(parent)) = (last, place.parent()) else { return Err(outside()) };
                missing.push(last);
                place = parent;
            }
            Err(_) => return Err(outside()),
        }
    };
    let Ok(inside) = found.strip_prefix(root) else { return Err(outside()) };
    let parts = inside.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    let parts: Vec<&OsStr> = parts.chain(missing.into_iter().rev()).collect();
    let hidden = parts.iter().any(|name| name.as_encoded_bytes().starts_with(b"."));
    // A checkout keeps tokens in .git, people keep theirs in .env; and what is recorded is read as state, not as text.
    match hidden || parts.first() == Some(&OsStr::new("state")) {
        true => Err("it is hidden, or part of the state, and the configuration is untrusted".to_owned()),
        false => Ok(()),
    }
}

/// Refuses links where the state lies: a lock would be written, and a state read, wherever an untrusted checkout says.
///
/// # Errors
/// Which.
pub(super) fn refuse_links(directory: &Path) -> Result<(), Diagnostic> {
    if !is_untrusted() {
        return Ok(());
    }
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let above = directory.ancestors().filter(|part| !part.as_os_str().is_empty()).map(Path::to_path_buf);
    let link = above.chain(entries).find(|path| path.is_symlink());
    link.map_or(Ok(()), |link| {
        let detail = format!("{} is a link, and the configuration beside it is untrusted.", link.display());
        Err(Diagnostic::error("State is not read", detail).with_hint("Name the state with -state=FILE."))
    })
}

/// Refuses settings of the provider block that an untrusted configuration may not choose: the key would go to a server of
/// its own, or a key of its own would stand for ours.
pub(super) fn refuse_settings(configuration: &Configuration, diags: &mut Diagnostics) {
    let Some((body, _)) = configuration.root().provider.as_ref().filter(|_| is_untrusted()) else { return };
    for attribute in body.attributes.iter().filter(|attribute| ["api_key", "base_url"].contains(&&*attribute.name)) {
        let detail = format!(
            "An untrusted configuration may not set \"{}\": it decides to whom the API key is sent, or whose account is read. Set SIMPLEPOD_API_URL and SIMPLEPOD_API_KEY in the environment.",
            attribute.name
        );
        diags.push(Diagnostic::error("Setting of an untrusted configuration", detail).at(attribute.name_span));
    }
}

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_the_fleets_own_files_are_within() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap().join("fleet");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::create_dir_all(root.join(".git")).unwrap();
        fs::create_dir_all(root.join("state")).unwrap();
        fs::create_dir_all(place.path().join("other")).unwrap();
        for file in ["a", "sub/b", ".git/config", ".env", "state/podform.state.json", "../other/secret", "../fleet2"] {
            fs::write(root.join(file), "x").unwrap();
        }
        symlink("../other/secret", root.join("link")).unwrap();
        symlink("../other", root.join("dir")).unwrap();
        symlink("../other/nothing", root.join("dangling")).unwrap();
        symlink("sub/b", root.join("inner")).unwrap();
        symlink(".git/config", root.join("git")).unwrap();
        symlink("round", root.join("round")).unwrap();
        for good in [".", "a", "sub/b", "sub/../a", "inner", "absent", "sub/absent/x", "./a", "../fleet/a"] {
            assert_eq!(within(&root, Path::new(good)), Ok(()), "{good}");
        }
        assert_eq!(within(&root, &root.join("a")), Ok(()));
        for bad in [
            "..",
            "../other/secret",
            "../other/nothing",
            "../fleet2",
            "/etc/hostname",
            "/etc/no-such-file",
            "/proc/self/environ",
            "/dev/stdin",
            "link",
            "dir",
            "dir/secret",
            "dir/nothing",
            "dangling",
            "dangling/x",
            "round",
            "git",
            ".env",
            ".git/config",
            ".absent",
            "sub/.x/y",
            "state/podform.state.json",
            "sub/../state/x",
            "absent/../../other/secret",
            "a/../../other/secret",
        ] {
            assert!(within(&root, Path::new(bad)).is_err(), "{bad}");
        }
    }
}
