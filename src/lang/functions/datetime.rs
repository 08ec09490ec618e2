//! Dates and times.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::lang::types::Type;
use crate::lang::value::Value;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp, tz::Offset};

pub(super) const FUNCTIONS: &[Function] = &[
    function("formatdate", &[param("format", Shape::String), param("time", Shape::String)], Shape::String, format_date),
    function("plantimestamp", &[], Shape::String, |args: &Args<'_>| Ok(moment(args.effects.plan_time()))),
    function(
        "timeadd",
        &[param("timestamp", Shape::String), param("duration", Shape::String)],
        Shape::String,
        time_add,
    ),
    function(
        "timecmp",
        &[param("timestamp_a", Shape::String), param("timestamp_b", Shape::String)],
        Shape::Number,
        |args: &Args<'_>| {
            let (left, _) = parse_time(args.text(0)).map_err(|message| CallError::argument(0, message))?;
            let (right, _) = parse_time(args.text(1)).map_err(|message| CallError::argument(1, message))?;
            Ok(Value::int(left.cmp(&right) as i64))
        },
    ),
    function("timestamp", &[], Shape::String, |args: &Args<'_>| Ok(moment(args.effects.now()))),
];

fn moment(time: Option<String>) -> Value {
    time.map_or_else(|| Value::unknown_not_null(Type::String), Value::string)
}

/// Reads RFC 3339; the offset is kept for printing.
fn parse_time(text: &str) -> Result<(Timestamp, Offset), String> {
    let mut rest = text;
    let invalid = |why: String| format!("not a valid RFC3339 timestamp: {why}");
    let mut fields = [0i16; 6];
    let names = ["year", "month", "day of month", "hour", "minute", "second"];
    for (index, (field, name)) in fields.iter_mut().zip(names).enumerate() {
        let (before, what) = match index {
            1 | 2 => ("-", "date separator '-'"),
            3 => ("T", "time introducer 'T'"),
            4 | 5 => (":", "time separator ':'"),
            _ => ("", ""),
        };
        rest = rest.strip_prefix(before).ok_or_else(|| invalid(format!("missing required {what}")))?;
        let width = if index == 0 { 4 } else { 2 };
        let digits = rest.get(..width).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok());
        *field = number.ok_or_else(|| invalid(format!("cannot use {rest:?} as {name}")))?;
        rest = &rest[width..];
    }
    let nanos = match rest.strip_prefix('.') {
        None => 0,
        Some(fraction) => {
            let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
            rest = &fraction[count..];
            let kept: String = fraction.chars().take(count.min(9)).collect();
            let number = format!("{kept:0<9}").parse::<i32>().ok().filter(|_| count > 0);
            number.ok_or_else(|| invalid(format!("cannot use {fraction:?} as fraction of a second")))?
        }
    };
    let offset = parse_offset(rest).ok_or_else(|| invalid(format!("cannot use {rest:?} as UTC offset")))?;
    let [year, month, day, hour, minute, second] = fields;
    let small = |n: i16| i8::try_from(n).unwrap_or(i8::MAX);
    let civil = DateTime::new(year, small(month), small(day), small(hour), small(minute), small(second), nanos);
    let civil = civil.map_err(|error| invalid(error.to_string()))?;
    let instant = offset.to_timestamp(civil).map_err(|error| invalid(error.to_string()))?;
    Ok((instant, offset))
}

fn parse_offset(text: &str) -> Option<Offset> {
    if text == "Z" {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |digits: &str| digits.parse::<i32>().ok().filter(|_| digits.len() == 2 && !digits.starts_with('+'));
    let (hours, minutes) = (two(hours).filter(|&h| h < 24)?, two(minutes).filter(|&m| m < 60)?);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn offset_text(offset: Offset, colon: &str) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{colon}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

fn time_add(args: &Args<'_>) -> Outcome {
    let (instant, offset) = parse_time(args.text(0)).map_err(CallError::call)?;
    let duration = parse_duration(args.text(1)).map_err(CallError::call)?;
    let sum = instant.checked_add(duration).map_err(|error| CallError::call(error.to_string()))?;
    let civil = offset.to_datetime(sum);
    let zone = if offset == Offset::UTC { "Z".to_owned() } else { offset_text(offset, ":") };
    Ok(Value::string(format!("{}{zone}", civil.strftime("%Y-%m-%dT%H:%M:%S"))))
}

/// A duration such as `-1h30m1.5s`.
fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut nanos: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        rest = after;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.len() > 30 {
            return Err(invalid());
        }
        let scale: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "" => return Err(format!("time: missing unit in duration {text:?}")),
            _ => return Err(format!("time: unknown unit {unit:?} in duration {text:?}")),
        };
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        let digits = fraction.get(..fraction.len().min(15)).unwrap_or_default();
        let part: i128 = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| invalid())? };
        let part = part * scale / 10i128.pow(u32::try_from(digits.len()).unwrap_or(0));
        let total = whole.checked_mul(scale).and_then(|n| n.checked_add(part)).and_then(|n| nanos.checked_add(n));
        nanos = total.filter(|n| *n <= i128::from(i64::MAX)).ok_or_else(invalid)?;
    }
    let nanos = i64::try_from(nanos).map_err(|_| invalid())?;
    Ok(SignedDuration::from_nanos(if negative { -nanos } else { nanos }))
}

fn format_date(args: &Args<'_>) -> Outcome {
    let (instant, offset) = parse_time(args.text(1)).map_err(|message| CallError::argument(1, message))?;
    let time = offset.to_datetime(instant);
    let mut out = String::new();
    let mut rest = args.text(0);
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (literal, after) =
                quoted(&rest[1..]).ok_or_else(|| CallError::argument(0, "unterminated literal '"))?;
            out.push_str(&literal);
            rest = after;
            continue;
        }
        let length = rest.find(|c| c != first).unwrap_or(rest.len());
        let (verb, after) = rest.split_at(length);
        rest = after;
        match first.is_ascii_alphabetic() {
            false => out.push_str(verb),
            true => {
                let text = date_verb(verb, time, offset)
                    .map_err(|why| CallError::argument(0, format!("invalid date format verb {verb:?}{why}")))?;
                out.push_str(&text);
            }
        }
    }
    Ok(Value::string(out))
}

/// Text up to the closing quote, with doubled quotes made one, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut literal = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('\'')?;
        literal.push_str(before);
        match after.strip_prefix('\'') {
            Some(more) => {
                literal.push('\'');
                rest = more;
            }
            None => return Some((literal, after)),
        }
    }
}

fn date_verb(verb: &str, time: DateTime, offset: Offset) -> Result<String, &'static str> {
    let directive = match verb {
        "YY" => "%y",
        "YYYY" => "%Y",
        "M" => "%-m",
        "MM" => "%m",
        "MMM" => "%b",
        "MMMM" => "%B",
        "D" => "%-d",
        "DD" => "%d",
        "EEE" => "%a",
        "EEEE" => "%A",
        "h" => "%-H",
        "hh" => "%H",
        "H" => "%-I",
        "HH" => "%I",
        "AA" => "%p",
        "aa" => "%P",
        "m" => "%-M",
        "mm" => "%M",
        "s" => "%-S",
        "ss" => "%S",
        "Z" if offset == Offset::UTC => return Ok("Z".to_owned()),
        "ZZZ" if offset == Offset::UTC => return Ok("UTC".to_owned()),
        "Z" | "ZZZZZ" => return Ok(offset_text(offset, ":")),
        "ZZZ" | "ZZZZ" => return Ok(offset_text(offset, "")),
        _ => {
            return Err(match verb.as_bytes().first() {
                Some(b'Y') => ": year must either be \"YY\" or \"YYYY\"",
                Some(b'M') => ": month must be \"M\", \"MM\", \"MMM\", or \"MMMM\"",
                Some(b'D') => ": day of month must either be \"D\" or \"DD\"",
                Some(b'E') => ": day of week must either be \"EEE\" or \"EEEE\"",
                Some(b'h') => ": 24-hour must either be \"h\" or \"hh\"",
                Some(b'H') => ": 12-hour must either be \"H\" or \"HH\"",
                Some(b'A') => ": must be \"AA\"",
                Some(b'a') => ": must be \"aa\"",
                Some(b'm') => ": minute must either be \"m\" or \"mm\"",
                Some(b's') => ": second must either be \"s\" or \"ss\"",
                Some(b'Z') => ": timezone must be Z, ZZZZ, or ZZZZZ",
                _ => "",
            });
        }
    };
    Ok(time.strftime(directive).to_string())
}
