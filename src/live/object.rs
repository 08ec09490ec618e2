//! What carries our mark: a machine or a template group.

use super::{GroupId, MachineId};
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
    /// The type of its resource.
    pub fn kind(self) -> &'static str {
        match self {
            ObjectId::Machine(_) => "simplepod_instance",
            ObjectId::Group(_) => "simplepod_template_group",
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
