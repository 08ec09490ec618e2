//! What differs of an object: the attributes that the reader needs, and how many the others are.

use super::shown::Shown;
use super::value_diff::{DiffKind, ValueDiff};
use crate::address::InstanceAddr;
use crate::lang::Value;
use crate::path::ValuePath;
use crate::schema::{self, Attribute, BlockType, Presence};
use std::collections::BTreeSet;

/// Unchanged attributes that tell which object it is.
const IDENTITY: [&str; 2] = ["id", "name"];
/// Computed attributes of a machine that goes which the reader wants to see.
const FAREWELL: [&str; 5] = ["id", "status", "rented_gpu_model", "hourly_cost", "expires_at"];

/// An object of a resource or data source before and afterwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectDiff<'p> {
    /// Its attributes.
    pub attributes: AttributesDiff<'p>,
    /// Its nested blocks, after the attributes.
    pub blocks: Vec<BlockDiff<'p>>,
    /// How many nested blocks stay and are not among them.
    pub unchanged_blocks: usize,
}

/// Attributes of an object or a nested block, in the order of the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttributesDiff<'p> {
    /// Those that the reader needs.
    pub shown: Vec<AttributeDiff<'p>>,
    /// How many stay as they are.
    pub unchanged: usize,
    /// How many computed ones only the apply will tell.
    pub unknown: usize,
    /// How many computed ones go, and tell nothing any more.
    pub gone: usize,
    /// How many are as in every plan: at their defaults, or for the apply to tell. Only of [`super::Alike`].
    pub usual: usize,
}

/// One attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeDiff<'p> {
    /// Its name.
    pub name: &'p str,
    /// What becomes of it.
    pub difference: ValueDiff<'p>,
    /// Its change forces a replacement.
    pub forces: bool,
}

/// A nested block.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockDiff<'p> {
    /// Its name.
    pub name: &'p str,
    /// What becomes of it.
    pub kind: DiffKind,
    /// Its attributes.
    pub attributes: AttributesDiff<'p>,
}

/// What an object is compared with, and what else there is to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compared<'p> {
    pub before: Option<Shown<'p>>,
    pub after: Option<Shown<'p>>,
    /// Attributes that are equal in both, and that the server shows otherwise: name, recorded, live.
    pub instead: &'p [(String, Value, Value)],
    /// Paths whose change forces a replacement.
    pub forced_by: &'p [ValuePath],
    /// What stays is shown too.
    pub whole: bool,
}

impl<'p> ObjectDiff<'p> {
    /// A whole object that stays as it is.
    pub fn unchanged(address: &InstanceAddr, value: &'p Value) -> Self {
        let shown = Some(Shown::object(address, value));
        Self::of(address, Compared { before: shown, after: shown, instead: &[], forced_by: &[], whole: true })
    }

    pub(super) fn of(address: &InstanceAddr, compared: Compared<'p>) -> Self {
        let table = schema::table(address.resource.mode, &address.resource.kind);
        let (attributes, blocks) = table.map_or((&[][..], &[][..]), |table| (table.attributes, table.blocks));
        let mut found = Self { attributes: compared.attributes(attributes, blocks, None), ..Self::default() };
        for block in blocks {
            let inside = |object: Option<Shown<'p>>| object.and_then(|object| object.block(block));
            let (before, after) = (inside(compared.before), inside(compared.after));
            match DiffKind::of(before, after) {
                None => {}
                Some(DiffKind::Same) if !compared.whole => found.unchanged_blocks += 1,
                Some(kind) => {
                    let whole = kind == DiffKind::Same;
                    let inside = Compared { before, after, instead: &[], whole, ..compared };
                    let attributes = inside.attributes(block.attributes, &[], Some(block.name));
                    found.blocks.push(BlockDiff { name: block.name, kind, attributes });
                }
            }
        }
        found
    }
}

impl<'p> Compared<'p> {
    /// The attributes of a table, then by name what the table does not know.
    fn attributes(
        self,
        table: &'static [Attribute],
        blocks: &[BlockType],
        inside: Option<&'static str>,
    ) -> AttributesDiff<'p> {
        let sides = [self.before, self.after];
        let mut found = AttributesDiff::default();
        // What the table knows of each side: where that is not all of it, the rest is looked for.
        let present = |object: Shown<'p>| blocks.iter().filter(|block| object.block(block).is_some()).count();
        let mut known = sides.map(|side| side.map_or(0, present));
        for attribute in table {
            let [before, after] = sides.map(|side| side.and_then(|object| object.attribute(attribute)));
            known[0] += usize::from(before.is_some());
            known[1] += usize::from(after.is_some());
            let computed = attribute.presence == Presence::Computed;
            let [before, after] = self.told_instead(attribute, before, after);
            self.add(&mut found, inside, (attribute.name, computed), before, after);
        }
        let mut unknown_to_table = BTreeSet::new();
        for (side, known) in sides.into_iter().zip(known) {
            let Some(object) = side.filter(|object| object.size() > known) else { continue };
            let others = object.entries().map(|(name, _)| name);
            unknown_to_table.extend(others.filter(|name| {
                !table.iter().any(|attribute| attribute.name == *name)
                    && !blocks.iter().any(|block| block.name == *name)
            }));
        }
        for name in unknown_to_table {
            let [before, after] = sides.map(|side| side.and_then(|object| object.entry(name)));
            self.add(&mut found, inside, (name, false), before, after);
        }
        found
    }

    /// What the server shows otherwise of an attribute that is equal in both.
    fn told_instead(
        &self,
        attribute: &Attribute,
        before: Option<Shown<'p>>,
        after: Option<Shown<'p>>,
    ) -> [Option<Shown<'p>>; 2] {
        let instead = self.instead.iter().find(|(name, ..)| name == attribute.name && before == after);
        match (instead, self.before, self.after) {
            (Some((_, recorded, live)), Some(old), Some(new)) => {
                [Some(old.child(recorded, attribute.sensitive)), Some(new.child(live, attribute.sensitive))]
            }
            _ => [before, after],
        }
    }

    fn add(
        &self,
        found: &mut AttributesDiff<'p>,
        inside: Option<&str>,
        (name, computed): (&'p str, bool),
        before: Option<Shown<'p>>,
        after: Option<Shown<'p>>,
    ) {
        let identity = IDENTITY.contains(&name);
        match DiffKind::of(before, after) {
            None => {}
            Some(DiffKind::Same) if !self.whole && !identity => found.unchanged += 1,
            Some(_) if computed && !identity && after.is_some_and(|after| !after.is_known()) => found.unknown += 1,
            Some(DiffKind::Removed) if computed && !FAREWELL.contains(&name) => found.gone += 1,
            Some(_) => {
                let Some(difference) = ValueDiff::of(before, after) else { return };
                let forces = self.forced_by.iter().any(|path| match inside {
                    None => path.is(name),
                    Some(block) => *path == ValuePath::of(block).attribute(name),
                });
                found.shown.push(AttributeDiff { name, difference, forces });
            }
        }
    }
}
