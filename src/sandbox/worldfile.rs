//! The world on disk: a snapshot people can read, a log of changes since, and a lock.
//!
//! `world.json` is replaced atomically; `world.json.log` gets one line per change before the change is answered;
//! `world.json.lock` is locked while a sandbox has the world open, and `world.json.at` says where it serves. Opening and
//! closing fold the log into the snapshot.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::book::{Book, Change, VERSION};

/// A log shorter than this, in bytes, is not worth folding: reading it takes less than writing a world anew so often.
const FOLD_BYTES: u64 = 4 << 20;

/// What the file is called that says where the world is served.
const PLACE: &str = "at";

/// Why a world could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another sandbox has it open.
    Locked {
        /// The world file.
        path: PathBuf,
        /// Where that one serves it; `None` while it does not.
        at: Option<SocketAddr>,
    },
    /// It is not a world, or of a version this program does not know. It is left as it is.
    Unreadable {
        /// The world file, or its log.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It was made from another seed.
    OtherSeed {
        /// The world file.
        path: PathBuf,
        /// The seed it was made from.
        stored: u64,
    },
    /// The file system refused.
    Io {
        /// The world file.
        path: PathBuf,
        /// What it said.
        why: io::Error,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Locked { path, .. } => {
                write!(f, "The sandbox world {} is in use by another podform process.", path.display())
            }
            OpenError::Unreadable { path, why } => write!(f, "{} is not a sandbox world: {why}.", path.display()),
            OpenError::OtherSeed { path, stored } => {
                write!(f, "The sandbox world {} was made from seed {stored}.", path.display())
            }
            OpenError::Io { path, why } => write!(f, "The sandbox world {} cannot be opened: {why}.", path.display()),
        }
    }
}

impl std::error::Error for OpenError {}

/// The files of an open world.
pub(super) struct WorldFile {
    path: PathBuf,
    /// Where it was served last.
    pub(super) last: Option<SocketAddr>,
    log: File,
    log_bytes: u64,
    snapshot_bytes: u64,
    /// Held for its lock.
    _lock: File,
}

impl WorldFile {
    /// Locks and reads the world at `path`, or makes it from `fresh`.
    pub(super) fn open(path: &Path, fresh: impl FnOnce() -> Book) -> Result<(WorldFile, Book), OpenError> {
        let failed = |why: io::Error| OpenError::Io { path: path.to_owned(), why };
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        let lock = OpenOptions::new().create(true).append(true).open(beside(path, "lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked { path: path.to_owned(), at: served_at(path) });
            }
            Err(TryLockError::Error(why)) => return Err(failed(why)),
        }
        // Until it is served again nobody is sent there.
        let last = served_at(path);
        let _ = fs::remove_file(beside(path, PLACE));
        let log_path = beside(path, "log");
        let book = match fs::read(path) {
            Ok(bytes) => {
                let mut book = read_snapshot(path, &bytes)?;
                replay(&log_path, &mut book)?;
                book
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                // A log without its snapshot belongs to a world that somebody removed.
                match fs::remove_file(&log_path) {
                    Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(failed(why)),
                    _ => fresh(),
                }
            }
            Err(why) => return Err(failed(why)),
        };
        let log = OpenOptions::new().create(true).append(true).open(&log_path).map_err(failed)?;
        let mut file = WorldFile { path: path.to_owned(), last, log, log_bytes: 0, snapshot_bytes: 0, _lock: lock };
        file.fold(&book).map_err(failed)?;
        Ok((file, book))
    }

    /// Says where it is served from now on, for processes that come later.
    pub(super) fn announce(&self, at: SocketAddr) -> io::Result<()> {
        fs::write(beside(&self.path, PLACE), at.to_string())
    }

    /// Adds a change to the log, and folds a log that has become long.
    pub(super) fn append(&mut self, change: &Change, book: &Book) -> io::Result<()> {
        let mut line = serde_json::to_vec(change)?;
        line.push(b'\n');
        self.log.write_all(&line)?;
        self.log_bytes = self.log_bytes.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        if self.log_bytes > FOLD_BYTES.max(self.snapshot_bytes.saturating_mul(2)) { self.fold(book) } else { Ok(()) }
    }

    /// Writes the snapshot and empties the log. A crash between the two is harmless: changes carry serials.
    pub(super) fn fold(&mut self, book: &Book) -> io::Result<()> {
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut text = serde_json::to_vec_pretty(book)?;
        text.push(b'\n');
        let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
        temporary.write_all(&text)?;
        temporary.as_file().sync_all()?;
        temporary.persist(&self.path).map_err(|failure| failure.error)?;
        self.log.set_len(0)?;
        self.log_bytes = 0;
        self.snapshot_bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

fn served_at(path: &Path) -> Option<SocketAddr> {
    let at: SocketAddr = fs::read_to_string(beside(path, PLACE)).ok()?.parse().ok()?;
    // It may lie in somebody else's checkout.
    at.ip().is_loopback().then_some(at)
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn read_snapshot(path: &Path, bytes: &[u8]) -> Result<Book, OpenError> {
    let unreadable = |why: String| OpenError::Unreadable { path: path.to_owned(), why };
    let book: Book = serde_json::from_slice(bytes).map_err(|why| unreadable(why.to_string()))?;
    if book.version == VERSION {
        Ok(book)
    } else {
        Err(unreadable(format!("it has version {}, this program knows {VERSION}", book.version)))
    }
}

/// Applies the log. The last line may be cut short by a crash: its call was never answered.
fn replay(log_path: &Path, book: &mut Book) -> Result<(), OpenError> {
    let text = match fs::read(log_path) {
        Ok(text) => text,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(why) => return Err(OpenError::Io { path: log_path.to_owned(), why }),
    };
    for (number, line) in (1..).zip(text.split_inclusive(|byte| *byte == b'\n')) {
        if line.last() != Some(&b'\n') {
            break;
        }
        let change: Change = serde_json::from_slice(line)
            .map_err(|why| OpenError::Unreadable { path: log_path.to_owned(), why: format!("line {number}: {why}") })?;
        book.apply(change);
    }
    Ok(())
}
