//! In few words: a value, a place, many addresses.

use super::{VARIOUS, count, placeholder};
use crate::address::{InstanceAddr, InstanceKey, Mode};
use crate::plan::Action;
use crate::render::escape::{harmless_line, key, quoted};
use crate::review::{Alike, Described, Face, Place, Shown, ValueChange, ValueDiff};

/// Longer texts are told by their length, in characters: a row shall stay one.
const LONGEST: usize = 60;

/// A value in a few words.
pub fn value(value: Shown<'_>) -> String {
    let face = value.face();
    if let Some(text) = placeholder(face) {
        return text.to_owned();
    }
    match face {
        Face::Bool(b) => b.to_string(),
        Face::Number(n) => n.to_string(),
        Face::Text(text) if text.contains('\n') => format!("({})", count(text.lines().count(), "line")),
        Face::Text(text) if text.chars().count() > LONGEST => format!("({})", count(text.chars().count(), "character")),
        Face::Text(text) => quoted(text),
        Face::List => elements(value),
        Face::Map | Face::Object => match value.entries().count() {
            1 => "(1 entry)".to_owned(),
            n => format!("({n} entries)"),
        },
        Face::Null | Face::Sensitive | Face::Ephemeral | Face::Unknown => "null".to_owned(),
    }
}

fn elements(list: Shown<'_>) -> String {
    let each: Vec<String> = list.elements().map(value).collect();
    let text = format!("[{}]", each.join(", "));
    if text.chars().count() <= LONGEST { text } else { format!("({})", count(each.len(), "element")) }
}

/// What becomes of a value, in a few words.
pub fn difference(difference: &ValueDiff<'_>) -> String {
    match difference {
        ValueDiff::Same(same) | ValueDiff::Added(same) => value(*same),
        ValueDiff::Removed(gone) => format!("{} -> null", value(*gone)),
        ValueDiff::Changed(change) => match change {
            ValueChange::Hidden { face, .. } => placeholder(*face).unwrap_or_default().to_owned(),
            ValueChange::Unknown { before } => format!("{} -> {}", value(*before), super::UNKNOWN),
            ValueChange::Text(text) if text.before.contains('\n') || text.after.contains('\n') => {
                "(lines differ)".to_owned()
            }
            ValueChange::Text(text) => {
                let brief = |text: &str| match text.chars().count() {
                    n if n > LONGEST => format!("({})", count(n, "character")),
                    _ => quoted(text),
                };
                format!("{} -> {}", brief(text.before), brief(text.after))
            }
            ValueChange::Entries { changed, .. } => match changed.len() {
                1 => "(1 entry changes)".to_owned(),
                n => format!("({n} entries change)"),
            },
            ValueChange::Elements(_) => "(elements change)".to_owned(),
            ValueChange::Replaced { before, after } => format!("{} -> {}", value(*before), value(*after)),
        },
        ValueDiff::Various { .. } => VARIOUS.to_owned(),
    }
}

/// `env_variables["SHARD"]`.
pub fn place(place: &Place<'_>) -> String {
    let block = place.block.map_or(String::new(), |block| format!("{block}."));
    let inside = place.key.map_or(String::new(), |key| format!("[{}]", quoted(key)));
    format!("{block}{}{inside}", key(place.attribute))
}

/// An address without the type of the resource, which stands above it already.
pub fn short_address(change: &Described<'_>) -> String {
    let deposed = change.deposed.map_or(String::new(), |key| format!(" (deposed {key})"));
    harmless_line(&format!("{}{deposed}", short(change.address)))
}

/// As [`short_address`], of an address alone.
pub fn short(InstanceAddr { resource, key }: &InstanceAddr) -> String {
    let module = if resource.module.is_root() { String::new() } else { format!("{}.", resource.module) };
    let data = if resource.mode == Mode::Data { "data." } else { "" };
    let key = key.as_ref().map_or(String::new(), ToString::to_string);
    format!("{module}{data}{}{key}", resource.name)
}

/// All of several addresses of one block: `simplepod_instance.w[0] to w[99]`.
pub fn addresses(alike: &Alike<'_, '_>) -> String {
    harmless_line(&all_addresses(alike))
}

fn all_addresses(alike: &Alike<'_, '_>) -> String {
    let (Some(first), Some(last)) = (alike.members.first(), alike.members.last()) else { return String::new() };
    let all = alike.members.len();
    if all == 1 {
        let deposed = first.deposed.map_or(String::new(), |key| format!(" (deposed object {key})"));
        return format!("{}{deposed}", first.address);
    }
    let number = |change: &Described<'_>| match change.address.key {
        Some(InstanceKey::Int(n)) if change.address.resource == first.address.resource => Some(n),
        _ => None,
    };
    let numbers: Option<Vec<u64>> = alike.members.iter().map(|member| number(member)).collect();
    let unbroken = numbers.is_some_and(|numbers| {
        numbers.iter().zip(numbers.iter().skip(1)).all(|(one, next)| one.checked_add(1) == Some(*next))
    });
    match unbroken {
        true if all == 2 => format!("{} and {}", first.address, short_address(last)),
        true => format!("{} to {}", first.address, short_address(last)),
        false => format!("{} and {} more", first.address, all - 1),
    }
}

/// What happens to an object, in a word.
pub fn verb(change: &Described<'_>) -> &'static str {
    let machine = change.is_machine();
    match change.action {
        _ if change.only_readdressed() && change.importing.is_some() => "import",
        _ if change.only_readdressed() => "move",
        Action::NoOp => "keep",
        Action::Create if machine => "rent",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace if machine => "re-rent",
        Action::Replace => "replace",
        Action::Delete if machine => "release",
        Action::Delete => "destroy",
        Action::Forget => "forget",
        Action::Read => "read",
    }
}
