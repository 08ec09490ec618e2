//! What a snapshot shows that must stop a plan or be told: mass disappearance, what another state made.

use crate::address::ObjectKind;
use crate::cloud::{Cloud, ReadResult};
use crate::diag::Diagnostic;
use crate::live::{Group, GroupId, LiveObject, Mark, ObjectId, Snapshot, age, span};
use crate::state::{State, orphans};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// More than half, and at least three, of the recorded machines gone at once is more likely a fault of the API or of the
/// key than true (invariant 8). `None` where nothing is suspicious; `-accept-missing` accepts it.
pub fn mass_disappearance(state: &State, snapshot: &Snapshot) -> Option<Diagnostic> {
    let recorded = state.recorded_machines().count();
    let gone = state.recorded_machines().filter(|(id, _)| snapshot.is_gone(ObjectId::Machine(*id))).count();
    if gone < 3 || gone * 2 <= recorded {
        return None;
    }
    let detail = format!(
        "{gone} of {recorded} recorded machines are gone at once: each was looked for by id and is not there. This may be true, or the key may belong to another account or sub-account."
    );
    let hint = "Check the account; if they are really gone, run the command again with -accept-missing.";
    Some(Diagnostic::error("Most machines are gone", detail).with_hint(hint))
}

/// A mark of this lineage that a run wrote which went on from a newer state than this one is: this one was put back, or is a
/// copy that others have left behind. A mark that was copied from another machine proves nothing. `None` where there is none.
pub fn newer_state(snapshot: &Snapshot, fleet: &str, state: &State) -> Option<Diagnostic> {
    let newer = newer_marks(snapshot, fleet, state);
    let (id, mark) = newer.iter().max_by_key(|(_, mark)| mark.serial)?;
    let (what, others) = (id.kind(), newer.len() - 1);
    let others = match others {
        0 => String::new(),
        1 => " So does one more object.".to_owned(),
        _ => format!(" So do {others} more objects."),
    };
    let detail = format!(
        "The state here has serial {}, and {what} {id} ({}) carries a mark that a run wrote which went on from serial {} of it.{others} This state was put back, or others have gone on from theirs: what was made since is not recorded here, and nothing is planned on it.",
        state.serial, mark.address, mark.serial
    );
    let hint = format!(
        "Put the newest state in its place: podform state pull where that is, podform state push here; podform state history shows the copies that are kept. If it is lost, podform recover -adopt=all -lineage={} takes in what it made, and goes on from there.",
        state.lineage
    );
    Some(Diagnostic::error("State is older than its machines", detail).with_hint(hint).on(&mark.address))
}

/// The marks of [`newer_state`].
fn newer_marks<'a>(snapshot: &'a Snapshot, fleet: &str, state: &State) -> Vec<(ObjectId, &'a Mark)> {
    let own = |(id, mark): &(ObjectId, &Mark)| {
        mark.fleet == fleet && mark.lineage == state.lineage && mark.machine.is_none_or(|own| id.machine() == Some(own))
    };
    let marks = snapshot.standing().filter_map(|object| Some((object.id(), object.mark()?)));
    marks.filter(own).filter(|(_, mark)| mark.serial > state.serial).collect()
}

/// What newer states of this lineage made, where they are lost: what this one does not know of it, and the serial above which it
/// goes on, so that it is an old one no more.
pub fn lost_since(snapshot: &Snapshot, fleet: &str, state: &State) -> (Vec<ObjectId>, u64) {
    let newest = newer_marks(snapshot, fleet, state).into_iter().map(|(_, mark)| mark.serial).max();
    let unknown = orphans(state, snapshot, fleet).into_iter().filter(|orphan| orphan.proof.is_one());
    (unknown.map(|orphan| orphan.id).collect(), newest.unwrap_or(state.serial))
}

/// An object that carries our fleet's mark under another lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Which.
    pub id: ObjectId,
    /// Its mark.
    pub mark: Mark,
    /// When it was made, where the API says.
    pub created: Option<Timestamp>,
}

/// Machines and template groups of our fleet that another state made (invariant 12). `lineage` is empty where there is no
/// state yet.
pub fn foreign_lineage(snapshot: &Snapshot, fleet: &str, lineage: &str) -> Vec<Stranger> {
    let stranger = |object: &LiveObject| {
        let mark = object.mark()?;
        let created = match object {
            LiveObject::Machine(machine) => machine.created(),
            LiveObject::Group(_) => None,
        };
        (mark.fleet == fleet && mark.lineage != lineage).then(|| Stranger {
            id: object.id(),
            mark: mark.clone(),
            created,
        })
    };
    snapshot.standing().filter_map(stranger).collect()
}

/// Details of template groups that are read before a first rent: those with a name of ours, and so many of the others, the
/// youngest. Rows show nothing but a name, and who begins at the same time makes few. A group that is older than ours counts
/// as much as a younger one: it may have been made after this run planned, and its run looked before there was ours, and
/// waits for the answer to its first rent.
const YOUNGEST: usize = 16;

/// Which groups those are; `own` are ours.
fn unread<'g>(groups: impl Iterator<Item = &'g Group> + Clone, own: &BTreeSet<GroupId>) -> Vec<GroupId> {
    let names: BTreeSet<&str> =
        groups.clone().filter(|row| own.contains(&row.id)).filter_map(|row| row.name()).collect();
    let unread = groups.filter(|row| row.notes.is_none() && !own.contains(&row.id));
    let (namesakes, others): (Vec<&Group>, Vec<&Group>) =
        unread.partition(|row| row.name().is_some_and(|name| names.contains(name)));
    let mut others: Vec<GroupId> = others.into_iter().map(|row| row.id).collect();
    others.sort_unstable_by(|a, b| b.cmp(a));
    namesakes.into_iter().map(|row| row.id).chain(others.into_iter().take(YOUNGEST)).collect()
}

async fn read_groups<C: Cloud>(cloud: &C, wanted: Vec<GroupId>) -> ReadResult<impl Iterator<Item = Group>> {
    let read = futures::future::try_join_all(wanted.into_iter().map(|id| cloud.group(id))).await?;
    Ok(read.into_iter().flatten())
}

/// Looks whether another state works under the same fleet's name, right before a lineage rents its first machine: two that
/// began at the same time saw nothing of each other when they planned. `own` are its template groups.
///
/// # Errors
/// A read that failed.
pub async fn beside<C: Cloud>(
    cloud: &C,
    own: &BTreeSet<GroupId>,
    fleet: &str,
    lineage: &str,
) -> ReadResult<Vec<Stranger>> {
    let (machines, groups) = futures::try_join!(cloud.machines(), cloud.groups())?;
    let read = read_groups(cloud, unread(groups.rows.iter(), own)).await?;
    let mut snapshot = Snapshot::default();
    snapshot.extend(machines.rows);
    snapshot.extend(groups.rows);
    snapshot.extend(read);
    Ok(foreign_lineage(&snapshot, fleet, lineage))
}

/// As [`beside`], of an account that was just read, where a template group of ours stands in it with its mark: whoever looks
/// then sees every other, or is seen by it, however long before the first rent. What is read goes into the snapshot. False
/// where none of ours is seen to stand.
///
/// # Errors
/// A read that failed.
pub async fn claims<C: Cloud>(cloud: &C, snapshot: &mut Snapshot, fleet: &str, state: &State) -> ReadResult<bool> {
    let own: BTreeSet<GroupId> = state.recorded_groups().map(|(id, _)| id).collect();
    let is_ours = |group: &Group| {
        let mark = group.mark().filter(|mark| mark.fleet == fleet && mark.lineage == state.lineage);
        own.contains(&group.id) && mark.is_some()
    };
    if !snapshot.groups().any(is_ours) {
        return Ok(false);
    }
    let wanted = unread(snapshot.groups(), &own);
    snapshot.extend(read_groups(cloud, wanted).await?);
    Ok(true)
}

/// The lineages of these, each with how much it holds, and since when: "UUID (3 machines, made between 5 h and 2 min ago; 1
/// template group)".
pub fn told_lineages(strangers: &[Stranger], now: Timestamp) -> String {
    let lineages: BTreeSet<&str> = strangers.iter().map(|stranger| stranger.mark.lineage.as_str()).collect();
    let told = |lineage: &str| {
        let of: Vec<&Stranger> = strangers.iter().filter(|stranger| stranger.mark.lineage == lineage).collect();
        let counted = |kind: ObjectKind| match of.iter().filter(|stranger| stranger.id.kind() == kind).count() {
            0 => None,
            1 => Some(format!("1 {kind}")),
            count => Some(format!("{count} {kind}s")),
        };
        let mut parts: Vec<String> = ObjectKind::ALL.into_iter().filter_map(counted).collect();
        let ages = of.iter().filter_map(|stranger| age(now, stranger.created?));
        let (youngest, oldest) = (ages.clone().min(), ages.max());
        parts.extend(match (youngest, oldest) {
            (Some(youngest), Some(oldest)) if span(youngest) != span(oldest) => {
                Some(format!("the oldest machine is {} old, the newest {}", span(oldest), span(youngest)))
            }
            (Some(age), _) => Some(format!("made {} ago", span(age))),
            (None, _) => None,
        });
        format!("{lineage} ({})", parts.join(", "))
    };
    lineages.into_iter().map(told).collect::<Vec<_>>().join("; ")
}

/// The refusal that [`foreign_lineage`] calls for; `None` where there is none.
pub fn other_state(strangers: &[Stranger], fleet: &str, now: Timestamp) -> Option<Diagnostic> {
    if strangers.is_empty() {
        return None;
    }
    let shown: Vec<String> =
        strangers.iter().take(5).map(|stranger| format!("{} ({})", stranger.id, stranger.mark.address)).collect();
    let more = match strangers.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let detail = format!(
        "Another directory or team uses the fleet name \"{fleet}\" in this account, or the state of this one is lost: the account holds {}{more}, made under another state: {}. Nothing is rented beside it.",
        shown.join(", "),
        told_lineages(strangers, now)
    );
    let hint = "If others work there, choose another name: fleet in the podform block. If that state is lost, bring it back (podform state repair, or a copy of yours), or take what it made into this one: podform recover -adopt=all -lineage=LINEAGE (or -adopt=ID, one by one).";
    Some(Diagnostic::error("Machines of another state", detail).with_hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{Machine, MachineId};

    fn mark(id: u64, serial: u64) -> Mark {
        Mark {
            fleet: "lab".into(),
            lineage: "l".into(),
            claim: format!("c{id}"),
            machine: Some(MachineId(id)),
            serial,
            address: "simplepod_instance.w".parse().expect("an address"),
        }
    }

    fn account(marks: impl IntoIterator<Item = (u64, Mark)>) -> Snapshot {
        let machine =
            |(id, mark): (u64, Mark)| Machine { notes: Some(mark.write("").into()), ..Machine::bare(MachineId(id)) };
        let mut snapshot = Snapshot::default();
        snapshot.extend(marks.into_iter().map(machine));
        snapshot
    }

    fn state(serial: u64) -> State {
        State { serial, lineage: "l".into(), ..State::default() }
    }

    #[test]
    fn a_state_is_old_beside_the_mark_of_a_newer_one() {
        let seen = account([(1, mark(1, 4)), (2, mark(2, 9)), (3, mark(3, 7))]);
        for serial in [9, 10] {
            assert_eq!(newer_state(&seen, "lab", &state(serial)), None, "a run of serial 9 wrote it");
        }
        let told = newer_state(&seen, "lab", &state(5)).expect("9 and 7 are newer");
        let words = told.text();
        assert!(
            words.contains("here has serial 5, and machine 2") && words.contains("serial 9 of it. So does one more"),
            "{words}"
        );
        assert!(words.contains("-adopt=all -lineage=l"), "{words}");
    }

    #[test]
    fn marks_of_others_and_copies_say_nothing_of_this_state() {
        let others = [
            (1, Mark { fleet: "lab/staging".into(), ..mark(1, 9) }),
            (2, Mark { lineage: "other".into(), ..mark(2, 9) }),
            (3, mark(4, 9)),
            (5, Mark { serial: 0, ..mark(5, 9) }),
        ];
        assert_eq!(newer_state(&account(others), "lab", &state(5)), None);
    }

    #[test]
    fn what_newer_states_made_is_taken_in_and_they_are_newer_no_more() {
        let seen = account([(1, mark(1, 4)), (2, mark(2, 9))]);
        let (unknown, serial) = lost_since(&seen, "lab", &state(5));
        assert_eq!((unknown.len(), serial), (2, 9));
        assert_eq!(newer_state(&seen, "lab", &state(serial)), None);
        assert_eq!(lost_since(&account([]), "lab", &state(5)), (Vec::new(), 5));
    }
}
