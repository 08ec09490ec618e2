//! The difference of two values, drawn element by element.

use super::page::{Page, Sign};
use super::string_diff;
use crate::lang::{Kind, Value};
use crate::render::escape::{key, quoted};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// What stands for a value that the apply will tell.
pub const UNKNOWN: &str = "(known after apply)";
/// What stands for a sensitive value.
pub const SENSITIVE: &str = "(sensitive value)";
/// What stands for a value that is never stored.
const EPHEMERAL: &str = "(ephemeral value)";

/// The same value, one that comes, one that goes, or two different ones. Null counts as absent.
pub fn sign(before: Option<&Value>, after: Option<&Value>) -> Option<Sign> {
    let stands = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
    match (stands(before), stands(after)) {
        (false, false) => None,
        (false, true) => Some(Sign::Add),
        (true, false) => Some(Sign::Remove),
        (true, true) if before == after => Some(Sign::Same),
        (true, true) => Some(Sign::Change),
    }
}

/// What stands for a value that must not be shown.
pub fn hidden(value: &Value) -> Option<&'static str> {
    match value.marks {
        marks if marks.sensitive => Some(SENSITIVE),
        marks if marks.ephemeral => Some(EPHEMERAL),
        _ => None,
    }
}

/// A value that takes one line; `None` for one that takes more.
pub fn one_line(value: &Value) -> Option<String> {
    if let Some(text) = hidden(value) {
        return Some(text.to_owned());
    }
    match &value.kind {
        Kind::Unknown(..) => Some(UNKNOWN.to_owned()),
        Kind::Null(_) => Some("null".to_owned()),
        Kind::Bool(b) => Some(b.to_string()),
        Kind::Number(n) => Some(n.to_string()),
        Kind::String(text) if text.contains('\n') => None,
        Kind::String(text) => Some(quoted(text)),
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
            elements.is_empty().then(|| "[]".to_owned())
        }
        Kind::Map(_, entries) => entries.is_empty().then(|| "{}".to_owned()),
        Kind::Object(entries) => entries.values().all(Value::is_null).then(|| "{}".to_owned()),
    }
}

impl Page {
    /// `head` (`name = `, or nothing for an element) and the difference of two values; `tail` ends the last line.
    pub fn difference(&mut self, level: usize, head: &str, before: Option<&Value>, after: Option<&Value>, tail: &str) {
        match (sign(before, after), before, after) {
            (Some(Sign::Add), _, Some(after)) => self.whole(level, Sign::Add, head, after, tail),
            (Some(Sign::Remove), Some(before), _) => {
                self.whole(level, Sign::Remove, head, before, &format!(" -> null{tail}"));
            }
            (Some(Sign::Same), Some(before), _) => self.whole(level, Sign::Same, head, before, tail),
            (Some(_), Some(before), Some(after)) => self.changed(level, head, before, after, tail),
            _ => {}
        }
    }

    /// A value that comes, goes or stays as a whole: every element carries the sign.
    pub fn whole(&mut self, level: usize, sign: Sign, head: &str, value: &Value, tail: &str) {
        if let Some(text) = one_line(value) {
            return self.line(level, sign, &format!("{head}{text}{tail}"));
        }
        match &value.kind {
            Kind::String(text) => string_diff::heredoc(self, level, sign, head, text, tail),
            Kind::Map(..) | Kind::Object(..) => {
                self.line(level, sign, &format!("{head}{{"));
                // A null attribute of an object is as good as absent; a null element of a map is not.
                let shown = |inner: &Value| is_map(&value.kind) || !inner.is_null();
                let entries: Vec<_> =
                    value.as_entries().into_iter().flatten().filter(|(_, inner)| shown(inner)).collect();
                let names: Vec<String> = entries.iter().map(|(name, _)| name_in(&value.kind, name)).collect();
                let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
                for (name, (_, inner)) in names.iter().zip(entries) {
                    self.whole(level + 1, sign, &assign(name, width), inner, "");
                }
                self.line(level, Sign::Same, &format!("}}{tail}"));
            }
            _ => {
                self.line(level, sign, &format!("{head}["));
                for element in value.as_elements().unwrap_or_default() {
                    self.whole(level + 1, sign, "", element, ",");
                }
                self.line(level, Sign::Same, &format!("]{tail}"));
            }
        }
    }

    fn changed(&mut self, level: usize, head: &str, before: &Value, after: &Value, tail: &str) {
        if let Some(text) = hidden(before).or_else(|| hidden(after)) {
            if before.marks.sensitive != after.marks.sensitive {
                let word = if after.marks.sensitive { "become" } else { "no longer be" };
                self.line(level, Sign::Same, &format!("# Warning: this value will {word} sensitive after the apply."));
            }
            return self.line(level, Sign::Change, &format!("{head}{text}{tail}"));
        }
        match (&before.kind, &after.kind) {
            (_, Kind::Unknown(..)) => match one_line(before) {
                Some(text) => self.line(level, Sign::Change, &format!("{head}{text} -> {UNKNOWN}{tail}")),
                None => self.going(level, head, before, &format!(" -> {UNKNOWN}{tail}")),
            },
            (Kind::String(old), Kind::String(new)) => string_diff::strings(self, level, head, old, new, tail),
            (Kind::Map(_, old) | Kind::Object(old), Kind::Map(_, new) | Kind::Object(new)) => {
                self.line(level, Sign::Change, &format!("{head}{{"));
                self.entries(level + 1, &after.kind, old, new);
                self.line(level, Sign::Same, &format!("}}{tail}"));
            }
            (Kind::Set(_, old), Kind::Set(_, new)) => {
                self.line(level, Sign::Change, &format!("{head}["));
                for gone in old.iter().filter(|element| !new.contains(element)) {
                    self.whole(level + 1, Sign::Remove, "", gone, ",");
                }
                for come in new.iter().filter(|element| !old.contains(element)) {
                    self.whole(level + 1, Sign::Add, "", come, ",");
                }
                self.hidden(level + 1, old.iter().filter(|element| new.contains(element)).count(), "element");
                self.line(level, Sign::Same, &format!("]{tail}"));
            }
            _ => match (before.as_elements(), after.as_elements()) {
                (Some(old), Some(new)) => {
                    self.line(level, Sign::Change, &format!("{head}["));
                    self.elements(level + 1, old, new);
                    self.line(level, Sign::Same, &format!("]{tail}"));
                }
                _ => match (one_line(before), one_line(after)) {
                    (Some(old), Some(new)) => {
                        self.line(level, Sign::Change, &format!("{head}{old} -> {new}{tail}"));
                    }
                    _ => {
                        self.whole(level, Sign::Remove, head, before, "");
                        self.whole(level, Sign::Add, head, after, tail);
                    }
                },
            },
        }
    }

    /// A value of several lines that goes, in an object that stays.
    fn going(&mut self, level: usize, head: &str, before: &Value, tail: &str) {
        let start = self.text.len();
        self.whole(level, Sign::Remove, head, before, tail);
        // Only its elements go: the attribute itself changes.
        let (removed, changes) = (Sign::Remove.painted(self.style), Sign::Change.painted(self.style));
        let drawn = self.text.split_off(start).replacen(&removed, &changes, 1);
        self.text.push_str(&drawn);
    }

    fn entries(&mut self, level: usize, kind: &Kind, old: &BTreeMap<Arc<str>, Value>, new: &BTreeMap<Arc<str>, Value>) {
        let names: BTreeSet<&Arc<str>> = old.keys().chain(new.keys()).collect();
        let changed = |name: &&&Arc<str>| !matches!(sign(old.get(**name), new.get(**name)), None | Some(Sign::Same));
        let shown: Vec<(&Arc<str>, String)> =
            names.iter().filter(changed).map(|name| (*name, name_in(kind, name))).collect();
        let width = shown.iter().map(|(_, name)| name.width()).max().unwrap_or(0);
        for (name, text) in &shown {
            self.difference(level, &assign(text, width), old.get(*name), new.get(*name), "");
        }
        let same = names.iter().filter(|name| sign(old.get(**name), new.get(**name)) == Some(Sign::Same)).count();
        self.hidden(level, same, if is_map(kind) { "element" } else { "attribute" });
    }

    fn elements(&mut self, level: usize, old: &[Value], new: &[Value]) {
        // Equal elements get the same number: the diff needs an order, values have none.
        let mut distinct: Vec<&Value> = Vec::new();
        let mut number = |value| match distinct.iter().position(|known| *known == value) {
            Some(at) => at,
            None => {
                distinct.push(value);
                distinct.len() - 1
            }
        };
        let numbers: Vec<usize> = old.iter().map(&mut number).collect();
        let new_numbers: Vec<usize> = new.iter().map(&mut number).collect();
        let ops = capture_diff_slices(Algorithm::Myers, &numbers, &new_numbers);
        let last = ops.len().saturating_sub(1);
        for (at, op) in ops.iter().enumerate() {
            let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
            match op {
                DiffOp::Equal { len, .. } => {
                    // One element of context on each side of a change.
                    let lead = usize::from(at > 0).min(*len);
                    let tail = usize::from(at < last).min(len - lead);
                    let folded = len - lead - tail;
                    for element in &old[..lead] {
                        self.whole(level, Sign::Same, "", element, ",");
                    }
                    self.hidden(level, folded, "element");
                    for element in &old[lead + folded..] {
                        self.whole(level, Sign::Same, "", element, ",");
                    }
                }
                _ if old.len() == new.len() && old.iter().zip(new).all(|(a, b)| comparable(a, b)) => {
                    for (a, b) in old.iter().zip(new) {
                        self.changed(level, "", a, b, ",");
                    }
                }
                _ => {
                    for element in old {
                        self.whole(level, Sign::Remove, "", element, ",");
                    }
                    for element in new {
                        self.whole(level, Sign::Add, "", element, ",");
                    }
                }
            }
        }
    }
}

/// Two rows of which the reader wants to see the columns that differ, or an element that the apply will tell.
fn comparable(a: &Value, b: &Value) -> bool {
    let rows = a.as_entries().is_some() && b.as_entries().is_some() && hidden(a).is_none() && hidden(b).is_none();
    rows || !b.is_known()
}

fn is_map(kind: &Kind) -> bool {
    matches!(kind, Kind::Map(..))
}

fn name_in(kind: &Kind, name: &str) -> String {
    if is_map(kind) { quoted(name) } else { key(name) }
}

/// `name = `, with the equals sign in a column.
pub fn assign(name: &str, width: usize) -> String {
    format!("{name}{} = ", " ".repeat(width.saturating_sub(name.width())))
}
