//! A plan as people review it before they spend money.

use super::page::{Detail, Page, Sign};
use super::spending::spending;
use super::value::assign;
use super::{alike, cost};
use crate::address::ObjectKind;
use crate::money::Usd;
use crate::plan::{Action, PlanMode};
use crate::render::escape::harmless_line;
use crate::render::style::{ADD, BOLD, CHANGE, DIM, REMOVE, Style, wrap};
use crate::render::words::row::{goes, known_by};
use crate::render::words::{NARROWED, brief, cost_sentence, count, headline, offer, planned, remark};
use crate::review::{Described, DescribedOutput, Doubt, Drifted, Headline, ObjectDiff, Review, Verdict};
use crate::state::IntentAction;
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr;

/// An output that takes more lines is told in one, where not every attribute is asked for.
const LONGEST_OUTPUT: usize = 8;

/// The whole plan.
pub fn plan_text(review: &Review<'_>, style: Style, detail: Detail) -> String {
    let mut page = Page { compact: detail == Detail::Short, ..Page::new(style) };
    drift(&mut page, review, detail);
    let news = review.news().next().is_some();
    if news {
        changes(&mut page, review, detail);
        summary(&mut page, review);
    }
    if review.outputs.iter().any(|output| output.changed) {
        outputs(&mut page, review, detail);
        if !news {
            page.gap();
            page.paragraph(
                "You can apply this plan to save these new output values to the state, without changing the account.",
            );
        }
    }
    match review.verdict {
        Verdict::Changes if review.cost.moves => cost::table(&mut page, review, detail),
        Verdict::Changes => {
            page.gap();
            page.paragraph(&cost_sentence(review.cost.after, review.cost.unpriced));
        }
        _ => nothing(&mut page, review),
    }
    spending(&mut page, review);
    if let (Some(digest), Verdict::Changes) = (&review.digest, review.verdict) {
        page.line(0, Sign::Same, &style.paint(DIM, &format!("Digest: {digest}")));
    }
    remarks(&mut page, review);
    in_doubt(&mut page, &review.in_doubt);
    left_out(&mut page, review);
    if review.narrowed {
        warning(&mut page, NARROWED[0]);
        page.paragraph(NARROWED[1]);
    }
    page.text
}

/// What changed outside of podform: told apart from what will change.
fn drift(page: &mut Page, review: &Review<'_>, detail: Detail) {
    if review.drift.is_empty() {
        return;
    }
    let style = page.style;
    let note =
        format!("{}{}", style.paint(BOLD, "Note:"), style.paint(BOLD, " Objects have changed outside of podform"));
    page.line(0, Sign::Same, &note);
    page.gap();
    page.paragraph("podform found these changes in the account since the last \"podform apply\":");
    for Drifted { address, gone, difference, before, .. } in &review.drift {
        page.gap();
        let (rest, sign) = if *gone { (" is gone", Sign::Remove) } else { (" has changed", Sign::Change) };
        page.headline(&address.to_string(), rest);
        match detail {
            // What it was stands below once more, where it is made again.
            Detail::Short if *gone => page.line(1, sign, &known_by(*before).join("  ")),
            Detail::Short | Detail::Full => page.object(1, sign, address, difference),
        }
    }
    page.gap();
    if review.mode == PlanMode::RefreshOnly {
        page.paragraph("Applying this plan takes these changes into the state and calls nothing.");
    } else if review.verdict == Verdict::Changes {
        page.paragraph("The plan below may undo or answer them, unless ignore_changes names the attributes.");
        page.gap();
        page.rule();
    }
    page.gap();
}

/// What changed of one object outside, as a diff.
pub fn drift_text(drifted: &Drifted<'_>) -> String {
    let mut page = Page::diff();
    let sign = if drifted.gone { Sign::Remove } else { Sign::Change };
    page.object(1, sign, drifted.address, &drifted.difference);
    page.text
}

/// What the symbols in front of the changes mean.
fn legend(review: &Review<'_>) -> Vec<(Sign, &'static str)> {
    // What is only imported shows the whole object, and no sign.
    let imported = |change: &&Described<'_>| change.headline == Headline::Imported;
    let signed = review.changes.iter().filter(|change| !imported(change));
    let signs: BTreeSet<(Sign, bool)> = signed.map(|change| (Sign::of(change), change.is_machine())).collect();
    let mut found = Vec::new();
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
        found.push((sign, meaning));
    }
    found
}

fn changes(page: &mut Page, review: &Review<'_>, detail: Detail) {
    let short = detail == Detail::Short;
    let legend = legend(review);
    let title = "podform generated the following execution plan";
    match legend.as_slice() {
        [(sign, meaning)] if short => {
            page.line(0, Sign::Same, &format!("{title}: {} {meaning}", sign.painted(page.style)));
        }
        _ => {
            page.line(0, Sign::Same, &format!("{title}{}", if short { ":" } else { "." }));
            if !short && !legend.is_empty() {
                page.line(0, Sign::Same, "Resource actions are indicated with the following symbols:");
            }
            legend.iter().for_each(|(sign, meaning)| page.line(1, *sign, meaning));
        }
    }
    if !short {
        page.gap();
        page.line(0, Sign::Same, "podform will perform the following actions:");
    }
    match detail {
        Detail::Full => {
            review.news().for_each(|change| change.difference.iter().for_each(|all| self::change(page, change, all)));
        }
        Detail::Short => {
            for alike in review.alike() {
                match (alike.members.as_slice(), &alike.common) {
                    ([one], Some(common)) if !goes(one) => self::change(page, one, common),
                    _ => alike::block(page, &alike),
                }
            }
        }
    }
}

fn change(page: &mut Page, change: &Described<'_>, difference: &ObjectDiff<'_>) {
    page.gap();
    let forceful = matches!(change.action, Action::Replace | Action::Delete);
    let sentence = page.style.paint(if forceful { REMOVE.bold() } else { BOLD }, &headline::sentence(change));
    let subject = match change.headline {
        Headline::MovedFrom(from) => from,
        Headline::Action | Headline::Imported => change.address,
    };
    let deposed = change.deposed.map_or(String::new(), |key| format!(" (deposed object {key})"));
    page.headline(&format!("{subject}{deposed}"), &sentence);
    if let (Some(from), Headline::Action | Headline::Imported) = (change.moved_from, change.headline) {
        page.comment("", &[format!("(moved from {from})")]);
    }
    if let (Some(id), Headline::Action | Headline::MovedFrom(_)) = (change.importing, change.headline) {
        page.comment("", &[format!("(imported from {:?})", harmless_line(id))]);
    }
    if let Some(why) = headline::because(change.address, change.reason) {
        page.comment("", &[why]);
    }
    if let Some(placed) = change.placed {
        page.comment("offer: ", &offer::offer(placed, change.cost_after));
        let mut host = offer::facts(placed);
        host.extend(placed.shares.as_ref().map(|first| format!("shares a host with {first}")));
        page.comment("host:  ", &host);
        page.comment("else:  ", &offer::substitutes(placed));
    }
    for remark in change.remarks {
        for line in wrap(&remark::sentence(remark), page.style.columns().saturating_sub(6)) {
            page.comment("", &[line]);
        }
    }
    // An import shows the whole object.
    let sign = if change.headline == Headline::Imported { Sign::Same } else { Sign::of(change) };
    page.object(1, sign, change.address, difference);
}

fn summary(page: &mut Page, review: &Review<'_>) {
    page.gap();
    let head = page.style.paint(BOLD, "Plan:");
    page.line(0, Sign::Same, &format!("{head} {}", planned(review.counts)));
}

fn outputs(page: &mut Page, review: &Review<'_>, detail: Detail) {
    page.gap();
    page.line(0, Sign::Same, "Changes to Outputs:");
    let changed: Vec<&DescribedOutput<'_>> = review.outputs.iter().filter(|output| output.changed).collect();
    let width = changed.iter().map(|output| output.name.width()).max().unwrap_or(0);
    for output in changed {
        let Some(difference) = &output.difference else { continue };
        let name = assign(output.name, width);
        let mut whole = Page { free: true, ..Page::new(page.style) };
        whole.difference(1, &name, difference, "");
        match detail {
            Detail::Short if whole.text.lines().count() > LONGEST_OUTPUT => {
                page.line(1, Sign::from(difference.kind()), &format!("{name}{}", brief::difference(difference)));
            }
            Detail::Short | Detail::Full => page.text.push_str(&whole.text),
        }
    }
}

fn nothing(page: &mut Page, review: &Review<'_>) {
    let (head, rest, detail) = match review.verdict {
        Verdict::NothingToDestroy => ("No changes.", " There is nothing to destroy.", "The state holds no objects."),
        Verdict::AsRecorded => (
            "No changes.",
            " Your fleet still matches the state.",
            "podform compared the account with the state and found no differences.",
        ),
        Verdict::Changes | Verdict::OnlyDrift => return,
        Verdict::NothingNow => (
            "Nothing to do now.",
            "",
            "Apart from what is named below, the account matches the configuration, so nothing else is needed.",
        ),
        Verdict::AsConfigured => (
            "No changes.",
            " Your fleet matches the configuration.",
            "podform compared the account with your configuration and found no differences, so no changes are needed.",
        ),
    };
    let line = format!("{}{}", page.style.paint(ADD.bold(), head), page.style.paint(BOLD, rest));
    page.line(0, Sign::Same, &line);
    page.gap();
    page.paragraph(detail);
    if review.cost.after != Usd::ZERO || review.cost.unpriced > 0 {
        page.paragraph(&cost_sentence(review.cost.after, review.cost.unpriced));
    }
}

/// Remarks on objects that do not change: nobody would read them otherwise.
fn remarks(page: &mut Page, review: &Review<'_>) {
    let noted: Vec<&Described<'_>> = review.noted().collect();
    if noted.is_empty() {
        return;
    }
    page.gap();
    let head = page.style.paint(BOLD, "Note:");
    page.line(0, Sign::Same, &format!("{head} {} without a change", count(noted.len(), "object")));
    let mut told: Vec<(String, Vec<&Described<'_>>)> = Vec::new();
    for change in noted {
        for remark in change.remarks {
            let sentence = remark::sentence(remark).into_owned();
            match told.iter_mut().find(|(other, _)| *other == sentence) {
                Some((_, changes)) => changes.push(change),
                None => told.push((sentence, vec![change])),
            }
        }
    }
    alike::noted(page, &told);
}

fn warning(page: &mut Page, summary: &str) {
    page.gap();
    let head = page.style.paint(CHANGE.bold(), "Warning:");
    let summary = page.style.paint(BOLD, &format!(" {summary}"));
    page.line(0, Sign::Same, &format!("{head}{summary}"));
    page.gap();
}

fn in_doubt(page: &mut Page, doubts: &[Doubt<'_>]) {
    if doubts.is_empty() {
        return;
    }
    let verb = if doubts.len() == 1 { "is" } else { "are" };
    warning(page, &format!("{} {verb} in doubt", count(doubts.len(), "operation")));
    for doubt in doubts {
        let what = match doubt.action {
            IntentAction::Create(ObjectKind::Instance) => "a rent",
            IntentAction::Create(ObjectKind::TemplateGroup) => "a create",
            IntentAction::Update => "an update",
            IntentAction::Delete => "a delete",
            IntentAction::Reboot => "a reboot",
        };
        let gpus = doubt.gpus.map_or(String::new(), |(n, model)| format!(" of {n}x {}", harmless_line(model)));
        let why = doubt.why.map_or(String::new(), |why| format!(" ({})", harmless_line(why)));
        let cost =
            doubt.hourly_cost.map_or(String::new(), |cost| format!(" If the machine exists it costs {cost} per hour."));
        let Doubt { address, since, .. } = doubt;
        page.item(&format!("{address}: {what}{gpus} has no known outcome since {since:.0}{why}.{cost}"));
    }
    page.gap();
    page.paragraph(
        "Nothing is rented for these addresses until this is settled. \"podform apply\" settles it by looking, never by \
         renting again.",
    );
}

fn left_out(page: &mut Page, review: &Review<'_>) {
    if review.left_out.is_empty() {
        return;
    }
    warning(page, &format!("No offer for {}", count(review.left_out.len(), "instance")));
    page.paragraph("-allow-partial left these out, because no offer of the market satisfies them:");
    for address in review.left_out {
        page.item(&address.to_string());
    }
}
