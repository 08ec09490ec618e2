//! The text of a file of the configuration.

use crate::diag::{Diagnostic, Diagnostics};
use std::io::Read;
use std::sync::Arc;

/// The largest configuration file that is read, in bytes: ten thousand blocks take a few million. A wrong path must not
/// take all memory.
const MOST: u64 = 256 << 20;

/// The text of a file, or a diagnostic that names the place of the first byte that is no UTF-8.
pub fn text(path: &str, diags: &mut Diagnostics) -> Option<Arc<str>> {
    let mut refuse = |detail: String| {
        diags.push(Diagnostic::error("Unreadable file", detail));
        None
    };
    let size = match std::fs::metadata(path) {
        Ok(meta) if meta.len() > MOST => {
            return refuse(format!("\"{path}\" has {} bytes; the limit is {MOST}.", meta.len()));
        }
        Ok(meta) => usize::try_from(meta.len()).unwrap_or(0),
        Err(error) => return refuse(format!("\"{path}\" cannot be read: {error}.")),
    };
    // A pipe has no size, and perhaps no end.
    let mut bytes = Vec::with_capacity(size.saturating_add(1));
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
    match read.map(u64::try_from) {
        Ok(Ok(read)) if read <= MOST => {}
        Ok(_) => return refuse(format!("\"{path}\" has more than {MOST} bytes.")),
        Err(error) => return refuse(format!("\"{path}\" cannot be read: {error}.")),
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(text.into()),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            let start = good.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let column = String::from_utf8_lossy(&good[start..]).chars().count() + 1;
            refuse(format!("{path}:{line}:{column}: the file is not valid UTF-8 from here on. Save it as UTF-8."))
        }
    }
}
