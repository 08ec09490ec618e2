//! `podform recover`.

use crate::address::InstanceAddr;
use crate::cli::approval::approved;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{FleetArgs, Named};
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::diag::{Diagnostic, Topic};
use crate::live::ObjectId;
use crate::refresh::{Refresh, candidates, foreign_lineage, lost_since, refresh, told_lineages};
use crate::render::intent_text;
use crate::session::{Held, Session, adopt, stored};
use crate::state::journal::Event;
use crate::state::{Intent, IntentAction, State};
use clap::Args;

/// `recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// The machine that an unanswered rent made, by its id, or ADDRESS=ID where several rents could have made it; or a
    /// machine or template group (by its IRI) that another state of this fleet made: it is recorded here, and its mark is
    /// written anew. "all": everything of the state that -lineage names; of this state's own lineage, what newer states of
    /// it made that are lost. May be repeated.
    #[arg(long, value_name = "[ADDRESS=]ID")]
    pub adopt: Vec<String>,
    /// The state whose objects -adopt=all takes, by its lineage.
    #[arg(long, value_name = "LINEAGE")]
    pub lineage: Option<String>,
    /// Close an operation that made nothing, as you have checked: by its address or the start of its claim. It stays
    /// watched for 24 hours. May be repeated.
    #[arg(long, value_name = "CLAIM_OR_ADDRESS")]
    pub close: Vec<String>,
    /// Close also what a machine of the account could be of.
    #[arg(long)]
    pub force: bool,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// Variables, account and lock.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// The shortest beginning of a claim that names one, in hexadecimal digits: few operations are open at once, and one
/// that two share is refused.
const SHORTEST: usize = 4;

/// Shows every operation whose outcome is not known, and settles it by looking. `-adopt` tells what it made, or takes over
/// what a lost state made; `-close` says that it made nothing.
pub async fn run(args: &RecoverArgs, context: &mut Context) -> Outcome {
    let (placed, named): (Vec<&String>, Vec<&String>) = args.adopt.iter().partition(|text| text.contains('='));
    let placed = placed.into_iter().map(|text| placed_at(text)).collect::<Result<Vec<_>, _>>()?;
    let named = Named::read("-adopt", named)?;
    let locking = args.fleet.locking.locking("recover")?;
    let opening = args.fleet.opening();
    let Some(fleet) = context.configure(&opening, None).await? else { return Ok(Exit::Error) };
    opening
        .holding(&fleet, locking, async |session, mut held| {
            held.tell(&mut context.diags);
            if held.state.open.is_empty() && args.adopt.is_empty() && args.close.is_empty() {
                held.fold().await?;
                context.terminal.line("Nothing is in doubt.");
                return Ok(Exit::Done);
            }
            for intent in held.state.open.values() {
                context.terminal.line(&intent_text(intent));
            }
            if !args.adopt.is_empty() {
                let all = if named.all { all_of(args, session, &held.state).await? } else { All::default() };
                let ids = named.among(all.ids.into_iter()).into_iter().map(|id| (id, None));
                if let Err(failure) = adopt(ids.chain(placed), session, &mut held, &context.terminal).await {
                    // What was adopted before it stands in the journal.
                    held.fold().await?;
                    return Err(failure.into());
                }
                held.state.serial = held.state.serial.max(all.serial);
            }
            let closed: Vec<Intent> =
                args.close.iter().map(|text| named_by(text, &held.state)).collect::<Result<_, _>>()?;
            for intent in closed {
                if !close(&intent, args, session, &mut held, context).await? {
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

/// `ADDRESS=ID`; a key of the address may hold the sign too.
fn placed_at(text: &str) -> Result<(ObjectId, Option<InstanceAddr>), Failure> {
    let wrong = |why: String| Failure::from(Diagnostic::error("Invalid -adopt", format!("\"{text}\": {why}.")));
    let (address, id) = text.rsplit_once('=').unwrap_or_default();
    Ok((id.parse().map_err(wrong)?, Some(address.parse().map_err(|error| wrong(format!("{error}")))?)))
}

/// What `-adopt=all` takes.
#[derive(Default)]
struct All {
    ids: Vec<ObjectId>,
    /// The state goes on above this serial.
    serial: u64,
}

/// Everything of the one state that is named: another one, or what this one was before it was put back.
async fn all_of<C: Cloud>(args: &RecoverArgs, session: &Session<'_, C>, state: &State) -> Result<All, Failure> {
    let Some(fleet) = session.fleet.name() else { return Ok(All::default()) };
    let snapshot = refresh(session.cloud, state, Refresh::Orphans).await?;
    if args.lineage.as_ref().is_some_and(|lineage| *lineage == state.lineage) {
        let (ids, serial) = lost_since(&snapshot, fleet, state);
        return Ok(All { ids, serial });
    }
    let strangers = foreign_lineage(&snapshot, fleet, &state.lineage);
    let of = |lineage: &str| -> Vec<ObjectId> {
        strangers.iter().filter(|stranger| stranger.mark.lineage == lineage).map(|found| found.id).collect()
    };
    let why = match &args.lineage {
        Some(lineage) if !of(lineage).is_empty() => return Ok(All { ids: of(lineage), serial: 0 }),
        Some(lineage) => format!("The account holds nothing of the fleet \"{fleet}\" that the lineage {lineage} made."),
        None if strangers.is_empty() => {
            format!("The account holds nothing of the fleet \"{fleet}\" that another state made.")
        }
        None => "Taking the machines of a team that works would end that work: say which state is lost.".to_owned(),
    };
    let found = told_lineages(&strangers, snapshot.as_of.unwrap_or_else(jiff::Timestamp::now));
    let told = Diagnostic::error("Which lineage", why);
    Err(match found.as_str() {
        "" => told,
        found => told.with_hint(format!("-adopt=all takes one with -lineage=LINEAGE. There are: {found}.")),
    }
    .into())
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

/// Closes an intent that a person has checked, unless the account holds what it could have made. False where the person
/// changed their mind.
async fn close<C: Cloud>(
    intent: &Intent,
    args: &RecoverArgs,
    session: &Session<'_, C>,
    held: &mut Held,
    context: &Context,
) -> Result<bool, Failure> {
    let found = candidates(session.cloud, &held.state, intent, &session.clock).await;
    let found =
        found.map_err(|error| fault(&format!("Looking for what {} could have made", intent.address), &error))?;
    if !found.is_empty() && !args.force {
        let ids: Vec<String> = found.iter().map(ToString::to_string).collect();
        let (address, all) = (&intent.address, ids.join(", "));
        let detail = format!(
            "The account holds what the operation of {address} could have made: {all}. Closed, its address would be rented for again beside that."
        );
        let hint = format!(
            "If it is that, podform recover -adopt='{address}'={} records it. If it is somebody else's, or you release it in the vendor's panel first, -force closes the operation all the same.",
            ids.first().map_or("ID", String::as_str)
        );
        return Err(Diagnostic::error("Not closed", detail).with_hint(hint).about(Topic::Unsettled).into());
    }
    let question = format!(
        "\nDo you know that this made nothing?\n  {}\n  It is closed, and its address may be rented for again. If it did make something, that bills on: it is watched for\n  24 hours, and shown by plan and podform orphans.",
        intent_text(intent)
    );
    let can_ask = args.fleet.variables.input;
    if !approved(&question, args.auto_approve, can_ask, &context.terminal).await? {
        return Ok(false);
    }
    let claim = intent.claim.clone();
    held.commit(vec![match intent.action {
        IntentAction::Create(_) => Event::Absent { claim, at: session.clock.now() },
        IntentAction::Update | IntentAction::Delete | IntentAction::Reboot => {
            Event::NotDone { claim, reason: "closed by a person".to_owned() }
        }
    }])
    .await?;
    context.terminal.line(&format!("Closed: {}", intent.address));
    Ok(true)
}
