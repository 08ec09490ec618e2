//! Looking for what an intent made: a machine by its claim, a group by its name.

use super::clock::Clock;
use crate::address::ObjectKind;
use crate::cloud::{Cloud, Listed, ReadResult};
use crate::live::{Env, Group, GroupId, Machine, MachineId, ObjectId};
use crate::state::{Intent, IntentAction, State};
use futures::stream::{self, StreamExt};
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// Created so long before the intent was written, at most: clocks differ (API sheet §8).
const BEFORE: SignedDuration = SignedDuration::from_secs(60);
/// Created so long after it, at most (API sheet §8): twice what the longest call takes.
const AFTER: SignedDuration = SignedDuration::from_mins(6);
/// A clock that is wrong is so by hours. What was made further away is another's; what lies between may be what it made, and
/// is not adopted for it.
const DOUBTFUL: SignedDuration = SignedDuration::from_hours(24);
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

impl<T> Sighting<T> {
    /// What it is, or may be.
    fn ids(self, id: impl FnOnce(&T) -> u64) -> Vec<u64> {
        match self {
            Sighting::Found(found) => vec![id(&found)],
            Sighting::Perhaps(ids) => ids,
            Sighting::Nowhere => Vec::new(),
        }
    }
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

fn is_gone(machine: &Machine) -> bool {
    machine.status.as_ref().is_some_and(crate::live::Status::is_gone)
}

/// Whether a machine was made so near to when the intent was written, as far as this answer tells.
fn in_time(machine: &Machine, intent: &Intent, before: SignedDuration, after: SignedDuration) -> bool {
    machine.created().is_none_or(|created| {
        let since = created.duration_since(intent.at);
        since >= -before && since <= after
    })
}

/// Whether everything that [`Intent::may_have_made`] and [`in_time`] compare was told.
fn is_told(machine: &Machine) -> bool {
    machine.gpu_model.is_some() && machine.gpu_count.is_some() && machine.group.is_some() && machine.created().is_some()
}

/// Marked or recorded machines that are read to learn whether this API shows environments: each of them holds a claim,
/// so one tells it, and the second does where the first is gone by now.
pub(super) const WITNESSES: usize = 2;

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
    let (mut marked, mut candidates, mut witnesses) = (Vec::new(), Vec::new(), Vec::new());
    let mut shows_env = listed.rows.iter().any(Machine::shows_env);
    for row in &listed.rows {
        match row.noted() {
            Some(mark) if mark.claim == intent.claim && !mark.is_copied_to(row.id) => marked.push(row),
            _ if is_gone(row) => {}
            Some(_) => witnesses.push(row.id),
            // A row may show model or group in other words than the market did; only the claim tells.
            None if search.recorded.contains(&row.id) => witnesses.push(row.id),
            None => candidates.push(row.id),
        }
    }
    let mut bearers = Vec::new();
    for row in marked {
        bearers.push(cloud.machine(row.id).await?.unwrap_or_else(|| row.clone()));
    }
    if let Some(sighting) = borne(intent, bearers) {
        return Ok(sighting);
    }
    let reads = candidates.into_iter().map(|id| cloud.machine(id));
    let details: Vec<ReadResult<Option<Machine>>> = stream::iter(reads).buffered(AT_ONCE).collect().await;
    let (mut possible, mut bearers) = (Vec::new(), Vec::new());
    let near = |machine: &Machine| in_time(machine, intent, DOUBTFUL, DOUBTFUL);
    for machine in details {
        let Some(machine) = machine? else { continue };
        let claim = machine.env.as_ref().and_then(Env::claim);
        if claim == Some(&intent.claim) {
            return Ok(Sighting::Found(Box::new(machine)));
        }
        if machine.mark().is_some_and(|mark| mark.claim == intent.claim) {
            bearers.push(machine);
            continue;
        }
        shows_env |= machine.shows_env();
        if machine.noted().is_none() && !machine.shows_env() && intent.may_have_made(&machine) && near(&machine) {
            possible.push(machine);
        }
    }
    if let Some(sighting) = borne(intent, bearers) {
        return Ok(sighting);
    }
    for id in witnesses.into_iter().take(if possible.is_empty() { 0 } else { WITNESSES }) {
        shows_env = shows_env || cloud.machine(id).await?.is_some_and(|machine| machine.shows_env());
    }
    if shows_env {
        // What an answer lacks altogether may still be hidden: that machine stays possible, and is not adopted.
        possible.retain(|machine| machine.env.is_none());
    }
    let ids = possible.iter().map(|machine| machine.id.0).collect();
    let own = intent.group_id.is_some_and(|group| search.own_groups.contains(&GroupId(group)));
    Ok(match <[Machine; 1]>::try_from(possible) {
        Ok([one]) if own && !search.rivals && !shows_env && is_told(&one) && in_time(&one, intent, BEFORE, AFTER) => {
            Sighting::Found(Box::new(one))
        }
        Err(none) if none.is_empty() => Sighting::Nowhere,
        _ => Sighting::Perhaps(ids),
    })
}

/// Which of those that carry the mark of an intent is what it made: whoever copies notes copies the mark, and only the claim
/// in the environment is not copied with them. `None` where it is none of them.
fn borne(intent: &Intent, bearers: Vec<Machine>) -> Option<Sighting<Machine>> {
    let mut possible = Vec::new();
    for machine in bearers {
        match machine.env.as_ref().and_then(Env::claim) {
            Some(claim) if claim == intent.claim => return Some(Sighting::Found(Box::new(machine))),
            None if !machine.shows_env() => possible.push(machine),
            Some(_) | None => {}
        }
    }
    let ids = possible.iter().map(|machine| machine.id.0).collect();
    match <[Machine; 1]>::try_from(possible) {
        Ok([one]) => Some(Sighting::Found(Box::new(one))),
        Err(none) if none.is_empty() => None,
        Err(_) => Some(Sighting::Perhaps(ids)),
    }
}

/// What the account holds now that an open create could have made, as far as anybody can tell.
///
/// # Errors
/// A read that failed.
pub async fn candidates<C: Cloud>(
    cloud: &C,
    state: &State,
    intent: &Intent,
    clock: &Clock,
) -> ReadResult<Vec<ObjectId>> {
    let IntentAction::Create(kind) = intent.action else { return Ok(Vec::new()) };
    let sighting = match kind {
        ObjectKind::Instance => {
            let listed = cloud.machines().await?;
            clock.observe(listed.as_of);
            sight(cloud, intent, &listed, &Search::of(state, intent)).await?.ids(|machine| machine.id.0)
        }
        ObjectKind::TemplateGroup => {
            let listed = cloud.groups().await?;
            clock.observe(listed.as_of);
            sight_group(cloud, intent, &listed).await?.ids(|group| group.id.0)
        }
    };
    Ok(sighting.into_iter().map(|id| ObjectId::new(kind, id)).collect())
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
        match group.mark() {
            Some(mark) if mark.claim == intent.claim => return Ok(Sighting::Found(Box::new(group))),
            Some(_) => {}
            None => unmarked.push(group.id.0),
        }
    }
    Ok(if unmarked.is_empty() { Sighting::Nowhere } else { Sighting::Perhaps(unmarked) })
}
