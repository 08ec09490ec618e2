//! Orphans: what carries this fleet's mark, or the claim of a call that was given up, and stands in no state; and what may
//! be one.

use super::like::is_twin;
use super::model::{Record, Spent, State};
use crate::address::InstanceAddr;
use crate::diag::Diagnostic;
use crate::live::{Env, LiveObject, Machine, Mark, Notes, ObjectId, Orphan, Proof, Snapshot};
use crate::money::Usd;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Whether an object is one, and what is known of it. `shows_env`: this API shows environments, so that an empty one is
/// empty.
pub fn orphaned(object: &LiveObject, state: &State, fleet: &str, shows_env: bool) -> Option<Orphan> {
    let (address, claim, proof) = whose(object, state, fleet, shows_env)?;
    let machine = match object {
        LiveObject::Machine(machine) => Some(machine),
        LiveObject::Group(_) => None,
    };
    Some(Orphan {
        id: object.id(),
        hash_id: machine.and_then(|machine| machine.hash_id.clone()),
        address,
        claim,
        created: machine.and_then(|machine| machine.created()),
        hourly: machine.and_then(|machine| machine.hourly_cost()),
        proof,
    })
}

/// Whose an unrecorded object is, if it is ours. A whole mark decides; where it is damaged, the claim in the environment,
/// or what is left of the mark, does. What an open intent may have made is not an orphan yet.
fn whose(
    object: &LiveObject,
    state: &State,
    fleet: &str,
    shows_env: bool,
) -> Option<(Option<InstanceAddr>, Option<String>, Proof)> {
    let notes = object.notes();
    let mark = notes.and_then(Notes::mark);
    if let Some(mark) = mark
        && (mark.fleet != fleet || state.lineage.is_empty() || mark.lineage != state.lineage)
    {
        return None;
    }
    let machine = match object {
        LiveObject::Machine(machine) => Some(&**machine),
        LiveObject::Group(_) => None,
    };
    let shown = machine.and_then(|machine| machine.env.as_ref()).and_then(Env::claim);
    // What a copy says is not of this machine; a claim that this one shows itself is.
    let is_copied = |mark: &Mark| machine.is_some_and(|machine| mark.is_copied_to(machine.id));
    let mark = match mark {
        Some(copy) if is_copied(copy) && shown.is_none() => {
            return Some((None, Some(copy.claim.clone()), Proof::Copied));
        }
        mark => mark.filter(|mark| !is_copied(mark)),
    };
    let beside = mark.is_some_and(|mark| shown.is_some_and(|shown| shown != mark.claim));
    let claim = if beside { shown } else { mark.map(|mark| mark.claim.as_str()).or(shown) };
    if claim.is_some_and(|claim| state.open.contains_key(claim)) {
        return None;
    }
    let readable = machine.is_some_and(|machine| machine.shows_env() || (shows_env && machine.env.is_some()));
    // An answer with no variables may hide them: then nothing proves that the mark was not copied.
    let unclaimed = shown.is_none() && machine.is_some_and(|machine| machine.env.is_some());
    let given_up = claim.and_then(|claim| state.watched.get(claim)).map(|(intent, _)| intent.address.clone());
    let made = |(_, record): &(&InstanceAddr, &Record)| record.claim.is_some() && record.claim.as_deref() == claim;
    let holder = claim.and_then(|_| state.objects().find(made));
    let spent = claim.and_then(|claim| state.spent(claim));
    let (itself, gone) = (spent.filter(|spent| spent.is(object)), spent.filter(|spent| !spent.is(object)));
    let holder = holder.or(gone.map(|gone| (&gone.address, &gone.record)));
    let owned = claim.map(str::to_owned);
    match (holder, given_up, mark) {
        // Nobody can guess a claim: the call that made the object of the record made this one too, or somebody copied the
        // mark. That the record went since changes nothing.
        (Some((address, record)), ..) => match is_second(object, record) {
            true if !beside => Some((Some(address.clone()), owned, Proof::Made)),
            _ => Some((None, owned, Proof::Copied)),
        },
        (None, _, None) if let Some(itself) = itself => Some((Some(itself.address.clone()), owned, Proof::Made)),
        (None, Some(address), None) => Some((Some(address), owned, Proof::GivenUp)),
        (None, Some(address), Some(_)) if !unclaimed => Some((Some(address), owned, Proof::GivenUp)),
        (None, _, Some(_)) if beside => Some((None, owned, Proof::Damaged)),
        (None, _, Some(mark)) if mark.claim.is_empty() => Some((Some(mark.address.clone()), None, Proof::Unclaimed)),
        (None, _, Some(mark)) if unclaimed => Some((Some(mark.address.clone()), owned, Proof::Unclaimed)),
        (None, _, Some(mark)) => Some((Some(mark.address.clone()), owned, Proof::Made)),
        (None, None, None) if notes.is_some_and(|notes| Mark::is_piece(notes, fleet, &state.lineage)) => {
            Some((None, owned, Proof::Damaged))
        }
        (None, None, None) => {
            let machine = machine.filter(|_| shown.is_some() || !readable)?;
            perhaps(machine, state).map(|address| (address, None, Proof::Perhaps))
        }
    }
}

/// Whether the call that made the object of a record made this one too.
fn is_second(object: &LiveObject, record: &Record) -> bool {
    let name = |record: &Record| record.read_back.get("name").or_else(|| record.attributes.get("name")).cloned();
    match object {
        LiveObject::Machine(machine) => is_twin(machine, record),
        // Its mark went out with the call, and so did its name.
        LiveObject::Group(group) => name(record).is_some_and(|name| name.as_str() == group.name()),
    }
}

/// Whether an unmarked machine, whose environment is hidden or holds a claim that this state does not know, may be ours: it
/// runs a template group that only this fleet holds, or held. With what it may have been made for, where a call was given up
/// that is like it. What an open call may have made is told with that.
fn perhaps(machine: &Machine, state: &State) -> Option<Option<InstanceAddr>> {
    let group = machine.group?;
    let ours = state.recorded_groups().any(|(id, _)| id == group)
        || state.spent.iter().filter_map(Spent::id).any(|id| id == ObjectId::Group(group));
    let open = state.open.values().any(|intent| intent.action.rents() && intent.may_have_made(machine));
    let given_up = state.watched.values().map(|(intent, _)| intent);
    let mut like = given_up.filter(|intent| intent.action.rents() && intent.may_have_made(machine));
    (ours && !open).then(|| like.next().map(|intent| intent.address.clone()))
}

/// Whether this API shows environments, as far as these answers tell.
pub fn shows_env(snapshot: &Snapshot) -> bool {
    snapshot.machines().any(Machine::shows_env)
}

/// The orphans of this fleet in an account, and what may be one. Other fleets' objects, strangers', and those of the same
/// fleet under another lineage (another state's) are not among them.
pub fn orphans(state: &State, snapshot: &Snapshot, fleet: &str) -> Vec<Orphan> {
    let recorded: std::collections::BTreeSet<ObjectId> = state.identified().map(|(id, ..)| id).collect();
    let shows_env = shows_env(snapshot);
    let strange = snapshot.standing().filter(|object| !object.is_gone() && !recorded.contains(&object.id()));
    let mut found: Vec<Orphan> = strange.filter_map(|object| orphaned(object, state, fleet, shows_env)).collect();
    disputed(&mut found, snapshot);
    found
}

/// Where several objects carry one claim, and nothing but the mark speaks for one of them, that may be the copy.
fn disputed(found: &mut [Orphan], snapshot: &Snapshot) {
    let live = |orphan: &Orphan| snapshot.objects.get(&orphan.id).and_then(Option::as_ref);
    let name = |orphan: &Orphan| match live(orphan) {
        Some(LiveObject::Group(group)) => group.name().map(str::to_owned),
        Some(LiveObject::Machine(_)) | None => None,
    };
    let mut named: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for orphan in found.iter() {
        if let Some(claim) = &orphan.claim {
            named.entry(claim.clone()).or_default().push(name(orphan));
        }
    }
    for orphan in found.iter_mut().filter(|orphan| orphan.proof.is_one()) {
        let names = orphan.claim.as_ref().and_then(|claim| named.get(claim)).filter(|names| names.len() > 1);
        let Some(names) = names else { continue };
        let proven = match live(orphan) {
            Some(LiveObject::Machine(machine)) => machine.env.as_ref().and_then(Env::claim) == orphan.claim.as_deref(),
            // A call that was delivered twice made two of one name; a copy has another.
            Some(LiveObject::Group(_)) | None => names.iter().all(|other| *other == name(orphan)),
        };
        if !proven {
            orphan.proof = Proof::Disputed;
        }
    }
}

/// The warning of a plan; `None` where there are none.
pub fn orphans_told(orphans: &[Orphan], now: Timestamp) -> Option<Diagnostic> {
    // `podform orphans` shows them all.
    const SHOWN: usize = 5;
    let first = orphans.first()?;
    let shown: Vec<String> = orphans.iter().take(SHOWN).map(|orphan| orphan.words(now)).collect();
    let more = match orphans.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let rate: Usd = orphans.iter().filter_map(|orphan| orphan.hourly).sum();
    let summary = match rate == Usd::ZERO {
        _ if !orphans.iter().any(|orphan| orphan.proof.is_one()) => "Possible orphans of this fleet",
        true => "Orphans of this fleet",
        false => "Orphans of this fleet bill",
    };
    let (whose, hint) = match orphans.iter().any(|orphan| orphan.proof.is_one()) {
        true => (
            "what was made for this fleet and stands in no state",
            "podform orphans lists them; -adopt=ID takes one into the state, -release=ID releases it.",
        ),
        false => (
            "what may be this fleet's and stands in no state",
            "podform orphans lists them. What a rent made, podform recover -adopt=ADDRESS=ID takes into the state; what is nobody's, the vendor's panel releases.",
        ),
    };
    let bill = if orphans.len() > 1 { format!(" Together {rate} per hour.") } else { String::new() };
    let detail = format!("The account holds {whose}: {}{more}.{bill}", shown.join("; "));
    let told = Diagnostic::warning(summary, detail).with_hint(hint);
    Some(match &first.address {
        Some(address) if orphans.len() == 1 => told.on(address),
        _ => told,
    })
}
