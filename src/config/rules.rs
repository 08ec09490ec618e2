//! Rules that a configuration sets itself: validations, preconditions, postconditions, asserts.

use super::block::{allow, expr, labels, missing_argument};
use crate::address::InstanceAddr;
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::lang::ast::{Block, Body, Expr};
use crate::lang::convert::convert;
use crate::lang::reference::references;
use crate::lang::{Scope, Type, eval};
use std::sync::Arc;

/// `condition` and `error_message`.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Must be true.
    pub condition: Arc<Expr>,
    /// What is said where it is false.
    pub message: Arc<Expr>,
}

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
    /// How bad it is.
    pub severity: Severity,
}

/// Judges rules. What is not known yet is not broken. False where one is broken, or cannot be evaluated.
pub(super) fn judge(rules: &[Rule], scope: &dyn Scope, wording: &Wording<'_>, diags: &mut Diagnostics) -> bool {
    let mut kept = true;
    for rule in rules {
        let at = rule.condition.span;
        let tell = |summary: &str, detail: String| {
            let mut told = Diagnostic::error(summary, detail).at(at);
            told.severity = wording.severity;
            match wording.address {
                Some(address) => told.on(address),
                None => told,
            }
        };
        let mut own = Diagnostics::new();
        let met = convert(&eval::evaluate(&rule.condition, scope, &mut own), &Type::Bool);
        let failed = own.has_errors();
        for mut found in own {
            found.severity = found.severity.min(wording.severity);
            diags.push(found);
        }
        kept &= !failed;
        match met {
            _ if failed => {}
            Ok(met) if met.as_bool() == Some(false) => {
                kept = false;
                let message = eval::evaluate(&rule.message, scope, diags);
                let text = match (message.as_str(), message.marks.sensitive) {
                    _ if message.marks.ephemeral => {
                        "The error message of this rule holds an ephemeral value, so it is not shown."
                    }
                    (_, true) => "The error message of this rule holds a sensitive value, so it is not shown.",
                    (Some(text), false) => text,
                    (None, false) => "The rule is broken; its error message is not known yet.",
                };
                diags.push(tell(wording.broken, format!("{text}{}", wording.rest)));
            }
            Ok(met) if met.is_null() => {
                kept = false;
                diags.push(tell(
                    wording.invalid,
                    format!("The condition of {} must be true or false, not null.", wording.what),
                ));
            }
            Ok(_) => {}
            Err(error) => {
                kept = false;
                diags.push(tell(
                    wording.invalid,
                    format!("The condition of {} must be true or false: {error}.", wording.what),
                ));
            }
        }
    }
    kept
}
