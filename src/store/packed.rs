//! Journal entries, packed: they repeat each other nearly whole, and an apply of ten thousand machines writes tens of megabytes of
//! them. A group of a few entries repeats little by itself. So all are packed behind a text that whoever packs and whoever
//! unpacks know before, and that says what entries have in common.

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::io::{Read as _, Write as _};
use std::sync::LazyLock;

/// It never changes: what was packed behind it is read behind it. Another one would be another form of objects.
const KNOWN: &str = include_str!("packed.txt");

/// The known text as it begins whatever is unpacked: a chain has thousands of objects.
static BEGUN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut known = ZlibEncoder::new(Vec::new(), Compression::fast());
    let begun = known.write_all(KNOWN.as_bytes()).and_then(|()| known.flush());
    begun.expect("memory takes what is written");
    known.get_ref().clone()
});

/// The most that is made of what is packed: an apply of ten thousand machines has a tenth of that in all.
const LONGEST: u64 = 1 << 30;

/// A text, packed (zlib): what the known text and this one become together, without what the known text alone becomes.
pub(super) fn packed(text: &str, level: Compression) -> Vec<u8> {
    let mut packing = ZlibEncoder::new(Vec::new(), level);
    let mut pack = || {
        packing.write_all(KNOWN.as_bytes())?;
        packing.flush()?;
        let known = packing.get_ref().len();
        packing.write_all(text.as_bytes())?;
        packing.try_finish()?;
        Ok::<usize, std::io::Error>(known)
    };
    let known = pack().expect("memory takes what is written");
    packing.get_ref().get(known..).unwrap_or_default().to_vec()
}

/// The text again, and why it ends too early where it does.
pub(super) fn unpacked(bytes: &[u8]) -> (Vec<u8>, Option<String>) {
    let mut text = Vec::new();
    let read = ZlibDecoder::new(BEGUN.chain(bytes)).take(LONGEST).read_to_end(&mut text);
    text.drain(..KNOWN.len().min(text.len()));
    (text, read.err().map(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_what_was_cut_comes_as_far_as_it_goes() {
        let lines: String = (0..200).map(|number| format!("{{\"seq\":{number},\"event\":\"intent\"}}\n")).collect();
        for level in [Compression::fast(), Compression::default()] {
            for lines in ["", "é\n", &lines] {
                assert_eq!(unpacked(&packed(lines, level)), (lines.as_bytes().to_vec(), None));
            }
        }
        let short = packed(&lines, Compression::default());
        assert!(short.len() * 5 < lines.len(), "{} of {}", short.len(), lines.len());
        let (begin, why) = unpacked(&short[..short.len() / 2]);
        assert!(lines.as_bytes().starts_with(&begin) && !begin.is_empty() && why.is_some(), "{why:?}");
        let mut wrong = short.clone();
        *wrong.last_mut().expect("a sum") ^= 1;
        assert!(unpacked(&wrong).1.is_some());
        assert!(unpacked(b"").1.is_some() && unpacked(b"no packed text").1.is_some());
    }
}
