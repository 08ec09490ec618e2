//! What is nearly a configuration file.

use super::random::Random;

/// A text with a few characters changed.
pub(super) fn mutated(text: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(3) {
        let at = random.below(letters.len() + 1);
        let piece = random.pick(&[
            "\n", " ", "{", "}", "(", ")", "[", "]", "\"", "=", ",", "#", "${", "a", "1", "\\", "\t", ".", "\r", "/*",
            "\u{a0}",
        ]);
        match random.below(3) {
            0 if at < letters.len() => {
                letters.remove(at);
            }
            1 => letters.splice(at..at, piece.chars()).for_each(drop),
            _ => {
                let (from, to) = (random.below(letters.len() + 1), at);
                letters.drain(from.min(to)..from.max(to).min(from.min(to) + 5));
            }
        }
    }
    letters.into_iter().collect()
}

/// Words in any order.
pub(super) fn soup(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(12) + 1 {
        let start = random.pick(&["a = ", "b = ", "x {\n", "y \"l\" ", "}\n", "c={", "d = \"", ""]);
        text.push_str(start);
        for _ in 0..random.below(5) {
            let word = random.pick(&[
                "a", "1", "(", ")", "[", "]", "{", "}", "\"", "=", "==", "-", "!", "?", ":", ",", ".", "*", "...",
                "=>", "${", "%{", "<<E\n", "E\n", "for", "in", "if", "\n", "# c\n", "/*", "*/", " ", "\t", "&&", "|",
                "'", ";", "\\", "é", "::", "1.2.3", "1..2",
            ]);
            text.push_str(word);
            if random.one_in(2) {
                text.push(' ');
            }
        }
        if random.one_in(2) {
            text.push('\n');
        }
    }
    text
}
