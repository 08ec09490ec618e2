//! Changes that are alike: a reviewer reads what they have in common once, then in a row each what differs.

use super::described::{Described, Headline};
use super::object_diff::{AttributeDiff, AttributesDiff, BlockDiff, ObjectDiff};
use super::shown::Shown;
use super::value_diff::{DiffKind, ValueChange, ValueDiff};
use super::whole::Review;
use crate::address::InstanceAddr;
use crate::path::ValuePath;
use crate::plan::{Action, Reason, Remark};
use crate::schema::{self, Attribute, Presence, Rest, Schema};
use jiff::Timestamp;
use std::collections::HashMap;

/// Changes of one block of the configuration, in every module that has it, that do the same for the same reason.
#[derive(Clone, Debug)]
pub struct Alike<'r, 'p> {
    /// When the plan was made.
    pub now: Timestamp,
    /// By address; at least one.
    pub members: Vec<&'r Described<'p>>,
    /// What they have in common, without what every plan says, and where they differ; `None` where they show nothing.
    pub common: Option<ObjectDiff<'p>>,
    /// Where they differ, in the order of the table.
    pub differing: Vec<Place<'p>>,
}

/// A place of an object at which changes that are alike differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'p> {
    /// The nested block it is in.
    pub block: Option<&'p str>,
    /// The attribute.
    pub attribute: &'p str,
    /// The key, where the attribute is a map of which other keys are the same everywhere.
    pub key: Option<&'p str>,
}

impl<'p> Review<'p> {
    /// What a reader must see, alike changes together: what is dangerous first, then by the first address of each.
    pub fn alike(&self) -> Vec<Alike<'_, 'p>> {
        let mut at: HashMap<Kinship<'_>, usize> = HashMap::new();
        let mut groups: Vec<Vec<&Described<'p>>> = Vec::new();
        for change in self.news() {
            let place = *at.entry(Kinship::of(change)).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.push(change),
                None => groups.push(vec![change]),
            }
        }
        groups.sort_by_key(|group| group.first().map(|first| danger(first)));
        groups.into_iter().map(|group| Alike::of(group, self.made_at)).collect()
    }
}

/// Less is more dangerous.
fn danger(change: &Described<'_>) -> u8 {
    match change.action {
        Action::Delete => 0,
        Action::Replace => 1,
        Action::Forget => 2,
        Action::NoOp | Action::Create | Action::Update | Action::Read => 3,
    }
}

/// The cap, and up to which price a machine is renewed: the cap, unless something else is said.
const CAP: &str = "max_price_per_gpu";
const RENEWS_AT: &str = "max_auto_renew_price";
/// No two objects share it.
const ID: &str = "id";

/// What alike changes have in common, whatever their attributes are.
#[derive(PartialEq, Eq, Hash)]
struct Kinship<'a> {
    block: (&'a str, &'a str, Vec<&'a str>),
    action: (u8, bool, bool, bool),
    /// One that stands alone: its address moves.
    alone: Option<&'a InstanceAddr>,
    cause: Option<Cause<'a>>,
    forced_by: &'a [ValuePath],
    /// Which attributes change, and how.
    changes: Vec<(&'a str, &'a str, u8)>,
    remarks: &'a [Remark],
}

impl<'a> Kinship<'a> {
    fn of(change: &'a Described<'_>) -> Self {
        let resource = &change.address.resource;
        let action = match change.action {
            Action::NoOp => 0,
            Action::Create => 1,
            Action::Update => 2,
            Action::Replace => 3,
            Action::Delete => 4,
            Action::Forget => 5,
            Action::Read => 6,
        };
        let imported = change.importing.is_some();
        // What is rented or released is alike whatever it is; what stands is where the same changes in the same way.
        let changes = match (change.action, &change.difference) {
            (Action::Update | Action::Replace | Action::NoOp, Some(difference)) => kinds(difference),
            _ => Vec::new(),
        };
        let moved = change.moved_from.is_some() || matches!(change.headline, Headline::MovedFrom(_));
        Self {
            block: (&resource.kind, &resource.name, resource.module.0.iter().map(|(name, _)| name.as_str()).collect()),
            action: (action, change.new_first, imported, change.deposed.is_some()),
            alone: moved.then_some(change.address),
            cause: change.reason.map(Cause::of),
            forced_by: change.forced_by,
            changes,
            remarks: change.remarks,
        }
    }
}

/// Why, without the words that are different for each.
#[derive(PartialEq, Eq, Hash)]
enum Cause<'a> {
    Tainted,
    Unhealthy,
    Rests(&'a Rest),
    Other(&'a Reason),
}

impl<'a> Cause<'a> {
    fn of(reason: &'a Reason) -> Self {
        match reason {
            Reason::Tainted(_) => Cause::Tainted,
            Reason::Unhealthy(_) => Cause::Unhealthy,
            Reason::Rests { rest, .. } => Cause::Rests(rest),
            other => Cause::Other(other),
        }
    }
}

fn kinds<'a>(object: &'a ObjectDiff<'_>) -> Vec<(&'a str, &'a str, u8)> {
    let kind = |difference: &ValueDiff<'_>| match difference.kind() {
        DiffKind::Same => 0,
        DiffKind::Added => 1,
        DiffKind::Removed => 2,
        DiffKind::Changed => 3,
    };
    parts(object)
        .flat_map(|(block, attributes)| {
            let changed = attributes.shown.iter().filter(|attribute| attribute.difference.kind() != DiffKind::Same);
            changed.map(move |attribute| (block.unwrap_or_default(), attribute.name, kind(&attribute.difference)))
        })
        .collect()
}

/// The attributes of an object, then those of each nested block.
fn parts<'a, 'p>(object: &'a ObjectDiff<'p>) -> impl Iterator<Item = (Option<&'p str>, &'a AttributesDiff<'p>)> {
    let blocks = object.blocks.iter().map(|block| (Some(block.name), &block.attributes));
    std::iter::once((None, &object.attributes)).chain(blocks)
}

fn find<'a, 'p>(object: &'a ObjectDiff<'p>, block: Option<&str>, name: &str) -> Option<&'a AttributeDiff<'p>> {
    let attributes = match block {
        None => &object.attributes,
        Some(block) => &object.blocks.iter().find(|other| other.name == block)?.attributes,
    };
    attributes.shown.iter().find(|attribute| attribute.name == name)
}

impl<'r, 'p> Alike<'r, 'p> {
    fn of(members: Vec<&'r Described<'p>>, now: Timestamp) -> Self {
        let mut found = Alike { now, members, common: None, differing: Vec::new() };
        let objects: Vec<&ObjectDiff<'p>> =
            found.members.iter().filter_map(|member| member.difference.as_ref()).collect();
        let Some((first, _)) = objects.split_first() else { return found };
        let mut common = (*first).clone();
        // A block or an attribute that the first one lacks differs too.
        for object in &objects {
            for (block, attributes) in parts(object) {
                for attribute in &attributes.shown {
                    if find(&common, block, attribute.name).is_none() {
                        insert(&mut common, block, attribute);
                    }
                }
            }
        }
        let table = found.members.first().and_then(|change| {
            let resource = &change.address.resource;
            schema::table(resource.mode, &resource.kind)
        });
        let merge = |block: Option<&'p str>, attributes: &mut AttributesDiff<'p>, differing: &mut Vec<Place<'p>>| {
            for attribute in &mut attributes.shown {
                let each = objects.iter().map(|object| find(object, block, attribute.name).map(|at| &at.difference));
                merge(attribute, each, block, differing);
            }
            leave_out_usual(attributes, block, table);
        };
        merge(None, &mut common.attributes, &mut found.differing);
        for block in &mut common.blocks {
            merge(Some(block.name), &mut block.attributes, &mut found.differing);
        }
        let (blocks, usual) = common.blocks.into_iter().partition(|block| !block.attributes.shown.is_empty());
        common.blocks = blocks;
        common.attributes.usual += usual.iter().map(|block: &BlockDiff<'_>| block.attributes.usual).sum::<usize>();
        found.common = Some(common);
        found
    }

    /// What a member has at a place where they differ.
    pub fn value(member: &Described<'p>, place: &Place<'p>) -> Option<ValueDiff<'p>> {
        let attribute = find(member.difference.as_ref()?, place.block, place.attribute)?;
        match place.key {
            None => Some(attribute.difference.clone()),
            Some(key) => entry(&attribute.difference, key),
        }
    }
}

/// Adds an attribute that another member has.
fn insert<'p>(common: &mut ObjectDiff<'p>, block: Option<&'p str>, attribute: &AttributeDiff<'p>) {
    let attributes = match block {
        None => &mut common.attributes,
        Some(name) => match common.blocks.iter().position(|other| other.name == name) {
            Some(at) => match common.blocks.get_mut(at) {
                Some(block) => &mut block.attributes,
                None => return,
            },
            None => {
                let kind = attribute.difference.kind();
                let attributes = AttributesDiff { shown: vec![attribute.clone()], ..AttributesDiff::default() };
                return common.blocks.push(BlockDiff { name, kind, attributes });
            }
        },
    };
    attributes.shown.push(attribute.clone());
}

/// Marks where the members differ: at the attribute, or at some keys of a map.
fn merge<'a, 'p: 'a>(
    attribute: &mut AttributeDiff<'p>,
    each: impl Iterator<Item = Option<&'a ValueDiff<'p>>> + Clone,
    block: Option<&'p str>,
    differing: &mut Vec<Place<'p>>,
) {
    if each.clone().all(|other| other.is_some_and(|other| same(other, &attribute.difference))) {
        return;
    }
    let name = attribute.name;
    if name == ID {
        // Every row has it anyway.
        let kind = attribute.difference.kind();
        attribute.difference = ValueDiff::Various { kind, inside: Vec::new() };
        return;
    }
    let kind = attribute.difference.kind();
    let maps = each.clone().all(|other| other.is_some_and(|other| other.kind() == kind && keys(other).is_some()));
    let mut inside = Vec::new();
    if maps {
        let mut names: Vec<&'p str> = each.clone().flatten().filter_map(keys).flatten().collect();
        names.sort_unstable();
        names.dedup();
        for key in names {
            let mut found = each.clone().map(|other| other.and_then(|other| entry(other, key)));
            let Some(first) = found.next() else { continue };
            match first.filter(|first| found.all(|other| other.is_some_and(|other| same(&other, first)))) {
                Some(same) => inside.push((key, same)),
                None => {
                    inside.push((key, ValueDiff::Various { kind, inside: Vec::new() }));
                    differing.push(Place { block, attribute: name, key: Some(key) });
                }
            }
        }
    } else {
        differing.push(Place { block, attribute: name, key: None });
    }
    attribute.difference = ValueDiff::Various { kind, inside };
}

/// Whether a reader sees the same: what only the apply will tell is alike, wherever it comes from.
fn same(one: &ValueDiff<'_>, other: &ValueDiff<'_>) -> bool {
    match (one, other) {
        (ValueDiff::Added(one), ValueDiff::Added(other)) if !one.is_known() && !other.is_known() => {
            one.is_hidden() == other.is_hidden()
        }
        (
            ValueDiff::Changed(ValueChange::Unknown { before: one }),
            ValueDiff::Changed(ValueChange::Unknown { before: other }),
        ) => one == other,
        _ => one == other,
    }
}

/// The keys of a map that comes, goes, or changes in some entries.
fn keys<'p>(difference: &ValueDiff<'p>) -> Option<Vec<&'p str>> {
    let of = |value: &Shown<'p>| value.is_map().then(|| value.entries().map(|(name, _)| name).collect());
    match difference {
        ValueDiff::Same(value) | ValueDiff::Added(value) | ValueDiff::Removed(value) => of(value),
        ValueDiff::Changed(ValueChange::Entries { map: true, changed, .. }) => {
            Some(changed.iter().map(|(name, _)| *name).collect())
        }
        ValueDiff::Changed(_) | ValueDiff::Various { .. } => None,
    }
}

fn entry<'p>(difference: &ValueDiff<'p>, key: &str) -> Option<ValueDiff<'p>> {
    match difference {
        ValueDiff::Same(value) => value.entry(key).map(ValueDiff::Same),
        ValueDiff::Added(value) => value.entry(key).map(ValueDiff::Added),
        ValueDiff::Removed(value) => value.entry(key).map(ValueDiff::Removed),
        ValueDiff::Changed(ValueChange::Entries { changed, .. }) => {
            changed.iter().find(|(name, _)| *name == key).map(|(_, difference)| difference.clone())
        }
        ValueDiff::Changed(_) | ValueDiff::Various { .. } => None,
    }
}

/// Takes out what every plan says: defaults, and what only the apply will tell.
fn leave_out_usual(attributes: &mut AttributesDiff<'_>, block: Option<&str>, table: Option<&'static Schema>) {
    let Some(table) = table else { return };
    let known = match block {
        None => table.attributes,
        Some(name) => table.block(name).map_or(&[][..], |block| block.attributes),
    };
    let before = attributes.shown.len();
    let cap = attributes.shown.iter().find(|attribute| attribute.name == CAP).map(|cap| cap.difference.clone());
    attributes.shown.retain(|attribute| {
        let known = known.iter().find(|known| known.name == attribute.name);
        let renews = attribute.name == RENEWS_AT && cap.as_ref() == Some(&attribute.difference);
        !renews && !known.is_some_and(|known| is_usual(known, &attribute.difference))
    });
    attributes.usual += before - attributes.shown.len() + attributes.unknown;
    attributes.unknown = 0;
}

fn is_usual(attribute: &Attribute, difference: &ValueDiff<'_>) -> bool {
    match difference {
        ValueDiff::Added(value) if !value.is_hidden() => match attribute.presence {
            Presence::Computed => true,
            Presence::OptionalComputed => !value.is_known(),
            Presence::Optional => value.is(&attribute.absent()),
            Presence::Required => false,
        },
        _ => false,
    }
}
