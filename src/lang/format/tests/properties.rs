//! What holds for every text.

use super::super::super::ast::{Body, Expr, ExprKind, Label, TemplatePart};
use super::super::super::parse::parse_body;
use super::super::super::syntax::Source;
use super::super::super::syntax::grammar::read;
use super::super::super::syntax::scan::scan;
use super::super::super::syntax::token::{Kind, Texts};
use super::super::rewrite::rewrite;
use super::formatted;
use super::random::{Random, file};
use super::spoiled::{mutated, soup};
use crate::diag::{Diagnostics, Sources};
use proptest::prelude::*;
use regex::Regex;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// Terraform takes off one `"${...}"` at a time, so that formatting again takes off the next.
static WRAPPED_TWICE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""\$\{[^"]*"\$\{"#).unwrap());

fn parsed(text: &str) -> Option<Body> {
    let file = Sources::default().add("test.hcl", text);
    let mut diags = Diagnostics::new();
    let body = parse_body(file, text, &mut diags);
    (!diags.has_errors()).then_some(body)
}

/// The tokens without blanks, with what is written anew or without.
fn words(text: &str, anew: bool) -> Vec<(Kind, String)> {
    let mut texts = Texts { source: text, added: String::new() };
    let mut tokens = scan(text);
    if anew {
        let file = Sources::default().add("test.hcl", text);
        let places = read(Source::whole(file, text), &tokens).ok().unwrap().places;
        tokens = rewrite(tokens, &mut texts, places);
    }
    tokens.iter().map(|token| (token.kind, texts.of(*token).to_owned())).collect()
}

/// The parser of configurations agrees, for files on which it is known to see the same as Terraform.
#[test]
fn formatting_keeps_the_meaning() {
    for seed in 0..500 {
        let text = file(&mut Random::new(seed));
        if let Some(formatted) = formatted(&text) {
            let (Some(before), Some(after)) = (parsed(&text), parsed(&formatted)) else {
                panic!("{text}\n----\n{formatted}\n{:?}", said(&text));
            };
            assert!(is_same(&before, &after), "{text}\n----\n{formatted}");
        }
    }
}

fn said(text: &str) -> Vec<String> {
    let file = Sources::default().add("test.hcl", text);
    let mut diags = Diagnostics::new();
    parse_body(file, text, &mut diags);
    diags.iter().map(|diagnostic| format!("{:?} {}", diagnostic.span, diagnostic.summary)).collect()
}

/// The same arguments and blocks, but for what formatting writes anew.
fn is_same(before: &Body, after: &Body) -> bool {
    before.attributes.len() == after.attributes.len()
        && before.blocks.len() == after.blocks.len()
        && before.attributes.iter().zip(&after.attributes).all(|(before, after)| {
            before.name == after.name && (&*before.name == "type" || is_same_value(&before.expr, &after.expr))
        })
        && before.blocks.iter().zip(&after.blocks).all(|(before, after)| {
            let labels =
                |labels: &[Label]| labels.iter().map(|label| label.text.nfc().collect()).collect::<Vec<String>>();
            before.kind == after.kind
                && labels(&before.labels) == labels(&after.labels)
                && is_same(&before.body, &after.body)
        })
}

fn is_same_value(before: &Expr, after: &Expr) -> bool {
    let inside = |expr: &Expr| match &expr.kind {
        ExprKind::Template(parts) => match parts.as_ref() {
            [TemplatePart::Interpolation(inside)] => Some(without_places(inside)),
            _ => None,
        },
        _ => None,
    };
    let (was, is) = (without_places(before), without_places(after));
    let bare = match &after.kind {
        ExprKind::Paren(inside) => without_places(inside),
        _ => is.clone(),
    };
    was == is || inside(before).is_some_and(|inside| inside == is || inside == bare)
}

fn without_places(expr: &Expr) -> String {
    static PLACE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"Span \{[^}]*\}").unwrap());
    PLACE.replace_all(&format!("{:?}", expr.kind), "").into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_text_is_too_strange(text in ".*", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        formatted(&text);
        formatted(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn formatting_twice_is_formatting_once(seed in any::<u64>()) {
        let text = file(&mut Random::new(seed));
        if let Some(once) = formatted(&text) {
            prop_assume!(!WRAPPED_TWICE.is_match(&text));
            prop_assert_eq!(formatted(&once), Some(once));
        }
    }

    #[test]
    fn only_blanks_change(seed in any::<u64>()) {
        let text = file(&mut Random::new(seed));
        if let Some(formatted) = formatted(&text) {
            prop_assert_eq!(words(&formatted, false), words(&text, true));
        }
    }

    #[test]
    fn what_is_nearly_right_is_not_too_strange(seed in any::<u64>()) {
        let mut random = Random::new(seed);
        let text = file(&mut random);
        formatted(&mutated(&text, &mut random));
        formatted(&soup(&mut random));
    }
}
