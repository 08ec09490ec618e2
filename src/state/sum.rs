//! The checksums in the journal's lines and in the state file: what was written is what is read.

use crate::lang::hex;
use sha2::{Digest, Sha256};

/// Hexadecimal digits of a checksum: 64 bits of SHA-256. It is against accidents, not against forgers, and stands in
/// every line of the journal.
pub(super) const DIGITS: usize = 16;

/// What stands before the checksum of a state: it is the last key of `podform`, which is the last key.
const BEFORE: &str = ",\n    \"sum\": \"";

/// What stands behind it.
const AFTER: &str = "\"\n  }\n}\n";

/// The checksum of bytes.
pub(super) fn sum(body: &[u8]) -> String {
    hex(&Sha256::digest(body)).chars().take(DIGITS).collect()
}

/// Puts the checksum into the text of a state. It covers everything before it; what stands behind it is always the same.
pub(super) fn seal(mut text: String) -> String {
    text.truncate(text.strip_suffix("\n  }\n}").map_or(text.len(), str::len));
    closed(text)
}

/// What stands before the checksum, with that and what stands behind.
pub(super) fn closed(mut text: String) -> String {
    let sum = sum(text.as_bytes());
    [BEFORE, &sum, AFTER].into_iter().for_each(|part| text.push_str(part));
    text
}

/// The checksum that stands in the text of a state, whether it matches or not; `None` where the format has none.
pub fn sum_in(bytes: &[u8]) -> Option<&str> {
    let rest = bytes.strip_suffix(AFTER.as_bytes())?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
    rest.strip_suffix(BEFORE.as_bytes())?;
    std::str::from_utf8(digits).ok()
}

/// What stands before the checksum, where these are the bytes that [`seal`] made.
pub(super) fn body(bytes: &[u8]) -> Option<&[u8]> {
    let body = bytes.len().checked_sub(BEFORE.len() + DIGITS + AFTER.len()).and_then(|end| bytes.get(..end));
    body.zip(sum_in(bytes)).filter(|(body, digits)| sum(body) == *digits).map(|(body, _)| body)
}
