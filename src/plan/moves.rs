//! What the state's objects are called now: `moved` blocks, and `count` that came or went.

use super::select::Selection;
use crate::address::{InstanceAddr, InstanceKey, Mode, ResourceAddr};
use crate::config::Configuration;
use crate::diag::{Diagnostic, Diagnostics};
use crate::state::State;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Every object that has another address than the state says: now, and before.
pub(super) type Moves = BTreeMap<InstanceAddr, InstanceAddr>;

/// Renames what is recorded. Moves that find their destination taken do not happen, which is a warning.
pub(super) fn moved<'s>(
    configuration: &Configuration,
    state: &'s State,
    diags: &mut Diagnostics,
) -> (Cow<'s, State>, Moves) {
    let mut state = Cow::Borrowed(state);
    let mut moves = Moves::new();
    let mut blocked: Vec<(InstanceAddr, InstanceAddr)> = Vec::new();
    let explicit = configuration.moves();
    for statement in &explicit {
        let known = state.resources.keys().chain(state.expired.keys());
        let found: BTreeMap<_, _> = known.filter_map(|from| Some((from.clone(), statement.apply(from)?))).collect();
        for (from, to) in found {
            if !rename(&mut state, &mut moves, &from, &to, diags) {
                blocked.push((from, to));
            }
        }
    }
    for from in state.resources.keys().chain(state.expired.keys()).cloned().collect::<BTreeSet<_>>() {
        if let Some(to) = counted(configuration, &from)
            && !explicit.iter().any(|statement| statement.mentions(&from))
        {
            rename(&mut state, &mut moves, &from, &to, diags);
        }
    }
    if !blocked.is_empty() {
        let names: Vec<String> = blocked.iter().map(|(from, to)| format!("{from} could not move to {to}")).collect();
        let detail = format!(
            "Some objects could not take the addresses that moved blocks give them, because others stand there already: {}. They are planned as they stand in the state.",
            names.join(", ")
        );
        diags.push(Diagnostic::warning("Unresolved resource instance address changes", detail));
    }
    (state, moves)
}

/// What an instance is called since `count` came or went: the one without a key and the first of a count are the same one,
/// where nobody says otherwise.
fn counted(configuration: &Configuration, from: &InstanceAddr) -> Option<InstanceAddr> {
    let first = Some(InstanceKey::Int(0));
    let (_, resource) =
        configuration.declaration(&from.resource).filter(|_| from.key.is_none() || from.key == first)?;
    let key = match (&resource.repeat.count, &resource.repeat.for_each) {
        (Some(_), _) if from.key.is_none() => first,
        (None, None) if from.key == first => None,
        _ => return None,
    };
    Some(from.resource.instance(key))
}

/// The address of today of something that was made for an address and stands in no state.
pub(super) fn now_called(configuration: &Configuration, made_for: InstanceAddr) -> InstanceAddr {
    let explicit = configuration.moves();
    let at = explicit.iter().fold(made_for, |at, statement| statement.apply(&at).unwrap_or(at));
    counted(configuration, &at).unwrap_or(at)
}

/// False where the destination is taken.
fn rename(
    state: &mut Cow<'_, State>,
    moves: &mut Moves,
    from: &InstanceAddr,
    to: &InstanceAddr,
    diags: &mut Diagnostics,
) -> bool {
    if state.resources.contains_key(to) {
        return false;
    }
    if let Some(intent) = state.open_at(from).chain(state.open_at(to)).next() {
        let detail = format!("{from} is to become {to}, but a call for {} has no known outcome yet.", intent.address);
        diags.push(
            Diagnostic::error("Move of an object in doubt", detail)
                .with_hint("Settle it first: podform recover.")
                .on(from),
        );
        return true;
    }
    state.to_mut().rename(from, to);
    let origin = moves.remove(from).unwrap_or_else(|| from.clone());
    if origin != *to {
        moves.insert(to.clone(), origin);
    }
    true
}

/// Reports blocks whose old address is still declared, and moves that `-target` or `-exclude` would tear apart.
pub(super) fn check(
    configuration: &Configuration,
    declared: &BTreeMap<InstanceAddr, Arc<Vec<ResourceAddr>>>,
    moves: &Moves,
    selection: &Selection<'_>,
    diags: &mut Diagnostics,
) {
    for statement in configuration.moves() {
        let mut resources = declared.keys().filter(|address| address.resource.mode == Mode::Managed);
        let still = resources.find_map(|address| Some((address, statement.apply(address)?)));
        if let Some((address, to)) = still {
            let detail = format!(
                "This statement declares a move from {address}, but that is still declared. Declare it as {to} instead, or delete this block."
            );
            diags.push(Diagnostic::error("Moved object still exists", detail).at(statement.block.span));
        }
    }
    let torn: Vec<String> = moves
        .iter()
        .filter(|(to, _)| !selection.contains(to, configuration))
        .map(|(to, _)| format!("-target='{to}'"))
        .collect();
    if !torn.is_empty() {
        let detail = format!(
            "Recorded objects have new addresses, and a plan that leaves them out would not be right. Plan without -target and -exclude, or add {}.",
            torn.join(" ")
        );
        diags.push(Diagnostic::error("Moved resource instances excluded by targeting", detail));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FLEET, applied, make};
    use crate::address::ObjectKind;
    use crate::plan::{Action, Plan, PlanMode, PlanOptions, StepAction};

    /// What a plan makes of a fleet that was applied and is called otherwise now.
    fn renamed(edit: impl Fn(&str) -> String) -> Result<Plan, Vec<String>> {
        let options = PlanOptions::default();
        let (state, snapshot) = applied(&make(FLEET, &Default::default(), &Default::default(), &options)?.plan);
        Ok(make(&edit(FLEET), &state, &snapshot, &options)?.plan)
    }

    fn told(plan: &Plan) -> Vec<String> {
        let news = plan.changes.iter().filter(|change| change.is_news());
        let from =
            |change: &crate::plan::Change| change.moved_from.as_ref().map(ToString::to_string).unwrap_or_default();
        news.map(|change| format!("{:?} {} {}", change.action, change.address, from(change))).collect()
    }

    #[test]
    fn a_move_keeps_the_objects_and_writes_their_marks_anew() {
        let edit = |text: &str| {
            text.replace("simplepod_instance\" \"a\"", "simplepod_instance\" \"b\"")
                .replace("simplepod_instance.a[", "simplepod_instance.b[")
                + "moved {\n from = simplepod_instance.a\n to = simplepod_instance.b\n}\n"
        };
        let plan = renamed(edit).expect("a plan");
        let expected = [
            "Update simplepod_instance.b[0] simplepod_instance.a[0]",
            "Update simplepod_instance.b[1] simplepod_instance.a[1]",
        ];
        assert_eq!(told(&plan), expected);
        assert!(plan.steps.iter().all(|step| step.action == StepAction::Update(ObjectKind::Instance)));
        assert_eq!(plan.moves.len(), 2);
    }

    #[test]
    fn a_count_that_goes_leaves_its_first_machine() {
        let edit = |text: &str| text.replace("count             = 2", "").replace("simplepod_instance.a[*].id", "1");
        let plan = renamed(edit).expect("a plan");
        let expected = ["Update simplepod_instance.a simplepod_instance.a[0]", "Delete simplepod_instance.a[1] "];
        assert_eq!(told(&plan), expected);
    }

    #[test]
    fn what_is_still_declared_does_not_move() {
        let edit =
            |text: &str| format!("{text}moved {{\n from = simplepod_instance.a\n to = simplepod_instance.b\n}}\n");
        let errors = renamed(edit).expect_err("it is still there");
        assert!(errors.iter().any(|error| error.starts_with("Moved object still exists")), "{errors:?}");
    }

    #[test]
    fn a_taken_destination_keeps_both_where_they_are() {
        let edit = |text: &str| {
            format!("{text}moved {{\n from = simplepod_instance.a[5]\n to = simplepod_instance.a[1]\n}}\n")
        };
        assert!(told(&renamed(edit).expect("nothing is at [5]")).is_empty());
    }

    #[test]
    fn removed_lets_go_what_it_names() {
        let text = "podform { fleet = \"t\" }\nremoved {\n from = simplepod_instance.a\n lifecycle {\n destroy = false\n }\n}\n";
        let plan = renamed(|_| text.to_owned()).expect("a plan");
        let expected = [
            "Forget simplepod_instance.a[0] ",
            "Forget simplepod_instance.a[1] ",
            "Delete simplepod_template_group.g ",
        ];
        assert_eq!(told(&plan), expected);
        assert_eq!((plan.mode, plan.count(Action::Forget)), (PlanMode::Normal, 2));
    }
}
