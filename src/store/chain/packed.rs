//! Objects of the chain, packed (Zstandard): entries repeat each other nearly whole, and an apply of ten thousand machines writes tens
//! of megabytes of them. A group of a few entries repeats little by itself. So all are packed behind a dictionary: what entries have
//! in common, and how often which bytes and lengths occur in them, which a short text would else have to say first.

use std::io::{Error, Read as _, Result};
use std::sync::LazyLock;
use zstd::bulk::Compressor;
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::stream::read::Decoder;
use zstd::zstd_safe::CParameter;

/// Trained (`zstd --train-cover --maxdict=8192 --dictID=47001`) on groups from the journals of the examples and of fleets like those
/// of the benches. It never changes: what was packed behind it is read behind it. Another one would have another id, which stands in
/// all that is packed behind it; those from 32,768 on are free to use.
const KNOWN: &[u8] = include_bytes!("packed.dict");

/// The highest makes groups 2 % smaller, and costs more.
const LEVEL: i32 = 9;

static PACKS: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(KNOWN, LEVEL));
static UNPACKS: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(KNOWN));

/// What a packed text begins with, whatever packed it.
const MAGIC: [u8; 4] = zstd::zstd_safe::MAGICNUMBER.to_le_bytes();

/// The most that is made of what is packed: an apply of ten thousand machines has a tenth of that in all.
const LONGEST: u64 = 1 << 30;

/// Whether something is a packed text.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// A text, packed.
pub(super) fn packed(text: &str) -> Vec<u8> {
    let pack = || {
        let mut packing = Compressor::with_prepared_dictionary(&PACKS)?;
        packing.set_parameter(CParameter::ChecksumFlag(true))?;
        packing.set_parameter(CParameter::ContentSizeFlag(false))?;
        packing.compress(text.as_bytes())
    };
    pack().expect("memory takes what is written")
}

/// The text again, as far as it goes, and why it ends too early where it does.
pub(super) fn unpacked(bytes: &[u8]) -> (Vec<u8>, Option<Error>) {
    let mut text = Vec::new();
    let mut unpack = || -> Result<usize> {
        Decoder::with_prepared_dictionary(bytes, &UNPACKS)?.single_frame().take(LONGEST).read_to_end(&mut text)
    };
    let why = unpack().err();
    (text, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_what_is_damaged_does_not() {
        let lines: String = (0..200).map(|number| format!("{{\"seq\":{number},\"event\":\"intent\"}}\n")).collect();
        for lines in ["", "é\n", &lines] {
            let short = packed(lines);
            let (text, why) = unpacked(&short);
            assert!(is_packed(&short) && text == lines.as_bytes() && why.is_none(), "{why:?}");
        }
        let short = packed(&lines);
        assert!(short.len() * 5 < lines.len(), "{} of {}", short.len(), lines.len());
        assert!(unpacked(&short[..short.len() - 1]).1.is_some());
        for at in 0..short.len() {
            let mut wrong = short.clone();
            wrong[at] ^= 1;
            // How large a window the reader needs is no part of the text.
            let (text, why) = unpacked(&wrong);
            assert!(!is_packed(&wrong) || why.is_some() || text == lines.as_bytes(), "byte {at}");
        }
        assert!(unpacked(b"").1.is_some() && unpacked(b"no packed text").1.is_some());
    }

    /// What the dictionary is for: a group of two entries, as an apply writes hundreds of them.
    #[test]
    fn a_short_group_becomes_an_eighth() {
        let group = include_str!("group.jsonl");
        let short = packed(group);
        assert!(short.len() * 8 < group.len(), "{} of {}", short.len(), group.len());
        let zstd = zstd::bulk::compress(group.as_bytes(), LEVEL).expect("memory");
        assert!(short.len() * 2 < zstd.len(), "{} of {}", short.len(), zstd.len());
    }
}
