//! The values in play that an error is shown with: local.n is 5.

use super::super::ast::Expr;
use super::super::reference::{Subject, roots, subject_of};
use super::super::types::Type;
use super::super::value::{Kind, Value};
use super::Evaluator;

impl Evaluator<'_> {
    /// Name and description of each variable, local value and bound name in parts of an expression.
    pub(super) fn values_in_play(&mut self, around: &[&Expr]) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for root in around.iter().flat_map(|part| roots(part)) {
            let Some((name, subject)) = subject_of(root) else { continue };
            let shown = match self.bindings.iter().rev().find(|(bound, _)| **bound == *name.root) {
                Some((_, value)) => Some((name.root.to_string(), value.clone())),
                None => match &subject {
                    Some(
                        subject @ (Subject::Variable(_)
                        | Subject::Local(_)
                        | Subject::Module(_)
                        | Subject::Resource(..)
                        | Subject::Path(_)
                        | Subject::CountIndex
                        | Subject::EachKey
                        | Subject::EachValue),
                    ) => {
                        let (value, diags) = self.aside(|inner| inner.scope.value(subject, root.span, inner.diags));
                        // What nothing is known of says nothing.
                        let silent = matches!(value.kind, Kind::Unknown(Type::Dynamic, _)) && value.marks.is_none();
                        (!silent && !diags.has_errors()).then_some((name.text, value))
                    }
                    _ => None,
                },
            };
            if let Some((name, value)) = shown {
                let one = (name, describe(&value));
                if !found.contains(&one) {
                    found.push(one);
                }
            }
        }
        found
    }
}

/// A value in the words of "local.n is 5": hidden where it is marked, cut where it is long.
pub fn describe(value: &Value) -> String {
    if value.marks.sensitive {
        return "(sensitive value)".into();
    }
    if value.marks.ephemeral {
        return "(ephemeral value)".into();
    }
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    match &value.kind {
        Kind::Unknown(Type::Dynamic, _) => "known only after apply".into(),
        Kind::Unknown(ty, _) => format!("a {}, known only after apply", ty.friendly_name()),
        Kind::Null(Type::Dynamic) => "null".into(),
        Kind::Null(ty) => format!("null (a {})", ty.friendly_name()),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => n.to_string(),
        Kind::String(text) => {
            // In characters: the value is a reminder beside the error, one line of it.
            const SHOWN: usize = 64;
            match text.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("a string of {} characters: {:?}...", text.chars().count(), &text[..end]),
                None => format!("{text:?}"),
            }
        }
        Kind::List(_, elements) | Kind::Set(_, elements) => {
            format!("a {} with {}", value.ty().friendly_name(), count(elements.len(), "element"))
        }
        Kind::Tuple(elements) => format!("a tuple with {}", count(elements.len(), "element")),
        Kind::Map(_, entries) => format!("a {} with {}", value.ty().friendly_name(), count(entries.len(), "element")),
        Kind::Object(entries) => {
            // So many names fit on the line.
            const NAMED: usize = 5;
            let names = match entries.len() {
                1..=NAMED => format!(" ({})", entries.keys().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")),
                _ => String::new(),
            };
            format!("an object with {}{names}", count(entries.len(), "attribute"))
        }
    }
}
