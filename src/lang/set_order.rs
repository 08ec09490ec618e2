//! Sets, and the order of their elements.

use super::number::Number;
use super::types::Type;
use super::value::{Kind, Marks, Value};
use std::sync::Arc;

impl Value {
    /// A set: distinct elements in Terraform's order. Marks of elements pass to the set; those that are not wholly known
    /// stand at the end, and how many elements there will be is then not known, for they may equal others.
    pub fn set(element: Type, elements: Vec<Value>) -> Self {
        let marks = elements.iter().fold(Marks::NONE, |marks, element| marks.and(element.deep_marks()));
        let elements = elements.into_iter().map(|element| element.without_marks());
        let (mut elements, unknown): (Vec<Value>, Vec<Value>) = elements.partition(Value::is_wholly_known);
        elements.sort_by_cached_key(Key::of);
        elements.dedup();
        elements.extend(unknown);
        Value::from(Kind::Set(element, Arc::new(elements))).marked(marks)
    }
}

/// Where an element stands: false before true, numbers ascending, strings by their bytes, and everything else by the text
/// that Terraform writes it as for that purpose. Null comes last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Bool(bool),
    Number(Arc<Number>),
    String(Arc<str>),
    Other(String),
    Null,
}

impl Key {
    fn of(value: &Value) -> Key {
        match &value.kind {
            Kind::Bool(b) => Key::Bool(*b),
            Kind::Number(n) => Key::Number(n.clone()),
            Kind::String(text) => Key::String(text.clone()),
            Kind::Null(_) => Key::Null,
            Kind::Unknown(..) | Kind::List(..) | Kind::Set(..) | Kind::Map(..) | Kind::Tuple(_) | Kind::Object(_) => {
                let mut text = String::new();
                write(value, &mut text);
                Key::Other(text)
            }
        }
    }
}

fn write(value: &Value, text: &mut String) {
    let each = |open, elements: &[Value], close, text: &mut String| {
        text.push(open);
        for element in elements {
            write(element, text);
            text.push(';');
        }
        text.push(close);
    };
    match &value.kind {
        Kind::Unknown(..) => text.push('?'),
        Kind::Null(_) => text.push('~'),
        Kind::Bool(b) => text.push(if *b { 'T' } else { 'F' }),
        Kind::Number(n) => text.push_str(&digits(n)),
        Kind::String(string) => text.push_str(&format!("{string:?}")),
        Kind::List(_, elements) | Kind::Set(_, elements) => each('[', elements, ']', text),
        Kind::Tuple(elements) => each('<', elements, '>', text),
        Kind::Map(_, entries) => {
            text.push('{');
            for (name, entry) in entries.iter() {
                text.push_str(&format!("{name:?}:"));
                write(entry, text);
                text.push(';');
            }
            text.push('}');
        }
        Kind::Object(entries) => {
            text.push('<');
            for entry in entries.values() {
                write(entry, text);
                text.push(';');
            }
            text.push('>');
        }
    }
}

/// Ten digits, and an exponent where it is not small: `1.23456789e+11`.
fn digits(number: &Number) -> String {
    let float = number.as_f64();
    let written = format!("{float:.9e}");
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    match exponent {
        -4..10 => {
            let places = usize::try_from(9 - exponent).unwrap_or_default();
            let plain = format!("{float:.places$}");
            if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.').to_owned() } else { plain }
        }
        _ => format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()),
    }
}
