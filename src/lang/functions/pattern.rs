//! Regular expressions, in Terraform's dialect (RE2).

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::lang::types::Type;
use crate::lang::value::Value;
use regex::{Captures, Regex};
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    function("regex", &[param("pattern", Shape::String), param("string", Shape::String)], Shape::Any, first)
        .typed(|args| Ok(capture_type(args).unwrap_or(Type::Dynamic))),
    function("regexall", &[param("pattern", Shape::String), param("string", Shape::String)], Shape::List, all)
        .typed(|args| Ok(Type::list(capture_type(args).unwrap_or(Type::Dynamic)))),
    function(
        "replace",
        &[param("str", Shape::String), param("substr", Shape::String), param("replace", Shape::String)],
        Shape::String,
        replace,
    ),
];

fn first(args: &Args<'_>) -> Outcome {
    let regex = pattern_argument(args.text(0))?;
    let captures = regex.captures(args.text(1));
    let captures = captures.ok_or_else(|| CallError::call("pattern did not match any part of the given string"))?;
    Ok(captured(&regex, &captures))
}

fn all(args: &Args<'_>) -> Outcome {
    let regex = pattern_argument(args.text(0))?;
    let found = regex.captures_iter(args.text(1)).map(|captures| captured(&regex, &captures)).collect();
    Ok(Value::list(result_type(&regex), found))
}

/// A pattern between slashes is a regular expression, anything else stands for itself.
fn replace(args: &Args<'_>) -> Outcome {
    let (text, substr, with) = (args.text(0), args.text(1), args.text(2));
    let pattern = substr.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    match pattern {
        None => {
            let matches = text.matches(substr).count();
            CallError::unless_too_long(matches.saturating_mul(with.len()).saturating_add(text.len()))?;
            Ok(Value::string(text.replace(substr, with)))
        }
        Some(pattern) => {
            let regex = compile(pattern).map_err(|e| CallError::call(format!("error parsing regexp: {e}")))?;
            // A reference in the replacement stands for a match or a part of it.
            let references = with.matches('$').count();
            let longest = regex.find_iter(text).map(|found| found.len().saturating_mul(references) + with.len());
            let bytes = longest.fold(text.len(), usize::saturating_add);
            CallError::unless_too_long(bytes)?;
            Ok(Value::string(regex.replace_all(text, with)))
        }
    }
}

fn pattern_argument(pattern: &str) -> Result<Regex, CallError> {
    let regex = compile(pattern).map_err(|e| CallError::argument(0, format!("invalid regexp pattern: {e}")))?;
    let named = regex.capture_names().flatten().count();
    if named > 0 && named + 1 < regex.captures_len() {
        let message = "invalid regexp pattern: cannot mix both named and unnamed capture groups";
        return Err(CallError::argument(0, message));
    }
    Ok(regex)
}

fn capture_type(args: &[Value]) -> Option<Type> {
    Some(result_type(&pattern_argument(args.first()?.as_str()?).ok()?))
}

/// The whole match without groups, a tuple of the groups, or an object of the named groups.
fn result_type(regex: &Regex) -> Type {
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    match (regex.captures_len(), names.is_empty()) {
        (1, _) => Type::String,
        (count, true) => Type::tuple((1..count).map(|_| Type::String)),
        (_, false) => Type::object(names.into_iter().map(|name| (name, Type::String))),
    }
}

fn captured(regex: &Regex, captures: &Captures<'_>) -> Value {
    let group = |index| match captures.get(index) {
        Some(text) => Value::string(text.as_str()),
        None => Value::null(Type::String),
    };
    match result_type(regex) {
        Type::String => group(0),
        Type::Tuple(_) => Value::tuple((1..regex.captures_len()).map(group).collect()),
        _ => Value::object(
            regex.capture_names().enumerate().filter_map(|(i, name)| Some((Arc::<str>::from(name?), group(i)))),
        ),
    }
}

/// Compiles a pattern of RE2's dialect.
fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(&translate(pattern)).map_err(|error| {
        // The last line says what; the lines before draw the translated pattern, which the user did not write.
        let text = error.to_string();
        let last = text.lines().next_back().unwrap_or_default();
        format!("{} in {pattern}", last.strip_prefix("error: ").unwrap_or(last))
    })
}

/// From RE2's dialect to that of the engine: classes and word boundaries are ASCII, `[`, `&`, `~` stand for themselves
/// in a class, and `\Q...\E` quotes.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut class_start: Option<usize> = None;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match (c, class_start) {
            ('\\', _) => {
                let Some(escaped) = rest.chars().next() else {
                    out.push('\\');
                    break;
                };
                rest = &rest[escaped.len_utf8()..];
                if escaped == 'Q' && class_start.is_none() {
                    let (quoted, after) = rest.split_once("\\E").unwrap_or((rest, ""));
                    out.push_str(&regex::escape(quoted));
                    rest = after;
                } else {
                    escape(escaped, class_start.is_some(), &mut out);
                }
            }
            ('[', None) => {
                out.push('[');
                if let Some(after) = rest.strip_prefix('^') {
                    out.push('^');
                    rest = after;
                }
                if let Some(after) = rest.strip_prefix(']') {
                    out.push_str("\\]");
                    rest = after;
                }
                class_start = Some(out.len());
            }
            ('[', Some(_)) => match rest.starts_with(':').then(|| rest.find(":]")).flatten() {
                Some(end) => {
                    out.push('[');
                    out.push_str(&rest[..end + 2]);
                    rest = &rest[end + 2..];
                }
                None => out.push_str("\\["),
            },
            (']', Some(_)) => {
                out.push(']');
                class_start = None;
            }
            ('&' | '~', Some(_)) => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

fn escape(c: char, in_class: bool, out: &mut String) {
    match (c, in_class) {
        ('d', _) => out.push_str("[0-9]"),
        ('D', _) => out.push_str("[^0-9]"),
        ('w', _) => out.push_str("[0-9A-Za-z_]"),
        ('W', _) => out.push_str("[^0-9A-Za-z_]"),
        ('s', _) => out.push_str("[\\t\\n\\f\\r ]"),
        ('S', _) => out.push_str("[^\\t\\n\\f\\r ]"),
        ('b', false) => out.push_str("(?-u:\\b)"),
        ('<' | '>', _) => out.push(c),
        _ => {
            out.push('\\');
            out.push(c);
        }
    }
}
