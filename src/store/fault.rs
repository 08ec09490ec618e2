//! Why a store does not do what we ask for: the place, what was being done, the system's words, the way out.

use super::holder::LockInfo;
use super::place::{Part, Place};
use crate::state::{JournalDamage, StateError};
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Why state, journal or lock cannot be used. `Display` holds everything the user needs.
#[derive(Debug)]
pub enum StoreError {
    /// Somebody else holds the lock (exit code 5).
    Locked {
        /// The lock file.
        place: Place,
        /// Who holds it; `None` where the lock file does not tell.
        holder: Option<Box<LockInfo>>,
        /// It stays when the run that holds it dies.
        outlives: bool,
    },
    /// A lock cannot be taken away.
    Unlock {
        /// The lock file.
        place: Place,
        /// After a colon.
        why: String,
    },
    /// The operating system refuses. What was on disk is as it was before.
    Io {
        /// "write the state": after "Cannot".
        doing: &'static str,
        /// Which file or directory.
        place: Place,
        /// The system's words.
        error: io::Error,
    },
    /// The state file is not understood, and was left alone.
    State {
        /// The state file.
        place: Place,
        /// Why.
        error: StateError,
    },
    /// The journal is not understood, and was left alone.
    Journal {
        /// The journal.
        place: Place,
        /// Why.
        error: JournalDamage,
    },
    /// The state is of another lineage than the one on disk, and was not written.
    Lineage {
        /// The state file.
        place: Place,
        /// The lineage on disk.
        found: String,
        /// The lineage of the state that was to be written.
        given: String,
    },
    /// Somebody else has written the file since it was read; it was left alone.
    Changed {
        /// The state file, or the journal.
        place: Place,
        /// Serial and lineage as they were read.
        was: Option<(u64, String)>,
        /// Serial and lineage as they are, where the file is understood.
        found: Option<(u64, String)>,
    },
    /// Lock or journal are not this run's any more; nothing can be written (exit code 5).
    Fenced {
        /// Which of the two.
        part: Part,
        /// Where it is, or was.
        place: Place,
        /// Where this run keeps what it did; `None` where the state there knows all of it.
        kept: Option<Result<Place, Box<StoreError>>>,
    },
    /// What was to be written would not be read back as the same, and was not written: a fault of podform.
    Unreadable {
        /// The file that was to be written.
        place: Place,
        /// What came back.
        what: String,
    },
    /// What stands there cannot be decrypted, or what was to be written cannot be encrypted. It was left alone.
    Sealed {
        /// Where.
        place: Place,
        /// Whole sentences.
        why: String,
    },
    /// The place does not do what a state needs of it.
    Unfit {
        /// The backend, or a part of it.
        place: Place,
        /// After a colon: whole sentences, with the way out.
        why: String,
    },
    /// A place beyond a network does not do what was asked for. Nothing was changed, unless `why` says that nobody knows.
    Remote {
        /// "write the state": after "Cannot".
        doing: &'static str,
        /// What of it.
        place: Place,
        /// The call, its status, and what the server says.
        why: String,
        /// What to do about it, where more is known than the words.
        hint: Option<&'static str>,
    },
    /// Other runs replaced the state faster than it could be read.
    Busy {
        /// The state file.
        place: Place,
    },
}

impl StoreError {
    /// For `map_err`: an error of the system, with what was being done and where.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
        let place = path.into();
        move |error| Self::Io { doing, place, error }
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

impl StoreError {
    /// What to do about it, where the error itself does not say it.
    pub fn hint(&self) -> Option<String> {
        if let Self::Remote { hint, .. } = self {
            return hint.map(str::to_owned);
        }
        if let Self::Sealed { .. } = self {
            return Some("A key that was used before is said by a fallback block, and so is the method \"unencrypted\" for a state in clear: docs/state.md tells how.".to_owned());
        }
        let Self::Locked { holder, outlives, .. } = self else { return None };
        let wait = "Wait until the other run has ended, or pass -lock-timeout=5m to wait for it here.";
        let (free, died) = match outlives {
            true => ("", "If the run died"),
            false => {
                (" The lock of a run that died on this host is free by itself.", "If the run died on another host")
            }
        };
        Some(match holder {
            Some(holder) => format!("{wait}{free} {died}, take it away: podform force-unlock {}", holder.id),
            None => format!("{wait}{free}"),
        })
    }
}

impl StoreError {
    /// For a backend that keeps no state beside that of the default workspace.
    pub fn one_state(place: Place) -> StoreError {
        let why = "workspaces are not supported here: this backend keeps one state. Select the workspace default (podform workspace select default, or PODFORM_WORKSPACE), or choose another backend.";
        Self::Unfit { place, why: why.to_owned() }
    }

    /// This user may write nothing there.
    pub fn is_read_only(&self) -> bool {
        let denied = [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem];
        matches!(self, Self::Io { error, .. } if denied.contains(&error.kind()))
    }

    /// What was taken away from a run while it held it.
    pub fn taken_away(&self) -> Option<&'static str> {
        match self {
            Self::Fenced { part: Part::Lock, .. } => Some("The lock was taken away"),
            Self::Fenced { part: Part::Journal | Part::State, .. } => Some("The journal was taken away"),
            _ => None,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { place, holder, .. } => {
                f.write_str("Error acquiring the state lock: another run of podform holds it.\n\n")?;
                match holder {
                    Some(holder) => write!(f, "{}", holder.at(place))?,
                    None => writeln!(f, "Lock Info:\n  Path:      {place}")?,
                }
                f.write_str("\nThe lock keeps two runs from writing the state at once.")
            }
            Self::Unlock { place, why } => {
                write!(f, "The lock at {} was not taken away: {why}.", place)
            }
            Self::Io { doing, place, error } => write!(
                f,
                "Cannot {doing} at {}: {error}. What was on disk is as it was before. {}",
                place,
                io_way_out(error.kind())
            ),
            Self::State { place, error } => write!(f, "{}: {error} The file was left as it is.", place),
            Self::Journal { place, error } => write!(f, "{}: {error} The file was left as it is.", place),
            Self::Lineage { place, found, given } => write!(
                f,
                "The state at {} has lineage {found}; the one to be written has lineage {given}. They belong to \
                 different fleets, so the file was left as it is. Move it away if it is not needed any more.",
                place
            ),
            Self::Changed { place, was, found } => {
                let named = |state: &Option<(u64, String)>| match state {
                    Some((serial, lineage)) => format!("serial {serial}, lineage {lineage}"),
                    None => "nothing that is understood".to_owned(),
                };
                write!(f, "Somebody else has changed {} while this run held the lock. ", place)?;
                if was != found {
                    write!(f, "It held {}, and holds {} now. ", named(was), named(found))?;
                }
                f.write_str(
                    "It was left as it is, and everything that this run did stands in the journal beside it. Undo that \
                     change, or bring both together: podform state verify says what does not fit, podform state repair \
                     mends it.",
                )
            }
            Self::Fenced { part, place, kept } => {
                match part {
                    Part::Lock => {
                        write!(f, "{place} is not this run's any more: another run has taken the lock over, or")?
                    }
                    Part::Journal | Part::State => {
                        write!(f, "{place} is not what this run wrote last: another run, or")?
                    }
                }
                f.write_str(" somebody has removed or replaced the file. This run stopped before its next call. ")?;
                match kept {
                    None => f.write_str("The state that stands there knows everything that it made. Run it again."),
                    Some(Ok(kept)) => write!(
                        f,
                        "What it did, and what it had under way, stands in {kept}: the next run takes it up, as podform \
                         recover and podform state repair do."
                    ),
                    Some(Err(error)) => write!(
                        f,
                        "What it did could not be kept: {error} What it made carries its mark: podform orphans, or \
                         podform recover, finds it."
                    ),
                }
            }
            Self::Unreadable { place, what } => write!(
                f,
                "What was to be written to {} would not be read back as the same ({what}), so the file was left as it \
                 is. This is a fault of podform: please report it.",
                place
            ),
            Self::Sealed { place, why } => write!(f, "{place}: {why} The file was left as it is."),
            Self::Unfit { place, why } => write!(f, "{place}: {why}"),
            Self::Remote { doing, place, why, .. } => write!(f, "Cannot {doing} at {place}. {why}."),
            Self::Busy { place } => write!(
                f,
                "The state at {} was replaced again and again while it was read. Run this again when the other runs \
                 have ended.",
                place
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
