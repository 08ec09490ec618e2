//! Files that only their owner may read, replaced as a whole.

use crate::store::StoreError;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What temporary files end with; they start with a dot and the name of the file they will be.
const TEMPORARY: &str = ".tmp";

/// Replaces a file, or makes it, with mode 0600: a reader, or a crash at any moment, sees the old bytes or the new ones,
/// never a mixture (temporary file, fsync, rename, fsync of the directory). A link stays, and what it leads to is replaced.
///
/// # Errors
/// The system's; the old file is as it was before.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    replace(path, bytes).map_err(StoreError::io("write a file", path))
}

/// [`write_private`], for callers that say what they were doing.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let path = &target(path)?;
    let directory = directory_of(path);
    let mut file = tempfile::Builder::new().prefix(&format!(".{name}.")).suffix(TEMPORARY).tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_directory(directory)
}

/// Refuses what is no file: a FIFO would be waited for without end, and a device has none.
pub(super) fn regular(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() => {
            Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is no regular file, but a directory, FIFO or device"))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The bytes of a file; `None` where there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    regular(path)?;
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where a link leads, though nothing may stand there yet; any other path is its own.
pub(super) fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match std::fs::read_link(&path) {
            Ok(next) => path = directory_of(&path).join(next),
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                return Ok(path);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many links, each leading to another one"))
}

/// Which file it is, whatever it is called.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

impl FileId {
    #[cfg(unix)]
    pub fn of(meta: &Metadata) -> FileId {
        use std::os::unix::fs::MetadataExt;
        FileId(meta.dev(), meta.ino())
    }

    /// Elsewhere a file that is open is not removed.
    #[cfg(not(unix))]
    pub fn of(_: &Metadata) -> FileId {
        FileId(0, 0)
    }
}

/// Which content of a file it is, without reading it: whoever replaces a file makes another one, and whoever writes into it
/// moves its time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp(FileId, u64, Option<SystemTime>);

impl Stamp {
    /// That of what stands there; `None` where there is none.
    pub fn of(path: &Path) -> io::Result<Option<Stamp>> {
        match std::fs::metadata(path) {
            Ok(meta) => Ok(Some(Stamp(FileId::of(&meta), meta.len(), meta.modified().ok()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Nobody but its owner may read it from now on, whoever made it.
pub(super) fn restrict(file: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The owner alone may; another one's file stays as it is.
        let _ = file.metadata().map(|meta| match meta.permissions().mode() & 0o077 {
            0 => Ok(()),
            _ => file.set_permissions(std::fs::Permissions::from_mode(0o600)),
        });
    }
    #[cfg(not(unix))]
    let _ = file;
}

/// Opens a file for appending; makes it, with mode 0600, where there is none.
pub(super) fn open_append(path: &Path) -> io::Result<File> {
    regular(path)?;
    let made = !path.try_exists()?;
    let file = options().append(true).create(true).open(path)?;
    restrict(&file);
    if made {
        sync_directory(directory_of(path))?;
    }
    Ok(file)
}

/// Makes a directory where there is none, durably.
pub(super) fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(directory)?;
    sync_directory(directory_of(directory))
}

/// Options whose new files have mode 0600.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Removes what killed runs left of replacements of a file. Only the holder of the lock may.
pub(super) fn sweep(path: &Path) {
    let Ok(entries) = target(path).and_then(|target| std::fs::read_dir(directory_of(&target))) else { return };
    let before = format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy());
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let chance = name.strip_prefix(&before).and_then(|rest| rest.strip_suffix(TEMPORARY));
        // With a point in it, it is of a file whose name goes on.
        if chance.is_some_and(|chance| !chance.contains('.')) {
            // A leftover harms nobody.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere directories cannot be synced; the rename is as durable as the system makes it.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
