//! A scope and a printer for tests: values as `terraform console` prints them.

#![allow(clippy::unwrap_used)]

use super::reference::{Effects, Scope, Subject};
use super::types::Type;
use super::value::{Kind, Marks, Value};
use super::{eval, parse};
use crate::diag::{Diagnostic, Diagnostics, Sources, Span};

pub(super) struct TestScope;

impl Scope for TestScope {
    fn value(&self, subject: &Subject, span: Span, diags: &mut Diagnostics) -> Value {
        let name = match subject {
            Subject::Variable(name) => format!("var.{name}"),
            Subject::Local(name) => format!("local.{name}"),
            other => format!("{other:?}"),
        };
        let strings = |texts: &[&str]| texts.iter().map(Value::string).collect::<Vec<_>>();
        match name.as_str() {
            "var.s" => Value::string("sec").marked(Marks::SENSITIVE),
            "var.n" => Value::number(super::Number::parse("5").unwrap()),
            "var.o" => {
                let inner = Value::object([("c", Value::string("x"))]);
                Value::object([("a", Value::number(super::Number::parse("1").unwrap())), ("b", inner)])
            }
            "local.u" => Value::unknown(Type::Dynamic),
            "local.unk" => Value::unknown(Type::Dynamic),
            "local.ub" => Value::unknown(Type::Bool),
            "local.nul" => Value::null(Type::Dynamic),
            "local.nullist" => Value::null(Type::list(Type::String)),
            "local.l" => Value::list(Type::String, strings(&["a", "b"])),
            "local.empty" => Value::list(Type::object([("a", Type::Number)]), Vec::new()),
            "local.objs" => Value::list(
                Type::object([("a", Type::Number)]),
                vec![Value::object([("a", Value::int(1))]), Value::object([("a", Value::int(2))])],
            ),
            "local.set" => Value::set(Type::String, strings(&["b", "a", "b"])),
            "local.map" => Value::map(Type::Number, [("a", Value::int(1))]),
            "local.ul" => Value::list(Type::String, vec![Value::unknown(Type::String)]),
            _ => {
                diags.push(Diagnostic::error("Reference to undeclared value", name).at(span));
                Value::unknown(Type::Dynamic)
            }
        }
    }

    fn effects(&self) -> &dyn Effects {
        self
    }
}

impl Effects for TestScope {
    fn read_file(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("no files".into())
    }
    fn file_exists(&self, _: &str) -> Result<bool, String> {
        Ok(false)
    }
    fn fileset(&self, _: &str, _: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
    fn absolute(&self, path: &str) -> Result<String, String> {
        Ok(path.into())
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

/// The value and the diagnostics of an expression.
pub(super) fn eval(text: &str) -> (Value, Diagnostics) {
    let file = Sources::default().add("test.hcl", text);
    let mut diags = Diagnostics::new();
    let value = match parse::parse_expr(file, text, &mut diags) {
        Some(expr) => eval::evaluate(&expr, &TestScope, &mut diags),
        None => Value::unknown(Type::Dynamic),
    };
    (value, diags)
}

/// As the console answers: the value, or "Error: SUMMARY: DETAIL".
pub(super) fn answer(text: &str) -> String {
    let (value, diags) = eval(text);
    match diags.iter().next() {
        Some(first) => format!("Error: {}: {}", first.summary, first.detail),
        None => show(&value, 0),
    }
}

pub(super) fn show(value: &Value, depth: usize) -> String {
    if value.marks.sensitive {
        return "(sensitive value)".into();
    }
    let pad = "  ".repeat(depth + 1);
    let close = "  ".repeat(depth);
    let block = |open: &str, lines: Vec<String>, end: &str| match lines.is_empty() {
        true => format!("{open}{end}"),
        false => {
            format!("{open}\n{}{close}{end}", lines.iter().map(|line| format!("{pad}{line}\n")).collect::<String>())
        }
    };
    let items = |elements: &[Value]| elements.iter().map(|v| show(v, depth + 1) + ",").collect();
    let fields = |entries: &crate::lang::Entries| {
        entries.iter().map(|(name, v)| format!("{} = {}", quote(name), show(v, depth + 1))).collect()
    };
    match &value.kind {
        Kind::Unknown(..) => "(known after apply)".into(),
        Kind::Null(Type::Dynamic) => "null".into(),
        Kind::Null(ty) => format!("to{}(null)", ty.friendly_name()),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => n.to_string(),
        Kind::String(text) if text.contains('\n') => format!("<<EOT\n{text}\nEOT"),
        Kind::String(text) => quote(text),
        Kind::List(_, elements) => block("tolist([", items(elements), "])"),
        Kind::Set(_, elements) => block("toset([", items(elements), "])"),
        Kind::Tuple(elements) => block("[", items(elements), "]"),
        Kind::Map(_, entries) => block("tomap({", fields(entries), "})"),
        Kind::Object(entries) => block("{", fields(entries), "}"),
    }
}

fn quote(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{}\"", escaped.replace('\r', "\\r"))
}
