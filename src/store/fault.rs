//! Why the disk does not do what we ask for: path, what was being done, the system's words, the way out.

use super::lock::LockInfo;
use crate::state::{JournalDamage, StateError};
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why state, journal or lock cannot be used. `Display` holds everything the user needs.
#[derive(Debug)]
pub enum StoreError {
    /// Somebody else holds the lock (exit code 5).
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it; `None` where the lock file does not tell.
        holder: Option<Box<LockInfo>>,
    },
    /// A lock cannot be taken away.
    Unlock {
        /// The lock file.
        path: PathBuf,
        /// After a colon.
        why: String,
    },
    /// The operating system refuses. What was on disk is as it was before.
    Io {
        /// "write the state": after "Cannot".
        doing: &'static str,
        /// Which file or directory.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The state file is not understood, and was left alone.
    State {
        /// The state file.
        path: PathBuf,
        /// Why.
        error: StateError,
    },
    /// The journal is not understood, and was left alone.
    Journal {
        /// The journal.
        path: PathBuf,
        /// Why.
        error: JournalDamage,
    },
    /// The state is of another lineage than the one on disk, and was not written.
    Lineage {
        /// The state file.
        path: PathBuf,
        /// The lineage on disk.
        found: String,
        /// The lineage of the state that was to be written.
        given: String,
    },
    /// Somebody else has written the file since it was read; it was left alone.
    Changed {
        /// The state file, or the journal.
        path: PathBuf,
        /// Serial and lineage as they were read.
        was: Option<(u64, String)>,
        /// Serial and lineage as they are, where the file is understood.
        found: Option<(u64, String)>,
    },
    /// What was to be written would not be read back as the same, and was not written: a fault of podform.
    Unreadable {
        /// The file that was to be written.
        path: PathBuf,
        /// What came back.
        what: String,
    },
    /// Other runs replaced the state faster than it could be read.
    Busy {
        /// The state file.
        path: PathBuf,
    },
}

impl StoreError {
    /// For `map_err`: an error of the system, with what was being done and where.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
        let path = path.to_owned();
        move |error| Self::Io { doing, path, error }
    }
}

fn io_way_out(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "The disk is full: free some space, then run this again.",
        ErrorKind::ReadOnlyFilesystem => "The file system is read-only: make it writable, then run this again.",
        ErrorKind::PermissionDenied => {
            "Run this as the user who owns the files, or give this user the right to read and write them."
        }
        ErrorKind::Unsupported => {
            "This file system cannot lock files: keep the fleet on one that can, or pass -lock=false and see to it that \
             nobody else runs podform here."
        }
        ErrorKind::NotADirectory | ErrorKind::IsADirectory | ErrorKind::AlreadyExists => {
            "Something else stands in its place: move that away, then run this again."
        }
        _ => "Look after the disk, then run this again.",
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { path, holder } => {
                f.write_str("Error acquiring the state lock: another run of podform holds it.\n\n")?;
                match holder {
                    Some(holder) => write!(f, "{}", holder.at(path))?,
                    None => writeln!(f, "Lock Info:\n  Path:      {}", path.display())?,
                }
                f.write_str(
                    "\nThe lock keeps two runs from writing the state at once. Wait until the other run has ended, or \
                     pass -lock-timeout=5m to wait for it here. The lock of a run that died on this host is free by itself.",
                )?;
                match holder {
                    Some(holder) => {
                        write!(f, " If the run died on another host, take it away: podform force-unlock {}", holder.id)
                    }
                    None => Ok(()),
                }
            }
            Self::Unlock { path, why } => {
                write!(f, "The lock at {} was not taken away: {why}.", path.display())
            }
            Self::Io { doing, path, error } => write!(
                f,
                "Cannot {doing} at {}: {error}. What was on disk is as it was before. {}",
                path.display(),
                io_way_out(error.kind())
            ),
            Self::State { path, error } => write!(f, "{}: {error} The file was left as it is.", path.display()),
            Self::Journal { path, error } => write!(f, "{}: {error} The file was left as it is.", path.display()),
            Self::Lineage { path, found, given } => write!(
                f,
                "The state at {} has lineage {found}; the one to be written has lineage {given}. They belong to \
                 different fleets, so the file was left as it is. Move it away if it is not needed any more.",
                path.display()
            ),
            Self::Changed { path, was, found } => {
                let named = |state: &Option<(u64, String)>| match state {
                    Some((serial, lineage)) => format!("serial {serial}, lineage {lineage}"),
                    None => "nothing that is understood".to_owned(),
                };
                write!(f, "Somebody else has changed {} while this run held the lock. ", path.display())?;
                if was != found {
                    write!(f, "It held {}, and holds {} now. ", named(was), named(found))?;
                }
                f.write_str(
                    "It was left as it is, and everything that this run did stands in the journal beside it. Undo that \
                     change, or bring both together: podform state verify says what does not fit, podform state repair \
                     mends it.",
                )
            }
            Self::Unreadable { path, what } => write!(
                f,
                "What was to be written to {} would not be read back as the same ({what}), so the file was left as it \
                 is. This is a fault of podform: please report it.",
                path.display()
            ),
            Self::Busy { path } => write!(
                f,
                "The state at {} was replaced again and again while it was read. Run this again when the other runs \
                 have ended.",
                path.display()
            ),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::State { error, .. } => Some(error),
            Self::Journal { error, .. } => Some(error),
            _ => None,
        }
    }
}
