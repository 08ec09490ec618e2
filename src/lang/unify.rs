//! The one type that several convert to.

use super::convert::converts;
use super::named::Named;
use super::types::Type;
use std::cmp::Ordering;
use std::sync::Arc;

/// The one type that all convert to, as for the branches of a conditional and the elements of `tolist`; `None` where
/// there is none, and for no types.
pub fn unify(types: &[Type]) -> Option<Type> {
    if types.is_empty() {
        return None;
    }
    let count = |is: fn(&Type) -> bool| types.iter().filter(|ty| is(ty)).count();
    let dynamic = count(|ty| matches!(ty, Type::Dynamic));
    let maps = count(|ty| matches!(ty, Type::Map(_)));
    let lists = count(|ty| matches!(ty, Type::List(_)));
    let sets = count(|ty| matches!(ty, Type::Set(_)));
    let objects = count(|ty| matches!(ty, Type::Object(_)));
    let tuples = count(|ty| matches!(ty, Type::Tuple(_)));
    let all = types.len();
    if maps > 0 && maps + dynamic == all {
        return collections(types, dynamic > 0, Type::map);
    } else if maps > 0 && maps + objects + dynamic == all {
        if let Some(ty) = structures(types, Type::map) {
            return Some(ty);
        }
    } else if lists > 0 && lists + dynamic == all {
        return collections(types, dynamic > 0, Type::list);
    } else if lists > 0 && lists + tuples + dynamic == all {
        if let Some(ty) = structures(types, Type::list) {
            return Some(ty);
        }
    } else if sets > 0 && sets + dynamic == all {
        return collections(types, dynamic > 0, Type::set);
    } else if objects > 0 && objects + dynamic == all {
        return if dynamic > 0 { Some(Type::Dynamic) } else { of_objects(types) };
    } else if tuples > 0 && tuples + dynamic == all {
        return if dynamic > 0 { Some(Type::Dynamic) } else { of_tuples(types) };
    } else if objects > 0 && tuples > 0 {
        return None;
    }
    let mut preferred: Vec<&Type> = types.iter().collect();
    preferred.sort_by(|left, right| preference(left, right));
    preferred.into_iter().find(|wanted| types.iter().all(|ty| converts(ty, wanted))).cloned()
}

fn collections(types: &[Type], dynamic: bool, of: fn(Type) -> Type) -> Option<Type> {
    if dynamic {
        return Some(Type::Dynamic);
    }
    let elements: Vec<Type> = types.iter().filter_map(Type::element).cloned().collect();
    of_all(types, unify(&elements).map(of))
}

/// The type, where all convert to it: some do not to a collection of elements whose type is still open.
fn of_all(types: &[Type], wanted: Option<Type>) -> Option<Type> {
    wanted.filter(|wanted| types.iter().all(|ty| converts(ty, wanted)))
}

/// Collections together with structures: the element types of all.
fn structures(types: &[Type], of: fn(Type) -> Type) -> Option<Type> {
    if types.contains(&Type::Dynamic) {
        return None;
    }
    as_collection(types, of)
}

fn element_types(ty: &Type) -> Vec<Type> {
    match ty {
        Type::Tuple(elements) => elements.to_vec(),
        Type::Object(attributes) => attributes.values().cloned().collect(),
        other => other.element().cloned().into_iter().collect(),
    }
}

fn of_objects(types: &[Type]) -> Option<Type> {
    let objects: Vec<&Named<Type>> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Object(attributes) => Some(attributes.as_ref()),
            _ => None,
        })
        .collect();
    let (first, rest) = objects.split_first()?;
    if rest.iter().any(|other| !other.keys().eq(first.keys())) {
        return as_collection(types, Type::map);
    }
    let unified = |name: &Arc<str>, _: &Type| {
        let types: Vec<Type> = objects.iter().filter_map(|object| object.get(name)).cloned().collect();
        unify(&types).ok_or(())
    };
    let attributes = first.try_map(unified).ok()?;
    of_all(types, Some(Type::Object(Arc::new(attributes)))).or_else(|| as_collection(types, Type::map))
}

/// The collection of all elements of structures.
fn as_collection(types: &[Type], of: fn(Type) -> Type) -> Option<Type> {
    let elements: Vec<Type> = types.iter().flat_map(element_types).collect();
    of_all(types, unify(&elements).map(of))
}

fn of_tuples(types: &[Type]) -> Option<Type> {
    let tuples: Vec<&[Type]> = types
        .iter()
        .filter_map(|ty| match ty {
            Type::Tuple(elements) => Some(elements.as_slice()),
            _ => None,
        })
        .collect();
    let (first, rest) = tuples.split_first()?;
    if rest.iter().any(|other| other.len() != first.len()) {
        return as_collection(types, Type::list);
    }
    let element = |i: usize| {
        let types: Vec<Type> = tuples.iter().filter_map(|tuple| tuple.get(i)).cloned().collect();
        unify(&types)
    };
    let elements = (0..first.len()).map(element).collect::<Option<Vec<Type>>>()?;
    of_all(types, Some(Type::tuple(elements))).or_else(|| as_collection(types, Type::list))
}

/// The type that should be tried first is less: the more general one, but "any" last, for it may become what the others
/// are.
fn preference(left: &Type, right: &Type) -> Ordering {
    let rank = |ty: &Type| match ty {
        Type::Dynamic => 6,
        Type::String => 1,
        Type::Bool | Type::Number => 2,
        Type::List(_) | Type::Map(_) => 3,
        Type::Set(_) => 4,
        Type::Tuple(_) | Type::Object(_) => 5,
    };
    rank(left).cmp(&rank(right))
}
