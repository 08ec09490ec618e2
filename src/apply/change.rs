//! A change or delete of an object that stands: one call behind its durable intent (invariant 1).

use super::context::Context;
use super::step::{Stop, failed};
use crate::address::InstanceAddr;
use crate::cloud::fault::fault;
use crate::cloud::{CallError, ErrorKind, Outcome};
use crate::state::IntentAction;
use crate::state::journal::Event;
use std::future::Future;

/// What the journal says of an intent that an interrupt overtook.
pub(super) const UNSENT: &str = "an interrupt came before it was sent";

/// Whether an interrupt keeps a call from being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// It may be made by the next run.
    MayWait,
    /// It is made in spite of an interrupt: what it ends costs more than was approved.
    MustGo,
}

/// Makes the intent durable, then calls. A refusal closes the intent and fails the step; an object that a delete does not
/// find is deleted. Gives the claim, and what was done, or the doubt where the outcome is not known.
pub(super) async fn send<C, T: Default, F: Future<Output = Outcome<T>>>(
    ctx: &Context<'_, C>,
    (action, address, id): (IntentAction, &InstanceAddr, u64),
    doing: &str,
    urgency: Urgency,
    call: impl FnOnce() -> F,
) -> Result<(String, Result<T, CallError>), Stop> {
    let mut intent = ctx.intent(action, address);
    intent.id = Some(id);
    let claim = intent.claim.clone();
    ctx.line.commit(vec![Event::Intent(Box::new(intent))]).await?;
    let outcome = match urgency {
        Urgency::MayWait => ctx.call_unless_cancelled(call()).await,
        Urgency::MustGo => ctx.call_unless_fenced(call()).await,
    };
    let Some(outcome) = outcome else { return Err(unsent(ctx, claim).await?) };
    match outcome {
        Outcome::Done(done) => Ok((claim, Ok(done))),
        Outcome::NotDone(error) if action == IntentAction::Delete && error.kind == ErrorKind::NotFound => {
            Ok((claim, Ok(T::default())))
        }
        Outcome::NotDone(error) => {
            ctx.line.commit(vec![Event::NotDone { claim, reason: error.to_string() }]).await?;
            Err(failed(doing, &error))
        }
        Outcome::InDoubt(error) => Ok((claim, Err(error))),
    }
}

/// Closes an intent that an interrupt overtook; gives what ends the step.
pub(super) async fn unsent<C>(ctx: &Context<'_, C>, claim: String) -> Result<Stop, Stop> {
    ctx.line.commit(vec![Event::NotDone { claim, reason: UNSENT.to_owned() }]).await?;
    Ok(Stop::Interrupted)
}

/// Writes down that the outcome of a call is not known; gives what ends the step.
pub(super) async fn in_doubt<C>(
    ctx: &Context<'_, C>,
    claim: String,
    doing: &str,
    error: &CallError,
) -> Result<Stop, Stop> {
    let since = ctx.clock.now();
    ctx.line.commit(vec![Event::InDoubt { claim, reason: error.to_string(), since }]).await?;
    Ok(Stop::InDoubt(fault(doing, error).into()))
}

/// A PUT, through [`send`]; one whose outcome is not known ends the step. Gives the claim, and what was done.
pub(super) async fn put<C, T: Default, F: Future<Output = Outcome<T>>>(
    ctx: &Context<'_, C>,
    address: &InstanceAddr,
    id: u64,
    doing: &str,
    call: impl FnOnce() -> F,
) -> Result<(String, T), Stop> {
    match send(ctx, (IntentAction::Update, address, id), doing, Urgency::MayWait, call).await? {
        (claim, Ok(done)) => Ok((claim, done)),
        (claim, Err(error)) => Err(in_doubt(ctx, claim, doing, &error).await?),
    }
}
