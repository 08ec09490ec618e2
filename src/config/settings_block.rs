//! Blocks of the root module alone: `podform` and `provider`.

use super::backend_block::backend;
use super::block::{allow, attribute, constant_text, labels};
use super::budget_block::budgets;
use super::encryption_block;
use super::model::{Configuration, Module, ModuleId, Settings};
use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::lang::ast::Block;
use crate::schema::PROVIDER_SETTINGS;

pub(super) fn settings(block: &Block, id: ModuleId, own: &mut Module, diags: &mut Diagnostics) {
    if labels::<0>(block, [], diags).is_none() {
        return;
    }
    if id != Configuration::ROOT {
        let detail = "Only the root module holds a podform block.";
        diags.push(Diagnostic::error("Unexpected podform block", detail).at(block.span));
        return;
    }
    allow(&block.body, "a podform block", &["fleet", "required_version"], &["backend", "budget", "encryption"], diags);
    let fleet = attribute(&block.body, "fleet").and_then(|attribute| {
        let fleet = constant_text(attribute, diags)?;
        let valid = !fleet.is_empty()
            && fleet.len() <= 64
            && fleet.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.');
        if !valid {
            let detail = "A fleet's name has 1 to 64 letters, digits, dashes, underscores and dots.";
            diags.push(Diagnostic::error("Invalid fleet name", detail).at(attribute.expr.span));
        }
        valid.then_some(fleet)
    });
    if let Some(attribute) = attribute(&block.body, "required_version")
        && let Some(required) = constant_text(attribute, diags)
    {
        required_version(&required, attribute.expr.span, diags);
    }
    let budgets = budgets(block.body.blocks.iter().filter(|inner| &*inner.kind == "budget"), diags);
    let backend = backend(block.body.blocks.iter().filter(|inner| &*inner.kind == "backend"), diags);
    encryption_block::check(block.body.blocks.iter().filter(|inner| &*inner.kind == "encryption"), diags);
    match &own.settings {
        None => own.settings = Some(Settings { fleet, backend, budgets, span: block.span }),
        Some(_) => {
            let detail = "A configuration has at most one podform block.";
            diags.push(Diagnostic::error("Duplicate podform block", detail).at(block.span));
        }
    }
}

/// `>= 0.1.0, < 2.0.0`: every condition must hold for this program.
fn required_version(required: &str, span: Span, diags: &mut Diagnostics) {
    let numbers = |text: &str| -> Option<Vec<u64>> { text.trim().split('.').map(|part| part.parse().ok()).collect() };
    let own = numbers(env!("CARGO_PKG_VERSION")).unwrap_or_default();
    let padded = |mut version: Vec<u64>| {
        version.resize(3, 0);
        version
    };
    for condition in required.split(',') {
        let condition = condition.trim();
        let digits = condition.find(|c: char| c.is_ascii_digit()).unwrap_or(condition.len());
        let (operator, version) = (condition[..digits].trim(), numbers(&condition[digits..]));
        let Some(version) = version.filter(|version| version.len() <= 3 && !version.is_empty()) else {
            let detail = format!("\"{condition}\" is no version condition. Write it like \">= 0.1.0\".");
            diags.push(Diagnostic::error("Invalid version constraint", detail).at(span));
            continue;
        };
        let width = version.len();
        let wanted = padded(version);
        let met = match operator {
            "" | "=" => own == wanted,
            "!=" => own != wanted,
            ">" => own > wanted,
            ">=" => own >= wanted,
            "<" => own < wanted,
            "<=" => own <= wanted,
            // Only the last part that is written may rise.
            "~>" => own >= wanted && own[..width.saturating_sub(1).max(1)] == wanted[..width.saturating_sub(1).max(1)],
            _ => {
                let detail = format!("\"{operator}\" is no operator. Use one of = != > >= < <= ~>.");
                diags.push(Diagnostic::error("Invalid version constraint", detail).at(span));
                continue;
            }
        };
        if !met {
            let detail = format!(
                "This configuration asks for podform {condition}, but this is podform {}. Use another version, or change required_version.",
                env!("CARGO_PKG_VERSION")
            );
            diags.push(Diagnostic::error("Unsupported podform version", detail).at(span));
        }
    }
}

pub(super) fn provider(block: &Block, id: ModuleId, own: &mut Module, diags: &mut Diagnostics) {
    let Some([name]) = labels(block, ["name"], diags) else { return };
    if &*name != "simplepod" {
        let detail = format!("There is no provider \"{name}\": the only one is \"simplepod\".");
        diags.push(Diagnostic::error("Unknown provider", detail).at(block.span));
        return;
    }
    if id != Configuration::ROOT {
        let detail = "Only the root module holds a provider block.";
        diags.push(Diagnostic::error("Unexpected provider block", detail).at(block.span));
        return;
    }
    let known: Vec<&str> = PROVIDER_SETTINGS.iter().map(|known| known.name).collect();
    allow(&block.body, "the provider block", &known, &[], diags);
    match &own.provider {
        None => own.provider = Some((block.body.clone(), block.span)),
        Some(_) => {
            let detail = "A configuration has at most one provider block.";
            diags.push(Diagnostic::error("Duplicate provider configuration", detail).at(block.span));
        }
    }
}
