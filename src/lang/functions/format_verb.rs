//! One verb of a format string, `%-8.3f`, applied to one value.

use super::encoding::json_text;
use super::format_real::real;
use crate::clusters::{clusters, count};
use crate::lang::convert::convert;
use crate::lang::number::Number;
use crate::lang::types::Type;
use crate::lang::value::{Kind, Value};

/// A verb as written.
pub(super) struct Verb<'a> {
    /// The verb itself, for messages.
    pub text: &'a str,
    /// Byte offset in the format string.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// `d`, `s`, ...
    pub letter: char,
    /// `[n]`: which argument, from 1.
    pub argument: Option<usize>,
    zero: bool,
    sharp: bool,
    minus: bool,
    plus: bool,
    space: bool,
    width: usize,
    precision: Option<usize>,
}

/// No verb pads wider, and none shows more digits: a number alone must not take memory.
const WIDEST: usize = 1 << 16;

impl<'a> Verb<'a> {
    /// Reads the verb whose `%` stands at `start`.
    pub(super) fn parse(format: &'a str, start: usize) -> Result<Self, String> {
        let mut verb = Verb {
            text: "",
            start,
            end: start + 1,
            letter: '%',
            argument: None,
            zero: false,
            sharp: false,
            minus: false,
            plus: false,
            space: false,
            width: 0,
            precision: None,
        };
        loop {
            match verb.peek(format) {
                Some('0') => verb.zero = true,
                Some('#') => verb.sharp = true,
                Some('-') => verb.minus = true,
                Some('+') => verb.plus = true,
                Some(' ') => verb.space = true,
                _ => break,
            }
            verb.end += 1;
        }
        verb.width = verb.digits(format)?.unwrap_or(0);
        if verb.peek(format) == Some('.') {
            verb.end += 1;
            verb.precision = Some(verb.digits(format)?.unwrap_or(0));
        }
        if verb.peek(format) == Some('[') {
            verb.end += 1;
            if verb.peek(format).is_none_or(|c| !('1'..='9').contains(&c)) {
                return Err(verb.unrecognized(format));
            }
            verb.argument = verb.digits(format)?;
            if verb.peek(format) != Some(']') {
                return Err(verb.unrecognized(format));
            }
            verb.end += 1;
        }
        match verb.peek(format) {
            Some(letter) if letter.is_ascii_alphabetic() || (letter == '%' && verb.end == start + 1) => {
                verb.end += 1;
                verb.letter = letter;
                verb.text = &format[start..verb.end];
                Ok(verb)
            }
            _ => Err(verb.unrecognized(format)),
        }
    }

    fn peek(&self, format: &str) -> Option<char> {
        format.get(self.end..)?.chars().next()
    }

    fn digits(&mut self, format: &str) -> Result<Option<usize>, String> {
        let rest = &format[self.end..];
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return Ok(None);
        }
        self.end += count;
        let number = rest[..count].parse().ok().filter(|&n: &usize| n <= WIDEST);
        number.map(Some).ok_or_else(|| format!("the number at offset {} is above {WIDEST}", self.end - count))
    }

    fn unrecognized(&self, format: &str) -> String {
        match self.peek(format) {
            Some(c) => format!("unrecognized format character '{c}' at offset {}", self.end),
            None => format!("invalid format string starting at offset {}", self.end),
        }
    }
}

/// Appends the value in the form the verb asks for.
pub(super) fn write_verb(verb: &Verb<'_>, value: &Value, out: &mut String) -> Result<(), String> {
    let unsupported = |why: &str| format!("unsupported value for \"{}\" at {}: {why}", verb.text, verb.start);
    if value.is_null() && verb.letter != 'v' {
        return Err(unsupported("null value cannot be formatted"));
    }
    let as_type = |ty: Type| convert(value, &ty).map_err(|error| unsupported(&error.message));
    let number = || as_type(Type::Number).map(|v| v.as_number().cloned().unwrap_or_else(|| Number::from(0i64)));
    match verb.letter {
        'v' => match &value.kind {
            Kind::String(text) if !verb.sharp => pad_text(&Verb { precision: None, ..copy(verb) }, text, out),
            Kind::Bool(b) if !verb.sharp => pad_text(verb, if *b { "true" } else { "false" }, out),
            Kind::Number(n) if !verb.sharp => pad_number(verb, &real(n, 'g', verb.precision), out),
            _ => pad_text(verb, &json_text(value), out),
        },
        't' => {
            let b = as_type(Type::Bool)?.as_bool().unwrap_or_default();
            // A width counts for nothing here.
            out.push_str(if b { "true" } else { "false" });
        }
        's' => pad_text(verb, as_type(Type::String)?.as_str().unwrap_or_default(), out),
        'q' => {
            let text = as_type(Type::String)?;
            let cut = cut(verb, text.as_str().unwrap_or_default());
            pad_text(&Verb { precision: None, ..copy(verb) }, &json_text(&Value::string(cut)), out);
        }
        'b' | 'd' | 'o' | 'x' | 'X' => {
            let n = number()?;
            let text = integer(&n, verb).ok_or_else(|| unsupported("an integer is required"))?;
            pad_number(verb, &text, out);
        }
        'e' | 'E' | 'f' | 'g' | 'G' => {
            let n = number()?;
            let text = real(&n, verb.letter.to_ascii_lowercase(), verb.precision);
            let text = if verb.letter.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text };
            pad_number(verb, &text, out);
        }
        letter => {
            return Err(format!("unsupported format verb '{letter}' in \"{}\" at offset {}", verb.text, verb.start));
        }
    }
    Ok(())
}

fn copy<'a>(verb: &Verb<'a>) -> Verb<'a> {
    Verb { ..*verb }
}

fn cut<'t>(verb: &Verb<'_>, text: &'t str) -> &'t str {
    let Some(most) = verb.precision else { return text };
    let end = clusters(text).into_iter().take(most).map(str::len).sum();
    text.get(..end).unwrap_or(text)
}

/// Width and precision of text count grapheme clusters.
fn pad_text(verb: &Verb<'_>, text: &str, out: &mut String) {
    let text = cut(verb, text);
    let missing = verb.width.saturating_sub(count(text));
    if verb.minus {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', missing));
    } else {
        out.extend(std::iter::repeat_n(if verb.zero { '0' } else { ' ' }, missing));
        out.push_str(text);
    }
}

/// Sign, then zeros, then digits.
fn pad_number(verb: &Verb<'_>, text: &str, out: &mut String) {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None if verb.plus => ("+", text),
        None if verb.space => (" ", text),
        None => ("", text),
    };
    let missing = verb.width.saturating_sub(sign.len() + digits.len());
    let padding = |c: char| std::iter::repeat_n(c, missing);
    match (verb.minus, verb.zero) {
        (true, _) => {
            out.push_str(sign);
            out.push_str(digits);
            out.extend(padding(' '));
        }
        (false, true) => {
            out.push_str(sign);
            out.extend(padding('0'));
            out.push_str(digits);
        }
        (false, false) => {
            out.extend(padding(' '));
            out.push_str(sign);
            out.push_str(digits);
        }
    }
}

fn integer(n: &Number, verb: &Verb<'_>) -> Option<String> {
    let (radix, prefix) = match verb.letter {
        'b' => (2, "0b"),
        'o' => (8, "0"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    };
    let whole = n.to_integer()?;
    let text = whole.in_radix(radix).to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let digits = if verb.letter == 'X' { digits.to_ascii_uppercase() } else { digits.to_owned() };
    let zeros = verb.precision.unwrap_or(0).saturating_sub(digits.len());
    let prefix = if verb.sharp { prefix } else { "" };
    Some(format!("{sign}{prefix}{}{digits}", "0".repeat(zeros)))
}
