//! What is told of a step: that it begins, and why it stopped, without a secret.

use super::context::Context;
use super::step::{Job, Stop};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::Value;
use crate::live::Offer;
use crate::plan::ApplyEvent;

/// Tells that a step begins; a rent does when its turn has come.
pub(super) fn started<C>(ctx: &Context<'_, C>, job: &Job<'_>) {
    let (address, action) = (job.step.address.clone(), job.step.action);
    let id = job.record.as_ref().and_then(|record| record.id()).map(|id| id.to_string());
    ctx.line.show(ApplyEvent::StepStarted { address, action, id, offer: None });
}

/// Tells that a rent begins: of this offer.
pub(super) fn renting<C>(ctx: &Context<'_, C>, job: &Job<'_>, offer: &Offer) {
    let (address, action) = (job.step.address.clone(), job.step.action);
    ctx.line.show(ApplyEvent::StepStarted { address, action, id: None, offer: Some(Box::new(offer.clone())) });
}

/// Tells where another offer is rented than was to be, or the same at another price, before the rent.
pub(super) fn offer_changed<C>(ctx: &Context<'_, C>, job: &Job<'_>, offer: &Offer, before: &Offer, why: String) {
    let (offer, instead_of) = (Box::new(offer.clone()), Box::new(before.clone()));
    ctx.line.show(ApplyEvent::OfferChanged { address: job.step.address.clone(), offer, instead_of, why });
}

/// Names the address in every diagnostic, and hides the object's secrets should the API have repeated one (invariants
/// 9 and 13).
pub(super) fn clean(stop: Stop, job: &Job<'_>) -> Stop {
    let secrets = secrets_of(job.object.as_ref());
    let cleaned = |diags: Diagnostics| {
        let mut all = Diagnostics::new();
        for diagnostic in diags {
            let mut diagnostic = redacted(diagnostic, &secrets);
            diagnostic.address.get_or_insert_with(|| Box::new(job.step.address.clone()));
            all.push(diagnostic);
        }
        all
    };
    match stop {
        Stop::Failed(diags) => Stop::Failed(cleaned(diags)),
        Stop::InDoubt(diags) => Stop::InDoubt(cleaned(diags)),
        Stop::Interrupted => Stop::Interrupted,
    }
}

/// Tells at the end, without the object's secrets.
pub(super) fn tell<C>(ctx: &Context<'_, C>, job: &Job<'_>, diagnostic: Diagnostic) {
    ctx.line.tell(redacted(diagnostic, &secrets_of(job.object.as_ref())));
}

fn redacted(mut diagnostic: Diagnostic, secrets: &[String]) -> Diagnostic {
    diagnostic.detail = redact(&diagnostic.detail, secrets);
    diagnostic.hint = diagnostic.hint.map(|hint| redact(&hint, secrets).into());
    diagnostic
}

/// Every sensitive text of an object, longest first.
pub(super) fn secrets_of(object: Option<&Value>) -> Vec<String> {
    fn walk(value: &Value, hidden: bool, found: &mut Vec<String>) {
        let hidden = hidden || value.marks.sensitive;
        match value.as_str() {
            Some(text) if hidden && !text.is_empty() => found.push(text.to_owned()),
            _ => {}
        }
        for element in value.as_elements().into_iter().flatten() {
            walk(element, hidden, found);
        }
        for entry in value.as_entries().into_iter().flat_map(|entries| entries.values()) {
            walk(entry, hidden, found);
        }
    }
    let mut found = Vec::new();
    if let Some(object) = object {
        walk(object, false, &mut found);
    }
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    found
}

/// The text without the secrets.
pub(super) fn redact(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "(sensitive)"))
}
