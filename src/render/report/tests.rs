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
