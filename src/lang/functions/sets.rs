//! Functions of sets.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::lang::convert::{convert, unify};
use crate::lang::types::Type;
use crate::lang::value::{Marks, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    function("setintersection", &[param("first_set", Shape::Set).wholly()], Shape::Set, |args: &Args<'_>| {
        combine(args, |elements, others| others.iter().all(|other| other.contains(elements)), false)
    })
    .variadic(param("other_sets", Shape::Set).wholly())
    .typed(|args| Ok(common_type(args))),
    function("setproduct", &[], Shape::Any, product)
        .variadic(param("sets", Shape::Any).marked())
        .typed(|args| Ok(product_type(args)?.0)),
    function(
        "setsubtract",
        &[param("a", Shape::Set).wholly(), param("b", Shape::Set).wholly()],
        Shape::Set,
        |args: &Args<'_>| combine(args, |element, others| !others.iter().any(|other| other.contains(element)), false),
    )
    .typed(|args| Ok(common_type(args))),
    function("setunion", &[param("first_set", Shape::Set)], Shape::Set, |args: &Args<'_>| {
        combine(args, |_, _| true, true)
    })
    .variadic(param("other_sets", Shape::Set))
    .typed(|args| Ok(common_type(args))),
];

/// The sets have one type in common; the type of an empty set does not count.
fn common_type(args: &[Value]) -> Type {
    let typed: Vec<Type> = args.iter().map(Value::ty).filter(|ty| *ty != Type::set(Type::Dynamic)).collect();
    match typed.is_empty() {
        true => Type::set(Type::Dynamic),
        false => unify(&typed).unwrap_or(Type::Dynamic),
    }
}

/// The elements of the first set that are kept in view of the others, or those of all sets.
fn combine(args: &Args<'_>, keep: impl Fn(&Value, &[&[Value]]) -> bool, all: bool) -> Outcome {
    let ty = common_type(args.values);
    let Type::Set(element) = &ty else {
        return Err(CallError::call("given sets must all have compatible element types"));
    };
    let mut sets = Vec::with_capacity(args.values.len());
    for (index, set) in args.values.iter().enumerate() {
        sets.push(convert(set, &ty).map_err(|error| CallError::argument(index, error.message))?);
    }
    let elements: Vec<&[Value]> = sets.iter().map(|set| set.as_elements().unwrap_or_default()).collect();
    let (first, others) = elements.split_first().map_or((&[] as &[Value], &[] as &[_]), |(f, o)| (*f, o));
    let taken: Vec<Value> = match all {
        true => elements.concat(),
        false => first.iter().filter(|value| keep(value, others)).cloned().collect(),
    };
    let first = taken.first().map_or(Type::Dynamic, Value::ty);
    if element.has_dynamic() && taken.iter().any(|value| value.ty() != first) {
        return Err(CallError::call("given sets must all have compatible element types"));
    }
    Ok(Value::set(element.as_ref().clone(), taken))
}

/// No product is larger: about the values that one result may have, before it is built.
const LARGEST_PRODUCT: usize = 1 << 20;

/// The type of the product, and that of the elements of each. Lists and tuples give a list, with a set it is a set.
fn product_type(args: &[Value]) -> Result<(Type, Vec<Type>), CallError> {
    if args.len() < 2 {
        return Err(CallError::call("at least two arguments are required"));
    }
    let mut types = Vec::new();
    let mut is_set = false;
    for (index, value) in args.iter().enumerate() {
        is_set |= matches!(value.ty(), Type::Set(_));
        types.push(match value.ty() {
            Type::List(element) | Type::Set(element) => element.as_ref().clone(),
            Type::Tuple(elements) if elements.is_empty() => Type::Dynamic,
            Type::Tuple(elements) => {
                unify(&elements).ok_or_else(|| CallError::argument(index, "all elements must be of the same type"))?
            }
            _ => return Err(CallError::argument(index, "a set or a list is required")),
        });
    }
    let tuple = Type::tuple(types.clone());
    Ok((if is_set { Type::set(tuple) } else { Type::list(tuple) }, types))
}

/// Every combination of one element of each.
fn product(args: &Args<'_>) -> Outcome {
    let (ty, types) = product_type(args.values)?;
    if args.values.iter().any(Value::is_set_of_unknown_length) {
        let marks = args.values.iter().fold(Marks::NONE, |marks, value| marks.and(value.marks));
        return Ok(Value::unknown_not_null(ty).marked(marks));
    }
    let mut marks = Marks::NONE;
    let mut sets: Vec<Vec<Value>> = Vec::new();
    for (index, (value, ty)) in args.values.iter().zip(&types).enumerate() {
        marks = marks.and(value.marks);
        let mut elements = Vec::new();
        for element in value.as_elements().unwrap_or_default() {
            elements.push(convert(element, ty).map_err(|error| CallError::argument(index, error.message))?);
        }
        sets.push(elements);
    }
    let count = sets.iter().try_fold(1usize, |n, set| n.checked_mul(set.len()).filter(|&n| n <= LARGEST_PRODUCT));
    if count.is_none() {
        return Err(CallError::call(format!("more than {LARGEST_PRODUCT} combinations")));
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for set in &sets {
        let longer = |row: &Vec<Value>| {
            let row = row.clone();
            set.iter().map(move |element| row.iter().chain([element]).cloned().collect())
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    let tuple = Type::tuple(types);
    let rows: Vec<Value> = rows.into_iter().map(Value::tuple).collect();
    let product = match ty {
        Type::Set(_) => Value::set(tuple, rows),
        _ => Value::list(tuple, rows),
    };
    Ok(product.marked(marks))
}
