//! Looking for the machine of a rent that was not answered with an id (invariant 2).

use super::context::Context;
use super::step::{Job, Stop, failed, refused};
use crate::cloud::fault::passes;
use crate::cloud::{CallError, Cloud};
use crate::live::Machine;
use crate::plan::{ApplyEvent, Settlement};
use crate::refresh::{LOOKS, PAUSE, Sighting, sight, still_in_doubt};
use crate::state::Intent;
use crate::state::journal::Event;
use std::time::Duration;
use tokio::time::Instant;

/// Finds the machine of a rent: `error` for one whose outcome is unknown, `None` for one that was accepted without an
/// id. `ended` is when the call ended.
pub(super) async fn found<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    intent: &Intent,
    error: Option<&CallError>,
    ended: Instant,
) -> Result<Machine, Stop> {
    let claim = intent.claim.clone();
    let told = error.map_or_else(|| "it was accepted without an id".to_owned(), CallError::to_string);
    let doubt = Event::InDoubt { claim: claim.clone(), reason: told.clone(), since: ctx.clock.now() };
    ctx.line.commit(vec![doubt]).await?;
    let settled = |settlement, id| {
        ctx.line.show(ApplyEvent::Settled { address: job.step.address.clone(), settlement, id });
    };
    let mut looks = 0;
    // By the server's clock: from the first list that was made after the call.
    let mut first = None;
    let mut not_before = ended;
    let mut over = false;
    let why = loop {
        let looked = match ctx.machines.since(not_before, ctx.cloud.machines()).await {
            Ok((asked, listed)) => {
                not_before = asked + Duration::from_millis(1);
                let sighting = sight(ctx.cloud, intent, &listed, &ctx.search(intent)).await;
                // The window must have passed when the list was asked for.
                over = asked.saturating_duration_since(ended) >= ctx.settle_window;
                sighting.map(|sighting| (sighting, ctx.clock.observe(listed.as_of)))
            }
            Err(error) => Err(error),
        };
        match looked {
            Ok((Sighting::Found(machine), _)) => {
                settled(Settlement::Adopted, Some(machine.id.to_string()));
                return Ok(*machine);
            }
            Ok((Sighting::Nowhere, at)) => {
                looks += 1;
                let since = *first.get_or_insert(at);
                let window = i64::try_from(ctx.settle_window.as_secs()).unwrap_or(i64::MAX);
                let passed = at.duration_since(since).as_secs() >= window;
                // One that was accepted exists, however long it takes to show.
                if looks >= LOOKS && over && passed && error.is_some() {
                    ctx.line.commit(vec![Event::Absent { claim: claim.clone(), at }]).await?;
                    ctx.known().rents.remove(&claim);
                    settled(Settlement::Absent, None);
                    return Err(refused(
                        "Nothing was rented",
                        format!(
                            "Renting for {}: {told}. The machine was looked for until nothing could be on its way any more, and it is not in the account. Apply again.",
                            intent.address
                        ),
                    ));
                }
                // Where the dates of the API stand still, nothing is ever proven.
                if over && (error.is_none() || ended.elapsed() >= ctx.settle_window * 2) {
                    break format!("{told}, and it does not show");
                }
            }
            Ok((Sighting::Perhaps(ids), _)) if over => break format!("it may be machine {ids:?}, and nothing tells"),
            Err(error) if !passes(&error) || ended.elapsed() >= ctx.settle_window * 2 => {
                let Stop::Failed(diags) = failed("Looking for it", &error) else { break error.to_string() };
                break diags.iter().next().map_or_else(String::new, |first| first.text());
            }
            _ => {}
        }
        ctx.line.show(ApplyEvent::StepProgress {
            address: job.step.address.clone(),
            action: job.step.action,
            elapsed_s: job.began.elapsed().as_secs(),
            status: Some("looking for its machine".to_owned()),
        });
        if ctx.interrupted_after(PAUSE).await {
            break "an interrupt ended the search".to_owned();
        }
    };
    settled(Settlement::StillInDoubt, None);
    let mut diagnostic = still_in_doubt(intent, &why);
    diagnostic.severity = crate::diag::Severity::Error;
    Err(Stop::InDoubt(diagnostic.into()))
}

/// Whether a refusal speaks of the offer, not of the account or the request: the market may still show an offer that was
/// taken a moment ago.
pub(super) fn is_about_the_offer(error: &CallError) -> bool {
    if error.status == Some(402) {
        return false;
    }
    let text = error.message.to_lowercase();
    let about_us = ["balance", "template", "startscript", "envvariables", "credit", "fund"];
    let about_it = ["market", "offer", "available", "rented", "taken", "in use", "gpu"];
    !about_us.iter().any(|word| text.contains(word)) && about_it.iter().any(|word| text.contains(word))
}
