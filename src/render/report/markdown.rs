//! A review as a comment: Markdown in GitHub's flavour, packed into a limit. What is dangerous, and how many changes there
//! are, is never left out; then come the rows, what changed outside, and the differences, the dangerous ones first.

use super::markup::{block, code, hidden, html, plain};
use super::money::{cost, spending, verdict};
use crate::plan::{Action, ApprovalDigest};
use crate::render::text::{change_text, drift_text};
use crate::render::words::finding::{Finding, Level, findings};
use crate::render::words::row::Row;
use crate::render::words::{as_of, brief, count, headline};
use crate::review::{Alike, Described, Review, Verdict};
use std::fmt;

/// Bytes that are kept for what tells how much is not shown.
const RESERVE: usize = 400;
/// At least so many bytes are packed: less holds no headline.
const LEAST: usize = 2_000;

/// By which a comment is found again: those of one fleet, and of one job where several review it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentKey {
    /// The fleet.
    pub fleet: String,
    /// The job, where there are several.
    pub key: String,
}

impl fmt::Display for CommentKey {
    /// The beginning of the comment. What follows inside of it is not part of the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<!-- podform-review v1 fleet={} key={} ", hidden(&self.fleet), hidden(&self.key))
    }
}

/// The digest that a comment tells in its key.
pub fn comment_digest(body: &str) -> Option<ApprovalDigest> {
    let (head, _) = body.strip_prefix("<!-- podform-review v1 ")?.split_once("-->")?;
    head.split(' ').find_map(|word| word.strip_prefix("digest="))?.parse().ok()
}

/// Text that grows up to a limit.
struct Packed {
    text: String,
    limit: usize,
}

impl Packed {
    /// Adds it where there is room.
    fn add(&mut self, part: &str) -> bool {
        // Counted in UTF-8: never fewer than in UTF-16, so that either limit is kept.
        let fits = self.text.len() + part.len() <= self.limit;
        if fits {
            self.text.push_str(part);
        }
        fits
    }

    /// Adds as many as there is room for, in order; how many.
    fn add_all(&mut self, parts: impl IntoIterator<Item = String>) -> usize {
        parts.into_iter().take_while(|part| self.add(part)).count()
    }
}

/// The comment, in at most so many bytes.
pub fn review_markdown(review: &Review<'_>, key: &CommentKey, max_bytes: usize) -> String {
    let foot = foot(review);
    let limit = max_bytes.max(LEAST).saturating_sub(foot.len() + RESERVE);
    let mut page = Packed { text: head(review, key), limit };
    let alike = review.alike();
    dangers(&mut page, &findings(review, &alike));
    let lines = spending(review);
    if !lines.is_empty() {
        page.add_all(lines.iter().map(|line| format!("- {}\n", plain(line))));
        page.text.push('\n');
    }
    rows(&mut page, review, &alike);
    drift(&mut page, review);
    differences(&mut page, &alike);
    outputs(&mut page, review);
    page.text.push_str(&foot);
    page.text
}

fn head(review: &Review<'_>, key: &CommentKey) -> String {
    let digest = review.digest.as_ref().map_or(String::new(), |digest| format!("digest={digest} "));
    let fleet = if key.fleet.is_empty() { String::new() } else { format!(" for {}", code(&key.fleet)) };
    let job = if key.key.is_empty() { String::new() } else { format!(" ({})", code(&key.key)) };
    let seen = review.as_of.map_or(String::new(), |at| format!("{}\n\n", plain(&as_of(at).join(" "))));
    format!(
        "{key}{digest}-->\n### podform plan{fleet}{job}\n\n{seen}**{}**\n\n{}\n\n",
        plain(&verdict(review)),
        plain(&cost(review))
    )
}

/// What must not be overlooked. Where not all of it fits, the rest is counted by kind.
fn dangers(page: &mut Packed, found: &[Finding<'_>]) {
    if found.is_empty() {
        return;
    }
    let worst = if found.iter().any(|finding| finding.rule.level() == Level::Error) { "CAUTION" } else { "WARNING" };
    page.text.push_str(&format!("> [!{worst}]\n"));
    let half = page.limit;
    page.limit = page.text.len() + (half.saturating_sub(page.text.len())) / 2;
    let shown = page.add_all(found.iter().map(finding));
    page.limit = half;
    for rest in found.get(shown..).unwrap_or_default().chunk_by(|one, next| one.rule == next.rule) {
        if let Some(first) = rest.first() {
            page.text.push_str(&format!("> - and {} more: {}\n", rest.len(), plain(first.rule.meaning())));
        }
    }
    page.text.push('\n');
}

fn finding(finding: &Finding<'_>) -> String {
    format!("> - {} {}\n", code(&finding.subject), plain(&finding.text))
}

fn rows(page: &mut Packed, review: &Review<'_>, alike: &[Alike<'_, '_>]) {
    let all: usize = alike.iter().map(|alike| alike.members.len()).sum();
    if all == 0 {
        return;
    }
    page.text.push_str("| | address | machine | place | per hour | |\n|---|---|---|---|--:|---|\n");
    let each = alike.iter().flat_map(|alike| alike.members.iter().map(move |member| row(member, alike)));
    let shown = page.add_all(each);
    if shown < all {
        page.text.push_str(&format!("\nShowing {shown} of {}.\n", count(all, "change")));
    } else if review.cost.unchanged > 0 {
        let same = count(review.cost.unchanged, "machine");
        let _ = page.add(&format!("\n{same} without a change: {:.4} per hour.\n", review.cost.unchanged_cost));
    }
    page.text.push('\n');
}

fn row(change: &Described<'_>, alike: &Alike<'_, '_>) -> String {
    let row = Row::of(change, alike);
    let mut about: Vec<String> = row.rest().iter().map(|own| code(own)).collect();
    about.extend(row.age.as_ref().map(|age| format!("age {}", plain(age))));
    if alike.members.len() == 1 {
        about.extend(headline::because(change.address, change.reason).map(|why| plain(&why)));
    }
    let id = row.id.as_ref().map_or(String::new(), |id| format!(" {}", plain(id)));
    let price = row.price().replace("/h", "").replace("->", "\u{2192}");
    let verb = match change.action {
        Action::Delete | Action::Replace => format!("**{}**", brief::verb(change)),
        _ => brief::verb(change).to_owned(),
    };
    format!(
        "| {verb} | {}{id} | {} | {} | {} | {} |\n",
        code(&change.address.to_string()),
        plain(&row.gpus),
        plain(&row.place),
        plain(&price),
        about.join(", ")
    )
}

fn drift(page: &mut Packed, review: &Review<'_>) {
    if review.drift.is_empty() {
        return;
    }
    let title = format!("{} changed outside of podform", count(review.drift.len(), "object"));
    let mut shown = 0;
    let mut text = String::new();
    for drifted in &review.drift {
        let next = details(&drifted.address.to_string(), &block("diff", &drift_text(drifted)));
        if page.text.len() + text.len() + next.len() + title.len() + 40 > page.limit {
            break;
        }
        text.push_str(&next);
        shown += 1;
    }
    page.text.push_str(&format!("**{}**", plain(&title)));
    if shown < review.drift.len() {
        page.text.push_str(&format!(", showing {shown}"));
    }
    page.text.push_str(&format!("\n\n{text}"));
}

/// The dangerous ones first, and of those the smaller ones.
fn differences(page: &mut Packed, alike: &[Alike<'_, '_>]) {
    let mut each: Vec<(usize, String)> = alike.iter().enumerate().map(|(at, alike)| (at, difference(alike))).collect();
    let harmless = |at: usize| {
        let action = alike.get(at).and_then(|alike| alike.members.first()).map(|first| first.action);
        !matches!(action, Some(Action::Delete | Action::Replace))
    };
    each.sort_by_key(|(at, text)| (harmless(*at), text.len(), *at));
    let all = each.len();
    let shown = each.iter().filter(|(_, text)| page.add(text)).count();
    if shown < all {
        page.text.push_str(&format!("Showing {shown} of {}.\n\n", count(all, "difference")));
    }
}

fn difference(alike: &Alike<'_, '_>) -> String {
    let Some(first) = alike.members.first() else { return String::new() };
    let many = if alike.members.len() > 1 { format!(": {} alike", alike.members.len()) } else { String::new() };
    let title = format!("{}{}{many}", brief::addresses(alike), headline::sentence(first));
    details(&title, &block("diff", &change_text(alike)))
}

/// Folded. The title is HTML: nothing in it is read as Markdown.
fn details(title: &str, body: &str) -> String {
    let title = crate::render::escape::harmless_line(title);
    format!("<details><summary><code>{}</code></summary>\n\n{body}\n</details>\n\n", html(&title))
}

fn outputs(page: &mut Packed, review: &Review<'_>) {
    let changed: Vec<String> = review
        .outputs
        .iter()
        .filter_map(|output| Some((output, output.difference.as_ref()?)))
        .map(|(output, difference)| {
            format!("{} = {}", crate::render::escape::key(output.name), brief::difference(difference))
        })
        .collect();
    if changed.is_empty() {
        return;
    }
    let text = details(&count(changed.len(), "output"), &block("", &changed.join("\n")));
    if !page.add(&text) {
        page.text.push_str(&format!("{} changed.\n\n", count(changed.len(), "output")));
    }
}

fn foot(review: &Review<'_>) -> String {
    match (&review.digest, review.verdict) {
        (Some(digest), Verdict::Changes) if review.as_of.is_none() => format!(
            "Offers and prices are those of the moment; what is approved is the digest:\n\n{}",
            block("", &format!("podform apply -reviewed={digest}"))
        ),
        _ => String::new(),
    }
}
