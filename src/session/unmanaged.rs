//! What the account holds and nobody manages.

use super::failure::Failure;
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::live::{Group, GroupId, LiveObject, Machine, Mark, Notes, ObjectId, Snapshot};
use crate::state::State;
use std::collections::BTreeSet;

/// What is in no state, as far as can be told.
pub struct Unmanaged {
    /// The objects.
    pub objects: Vec<ObjectId>,
    /// What is left out, and why.
    pub left: Vec<String>,
}

/// Whether a mark leaves an object to us: it has none, or ours, which a record was dropped from. An object that an open
/// operation may have made is settled, not imported.
fn free<'o>(fleet: Option<&str>, state: &State, object: &'o LiveObject) -> Result<(), &'o Mark> {
    match object.notes().and_then(Notes::mark) {
        None => Ok(()),
        Some(mark) => {
            let ours = Some(mark.fleet.as_str()) == fleet && mark.lineage == state.lineage;
            if ours && !state.open.contains_key(&mark.claim) { Ok(()) } else { Err(mark) }
        }
    }
}

/// Objects that are not recorded, and that no mark keeps from us.
pub fn unmanaged(fleet: Option<&str>, state: &State, snapshot: &Snapshot) -> Unmanaged {
    let own: BTreeSet<ObjectId> = state.identified().map(|(id, ..)| id).collect();
    let mut found = Unmanaged { objects: Vec::new(), left: Vec::new() };
    for object in snapshot.standing().filter(|object| !own.contains(&object.id()) && !object.is_gone()) {
        let id = object.id();
        match free(fleet, state, object) {
            Ok(()) => found.objects.push(id),
            Err(mark) => found.left.push(format!(
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
    found: Unmanaged,
) -> Result<(Vec<Group>, Vec<Machine>), Failure> {
    let claimed = |machine: &Machine| {
        let claim = machine.env.as_ref().and_then(|env| env.claim());
        claim.is_some_and(|claim| state.open.contains_key(claim))
    };
    let (mut groups, mut machines) = (Vec::new(), Vec::new());
    for id in found.objects {
        let doing = format!("Reading the {} {}", id.kind(), id.number());
        let read = cloud.object(id).await.map_err(|error| fault(&doing, &error))?;
        match read.filter(|object| free(fleet, state, object).is_ok()) {
            Some(LiveObject::Machine(machine)) if claimed(&machine) => {}
            Some(LiveObject::Machine(machine)) => machines.push(*machine),
            Some(LiveObject::Group(group)) => groups.push(*group),
            None => {}
        }
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
