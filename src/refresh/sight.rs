//! Looking for what an intent made: a machine by its claim, a group by its name.

use crate::cloud::{Cloud, Listed, ReadResult};
use crate::live::{Env, Group, GroupId, Machine, MachineId, Mark};
use crate::state::{Intent, State};
use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Created so long before the intent was written, at most: clocks differ (API sheet §8).
const BEFORE: SignedDuration = SignedDuration::from_secs(60);
/// Created so long after it, at most (API sheet §8): twice what the longest call takes.
const AFTER: SignedDuration = SignedDuration::from_mins(6);
/// Candidates whose details are read at once: as many as a refresh reads.
const AT_ONCE: usize = 8;

/// What a look at one list says of an intent.
#[derive(Clone, Debug, PartialEq)]
pub enum Sighting<T> {
    /// This is what it made.
    Found(Box<T>),
    /// One of these may be; nobody can tell.
    Perhaps(Vec<u64>),
    /// Not there.
    Nowhere,
}

/// What a search leaves out, and what it may conclude from.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Machines that are recorded: not those.
    pub recorded: BTreeSet<MachineId>,
    /// Template groups of our own: one unmarked machine of such a group can be nobody else's.
    pub own_groups: BTreeSet<GroupId>,
    /// Another rent of the same shape has no machine yet: only a claim tells them apart.
    pub rivals: bool,
}

impl Search {
    /// A search for an intent of this state.
    pub fn of(state: &State, intent: &Intent) -> Search {
        let recorded = state.recorded_machines().map(|(id, _)| id).collect();
        let rivals = state.open.values().any(|other| other.claim != intent.claim && same_shape(other, intent));
        Search { recorded, own_groups: state.recorded_groups().map(|(id, _)| id).collect(), rivals }
    }
}

/// Whether two rents order the same: machines of one could be taken for the other's.
pub fn same_shape(a: &Intent, b: &Intent) -> bool {
    let model = |intent: &Intent| intent.gpu_model.as_ref().map(|model| model.to_lowercase());
    a.action == b.action && a.group_id == b.group_id && model(a) == model(b) && a.gpu_count == b.gpu_count
}

/// Whether a machine could be what an intent rented, as far as this answer tells. When it was made says nothing here: a
/// claim proves more than two clocks.
pub(super) fn may_be(machine: &Machine, intent: &Intent) -> bool {
    fn fits<T: PartialEq>(live: Option<&T>, wanted: Option<&T>) -> bool {
        live.is_none() || wanted.is_none() || live == wanted
    }
    let model = match (&machine.gpu_model, &intent.gpu_model) {
        (Some(live), Some(wanted)) => live.eq_ignore_ascii_case(wanted),
        _ => true,
    };
    let group = machine.group.map(|group| group.0);
    !is_gone(machine) && model && fits(machine.gpu_count.as_ref(), intent.gpu_count.as_ref()) && {
        fits(group.as_ref(), intent.group_id.as_ref())
    }
}

fn is_gone(machine: &Machine) -> bool {
    machine.status.as_ref().is_some_and(crate::live::Status::is_gone)
}

/// Whether this answer shows variables of a machine: then the API shows environments.
fn has_variables(machine: &Machine) -> bool {
    machine.env.as_ref().is_some_and(|env| !env.0.is_empty())
}

/// Whether a machine was made when the intent was written, as far as this answer tells.
fn in_time(machine: &Machine, intent: &Intent) -> bool {
    let created = machine.created_at.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
    created.is_none_or(|created| {
        let since = created.duration_since(intent.at);
        since >= -BEFORE && since <= AFTER
    })
}

/// Whether everything that [`may_be`] and [`in_time`] compare was told.
fn is_told(machine: &Machine) -> bool {
    machine.gpu_model.is_some()
        && machine.gpu_count.is_some()
        && machine.group.is_some()
        && machine.created_at.as_ref().is_some_and(|text| text.parse::<Timestamp>().is_ok())
}

/// Marked or recorded machines that are read to learn whether this API shows environments: each of them holds a claim,
/// so one tells it, and the second does where the first is gone by now.
const WITNESSES: usize = 2;

/// Looks for the machine of a rent (invariant 2). Where the environment is readable, only the claim adopts. Where it is
/// not, one single unmarked machine of our own group, model, count and creation window does. Every machine of podform holds
/// a claim, so one of them that shows variables, or any other that does, proves that an empty environment is empty.
///
/// # Errors
/// A read of details that failed.
pub async fn sight<C: Cloud>(
    cloud: &C,
    intent: &Intent,
    listed: &Listed<Machine>,
    search: &Search,
) -> ReadResult<Sighting<Machine>> {
    let (mut candidates, mut witnesses) = (Vec::new(), Vec::new());
    let mut shows_env = listed.rows.iter().any(has_variables);
    for row in &listed.rows {
        match row.notes.as_ref().and_then(|notes| Mark::read(notes).1) {
            Some(mark) if mark.claim == intent.claim => return Ok(Sighting::Found(Box::new(row.clone()))),
            _ if is_gone(row) => {}
            Some(_) => witnesses.push(row.id),
            // A row may show model or group in other words than the market did; only the claim tells.
            None if search.recorded.contains(&row.id) => witnesses.push(row.id),
            None => candidates.push(row.id),
        }
    }
    let reads = candidates.into_iter().map(|id| cloud.machine(id));
    let details: Vec<ReadResult<Option<Machine>>> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    let mut possible = Vec::new();
    for machine in details {
        let Some(machine) = machine? else { continue };
        let mark = machine.notes.as_ref().and_then(|notes| Mark::read(notes).1);
        let claim = machine.env.as_ref().and_then(Env::claim);
        if claim == Some(&intent.claim) || mark.as_ref().is_some_and(|mark| mark.claim == intent.claim) {
            return Ok(Sighting::Found(Box::new(machine)));
        }
        shows_env |= has_variables(&machine);
        if mark.is_none() && !has_variables(&machine) && may_be(&machine, intent) && in_time(&machine, intent) {
            possible.push(machine);
        }
    }
    for id in witnesses.into_iter().take(if possible.is_empty() { 0 } else { WITNESSES }) {
        shows_env = shows_env || cloud.machine(id).await?.is_some_and(|machine| has_variables(&machine));
    }
    if shows_env {
        // What an answer lacks altogether may still be hidden: that machine stays possible, and is not adopted.
        possible.retain(|machine| machine.env.is_none());
    }
    let ids = possible.iter().map(|machine| machine.id.0).collect();
    let own = intent.group_id.is_some_and(|group| search.own_groups.contains(&GroupId(group)));
    Ok(match <[Machine; 1]>::try_from(possible) {
        Ok([one]) if own && !search.rivals && !shows_env && is_told(&one) => Sighting::Found(Box::new(one)),
        Err(none) if none.is_empty() => Sighting::Nowhere,
        _ => Sighting::Perhaps(ids),
    })
}

/// Looks for the group of a create: by its exact name, and our mark with the claim.
///
/// # Errors
/// A read of details that failed.
pub async fn sight_group<C: Cloud>(cloud: &C, intent: &Intent, listed: &Listed<Group>) -> ReadResult<Sighting<Group>> {
    let named = |row: &&Group| row.name().is_some() && row.name() == intent.group_name.as_deref();
    let mut unmarked = Vec::new();
    for row in listed.rows.iter().filter(named) {
        let Some(group) = cloud.group(row.id).await? else { continue };
        match group.notes.as_ref().and_then(|notes| Mark::read(notes).1) {
            Some(mark) if mark.claim == intent.claim => return Ok(Sighting::Found(Box::new(group))),
            Some(_) => {}
            None => unmarked.push(group.id.0),
        }
    }
    Ok(if unmarked.is_empty() { Sighting::Nowhere } else { Sighting::Perhaps(unmarked) })
}
