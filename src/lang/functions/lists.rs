//! Functions of lists: joining, cutting, ordering.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::lang::convert::{convert, unify};
use crate::lang::number::Number;
use crate::lang::ops::equals;
use crate::lang::types::Type;
use crate::lang::value::{Kind, Marks, Refinements, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "chunklist",
        &[param("list", Shape::List).marked(), param("size", Shape::Number)],
        Shape::ListOfLists,
        chunk_list,
    )
    .typed(|args| Ok(Type::list(args.first().map_or(Type::Dynamic, Value::ty)))),
    function("compact", &[param("list", Shape::Strings).wholly()], Shape::Strings, compact),
    function("concat", &[], Shape::Any, concat).variadic(param("seqs", Shape::Any).marked()).typed(concat_type),
    function("distinct", &[param("list", Shape::List).wholly()], Shape::List, distinct)
        .typed(|args| Ok(args.first().map_or(Type::Dynamic, Value::ty))),
    function("flatten", &[param("list", Shape::Any).marked()], Shape::Any, flatten),
    function(
        "matchkeys",
        &[param("values", Shape::List), param("keys", Shape::List), param("searchset", Shape::List)],
        Shape::List,
        match_keys,
    )
    .typed(|args| Ok(args.first().map_or(Type::Dynamic, Value::ty))),
    function("range", &[], Shape::Numbers, range).variadic(param("params", Shape::Number)),
    function("reverse", &[param("list", Shape::Any).marked()], Shape::Any, reverse).typed(|args| {
        match args.first().map(Value::ty) {
            Some(Type::Set(element) | Type::List(element)) => Ok(Type::List(element)),
            Some(Type::Tuple(elements)) => Ok(Type::tuple(elements.iter().rev().cloned())),
            other => Err(not_reversible(&other.unwrap_or(Type::Dynamic))),
        }
    }),
    function(
        "slice",
        &[param("list", Shape::Any).marked(), param("start_index", Shape::Number), param("end_index", Shape::Number)],
        Shape::Any,
        slice,
    )
    .typed(slice_type),
    function("sort", &[param("list", Shape::Strings).unknown()], Shape::Strings, sort),
];

fn list_element(value: &Value) -> Type {
    match value.ty() {
        Type::List(element) | Type::Set(element) => element.as_ref().clone(),
        _ => Type::Dynamic,
    }
}

fn chunk_list(args: &Args<'_>) -> Outcome {
    let list = args.at(0);
    let size = args.int(1)?;
    if size < 0 {
        return Err(CallError::call("the size argument must be positive"));
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let (ty, elements) = (list_element(list), args.elements(0));
    let size = if size == 0 { elements.len().max(1) } else { size };
    let chunks = elements.chunks(size).map(|chunk| Value::list(ty.clone(), chunk.to_vec())).collect();
    Ok(Value::list(Type::list(ty), chunks).marked(list.marks))
}

fn compact(args: &Args<'_>) -> Outcome {
    let full = args.elements(0).iter().filter(|e| e.as_str().is_some_and(|text| !text.is_empty()));
    Ok(Value::list(Type::String, full.cloned().collect()))
}

fn not_joinable(index: usize, value: &Value) -> CallError {
    let message = format!("all arguments must be lists or tuples; got {}", value.ty().friendly_name());
    CallError::argument(index, message)
}

/// The element types of lists only, where they have one in common; a tuple makes the result a tuple.
fn concat_type(args: &[Value]) -> Result<Type, CallError> {
    let mut elements = Vec::new();
    let mut parts = Vec::new();
    let mut all_lists = true;
    for (index, value) in args.iter().enumerate() {
        match value.ty() {
            Type::List(element) => {
                elements.push(element.as_ref().clone());
                match value.as_elements() {
                    Some(known) => parts.extend(known.iter().map(|_| element.as_ref().clone())),
                    None => all_lists &= true,
                }
            }
            Type::Tuple(types) => {
                all_lists = false;
                parts.extend(types.iter().cloned());
            }
            _ => return Err(not_joinable(index, value)),
        }
    }
    let unknown_list = args.iter().any(|v| matches!(v.ty(), Type::List(_)) && !v.is_known());
    Ok(match (all_lists.then(|| unify(&elements)).flatten(), unknown_list) {
        (Some(element), _) => Type::list(element),
        (None, true) => Type::Dynamic,
        (None, false) => Type::tuple(parts),
    })
}

fn concat(args: &Args<'_>) -> Outcome {
    if args.values.is_empty() {
        return Err(CallError::call("at least one argument is required"));
    }
    let mut marks = Marks::NONE;
    let mut elements = Vec::new();
    for (index, value) in args.values.iter().enumerate() {
        match &value.kind {
            Kind::List(_, part) | Kind::Tuple(part) => elements.extend(part.iter().cloned()),
            _ => return Err(not_joinable(index, value)),
        }
        marks = marks.and(value.marks);
    }
    let joined = Value::tuple(elements).marked(marks);
    match concat_type(args.values)? {
        ty @ Type::List(_) => match convert(&joined, &ty) {
            Ok(list) => Ok(list),
            Err(error) => Err(CallError::call(error.message)),
        },
        _ => Ok(joined),
    }
}

fn distinct(args: &Args<'_>) -> Outcome {
    let mut kept: Vec<Value> = Vec::new();
    for element in args.elements(0) {
        if !kept.contains(element) {
            kept.push(element.clone());
        }
    }
    Ok(Value::list(list_element(args.at(0)), kept))
}

/// Lists within lists are replaced by their elements. Where one is unknown, so is how many elements there are.
fn flatten(args: &Args<'_>) -> Outcome {
    // Terraform looks at the type only of what is wholly known.
    let entries = args.at(0).as_entries().filter(|_| !args.at(0).is_wholly_known());
    if let Some(entries) = entries {
        return flatten_all(&Value::tuple(entries.values().cloned().collect()).marked(args.at(0).marks));
    }
    if args.at(0).as_elements().is_none() {
        return Err(CallError::call("can only flatten lists, sets and tuples"));
    }
    flatten_all(args.at(0))
}

fn flatten_all(list: &Value) -> Outcome {
    let mut flat = Vec::new();
    let mut marks = Marks::NONE;
    Ok(match flatten_into(list, &mut flat, &mut marks) {
        true => Value::tuple(flat),
        false => Value::unknown(Type::Dynamic),
    }
    .marked(marks))
}

fn flatten_into(list: &Value, flat: &mut Vec<Value>, marks: &mut Marks) -> bool {
    *marks = marks.and(list.marks);
    let mut known = !list.is_set_of_unknown_length();
    for element in list.as_elements().unwrap_or_default() {
        if let Kind::Unknown(Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_), _) = element.kind {
            *marks = marks.and(element.marks);
            known = false;
        } else if element.as_elements().is_some() {
            known &= flatten_into(element, flat, marks);
        } else {
            flat.push(element.clone());
        }
    }
    known
}

fn match_keys(args: &Args<'_>) -> Outcome {
    let (values, keys) = (args.elements(0), args.elements(1));
    if values.len() != keys.len() {
        return Err(CallError::call("length of keys and values should be equal"));
    }
    let common = unify(&[args.at(1).ty(), args.at(2).ty()]);
    let Some(common) = common else {
        return Err(CallError::call("keys and searchset must be of the same type"));
    };
    let converted = |index| convert(args.at(index), &common).map_err(|e| CallError::argument(index, e.message));
    let (keys, wanted) = (converted(1)?, converted(2)?);
    let element = list_element(args.at(0));
    let wanted = wanted.as_elements().unwrap_or_default();
    let all_known = args.at(0).is_wholly_known() && keys.is_wholly_known();
    if !wanted.is_empty() && !all_known {
        return Ok(Value::unknown_not_null(Type::list(element)));
    }
    let mut found = Vec::new();
    for (value, key) in values.iter().zip(keys.as_elements().unwrap_or_default()) {
        for candidate in wanted {
            match equals(key, candidate).as_bool() {
                Some(true) => {
                    found.push(value.clone());
                    break;
                }
                Some(false) => {}
                // So does Terraform.
                None => return Ok(Value::list(element, Vec::new())),
            }
        }
    }
    Ok(Value::list(element, found))
}

/// No range is longer: Terraform's limit.
const LONGEST_RANGE: usize = 1024;

fn range(args: &Args<'_>) -> Outcome {
    let zero = Number::from(0i64);
    let one = Number::from(1i64);
    let (start, end, step) = match args.values.len() {
        1 => (zero.clone(), args.number(0), None),
        2 => (args.number(0), args.number(1), None),
        3 => (args.number(0), args.number(1), Some(args.number(2))),
        _ => return Err(CallError::call("must have one, two, or three arguments")),
    };
    let down = start > end;
    let step = match step {
        Some(step) => step,
        None if down => one.neg(),
        None => one,
    };
    if down && step > zero {
        return Err(CallError::argument(1, "end must be greater than start when step is positive"));
    }
    if start < end && step < zero {
        return Err(CallError::argument(1, "end must be less than start when step is negative"));
    }
    let mut numbers = Vec::new();
    let mut next = start;
    while if down { next > end } else { next < end } {
        if numbers.len() >= LONGEST_RANGE {
            let message = "more than 1024 values were generated; either decrease the difference between start and end \
                           or use a smaller step";
            return Err(CallError::call(message));
        }
        numbers.push(Value::number(next.clone()));
        next = next.add(&step).ok_or_else(|| CallError::call("the numbers grow too large"))?;
    }
    Ok(Value::list(Type::Number, numbers))
}

fn not_reversible(ty: &Type) -> CallError {
    CallError::argument(0, format!("can only reverse list or tuple values, not {}", ty.friendly_name()))
}

fn reverse(args: &Args<'_>) -> Outcome {
    let list = args.at(0);
    let reversed = |elements: &[Value]| elements.iter().rev().cloned().collect::<Vec<_>>();
    let value = match &list.kind {
        Kind::List(ty, elements) | Kind::Set(ty, elements) => Value::list(ty.clone(), reversed(elements)),
        Kind::Tuple(elements) => Value::tuple(reversed(elements)),
        _ => {
            return Err(not_reversible(&list.ty()));
        }
    };
    Ok(value.marked(list.marks))
}

fn not_sliceable(ty: &Type) -> CallError {
    let message = match ty {
        Type::Set(_) => {
            "cannot slice a set, because its elements do not have indices; explicitly convert to a list if the \
             ordering of the result is not important"
        }
        _ => "must be a list or tuple value",
    };
    CallError::argument(0, message)
}

const NOT_WHOLE: &str = "value must be a whole number, between -9223372036854775808 and 9223372036854775807";

/// Of a tuple the bounds decide, where they are known.
fn slice_type(args: &[Value]) -> Result<Type, CallError> {
    let bound = |index: usize| args.get(index).and_then(|bound| usize::try_from(bound.as_number()?.as_u64()?).ok());
    let is_list = matches!(args.first().map(Value::ty), Some(Type::List(_) | Type::Tuple(_)));
    let numbers = |index: &usize| args.get(*index).and_then(Value::as_number).is_some_and(|n| n.as_i64().is_none());
    if let Some(index) = [1, 2].into_iter().find(numbers).filter(|_| is_list) {
        return Err(CallError::argument(index, NOT_WHOLE));
    }
    match args.first().map(Value::ty) {
        Some(list @ Type::List(_)) => Ok(list),
        Some(Type::Tuple(elements)) => Ok(match (bound(1), bound(2)) {
            (Some(start), Some(end)) => match elements.get(start..end) {
                Some(part) => Type::tuple(part.iter().cloned()),
                None => {
                    return Err(CallError::argument(
                        2,
                        "the end index must not be greater than the length of the list",
                    ));
                }
            },
            _ => Type::Dynamic,
        }),
        other => Err(not_sliceable(&other.unwrap_or(Type::Dynamic))),
    }
}

fn slice(args: &Args<'_>) -> Outcome {
    let list = args.at(0);
    let elements = match &list.kind {
        Kind::List(_, elements) | Kind::Tuple(elements) => elements,
        _ => return Err(not_sliceable(&list.ty())),
    };
    let whole = |index| args.int(index).map_err(|_| CallError::argument(index, NOT_WHOLE));
    let (start, end) = (whole(1)?, whole(2)?);
    let Ok(first) = usize::try_from(start) else {
        return Err(CallError::argument(1, "start index must not be less than zero"));
    };
    if first > elements.len() {
        return Err(CallError::argument(1, "start index must not be greater than the length of the list"));
    }
    let Ok(last) = usize::try_from(end) else {
        return Err(CallError::argument(2, "end index must not be less than zero"));
    };
    if last > elements.len() {
        return Err(CallError::argument(2, "end index must not be greater than the length of the list"));
    }
    let Some(part) = elements.get(first..last) else {
        return Err(CallError::argument(1, "start index must not be greater than end index"));
    };
    let part = part.to_vec();
    Ok(match &list.kind {
        Kind::List(ty, _) => Value::list(ty.clone(), part),
        _ => Value::tuple(part),
    }
    .marked(list.marks))
}

fn sort(args: &Args<'_>) -> Outcome {
    let mut elements = args.elements(0).to_vec();
    if !args.at(0).is_wholly_known() {
        let length = Some(args.at(0).length_bounds());
        let known = Refinements { not_null: true, length, ..Refinements::default() };
        return Ok(Value::refined(Type::list(Type::String), known));
    }
    if let Some(index) = elements.iter().position(Value::is_null) {
        let message = format!("given list element {index} is null; a null string cannot be sorted");
        return Err(CallError::call(message));
    }
    elements.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    Ok(Value::list(Type::String, elements))
}
