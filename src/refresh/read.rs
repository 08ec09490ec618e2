//! Reading the account: lists first, details only where something differs.

use super::reads::doing;
use super::sight::WITNESSES;
use crate::cloud::fault::fault;
use crate::cloud::{CallError, Cloud, ErrorKind, Listed, ReadResult};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::stack::each_at_once;
use crate::live::{Group, GroupId, LiveObject, Machine, MachineId, Mark, ObjectId, Orphan, Proof, Snapshot, Want};
use crate::schema::observe;
use crate::state::observed::differing;
use crate::state::{Record, Shape, State, TWINS_WITHIN, fits, is_another, made_at, orphans, shape, shows_env};
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Reads by id that run at once: machines and template groups side by side fill the 16 calls that a client sends at
/// once at least.
const AT_ONCE: usize = 8;

/// How long a new machine may not be visible yet: as long as a program that really rents looks for one before it calls
/// the rent unconfirmed (API sheet §3.8).
pub const VISIBLE: Duration = Duration::from_secs(90);
/// Between looks for what was just made, as that program has it: it shows within seconds.
pub const PAUSE: Duration = Duration::from_secs(3);

/// How much is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refresh {
    /// The lists, and the details of what differs from the record.
    #[default]
    Lists,
    /// The same, and the details of every unrecorded object whose row leaves open whose it is: what looks for
    /// orphans.
    Orphans,
    /// The lists, and the details of every template group whose row leaves open whose it is: before a state makes its first
    /// object. By the mark of its first group another state has the fleet's name, before it has any machine.
    First,
    /// The lists, and the details of everything.
    Full,
    /// The lists, and the details of what is not recorded and may be ours: recorded counts as live.
    Unrecorded,
    /// Nothing: recorded counts as live.
    Nothing,
}

/// Reads the account. Lists never prove that something is gone: a recorded object that a list lacks is read by id, and
/// only 404, 410 or a terminal status makes it gone (invariant 8).
///
/// # Errors
/// Any read that fails otherwise fails the refresh.
pub async fn refresh<C: Cloud>(cloud: &C, state: &State, how: Refresh) -> Result<Snapshot, Diagnostics> {
    if how == Refresh::Nothing {
        return Ok(Snapshot::default());
    }
    let (machines, groups) = futures::join!(cloud.machines(), cloud.groups());
    let mut faults = Diagnostics::new();
    // What is wrong with the key, with the way to the API, or with all of the API, is told once.
    let of_all = |kind| matches!(kind, ErrorKind::Unauthorized | ErrorKind::Network | ErrorKind::Unavailable);
    let mut listed = |what: &str, error: CallError| {
        if faults.is_empty() || !of_all(error.kind) {
            faults.push(fault(what, &error));
        }
    };
    let machines = machines.map_err(|error| listed("Listing the machines of the account", error)).ok();
    let groups = groups.map_err(|error| listed("Listing the template groups of the account", error)).ok();
    let (Some(machines), Some(groups)) = (machines, groups) else { return Err(faults) };
    let mut snapshot = Snapshot { as_of: machines.as_of, read: how != Refresh::Unrecorded, ..Snapshot::default() };
    let wanted;
    (wanted, snapshot.as_recorded) = machines_to_read(state, &machines, how);
    snapshot.extend(machines.rows);
    let unseen: BTreeSet<MachineId> =
        state.recorded_machines().filter(|(_, record)| is_unseen(record)).map(|(id, _)| id).collect();
    let wanted_groups = groups_to_read(state, &groups, how);
    snapshot.extend(groups.rows);
    let wanted = wanted.into_iter().map(|id| {
        let unseen = unseen.contains(&id);
        (ObjectId::Machine(id), async move { Ok(details(cloud, id, unseen).await?.map(LiveObject::from)) })
    });
    let wanted_groups = wanted_groups.into_iter().map(ObjectId::Group).map(|id| (id, cloud.object(id)));
    let (read, read_groups) = futures::join!(by_id(wanted), by_id(wanted_groups));
    let (read, read_groups) = match (read, read_groups) {
        (Ok(read), Ok(read_groups)) => (read, read_groups),
        (read, read_groups) => {
            faults.extend(read.err().unwrap_or_default());
            faults.extend(read_groups.err().unwrap_or_default());
            return Err(faults);
        }
    };
    snapshot.replace(read.into_iter().chain(read_groups));
    witness(cloud, state, &mut snapshot).await?;
    let strangers = strangers(state, &snapshot);
    if strangers.has_errors() {
        return Err(strangers);
    }
    snapshot.objects.retain(|_, object| object.as_ref().is_some_and(|object| !object.is_gone()));
    for (id, ..) in state.identified() {
        match how {
            Refresh::Unrecorded => drop(snapshot.objects.remove(&id)),
            Refresh::Lists | Refresh::Orphans | Refresh::First | Refresh::Full | Refresh::Nothing => {
                snapshot.objects.entry(id).or_insert(None);
            }
        }
    }
    Ok(snapshot)
}

/// Reads recorded machines where an unrecorded one shows an empty environment and may be ours for it: they hold claims, and
/// tell whether this API shows environments.
async fn witness<C: Cloud>(cloud: &C, state: &State, snapshot: &mut Snapshot) -> Result<(), Diagnostics> {
    let Some(fleet) = state.fleet.as_deref().filter(|_| !shows_env(snapshot)) else { return Ok(()) };
    let perhaps = |found: &Orphan| match snapshot.objects.get(&found.id) {
        Some(Some(LiveObject::Machine(machine))) => found.proof == Proof::Perhaps && machine.env.is_some(),
        Some(Some(LiveObject::Group(_)) | None) | None => false,
    };
    if !orphans(state, snapshot, fleet).iter().any(perhaps) {
        return Ok(());
    }
    let known = state.recorded_machines().map(|(id, _)| id).take(WITNESSES);
    let reads = known.map(|id| (ObjectId::Machine(id), cloud.object(ObjectId::Machine(id))));
    snapshot.replace(by_id(reads).await?);
    Ok(())
}

/// Whether nothing but the id of a machine was ever read: the run that rented it ended at once.
pub fn is_unseen(record: &Record) -> bool {
    record.hash_id().is_none()
}

/// Details of a machine. One that was never seen may have been rented a moment ago: that it does not show proves nothing
/// before it must be visible.
///
/// # Errors
/// The read fails.
pub async fn details<C: Cloud>(cloud: &C, id: MachineId, unseen: bool) -> ReadResult<Option<Machine>> {
    let began = Instant::now();
    loop {
        match cloud.machine(id).await {
            Ok(None) if unseen && began.elapsed() < VISIBLE => sleep(PAUSE).await,
            read => return read,
        }
    }
}

/// Recorded machines whose number another machine carries now: taking its facts over would make it ours (invariant 4).
fn strangers(state: &State, snapshot: &Snapshot) -> Diagnostics {
    let mut faults = Diagnostics::new();
    for (id, address, record) in state.identified() {
        let live = match snapshot.objects.get(&id) {
            Some(Some(object)) if snapshot.is_as_recorded(object) => continue,
            Some(Some(LiveObject::Machine(machine))) => machine,
            Some(Some(LiveObject::Group(_)) | None) | None => continue,
        };
        if let Some(why) = is_another(record, live) {
            let detail = format!("{address}: {why}. It is another machine, and nothing is called.");
            let hint = format!("Check the account, then drop the record with podform state rm '{address}'.");
            faults.push(Diagnostic::error("Another machine", detail).with_hint(hint).on(address));
        }
    }
    faults
}

/// What a row of a list tells of a machine.
enum Told {
    /// Its details are read.
    Wanted,
    /// It is as recorded.
    AsRecorded,
    /// Neither.
    Nothing,
}

/// Those whose details are read, and those of the others that are as recorded.
fn machines_to_read(
    state: &State,
    listed: &Listed<Machine>,
    how: Refresh,
) -> (BTreeSet<MachineId>, BTreeSet<MachineId>) {
    let rows: BTreeMap<MachineId, &Machine> = listed.rows.iter().map(|row| (row.id, row)).collect();
    let recorded: BTreeMap<MachineId, &Record> = state.recorded_machines().collect();
    let counts = how != Refresh::Unrecorded;
    let missing = recorded.keys().copied().filter(|id| counts && !rows.contains_key(id));
    let told = |row: &Machine| match recorded.get(&row.id) {
        Some(_) if !counts => Told::Nothing,
        Some(record) => {
            let unmarked = row.notes.as_ref().is_some_and(|notes| !is_its_own(notes.mark(), state, record));
            let differs =
                unmarked || record.unproven.is_some() || !differing(record, &observe::machine(row)).is_empty();
            match differs {
                true => Told::Wanted,
                // Secrets and environments are told apart by whoever has their key.
                false if record.secrets.is_empty() && row.env.is_none() => Told::AsRecorded,
                false => Told::Nothing,
            }
        }
        None if is_of_interest(row, state) || (how == Refresh::Orphans && is_unmarked(row)) => Told::Wanted,
        None => Told::Nothing,
    };
    let (mut wanted, mut as_recorded) = (BTreeSet::new(), BTreeSet::new());
    for (row, told) in listed.rows.iter().zip(each_at_once(&listed.rows, told)) {
        match told {
            _ if how == Refresh::Full => wanted.insert(row.id),
            Told::Wanted => wanted.insert(row.id),
            Told::AsRecorded => as_recorded.insert(row.id),
            Told::Nothing => false,
        };
    }
    wanted.extend(missing);
    wanted.extend(twins(&rows, &recorded, state));
    (wanted, as_recorded)
}

/// A rent that was delivered twice leaves a machine like the recorded one, made at the same time, whose claim only details
/// show. They are as good as never there, while others may rent the like of ours all day: a refresh reads no more than
/// these few, those with the numbers nearest to the recorded one's first. [`Refresh::Orphans`] reads all.
const TWINS: usize = 2;

/// Unrecorded machines that may be twins of recorded ones, or of what was recorded.
fn twins(
    rows: &BTreeMap<MachineId, &Machine>,
    recorded: &BTreeMap<MachineId, &Record>,
    state: &State,
) -> Vec<MachineId> {
    let unknown = rows.values().filter(|row| !recorded.contains_key(&row.id) && is_unmarked(row));
    let unknown: Vec<&Machine> = unknown.copied().collect();
    if unknown.is_empty() {
        return Vec::new();
    }
    let mut shapes: BTreeMap<Shape<'_>, Vec<(MachineId, Option<Timestamp>)>> = BTreeMap::new();
    let spent = state.spent.iter().filter(|spent| made_at(&spent.record).is_some());
    let spent = spent.filter_map(|spent| Some((spent.id()?.machine()?, &spent.record)));
    let known = recorded.iter().map(|(id, record)| (*id, *record)).filter(|(_, record)| record.claim.is_some());
    for (id, record) in known.chain(spent) {
        shapes.entry(shape(record)).or_default().push((id, made_at(record)));
    }
    let distance = |row: &Machine| {
        let made = row.created();
        let alike = shapes.iter().filter(|(shape, _)| fits(row, shape)).flat_map(|(_, alike)| alike);
        let with = alike.filter(|(_, other)| {
            made.zip(*other).is_none_or(|(made, other)| made.duration_since(other).abs() <= TWINS_WITHIN)
        });
        with.map(|(id, _)| id.0.abs_diff(row.id.0)).min()
    };
    let mut found: Vec<(u64, MachineId)> =
        unknown.into_iter().filter_map(|row| Some((distance(row)?, row.id))).collect();
    found.sort_unstable();
    found.into_iter().take(TWINS).map(|(_, id)| id).collect()
}

/// Whether notes and environment of a row leave open whose it is.
fn is_unmarked(row: &Machine) -> bool {
    row.noted().is_none() && row.env.is_none()
}

/// Whether the mark of a recorded object is the one it should carry.
fn is_its_own(mark: Option<&Mark>, state: &State, record: &Record) -> bool {
    mark.is_some_and(|mark| {
        mark.lineage == state.lineage && record.claim.as_ref().is_none_or(|claim| *claim == mark.claim)
    })
}

/// An unrecorded machine that carries our fleet's mark, or may be what an intent without known outcome rented.
fn is_of_interest(row: &Machine, state: &State) -> bool {
    if let Some(mark) = row.noted() {
        return state.fleet.as_ref() == Some(&mark.fleet);
    }
    let intents = state.open.values().chain(state.watched.values().map(|(intent, _)| intent));
    intents.filter(|intent| intent.action.rents()).any(|intent| intent.may_have_made(row))
}

fn groups_to_read(state: &State, listed: &Listed<Group>, how: Refresh) -> BTreeSet<GroupId> {
    let rows: BTreeMap<GroupId, &Group> = listed.rows.iter().map(|row| (row.id, row)).collect();
    let recorded: BTreeMap<GroupId, &Record> = state.recorded_groups().collect();
    let watched = state.watched.values().map(|(intent, _)| intent);
    let creates = state.open.values().chain(watched);
    let named = recorded.values().flat_map(|record| [record.attributes.get("name"), record.read_back.get("name")]);
    // A group that one call made twice has the name of the recorded one. Accounts hold hundreds of others, whose rows show
    // nothing but their names: those are not read.
    let ours: BTreeSet<&str> = creates
        .filter_map(|intent| intent.group_name.as_deref())
        .chain(named.flatten().filter_map(|name| name.as_str()))
        .collect();
    let counts = how != Refresh::Unrecorded;
    let differs = |row: &Group| match (recorded.get(&row.id), &row.notes) {
        (Some(_), _) if !counts => false,
        (Some(record), _) => !differing(record, &observe::group(row)).is_empty(),
        _ if row.name().is_some_and(|name| ours.contains(name)) => true,
        (None, None) => matches!(how, Refresh::Orphans | Refresh::First),
        (None, Some(notes)) => notes.mark().is_some_and(|mark| state.fleet.as_ref() == Some(&mark.fleet)),
    };
    let missing = recorded.keys().copied().filter(|id| counts && !rows.contains_key(id));
    let present = rows.values().filter(|row| how == Refresh::Full || differs(row)).map(|row| row.id);
    missing.chain(present).collect()
}

/// Reads objects by id, a few at once; `None` for those that are gone.
async fn by_id<F: Future<Output = ReadResult<Option<LiveObject>>>>(
    reads: impl Iterator<Item = (ObjectId, F)>,
) -> Result<Vec<(ObjectId, Option<LiveObject>)>, Diagnostics> {
    let reads = reads.map(|(id, read)| async move { (id, read.await) });
    let answers: Vec<(ObjectId, ReadResult<Option<LiveObject>>)> =
        stream::iter(reads).buffer_unordered(AT_ONCE).collect().await;
    let mut faults = Diagnostics::new();
    let mut found = Vec::new();
    for (id, answer) in answers {
        match answer {
            Ok(object) => found.push((id, object)),
            Err(error) => faults.push(fault(&doing(Want::Object(id)), &error)),
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Status;
    use crate::path::ValuePath;
    use crate::state::SecretDigest;
    use std::sync::Arc;

    #[test]
    fn only_what_differs_is_read_and_only_what_can_be_compared_counts_as_recorded() {
        let row = |id: u64, status: &str| {
            let notes = Some(Mark::sample("simplepod_instance.a").write("").into());
            Machine { notes, status: Some(Status(status.into())), ..Machine::bare(MachineId(id)) }
        };
        let recorded = |id: u64| {
            let mut record = Record { claim: Some("c".into()), ..Record::default() };
            for (name, value) in [("id", id.to_string()), ("status", "running".to_owned())] {
                record.attributes.set(name, value.into());
            }
            record
        };
        let (mut secret, mut unproven) = (recorded(3), recorded(4));
        let digest = SecretDigest { key_id: "k".into(), digest: "d".into() };
        secret.secrets.insert(ValuePath::of("notes"), digest);
        unproven.unproven = Some(crate::money::Usd::default());
        let mut state = State { lineage: "l".into(), fleet: Some("lab".into()), ..State::default() };
        for record in [recorded(1), recorded(2), secret, unproven, recorded(5)] {
            let id = record.id().expect("an id");
            let address = format!("simplepod_instance.a[{id}]").parse().expect("an address");
            state.resources.insert(address, Arc::new(record));
        }
        let shows_env = Machine { env: Some(Default::default()), ..row(5, "running") };
        let rows = vec![row(1, "running"), row(2, "created"), row(3, "running"), row(4, "running"), shows_env];
        let listed = Listed { rows, as_of: None };
        let ids = |of: [u64; 2]| of.map(MachineId).into();
        let alike = BTreeSet::from([MachineId(1)]);
        assert_eq!(machines_to_read(&state, &listed, Refresh::Lists), (ids([2, 4]), alike));
        let (wanted, alike) = machines_to_read(&state, &listed, Refresh::Full);
        assert_eq!((wanted.len(), alike.len()), (5, 0));
        assert_eq!(machines_to_read(&state, &listed, Refresh::Unrecorded), (BTreeSet::new(), BTreeSet::new()));
    }
}
