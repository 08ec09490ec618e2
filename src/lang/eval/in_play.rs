//! The values in play that an error is shown with: local.n is 5.

use super::super::access;
use super::super::ast::{Expr, ExprKind, Step};
use super::super::reference::{Subject, resolve, roots, up_to};
use super::super::types::Type;
use super::super::value::{Kind, Value};
use super::Evaluator;

impl Evaluator<'_> {
    /// What each traversal in parts of an expression leads to, and a statement about it, by name. As in Terraform, a
    /// traversal goes as far as names and literal keys stand in it and something is there: `var.sizes["a"].gpus`.
    pub(super) fn values_in_play(&mut self, around: &[&Expr]) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        for (name, value) in around.iter().flat_map(|part| roots(part)).filter_map(|named| self.leaf(named)) {
            // What nothing is known of says nothing.
            let silent = matches!(value.kind, Kind::Unknown(Type::Dynamic, _)) && value.marks.is_none();
            if !silent && found.iter().all(|(other, _)| *other != name) {
                found.push((name, statement(&value)));
            }
        }
        found.sort();
        found
    }

    /// How a traversal is written as far as it leads, and what stands there.
    fn leaf(&mut self, named: &Expr) -> Option<(String, Value)> {
        let (root, steps) = named.traversal();
        let ExprKind::Variable(name) = &root.kind else { return None };
        let bound = self.bindings.iter().rev().find(|(bound, _)| bound == name).map(|(_, value)| value.clone());
        let (mut value, taken) = match bound {
            Some(value) => (value, 0),
            None => {
                let (subject, taken) = resolve(name, root.span, steps).ok()?;
                if subject == Subject::SelfObject && steps.is_empty() {
                    return None;
                }
                let (value, diags) =
                    self.aside(|inner| inner.scope.value(&subject, up_to(root, steps, taken), inner.diags));
                if diags.has_errors() {
                    return None;
                }
                (value, taken)
            }
        };
        let mut text = name.to_string();
        for step in steps.iter().take(taken) {
            text.extend(written(step));
        }
        for step in steps.iter().skip(taken) {
            let Some(written) = written(step) else { break };
            let next = match step {
                Step::Attr(name, _) => access::attribute(&value, name),
                Step::Index(key, _) => access::index(&value, &self.expr(key)),
                Step::Splat(_) | Step::AttrSplat(..) => break,
            };
            let Ok(next) = next else { break };
            value = next;
            text.push_str(&written);
        }
        Some((text, value))
    }
}

/// A step as it is written: a name, or a literal key.
fn written(step: &Step) -> Option<String> {
    match step {
        Step::Attr(name, _) => Some(format!(".{name}")),
        Step::Index(key, _) => match &key.kind {
            ExprKind::String(text) => Some(format!("[{text:?}]")),
            ExprKind::Number(number) => Some(format!("[{}]", number.number)),
            _ => None,
        },
        Step::Splat(_) | Step::AttrSplat(..) => None,
    }
}

/// A statement about a value, in Terraform's words: "is 5". It is hidden where it is marked, cut where it is long.
fn statement(value: &Value) -> String {
    if value.marks.sensitive {
        return "has a sensitive value".into();
    }
    if value.marks.ephemeral {
        return "has an ephemeral value".into();
    }
    let elements = |n: usize| {
        let ty = value.ty();
        let name = ty.friendly_name();
        match n {
            0 => format!("is empty {name}"),
            1 => format!("is {name} with 1 element"),
            n => format!("is {name} with {n} elements"),
        }
    };
    match &value.kind {
        Kind::Unknown(Type::Dynamic, _) => "will be known only after apply".into(),
        Kind::Unknown(ty, _) => format!("is a {}, known only after apply", ty.friendly_name()),
        Kind::Null(_) => "is null".into(),
        Kind::Bool(b) => format!("is {b}"),
        Kind::Number(n) => format!("is {n}"),
        Kind::String(text) => {
            // In characters: the value is a reminder beside the error, one line of it.
            const SHOWN: usize = 64;
            match text.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("is a string of {} characters: {:?}...", text.chars().count(), &text[..end]),
                None => format!("is {text:?}"),
            }
        }
        Kind::List(_, all) | Kind::Set(_, all) => elements(all.len()),
        Kind::Tuple(all) => elements(all.len()),
        Kind::Map(_, entries) => elements(entries.len()),
        Kind::Object(entries) => match entries.keys().next() {
            None => "is object with no attributes".into(),
            Some(only) if entries.len() == 1 => format!("is object with 1 attribute {only:?}"),
            Some(_) => format!("is object with {} attributes", entries.len()),
        },
    }
}
