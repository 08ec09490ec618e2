//! Conversion, unknown values, marks, and what diagnostics show.

#![allow(clippy::unwrap_used)]

use super::constraint::{Constraint, ObjectAttribute};
use super::convert::{conform, convert};
use super::tests_support::{answer, eval, show};
use super::types::Type;
use super::value::Value;

#[test]
fn conversion_errors_name_the_place() {
    let fails = |text: &str, ty: &Type| convert(&eval(text).0, ty).unwrap_err().to_string();
    let object = Type::object([("x", Type::Number)]);
    assert_eq!(fails("{}", &object), "attribute \"x\" is required");
    assert_eq!(fails("[[]]", &Type::list(Type::Number)), "element 0: number required");
    assert_eq!(fails("[\"a\"]", &Type::list(Type::Number)), "[0]: a number is required");
    assert_eq!(fails("{x = \"a\"}", &object), ".x: a number is required");
    assert_eq!(fails("\"True\"", &Type::Bool), "a bool is required; to convert from string, use lowercase \"true\"");
    assert_eq!(fails("5", &Type::list(Type::String)), "list of string required");
}

#[test]
fn conversion_drops_what_an_object_type_does_not_have() {
    let ty = Type::object([("x", Type::String)]);
    assert_eq!(show(&convert(&eval("{x = 1, y = 2}").0, &ty).unwrap(), 0), "{\n  \"x\" = \"1\"\n}");
    let set = convert(&eval("[\"b\", \"a\", \"b\"]").0, &Type::set(Type::String)).unwrap();
    assert_eq!(show(&set, 0), "toset([\n  \"a\",\n  \"b\",\n])");
    let map = convert(&eval("{a = 1, b = \"x\"}").0, &Type::map(Type::Dynamic)).unwrap();
    assert_eq!(map.ty(), Type::map(Type::String));
}

#[test]
fn optional_attributes_are_filled_in() {
    let optional =
        |ty: Type, default: Value| ObjectAttribute { constraint: Constraint::Primitive(ty), optional: Some(default) };
    let attributes = [
        ("a".into(), ObjectAttribute { constraint: Constraint::Primitive(Type::String), optional: None }),
        ("b".into(), optional(Type::Number, Value::int(7))),
        ("c".into(), optional(Type::Bool, Value::null(Type::Bool))),
    ];
    let constraint = Constraint::List(Constraint::Object(attributes.into()).into());
    let value = conform(&eval("[{a = 1}, {a = \"x\", b = 2, d = 3}]").0, &constraint).unwrap();
    let first = &value.as_elements().unwrap()[0];
    assert_eq!((first.get("a"), first.get("b")), (Some(&Value::string("1")), Some(&Value::int(7))));
    assert_eq!(first.get("c"), Some(&Value::null(Type::Bool)));
    assert_eq!(
        conform(&eval("[{b = 1}]").0, &constraint).unwrap_err().message,
        "element 0: attribute \"a\" is required"
    );
}

#[test]
fn unknown_keeps_what_is_known_of_it() {
    let refined = |text: &str| eval(text).0.refinements().unwrap();
    assert_eq!(refined("\"pre${local.u}\"").prefix.as_deref(), Some("pre"));
    assert!(refined("local.ub ? 1 : 2").not_null);
    assert!(!refined("local.ub ? 1 : null").not_null);
    assert_eq!(answer("\"pre${local.u}\" == \"other\""), "false");
}

#[test]
fn marks_reach_every_result() {
    for text in ["var.s == \"x\"", "\"a${var.s}\"", "{(var.s) = 1}", "[for x in [1] : x if var.s == \"sec\"]"] {
        let (value, diags) = eval(text);
        assert!(diags.is_empty(), "{text}: {diags:?}");
        assert!(value.deep_marks().sensitive, "{text}");
    }
}

#[test]
fn diagnostics_show_values_in_play_and_hide_secrets() {
    let (_, diags) = eval("[for x in [1] : var.n + var.s + x]");
    let first = diags.iter().next().unwrap();
    assert_eq!(first.summary, "Invalid operand");
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(first.values(), [named("var.n", "is 5"), named("var.s", "has a sensitive value")]);
    let (_, diags) = eval("[for x in [\"q\"] : x + 1]");
    assert_eq!(diags.iter().next().unwrap().values(), [named("x", "is \"q\"")]);
}
