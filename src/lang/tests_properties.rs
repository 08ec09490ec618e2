//! What holds for every value, function and text: conversion settles, marks stay, nothing panics.
//!
//! `PODFORM_FUZZ=N` runs N cases of each instead of a few hundred. proptest prints the seed of a failure.

#![allow(clippy::unwrap_used)]

use super::convert::convert;
use super::functions::{self, Signature};
use super::reference::NoScope;
use super::tests_support::{answer, eval};
use super::types::Type;
use super::value::{Marks, Value};
use crate::diag::{Diagnostics, Sources};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PODFORM_FUZZ").ok().and_then(|n| n.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(usual), failure_persistence: None, ..ProptestConfig::default() }
}

fn types() -> impl Strategy<Value = Type> {
    let plain = prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String), Just(Type::Dynamic)];
    plain.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Type::tuple),
            prop::collection::btree_map("[ab]", inner, 0..3).prop_map(Type::object),
        ]
    })
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::bool),
        (-3i64..1000).prop_map(Value::int),
        "(true|1|-2.5|[a-z]{0,3})".prop_map(Value::string),
        types().prop_map(Value::null),
        types().prop_map(Value::unknown),
        types().prop_map(Value::unknown_not_null),
    ];
    let marked = (leaf, any::<bool>()).prop_map(|(value, s)| value.marked(Marks { sensitive: s, ..Marks::NONE }));
    marked.prop_recursive(3, 16, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            several.clone().prop_map(Value::tuple),
            prop::collection::btree_map("[ab]", inner, 0..3).prop_map(Value::object),
            several.clone().prop_filter_map("one type", |elements| {
                convert(&Value::tuple(elements), &Type::list(Type::Dynamic)).ok()
            }),
            several.prop_filter_map("one type", |elements| {
                convert(&Value::tuple(elements), &Type::set(Type::Dynamic)).ok()
            }),
        ]
    })
}

/// Pieces of the language, strung together.
fn texts() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "1",
        "-",
        "+",
        "\"",
        "${",
        "}",
        "%{",
        "%{ if ",
        "%{ for x in ",
        "%{ endfor }",
        "%{ endif }",
        "~}",
        "{",
        "[",
        "]",
        "(",
        ")",
        "for ",
        " in ",
        " : ",
        " => ",
        "...",
        "if ",
        "a",
        "x",
        "var.n",
        "local.l",
        "local.u",
        ".",
        ",",
        "=",
        "==",
        "?",
        ":",
        "[*]",
        ".*",
        "!",
        "&&",
        "<<E\n",
        "\nE\n",
        "<<-E\n",
        "\n",
        "\r\n",
        "é",
        "e\u{301}",
        "\\u00",
        "\\",
        "$${",
        "null",
        "true",
        "1e9",
        "0x",
        "upper(",
        "merge(",
        "try(",
        "format(\"%s\",",
        "jsondecode(\"",
        "yamldecode(\"",
        "#",
        "/*",
        "*/",
        "core::",
        "\u{feff}",
        "\0",
        "😀",
    ];
    prop::collection::vec(prop_oneof![4 => prop::sample::select(PIECES).prop_map(str::to_owned), 1 => ".{0,3}"], 0..24)
        .prop_map(|pieces| pieces.concat())
}

/// An expression that is right, with one piece cut out, doubled or replaced.
fn mutations() -> impl Strategy<Value = String> {
    const RIGHT: &[&str] = &[
        "[for k, v in {a = 1, b = [2]} : \"${k}-${jsonencode(v)}\" if k != \"c\"]",
        "{for x in [\"a\", \"b\", \"a\"] : x => upper(x)...}",
        "true ? {a = [1, \"x\"]} : {a = null}",
        "\"%{ for x in [1, 2] ~} ${x} %{ if x > 1 }big%{ else }small%{ endif }%{ endfor ~}\"",
        "local.objs[*].a[0] + var.n * 2 - -3 % 5",
        "try(local.l[7], local.map[\"a\"], var.o.b.c)",
        "format(\"%05.2f|%-8s|%[1]v\", 3.14159, \"ab\")",
        "<<-EOT\n  a ${1 + 1}\n    %{ if true }b%{ endif }\n  EOT\n",
        "merge({a = 1}, [{b = sensitive(2)}]...)",
        "yamldecode(\"a: &x [1, {b: c}]\\nd: *x\\n\")",
        "regexall(\"(?P<n>[a-z]+)([0-9]*)\", \"ab12 cd\")",
        "cidrsubnets(\"10.0.0.0/8\", 4, 4, 8)[1]",
    ];
    (prop::sample::select(RIGHT), any::<prop::sample::Index>(), any::<prop::sample::Index>(), texts(), 0..3u8).prop_map(
        |(right, from, to, new, how)| {
            let chars: Vec<char> = right.chars().collect();
            let (a, b) = (from.index(chars.len()), to.index(chars.len()));
            let (a, b) = (a.min(b), a.max(b));
            let text = |part: &[char]| part.iter().collect::<String>();
            match how {
                0 => text(&chars[..a]) + &text(&chars[b..]),
                1 => text(&chars[..b]) + &text(&chars[a..]),
                _ => text(&chars[..a]) + &new + &text(&chars[b..]),
            }
        },
    )
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn conversion_settles(value in values(), ty in types()) {
        if let Ok(once) = convert(&value, &ty) {
            prop_assert_eq!(convert(&once, &ty).unwrap(), once.clone());
            prop_assert!(once.deep_marks().sensitive || !value.marks.sensitive);
        }
    }

    #[test]
    fn no_text_makes_parser_or_evaluator_panic(text in prop_oneof![texts(), mutations(), ".{0,40}"]) {
        answer(&text);
        let mut diags = Diagnostics::new();
        super::parse::parse_body(Sources::default().add("body", text.as_str()), &text, &mut diags);
        let text = format!("x = {text}\n");
        super::parse::parse_body(Sources::default().add("body", text.as_str()), &text, &mut diags);
    }

    #[test]
    fn no_argument_makes_a_function_panic(
        function in prop::sample::select(functions::signatures()),
        args in prop::collection::vec(values(), 0..4),
    ) {
        if let Some(Ok(value)) = functions::call(function.name, &args, &NoScope) {
            value.ty();
        }
    }
}

/// Arguments of the types that a signature asks for.
fn arguments(signature: &Signature) -> Vec<Value> {
    let special: BTreeMap<&str, &str> = [
        ("base64decode", "[\"aGk=\"]"),
        ("cidrhost", "[\"10.0.0.0/8\", 1]"),
        ("cidrnetmask", "[\"10.0.0.0/8\"]"),
        ("cidrsubnet", "[\"10.0.0.0/8\", 8, 1]"),
        ("cidrsubnets", "[\"10.0.0.0/8\", 8]"),
        ("coalescelist", "[[1]]"),
        ("concat", "[[1], [2]]"),
        ("contains", "[[1], 1]"),
        ("csvdecode", "[\"a\\n1\"]"),
        ("element", "[[1], 0]"),
        ("flatten", "[[[1]]]"),
        ("format", "[\"%s\", 1]"),
        ("formatdate", "[\"YYYY\", \"2020-01-01T00:00:00Z\"]"),
        ("formatlist", "[\"%s\", [1]]"),
        ("index", "[[1], 1]"),
        ("jsondecode", "[\"[1]\"]"),
        ("keys", "[{a = 1}]"),
        ("length", "[[1]]"),
        ("lookup", "[{a = 1}, \"a\", 2]"),
        ("matchkeys", "[[1], [1], [1]]"),
        ("merge", "[{a = 1}, {b = 2}]"),
        ("one", "[[1]]"),
        ("parseint", "[\"1\", 10]"),
        ("regex", "[\"a\", \"a\"]"),
        ("reverse", "[[1]]"),
        ("setproduct", "[[1], [2]]"),
        ("slice", "[[1, 2], 0, 1]"),
        ("sum", "[[1]]"),
        ("textdecodebase64", "[\"aGk=\", \"utf-8\"]"),
        ("textencodebase64", "[\"hi\", \"utf-8\"]"),
        ("timeadd", "[\"2020-01-01T00:00:00Z\", \"1h\"]"),
        ("timecmp", "[\"2020-01-01T00:00:00Z\", \"2020-01-01T00:00:00Z\"]"),
        ("tobool", "[true]"),
        ("tolist", "[[1]]"),
        ("tomap", "[{a = 1}]"),
        ("tonumber", "[1]"),
        ("toset", "[[1]]"),
        ("templatestring", "[\"a\", {}]"),
        ("uuidv5", "[\"dns\", \"a\"]"),
        ("values", "[{a = 1}]"),
        ("yamldecode", "[\"a: 1\"]"),
        ("zipmap", "[[\"a\"], [1]]"),
    ]
    .into();
    if let Some(text) = special.get(signature.name) {
        return eval(text).0.as_elements().unwrap().to_vec();
    }
    let of = |ty: &Type| match ty {
        Type::Number => Value::int(2),
        Type::Bool => Value::bool(true),
        Type::List(element) if **element == Type::Number => eval("[1]").0,
        Type::List(element) if **element == Type::Bool => eval("[true]").0,
        Type::List(_) | Type::Set(_) => eval("[\"a\"]").0,
        Type::Map(_) => eval("{a = [\"b\"]}").0,
        _ => Value::string("a"),
    };
    signature.parameters.iter().chain(&signature.variadic).map(|parameter| of(&parameter.ty)).collect()
}

#[test]
fn marks_pass_through_every_function() {
    // These take the mark off, tell of it, read files, or give what does not depend on the argument's data.
    const OTHERWISE: &[&str] =
        &["nonsensitive", "issensitive", "rsadecrypt", "can", "try", "timestamp", "plantimestamp", "uuid"];
    let mut asked = 0;
    for signature in functions::signatures() {
        let name = signature.name;
        if OTHERWISE.contains(&name) || name.starts_with("file") || name.starts_with("templatefile") {
            continue;
        }
        let plain = arguments(&signature);
        for at in 0..plain.len() {
            for deep in [false, true] {
                let mut args = plain.clone();
                args[at] = if deep { inside(&args[at]) } else { args[at].clone().marked(Marks::SENSITIVE) };
                if !args[at].deep_marks().sensitive {
                    continue;
                }
                match functions::call(name, &args, &NoScope) {
                    Some(Ok(value)) => {
                        // What an element holds does not tell how many there are, nor their names, nor the others.
                        let apart = deep && ["length", "keys"].contains(&name);
                        let unused = name == "lookup" && at == 2 || name == "coalescelist" && at > 0;
                        assert!(value.deep_marks().sensitive || apart || unused, "{name}, argument {at}, deep {deep}");
                        asked += 1;
                    }
                    Some(Err(error)) => {
                        let known = ["abspath", "pathexpand"].contains(&name);
                        assert!(known, "{name}: {}", error.message);
                    }
                    None => panic!("no function {name}"),
                }
            }
        }
    }
    assert!(asked > 150, "{asked}");
}

/// With the mark on the elements.
fn inside(value: &Value) -> Value {
    let mark = |element: &Value| element.clone().marked(Marks::SENSITIVE);
    match (value.as_elements(), value.as_entries()) {
        (Some(elements), _) => Value::tuple(elements.iter().map(mark).collect()),
        (_, Some(entries)) => Value::object(entries.iter().map(|(name, value)| (name.clone(), mark(value)))),
        _ => value.clone(),
    }
}

#[test]
fn marks_pass_through_every_operator_and_access() {
    for text in [
        "var.s == \"a\"",
        "var.s != \"a\"",
        "!(var.s == \"a\")",
        "-length(var.s)",
        "length(var.s) + 1",
        "1 - length(var.s)",
        "length(var.s) * 2",
        "length(var.s) / 2",
        "length(var.s) % 2",
        "length(var.s) < 1",
        "1 <= length(var.s)",
        "length(var.s) > 1",
        "length(var.s) >= 1",
        "(var.s == \"a\") && true",
        "false || (var.s == \"a\")",
        "var.s == \"a\" ? 1 : 2",
        "true ? var.s : \"a\"",
        "false ? var.s : \"a\"",
        "[var.s][0]",
        "{a = var.s}.a",
        "{a = var.s}[\"a\"]",
        "{(var.s) = 1}",
        "{sec = 1}[var.s]",
        "[1, 2][length(var.s) - 3]",
        "[var.s][*]",
        "[{a = var.s}][*].a",
        "sensitive([1])[*]",
        "sensitive({a = 1}).a",
        "sensitive([1])[0]",
        "[for x in [var.s] : x]",
        "[for x in sensitive([1]) : 2]",
        "{for x in [var.s] : x => 1}",
        "[for x in [1] : x if var.s == \"sec\"]",
        "{for k, v in {a = var.s} : k => v...}",
        "\"a${var.s}\"",
        "\"${var.s}\"",
        "\"%{ if var.s == \"a\" }x%{ endif }\"",
        "\"%{ for x in sensitive([1]) }x%{ endfor }\"",
        "<<E\n${var.s}\nE\n",
        "try(var.s, 1)",
        "upper([var.s]...)",
        "max(sensitive([1, 2])...)",
        "local.u == var.s",
        "(var.s)",
    ] {
        let (value, diags) = eval(text);
        assert!(!diags.has_errors(), "{text}: {diags:?}");
        assert!(value.deep_marks().sensitive, "{text}");
    }
}
