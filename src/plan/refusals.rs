//! What must not be planned on, or planned at all.

use super::model::{Action, Change, Reason};
use super::planner::{PlanInput, Planner};
use super::remark::{MarkChange, Remark};
use super::select::names;
use crate::address::{InstanceAddr, ObjectKind, Target};
use crate::config::{Configuration, Program};
use crate::diag::{Diagnostic, Diagnostics, Span, Topic, did_you_mean};
use crate::lang::Value;
use crate::live::{Env, Group, LiveObject, Machine, ObjectId, Orphan, Proof};
use crate::money::Usd;
use crate::path::{ValuePath, listed};
use crate::schema::instance::dollars;
use crate::state::{Record, lacks_claim};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What must hold before anything is planned.
pub(super) fn preflight(input: &PlanInput<'_>, diags: &mut Diagnostics) {
    if let Some(found) = input.program.configuration.missing_fleet() {
        diags.push(found);
    }
    if let (Some(recorded), Some(fleet)) = (&input.state.fleet, input.program.configuration.fleet())
        && recorded != fleet
        && !input.state.resources.is_empty()
    {
        let detail = format!(
            "The state belongs to the fleet \"{recorded}\", but the configuration names \"{fleet}\". Machines carry the fleet's name in their mark: name the fleet as before, or use another directory for the new fleet."
        );
        diags.push(Diagnostic::error("Another fleet's state", detail));
    }
    for requested in &input.options.replace {
        if !input.state.resources.contains_key(requested) && !input.state.expired.contains_key(requested) {
            let detail = format!("-replace names {requested}, which is not in the state.");
            diags.push(Diagnostic::warning("Nothing to replace", detail));
        }
    }
    for target in input.options.targets.iter().chain(&input.options.excluded) {
        if !exists(input, target) {
            let hint = did_you_mean(&target.to_string(), known(input).iter().map(String::as_str));
            let detail = format!("Nothing in the configuration or the state is named {target}.{hint}");
            diags.push(Diagnostic::warning("Target names nothing", detail));
        }
    }
}

/// What a target may name, as it is written.
fn known(input: &PlanInput<'_>) -> BTreeSet<String> {
    let declared = input.program.configuration.root();
    let resources = declared.resources.keys().map(|(kind, name)| format!("{kind}.{name}"));
    let data = declared.data.keys().map(|(kind, name)| format!("data.{kind}.{name}"));
    let modules = declared.calls.keys().map(|name| format!("module.{name}"));
    let recorded = input.state.resources.keys();
    let recorded = recorded.flat_map(|address| [address.to_string(), address.resource.to_string()]);
    resources.chain(data).chain(modules).chain(recorded).collect()
}

fn exists(input: &PlanInput<'_>, target: &Target) -> bool {
    let Program { configuration, graph, .. } = input.program;
    // A module is one without a resource, too.
    let called = match target {
        Target::Module(path) => configuration.called(path).is_some(),
        Target::Resource(_) => false,
    };
    called
        || graph.order.iter().any(|node| names(target, node, configuration))
        || input.state.resources.keys().chain(input.state.data.keys()).any(|address| target.matches(address))
}

/// Whether the live object carries our mark. An object of another fleet is refused, unless the plan leaves it out.
pub(super) fn carries_mark(
    input: &PlanInput<'_>,
    address: &InstanceAddr,
    record: &Record,
    live: &LiveObject,
    selected: bool,
    diags: &mut Diagnostics,
) -> bool {
    let Some(notes) = live.notes() else { return true };
    match notes.mark() {
        Some(mark)
            if Some(mark.fleet.as_str()) != input.program.configuration.fleet()
                || mark.lineage != input.state.lineage =>
        {
            let detail = format!(
                "{address} is recorded here, but the live object is marked as {} of the fleet \"{}\" (lineage {}). podform changes nothing that is another fleet's.",
                mark.address, mark.fleet, mark.lineage
            );
            let hint = format!(
                "If it is really yours, remove the mark from its notes; if it is not, drop the record: podform state rm -force '{address}'. -exclude='{address}' goes round it."
            );
            if selected {
                diags.push(Diagnostic::error("Another fleet's mark", detail).with_hint(hint).on(address));
            }
            true
        }
        Some(mark) if live.id().machine().is_some_and(|machine| mark.is_copied_to(machine)) => false,
        Some(mark) => mark.address == *address && record.claim.as_ref().is_none_or(|claim| *claim == mark.claim),
        None => {
            if selected
                && let LiveObject::Machine(machine) = live
                && lacks_claim(record, machine)
            {
                diags.push(unproven(address, machine));
            }
            false
        }
    }
}

/// A mark that podform writes itself proves nothing later on: where the claim could be seen and is not, nobody marks.
fn unproven(address: &InstanceAddr, machine: &Machine) -> Diagnostic {
    let detail = format!(
        "{address} is recorded as machine {}, but that carries no mark, and the environment that it shows lacks the claim that every rent sends. Somebody may have edited the state. Nothing is called for it.",
        machine.id
    );
    let hint = format!(
        "If it is yours, drop the record (podform state rm -force '{address}') and import the machine; if it is not, only drop the record. -exclude='{address}' goes round it."
    );
    Diagnostic::error("Not provably ours", detail).with_hint(hint).on(address)
}

/// Whether a machine is the recorded one, and nothing in the account shows it any more: the mark is gone from its notes, and
/// the API hides the environment. It is released only after the mark stands again (invariant 4). Another fleet's mark, or
/// another claim, is no such case.
pub fn lacks_proof(record: &Record, live: &Machine) -> bool {
    let unmarked = live.notes.is_some() && live.mark().is_none();
    let claimed = live.env.as_ref().and_then(Env::claim).is_some();
    // What was never read before is known by the number that the answer to its rent gave.
    let same = live.hash_id.is_some() && record.hash_id().is_none_or(|recorded| Some(recorded) == live.hash_id);
    unmarked && !claimed && same && !lacks_claim(record, live)
}

/// As [`lacks_proof`], of a template group: it has the recorded name, and nothing else could prove whose it is.
pub fn group_lacks_proof(record: &Record, live: &Group) -> bool {
    let unmarked = live.notes.is_some() && live.mark().is_none();
    let name = record.read_back.get("name").or_else(|| record.attributes.get("name"));
    unmarked && name.is_some_and(|name| name.as_str() == live.name())
}

/// A removal that writes the mark again first, where nothing else would prove whose the machine is; it says so.
pub(super) fn marked_first(change: Change, record: &Record, live: Option<&LiveObject>) -> Change {
    if !matches!(change.action, Action::Delete | Action::Replace) {
        return change;
    }
    let lacks = match live {
        Some(LiveObject::Machine(machine)) => lacks_proof(record, machine),
        Some(LiveObject::Group(group)) => group_lacks_proof(record, group),
        None => false,
    };
    if !lacks {
        return change;
    }
    let mut remarks = change.remarks;
    remarks.push(Remark::Mark(MarkChange::BeforeRelease));
    Change { repair_mark: true, remarks, ..change }
}

/// Whether the live object carries a mark with another address.
pub(super) fn names_another(address: &InstanceAddr, live: &LiveObject) -> bool {
    live.mark().is_some_and(|mark| mark.address != *address)
}

impl Planner<'_> {
    /// Two objects of one configuration cannot have one name where names are unique in the account.
    pub(super) fn name_is_its_own(
        &mut self,
        address: &InstanceAddr,
        desired: &Value,
        at: Span,
        diags: &mut Diagnostics,
    ) {
        let name = desired.get("name").and_then(Value::as_str);
        let Some(name) = name.filter(|_| address.resource.object_kind().is_some_and(ObjectKind::is_known_by_name))
        else {
            return;
        };
        if let Some(other) = self.named.insert(name.to_owned(), address.clone()) {
            let detail = format!("{other} and {address} are both named \"{name}\".");
            let hint = "Names are unique in an account: give one of them another name.";
            diags.push(Diagnostic::error("Two template groups of one name", detail).with_hint(hint).at(at).on(address));
        }
    }
}

/// A second group of that name that is not ours is an error.
pub(super) fn name_is_free(input: &PlanInput<'_>, address: &InstanceAddr, desired: &Value, diags: &mut Diagnostics) {
    if !address.resource.object_kind().is_some_and(ObjectKind::is_known_by_name) {
        return;
    }
    let Some(name) = desired.get("name").and_then(Value::as_str) else { return };
    let Some(other) = input.snapshot.groups().find(|group| group.name() == Some(name)) else {
        return;
    };
    let is_it = |(at, record): &(&InstanceAddr, &Arc<Record>)| record.object_id(at) == Some(ObjectId::Group(other.id));
    let holder = match input.state.resources.iter().find(is_it) {
        Some((holder, _)) => format!("it is {holder}"),
        None => match other.mark() {
            // What was made for this very address is told as that.
            Some(mark) if mark.lineage == input.state.lineage && mark.address == *address => return,
            Some(mark) if mark.lineage == input.state.lineage => format!(
                "it was made for {}, and stands in no state (podform orphans -release={} deletes it)",
                mark.address,
                other.id.iri()
            ),
            None if other.notes.is_none() => {
                "it stands in no state (podform orphans tells if this fleet made it)".to_owned()
            }
            _ => "podform did not make it".to_owned(),
        },
    };
    let detail = format!("The account already holds a template group named \"{name}\" (id {}): {holder}.", other.id);
    let hint = "Names are unique in an account: choose another name, or delete that group first.";
    diags.push(Diagnostic::error("Template group already exists", detail).with_hint(hint).on(address));
}

/// A machine that stands and bills above its cap is an error, never silent.
pub(super) fn within_caps<'c>(changes: impl Iterator<Item = &'c Change>, diags: &mut Diagnostics) {
    for change in changes.filter(|change| change.keeps_machine()) {
        let (Some(before), Some(after)) = (&change.before, &change.after) else { continue };
        let (Some(price), Some(cap)) = (dollars(before, "price_per_gpu"), dollars(after, "max_price_per_gpu")) else {
            continue;
        };
        if price.exceeds(cap) {
            let address = &change.address;
            let detail = format!("{address} bills {price} per GPU-hour, above its cap of {cap}.");
            let hint = format!(
                "Rent another machine with -replace='{address}', or raise max_price_per_gpu to {price} or more. -exclude='{address}' goes round it."
            );
            diags.push(Diagnostic::error("Machine bills above its price cap", detail).with_hint(hint).on(address));
        }
    }
}

/// What was made for an address that is to be made, and that this state does not record: nothing is made twice
/// (invariant 12). An older state came back, or somebody else works on the same one.
pub(super) fn forgotten(planner: &Planner<'_>, diags: &mut Diagnostics) {
    /// `podform orphans` shows them all.
    const SHOWN: usize = 5;
    let makes = |change: &&Change| matches!(change.action, Action::Create | Action::Replace);
    let made: BTreeSet<&InstanceAddr> = planner.changes.iter().filter(makes).map(|change| &change.address).collect();
    let at = |orphan: &&Orphan| orphan.address.as_ref().is_some_and(|at| made.contains(at));
    let found: Vec<&Orphan> =
        planner.orphans.iter().filter(at).filter(|orphan| orphan.proof != Proof::Perhaps).collect();
    let Some(first) = found.first() else { return };
    let now = planner.input.snapshot.as_of.unwrap_or(Timestamp::MIN);
    let words = |orphan: &&Orphan| orphan.words(now);
    let mut shown: Vec<String> = found.iter().take(SHOWN).map(words).collect();
    if found.len() > SHOWN {
        shown.push(format!("and {} more", found.len() - SHOWN));
    }
    let detail = format!(
        "This would be made a second time, for the account holds it, and this state does not know it: {}. An older copy of the state came back, or another checkout works on the same fleet: then take the newest state first.",
        shown.join("; ")
    );
    let replaced = planner.changes.iter().any(|change| {
        change.action == Action::Replace && Some(&change.address) == first.address.as_ref() && change.deposed.is_none()
    });
    let hint = ways_out(first, replaced);
    let told = Diagnostic::error("Made already, and not recorded", detail).with_hint(hint).about(Topic::Unsettled);
    diags.push(match (&first.address, found.len()) {
        (Some(address), 1) => told.on(address),
        _ => told,
    });
}

/// What can become of an orphan at an address that is to be made, or `replaced`: an address has one object, and only what is
/// provably ours is released.
fn ways_out(orphan: &Orphan, replaced: bool) -> String {
    let id = orphan.id;
    let ways = match (replaced, orphan.proof.is_one()) {
        (false, true) => format!("podform orphans -adopt={id} takes it into this state, -release={id} releases it"),
        (true, true) => format!("podform orphans -release={id} releases it"),
        (false, false) => format!(
            "podform orphans -adopt={id} takes it into this state; if it is not yours, remove podform's mark from its notes"
        ),
        (true, false) => {
            "release it in the vendor's panel, or, if it is not yours, remove podform's mark from its notes".to_owned()
        }
    };
    format!("Say what becomes of it, then plan again: {ways}; podform orphans lists all.")
}

/// What stays in the account without a record is told, with what it goes on costing.
pub(super) fn let_go(changes: &[Change], diags: &mut Diagnostics) {
    let gone: Vec<&Change> = changes.iter().filter(|change| change.reason == Some(Reason::LetGo)).collect();
    if gone.is_empty() {
        return;
    }
    let names: Vec<String> = gone.iter().map(|change| change.address.to_string()).collect();
    let cost: Usd = gone.iter().map(|change| change.cost_before).sum();
    let bill = match cost == Usd::ZERO {
        true => String::new(),
        false => format!(" They go on billing {cost} per hour until somebody releases them."),
    };
    let detail = format!(
        "podform will drop its records of {}, and neither release nor delete anything.{bill}",
        names.join(", ")
    );
    let told = Diagnostic::warning("Some objects will no longer be managed by podform", detail);
    diags.push(told.with_hint("To manage them again, import them."));
}

/// An object that nobody marked as ours is not destroyed (invariant 4), and an import that destroys is a mistake.
pub(super) fn refuse_import(address: &InstanceAddr, forced_by: &[ValuePath], diags: &mut Diagnostics) {
    let why = match forced_by {
        [] => String::new(),
        paths => format!(" ({} of the configuration is not what it has)", listed(paths)),
    };
    let detail = format!("{address} would be replaced as soon as it is imported{why}.");
    let hint = "Write the configuration as the object is, import it, and change it afterwards.";
    diags.push(Diagnostic::error("Imported object would be replaced", detail).with_hint(hint).on(address));
}

/// What `prevent_destroy` protects is not destroyed.
pub(super) fn refuse_destroy(address: &InstanceAddr, configuration: &Configuration, diags: &mut Diagnostics) {
    let detail = format!("{address} has lifecycle.prevent_destroy set, but the plan calls for it to be destroyed.");
    let hint = "Remove that setting (where the block is gone: bring it back without the setting, and apply once), or narrow the plan with -target or -exclude.";
    let mut told = Diagnostic::error("Instance cannot be destroyed", detail).with_hint(hint).on(address);
    told.span = configuration.declaration(&address.resource).map(|(_, declared)| declared.span);
    diags.push(told);
}
