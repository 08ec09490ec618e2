//! `count` and `for_each`: how many instances, and their keys.

use super::model::Repeat;
use crate::address::InstanceKey;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::Expr;
use crate::lang::convert::convert;
use crate::lang::{Kind, Scope, Type, Value, eval};
use std::sync::Arc;

/// The most instances one block may have: a typing error must not rent a data center.
const MOST: u64 = 100_000;

const EPHEMERAL: &str = "The value is derived from an ephemeral value, which is not kept between plan and apply, so it cannot say which instances there are.";

/// What `count.index` and `each` are.
#[derive(Clone, Debug, Default)]
pub(super) struct Repetition {
    /// The key of the instance.
    pub key: Option<InstanceKey>,
    /// `each.value`.
    pub each_value: Option<Value>,
}

/// The instances of one block.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expansion {
    /// Neither `count` nor `for_each`.
    Single,
    /// `enabled` says that there is none.
    Disabled,
    /// `count`.
    Count(u64),
    /// `for_each`: keys and values, by key.
    Each(Arc<Vec<(String, Value)>>),
    /// `for_each` over a list, which only an `import` block takes: its keys are numbers.
    Listed(Arc<Vec<Value>>),
    /// It could not be told; a diagnostic said why.
    Unknown,
}

impl Expansion {
    /// Evaluates `count` or `for_each`; an unknown one is refused only in an evaluation that is final.
    pub fn evaluate(repeat: &Repeat, is_final: bool, scope: &dyn Scope, diags: &mut Diagnostics) -> Expansion {
        match repeat {
            Repeat { count: Some(expr), .. } => count_of(expr, is_final, scope, diags),
            Repeat { for_each: Some(expr), .. } => each_of(expr, is_final, scope, diags),
            Repeat { enabled: Some(expr), .. } => enabled_of(expr, is_final, scope, diags),
            Repeat { .. } => Expansion::Single,
        }
    }

    /// Evaluates the `for_each` of an `import` block, where it has one.
    pub fn of_import(for_each: Option<&Expr>, is_final: bool, scope: &dyn Scope, diags: &mut Diagnostics) -> Expansion {
        let Some(expr) = for_each else { return Expansion::Single };
        let (value, failed) = evaluated(expr, scope, &mut Diagnostics::new());
        match &value.kind {
            Kind::List(_, elements) | Kind::Tuple(elements) if value.marks.is_none() && !failed => {
                Expansion::Listed(elements.clone())
            }
            _ => each_of(expr, is_final, scope, diags),
        }
    }

    /// How many instances there are.
    pub fn len(&self) -> usize {
        match self {
            Expansion::Single => 1,
            Expansion::Count(n) => usize::try_from(*n).unwrap_or(usize::MAX),
            Expansion::Each(entries) => entries.len(),
            Expansion::Listed(elements) => elements.len(),
            Expansion::Unknown | Expansion::Disabled => 0,
        }
    }

    /// Key and bindings of every instance, in order.
    pub fn repetitions(&self) -> impl Iterator<Item = Repetition> {
        (0..self.len()).map(|at| self.repetition(at))
    }

    /// Key and bindings of one instance.
    pub fn repetition(&self, at: usize) -> Repetition {
        match self {
            Expansion::Count(_) => Repetition { key: Some(InstanceKey::Int(at as u64)), each_value: None },
            Expansion::Each(entries) => entries.get(at).map_or_else(Repetition::default, |(key, value)| Repetition {
                key: Some(InstanceKey::Str(key.clone())),
                each_value: Some(value.clone()),
            }),
            Expansion::Listed(elements) => {
                Repetition { key: Some(InstanceKey::Int(at as u64)), each_value: elements.get(at).cloned() }
            }
            Expansion::Single | Expansion::Unknown | Expansion::Disabled => Repetition::default(),
        }
    }

    /// Which instance has this key.
    pub fn place(&self, key: Option<&InstanceKey>) -> Option<usize> {
        match (self, key) {
            (Expansion::Single, None) => Some(0),
            (Expansion::Count(n), Some(InstanceKey::Int(at))) if at < n => usize::try_from(*at).ok(),
            (Expansion::Listed(elements), Some(InstanceKey::Int(at))) => {
                usize::try_from(*at).ok().filter(|at| *at < elements.len())
            }
            (Expansion::Each(entries), Some(InstanceKey::Str(key))) => {
                entries.binary_search_by(|(other, _)| other.cmp(key)).ok()
            }
            _ => None,
        }
    }

    /// What a reference to the whole block is: one object, a tuple of them, or an object of them by key.
    pub fn collect(&self, instances: Vec<Value>) -> Value {
        match self {
            Expansion::Single => instances.into_iter().next().unwrap_or_else(|| Value::unknown(Type::Dynamic)),
            Expansion::Count(_) | Expansion::Listed(_) => Value::tuple(instances),
            Expansion::Each(entries) => {
                Value::object(entries.iter().zip(instances).map(|((key, _), value)| (key.as_str(), value)))
            }
            Expansion::Disabled => Value::null(Type::Dynamic),
            Expansion::Unknown => Value::unknown(Type::Dynamic),
        }
    }
}

/// The value, and whether an error was pushed for it.
fn evaluated(expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> (Value, bool) {
    let mut own = Diagnostics::new();
    let value = eval::evaluate(expr, scope, &mut own);
    let failed = own.has_errors();
    diags.extend(own);
    (value, failed)
}

fn enabled_of(expr: &Expr, is_final: bool, scope: &dyn Scope, diags: &mut Diagnostics) -> Expansion {
    let (value, failed) = evaluated(expr, scope, diags);
    if failed || (!is_final && !value.is_known()) {
        return Expansion::Unknown;
    }
    let detail = match convert(&value, &Type::Bool) {
        Ok(value) if value.marks.ephemeral => EPHEMERAL.to_owned(),
        Ok(value) if value.marks.sensitive => {
            "Sensitive values cannot be used as enabled: whether the instance exists would disclose them.".to_owned()
        }
        Ok(value) if !value.is_known() => "The \"enabled\" value depends on resource attributes that cannot be determined until apply, so podform cannot predict whether the instance exists.".to_owned(),
        Ok(value) => match value.as_bool() {
            Some(true) => return Expansion::Single,
            Some(false) => return Expansion::Disabled,
            None => "The given \"enabled\" argument value is null: true or false is required.".to_owned(),
        },
        Err(error) => format!("The given \"enabled\" argument value is unsuitable: {error}."),
    };
    refused("Invalid enabled argument", detail, expr, scope, diags)
}

fn count_of(expr: &Expr, is_final: bool, scope: &dyn Scope, diags: &mut Diagnostics) -> Expansion {
    let (value, failed) = evaluated(expr, scope, diags);
    if failed || (!is_final && !value.is_wholly_known() && value.marks.is_none()) {
        return Expansion::Unknown;
    }
    let mut refuse = |detail: String| refused("Invalid count argument", detail, expr, scope, diags);
    if value.marks.ephemeral {
        return refuse(EPHEMERAL.into());
    }
    if value.marks.sensitive {
        return refuse("Sensitive values, or values derived from them, cannot be used as count: the addresses of the instances would disclose them.".into());
    }
    let number = match convert(&value, &Type::Number) {
        Ok(number) => number,
        Err(error) => return refuse(format!("The given \"count\" argument value is unsuitable: {error}.")),
    };
    match &number.kind {
        Kind::Unknown(..) => refuse("The \"count\" value depends on resource attributes that cannot be determined until apply, so podform cannot predict how many instances will be created. Use -target to first apply only the resources that the count depends on.".into()),
        Kind::Number(n) => match n.as_u64() {
            Some(n) if n <= MOST => Expansion::Count(n),
            Some(_) => refuse(format!("A count of {n} is beyond the limit of {MOST}.")),
            None => refuse(format!("The count is {n}; it must be a whole number that is not negative.")),
        },
        _ => refuse("The given \"count\" argument value is null. A whole number is required.".into()),
    }
}

fn each_of(expr: &Expr, is_final: bool, scope: &dyn Scope, diags: &mut Diagnostics) -> Expansion {
    let (value, failed) = evaluated(expr, scope, diags);
    let unknown_keys = !value.is_known() || (matches!(value.kind, Kind::Set(..)) && !value.is_wholly_known());
    if failed || (!is_final && unknown_keys && value.marks.is_none()) {
        return Expansion::Unknown;
    }
    let mut refuse = |detail: &str| refused("Invalid for_each argument", detail.to_owned(), expr, scope, diags);
    if value.marks.ephemeral || (matches!(value.kind, Kind::Set(..)) && value.deep_marks().ephemeral) {
        return refuse(EPHEMERAL);
    }
    if value.marks.sensitive {
        return refuse(
            "Sensitive values, or values derived from them, cannot be used as for_each: the addresses of the instances would disclose them.",
        );
    }
    match &value.kind {
        Kind::Unknown(..) => refuse(
            "The \"for_each\" value depends on resource attributes that cannot be determined until apply, so podform cannot predict the keys. Use keys that are known in the configuration, or -target to first apply what the keys depend on.",
        ),
        Kind::Null(_) => refuse("The given \"for_each\" argument value is null. A map, or set of strings, is allowed."),
        Kind::Map(_, entries) | Kind::Object(entries) => Expansion::Each(Arc::new(
            entries.iter().map(|(key, element)| (key.to_string(), element.clone().marked(value.marks))).collect(),
        )),
        Kind::Set(_, elements) => {
            let mut entries = Vec::with_capacity(elements.len());
            for element in elements.iter() {
                match &element.kind {
                    Kind::String(text) if element.marks.is_none() => entries.push((text.to_string(), element.clone())),
                    Kind::String(_) => {
                        return refuse(
                            "A set for for_each cannot hold sensitive values: the addresses of the instances would disclose them.",
                        );
                    }
                    Kind::Unknown(..) => {
                        return refuse(
                            "The \"for_each\" set holds values that cannot be determined until apply, so podform cannot predict the keys. Use a map whose keys stand in the configuration, or -target to first apply what the values depend on.",
                        );
                    }
                    Kind::Null(_) => return wrong_set("null", expr, scope, diags),
                    _ => {
                        return wrong_set(&format!("a {}", element.ty().friendly_name()), expr, scope, diags);
                    }
                }
            }
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Expansion::Each(Arc::new(entries))
        }
        _ => refuse(
            "The given \"for_each\" argument value is unsuitable: it must be a map, or a set of strings. Write toset([...]) around a list.",
        ),
    }
}

fn wrong_set(what: &str, expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> Expansion {
    let detail = format!("A set for for_each must hold only strings that are not null, and this one holds {what}.");
    refused("Invalid for_each set argument", detail, expr, scope, diags)
}

fn refused(summary: &str, detail: String, expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> Expansion {
    let values = eval::values_in_play(expr, scope);
    diags.push(Diagnostic::error(summary, detail).at(expr.span).with_values(values));
    Expansion::Unknown
}
