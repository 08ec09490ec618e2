//! Calls that Terraform answers otherwise or that need effects, and the table as a whole.

use super::{call, find, names};
use crate::diag::{Diagnostics, Sources, Span};
use crate::lang::ast::ExprKind;
use crate::lang::eval::evaluate;
use crate::lang::parse::parse_expr;
use crate::lang::reference::{Effects, Scope, Subject};
use crate::lang::types::Type;
use crate::lang::value::{Kind, Value};

/// Unset variables, as the console has them, and a directory of a few files.
struct Console;

impl Scope for Console {
    fn value(&self, subject: &Subject, _: Span, _: &mut Diagnostics) -> Value {
        let Subject::Variable(name) = subject else { return Value::unknown(Type::Dynamic) };
        Value::unknown(match name.as_ref() {
            "us" => Type::String,
            "un" => Type::Number,
            "ul" => Type::list(Type::String),
            "um" => Type::map(Type::String),
            _ => Type::Dynamic,
        })
    }

    fn effects(&self) -> &dyn Effects {
        self
    }
}

impl Effects for Console {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        Ok(match path {
            "f.txt" => "abc\n",
            "t.tpl" => "hello ${upper(name)}%{ for x in xs } ${x}%{ endfor }\n",
            "list.tpl" => "${[1,2]}",
            "strip.tpl" => "a%{ if true }b\n%{ endif ~}\n",
            "rec.tpl" => "${templatefile(\"f.txt\", {})}",
            "bad.tpl" => "${1 +}\n",
            _ => return Err("no such file".into()),
        }
        .into())
    }

    fn file_exists(&self, path: &str) -> Result<bool, String> {
        match path {
            "d" => Err("\"d\" is a directory, not a file".into()),
            path => Ok(path == "f.txt"),
        }
    }

    fn fileset(&self, path: &str, _: &str) -> Result<Vec<String>, String> {
        assert_eq!(path, "d");
        Ok(vec!["b.txt".into(), "a.txt".into()])
    }

    fn absolute(&self, path: &str) -> Result<String, String> {
        Ok(format!("/here/./{path}"))
    }

    fn home(&self) -> Option<String> {
        Some("/home/me".into())
    }

    fn now(&self) -> Option<String> {
        None
    }

    fn plan_time(&self) -> Option<String> {
        Some("2026-01-01T00:00:00Z".into())
    }

    fn random(&self) -> Option<[u8; 16]> {
        Some([7; 16])
    }
}

/// The console's answer. The outermost call is made here, so that its own error is seen whole.
fn answer(text: &str) -> String {
    let mut diags = Diagnostics::new();
    let file = Sources::default().add("console", text);
    let Some(expr) = parse_expr(file, text, &mut diags) else { return "no expression".into() };
    let value = match &expr.kind {
        ExprKind::Call(made) => {
            let args: Vec<Value> = made.args.iter().map(|arg| evaluate(arg, &Console, &mut diags)).collect();
            match call(&made.name, &args, &Console) {
                Some(Ok(value)) => value,
                Some(Err(error)) => return format!("Error: {}: {}", error.summary(), error.detail(&made.name)),
                None => return format!("no function {}", made.name),
            }
        }
        _ => evaluate(&expr, &Console, &mut diags),
    };
    match diags.iter().next() {
        Some(first) => format!("Error: {}: {}", first.summary, first.detail),
        None => match value.as_str() {
            Some(text) if text.contains('\n') && !value.marks.sensitive => {
                format!("<<EOT\n{text}\nEOT")
            }
            _ => show(&value, 0),
        },
    }
}

fn show(value: &Value, depth: usize) -> String {
    let (pad, close) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    let block = |open: &str, lines: Vec<String>, end: &str| match lines.is_empty() {
        true => format!("{open}{end}"),
        false => {
            format!("{open}\n{}{close}{end}", lines.iter().map(|line| format!("{pad}{line}\n")).collect::<String>())
        }
    };
    let items = |elements: &[Value]| elements.iter().map(|v| show(v, depth + 1) + ",").collect();
    let fields = || {
        let entries = value.as_entries().into_iter().flatten();
        entries.map(|(name, v)| format!("{name:?} = {}", show(v, depth + 1))).collect()
    };
    match &value.kind {
        Kind::Unknown(..) => "(known after apply)".into(),
        _ if value.marks.sensitive => "(sensitive value)".into(),
        Kind::Null(Type::Dynamic) => "null".into(),
        Kind::Null(ty) => format!("to{}(null)", ty.friendly_name()),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => n.to_string(),
        Kind::String(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        Kind::List(_, elements) => block("tolist([", items(elements), "])"),
        Kind::Set(_, elements) => block("toset([", items(elements), "])"),
        Kind::Tuple(elements) => block("[", items(elements), "]"),
        Kind::Map(..) => block("tomap({", fields(), "})"),
        Kind::Object(_) => block("{", fields(), "}"),
    }
}

#[test]
fn answers_that_are_ours() {
    for (expression, expected) in [
        // Terraform panics, or goes on with infinity.
        (
            "indent(-1, \"a\")",
            "Error: Invalid function argument: Invalid value for \"spaces\" parameter: must be between 0 and 1048576.",
        ),
        (
            "log(-1, 2)",
            "Error: Error in function call: Call to function \"log\" failed: the result is not a finite number.",
        ),
        (
            "pow(0, -1)",
            "Error: Error in function call: Call to function \"pow\" failed: the result is not a finite number.",
        ),
        // Terraform takes a null of no type for something unknown.
        (
            "format(\"%d\", null)",
            "Error: Error in function call: Call to function \"format\" failed: unsupported value for \"%d\" at 0: null value cannot be formatted.",
        ),
        ("core::upper(\"a\")", "\"A\""),
        ("abspath(\"a/../b\")", "\"/here/b\""),
        ("pathexpand(\"~/x\")", "\"/home/me/x\""),
        ("uuid()", "\"07070707-0707-4707-8707-070707070707\""),
        ("timestamp()", "(known after apply)"),
        ("plantimestamp()", "\"2026-01-01T00:00:00Z\""),
        (
            "file(\"nope\")",
            "Error: Invalid function argument: Invalid value for \"path\" parameter: no file exists at \"nope\"; this function works only with files that stand beside the configuration before anything is applied.",
        ),
        ("templatefile(\"strip.tpl\", {})", "<<EOT\nab\n\nEOT"),
        ("templatestring(sensitive(\"x$${y}\"), { y = 1 })", "(sensitive value)"),
    ] {
        assert_eq!(answer(expression), expected, "{expression}");
    }
    assert!(answer("templatefile(\"rec.tpl\", {})").contains("cannot recursively call"));
    assert!(
        answer("templatefile(\"bad.tpl\", {})")
            .starts_with("Error: Error in function call: Call to function \"templatefile\" failed: bad.tpl:1,")
    );
    assert!(answer("regex(\"(\", \"a\")").contains("invalid regexp pattern"));
}

#[test]
fn signatures_are_those_of_terraform() {
    let parameter =
        |p: &super::Parameter| format!("{}:{}{}", p.name, type_text(&p.ty), if p.nullable { "?" } else { "" });
    let line = |signature: &super::Signature| {
        let further = signature.variadic.iter().map(|p| format!("{}...", parameter(p)));
        let parameters: Vec<String> = signature.parameters.iter().map(parameter).chain(further).collect();
        format!("{}({}) {}", signature.name, parameters.join(", "), type_text(&signature.returns))
    };
    let ours: Vec<String> = super::signatures().iter().map(line).collect();
    let recorded: Vec<&str> = include_str!("fixtures/signatures.txt").lines().collect();
    let different: Vec<_> = ours.iter().zip(&recorded).filter(|(given, expected)| given != *expected).collect();
    assert!(different.is_empty() && ours.len() == recorded.len(), "{different:#?}");
    for signature in super::signatures() {
        assert!(signature.description.ends_with('.'), "{} is not described", signature.name);
    }
}

fn type_text(ty: &Type) -> String {
    match ty {
        Type::List(element) => format!("list({})", type_text(element)),
        Type::Set(element) => format!("set({})", type_text(element)),
        Type::Map(element) => format!("map({})", type_text(element)),
        other => other.friendly_name(),
    }
}

#[test]
fn names_are_sorted_and_found() {
    let all: Vec<_> = names().collect();
    assert!(all.is_sorted() && all.contains(&"upper") && all.len() > 90);
    for name in all {
        assert!(find(name).is_some() && find(&format!("core::{name}")).is_some());
    }
    assert!(call("nosuch", &[], &Console).is_none());
}
