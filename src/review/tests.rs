//! What a review says of a plan, as data.

use super::sample::{addr, rich, usd};
use super::*;
use crate::address::{InstanceKey, ObjectKind};
use crate::lang::{Marks, Number, Type, Value};
use crate::money::Usd;
use crate::path::ValuePath;
use crate::plan::{Action, Change, Plan, PlanMode, PlannedVariable, Reason, Step, StepAction};
use std::sync::Arc;

fn text(text: &str) -> Value {
    Value::string(text)
}

fn secret(text: &str) -> Value {
    Value::string(text).marked(Marks::SENSITIVE)
}

fn described<'r, 'p>(review: &'r Review<'p>, address: &str) -> &'r Described<'p> {
    review.changes.iter().find(|change| change.address.to_string() == address).expect("a change")
}

fn attributes<'r, 'p>(change: &'r Described<'p>) -> &'r AttributesDiff<'p> {
    &change.difference.as_ref().expect("a difference").attributes
}

fn attribute<'r, 'p>(change: &'r Described<'p>, name: &str) -> &'r AttributeDiff<'p> {
    attributes(change).shown.iter().find(|attribute| attribute.name == name).expect("an attribute")
}

fn diff<'p>(before: &'p Value, after: &'p Value) -> ValueDiff<'p> {
    ValueDiff::of(Some(Shown::of(before)), Some(Shown::of(after))).expect("a difference")
}

const REPLACED: &str = "module.east.simplepod_instance.worker[\"a\"]";
const GROUP: &str = "simplepod_template_group.trainer";

#[test]
fn nothing_that_is_secret_is_in_a_review() {
    let mut plan = rich();
    plan.in_doubt[0].claim = "canary-claim".into();
    plan.variables.insert("v".into(), PlannedVariable::Plain(Value::tuple(vec![secret("canary-v")])));
    plan.drift[0].before = Value::object([("env_variables", secret("canary-d"))]);
    let password = Value::object([("password", text("canary-table")), ("host", text("ghcr.io"))]);
    plan.drift.push(crate::plan::Drift {
        address: addr(GROUP),
        kind: crate::plan::DriftKind::Changed(vec![("notes".into(), secret("canary-n"), secret("canary-m"))]),
        before: Value::object([("registry", password.clone())]),
        // What the whole is marked with hides all that is in it.
        after: Some(Value::object([("registry", password), ("name", text("canary-name"))]).marked(Marks::SENSITIVE)),
    });
    let ephemeral = Marks { ephemeral: true, ..Marks::NONE };
    plan.outputs[0].after = Some(Value::object([("a", text("canary-e").marked(ephemeral))]));
    plan.outputs[1].after = Some(text("canary-unmarked"));
    let review = Review::of(&plan);
    let told = format!("{review:?}");
    assert!(!told.contains("canary"), "{told}");
    assert!(told.contains("Sensitive") && told.contains("Ephemeral") && told.contains("ghcr.io"));
    let parts = review.drift[1].after.expect("an object").sensitive_parts();
    let registry = ("registry", Mask::Entries(vec![("host", Mask::Whole), ("password", Mask::Whole)]));
    assert_eq!(parts, Mask::Entries(vec![("name", Mask::Whole), registry]));
}

#[test]
fn a_hidden_value_opens_nowhere() {
    let hidden = Value::object([("a", Value::tuple(vec![text("x"), Value::unknown(Type::String)]))]);
    let hidden = hidden.marked(Marks::SENSITIVE);
    let shown = Shown::of(&hidden);
    assert_eq!(shown.face(), Face::Sensitive);
    assert_eq!((shown.entries().count(), shown.entry("a"), shown.elements().len()), (0, None, 0));
    assert_eq!(shown.unknown_parts(), Mask::Entries(vec![("a", Mask::Elements(vec![Mask::None, Mask::Whole]))]));
    let plain = hidden.without_marks();
    let changed = |becomes_sensitive| ValueChange::Hidden { face: Face::Sensitive, becomes_sensitive };
    assert_eq!(diff(&plain, &hidden), ValueDiff::Changed(changed(Some(true))));
    assert_eq!(diff(&hidden, &plain), ValueDiff::Changed(changed(Some(false))));
    assert_eq!(diff(&secret("a"), &secret("b")), ValueDiff::Changed(changed(None)));
    assert_eq!(diff(&secret("a"), &secret("a")).kind(), DiffKind::Same);
}

#[test]
fn dangers_are_told_the_worst_first() {
    let mut plan = rich();
    let still = plan.changes.iter().find(|change| change.action == Action::NoOp).expect("one that stays").clone();
    let of = |address: &str, action, reason| Change {
        address: addr(address),
        action,
        reason,
        after: None,
        repair_mark: true,
        ..still.clone()
    };
    plan.changes = vec![
        of("simplepod_instance.a", Action::Update, None),
        Change { importing: Some("7".into()), ..of("simplepod_instance.b", Action::Update, None) },
        of("simplepod_instance.c", Action::Forget, Some(Reason::LetGo)),
        Change { repair_mark: false, ..of("simplepod_instance.d", Action::Forget, Some(Reason::Gone)) },
        Change {
            forced_by: vec![ValuePath::of("image")],
            repair_mark: false,
            ..of("simplepod_instance.e", Action::Replace, None)
        },
        of("simplepod_instance.f", Action::Delete, Some(Reason::NoBlock)),
    ];
    let review = Review::of(&plan);
    let told: Vec<_> = review.dangers.iter().map(|danger| (danger.address.to_string(), danger.peril)).collect();
    let forced = vec![ValuePath::of("image")];
    let expected = [
        ("simplepod_instance.f", Peril::Destroyed(Some(&Reason::NoBlock))),
        ("simplepod_instance.e", Peril::Replaced { reason: None, forced_by: &forced }),
        ("simplepod_instance.c", Peril::LetGo),
        ("simplepod_instance.trainer[1]", Peril::InDoubt),
        ("simplepod_instance.a", Peril::MarkRepaired),
        ("simplepod_instance.c", Peril::MarkRepaired),
        ("simplepod_instance.f", Peril::MarkRepaired),
    ];
    assert_eq!(told, expected.map(|(address, peril)| (address.to_owned(), peril)));
}

#[test]
fn what_forces_a_replacement_stands_where_it_changes() {
    let plan = rich();
    let review = Review::of(&plan);
    let change = described(&review, REPLACED);
    let forcing: Vec<&str> = attributes(change).shown.iter().filter(|a| a.forces).map(|a| a.name).collect();
    assert_eq!(forcing, ["start_script"]);
    let block = &change.difference.as_ref().expect("a difference").blocks[0];
    let told: Vec<_> = block.attributes.shown.iter().map(|a| (a.name, a.difference.kind(), a.forces)).collect();
    assert_eq!((block.name, block.kind), ("offer", DiffKind::Changed));
    assert_eq!(told, [("min_memory", DiffKind::Changed, true)]);
    assert_eq!(block.attributes.unchanged, 1);
}

#[test]
fn what_the_reader_does_not_need_is_counted() {
    let plan = rich();
    let review = Review::of(&plan);
    let group = attributes(described(&review, GROUP));
    assert_eq!((group.unchanged, group.unknown, group.gone), (4, 0, 0));
    let names: Vec<&str> = group.shown.iter().map(|attribute| attribute.name).collect();
    assert_eq!(names, ["id", "name", "expose_ports", "start_script", "env_variables"]);
    let rented = attributes(described(&review, "simplepod_instance.trainer[0]"));
    assert_eq!(rented.unchanged, 0);
    assert!(rented.unknown > 10, "{}", rented.unknown);
    let released = attributes(described(&review, "simplepod_instance.trainer[2]"));
    // Its `hash_id` tells nothing any more.
    assert_eq!((released.unchanged, released.gone), (0, 1));
    assert!(described(&review, "simplepod_instance.still").difference.is_none());
    assert_eq!(review.news().count(), 4);
    assert_eq!(
        review.noted().map(|change| change.address.to_string()).collect::<Vec<_>>(),
        ["simplepod_instance.still"]
    );
}

#[test]
fn entries_and_elements_are_compared_one_by_one() {
    let plan = rich();
    let review = Review::of(&plan);
    let group = described(&review, GROUP);
    let ValueDiff::Changed(ValueChange::Entries { map: true, changed, unchanged: 1 }) =
        &attribute(group, "env_variables").difference
    else {
        panic!("{group:?}");
    };
    let told: Vec<_> = changed.iter().map(|(name, difference)| (*name, difference.kind())).collect();
    assert_eq!(told, [("GONE", DiffKind::Removed), ("SEED", DiffKind::Added), ("TOKEN", DiffKind::Changed)]);
    let ValueDiff::Changed(ValueChange::Elements(ports)) = &attribute(group, "expose_ports").difference else {
        panic!("{group:?}");
    };
    let told: Vec<_> = ports
        .iter()
        .map(|port| match port {
            ElementDiff::Unchanged(count) => format!("{count} unchanged"),
            ElementDiff::Element(ValueDiff::Same(port)) => format!("{port:?}"),
            ElementDiff::Element(difference) => format!("{:?}", difference.kind()),
        })
        .collect();
    let number = |n: i64| format!("{:?}", Face::Number(&Number::from(n)));
    assert_eq!(told, ["2 unchanged", &number(443), "Removed", "Added", &number(9090)]);
}

#[test]
fn a_long_list_is_compared_in_no_time() {
    let numbered = |from: usize| Value::tuple((from..from + 20_000).map(|n| text(&format!("host-{n}"))).collect());
    let (old, new) = (numbered(0), numbered(1));
    let ValueDiff::Changed(ValueChange::Elements(found)) = diff(&old, &new) else { panic!("no elements") };
    // One goes, one comes, and each has a neighbour.
    assert_eq!(found.len(), 5);
    let unknown = Value::tuple(vec![Value::unknown(Type::String); 20_000]);
    let ValueDiff::Changed(ValueChange::Elements(found)) = diff(&old, &unknown) else { panic!("no elements") };
    assert_eq!(found.len(), 20_000);
}

#[test]
fn sets_have_no_order() {
    let set = |elements: &[&str]| Value::set(Type::String, elements.iter().map(|element| text(element)).collect());
    let (old, new) = (set(&["a", "b", "c"]), set(&["b", "c", "d"]));
    let (a, d) = (text("a"), text("d"));
    let element = |difference| ElementDiff::Element(difference);
    let expected = vec![
        element(ValueDiff::Removed(Shown::of(&a))),
        element(ValueDiff::Added(Shown::of(&d))),
        ElementDiff::Unchanged(2),
    ];
    assert_eq!(diff(&old, &new), ValueDiff::Changed(ValueChange::Elements(expected)));
}

#[test]
fn texts_are_compared_by_words_and_scripts_by_lines() {
    let piece = |text, differs| Piece { text, differs };
    let TextParts::Words(before, after) = TextDiff::of("--epochs 10 x", "--epochs 20 x").inside else {
        panic!("one line each");
    };
    assert_eq!(before.iter().map(|p| p.text).collect::<String>(), "--epochs 10 x");
    assert_eq!(after.iter().filter(|p| p.differs).copied().collect::<Vec<_>>(), [piece("20", true)]);
    // Without a word in common nothing is marked.
    let TextParts::Words(before, after) = TextDiff::of("a", "b").inside else { panic!("one line each") };
    assert_eq!((before, after), (vec![piece("a", false)], vec![piece("b", false)]));

    let (before, after) = ("1\n2\n3\n4\n5\n6\n7\n8 é old\n", "1\n2\n3\n4\n5\n6\n7\n8 é new");
    let TextParts::Lines(lines) = TextDiff::of(before, after).inside else { panic!("several lines") };
    let same = |text| LineDiff::Same(vec![piece(text, false)]);
    assert_eq!(lines[..4], [LineDiff::Unchanged(4), same("5"), same("6"), same("7")]);
    let line = |line: &LineDiff<'_>| match line {
        LineDiff::Removed(pieces, end) | LineDiff::Added(pieces, end) => {
            (pieces.iter().map(|piece| piece.text).collect::<String>(), *end)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(line(&lines[4]), ("8 é old".to_owned(), LineEnd::Break));
    assert_eq!(line(&lines[5]), ("8 é new".to_owned(), LineEnd::Text));
    assert_eq!(lines.len(), 6);
}

#[test]
fn costs_are_numbers() {
    let plan = rich();
    let review = Review::of(&plan);
    let cost = FleetCost {
        before: usd("1.03"),
        after: usd("0.88315"),
        moves: true,
        unchanged: 1,
        unchanged_cost: usd("0.25"),
        worst_case: usd("1.1631506849315068493150684932"),
        unpriced: 0,
        lines: review.cost.lines.clone(),
    };
    assert_eq!(review.cost, cost);
    let sum = |side: fn(&CostLine<'_>) -> Usd| review.cost.lines.iter().map(side).sum::<Usd>() + cost.unchanged_cost;
    assert_eq!((sum(|line| line.before), sum(|line| line.after)), (cost.before, cost.after));
    assert_eq!(sum(|line| line.worst_case), cost.worst_case);
    assert_eq!(review.changes.iter().filter(|change| change.moves_money()).count(), 3);
    let counts = Counts { imported: 0, added: 2, changed: 1, destroyed: 2, forgotten: 0 };
    assert_eq!(review.counts, counts);
}

#[test]
fn machines_that_are_alike_are_one_line() {
    let mut plan = rich();
    let rent = plan.changes.iter().find(|change| change.placed.is_some()).expect("a rent").clone();
    let many = |n: u64| {
        let mut change = rent.clone();
        change.address.key = Some(InstanceKey::Int(n));
        let placed = Arc::make_mut(change.placed.as_mut().expect("a rent"));
        placed.offer.price_per_gpu = if n == 0 { usd("0.1") } else { usd("0.2") };
        change
    };
    plan.changes = (0..1000).map(many).collect();
    let cost = Review::of(&plan).cost;
    let [line] = cost.lines.as_slice() else { panic!("{} lines", cost.lines.len()) };
    assert_eq!((line.count, line.prices), (1000, Some((usd("0.1"), usd("0.2")))));
    assert_eq!(line.name(), rent.address.resource.to_string());
}

#[test]
fn what_a_plan_comes_to() {
    let quiet = Plan { changes: vec![], steps: vec![], outputs: vec![], drift: vec![], in_doubt: vec![], ..rich() };
    let with = |mode, plan: &Plan| Review::of(&Plan { mode, ..plan.clone() }).verdict;
    let settled = Plan { left_out: vec![], ..quiet.clone() };
    let drifted = Plan { drift: rich().drift, ..settled.clone() };
    assert_eq!(Review::of(&rich()).verdict, Verdict::Changes);
    assert_eq!(with(PlanMode::Normal, &quiet), Verdict::NothingNow);
    assert_eq!(with(PlanMode::Normal, &settled), Verdict::AsConfigured);
    assert_eq!(with(PlanMode::Destroy, &settled), Verdict::NothingToDestroy);
    assert_eq!(with(PlanMode::RefreshOnly, &settled), Verdict::AsRecorded);
    assert_eq!(with(PlanMode::RefreshOnly, &drifted), Verdict::OnlyDrift);
}

#[test]
fn which_comes_first_of_a_replacement_is_what_the_steps_say() {
    let mut plan = rich();
    let step = |action, deposed: Option<&str>| Step {
        action,
        address: addr(REPLACED),
        deposed: deposed.map(str::to_owned),
        needs: vec![],
    };
    let first = |plan: &Plan| described(&Review::of(plan), REPLACED).new_first;
    plan.steps = vec![step(StepAction::Delete(ObjectKind::Instance), None), step(StepAction::RENT, None)];
    assert!(!first(&plan));
    // What is left over from an earlier replacement says nothing of this one.
    plan.steps = vec![
        step(StepAction::Delete(ObjectKind::Instance), Some("d")),
        step(StepAction::RENT, None),
        step(StepAction::Delete(ObjectKind::Instance), None),
    ];
    assert!(first(&plan));
}

#[test]
fn an_import_and_a_move_say_so_first() {
    let mut plan = rich();
    let still = plan.changes.iter().position(|change| change.action == Action::NoOp).expect("one that stays");
    plan.changes[still].importing = Some("7".into());
    let review = Review::of(&plan);
    let change = described(&review, "simplepod_instance.still");
    assert_eq!(change.headline, Headline::Imported);
    assert_eq!(attributes(change).unchanged, 0, "an import shows the whole object");
    drop(review);
    plan.changes[still].importing = None;
    plan.changes[still].moved_from = Some(addr("simplepod_instance.old"));
    let review = Review::of(&plan);
    let change = described(&review, "simplepod_instance.still");
    assert_eq!(change.headline, Headline::MovedFrom(&addr("simplepod_instance.old")));
    assert!(attributes(change).unchanged > 0, "what stays is not shown");
    assert_eq!(review.noted().count(), 1);
}

#[test]
fn drift_tells_what_only_the_server_shows_otherwise() {
    let mut plan = rich();
    plan.drift[0].after = Some(plan.drift[0].before.clone());
    let review = Review::of(&plan);
    let status = review.drift[0].difference.attributes.shown.iter().find(|a| a.name == "status").expect("a status");
    let words = |t| vec![Piece { text: t, differs: false }];
    let inside = TextParts::Words(words("running"), words("stopped"));
    let expected = TextDiff { before: "running", after: "stopped", inside };
    assert_eq!(status.difference, ValueDiff::Changed(ValueChange::Text(expected)));
}

#[test]
fn null_counts_as_absent() {
    let null = Value::null(Type::String);
    let value = Value::map(Type::String, [("a", null.clone())]);
    assert_eq!(ValueDiff::of(Some(Shown::of(&null)), None), None);
    assert_eq!(ValueDiff::of(Some(Shown::of(&null)), Some(Shown::of(&value))).expect("one").kind(), DiffKind::Added);
}
