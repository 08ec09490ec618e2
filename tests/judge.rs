//! Another parser judges ours: hcl-rs reads random configurations, in order and broken. Both accept a text, or both
//! refuse it; what both accept is the same tree. Where they are known to differ stands in `known.rs`.
//!
//! `JUDGE_SEED=S cargo test judge` runs the cases of another seed, `JUDGE_CASES=N` so many of them.

#[path = "judge/form.rs"]
mod form;
#[path = "judge/known.rs"]
mod known;
#[path = "judge/text.rs"]
mod text;

use podform::diag::{Diagnostics, Sources};
use podform::lang::parse::parse_body;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use std::cell::Cell;

/// The letters around a place.
fn around(text: &str, at: usize) -> String {
    let before: String = text.get(..at).unwrap_or_default().chars().rev().take(24).collect();
    let behind: String = text.get(at..).unwrap_or_default().chars().take(24).collect();
    format!("{:?}", before.chars().rev().chain(['⟨', '⟩']).chain(behind.chars()).collect::<String>())
}

fn ours(text: &str) -> Result<String, String> {
    let mut diags = Diagnostics::new();
    let body = parse_body(Sources::default().add("judged", text), text, &mut diags);
    let errors = diags.iter().map(|error| {
        let at = error.span.map_or(0, |span| span.start as usize);
        format!("{}: {} {}", error.summary, error.detail, around(text, at))
    });
    let errors: Vec<String> = errors.collect();
    if errors.is_empty() { Ok(form::ours(&body)) } else { Err(errors.join("; ")) }
}

fn theirs(text: &str) -> Result<String, String> {
    match hcl::edit::parser::parse_body(text) {
        Ok(body) => Ok(form::theirs(&body)),
        Err(error) => Err(format!("{} {}", error.message(), around(text, error.location().offset()))),
    }
}

/// What the two say, where it is not the same.
fn verdict(text: &str) -> Option<String> {
    let (ours, theirs) = (ours(text), theirs(text));
    let same = match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        (ours, theirs) => ours.is_err() && theirs.is_err(),
    };
    let told = |answer: Result<String, String>| match answer {
        Ok(tree) => format!("accepts:\n{tree}"),
        Err(error) => format!("refuses: {error}\n"),
    };
    (!same).then(|| format!("ours {}hcl-rs {}", told(ours), told(theirs)))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

/// Counts what both accept, and the differences that are known.
fn judged(usual: u32, texts: impl Strategy<Value = String>) -> (u32, u32, u32) {
    let seed = number("JUDGE_SEED").unwrap_or(1);
    let cases = number("JUDGE_CASES").map_or(usual, |cases| u32::try_from(cases).unwrap());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let (accepted, known) = (Cell::new(0), Cell::new(0));
    let found = runner.run(&texts, |text| match verdict(&text) {
        Some(verdict) if !known::is_known(&text, &verdict) => Err(TestCaseError::fail(verdict)),
        Some(_) => {
            known.set(known.get() + 1);
            Ok(())
        }
        None => {
            accepted.set(accepted.get() + u32::from(ours(&text).is_ok()));
            Ok(())
        }
    });
    match found {
        Ok(()) => (cases, accepted.get(), known.get()),
        Err(TestError::Fail(verdict, text)) => {
            panic!("JUDGE_SEED={seed} JUDGE_CASES={cases}\n{verdict}--- text {text:?}\n{text}")
        }
        Err(TestError::Abort(reason)) => panic!("JUDGE_SEED={seed}: {reason}"),
    }
}

#[test]
fn reads_what_is_right_as_hcl_rs_does() {
    let (cases, accepted, known) = judged(400, text::configuration());
    assert_eq!((accepted, known), (cases, 0), "texts that are in order");
}

#[test]
fn reads_what_is_broken_as_hcl_rs_does() {
    let (cases, accepted, known) = judged(400, text::broken());
    assert!(accepted * 5 > cases && accepted * 5 < cases * 4, "{accepted} of {cases} are accepted");
    assert!(known * 20 < cases, "{known} of {cases} are known to differ");
}
