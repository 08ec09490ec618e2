//! Rules that a configuration sets itself: validations, preconditions, postconditions, asserts.

use super::block::{allow, expr, labels, missing_argument};
use super::model::Rule;
use super::verdict::{CheckStatus, Verdict};
use crate::address::InstanceAddr;
use crate::diag::{Diagnostic, Diagnostics, Severity, Span, Topic};
use crate::lang::ast::{Block, Body};
use crate::lang::convert::convert;
use crate::lang::reference::references;
use crate::lang::{Scope, Type, eval};

/// The rules of one kind of block in a body: `validation`, `precondition`, `postcondition`, `assert`.
pub(super) fn rules(body: &Body, kind: &str, diags: &mut Diagnostics) -> Vec<Rule> {
    let found = body.blocks.iter().filter(|inner| &*inner.kind == kind);
    found.filter_map(|inner| rule(inner, diags)).collect()
}

fn rule(block: &Block, diags: &mut Diagnostics) -> Option<Rule> {
    labels::<0>(block, [], diags)?;
    let article = if block.kind.starts_with('a') { "an" } else { "a" };
    allow(&block.body, &format!("{article} {} block", block.kind), &["condition", "error_message"], &[], diags);
    match (expr(&block.body, "condition"), expr(&block.body, "error_message")) {
        (Some(condition), Some(message)) => {
            // References that are wrong are told when the graph is built.
            let mut wrong = Diagnostics::new();
            if references(&condition, &mut wrong).is_empty() && wrong.is_empty() {
                let detail = "The condition must refer to something declared elsewhere in the configuration, or else it checks nothing: it is always the same.";
                let summary = format!("Invalid {} expression", block.kind);
                diags.push(Diagnostic::error(summary, detail).at(condition.span));
            }
            Some(Rule { condition, message })
        }
        (condition, _) => {
            let missing = if condition.is_none() { "condition" } else { "error_message" };
            missing_argument(missing, block.span, diags);
            None
        }
    }
}

/// How a broken rule is told.
pub(super) struct Wording<'a> {
    /// "Resource precondition failed".
    pub broken: &'a str,
    /// "Invalid condition result".
    pub invalid: &'a str,
    /// "a precondition".
    pub what: &'a str,
    /// After the rule's own message.
    pub rest: &'a str,
    /// Whose rule it is.
    pub address: Option<&'a InstanceAddr>,
    /// How bad a broken rule is.
    pub severity: Severity,
    /// What is said where a condition is not known yet: "Check block assertion known after apply".
    pub later: Option<&'a str>,
}

/// Judges rules. What is not known yet is not broken.
pub(super) fn judge(rules: &[Rule], scope: &dyn Scope, wording: &Wording<'_>, diags: &mut Diagnostics) -> Verdict {
    let mut verdict = Verdict::default();
    for rule in rules {
        verdict.and(judge_one(rule, scope, wording, diags));
    }
    verdict
}

fn judge_one(rule: &Rule, scope: &dyn Scope, wording: &Wording<'_>, diags: &mut Diagnostics) -> Verdict {
    let tell = |severity: Severity, summary: &str, detail: String, at: Span| {
        let mut told = Diagnostic::error(summary, detail).at(at);
        told.severity = severity;
        match wording.address {
            Some(address) => told.on(address),
            None => told,
        }
    };
    let at = rule.condition.span;
    let mut own = Diagnostics::new();
    let met = convert(&eval::evaluate(&rule.condition, scope, &mut own), &Type::Bool);
    let failed = own.has_errors();
    diags.extend(own);
    if failed {
        return Verdict::of(CheckStatus::Error);
    }
    let why = match met {
        Ok(met) if met.as_bool() == Some(false) => return broken(rule, scope, wording, &tell, diags),
        Ok(met) if met.is_null() => ", not null".to_owned(),
        Ok(met) if !met.is_known() => {
            if let Some(later) = wording.later {
                let detail =
                    "The condition cannot be evaluated yet: the result will be known when this plan is applied.";
                let told = tell(wording.severity, later, detail.to_owned(), at);
                let values = eval::values_in_play(&rule.condition, scope);
                diags.push(told.about(Topic::OpenRule).with_values(values));
            }
            return Verdict::of(CheckStatus::Unknown);
        }
        Ok(_) => return Verdict::default(),
        Err(error) => format!(": {error}"),
    };
    let detail = format!("The condition of {} must be true or false{why}.", wording.what);
    diags.push(tell(Severity::Error, wording.invalid, detail, at));
    Verdict::of(CheckStatus::Error)
}

/// Tells a broken rule, in its own words as far as they may be shown.
fn broken(
    rule: &Rule,
    scope: &dyn Scope,
    wording: &Wording<'_>,
    tell: &dyn Fn(Severity, &str, String, Span) -> Diagnostic,
    diags: &mut Diagnostics,
) -> Verdict {
    let mut own = Diagnostics::new();
    let message = eval::evaluate(&rule.message, scope, &mut own);
    let failed = own.has_errors();
    diags.extend(own);
    let mut verdict = Verdict::of(CheckStatus::Fail);
    let marks = message.deep_marks();
    let text = match convert(&message, &Type::String) {
        _ if failed => "The error message of this rule cannot be evaluated.".to_owned(),
        _ if marks.ephemeral => {
            "The error message of this rule holds an ephemeral value, so it is not shown.".to_owned()
        }
        _ if marks.sensitive => {
            "The error message of this rule holds a sensitive value, so it is not shown.".to_owned()
        }
        Ok(text) if !text.is_known() => "The rule is broken; its error message is not known yet.".to_owned(),
        Ok(text) => match text.as_str() {
            Some(text) => {
                verdict.messages.push(text.to_owned());
                text.to_owned()
            }
            None => {
                let detail = "The error message of a rule must not be null.".to_owned();
                diags.push(tell(Severity::Error, "Invalid error message", detail, rule.message.span));
                return Verdict::of(CheckStatus::Error);
            }
        },
        Err(error) => {
            let detail = format!("The error message of a rule is a text: {error}.");
            diags.push(tell(Severity::Error, "Invalid error message", detail, rule.message.span));
            return Verdict::of(CheckStatus::Error);
        }
    };
    let told = tell(wording.severity, wording.broken, format!("{text}{}", wording.rest), rule.condition.span);
    diags.push(told.about(Topic::BrokenRule).with_values(eval::values_in_play(&rule.condition, scope)));
    verdict
}
