//! What the account holds and nobody manages.

use super::failure::Failure;
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::live::{Group, GroupId, LiveObject, Machine, Mark, ObjectId, Snapshot};
use crate::state::State;
use std::collections::BTreeSet;

/// What is in no state, as far as can be told.
pub struct Unmanaged<'a> {
    /// Template groups.
    pub groups: Vec<&'a Group>,
    /// Machines.
    pub machines: Vec<&'a Machine>,
    /// What is left out, and why.
    pub left: Vec<String>,
}

/// Whether a mark leaves an object to us: it has none, or ours, which a record was dropped from. An object that an open
/// operation may have made is settled, not imported.
fn free(fleet: Option<&str>, state: &State, notes: Option<&str>) -> Result<(), Box<Mark>> {
    match notes.and_then(|notes| Mark::read(notes).1) {
        None => Ok(()),
        Some(mark) => {
            let ours = Some(mark.fleet.as_str()) == fleet && mark.lineage == state.lineage;
            if ours && !state.open.contains_key(&mark.claim) { Ok(()) } else { Err(Box::new(mark)) }
        }
    }
}

/// Objects that are not recorded, and that no mark keeps from us.
pub fn unmanaged<'a>(fleet: Option<&str>, state: &State, snapshot: &'a Snapshot) -> Unmanaged<'a> {
    let own: BTreeSet<ObjectId> = state.identified().map(|(id, ..)| id).collect();
    let mut found = Unmanaged { groups: Vec::new(), machines: Vec::new(), left: Vec::new() };
    for object in snapshot.standing().filter(|object| !own.contains(&object.id()) && !object.is_gone()) {
        let id = object.id();
        match (free(fleet, state, object.notes()), object) {
            (Ok(()), LiveObject::Machine(machine)) => found.machines.push(machine),
            (Ok(()), LiveObject::Group(group)) => found.groups.push(group),
            (Err(mark), _) => found.left.push(format!(
                "Left out: {} {} is marked as {} of the fleet \"{}\".\n",
                id.kind(),
                id.number(),
                mark.address,
                mark.fleet
            )),
        }
    }
    found
}

/// Rows of lists carry less than details. What has gone meanwhile, or shows only here whose it is, is left out.
pub async fn details<C: Cloud>(
    cloud: &C,
    fleet: Option<&str>,
    state: &State,
    found: Unmanaged<'_>,
) -> Result<(Vec<Group>, Vec<Machine>), Failure> {
    let ours = |notes: &Option<String>| free(fleet, state, notes.as_deref()).is_ok();
    let claimed = |machine: &Machine| {
        let claim = machine.env.as_ref().and_then(|env| env.claim());
        claim.is_some_and(|claim| state.open.contains_key(claim))
    };
    let (mut groups, mut machines) = (Vec::new(), Vec::new());
    for group in found.groups {
        let read = cloud.group(group.id).await;
        let read = read.map_err(|error| fault(&format!("Reading the template group {}", group.id), &error))?;
        groups.extend(read.filter(|group| ours(&group.notes)));
    }
    for machine in found.machines {
        let read = cloud.machine(machine.id).await;
        let read = read.map_err(|error| fault(&format!("Reading the machine {}", machine.id), &error))?;
        machines.extend(read.filter(|machine| ours(&machine.notes) && !claimed(machine)));
    }
    Ok((groups, machines))
}

/// The template groups of these machines that are not among these groups.
pub async fn templates<C: Cloud>(cloud: &C, groups: &[Group], machines: &[Machine]) -> Result<Vec<Group>, Failure> {
    let known: BTreeSet<GroupId> = groups.iter().map(|group| group.id).collect();
    let wanted: BTreeSet<GroupId> = machines.iter().filter_map(|machine| machine.group).collect();
    let mut found = Vec::new();
    for id in wanted.difference(&known) {
        let read = cloud.group(*id).await;
        found.extend(read.map_err(|error| fault(&format!("Reading the template group {id}"), &error))?);
    }
    Ok(found)
}
