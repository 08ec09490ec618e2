//! Type expressions of `variable` blocks: `list(object({ a = optional(string, "x") }))`.

use super::ast::{Call, Expr, ExprKind, ObjectKey};
use super::constraint::{Constraint, ObjectAttribute};
use super::convert::conform;
use super::eval::evaluate;
use super::reference::{Effects, Scope, Subject};
use super::types::Type;
use super::value::Value;
use crate::diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads a type expression. Defaults of `optional` must be constant. Errors are pushed, and the part is `any`.
pub fn parse_constraint(expr: &Expr, diags: &mut Diagnostics) -> Constraint {
    match &expr.kind {
        // As of old, these two words alone stand for collections of anything.
        ExprKind::Variable(name) if name.as_ref() == "list" => Constraint::List(Arc::new(Constraint::Any)),
        ExprKind::Variable(name) if name.as_ref() == "map" => Constraint::Map(Arc::new(Constraint::Any)),
        ExprKind::String(text) => {
            let detail = format!("Type constraints in quotes are not supported. Remove the quotes around \"{text}\".");
            diags.push(Diagnostic::error("Invalid quoted type constraints", detail).at(expr.span));
            Constraint::Any
        }
        _ => constraint(expr, diags),
    }
}

fn constraint(expr: &Expr, diags: &mut Diagnostics) -> Constraint {
    match &expr.kind {
        ExprKind::Paren(inner) => constraint(inner, diags),
        ExprKind::Variable(name) => keyword(name, expr.span, diags),
        ExprKind::Call(call) => constructor(call, expr.span, diags),
        _ => invalid(
            "A type specification is either a primitive type keyword (bool, number, string) or a complex type \
             constructor call, like list(string).",
            expr.span,
            diags,
        ),
    }
}

fn invalid(detail: impl Into<String>, span: Span, diags: &mut Diagnostics) -> Constraint {
    diags.push(Diagnostic::error("Invalid type specification", detail).at(span));
    Constraint::Any
}

fn primitive(name: &str) -> Option<Type> {
    match name {
        "bool" => Some(Type::Bool),
        "number" => Some(Type::Number),
        "string" => Some(Type::String),
        _ => None,
    }
}

/// What the argument of a constructor is; `None` for what is no constructor.
fn argument_of(name: &str) -> Option<&'static str> {
    match name {
        "list" | "set" | "map" => Some("the element type"),
        "object" => Some("the attribute types and values as a map"),
        "tuple" => Some("the element types as a list"),
        _ => None,
    }
}

fn requires_argument(name: &str, what: &str, span: Span, diags: &mut Diagnostics) -> Constraint {
    invalid(format!("The {name} type constructor requires one argument specifying {what}."), span, diags)
}

const KEYWORDS: [&str; 10] = ["any", "bool", "number", "string", "list", "set", "map", "object", "tuple", "optional"];

const OPTIONAL_MISPLACED: &str = "Keyword \"optional\" is valid only as a modifier for object type attributes.";

fn keyword(name: &str, span: Span, diags: &mut Diagnostics) -> Constraint {
    match (name, primitive(name), argument_of(name)) {
        ("any", ..) => Constraint::Any,
        (_, Some(ty), _) => Constraint::Primitive(ty),
        (_, _, Some(what)) => requires_argument(name, what, span, diags),
        ("optional", ..) => invalid(OPTIONAL_MISPLACED, span, diags),
        _ => {
            let hint = did_you_mean(name, KEYWORDS);
            invalid(format!("The keyword \"{name}\" is not a valid type specification.{hint}"), span, diags)
        }
    }
}

fn constructor(call: &Call, span: Span, diags: &mut Diagnostics) -> Constraint {
    let name = call.name.as_ref();
    match (name, argument_of(name), call.args.as_ref()) {
        ("any", ..) => {
            invalid("Type constraint keyword \"any\" does not expect arguments.", arguments(call, span), diags)
        }
        (_, None, _) if primitive(name).is_some() => {
            let detail = format!("Primitive type keyword \"{name}\" does not expect arguments.");
            invalid(detail, arguments(call, span), diags)
        }
        ("optional", ..) => invalid(OPTIONAL_MISPLACED, call.name_span, diags),
        (_, None, _) => {
            let hint = did_you_mean(name, KEYWORDS);
            invalid(format!("Keyword \"{name}\" is not a valid type constructor.{hint}"), span, diags)
        }
        (_, Some(what), [] | [_, _, ..]) => {
            let at = call.args.get(1).map_or(arguments(call, span), |second| second.span);
            requires_argument(name, what, at, diags)
        }
        ("list", _, [element]) => Constraint::List(Arc::new(constraint(element, diags))),
        ("set", _, [element]) => Constraint::Set(Arc::new(constraint(element, diags))),
        ("map", _, [element]) => Constraint::Map(Arc::new(constraint(element, diags))),
        ("object", _, [attributes]) => object(attributes, diags),
        (_, _, [elements]) => tuple(elements, diags),
    }
}

/// The parentheses of a call.
fn arguments(call: &Call, span: Span) -> Span {
    Span { start: call.name_span.end.min(span.end), ..span }
}

fn tuple(elements: &Expr, diags: &mut Diagnostics) -> Constraint {
    match &elements.kind {
        ExprKind::Tuple(elements) => {
            Constraint::Tuple(elements.iter().map(|element| constraint(element, diags)).collect())
        }
        _ => invalid("Tuple type constructor requires a list of element types.", elements.span, diags),
    }
}

fn object(attributes: &Expr, diags: &mut Diagnostics) -> Constraint {
    let ExprKind::Object(items) = &attributes.kind else {
        let detail = "Object type constructor requires a map whose keys are attribute names and whose values are the \
                      corresponding attribute types.";
        return invalid(detail, attributes.span, diags);
    };
    let mut found = BTreeMap::new();
    for (key, value) in items {
        let (name, span) = match key {
            ObjectKey::Name(name, span) => (name, *span),
            ObjectKey::Expr(key) => {
                invalid("Object constructor map keys must be attribute names.", key.span, diags);
                continue;
            }
        };
        let attribute = attribute(value, diags);
        if found.insert(name.clone(), attribute).is_some() {
            invalid("Object constructor map keys must be unique.", span, diags);
        }
    }
    Constraint::Object(found)
}

fn attribute(expr: &Expr, diags: &mut Diagnostics) -> ObjectAttribute {
    let ExprKind::Call(call) = &expr.kind else {
        return ObjectAttribute { constraint: constraint(expr, diags), optional: None };
    };
    if call.name.as_ref() != "optional" {
        return ObjectAttribute { constraint: constraint(expr, diags), optional: None };
    }
    let null = Some(Value::null(Type::Dynamic));
    match call.args.as_ref() {
        [ty] => ObjectAttribute { constraint: constraint(ty, diags), optional: null },
        [ty, default] => {
            let constraint = constraint(ty, diags);
            let optional = default_value(default, &constraint, diags).or(null);
            ObjectAttribute { constraint, optional }
        }
        [] => {
            let detail = "Optional attribute modifier requires the attribute type as its argument.";
            ObjectAttribute { constraint: invalid(detail, arguments(call, expr.span), diags), optional: null }
        }
        [_, _, third, ..] => {
            let detail = "Optional attribute modifier expects at most two arguments: the attribute type, and a \
                          default value.";
            ObjectAttribute { constraint: invalid(detail, third.span, diags), optional: null }
        }
    }
}

/// A default, in the type of its attribute; `None` where it was refused.
fn default_value(expr: &Expr, constraint: &Constraint, diags: &mut Diagnostics) -> Option<Value> {
    let mut faults = Diagnostics::new();
    let value = evaluate(expr, &Constant, &mut faults);
    let constant = !faults.has_errors();
    diags.extend(faults);
    if !constant {
        return None;
    }
    if !value.is_wholly_known() {
        let detail = "The default value of an optional attribute must be constant.";
        diags.push(Diagnostic::error("Invalid default value for optional attribute", detail).at(expr.span));
        return None;
    }
    conform(&value, constraint)
        .map_err(|error| {
            let detail = format!("This default value is not compatible with the attribute's type constraint: {error}.");
            diags.push(Diagnostic::error("Invalid default value for optional attribute", detail).at(expr.span));
        })
        .ok()
}

/// Where nothing can be referred to.
struct Constant;

impl Scope for Constant {
    fn value(&self, _: &Subject, span: Span, diags: &mut Diagnostics) -> Value {
        diags.push(Diagnostic::error("Variables not allowed", "Variables may not be used here.").at(span));
        Value::unknown(Type::Dynamic)
    }

    fn effects(&self) -> &dyn Effects {
        self
    }
}

impl Effects for Constant {
    fn read_file(&self, _: &str) -> Result<Vec<u8>, String> {
        Err(NO_FILES.to_owned())
    }

    fn file_exists(&self, _: &str) -> Result<bool, String> {
        Err(NO_FILES.to_owned())
    }

    fn fileset(&self, _: &str, _: &str) -> Result<Vec<String>, String> {
        Err(NO_FILES.to_owned())
    }

    fn absolute(&self, _: &str) -> Result<String, String> {
        Err(NO_FILES.to_owned())
    }

    fn home(&self) -> Option<String> {
        None
    }

    fn now(&self) -> Option<String> {
        None
    }

    fn plan_time(&self) -> Option<String> {
        None
    }

    fn random(&self) -> Option<[u8; 16]> {
        None
    }
}

const NO_FILES: &str = "files may not be used here";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::lang::parse::parse_expr;

    fn read(text: &str) -> (Constraint, Vec<String>) {
        let mut diags = Diagnostics::new();
        let file = Sources::default().add("test.hcl", text);
        let expr = parse_expr(file, text, &mut diags).unwrap();
        assert!(diags.is_empty(), "{diags:?}");
        let constraint = parse_constraint(&expr, &mut diags);
        let told = diags.iter().map(|d| {
            let at = d.span.unwrap();
            format!("{} @{}", d.detail, &text[at.start as usize..at.end as usize])
        });
        (constraint, told.collect())
    }

    #[test]
    fn reads_nested_types_with_defaults() {
        let (constraint, told) =
            read("map(object({ a = optional(number, \"5\"), b = list(any), c = optional(bool) }))");
        assert!(told.is_empty(), "{told:?}");
        let Constraint::Map(element) = constraint else { panic!("{constraint:?}") };
        let Constraint::Object(attributes) = element.as_ref() else { panic!("{element:?}") };
        assert_eq!(attributes["a"].optional.as_ref().unwrap().as_number().unwrap().as_i64(), Some(5));
        assert_eq!(attributes["b"].constraint, Constraint::List(Arc::new(Constraint::Any)));
        assert_eq!(attributes["b"].optional, None);
        assert!(attributes["c"].optional.as_ref().unwrap().is_null());
        assert_eq!(read("list").0, Constraint::List(Arc::new(Constraint::Any)));
        assert_eq!(
            read("tuple([string, any])").0,
            Constraint::Tuple(vec![Constraint::Primitive(Type::String), Constraint::Any])
        );
    }

    #[test]
    fn faults_are_told_at_their_place() {
        for (text, detail, at) in [
            ("strin", "The keyword \"strin\" is not a valid type specification. Did you mean \"string\"?", "strin"),
            ("set", "The set type constructor requires one argument specifying the element type.", "set"),
            ("list()", "The list type constructor requires one argument specifying the element type.", "()"),
            (
                "list(string, number)",
                "The list type constructor requires one argument specifying the element type.",
                "number",
            ),
            ("list(list)", "The list type constructor requires one argument specifying the element type.", "list"),
            ("object({a=string, a=number})", "Object constructor map keys must be unique.", "a"),
            (
                "object({a=optional()})",
                "Optional attribute modifier requires the attribute type as its argument.",
                "()",
            ),
            (
                "object({a=optional(number,\"x\")})",
                "This default value is not compatible with the attribute's type constraint: a number is required.",
                "\"x\"",
            ),
            ("object({a=optional(number,var.x)})", "Variables may not be used here.", "var.x"),
            ("list(optional(string))", OPTIONAL_MISPLACED, "optional"),
            (
                "tuple([string,frobnicate])",
                "The keyword \"frobnicate\" is not a valid type specification.",
                "frobnicate",
            ),
            ("frobnicate(string)", "Keyword \"frobnicate\" is not a valid type constructor.", "frobnicate(string)"),
            ("string()", "Primitive type keyword \"string\" does not expect arguments.", "()"),
            ("object({\"a\"=string})", "Object constructor map keys must be attribute names.", "\"a\""),
        ] {
            assert_eq!(read(text).1, [format!("{detail} @{at}")], "{text}");
        }
        assert!(read("\"string\"").1[0].contains("Remove the quotes"));
    }
}
