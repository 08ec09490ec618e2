//! A review as one page of HTML: no network, no script, light and dark, to be read on a telephone and on paper.

use super::markup::html;
use super::money::{cost, spending, verdict};
use crate::money::Usd;
use crate::plan::Action;
use crate::render::escape::harmless_line;
use crate::render::text::{change_text, drift_text};
use crate::render::words::finding::{Finding, Level, findings};
use crate::render::words::row::Row;
use crate::render::words::{as_of, brief, count, headline, proof_sentence};
use crate::review::{Alike, Described, Review};
use std::collections::BTreeMap;
use std::fmt::Write;

/// How the page looks.
const STYLE: &str = include_str!("page.css");

/// The page.
pub fn review_html(review: &Review<'_>) -> String {
    let alike = review.alike();
    let fleet = review.fleet.map_or(String::new(), |fleet| format!(": {}", text(fleet)));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>podform plan{fleet}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n<main>\n<h1>podform plan{fleet}</h1>\n"
    );
    let _ = writeln!(out, "<p class=\"sum\">{}</p>\n<p>{}</p>", text(&verdict(review)), text(&cost(review)));
    if let Some(at) = review.as_of {
        let _ = writeln!(out, "<p class=\"goes\">{}</p>", text(&as_of(at).join(" ")));
    }
    if let Some(proof) = review.proof {
        let _ = writeln!(out, "<p class=\"dim\">{}</p>", text(&proof_sentence(proof)));
    }
    for line in spending(review) {
        let _ = writeln!(out, "<p class=\"dim\">{}</p>", text(&line));
    }
    dangers(&mut out, &findings(review, &alike));
    rows(&mut out, review, &alike);
    bars(&mut out, review);
    drift(&mut out, review);
    differences(&mut out, &alike);
    outputs(&mut out, review);
    if let Some(digest) = &review.digest {
        let _ = writeln!(out, "<h2>Digest</h2>\n<p class=\"code\">{digest}</p>");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn text(text: &str) -> String {
    html(&harmless_line(text))
}

fn dangers(out: &mut String, found: &[Finding<'_>]) {
    if found.is_empty() {
        return;
    }
    let is_error = found.iter().any(|finding| finding.rule.level() == Level::Error);
    let class = if is_error { "found error" } else { "found" };
    let _ = writeln!(out, "<h2>To be looked at</h2>\n<ul class=\"{class}\">");
    for finding in found {
        let (subject, said) = (text(&finding.subject), text(&finding.text));
        let _ = writeln!(out, "<li><span class=\"code\">{subject}</span> {said}</li>");
    }
    out.push_str("</ul>\n");
}

fn rows(out: &mut String, review: &Review<'_>, alike: &[Alike<'_, '_>]) {
    let all: usize = alike.iter().map(|alike| alike.members.len()).sum();
    if all == 0 {
        return;
    }
    let _ = writeln!(
        out,
        "<h2>{}</h2>\n<div class=\"scroll\">\n<table>\n<thead><tr><th>Action</th><th>Address</th><th>Machine</th>\
         <th>Place</th><th class=\"num\">Now/h</th><th class=\"num\">After/h</th><th>Differs</th></tr></thead>\n<tbody>",
        count(all, "change")
    );
    for alike in alike {
        alike.members.iter().for_each(|member| row(out, member, alike));
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    if review.cost.unchanged > 0 {
        let same = count(review.cost.unchanged, "machine");
        let _ =
            writeln!(out, "<p class=\"dim\">{same} without a change: {:.4} per hour.</p>", review.cost.unchanged_cost);
    }
}

fn row(out: &mut String, change: &Described<'_>, alike: &Alike<'_, '_>) {
    let row = Row::of(change, alike);
    let class = match change.action {
        Action::Delete | Action::Replace | Action::Forget => "goes",
        Action::Create => "comes",
        Action::NoOp | Action::Update | Action::Read => "dim",
    };
    let amount = |amount: Usd| if amount == Usd::ZERO { String::new() } else { format!("{amount:.4}") };
    let mut about = row.rest();
    about.extend(row.age.as_ref().map(|age| format!("age {age}")));
    if alike.members.len() == 1 {
        about.extend(headline::because(change.address, change.reason));
    }
    let id = row.id.as_ref().map_or(String::new(), |id| format!(" <span class=\"dim\">{}</span>", text(id)));
    let _ = writeln!(
        out,
        "<tr><td class=\"act {class}\">{}</td><td><span class=\"code\">{}</span>{id}</td><td class=\"machine\">{}</td><td>{}</td>\
         <td class=\"num\" data-is=\"now\">{}</td><td class=\"num\" data-is=\"after\">{}</td><td class=\"code\">{}</td></tr>",
        brief::verb(change),
        text(&change.address.to_string()),
        text(&row.gpus),
        text(&row.place),
        amount(row.before),
        amount(row.after),
        text(&about.join(", "))
    );
}

/// What each block of the configuration costs afterwards, and which part of the fleet's cost that is.
fn bars(out: &mut String, review: &Review<'_>) {
    let mut groups: BTreeMap<String, (usize, Usd)> = BTreeMap::new();
    for change in review.changes.iter().filter(|change| change.cost_after != Usd::ZERO) {
        let group = groups.entry(change.address.resource.to_string()).or_default();
        *group = (group.0 + 1, group.1 + change.cost_after);
    }
    let whole: Usd = groups.values().map(|(_, cost)| *cost).sum();
    if whole == Usd::ZERO {
        return;
    }
    out.push_str(
        "<h2>Cost afterwards</h2>\n<div class=\"scroll\">\n<table>\n<thead><tr><th>Block</th><th class=\"num\">Machines\
         </th><th class=\"num\">Per hour</th><th class=\"num\">Per month</th><th>Share</th></tr></thead>\n<tbody>\n",
    );
    for (address, (machines, cost)) in groups {
        let share = (cost.0 * rust_decimal::Decimal::ONE_HUNDRED / whole.0).round();
        let _ = writeln!(
            out,
            "<tr><td class=\"code\">{}</td><td class=\"num\" data-is=\"machines\">{machines}</td>\
             <td class=\"num\" data-is=\"per hour\">{cost:.4}</td><td class=\"num\" data-is=\"per month\">{:.2}</td>\
             <td><meter max=\"100\" value=\"{share}\"></meter> {share} %</td></tr>",
            text(&address),
            cost.per_month(),
        );
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

fn drift(out: &mut String, review: &Review<'_>) {
    if review.drift.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h2>Changed outside of podform</h2>");
    for drifted in &review.drift {
        details(out, &drifted.address.to_string(), &drift_text(drifted));
    }
}

fn differences(out: &mut String, alike: &[Alike<'_, '_>]) {
    if alike.is_empty() {
        return;
    }
    out.push_str("<h2>Differences</h2>\n");
    for alike in alike {
        let Some(first) = alike.members.first() else { continue };
        let many = if alike.members.len() > 1 { format!(": {} alike", alike.members.len()) } else { String::new() };
        let title = format!("{}{}{many}", brief::addresses(alike), headline::sentence(first));
        details(out, &title, &change_text(alike));
    }
}

fn details(out: &mut String, title: &str, diff: &str) {
    let _ = write!(out, "<details><summary class=\"code\">{}</summary><pre>", text(title));
    for line in diff.lines() {
        let class = match line.chars().next() {
            Some('+') => " class=\"a\"",
            Some('-') => " class=\"d\"",
            Some('!') => " class=\"c\"",
            _ => "",
        };
        let _ = write!(out, "<span{class}>{}</span>", html(line));
    }
    out.push_str("</pre></details>\n");
}

fn outputs(out: &mut String, review: &Review<'_>) {
    let changed: Vec<_> =
        review.outputs.iter().filter_map(|output| Some((output.name, output.difference.as_ref()?))).collect();
    if changed.is_empty() {
        return;
    }
    out.push_str("<h2>Outputs</h2>\n<ul>\n");
    for (name, difference) in changed {
        let line = format!("{name} = {}", brief::difference(difference));
        let _ = writeln!(out, "<li class=\"code\">{}</li>", text(&line));
    }
    out.push_str("</ul>\n");
}
