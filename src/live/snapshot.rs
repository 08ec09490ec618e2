//! The account at one moment, as a plan sees it.

use super::{Group, GroupId, LiveObject, Machine, MachineId, ObjectId};
use crate::money::Usd;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Everything a refresh read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Every object of the account. `None` for a recorded one that is proven gone: 404, 410, or a terminal status. Lists
    /// never prove that (invariant 8).
    pub objects: BTreeMap<ObjectId, Option<LiveObject>>,
    /// Recorded machines that show what the state says of them that this was read beside, wherever that can be told: who
    /// compares the two needs not look at them.
    pub as_recorded: BTreeSet<MachineId>,
    /// The server's clock when the machines were listed.
    pub as_of: Option<Timestamp>,
    /// USD that are left, where that was read.
    pub balance: Option<Usd>,
    /// False for `-refresh=false`: nothing was read, and recorded counts as live.
    pub read: bool,
    /// A template group of ours stood with its mark, and everybody else was looked at who may have the fleet's name.
    pub claimed: bool,
}

impl Snapshot {
    /// Puts objects in.
    pub fn extend<T: Into<LiveObject>>(&mut self, objects: impl IntoIterator<Item = T>) {
        let objects = objects.into_iter().map(Into::into);
        self.objects.extend(objects.map(|object: LiveObject| (object.id(), Some(object))));
    }

    /// Puts in what was read of some once more.
    pub fn replace(&mut self, objects: impl IntoIterator<Item = (ObjectId, Option<LiveObject>)>) {
        for (id, object) in objects {
            if let Some(machine) = id.machine() {
                self.as_recorded.remove(&machine);
            }
            self.objects.insert(id, object);
        }
    }

    /// Whether nothing of an object differs from what the state says ([`Snapshot::as_recorded`]).
    pub fn is_as_recorded(&self, object: &LiveObject) -> bool {
        object.id().machine().is_some_and(|machine| self.as_recorded.contains(&machine))
    }

    /// Every object that stands.
    pub fn standing(&self) -> impl Iterator<Item = &LiveObject> + Clone {
        self.objects.values().flatten()
    }

    /// Every machine that stands.
    pub fn machines(&self) -> impl Iterator<Item = &Machine> {
        self.standing().filter_map(|object| match object {
            LiveObject::Machine(machine) => Some(machine.as_ref()),
            LiveObject::Group(_) => None,
        })
    }

    /// Every template group that stands.
    pub fn groups(&self) -> impl Iterator<Item = &Group> + Clone {
        self.standing().filter_map(|object| match object {
            LiveObject::Group(group) => Some(group.as_ref()),
            LiveObject::Machine(_) => None,
        })
    }

    /// The template group with this id, if it stands.
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        match self.objects.get(&ObjectId::Group(id))? {
            Some(LiveObject::Group(group)) => Some(group),
            Some(LiveObject::Machine(_)) | None => None,
        }
    }

    /// True where a recorded object is proven gone.
    pub fn is_gone(&self, id: ObjectId) -> bool {
        self.objects.get(&id).is_some_and(Option::is_none)
    }
}
