//! A fleet in a checkout of git: whether its state is tracked there, and what git should leave alone. Only files are read; git
//! itself would run what a checkout configures.

use super::data_dir::DATA_DIR;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// The most bytes of an index that are read: one of 100,000 files has some 10 million.
const MOST: u64 = 64 << 20;

/// What became of `.gitignore`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignoring {
    /// This is no checkout, or it has an answer of its own.
    LeftAlone,
    /// It was written.
    Written,
}

/// What a fleet leaves beside its files that is of this checkout alone, or no text for others to read.
const IGNORED: &str = "# podform: the state of this checkout, and what a run leaves beside a state. The state itself is no secret, and git is no
# lock for it: podform's docs/state.md has the places that are.
PODFORM/
state/sandbox/
state/backups/
state/workspaces/*/backups/
podform.lock
podform.journal*
*.tfstate.lock
*.tfstate.journal*
";

/// Writes `.gitignore` into the fleet's directory, where that is in a checkout and has none.
///
/// # Errors
/// It cannot be written.
pub fn ignore(fleet: &Path) -> std::io::Result<Ignoring> {
    if checkout(fleet).is_none() {
        return Ok(Ignoring::LeftAlone);
    }
    match OpenOptions::new().write(true).create_new(true).open(fleet.join(".gitignore")) {
        Ok(mut file) => {
            file.write_all(IGNORED.replace("PODFORM", DATA_DIR).as_bytes())?;
            Ok(Ignoring::Written)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Ignoring::LeftAlone),
        Err(error) => Err(error),
    }
}

/// Whether git tracks a file. What cannot be told is not.
pub fn is_tracked(file: &Path) -> bool {
    tracked(file).unwrap_or_default()
}

fn tracked(file: &Path) -> Option<bool> {
    let name = file.file_name()?;
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = directory.canonicalize().ok()?;
    let (root, git) = checkout(&directory)?;
    let path = directory.strip_prefix(root).ok()?.join(name);
    let path = path.to_str()?.replace('\\', "/");
    let mut index = Vec::new();
    fs::File::open(git.join("index")).ok()?.take(MOST).read_to_end(&mut index).ok()?;
    Some(entries(&index)?.any(|entry| entry == path.as_bytes()))
}

/// The root of the checkout that a directory is in, and its directory of git.
fn checkout(directory: &Path) -> Option<(PathBuf, PathBuf)> {
    let directory = directory.canonicalize().ok()?;
    directory.ancestors().find_map(|root| {
        let git = root.join(".git");
        let meta = fs::metadata(&git).ok()?;
        if meta.is_dir() {
            return Some((root.to_owned(), git));
        }
        // A worktree, or a submodule.
        let text = fs::read_to_string(&git).ok().filter(|text| text.len() < 4096)?;
        Some((root.to_owned(), root.join(text.strip_prefix("gitdir:")?.trim())))
    })
}

/// The paths of an index of version 2, 3 or 4 (gitformat-index).
fn entries(index: &[u8]) -> Option<impl Iterator<Item = Vec<u8>>> {
    let number = |at: usize| Some(u32::from_be_bytes(index.get(at..at + 4)?.try_into().ok()?));
    let version = number(4).filter(|version| index.starts_with(b"DIRC") && (2..=4).contains(version))?;
    let count = number(8)?;
    let (mut at, mut last) = (12, Vec::new());
    let next = move || {
        let start = at;
        // Times, device, inode, mode, owner, size, digest.
        let flags = index.get(start + 60..start + 62)?;
        let is_extended = version >= 3 && flags.first()? & 0x40 != 0;
        at = start + 62 + if is_extended { 2 } else { 0 };
        if version == 4 {
            let cut = varint(index, &mut at)?;
            last.truncate(last.len().checked_sub(cut)?);
        } else {
            last.clear();
        }
        let length = index.get(at..)?.iter().position(|byte| *byte == 0)?;
        last.extend_from_slice(index.get(at..at + length)?);
        at += length + 1;
        if version < 4 {
            at = start + (at - start).div_ceil(8) * 8;
        }
        Some(last.clone())
    };
    Some(std::iter::from_fn(next).take(usize::try_from(count).ok()?))
}

/// A number of git's, seven bits a byte.
fn varint(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0_usize;
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value = value.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        value = value.checked_add(1)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index of these paths, as git writes it.
    fn index(version: u32, paths: &[&str]) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend(u32::try_from(paths.len()).expect("few").to_be_bytes());
        let mut last = "";
        for path in paths {
            let start = bytes.len();
            bytes.extend([0; 60]);
            bytes.extend([0, 0]);
            if version == 4 {
                let shared = last.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
                bytes.push(u8::try_from(last.len() - shared).expect("short"));
                bytes.extend(path[shared..].bytes());
                bytes.push(0);
            } else {
                bytes.extend(path.bytes());
                bytes.push(0);
                while !(bytes.len() - start).is_multiple_of(8) {
                    bytes.push(0);
                }
            }
            last = path;
        }
        bytes
    }

    #[test]
    fn what_git_tracks_is_read_from_its_index() {
        let home = tempfile::tempdir().expect("a directory");
        let fleet = home.path().join("fleets/lab");
        fs::create_dir_all(fleet.join("state")).expect("directories");
        let state = fleet.join("state/podform.state.json");
        assert!(!is_tracked(&state) && checkout(&fleet).is_none());
        fs::create_dir(home.path().join(".git")).expect("a directory");
        for version in [2, 3, 4] {
            let tracked =
                index(version, &["README.md", "fleets/lab/main.hcl", "fleets/lab/state/podform.state.json", "z"]);
            fs::write(home.path().join(".git/index"), tracked).expect("a file");
            assert!(is_tracked(&state), "version {version}");
            fs::write(home.path().join(".git/index"), index(version, &["a", "fleets/lab/main.hcl"])).expect("a file");
            assert!(!is_tracked(&state), "version {version}");
        }
        let whole = index(2, &["fleets/lab/state/podform.state.json"]);
        for end in 0..whole.len() - 8 {
            fs::write(home.path().join(".git/index"), &whole[..end]).expect("a file");
            assert!(!is_tracked(&state), "cut at {end}");
        }
    }

    #[test]
    fn what_has_an_answer_is_left_alone() {
        let home = tempfile::tempdir().expect("a directory");
        assert_eq!(ignore(home.path()).expect("nothing"), Ignoring::LeftAlone, "no checkout");
        fs::write(home.path().join(".git"), "gitdir: /nowhere").expect("a worktree");
        assert_eq!(ignore(home.path()).expect("written"), Ignoring::Written);
        let text = fs::read_to_string(home.path().join(".gitignore")).expect("a file");
        assert!(text.contains("\n.podform/\n"), "{text}");
        assert_eq!(ignore(home.path()).expect("left"), Ignoring::LeftAlone);
    }
}
