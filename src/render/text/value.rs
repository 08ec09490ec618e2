//! Values and their differences, drawn element by element.

use super::encoded::encoded;
use super::page::{Page, Sign, WIDEST, join};
use crate::render::escape::{key, quoted};
use crate::render::words::{UNKNOWN, VARIOUS, placeholder};
use crate::review::{ElementDiff, Face, Shown, TextParts, ValueChange, ValueDiff};
use unicode_width::UnicodeWidthStr;

/// A value that takes one line; `None` for one that takes more. `free`: as [`Page::free`].
pub(super) fn one_line(value: Shown<'_>, free: bool) -> Option<String> {
    let face = value.face();
    if let Some(text) = placeholder(face) {
        return Some(text.to_owned());
    }
    match face {
        Face::Null => Some("null".to_owned()),
        Face::Bool(b) => Some(b.to_string()),
        Face::Number(n) => Some(n.to_string()),
        Face::Text(text) if encoded(text).is_some() => None,
        Face::Text(text) => (!text.contains('\n')).then(|| quoted(text)),
        Face::List => (value.elements().len() == 0).then(|| "[]".to_owned()),
        Face::Map => value.entries().next().is_none().then(|| "{}".to_owned()),
        Face::Object => value.entries().all(|(_, inner)| !free && inner.is_null()).then(|| "{}".to_owned()),
        Face::Sensitive | Face::Ephemeral | Face::Unknown => None,
    }
}

/// A collection that takes at most so many columns may stand in one line.
const ONE_LINE: usize = 60;

/// A short collection of what takes one line. `free`: as [`Page::free`].
fn short_line(value: Shown<'_>, free: bool) -> Option<String> {
    let text = match value.face() {
        Face::List => {
            let each: Option<Vec<String>> = value.elements().map(|element| one_line(element, free)).collect();
            format!("[{}]", each?.join(", "))
        }
        face @ (Face::Map | Face::Object) => {
            let map = face == Face::Map;
            let entries = value.entries().filter(|(_, value)| map || free || !value.is_null());
            let each = entries
                .map(|(name, value)| Some(format!("{} = {}", name_in(map && !free, name), one_line(value, free)?)));
            format!("{{ {} }}", each.collect::<Option<Vec<String>>>()?.join(", "))
        }
        _ => return None,
    };
    (text.width() <= ONE_LINE).then_some(text)
}

impl Page {
    /// `head` (`name = `, or nothing for an element) and the difference; `tail` ends the last line.
    pub fn difference(&mut self, level: usize, head: &str, difference: &ValueDiff<'_>, tail: &str) {
        match difference {
            ValueDiff::Same(value) => self.whole(level, Sign::Same, head, *value, tail),
            ValueDiff::Added(value) => self.whole(level, Sign::Add, head, *value, tail),
            ValueDiff::Removed(value) => self.whole(level, Sign::Remove, head, *value, &format!(" -> null{tail}")),
            ValueDiff::Changed(change) => self.changed(level, head, change, tail),
            ValueDiff::Various { kind, inside } => self.various(level, Sign::from(*kind), head, inside, tail),
        }
    }

    /// What is not the same in all of several changes: each row says what it is there.
    fn various(&mut self, level: usize, sign: Sign, head: &str, inside: &[(&str, ValueDiff<'_>)], tail: &str) {
        if inside.is_empty() {
            return self.line(level, sign, &format!("{head}{VARIOUS}{tail}"));
        }
        let names: Vec<String> = inside.iter().map(|(name, _)| quoted(name)).collect();
        let each = names.iter().zip(inside).map(|(name, (_, difference))| {
            Some(format!(
                "{name} = {}",
                match difference {
                    ValueDiff::Same(value) | ValueDiff::Added(value) => one_line(*value, self.free)?,
                    ValueDiff::Various { inside, .. } if inside.is_empty() => VARIOUS.to_owned(),
                    ValueDiff::Removed(_) | ValueDiff::Changed(_) | ValueDiff::Various { .. } => return None,
                }
            ))
        });
        let text = each.collect::<Option<Vec<String>>>().map(|each| format!("{{ {} }}", each.join(", ")));
        if let Some(text) = text.filter(|text| self.compact && text.width() <= ONE_LINE) {
            return self.line(level, sign, &format!("{head}{text}{tail}"));
        }
        self.line(level, sign, &format!("{head}{{"));
        let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
        for (name, (_, difference)) in names.iter().zip(inside) {
            self.difference(level + 1, &assign(name, width), difference, "");
        }
        self.line(level, Sign::Same, &format!("}}{tail}"));
    }

    /// A value that comes, goes or stays as a whole: every element carries the sign.
    pub fn whole(&mut self, level: usize, sign: Sign, head: &str, value: Shown<'_>, tail: &str) {
        self.with_elements(level, (sign, sign), head, value, tail);
    }

    /// A value whose elements may carry another sign than the whole.
    pub(super) fn with_elements(
        &mut self,
        level: usize,
        (sign, inner): (Sign, Sign),
        head: &str,
        value: Shown<'_>,
        tail: &str,
    ) {
        let text = one_line(value, self.free)
            .or_else(|| short_line(value, self.free).filter(|_| self.compact && sign == inner));
        if let Some(text) = text {
            return self.line(level, sign, &format!("{head}{text}{tail}"));
        }
        match value.face() {
            Face::Text(text) => match encoded(text) {
                Some(inside) => self.encoded(level, (sign, inner), head, Shown::of(&inside), tail),
                None => self.heredoc(level, sign, head, text, tail),
            },
            face @ (Face::Map | Face::Object) => {
                let map = face == Face::Map;
                self.line(level, sign, &format!("{head}{{"));
                // A null attribute of an object is as good as absent; a null element of a map is not.
                let free = self.free;
                let entries: Vec<_> = value.entries().filter(|(_, value)| map || free || !value.is_null()).collect();
                let names: Vec<String> = entries.iter().map(|(name, _)| name_in(map && !free, name)).collect();
                let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
                for (name, (_, value)) in names.iter().zip(entries) {
                    self.whole(level + 1, inner, &assign(name, width), value, "");
                }
                self.line(level, Sign::Same, &format!("}}{tail}"));
            }
            _ => {
                self.line(level, sign, &format!("{head}["));
                let short: Option<Vec<String>> = value.elements().map(|element| one_line(element, self.free)).collect();
                match short.filter(|_| self.compact && sign == inner) {
                    Some(short) => self.filled(level + 1, inner, &short),
                    None => value.elements().for_each(|element| self.whole(level + 1, inner, "", element, ",")),
                }
                self.line(level, Sign::Same, &format!("]{tail}"));
            }
        }
    }

    /// Elements of one line each, as many in a line as there is room for.
    fn filled(&mut self, level: usize, sign: Sign, elements: &[String]) {
        let room = self.style.columns().min(WIDEST).saturating_sub(4 * level + ",".len());
        for line in join(elements.iter().map(String::as_str), ", ", room) {
            self.line(level, sign, &format!("{},", line.strip_suffix(',').unwrap_or(&line)));
        }
    }

    fn changed(&mut self, level: usize, head: &str, change: &ValueChange<'_>, tail: &str) {
        match change {
            ValueChange::Hidden { face, becomes_sensitive } => {
                if let Some(becomes) = becomes_sensitive {
                    let word = if *becomes { "become" } else { "no longer be" };
                    let text = format!("# Warning: this value will {word} sensitive after the apply.");
                    self.line(level, Sign::Same, &text);
                }
                let text = placeholder(*face).unwrap_or_default();
                self.line(level, Sign::Change, &format!("{head}{text}{tail}"));
            }
            ValueChange::Unknown { before } => {
                // Only its elements go: the value itself changes.
                self.with_elements(level, (Sign::Change, Sign::Remove), head, *before, &format!(" -> {UNKNOWN}{tail}"));
            }
            ValueChange::Text(text) => match (encoded(text.before), encoded(text.after), &text.inside) {
                (Some(before), Some(after), _) => {
                    self.recoded(level, head, (Shown::of(&before), Shown::of(&after)), tail);
                }
                (.., TextParts::Words(before, after)) => self.words(level, head, (before, after), tail),
                (.., TextParts::Lines(lines)) => self.lines(level, head, text, lines, tail),
            },
            ValueChange::Entries { map, changed, unchanged } => {
                self.line(level, Sign::Change, &format!("{head}{{"));
                let names: Vec<String> = changed.iter().map(|(name, _)| name_in(*map && !self.free, name)).collect();
                let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
                for (name, (_, difference)) in names.iter().zip(changed) {
                    self.difference(level + 1, &assign(name, width), difference, "");
                }
                self.hidden(level + 1, *unchanged, if *map { "element" } else { "attribute" });
                self.line(level, Sign::Same, &format!("}}{tail}"));
            }
            ValueChange::Elements(elements) => {
                self.line(level, Sign::Change, &format!("{head}["));
                for element in elements {
                    self.element(level + 1, element);
                }
                self.line(level, Sign::Same, &format!("]{tail}"));
            }
            ValueChange::Replaced { before, after } => {
                match (one_line(*before, self.free), one_line(*after, self.free)) {
                    (Some(old), Some(new)) => {
                        self.line(level, Sign::Change, &format!("{head}{old} -> {new}{tail}"));
                    }
                    _ => {
                        self.whole(level, Sign::Remove, head, *before, "");
                        self.whole(level, Sign::Add, head, *after, tail);
                    }
                }
            }
        }
    }

    fn element(&mut self, level: usize, element: &ElementDiff<'_>) {
        match element {
            ElementDiff::Unchanged(count) => self.hidden(level, *count, "element"),
            // An element that goes becomes nothing else, not even null.
            ElementDiff::Element(ValueDiff::Removed(value)) => self.whole(level, Sign::Remove, "", *value, ","),
            ElementDiff::Element(difference) => self.difference(level, "", difference, ","),
        }
    }
}

fn name_in(map: bool, name: &str) -> String {
    if map { quoted(name) } else { key(name) }
}

/// `name = `, with the equals sign in a column.
pub fn assign(name: &str, width: usize) -> String {
    format!("{name}{} = ", " ".repeat(width.saturating_sub(name.width())))
}
