//! A value as `output` and `console` print it: Terraform's form (`repl.FormatValue`).

use crate::lang::{Kind, Type, Value};
use crate::render::escape::{delimiter, quoted, visible_line};
use crate::render::style::Style;
use crate::render::words::placeholder;
use crate::review::Shown;

/// The value, over several lines where it has elements or line breaks; no line break at the end.
pub fn value_text(value: &Value, style: Style) -> String {
    let mut out = String::new();
    write(value, 0, style, &mut out);
    out
}

fn write(value: &Value, indent: usize, style: Style, out: &mut String) {
    if let Some(text) = placeholder(Shown::of(value).face()) {
        out.push_str(&style.paint(crate::render::style::DIM, text));
        return;
    }
    match &value.kind {
        // Its placeholder stands there.
        Kind::Unknown(..) => {}
        Kind::Null(ty) => out.push_str(&null(ty)),
        Kind::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Kind::Number(n) => out.push_str(&n.to_string()),
        Kind::String(text) if text.contains('\n') => heredoc(text, indent, out),
        Kind::String(text) => out.push_str(&quoted(text)),
        Kind::Tuple(elements) => sequence(elements, indent, style, out),
        Kind::List(_, elements) => wrapped("tolist", out, |out| sequence(elements, indent, style, out)),
        Kind::Set(_, elements) => wrapped("toset", out, |out| sequence(elements, indent, style, out)),
        Kind::Object(_) => mapping(value, indent, style, out),
        Kind::Map(..) => wrapped("tomap", out, |out| mapping(value, indent, style, out)),
    }
}

fn null(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "null".to_owned(),
        Type::String => "tostring(null)".to_owned(),
        Type::Number => "tonumber(null)".to_owned(),
        Type::Bool => "tobool(null)".to_owned(),
        Type::List(element) => format!("tolist(null) /* of {} */", friendly(element)),
        Type::Set(element) => format!("toset(null) /* of {} */", friendly(element)),
        Type::Map(element) => format!("tomap(null) /* of {} */", friendly(element)),
        Type::Tuple(_) | Type::Object(_) => format!("null /* {} */", friendly(ty)),
    }
}

fn friendly(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "dynamic".to_owned(),
        Type::String => "string".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::List(element) => format!("list of {}", friendly(element)),
        Type::Set(element) => format!("set of {}", friendly(element)),
        Type::Map(element) => format!("map of {}", friendly(element)),
        Type::Tuple(_) => "tuple".to_owned(),
        Type::Object(_) => "object".to_owned(),
    }
}

fn wrapped(function: &str, out: &mut String, inner: impl FnOnce(&mut String)) {
    out.push_str(function);
    out.push('(');
    inner(out);
    out.push(')');
}

fn line(indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

fn heredoc(text: &str, indent: usize, out: &mut String) {
    let end = delimiter(text);
    out.push_str(if indent > 0 { "<<-" } else { "<<" });
    out.push_str(&end);
    for part in text.split('\n') {
        line(indent, out);
        out.push_str(&visible_line(part));
    }
    line(indent, out);
    out.push_str(&end);
}

fn sequence(elements: &[Value], indent: usize, style: Style, out: &mut String) {
    out.push('[');
    for element in elements {
        line(indent + 2, out);
        write(element, indent + 2, style, out);
        out.push(',');
    }
    if !elements.is_empty() {
        line(indent, out);
    }
    out.push(']');
}

fn mapping(value: &Value, indent: usize, style: Style, out: &mut String) {
    out.push('{');
    let mut any = false;
    for (name, inner) in value.as_entries().into_iter().flatten() {
        any = true;
        line(indent + 2, out);
        out.push_str(&quoted(name));
        out.push_str(" = ");
        write(inner, indent + 2, style, out);
    }
    if any {
        line(indent, out);
    }
    out.push('}');
}
