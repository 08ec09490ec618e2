//! Where the rows of a list end, in the pieces in which it arrives.

use memchr::{memchr2, memchr3};
use std::str::{self, Utf8Error};

/// Where the next byte stands in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Inside {
    /// The bracket that the row begins with. The other ones need not be counted: whether all match is seen when it is read.
    bracket: Option<Bracket>,
    depth: usize,
    text: bool,
    escape: bool,
}

/// A kind of bracket.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bracket {
    opens: u8,
    closes: u8,
}

impl Inside {
    /// How many bytes of the piece belong to the row, and whether it ends with them.
    pub(super) fn pass(&mut self, piece: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while let Some(rest) = piece.get(at..).filter(|rest| !rest.is_empty()) {
            // Most of a row is text, and what stands between two texts.
            at += match (self.text, self.bracket) {
                (true, _) if self.escape => 0,
                (true, _) => memchr2(b'"', b'\\', rest).unwrap_or(rest.len()),
                (false, Some(Bracket { opens, closes })) => memchr3(b'"', opens, closes, rest).unwrap_or(rest.len()),
                (false, None) => 0,
            };
            let Some(byte) = piece.get(at) else { break };
            at += 1;
            match (self.text, self.bracket, byte) {
                (true, ..) if self.escape => self.escape = false,
                (true, _, b'\\') => self.escape = true,
                (true, bracket, b'"') => {
                    self.text = false;
                    if bracket.is_none() {
                        return (at, true);
                    }
                }
                (false, _, b'"') => self.text = true,
                (false, Some(bracket), byte) if *byte == bracket.opens => self.depth += 1,
                (false, Some(bracket), byte) if *byte == bracket.closes => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (at, true);
                    }
                }
                (false, None, b'[') => *self = Inside::of(b'[', b']'),
                (false, None, b'{') => *self = Inside::of(b'{', b'}'),
                // A number or a word ends before what follows.
                (false, None, b']' | b'}' | b',' | b' ' | b'\n' | b'\r' | b'\t') => return (at - 1, true),
                _ => {}
            }
        }
        (piece.len(), false)
    }

    fn of(opens: u8, closes: u8) -> Inside {
        Inside { bracket: Some(Bracket { opens, closes }), depth: 1, ..Inside::default() }
    }
}

/// The text that a piece begins with: what is cut off at its end, or is none, is looked at byte by byte.
pub(super) fn text_of(piece: &[u8]) -> &str {
    let cut = |error: Utf8Error| piece.get(..error.valid_up_to()).and_then(|piece| str::from_utf8(piece).ok());
    str::from_utf8(piece).or_else(|error| cut(error).ok_or(error)).unwrap_or_default()
}

/// The objects that stand whole at the beginning of a text, with nothing but commas between them: most of a list, and read
/// together.
pub(super) fn objects(mut text: &str, longest: usize) -> Vec<&str> {
    let mut found = Vec::new();
    while text.starts_with('{') {
        let (length, true) = Inside::default().pass(text.as_bytes()) else { break };
        let Some((object, rest)) = text.split_at_checked(length).filter(|_| length <= longest) else { break };
        found.push(object);
        match rest.strip_prefix(',') {
            Some(next) => text = next,
            None => break,
        }
    }
    found
}
