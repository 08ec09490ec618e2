//! One change as a row of a table: which object, what it is, where, for how much, and what is its own.

use super::{brief, headline, offer};
use crate::money::Usd;
use crate::plan::Action;
use crate::render::escape::{harmless_line, key};
use crate::review::{Alike, Described, Face, Shown};
use jiff::Timestamp;

/// One change as a row of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Without the type of the resource.
    pub address: String,
    /// The id of what stands.
    pub id: Option<String>,
    /// `1x RTX 4090`; empty for what is no machine.
    pub gpus: String,
    /// `Europe/PL`, as far as it is known.
    pub place: String,
    /// How long a machine that goes has been there: `8 d`.
    pub age: Option<String>,
    /// USD per hour now.
    pub before: Usd,
    /// USD per hour afterwards.
    pub after: Usd,
    /// What is its own, by name: `name`, `"w-1"`; one for each place where they differ.
    pub own: Vec<(String, String)>,
    /// Why, where each has a reason of its own.
    pub why: Option<String>,
    /// The machine that takes a part of the same host.
    pub host_of: Option<String>,
}

/// Nothing but its record is left, or not even that: what it was needs one line.
pub fn goes(change: &Described<'_>) -> bool {
    matches!(change.action, Action::Delete | Action::Forget)
}

impl Row {
    /// Of one of several changes that are alike.
    pub fn of(change: &Described<'_>, alike: &Alike<'_, '_>) -> Row {
        let stands = change.before.filter(|_| change.action != Action::Create);
        let ends = goes(change) || change.action == Action::Replace;
        let (gpus, place) = machine(change);
        let tells = alike.members.len() > 1 && headline::is_own(change.reason);
        Row {
            address: brief::short_address(change),
            id: stands.and_then(|object| text(object, "id")),
            gpus,
            place,
            age: stands.filter(|_| ends).and_then(|object| age(object, alike.now)),
            before: change.cost_before,
            after: change.cost_after,
            own: if goes(change) { Vec::new() } else { differing(change, alike) },
            why: tells.then(|| headline::because(change.address, change.reason)).flatten(),
            host_of: shares(change),
        }
    }

    /// Whatever is its own, in words: `name = "w-1"`, `on the host of w[0]`.
    pub fn rest(&self) -> Vec<String> {
        let own = self.own.iter().map(|(name, value)| format!("{name} = {value}"));
        let host = self.host_of.iter().map(|first| format!("on the host of {first}"));
        own.chain(self.why.clone()).chain(host).collect()
    }

    /// What it costs per hour from now on, or does not cost any more; empty for what costs nothing.
    pub fn price(&self) -> String {
        let (before, after) = (self.before, self.after);
        match (before == Usd::ZERO, after == Usd::ZERO) {
            (true, true) => String::new(),
            (false, true) => format!("-{before:.4}/h"),
            (true, false) => format!("+{after:.4}/h"),
            (false, false) if before == after => format!("{after:.4}/h"),
            (false, false) => format!("{before:.4} -> {after:.4}/h"),
        }
    }
}

/// What a member has at each place where alike changes differ; a key of a map without the map's name.
fn differing(member: &Described<'_>, alike: &Alike<'_, '_>) -> Vec<(String, String)> {
    let each = alike.differing.iter().map(|at| {
        let name = at.key.map_or_else(|| brief::place(at), key);
        let value = Alike::value(member, at).map_or("null".to_owned(), |found| brief::difference(&found));
        (name, value)
    });
    each.collect()
}

fn text(object: Shown<'_>, name: &str) -> Option<String> {
    match object.entry(name)?.face() {
        Face::Text(text) => Some(harmless_line(text)),
        Face::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// By what somebody knows an object that is gone: its id, its machine and where that was, its name.
pub fn known_by(object: Shown<'_>) -> Vec<String> {
    let named = |name: &str| text(object, name).filter(|text| !text.is_empty());
    let name = object.entry("name").map(brief::value).filter(|_| named("name").is_some());
    let id = named("id").map(|id| format!("id {id}"));
    [id, gpus(object), named("region"), name.map(|name| format!("name = {name}"))].into_iter().flatten().collect()
}

fn gpus(object: Shown<'_>) -> Option<String> {
    let model = text(object, "rented_gpu_model").or_else(|| text(object, "gpu_model"))?;
    Some(format!("{}x {model}", text(object, "gpu_count").unwrap_or_else(|| "1".to_owned())))
}

fn machine(change: &Described<'_>) -> (String, String) {
    if let Some(placed) = change.placed {
        return (offer::gpus(&placed.offer), offer::place(&placed.offer.facts).unwrap_or_default());
    }
    let Some(object) = change.before.or(change.after).filter(|_| change.is_machine()) else {
        return Default::default();
    };
    (gpus(object).unwrap_or_default(), text(object, "region").unwrap_or_default())
}

fn age(object: Shown<'_>, now: Timestamp) -> Option<String> {
    let made: Timestamp = text(object, "created_at")?.parse().ok()?;
    let minutes = (now.duration_since(made).as_secs() / 60).max(0);
    Some(match minutes {
        ..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1_440),
    })
}

fn shares(change: &Described<'_>) -> Option<String> {
    let first = change.placed?.shares.as_ref()?;
    let key = first.key.as_ref().map_or(String::new(), ToString::to_string);
    Some(harmless_line(&match first.resource == change.address.resource {
        true => format!("{}{key}", first.resource.name),
        false => first.to_string(),
    }))
}
