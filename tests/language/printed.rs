//! Values as `terraform console` prints them.

use podform::lang::{Kind, Type, Value};
use std::fmt::Write as _;

/// The value, and its type where it does not show.
pub fn with_type(value: &Value) -> String {
    let text = printed(value, 0);
    match text.starts_with(['(', '[', '{', 't', 'n']) && text != "true" {
        true => format!("{text}\n: {}", type_name(&value.ty())),
        false => text,
    }
}

fn printed(value: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent + 2);
    let list = |open: &str, elements: &[Value], close: &str| match elements.is_empty() {
        true => format!("{open}{close}"),
        false => {
            let lines: String = elements.iter().map(|v| format!("{pad}{},\n", printed(v, indent + 2))).collect();
            format!("{open}\n{lines}{}{close}", " ".repeat(indent))
        }
    };
    let map = |open: &str, close: &str| {
        let entries = value.as_entries().unwrap();
        if entries.is_empty() {
            return format!("{open}{close}");
        }
        let lines: String =
            entries.iter().map(|(name, v)| format!("{pad}{} = {}\n", quoted(name), printed(v, indent + 2))).collect();
        format!("{open}\n{lines}{}{close}", " ".repeat(indent))
    };
    match &value.kind {
        Kind::Unknown(..) => "(known after apply)".into(),
        _ if value.marks.sensitive => "(sensitive value)".into(),
        _ if value.marks.ephemeral => "(ephemeral value)".into(),
        Kind::Null(ty) => null(ty),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => n.to_string(),
        Kind::String(text) if text.contains('\n') => heredoc(text, indent),
        Kind::String(text) => quoted(text),
        Kind::List(_, elements) => list("tolist([", elements, "])"),
        Kind::Set(_, elements) => list("toset([", elements, "])"),
        Kind::Tuple(elements) => list("[", elements, "]"),
        Kind::Map(..) => map("tomap({", "})"),
        Kind::Object(_) => map("{", "}"),
    }
}

fn null(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "null".into(),
        Type::String | Type::Number | Type::Bool => format!("to{}(null)", ty.friendly_name()),
        Type::List(element) => format!("tolist(null) /* of {} */", element.friendly_name()),
        Type::Set(element) => format!("toset(null) /* of {} */", element.friendly_name()),
        Type::Map(element) => format!("tomap(null) /* of {} */", element.friendly_name()),
        other => format!("null /* {} */", other.friendly_name()),
    }
}

fn heredoc(text: &str, indent: usize) -> String {
    let mut delimiter = String::from("EOT");
    while text.split('\n').any(|line| line.trim() == delimiter) {
        delimiter.push('_');
    }
    let operator = if indent > 0 { "<<-" } else { "<<" };
    let pad = " ".repeat(indent);
    let lines: String = text.split('\n').map(|line| format!("\n{pad}{line}")).collect();
    format!("{operator}{delimiter}{lines}\n{pad}{delimiter}")
}

/// In Go's quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if c < ' ' || c == '\u{7f}' => write!(out, "\\x{:02x}", u32::from(c)).unwrap(),
            c if !is_go_printable(c) && u32::from(c) < 0x10000 => write!(out, "\\u{:04x}", u32::from(c)).unwrap(),
            c if !is_go_printable(c) => write!(out, "\\U{:08x}", u32::from(c)).unwrap(),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn is_go_printable(c: char) -> bool {
    let hidden = c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{10ffff}');
    !hidden
}

fn type_name(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "dynamic".into(),
        Type::Bool => "bool".into(),
        Type::Number => "number".into(),
        Type::String => "string".into(),
        Type::List(element) => format!("list({})", type_name(element)),
        Type::Set(element) => format!("set({})", type_name(element)),
        Type::Map(element) => format!("map({})", type_name(element)),
        Type::Tuple(elements) => format!("tuple([{}])", elements.iter().map(type_name).collect::<Vec<_>>().join(",")),
        Type::Object(attributes) => {
            let attributes: Vec<String> =
                attributes.iter().map(|(name, ty)| format!("{name}:{}", type_name(ty))).collect();
            format!("object({{{}}})", attributes.join(","))
        }
    }
}

/// What `type()` prints, on one line.
pub fn compact_type(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with([')', ']', '}']) && out.ends_with(',') {
            out.pop();
        }
        out.push_str(&line.replacen(": ", ":", 1));
    }
    out
}
