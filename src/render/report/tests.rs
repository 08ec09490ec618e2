use super::*;
use crate::plan::Approval;
use crate::review::Review;
use crate::review::sample::{many, rich};
use crate::state::digest::SecretKey;
use secrecy::SecretString;

fn approval(plan: &crate::plan::Plan) -> Approval {
    Approval::of(plan, &SecretKey::derive(&SecretString::from("a key"), "approval of farm"))
}

fn key() -> CommentKey {
    CommentKey { fleet: "farm".to_owned(), key: String::new() }
}

fn declared() -> Declared {
    Declared::from([("simplepod_instance.trainer".to_owned(), ("main.hcl".to_owned(), 12))])
}

#[test]
fn a_comment_tells_all_of_a_small_plan() {
    let plan = rich();
    let review = Review::of(&plan).approving(&approval(&plan));
    insta::assert_snapshot!(review_markdown(&review, &key(), 60_000));
}

#[test]
fn a_page_tells_all_of_a_small_plan() {
    let plan = rich();
    let review = Review::of(&plan).approving(&approval(&plan));
    insta::assert_snapshot!(review_html(&review));
}

#[test]
fn reports_for_other_programs() {
    let plan = rich();
    let approval = approval(&plan);
    let review = Review::of(&plan).approving(&approval);
    insta::assert_snapshot!(sarif_report(&review, &declared()));
    insta::assert_snapshot!(junit_report(&review, &declared()));
    insta::assert_snapshot!(gitlab_report(&review));
    insta::assert_snapshot!(review_outputs(&review));
    let json = review_json(&review, &approval, &declared());
    assert_eq!(read_approval(json.as_bytes()).as_ref(), Ok(&approval));
    assert!(read_approval(b"{}").is_err() && read_approval(b"").is_err());
}

#[test]
fn no_secret_reaches_a_report() {
    let plan = rich();
    let approval = approval(&plan);
    let review = Review::of(&plan).approving(&approval);
    for text in [
        review_markdown(&review, &key(), 60_000),
        review_html(&review),
        sarif_report(&review, &declared()),
        junit_report(&review, &declared()),
        review_json(&review, &approval, &declared()),
        review_outputs(&review),
        review_summary(&review, &key(), 1_000_000),
    ] {
        assert!(!text.contains("canary-"), "a secret stands in {}", text.chars().take(60).collect::<String>());
    }
}

#[test]
fn a_limit_is_kept_and_says_how_much_is_shown() {
    for (rented, released) in [(1, 0), (50, 32), (5_000, 5_000)] {
        let plan = many(rented, released);
        let review = Review::of(&plan).approving(&approval(&plan));
        for limit in [8_000, 20_000, 60_000] {
            let text = review_markdown(&review, &key(), limit);
            assert!(text.len() <= limit, "{} bytes of {limit}", text.len());
            assert!(text.contains("digest=sha256:"));
            let counts = format!("{rented} to add, 0 to change, {released} to destroy");
            assert!(text.contains(&counts), "{}", text.chars().take(300).collect::<String>());
            assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
            let shown =
                text.lines().filter(|line| line.starts_with("| ") && line.contains("simplepod_instance")).count();
            let all = usize::try_from(rented + released).expect("a size");
            if shown < all {
                assert!(text.contains(&format!("Showing {shown} of {all} changes.")), "{shown} of {all}");
            }
            println!("{all} changes, limit {limit}: {} bytes, {shown} rows", text.len());
        }
    }
}

const HOSTILE: &str = "`</details>|-->@all #1 \u{202e}\n::set-output name=x::y\r<script>alert(1)</script>]]>&\"'";

fn hostile() -> crate::plan::Plan {
    use crate::address::InstanceKey;
    use crate::lang::Value;
    let mut plan = many(2, 1);
    plan.fleet = Some(HOSTILE.to_owned());
    for (at, change) in plan.changes.iter_mut().enumerate() {
        change.address.key = Some(InstanceKey::Str(format!("{HOSTILE}{at}")));
        if let Some(placed) = change.placed.as_mut().map(std::sync::Arc::make_mut) {
            placed.offer.gpu_model = HOSTILE.into();
            placed.offer.facts.region = Some(HOSTILE.into());
        }
        for object in [&mut change.before, &mut change.after].into_iter().flatten() {
            let Some(entries) = object.as_entries() else { continue };
            let named = entries.map(|name, value| match &**name {
                "name" | "id" | "rented_gpu_model" | "region" => Value::string(format!("{HOSTILE}{at}")),
                _ => value.clone(),
            });
            *object = Value::from_entries(named);
        }
    }
    let tainted = crate::plan::Reason::Tainted(HOSTILE.to_owned());
    let replaced = plan.changes.iter_mut().find(|change| change.placed.is_some()).expect("a rent");
    (replaced.action, replaced.reason, replaced.before) =
        (crate::plan::Action::Replace, Some(tainted), replaced.after.clone());
    plan
}

/// Text outside of code, where a forge would read it.
fn outside_of_code(markdown: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if ticks.len() >= open.len() && line.trim_start_matches('`').is_empty() => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 && !line.trim_start_matches('`').contains('`') => fence = Some(ticks),
            None => {
                let mut rest = line;
                while let Some(at) = rest.find('`') {
                    if rest[..at].ends_with('\\') {
                        out.push_str(&rest[..=at]);
                        rest = &rest[at + 1..];
                        continue;
                    }
                    out.push_str(&rest[..at]);
                    let open: String = rest[at..].chars().take_while(|c| *c == '`').collect();
                    let inside = &rest[at + open.len()..];
                    let mut end = 0;
                    loop {
                        let found = inside[end..].find('`').expect("every code span ends in its line");
                        let run = inside[end + found..].chars().take_while(|c| *c == '`').count();
                        end += found + run;
                        if run == open.len() {
                            break;
                        }
                    }
                    rest = &inside[end..];
                }
                out.push_str(rest);
                out.push('\n');
            }
        }
    }
    assert!(fence.is_none(), "a block of code does not end");
    out
}

#[test]
fn hostile_names_act_nowhere() {
    let plan = hostile();
    let review = Review::of(&plan).approving(&approval(&plan));
    let key = CommentKey { fleet: HOSTILE.to_owned(), key: HOSTILE.to_owned() };
    let markdown = review_markdown(&review, &key, 60_000);
    assert_eq!(comment_digest(&markdown), review.digest);
    assert!(markdown.starts_with(&key.to_string()));
    let read = outside_of_code(&markdown);
    assert_eq!(read.matches("<details>").count(), read.matches("</details>").count());
    assert_eq!(read.matches("<!--").count(), read.matches("-->").count());
    assert!(!read.contains("<script"), "{read}");
    // The title of a fold is code, in HTML.
    let prose: String = read.lines().filter(|line| !line.starts_with("<details>")).collect();
    assert!(!prose.contains("@all") && !prose.contains(" #1"), "{prose}");
    assert!(!markdown.contains('\u{202e}') && !markdown.contains('\r'));
    let commands: Vec<&str> = read.lines().filter(|line| line.trim_start().starts_with("::")).collect();
    assert!(commands.is_empty(), "{commands:?}");
    let rows = markdown.lines().filter(|line| line.starts_with("| ") && line.contains("simplepod_instance"));
    for row in rows {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 7, "{row}");
    }
    let page = review_html(&review);
    assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
    assert!(!page.contains("<script") && !page.contains('\u{202e}'));
    let junit = junit_report(&review, &declared());
    assert!(!junit.contains("<script") && !junit.contains("]]>"), "{junit}");
    for report in [sarif_report(&review, &declared()), review_json(&review, &approval(&plan), &declared())] {
        assert!(serde_json::from_str::<serde_json::Value>(&report).is_ok());
    }
    assert!(
        review_outputs(&review).lines().all(|line| line.split_once('=').is_some_and(|(name, _)| !name.contains(' ')))
    );
}
