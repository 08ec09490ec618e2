//! A plan as people review it before they spend money.

use super::cost;
use super::headline;
use super::page::{Page, Sign};
use super::resource;
use super::value_diff::{SENSITIVE, assign};
use crate::lang::{Kind, Value};
use crate::plan::{Action, Change, Drift, DriftKind, OutputChange, Plan, PlanMode, Reason};
use crate::render::escape::harmless_line;
use crate::render::style::{BOLD, CHANGE, REMOVE, Style, wrap};
use crate::render::words::{offer as placement, remark};
use crate::render::words::{cost_sentence, count};
use crate::schema::INSTANCE;
use crate::state::{Intent, IntentAction};
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// The whole plan.
pub fn plan_text(plan: &Plan, style: Style) -> String {
    let mut page = Page::new(style);
    drift(&mut page, plan);
    if plan.changes.iter().any(Change::is_news) {
        changes(&mut page, plan);
    }
    let outputs: Vec<&OutputChange> = plan.outputs.iter().filter(|output| output.changed).collect();
    if !plan.steps.is_empty() || plan.changes.iter().any(Change::is_news) {
        summary(&mut page, plan);
    }
    if !outputs.is_empty() {
        self::outputs(&mut page, &outputs);
        if !plan.changes.iter().any(Change::is_news) {
            page.gap();
            page.paragraph(
                "You can apply this plan to save these new output values to the state, without changing the account.",
            );
        }
    }
    if plan.has_changes() {
        if plan.cost.before != plan.cost.after || plan.changes.iter().any(|change| change.placed.is_some()) {
            cost::table(&mut page, plan);
        } else {
            page.gap();
            page.paragraph(&cost_sentence(plan.cost.after));
        }
    } else {
        nothing(&mut page, plan);
    }
    remarks(&mut page, plan);
    in_doubt(&mut page, &plan.in_doubt);
    left_out(&mut page, plan);
    if plan.narrowed {
        warning(&mut page, "Resource targeting is in effect");
        page.paragraph(
            "The plan was narrowed with -target or -exclude: it does not make the account what the whole configuration \
             says. Plan again without them afterwards.",
        );
    }
    page.text
}

/// What changed outside of podform: told apart from what will change.
fn drift(page: &mut Page, plan: &Plan) {
    if plan.drift.is_empty() {
        return;
    }
    let style = page.style;
    let note =
        format!("{}{}", style.paint(BOLD, "Note:"), style.paint(BOLD, " Objects have changed outside of podform"));
    page.line(0, Sign::Same, &note);
    page.gap();
    page.paragraph("podform found these changes in the account since the last \"podform apply\":");
    for Drift { address, kind, before, after } in &plan.drift {
        page.gap();
        let (rest, sign) = match kind {
            DriftKind::Gone => (" is gone", Sign::Remove),
            DriftKind::Changed(_) => (" has changed", Sign::Change),
        };
        page.headline(&address.to_string(), rest);
        let (before, after) = differing(kind, before, after.as_ref());
        resource::block(page, 1, sign, address, (Some(&before), after.as_ref()), &[]);
    }
    page.gap();
    if plan.mode == PlanMode::RefreshOnly {
        page.paragraph("Applying this plan takes these changes into the state and calls nothing.");
    } else if plan.has_changes() {
        page.paragraph("The plan below may undo or answer them, unless ignore_changes names the attributes.");
        page.gap();
        page.rule();
    }
    page.gap();
}

/// The objects of a drift, with what differs only in what the server shows.
fn differing(kind: &DriftKind, before: &Value, after: Option<&Value>) -> (Value, Option<Value>) {
    let (DriftKind::Changed(differences), Some(after)) = (kind, after) else { return (before.clone(), after.cloned()) };
    let (mut before, mut after) = (before.clone(), after.clone());
    for (name, recorded, live) in differences {
        if before.get(name) == after.get(name) {
            set(&mut before, name, recorded);
            set(&mut after, name, live);
        }
    }
    (before, Some(after))
}

fn set(object: &mut Value, name: &str, value: &Value) {
    if let Kind::Object(entries) = &mut object.kind {
        Arc::make_mut(entries).insert(name.into(), value.clone());
    }
}

fn changes(page: &mut Page, plan: &Plan) {
    page.line(0, Sign::Same, "podform generated the following execution plan.");
    let signs: Vec<(Sign, bool)> = plan
        .changes
        .iter()
        .map(|change| (headline::sign(plan, change), change.address.resource.kind == INSTANCE))
        .collect();
    if signs.iter().any(|(sign, _)| !matches!(sign, Sign::Same | Sign::Moved)) {
        page.line(0, Sign::Same, "Resource actions are indicated with the following symbols:");
    }
    for sign in [Sign::Add, Sign::Change, Sign::Remove, Sign::Replace, Sign::ReplaceNewFirst, Sign::Forget, Sign::Read]
    {
        let machines = signs.contains(&(sign, true));
        if !machines && !signs.contains(&(sign, false)) {
            continue;
        }
        let meaning = match sign {
            Sign::Add if machines => "create (rent)",
            Sign::Add => "create",
            Sign::Change => "update in-place",
            Sign::Remove if machines => "destroy (release)",
            Sign::Remove => "destroy",
            Sign::Replace if machines => "destroy and then create replacement (re-rent)",
            Sign::Replace => "destroy and then create replacement",
            Sign::ReplaceNewFirst if machines => "create replacement and then destroy (re-rent)",
            Sign::ReplaceNewFirst => "create replacement and then destroy",
            Sign::Read => "read (data sources)",
            _ => "forget",
        };
        page.line(1, sign, meaning);
    }
    page.gap();
    page.line(0, Sign::Same, "podform will perform the following actions:");
    for change in plan.changes.iter().filter(|change| change.is_news()) {
        self::change(page, plan, change);
    }
}

fn change(page: &mut Page, plan: &Plan, change: &Change) {
    page.gap();
    let sentence = headline::sentence(change);
    let forceful = matches!(change.action, Action::Replace | Action::Delete);
    let sentence =
        if forceful { page.style.paint(REMOVE.bold(), &sentence) } else { page.style.paint(BOLD, &sentence) };
    let subject = headline::moved(change).unwrap_or(&change.address);
    let deposed = change.deposed.as_ref().map_or(String::new(), |key| format!(" (deposed object {key})"));
    page.headline(&format!("{subject}{deposed}"), &sentence);
    if let (Some(from), true) = (&change.moved_from, subject == &change.address) {
        page.comment("", &[format!("(moved from {from})")]);
    }
    if let (Some(id), false) = (&change.importing, headline::is_import(change)) {
        page.comment("", &[format!("(imported from {:?})", harmless_line(id))]);
    }
    if let Some(why) = headline::because(&change.address, change.reason.as_ref()) {
        page.comment("", &[why]);
    }
    if let Some(placed) = &change.placed {
        page.comment("offer: ", &placement::offer(placed, change.cost_after));
        let mut host = placement::facts(placed);
        host.extend(placement::substitute(&placed.envelope));
        page.comment("host:  ", &host);
    }
    for remark in &change.remarks {
        for line in wrap(remark::sentence(remark), page.style.columns().saturating_sub(6)) {
            page.comment("", &[line]);
        }
    }
    // An import shows the whole object.
    let sign = if headline::is_import(change) { Sign::Same } else { headline::sign(plan, change) };
    // What is let go stays as it is.
    let after = if change.reason == Some(Reason::LetGo) { &change.before } else { &change.after };
    resource::block(page, 1, sign, &change.address, (change.before.as_ref(), after.as_ref()), &change.forced_by);
}

fn summary(page: &mut Page, plan: &Plan) {
    let replaced = plan.count(Action::Replace);
    let forgotten = match plan.count(Action::Forget) {
        0 => String::new(),
        n => format!(", {n} to forget"),
    };
    let imported = match plan.imports.len() {
        0 => String::new(),
        n => format!(" {n} to import,"),
    };
    let text = format!(
        "{imported} {} to add, {} to change, {} to destroy{forgotten}.",
        plan.count(Action::Create) + replaced,
        plan.count(Action::Update),
        plan.count(Action::Delete) + replaced,
    );
    page.gap();
    let head = page.style.paint(BOLD, "Plan:");
    page.line(0, Sign::Same, &format!("{head}{text}"));
}

fn outputs(page: &mut Page, outputs: &[&OutputChange]) {
    page.gap();
    page.line(0, Sign::Same, "Changes to Outputs:");
    let width = outputs.iter().map(|output| output.name.width()).max().unwrap_or(0);
    for output in outputs {
        let head = assign(&output.name, width);
        if output.sensitive {
            let (sign, tail) = match (&output.before, &output.after) {
                (None, _) => (Sign::Add, ""),
                (_, None) => (Sign::Remove, " -> null"),
                _ => (Sign::Change, ""),
            };
            page.line(1, sign, &format!("{head}{SENSITIVE}{tail}"));
        } else {
            page.difference(1, &head, output.before.as_ref(), output.after.as_ref(), "");
        }
    }
}

fn nothing(page: &mut Page, plan: &Plan) {
    let (head, rest, detail) = match plan.mode {
        PlanMode::Destroy => ("No changes.", " There is nothing to destroy.", "The state holds no objects."),
        PlanMode::RefreshOnly if plan.drift.is_empty() => (
            "No changes.",
            " Your fleet still matches the state.",
            "podform compared the account with the state and found no differences.",
        ),
        PlanMode::RefreshOnly => return,
        PlanMode::Normal if !plan.in_doubt.is_empty() || !plan.left_out.is_empty() => (
            "Nothing to do now.",
            "",
            "Apart from what is named below, the account matches the configuration, so nothing else is needed.",
        ),
        PlanMode::Normal => (
            "No changes.",
            " Your fleet matches the configuration.",
            "podform compared the account with your configuration and found no differences, so no changes are needed.",
        ),
    };
    let line = format!("{}{}", page.style.paint(crate::render::style::ADD.bold(), head), page.style.paint(BOLD, rest));
    page.line(0, Sign::Same, &line);
    page.gap();
    page.paragraph(detail);
    if plan.cost.after != crate::money::Usd::ZERO {
        page.paragraph(&cost_sentence(plan.cost.after));
    }
}

/// Remarks on objects that do not change: nobody would read them otherwise.
fn remarks(page: &mut Page, plan: &Plan) {
    let noted: Vec<&Change> =
        plan.changes.iter().filter(|change| change.action == Action::NoOp && !change.remarks.is_empty()).collect();
    if noted.is_empty() {
        return;
    }
    page.gap();
    let head = page.style.paint(BOLD, "Note:");
    page.line(0, Sign::Same, &format!("{head} {} without a change", count(noted.len(), "object")));
    for change in noted {
        for remark in &change.remarks {
            let text = format!("{}: {}", change.address, remark::sentence(remark));
            page.item(&text);
        }
    }
}

fn warning(page: &mut Page, summary: &str) {
    page.gap();
    let head = page.style.paint(CHANGE.bold(), "Warning:");
    let summary = page.style.paint(BOLD, &format!(" {summary}"));
    page.line(0, Sign::Same, &format!("{head}{summary}"));
    page.gap();
}

fn in_doubt(page: &mut Page, intents: &[Intent]) {
    if intents.is_empty() {
        return;
    }
    let verb = if intents.len() == 1 { "is" } else { "are" };
    warning(page, &format!("{} {verb} in doubt", count(intents.len(), "operation")));
    for intent in intents {
        let what = match intent.action {
            IntentAction::Rent => "a rent",
            IntentAction::CreateGroup => "a create",
            IntentAction::Update => "an update",
            IntentAction::Delete => "a delete",
        };
        let since = intent.doubt_since.unwrap_or(intent.at);
        let gpus = match (intent.gpu_count, &intent.gpu_model) {
            (Some(n), Some(model)) => format!(" of {n}x {}", harmless_line(model)),
            _ => String::new(),
        };
        let why = intent.doubt.as_ref().map_or(String::new(), |why| format!(" ({})", harmless_line(why)));
        let cost = intent
            .hourly_cost
            .map_or(String::new(), |cost| format!(" If the machine exists it costs {cost} per hour."));
        let text = format!("{}: {what}{gpus} has no known outcome since {since}{why}.{cost}", intent.address);
        page.item(&text);
    }
    page.gap();
    page.paragraph(
        "Nothing is rented for these addresses until this is settled. \"podform apply\" settles it by looking, never by \
         renting again.",
    );
}

fn left_out(page: &mut Page, plan: &Plan) {
    if plan.left_out.is_empty() {
        return;
    }
    warning(page, &format!("No offer for {}", count(plan.left_out.len(), "instance")));
    page.paragraph("-allow-partial left these out, because no offer of the market satisfies them:");
    for address in &plan.left_out {
        page.item(&address.to_string());
    }
}
