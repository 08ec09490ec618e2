//! Text: case, trimming, cutting, joining.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::clusters::{clusters, count};
use crate::lang::types::Type;
use crate::lang::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    function("chomp", &[param("str", Shape::String)], Shape::String, chomp),
    function(
        "endswith",
        &[param("str", Shape::String), param("suffix", Shape::String)],
        Shape::Bool,
        |args: &Args<'_>| Ok(Value::bool(args.text(0).ends_with(args.text(1)))),
    ),
    function("indent", &[param("spaces", Shape::Number), param("str", Shape::String)], Shape::String, indent),
    function("join", &[param("separator", Shape::String)], Shape::String, join)
        .variadic(param("lists", Shape::Strings).wholly()),
    function("lower", &[param("str", Shape::String)], Shape::String, |args: &Args<'_>| {
        Ok(Value::string(args.text(0).chars().map(simple_lower).collect::<String>()))
    }),
    function("split", &[param("separator", Shape::String), param("str", Shape::String)], Shape::Strings, split),
    function(
        "startswith",
        &[param("str", Shape::String).unknown(), param("prefix", Shape::String)],
        Shape::Bool,
        starts_with,
    ),
    function(
        "strcontains",
        &[param("str", Shape::String), param("substr", Shape::String)],
        Shape::Bool,
        |args: &Args<'_>| Ok(Value::bool(args.text(0).contains(args.text(1)))),
    ),
    function("strrev", &[param("str", Shape::String)], Shape::String, |args: &Args<'_>| {
        Ok(Value::string(clusters(args.text(0)).into_iter().rev().collect::<String>()))
    }),
    function(
        "substr",
        &[param("str", Shape::String), param("offset", Shape::Number), param("length", Shape::Number)],
        Shape::String,
        substr,
    ),
    function("title", &[param("str", Shape::String)], Shape::String, title),
    function(
        "trim",
        &[param("str", Shape::String), param("cutset", Shape::String)],
        Shape::String,
        |args: &Args<'_>| Ok(Value::string(args.text(0).trim_matches(|c| args.text(1).contains(c)))),
    ),
    function(
        "trimprefix",
        &[param("str", Shape::String), param("prefix", Shape::String)],
        Shape::String,
        |args: &Args<'_>| Ok(Value::string(args.text(0).strip_prefix(args.text(1)).unwrap_or(args.text(0)))),
    ),
    function("trimspace", &[param("str", Shape::String)], Shape::String, |args: &Args<'_>| {
        Ok(Value::string(args.text(0).trim()))
    }),
    function(
        "trimsuffix",
        &[param("str", Shape::String), param("suffix", Shape::String)],
        Shape::String,
        |args: &Args<'_>| Ok(Value::string(args.text(0).strip_suffix(args.text(1)).unwrap_or(args.text(0)))),
    ),
    function("upper", &[param("str", Shape::String)], Shape::String, |args: &Args<'_>| {
        Ok(Value::string(args.text(0).chars().map(simple_upper).collect::<String>()))
    }),
];

/// The beginning of an unknown text can be known.
fn starts_with(args: &Args<'_>) -> Outcome {
    let prefix = args.text(1);
    let Some(known) = args.at(0).refinements() else { return Ok(Value::bool(args.text(0).starts_with(prefix))) };
    let known = known.prefix.as_deref().unwrap_or_default();
    Ok(match known.starts_with(prefix) {
        true => Value::bool(true),
        false if known.len() >= prefix.len() => Value::bool(false),
        false => Value::unknown_not_null(Type::Bool),
    })
}

fn chomp(args: &Args<'_>) -> Outcome {
    Ok(Value::string(args.text(0).trim_end_matches(['\r', '\n'])))
}

/// No line is padded wider, in characters: far beyond what anybody reads, and a number alone must not take memory.
pub(super) const WIDEST: i64 = 1 << 20;

fn indent(args: &Args<'_>) -> Outcome {
    let spaces = args.int(0)?;
    if !(0..=WIDEST).contains(&spaces) {
        return Err(CallError::argument(0, format!("must be between 0 and {WIDEST}")));
    }
    let pad = " ".repeat(usize::try_from(spaces).unwrap_or_default());
    let lines = args.text(1).matches('\n').count();
    CallError::unless_too_long(lines.saturating_mul(pad.len()).saturating_add(args.text(1).len()))?;
    Ok(Value::string(args.text(1).replace('\n', &format!("\n{pad}"))))
}

fn join(args: &Args<'_>) -> Outcome {
    if args.from(1).is_empty() {
        return Err(CallError::call("at least one list is required"));
    }
    let mut parts = Vec::new();
    for (list, value) in args.from(1).iter().enumerate() {
        for (index, element) in value.as_elements().unwrap_or_default().iter().enumerate() {
            let part = element.as_str().ok_or_else(|| match args.from(1).len() {
                1 => CallError::argument(1, format!("element {index} is null; cannot concatenate null values")),
                _ => CallError::argument(
                    list + 1,
                    format!("element {index} of list {} is null; cannot concatenate null values", list + 1),
                ),
            })?;
            parts.push(part);
        }
    }
    let text: usize = parts.iter().map(|part| part.len()).sum();
    CallError::unless_too_long(args.text(0).len().saturating_mul(parts.len()).saturating_add(text))?;
    Ok(Value::string(parts.join(args.text(0))))
}

fn split(args: &Args<'_>) -> Outcome {
    let (separator, text) = (args.text(0), args.text(1));
    let parts: Vec<Value> = match separator.is_empty() {
        true => text.chars().map(|c| Value::string(c.to_string())).collect(),
        false => text.split(separator).map(Value::string).collect(),
    };
    Ok(Value::list(Type::String, parts))
}

/// Offset and length count grapheme clusters. A negative offset counts from the end; a negative length means "to the
/// end", and so does a zero length behind a negative offset.
fn substr(args: &Args<'_>) -> Outcome {
    let (text, offset, length) = (args.text(0), args.int(1)?, args.int(2)?);
    if offset >= 0 && length == 0 {
        return Ok(Value::string(""));
    }
    let start = match usize::try_from(offset) {
        Ok(start) => start,
        Err(_) => {
            let back = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            count(text).saturating_sub(back)
        }
    };
    let count = usize::try_from(length).ok().filter(|&count| count > 0).unwrap_or(usize::MAX);
    Ok(Value::string(clusters(text).into_iter().skip(start).take(count).collect::<String>()))
}

/// Unicode's mapping of one letter to one letter, which is what Terraform uses: "ß" has no upper case.
fn simple_upper(c: char) -> char {
    let shifted = match c as u32 {
        0x1F80..=0x1F87 | 0x1F90..=0x1F97 | 0x1FA0..=0x1FA7 => char::from_u32(c as u32 + 8),
        0x1FB3 | 0x1FC3 | 0x1FF3 => char::from_u32(c as u32 + 9),
        _ => None,
    };
    if let Some(upper) = shifted {
        return upper;
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

fn simple_lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// The first letter of each word in title case; a word ends where neither letter, digit nor underscore stands.
fn title(args: &Args<'_>) -> Outcome {
    let mut previous = ' ';
    let titled = args.text(0).chars().map(|c| {
        let starts = match previous {
            '_' => false,
            p if p.is_ascii() => !p.is_ascii_alphanumeric(),
            p => !p.is_alphanumeric() && p.is_whitespace(),
        };
        previous = c;
        match (starts, c as u32) {
            (false, _) => c,
            (true, 0x1C4..=0x1C6) => '\u{1C5}',
            (true, 0x1C7..=0x1C9) => '\u{1C8}',
            (true, 0x1CA..=0x1CC) => '\u{1CB}',
            (true, 0x1F1..=0x1F3) => '\u{1F2}',
            (true, _) => simple_upper(c),
        }
    });
    Ok(Value::string(titled.collect::<String>()))
}
