//! What carries our mark: a machine or a template group.

use super::{Group, GroupId, Machine, MachineId, Mark, Notes};
use crate::address::ObjectKind;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Which machine or template group. Written as people name it in commands: `108209`, `/instances/templates/25115`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectId {
    /// A machine, by its id.
    Machine(MachineId),
    /// A template group, by its IRI: its id could be a machine's too.
    Group(GroupId),
}

impl ObjectId {
    /// The object of a kind with that number.
    pub fn new(kind: ObjectKind, number: u64) -> ObjectId {
        match kind {
            ObjectKind::Instance => ObjectId::Machine(MachineId(number)),
            ObjectKind::TemplateGroup => ObjectId::Group(GroupId(number)),
        }
    }

    /// Reads the id that an import gives: a number, of a template group also its IRI.
    pub fn of_import(kind: ObjectKind, text: &str) -> Option<ObjectId> {
        match kind {
            ObjectKind::Instance => text.parse().ok().map(MachineId).map(ObjectId::Machine),
            ObjectKind::TemplateGroup => GroupId::parse(text).map(ObjectId::Group),
        }
    }

    /// Its kind.
    pub fn kind(self) -> ObjectKind {
        match self {
            ObjectId::Machine(_) => ObjectKind::Instance,
            ObjectId::Group(_) => ObjectKind::TemplateGroup,
        }
    }

    /// The machine, where it is one.
    pub fn machine(self) -> Option<MachineId> {
        match self {
            ObjectId::Machine(id) => Some(id),
            ObjectId::Group(_) => None,
        }
    }

    /// The number in it.
    pub fn number(self) -> u64 {
        match self {
            ObjectId::Machine(id) => id.0,
            ObjectId::Group(id) => id.0,
        }
    }
}

/// An object of the account as the API shows it: its details where they were read, else the list's row.
#[derive(Clone, Debug, PartialEq)]
pub enum LiveObject {
    /// A machine.
    Machine(Box<Machine>),
    /// A template group.
    Group(Box<Group>),
}

impl From<Machine> for LiveObject {
    fn from(machine: Machine) -> Self {
        LiveObject::Machine(Box::new(machine))
    }
}

impl From<Group> for LiveObject {
    fn from(group: Group) -> Self {
        LiveObject::Group(Box::new(group))
    }
}

impl LiveObject {
    /// Which.
    pub fn id(&self) -> ObjectId {
        match self {
            LiveObject::Machine(machine) => ObjectId::Machine(machine.id),
            LiveObject::Group(group) => ObjectId::Group(group.id),
        }
    }

    /// Its notes, mark and all; `None` where the answer did not carry them.
    pub fn notes(&self) -> Option<&Notes> {
        match self {
            LiveObject::Machine(machine) => machine.notes.as_ref(),
            LiveObject::Group(group) => group.notes.as_ref(),
        }
    }

    /// The mark in its notes, unless that was copied from another machine's.
    pub fn mark(&self) -> Option<&Mark> {
        match self {
            LiveObject::Machine(machine) => machine.mark(),
            LiveObject::Group(group) => group.mark(),
        }
    }

    /// Attributes that were left out of it.
    pub fn hidden(&self) -> &BTreeSet<&'static str> {
        match self {
            LiveObject::Machine(machine) => &machine.hidden,
            LiveObject::Group(group) => &group.hidden,
        }
    }

    /// True for a machine whose rent has ended.
    pub fn is_gone(&self) -> bool {
        match self {
            LiveObject::Machine(machine) => machine.is_gone(),
            LiveObject::Group(_) => false,
        }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ObjectId::Machine(id) => write!(f, "{id}"),
            ObjectId::Group(id) => f.write_str(&id.iri()),
        }
    }
}

impl FromStr for ObjectId {
    type Err = String;

    fn from_str(text: &str) -> Result<ObjectId, String> {
        let machine = text.parse().ok().map(|id| ObjectId::Machine(MachineId(id)));
        let group = || text.strip_prefix("/instances/templates/")?.parse().ok().map(|id| ObjectId::Group(GroupId(id)));
        let wrong = "is neither the id of a machine, like 108209, nor the IRI of a template group, like /instances/templates/25115";
        machine.or_else(group).ok_or_else(|| format!("\"{text}\" {wrong}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_shown() {
        for text in ["108209", "/instances/templates/25115"] {
            assert_eq!(text.parse::<ObjectId>().map(|id| id.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "-1", "all", "25115/", "/instances/25115", "/instances/templates/", "99999999999999999999"] {
            assert!(text.parse::<ObjectId>().is_err(), "{text}");
        }
    }
}
