//! `podform recover`.

use crate::cli::approval::approved;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{Named, PlanningArgs};
use crate::cloud::Cloud;
use crate::diag::Diagnostic;
use crate::refresh::{Refresh, foreign_lineage, refresh};
use crate::render::intent_text;
use crate::session::{Held, Session, adopt, stored};
use crate::state::journal::Event;
use crate::state::{Intent, IntentAction, State};
use clap::Args;

/// `recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// The machine that an unanswered rent made, by its id; or a machine or template group (by its IRI) that a lost state
    /// of this fleet made: it is recorded here, and its mark is written anew. "all": everything of lost states. May be
    /// repeated.
    #[arg(long, value_name = "ID")]
    pub adopt: Vec<String>,
    /// Close an operation that made nothing, as you have checked: by its address or the start of its claim. It stays
    /// watched for 24 hours. May be repeated.
    #[arg(long, value_name = "CLAIM_OR_ADDRESS")]
    pub close: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// Variables, account and lock.
    #[command(flatten)]
    pub planning: PlanningArgs,
}

/// The shortest beginning of a claim that names one, in hexadecimal digits: few operations are open at once, and one
/// that two share is refused.
const SHORTEST: usize = 4;

/// Shows every operation whose outcome is not known, and settles it by looking. `-adopt` tells what it made, or takes over
/// what a lost state made; `-close` says that it made nothing.
pub async fn run(args: &RecoverArgs, context: &mut Context) -> Outcome {
    let named = Named::read("-adopt", &args.adopt)?;
    let locking = args.planning.locking.locking("recover")?;
    let opening = args.planning.opening(0);
    let Some(fleet) = context.configure(&opening, None).await? else { return Ok(Exit::Error) };
    opening
        .holding(&fleet, locking, async |session, mut held| {
            if held.state.open.is_empty() && named.is_empty() && args.close.is_empty() {
                context.terminal.line("Nothing is in doubt.");
                return Ok(Exit::Done);
            }
            for intent in held.state.open.values() {
                context.terminal.line(&intent_text(intent));
            }
            if !named.is_empty() {
                take_over(&named, session, &mut held, context).await?;
            }
            let closed: Vec<Intent> =
                args.close.iter().map(|text| named_by(text, &held.state)).collect::<Result<_, _>>()?;
            for intent in closed {
                if !close(&intent, args, &mut held, context).await? {
                    return Ok(Exit::Error);
                }
            }
            held.settle(session, &context.terminal, &mut context.diags).await?;
            held.store.snapshot(&mut held.state).await.map_err(|error| stored::failure(&error))?;
            Ok(match held.state.open.is_empty() {
                true => {
                    context.terminal.line("Everything is settled.");
                    Exit::Done
                }
                false => Exit::InDoubt,
            })
        })
        .await
}

/// Takes over what `-adopt` names; "all" is everything of lost states.
async fn take_over<C: Cloud>(
    named: &Named,
    session: &Session<'_, C>,
    held: &mut Held,
    context: &Context,
) -> Result<(), Failure> {
    let strangers = match (named.all, session.fleet.name()) {
        (true, Some(name)) => {
            let snapshot = refresh(session.cloud, &held.state, Refresh::Orphans).await?;
            foreign_lineage(&snapshot, name, &held.state.lineage)
        }
        _ => Vec::new(),
    };
    let ids = named.among(strangers.iter().map(|stranger| stranger.id));
    if let Err(failure) = adopt(&ids, session, held, &context.terminal).await {
        // What was adopted before it stands in the journal.
        held.fold().await?;
        return Err(failure.into());
    }
    Ok(())
}

/// The one open intent that a claim's beginning or an address names.
fn named_by(text: &str, state: &State) -> Result<Intent, Failure> {
    let names = |intent: &&Intent| {
        intent.address.to_string() == text || (text.len() >= SHORTEST && intent.claim.starts_with(text))
    };
    let mut found = state.open.values().filter(names);
    let why = match (found.next(), found.next()) {
        (Some(intent), None) => return Ok(intent.clone()),
        (None, _) => format!("No operation in doubt has the address or claim {text}."),
        (Some(_), Some(_)) => format!("{text} names several operations in doubt. Name one by the start of its claim."),
    };
    Err(Diagnostic::error("Nothing to close", format!("{why} podform recover lists them.")).into())
}

/// Closes an intent that a person has checked. False where the person changed their mind.
async fn close(intent: &Intent, args: &RecoverArgs, held: &mut Held, context: &Context) -> Result<bool, Failure> {
    let question = format!(
        "\nDo you know that this made nothing?\n  {}\n  It is closed, and its address may be rented for again. If it did make something, that bills on: it is watched for\n  24 hours, and shown by plan and podform orphans.",
        intent_text(intent)
    );
    let can_ask = args.planning.variables.input;
    if !approved(&question, args.auto_approve, can_ask, &context.terminal).await? {
        return Ok(false);
    }
    let claim = intent.claim.clone();
    held.commit(vec![match intent.action {
        IntentAction::Create(_) => Event::Absent { claim, at: jiff::Timestamp::now() },
        IntentAction::Update | IntentAction::Delete => {
            Event::NotDone { claim, reason: "closed by a person".to_owned() }
        }
    }])
    .await?;
    context.terminal.line(&format!("Closed: {}", intent.address));
    Ok(true)
}
