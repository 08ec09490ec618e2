//! Settling what is in doubt, by looking (invariant 2).

use super::clock::Clock;
use super::read::PAUSE;
use super::reboot::{Rebooted, rebooted};
use super::sight::{Search, Sighting, sight, sight_group};
use crate::address::ObjectKind;
use crate::cloud::fault::{fault, passes};
use crate::cloud::{CallError, Cloud};
use crate::diag::{Diagnostic, Diagnostics};
use crate::live::{LiveObject, MachineId, ObjectId};
use crate::state::digest::SecretKey;
use crate::state::journal::Event;
use crate::state::{Intent, IntentAction, Record, State};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Complete lists without it that prove a rent or create absent, once the window has passed. One list may miss a row
/// that moved from page to page while it was read; three in a row hardly do.
pub const LOOKS: usize = 3;
/// Between the later looks: about ten looks in a window of two minutes, each of them a whole list.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// How long beyond the window an API is borne with that does not answer, or whose dates stand still: lists fail several
/// times a day (API sheet §1), and giving up leaves a rent in doubt. A minute holds four more looks.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long to look.
#[derive(Clone, Copy, Debug)]
pub struct Settle<'a> {
    /// So long this run itself must have looked; then a complete list without it proves it absent.
    pub window: Duration,
    /// What time it is.
    pub clock: &'a Clock,
    /// For the digests of secrets.
    pub key: &'a SecretKey,
}

/// What looking brought.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// To be appended to the journal.
    pub events: Vec<Event>,
    /// Intents that stay in doubt.
    pub open: Vec<Intent>,
    /// What was found, as warnings; and what stays in doubt, with its possible cost.
    pub told: Diagnostics,
}

/// Settles the open intents of a state: found is adopted, proven absent is closed, what is neither stays open.
///
/// # Errors
/// A read that fails, while it does not pass by itself inside the window.
pub async fn settle<C: Cloud>(cloud: &C, state: &State, how: &Settle<'_>) -> Result<Settled, Diagnostics> {
    let mut settled = Settled::default();
    let mut open: Vec<Intent> = Vec::new();
    for intent in state.open.values() {
        match intent.action {
            IntentAction::Create(_) => open.push(intent.clone()),
            // A new machine may not be found by its id yet, and is not gone for that.
            IntentAction::Update if is_unseen(state, intent) => open.push(intent.clone()),
            // Repeating it is harmless, and the next plan compares live with recorded.
            IntentAction::Update => settled.events.push(not_done(intent, COMPARED)),
            IntentAction::Reboot => open.push(intent.clone()),
            IntentAction::Delete => {
                let gone = deleted(cloud, intent).await;
                match gone.map_err(|error| fault(&format!("Looking whether {} is deleted", intent.address), &error))? {
                    true => settled.events.push(
                        removed(state, intent).unwrap_or_else(|| not_done(intent, "it is not recorded any more")),
                    ),
                    false => settled.events.push(not_done(intent, "it is still there")),
                }
            }
        }
    }
    let mut pause = PAUSE;
    let mut looks = 0;
    let began = Instant::now();
    let mut doubts: Vec<(Intent, String)> = Vec::new();
    // Whoever sent a call without an end on record is dead since the first look at the latest: the window counts from
    // there. When that was, by whose clock ever, proves nothing: clocks are set, and servers are wrong about the date.
    let mut first = None;
    while !open.is_empty() {
        let asked = Instant::now();
        match look(cloud, state, &open, how).await {
            Ok(found) => {
                looks += 1;
                let (began, since) = *first.get_or_insert((asked, found.as_of));
                let looked = asked - began;
                // A list that is dated earlier may be an old one.
                let passed = looked >= how.window && since_then(since, found.as_of) >= how.window;
                let over = looks >= LOOKS && (passed || looked >= how.window + PATIENCE);
                doubts.clear();
                let mut left = Vec::new();
                for (intent, verdict) in open.into_iter().zip(found.verdicts) {
                    match verdict {
                        Verdict::Found(record) => {
                            settled.told.push(adopted(&intent, &record));
                            settled.events.push(recorded(&intent, record));
                        }
                        Verdict::Perhaps(why) => {
                            doubts.push((intent.clone(), why));
                            left.push(intent);
                        }
                        Verdict::Rebooted(event) => {
                            settled.told.push(told(
                                &intent,
                                "Rebooted by an earlier run",
                                "its container began anew since",
                            ));
                            settled.events.push(event);
                        }
                        // Nothing is made by what was never answered: this run's own time is enough.
                        Verdict::Ran(why) if looks >= LOOKS && looked >= how.window => {
                            settled.told.push(told(&intent, "A reboot of an earlier run", why));
                            settled.events.push(not_done(&intent, why));
                        }
                        Verdict::Ran(why) => {
                            doubts.push((intent.clone(), why.to_owned()));
                            left.push(intent);
                        }
                        Verdict::Seen => settled.events.push(not_done(&intent, COMPARED)),
                        Verdict::Nowhere if over && passed => settled.events.push(match intent.action {
                            IntentAction::Update => not_done(&intent, "the machine never showed"),
                            IntentAction::Reboot => not_done(&intent, "the machine is gone"),
                            IntentAction::Create(_) | IntentAction::Delete => {
                                Event::Absent { claim: intent.claim.clone(), at: found.as_of }
                            }
                        }),
                        Verdict::Nowhere => {
                            doubts.push((intent.clone(), "it is not in the account so far".to_owned()));
                            left.push(intent);
                        }
                    }
                }
                open = left;
                // What is ambiguous after the window stays so.
                if over {
                    break;
                }
            }
            Err(error) if passes(&error) && began.elapsed() < how.window + PATIENCE => {}
            Err(error) => return Err(fault("Looking for what earlier calls made", &error).into()),
        }
        sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
    for (intent, why) in doubts.iter().filter(|(intent, _)| open.contains(intent)) {
        settled.told.push(still_in_doubt(intent, why));
    }
    settled.open = open;
    Ok(settled)
}

/// How much later an answer is dated; nothing where it is dated earlier.
fn since_then(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

/// Why the outcome of an update does not matter.
const COMPARED: &str = "the next plan compares what is live";

/// Whether an update is of a machine that was rented and never read: naming and marking comes right after the rent.
fn is_unseen(state: &State, intent: &Intent) -> bool {
    state.recorded_machines().any(|(id, record)| Some(id.0) == intent.id && record.hash_id().is_none())
}

enum Verdict {
    Found(Arc<Record>),
    /// It is there, and that is all that matters.
    Seen,
    Perhaps(String),
    /// The machine began anew since.
    Rebooted(Event),
    /// It did not so far, or does not tell.
    Ran(&'static str),
    Nowhere,
}

struct Looked {
    verdicts: Vec<Verdict>,
    as_of: Timestamp,
}

async fn look<C: Cloud>(cloud: &C, state: &State, open: &[Intent], how: &Settle<'_>) -> Result<Looked, CallError> {
    let (mut machines, mut groups) = (false, false);
    for intent in open {
        match intent.action {
            // Of a reboot, for the server's time.
            IntentAction::Create(ObjectKind::Instance) | IntentAction::Update | IntentAction::Reboot => machines = true,
            IntentAction::Create(ObjectKind::TemplateGroup) => groups = true,
            IntentAction::Delete => {}
        }
    }
    let machines = if machines { Some(cloud.machines().await?) } else { None };
    let groups = if groups { Some(cloud.groups().await?) } else { None };
    let dates = [machines.as_ref().map(|listed| listed.as_of), groups.as_ref().map(|listed| listed.as_of)];
    let as_of = how.clock.observe(dates.into_iter().flatten().flatten().min());
    let mut verdicts = Vec::new();
    for intent in open {
        verdicts.push(match intent.action {
            IntentAction::Update => match intent.id {
                Some(id) if cloud.machine(MachineId(id)).await?.is_none() => Verdict::Nowhere,
                _ => Verdict::Seen,
            },
            IntentAction::Delete => Verdict::Nowhere,
            IntentAction::Reboot => began_anew(cloud, state, intent, as_of).await?,
            IntentAction::Create(ObjectKind::Instance) => match &machines {
                Some(listed) => match sight(cloud, intent, listed, &Search::of(state, intent)).await? {
                    Sighting::Found(machine) => {
                        Verdict::Found(Arc::new(intent.record_of(&LiveObject::Machine(machine), how.key)))
                    }
                    Sighting::Perhaps(ids) => Verdict::Perhaps(perhaps("machine", &ids)),
                    Sighting::Nowhere => Verdict::Nowhere,
                },
                None => Verdict::Nowhere,
            },
            IntentAction::Create(ObjectKind::TemplateGroup) => match &groups {
                Some(listed) => match sight_group(cloud, intent, listed).await? {
                    Sighting::Found(group) => {
                        Verdict::Found(Arc::new(intent.record_of(&LiveObject::Group(group), how.key)))
                    }
                    Sighting::Perhaps(ids) => Verdict::Perhaps(perhaps("template group", &ids)),
                    Sighting::Nowhere => Verdict::Nowhere,
                },
                None => Verdict::Nowhere,
            },
        });
    }
    Ok(Looked { verdicts, as_of })
}

/// Whether a machine began anew since a reboot was asked for.
async fn began_anew<C: Cloud>(cloud: &C, state: &State, intent: &Intent, now: Timestamp) -> Result<Verdict, CallError> {
    let Some(id) = intent.id.map(MachineId) else { return Ok(Verdict::Nowhere) };
    let Some(machine) = cloud.machine(id).await?.filter(|machine| !machine.is_gone()) else {
        return Ok(Verdict::Nowhere);
    };
    Ok(match rebooted(intent.uptime.map(Duration::from_secs), intent.at, now, &machine) {
        Rebooted::Yes => Verdict::Rebooted(match state.resources.get(&intent.address) {
            Some(record) => recorded(intent, record.clone()),
            None => not_done(intent, "it is not recorded any more"),
        }),
        Rebooted::NotYet => Verdict::Ran("it was not rebooted: its container has run all the time"),
        Rebooted::Unknown => Verdict::Ran("whether it was rebooted is not known: the machine does not tell"),
    })
}

async fn deleted<C: Cloud>(cloud: &C, intent: &Intent) -> Result<bool, CallError> {
    let kind = intent.address.resource.object_kind();
    let Some((kind, id)) = kind.zip(intent.id) else { return Ok(false) };
    Ok(cloud.object(ObjectId::new(kind, id)).await?.as_ref().is_none_or(LiveObject::is_gone))
}

/// The event that the object of an intent is gone, where the address still holds it.
fn removed(state: &State, intent: &Intent) -> Option<Event> {
    let (claim, address) = (Some(intent.claim.clone()), &intent.address);
    let is_it = |record: &&Arc<Record>| record.id() == intent.id;
    if let Some(record) = state.resources.get(address).filter(is_it) {
        return Some(Event::gone(claim, address, record));
    }
    let (key, _) = state.deposed.get(address)?.iter().find(|(_, record)| is_it(record))?;
    Some(Event::Removed { claim, address: address.clone(), deposed: Some(key.clone()) })
}

fn not_done(intent: &Intent, reason: &str) -> Event {
    Event::NotDone { claim: intent.claim.clone(), reason: reason.to_owned() }
}

fn recorded(intent: &Intent, record: Arc<Record>) -> Event {
    Event::Recorded { claim: Some(intent.claim.clone()), address: intent.address.clone(), record }
}

/// What became of a reboot.
fn told(intent: &Intent, summary: &'static str, why: &str) -> Diagnostic {
    let detail = format!("A reboot of {} was asked for at {} and never answered: {why}.", intent.address, intent.at);
    Diagnostic::warning(summary, detail).on(&intent.address)
}

fn adopted(intent: &Intent, record: &Record) -> Diagnostic {
    let id = record.id().map_or_else(|| "unknown".to_owned(), |id| id.to_string());
    let detail = format!(
        "An earlier call for {} was never answered. What it made was found in the account (id {id}) and is recorded.",
        intent.address
    );
    Diagnostic::warning("Adopted from an earlier run", detail).on(&intent.address)
}

fn perhaps(what: &str, ids: &[u64]) -> String {
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    format!("it may be the {what} {}, and nothing tells for certain", ids.join(" or "))
}

/// What is told of an intent that stays in doubt, with its possible cost.
pub fn still_in_doubt(intent: &Intent, why: &str) -> Diagnostic {
    let cost = match intent.hourly_cost {
        Some(cost) => format!(" If it exists, it costs {cost} per hour."),
        None => String::new(),
    };
    let detail = format!("A call for {} was sent and its outcome is not known: {why}.{cost}", intent.address);
    let hint = match intent.action {
        IntentAction::Reboot => {
            format!("Look at the machine; podform recover looks again, and -close='{}' ends the doubt.", intent.address)
        }
        IntentAction::Create(_) | IntentAction::Update | IntentAction::Delete => format!(
            "Nothing more is rented for this address until it is settled: podform recover looks again; podform recover -adopt='{0}'=ID tells which machine it made, -close='{0}' that it made none.",
            intent.address
        ),
    };
    Diagnostic::warning("Outcome in doubt", detail).with_hint(hint).on(&intent.address)
}
