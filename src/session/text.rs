//! Reading a file that a person names, or that lies in a directory of the configuration: in bounded time and memory.

use crate::diag::{Diagnostic, Diagnostics};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// The most bytes of a file that are read: ten thousand blocks take a few million. A wrong path must not take all memory.
const MOST: u64 = 64 << 20;
/// The most bytes of a file that podform wrote: a plan has some 7,000 for each of at most 100,000 machines.
const MOST_WRITTEN: u64 = 1 << 30;

/// Where a shell hands over what is open already, as in `-var-file=<(command)`: opening it waits for nobody.
const OPEN: [&str; 3] = ["/dev/fd/", "/dev/stdin", "/proc/self/fd/"];

/// The bytes of a regular file, or why there are none. Opening a pipe may wait for ever, and a device has no end.
pub fn file(path: &Path) -> Result<Vec<u8>, String> {
    regular(path, MOST)
}

/// As [`file()`], of one that podform wrote: a fleet that can be planned can be read again.
pub fn written(path: &Path) -> Result<Vec<u8>, String> {
    regular(path, MOST_WRITTEN)
}

fn regular(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let meta = std::fs::metadata(path).map_err(|error| error.to_string())?;
    match meta.is_file() {
        // Nothing of it is read; one that grows meanwhile is cut short below.
        true if meta.len() > most => Err(too_long(most)),
        true => read(path, most),
        false if meta.is_dir() => Err("it is a directory".to_owned()),
        false => Err("it is no regular file".to_owned()),
    }
}

/// As [`file()`]; also what a shell hands over as a pipe.
pub fn file_or_pipe(path: &Path) -> Result<Vec<u8>, String> {
    match path.to_str().is_some_and(|path| OPEN.iter().any(|open| path.starts_with(open))) && is_pipe(path) {
        true => read(path, MOST),
        false => file(path),
    }
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    at_most(std::fs::File::open(path).map_err(|error| error.to_string())?, most)
}

/// All that there is to be read, or why not.
pub fn up_to_limit(from: impl Read) -> Result<Vec<u8>, String> {
    at_most(from, MOST)
}

fn at_most(from: impl Read, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    match u64::try_from(bytes.len()) {
        Ok(read) if read <= most => Ok(bytes),
        _ => Err(too_long(most)),
    }
}

fn too_long(most: u64) -> String {
    format!("it has more than {} MB", most >> 20)
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

/// The text of a file as [`file()`] or [`file_or_pipe`] reads it, or a diagnostic that names the place of the first byte that is
/// no UTF-8.
pub fn text(path: &Path, read: fn(&Path) -> Result<Vec<u8>, String>, diags: &mut Diagnostics) -> Option<Arc<str>> {
    let shown = shown(path);
    let mut refuse = |detail: String| {
        diags.push(Diagnostic::error("Unreadable file", detail));
        None
    };
    match read(path).map(String::from_utf8) {
        Ok(Ok(text)) => Some(text.into()),
        Err(why) => refuse(format!("{shown} cannot be read: {why}.")),
        Ok(Err(error)) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            let start = good.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let column = String::from_utf8_lossy(&good[start..]).chars().count() + 1;
            let path = path.display();
            refuse(format!("{path}:{line}:{column}: the file is not valid UTF-8 from here on. Save it as UTF-8."))
        }
    }
}

/// The names in a directory that are `wanted`, in their order. One that is no text is told: it could not be named.
///
/// # Errors
/// The directory cannot be read.
pub fn names(directory: &Path, wanted: impl Fn(&str) -> bool, diags: &mut Diagnostics) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        match entry?.file_name().into_string() {
            Ok(name) if wanted(&name) => names.push(name),
            Err(name) if wanted(&name.to_string_lossy()) => {
                let detail = format!("The name of {} is not valid UTF-8. Rename it.", shown(Path::new(&name)));
                diags.push(Diagnostic::error("Unreadable file", detail));
            }
            Ok(_) | Err(_) => {}
        }
    }
    names.sort();
    Ok(names)
}

/// A path in quotes, so that what is no text in it can be read too.
pub fn shown(path: &Path) -> String {
    format!("{:?}", path.as_os_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_podform_wrote_may_be_larger_than_what_others_did() {
        let large = tempfile::NamedTempFile::new().expect("a file");
        large.as_file().set_len(MOST + 1).expect("it has room");
        assert_eq!(file(large.path()), Err("it has more than 64 MB".to_owned()));
        assert_eq!(written(large.path()).map(|bytes| bytes.len() as u64), Ok(MOST + 1));
    }
}
