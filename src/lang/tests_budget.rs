//! Expressions that would take all time or memory end with a diagnostic.

#![allow(clippy::unwrap_used)]

use super::ast::Expr;
use super::budget::{Budget, MOST_TEXT};
use super::eval::evaluate;
use super::parse::parse_expr;
use super::reference::{Effects, NoScope, Scope, Subject};
use super::tests_support::answer;
use super::value::Value;
use crate::diag::{Diagnostics, Sources, Span};

/// `local.x` is what the last expression gave.
struct Chain {
    last: Value,
    budget: Budget,
}

impl Scope for Chain {
    fn value(&self, _: &Subject, _: Span, _: &mut Diagnostics) -> Value {
        self.last.clone()
    }
    fn effects(&self) -> &dyn Effects {
        &NoScope
    }
    fn budget(&self) -> Option<&Budget> {
        Some(&self.budget)
    }
}

fn parsed(text: &str) -> Expr {
    let file = Sources::default().add("chain", text);
    parse_expr(file, text, &mut Diagnostics::new()).unwrap()
}

/// The first error of a chain of local values, each of which is made of the one before.
fn chain(start: Value, next: &str, times: usize) -> Option<String> {
    let mut chain = Chain { last: start, budget: Budget::of(false) };
    let expr = parsed(next);
    for _ in 0..times {
        let mut diags = Diagnostics::new();
        chain.last = evaluate(&expr, &chain, &mut diags);
        if let Some(first) = diags.iter().next() {
            return Some(format!("{}: {}", first.summary, first.detail));
        }
    }
    None
}

#[test]
fn values_that_double_end() {
    let text = || Value::string("0123456789");
    let list = || Value::tuple(vec![text()]);
    for (start, next) in [
        (text(), "\"${local.x}${local.x}\""),
        (text(), "join(local.x, [local.x, local.x])"),
        (text(), "replace(local.x, \"0\", local.x)"),
        (text(), "format(\"%s%s\", local.x, local.x)"),
        (text(), "<<-E\n${local.x}${local.x}\nE\n"),
        (list(), "[local.x, local.x]"),
        (list(), "concat(local.x, local.x)"),
        (list(), "{ a = local.x, b = local.x }"),
        (list(), "flatten([local.x, local.x])"),
        (list(), "[for pair in setproduct(local.x, [1, 2]) : pair[0]]"),
        (list(), "[local.x]"),
        (text(), "jsonencode(local.x)"),
        (text(), "yamlencode([local.x, local.x])"),
    ] {
        let error = chain(start, next, 2000).unwrap_or_default();
        let told =
            error.starts_with("Value too large") || error.contains("combinations") || error.contains("longer than");
        assert!(told || error.contains("Evaluation too large"), "{next}: {error}");
    }
}

#[test]
fn loops_in_loops_end_even_inside_of_try() {
    let four = "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : [for d in range(1000) : d]]]]";
    for text in [
        format!("try({four}, 1)"),
        "\"%{ for a in range(1000) }%{ for b in range(1000) }%{ for c in range(1000) }x%{ endfor }%{ endfor }%{ endfor }\""
            .to_owned(),
        "[for a in range(1000) : [for b in range(1000) : true ? range(1000) : range(1000)]]".to_owned(),
    ] {
        let given = answer(&text);
        assert!(given.contains("too large"), "{text}: {given}");
    }
}

#[test]
fn wide_formats_and_indents_end() {
    for text in [
        "format(\"%999999999d\", 1)",
        "format(\"%.999999999f\", 1)",
        "indent(1048576, join(\"\", [for i in range(1000) : \"\\n\"]))",
        "replace(join(\"\", [for i in range(1000) : \"aaaaaaaa\"]), \"/a*/\", join(\"\", [for i in range(1000) : \"$0$0$0$0$0$0\"]))",
        "yamldecode(<<E\na: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\nE\n)",
    ] {
        assert!(answer(text).starts_with("Error: "), "{text}");
    }
}

#[test]
fn a_whole_configuration_has_limits_too() {
    // Each of these is small enough alone.
    let error = chain(Value::int(1), "[for a in range(1000) : range(100)]", 100_000).unwrap();
    assert!(error.starts_with("Evaluation too large"), "{error}");
}

#[test]
fn large_values_of_real_configurations_pass() {
    let script = "x".repeat(usize::try_from(MOST_TEXT / 3).unwrap());
    assert_eq!(chain(Value::string(script), "\"#!/bin/sh\\n${local.x}\"", 1), None);
    let machines = Value::tuple((0..100_000).map(|n| Value::object([("n", Value::int(n))])).collect());
    assert_eq!(chain(machines, "[for m in local.x : merge(m, { n = m.n + 1 })]", 1), None);
}
