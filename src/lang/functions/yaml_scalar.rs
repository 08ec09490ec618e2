//! What a scalar of YAML means: a number, a bool, null, a time, or text.
//!
//! The rules are those of go-cty-yaml: YAML 1.2 numbers, the bools of YAML 1.1, times as RFC 3339 text.

use crate::lang::number::Number;
use crate::lang::types::Type;
use crate::lang::value::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::DateTime;

/// The tags that a scalar may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarTag {
    None,
    Str,
    Bool,
    Int,
    Float,
    Null,
    Timestamp,
    Binary,
}

impl ScalarTag {
    /// By the name behind `tag:yaml.org,2002:`.
    pub(super) fn named(name: &str) -> Option<ScalarTag> {
        Some(match name {
            "str" => ScalarTag::Str,
            "bool" => ScalarTag::Bool,
            "int" => ScalarTag::Int,
            "float" => ScalarTag::Float,
            "null" => ScalarTag::Null,
            "timestamp" => ScalarTag::Timestamp,
            "binary" => ScalarTag::Binary,
            _ => return None,
        })
    }
}

/// The value of a scalar, or a clause that says why it has none.
pub(super) fn resolve(tag: ScalarTag, text: &str, quoted: bool) -> Result<Value, String> {
    let mut tag = tag;
    let hinted = matches!(
        text.bytes().next().unwrap_or(b'n'),
        b'+' | b'-' | b'0'..=b'9' | b'.' | b'~' | b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O'
    );
    if hinted && !matches!(tag, ScalarTag::Str | ScalarTag::Binary) {
        if quoted {
            return Ok(Value::string(text));
        }
        if let Some(word) = word(text) {
            return Ok(word);
        }
        match (text.trim_start_matches(['+', '-']), tag) {
            (".inf" | ".Inf" | ".INF", _) => return Err("infinity is not supported".into()),
            (".nan" | ".NaN" | ".NAN", ScalarTag::None) => return Err("floating point NaN is not supported".into()),
            _ => {}
        }
        match text.bytes().next() {
            Some(b'.') => {
                if let Some(number) = Number::parse_lenient(text) {
                    return Ok(Value::number(number));
                }
            }
            Some(b'+' | b'-' | b'0'..=b'9') => {
                if let (ScalarTag::None | ScalarTag::Timestamp, Some(time)) = (tag, timestamp(text)) {
                    return Ok(Value::string(time));
                }
                if is_integer(text) || is_float(text) {
                    tag = ScalarTag::Int;
                }
            }
            _ => {}
        }
    }
    let fails = |what: &str| Err(format!("cannot parse {text:?} as {what}"));
    match tag {
        ScalarTag::None | ScalarTag::Str => Ok(Value::string(text)),
        ScalarTag::Binary => match STANDARD.decode(text) {
            Ok(_) => Ok(Value::string(text)),
            Err(_) => fails("binary: not valid base64"),
        },
        ScalarTag::Bool => word(text).filter(|word| word.as_bool().is_some()).map_or_else(|| fails("a bool"), Ok),
        ScalarTag::Int | ScalarTag::Float => number(text).map_or_else(|| fails("a number"), |n| Ok(Value::number(n))),
        ScalarTag::Timestamp => timestamp(text).map_or_else(|| fails("a time"), |time| Ok(Value::string(time))),
        ScalarTag::Null => Ok(Value::null(Type::Dynamic)),
    }
}

fn word(text: &str) -> Option<Value> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::bool(false),
        "" | "~" | "null" | "Null" | "NULL" => Value::null(Type::Dynamic),
        _ => return None,
    })
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

fn is_integer(text: &str) -> bool {
    let all = |digits: &str, of: fn(&u8) -> bool| !digits.is_empty() && digits.bytes().all(|b| of(&b));
    match unsigned(text).get(..2) {
        Some("0o") => all(&unsigned(text)[2..], |b| (b'0'..=b'7').contains(b)),
        Some("0x") => all(&unsigned(text)[2..], u8::is_ascii_hexdigit),
        _ => all(unsigned(text), u8::is_ascii_digit),
    }
}

fn is_float(text: &str) -> bool {
    let text = unsigned(text);
    !text.starts_with(['+', '-']) && !text.contains(['_', 'p', 'P']) && Number::parse(text).is_some()
}

fn number(text: &str) -> Option<Number> {
    let plain = text.replace('_', "");
    let plain = plain.as_str();
    if let Some(number) = Number::parse_lenient(plain) {
        return Some(number);
    }
    let (negative, digits) = (plain.starts_with('-'), unsigned(plain));
    let (radix, digits) = match digits.get(..2)? {
        "0x" | "0X" => (16, &digits[2..]),
        "0o" | "0O" => (8, &digits[2..]),
        "0b" | "0B" => (2, &digits[2..]),
        _ => return None,
    };
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    match negative {
        true => i64::try_from(-i128::from(magnitude)).ok().map(Number::from),
        false => Some(Number::from(magnitude)),
    }
}

/// A date, or a date and time, as RFC 3339 text; a time without a zone is in UTC.
fn timestamp(text: &str) -> Option<String> {
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], &text[at..]),
        None => (text, ""),
    };
    let short = |part: &str| {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if digits { part.parse::<i8>().ok() } else { None }
    };
    let mut parts = date.split('-');
    let year = parts.next().filter(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()))?;
    let (month, day) = (short(parts.next()?)?, short(parts.next()?)?);
    if parts.next().is_some() {
        return None;
    }
    let (mut hour, mut minute, mut second, mut zone) = (0, 0, 0, "Z");
    if !rest.is_empty() {
        let (clock, given) = match rest.find(['Z', '+', '-']) {
            Some(at) => (&rest[1..at], &rest[at..]),
            None => (&rest[1..], ""),
        };
        if rest.starts_with(' ') != given.is_empty() {
            return None;
        }
        if !given.is_empty() {
            zone = given;
        }
        let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, "0"));
        if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut parts = clock.split(':');
        (hour, minute, second) = (short(parts.next()?)?, short(parts.next()?)?, short(parts.next()?)?);
        if parts.next().is_some() {
            return None;
        }
    }
    let time = DateTime::new(year.parse().ok()?, month, day, hour, minute, second, 0).ok()?;
    let zone = match zone {
        "Z" | "+00:00" | "-00:00" => "Z",
        offset => {
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let within = hours.len() == 2 && minutes.len() == 2 && short(hours)? <= 24 && short(minutes)? < 60;
            if within { offset } else { return None }
        }
    };
    Some(format!("{}{zone}", time.strftime("%Y-%m-%dT%H:%M:%S")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_terraform() {
        let utc = |text: &str| timestamp(text).unwrap_or_default();
        assert_eq!(utc("2001-1-2"), "2001-01-02T00:00:00Z");
        assert_eq!(utc("2001-12-14t21:59:43.10-05:00"), "2001-12-14T21:59:43-05:00");
        assert_eq!(utc("2001-12-14 21:59:43.1"), "2001-12-14T21:59:43Z");
        for bad in ["2001-12-14 21:59:43.10 -5", "2001-13-01", "2001-02-30", "2001-1-2T1:2:3", "2001-1-2Tx", "2001-é"]
        {
            assert_eq!(timestamp(bad), None, "{bad}");
        }
    }
}
