//! Files that only their owner may read, replaced as a whole.

use crate::store::StoreError;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What temporary files end with; they start with a dot and the name of the file they will be.
const TEMPORARY: &str = ".tmp";

/// Replaces a file, or makes it, with mode 0600: a reader, or a crash at any moment, sees the old bytes or the new ones,
/// never a mixture (temporary file, fsync, rename, fsync of the directory).
///
/// # Errors
/// The system's; the old file is as it was before.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    replace(path, bytes).map_err(StoreError::io("write a file", path))
}

/// [`write_private`], for callers that say what they were doing.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = directory_of(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut file = tempfile::Builder::new().prefix(&format!(".{name}.")).suffix(TEMPORARY).tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_directory(directory)
}

/// The bytes of a file; `None` where there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a file for appending; makes it, with mode 0600, where there is none.
pub(super) fn open_append(path: &Path) -> io::Result<File> {
    let made = !path.try_exists()?;
    let file = options().append(true).create(true).open(path)?;
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

/// Removes what killed runs left of replacements. Only the holder of the lock may.
pub(super) fn sweep(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(".podform.") && name.ends_with(TEMPORARY) {
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
