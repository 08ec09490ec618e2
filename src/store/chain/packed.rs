//! The entries of an object, packed: those of one group repeat each other nearly whole, and an apply of a thousand machines
//! writes megabytes of them.

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::io::{Read as _, Write as _};

/// Shorter ones stay as they are: nothing is won, and whoever looks at the object can read them.
const FROM: usize = 1024;
/// The most that is made of one object: an apply of ten thousand machines has a tenth of that in all.
const LONGEST: u64 = 1 << 30;

/// They, where that makes them shorter.
pub(super) fn packed(lines: &str) -> Option<Vec<u8>> {
    if lines.len() < FROM {
        return None;
    }
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    // Into memory: nothing can fail.
    packer.write_all(lines.as_bytes()).ok()?;
    packer.finish().ok().filter(|packed| packed.len() < lines.len())
}

/// The lines again, and why they end too early where they do.
pub(super) fn unpacked(bytes: &[u8]) -> (Vec<u8>, Option<String>) {
    let mut lines = Vec::new();
    let read = ZlibDecoder::new(bytes).take(LONGEST).read_to_end(&mut lines);
    (lines, read.err().map(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_what_was_cut_comes_as_far_as_it_goes() {
        assert_eq!(packed("one\ntwo\n"), None);
        let lines: String = (0..200).map(|number| format!("{{\"seq\":{number},\"event\":\"intent\"}}\n")).collect();
        let short = packed(&lines).expect("it is shorter");
        assert!(short.len() * 5 < lines.len(), "{} of {}", short.len(), lines.len());
        assert_eq!(unpacked(&short), (lines.clone().into_bytes(), None));
        let (begin, why) = unpacked(&short[..short.len() / 2]);
        assert!(lines.as_bytes().starts_with(&begin) && !begin.is_empty() && why.is_some(), "{why:?}");
        let mut wrong = short.clone();
        *wrong.last_mut().expect("a sum") ^= 1;
        assert!(unpacked(&wrong).1.is_some());
    }
}
