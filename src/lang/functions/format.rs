//! `format` and `formatlist`: the format string and its arguments.

use super::CallError;
use super::format_verb::{Verb, write_verb};
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::lang::types::Type;
use crate::lang::value::{Kind, Refinements, Value};
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    function("format", &[param("format", Shape::String)], Shape::Any, |args: &Args<'_>| {
        let arguments: Vec<&Value> = args.from(1).iter().collect();
        if !arguments.iter().all(|argument| argument.is_wholly_known()) {
            // What stands before the first verb stays known.
            let prefix = args.text(0).split('%').next().filter(|text| !text.is_empty()).map(Arc::from);
            let known = Refinements { not_null: true, prefix, ..Refinements::default() };
            return Ok(Value::refined(Type::String, known));
        }
        format_one(args.text(0), &arguments)
    })
    .typed(|_| Ok(Type::String))
    .variadic(param("args", Shape::Any).nullable().unknown()),
    function("formatlist", &[param("format", Shape::String)], Shape::Any, format_list)
        .typed(|_| Ok(Type::list(Type::String)))
        .variadic(param("args", Shape::Any).nullable().unknown()),
];

fn format_one(format: &str, args: &[&Value]) -> Outcome {
    let mut out = String::new();
    let (mut at, mut next, mut used) = (0, 0, 0);
    while let Some(rest) = format.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(found) = rest.find('%') else {
            out.push_str(rest);
            break;
        };
        out.push_str(&rest[..found]);
        at += found;
        let verb = Verb::parse(format, at).map_err(CallError::call)?;
        at = verb.end;
        if verb.letter == '%' {
            out.push('%');
            continue;
        }
        let index = verb.argument.unwrap_or(next + 1);
        next = index;
        used = used.max(index);
        let Some(value) = index.checked_sub(1).and_then(|i| args.get(i)) else {
            let (text, start, have) = (verb.text, verb.start, args.len());
            let message =
                format!("not enough arguments for \"{text}\" at {start}: need index {index} but have {have} total");
            return Err(CallError::call(message));
        };
        write_verb(&verb, value, &mut out).map_err(CallError::call)?;
        CallError::unless_too_long(out.len())?;
    }
    if used < args.len() {
        let message = match used {
            0 => "too many arguments; no verbs in format string".to_owned(),
            _ => format!("too many arguments; only {used} used by format string"),
        };
        return Err(CallError::argument(used + 1, message));
    }
    Ok(Value::string(out))
}

/// One result for each element of the lists; what is no list goes into each.
fn format_list(args: &Args<'_>) -> Outcome {
    let arguments = args.from(1);
    let mut length: Option<(usize, usize)> = None;
    let is_open = |a: &Value| !a.is_known() && matches!(a.ty(), Type::List(_) | Type::Set(_) | Type::Tuple(_));
    if arguments.iter().any(|a| is_open(a) || a.is_set_of_unknown_length()) {
        return Ok(Value::unknown_not_null(Type::list(Type::String)));
    }
    for (index, argument) in arguments.iter().enumerate() {
        let Some(elements) = argument.as_elements() else { continue };
        match length {
            None => length = Some((index, elements.len())),
            Some((first, expected)) if expected != elements.len() => {
                let message = format!(
                    "argument {} has length {}, which is inconsistent with argument {} of length {expected}",
                    index + 1,
                    elements.len(),
                    first + 1
                );
                return Err(CallError::argument(index + 1, message));
            }
            Some(_) => {}
        }
    }
    let count = length.map_or(1, |(_, count)| count);
    let mut results = Vec::with_capacity(count);
    let mut bytes = 0;
    for row in 0..count {
        let cells: Vec<&Value> =
            arguments.iter().map(|a| a.as_elements().and_then(|elements| elements.get(row)).unwrap_or(a)).collect();
        if !cells.iter().all(|cell| cell.is_wholly_known()) {
            results.push(Value::unknown_not_null(Type::String));
            continue;
        }
        let result =
            format_one(args.text(0), &cells).map_err(|error| match (error.argument, arguments.is_empty()) {
                (Some(_), _) | (_, true) => error,
                _ => CallError::call(format!("error on format iteration {row}: {}", error.message)),
            })?;
        bytes += result.as_str().map_or(0, str::len);
        CallError::unless_too_long(bytes)?;
        results.push(result);
    }
    Ok(Kind::List(Type::String, results.into()).into())
}
