//! Where a person sees one letter end and the next begin: grapheme clusters, by Unicode 15.0 as in Terraform.
//!
//! The tables at hand are newer. What Unicode changed since stands in for its former self: a character that behaves now
//! as the other one did then.

use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_segmentation::UnicodeSegmentation;

/// Behaves like no other: starts a cluster of its own, and takes marks.
const PLAIN: char = 'a';
/// Joins with the next pictograph behind a joiner.
const PICTOGRAPH: char = '\u{1f600}';
/// Joins what follows.
const PREPENDED: char = '\u{600}';
/// Joins nothing.
const CONTROL: char = '\u{1}';

/// The clusters of a text, in order.
pub fn clusters(text: &str) -> Vec<&str> {
    if text.is_ascii() {
        return text.graphemes(true).collect();
    }
    let stand_ins: String = text.chars().map(stand_in).collect();
    let mut rest = text;
    let cluster = |letters: usize| {
        let end = rest.char_indices().nth(letters).map_or(rest.len(), |(at, _)| at);
        let (cluster, after) = rest.split_at(end);
        rest = after;
        cluster
    };
    stand_ins.graphemes(true).map(|cluster| cluster.chars().count()).map(cluster).collect()
}

/// How many there are.
pub fn count(text: &str) -> usize {
    match text.is_ascii() {
        true => text.len() - text.matches("\r\n").count(),
        false => text.chars().map(stand_in).collect::<String>().graphemes(true).count(),
    }
}

fn stand_in(letter: char) -> char {
    match letter {
        ..'\u{897}' => letter,
        // Pictographs until Unicode 17.
        '\u{2388}'
        | '\u{2600}'..='\u{2605}'
        | '\u{2607}'..='\u{2612}'
        | '\u{2614}'..='\u{2685}'
        | '\u{2690}'..='\u{2705}'
        | '\u{2708}'..='\u{2712}'
        | '\u{2763}'..='\u{2767}'
        | '\u{1f000}'..='\u{1f0ff}'
        | '\u{1f10d}'..='\u{1f10f}'
        | '\u{1f12f}'
        | '\u{1f16c}'..='\u{1f171}'
        | '\u{1f1ad}'..='\u{1f1e5}'
        | '\u{1f201}'..='\u{1f20f}'
        | '\u{1f23c}'..='\u{1f23f}'
        | '\u{1f249}'..='\u{1f3fa}'
        | '\u{1f400}'..='\u{1f53d}'
        | '\u{1f546}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f774}'..='\u{1f77f}'
        | '\u{1f7d5}'..='\u{1f7ff}'
        | '\u{1f80c}'..='\u{1f80f}'
        | '\u{1f848}'..='\u{1f84f}'
        | '\u{1f85a}'..='\u{1f85f}'
        | '\u{1f888}'..='\u{1f88f}'
        | '\u{1f8ae}'..='\u{1f8ff}'
        | '\u{1f90c}'..='\u{1f93a}'
        | '\u{1f93c}'..='\u{1f945}'
        | '\u{1f947}'..='\u{1faff}'
        | '\u{1fc00}'..='\u{1fffd}' => PICTOGRAPH,
        '\u{11a3a}' => PREPENDED,
        // Terraform takes it for a text that is broken there.
        '\u{fffd}' => CONTROL,
        // Marks that came with Unicode 15.1 to 17.
        '\u{897}'
        | '\u{1acf}'..='\u{1add}'
        | '\u{1ae0}'..='\u{1aeb}'
        | '\u{10d69}'..='\u{10d6d}'
        | '\u{10efa}'..='\u{10efc}'
        | '\u{113b8}'..='\u{113e2}'
        | '\u{11b60}'..='\u{11b67}'
        | '\u{11f5a}'
        | '\u{1611e}'..='\u{1612f}'
        | '\u{1e5ee}'..='\u{1e5ef}'
        | '\u{1e6e3}'..='\u{1e6f5}' => PLAIN,
        // Letters that join: Hangul, what is prepended, the vowel AM of Thai and Lao.
        '\u{1100}'..='\u{11ff}'
        | '\u{a960}'..='\u{a97c}'
        | '\u{ac00}'..='\u{d7fb}'
        | '\u{d4e}'
        | '\u{111c2}'..='\u{111c3}'
        | '\u{1193f}'
        | '\u{11941}'
        | '\u{11a84}'..='\u{11a89}'
        | '\u{11d46}'
        | '\u{11f02}'
        | '\u{e33}'
        | '\u{eb3}' => letter,
        // Since Unicode 15.1 a consonant joins the one before it behind a virama.
        _ if get_general_category(letter) == GeneralCategory::OtherLetter => PLAIN,
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_those_of_unicode_15() {
        for (text, expected) in [
            ("e\u{301}\r\nb", vec!["e\u{301}", "\r\n", "b"]),
            ("क्षि", vec!["क्", "षि"]),
            ("\u{2605}\u{200d}\u{1f600}x", vec!["\u{2605}\u{200d}\u{1f600}", "x"]),
            ("a\u{897}", vec!["a", "\u{897}"]),
            ("\u{11a3a}a", vec!["\u{11a3a}a"]),
            ("각\u{1f1e9}\u{1f1ea}\u{1f1eb}", vec!["각", "\u{1f1e9}\u{1f1ea}", "\u{1f1eb}"]),
            ("", vec![]),
        ] {
            assert_eq!(clusters(text), expected, "{text:?}");
            assert_eq!(count(text), expected.len(), "{text:?}");
        }
    }
}
