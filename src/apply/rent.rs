//! The rent protocol (API sheet §8): intent, POST once, id or search by claim, record, mark, price check, wait.

use super::arrival::{await_it, details, judged, read_as_billed, within};
use super::change::{UNSENT, unsent};
use super::context::Context;
use super::machine::environment;
use super::offers::{Chosen, HostTurn};
use super::record::{Sent, draft, finished, recorded, take_in_and_tell};
use super::search::{found, is_about_the_offer};
use super::step::{Finished, Job, Stop, failed, refused};
use super::telling::{offer_changed, renting};
use super::turns::{Shape, Turn};
use crate::address::InstanceAddr;
use crate::cloud::fault::fault;
use crate::cloud::{Cloud, ErrorKind, Outcome};
use crate::live::{Env, Machine, MachineFields, MachineId, Offer, OfferFacts, RentRequest};
use crate::market::{Placed, Requirement};
use crate::money::hourly_cost;
use crate::plan::ApplyEvent;
use crate::refresh::{PAUSE, VISIBLE};
use crate::schema::instance::{Desired, SCHEMA, WaitFor};
use crate::schema::{observe, rests};
use crate::state::journal::Event;
use crate::state::{Intent, IntentAction, Record};
use std::sync::Arc;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

/// Offers that are tried for one instance: an offer may be taken between list and rent (API sheet §3.1), and five in a row
/// that are have another reason than bad luck.
const ATTEMPTS: usize = 5;

/// Rents a machine for an address.
pub(super) async fn rent<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    place: SemaphorePermit<'_>,
) -> Result<Finished, Stop> {
    let mut place = Some(place);
    let desired = Desired::read(job.object()?).map_err(|why| job.fault(&why))?;
    let Ordered { id, intent, mut record, offer, turn } = order(ctx, job, &desired, &mut place).await?;
    let fields = MachineFields {
        settings: desired.settings.clone(),
        notes: Some(ctx.mark(&job.step.address, &intent.claim, Some(id)).write(&desired.notes)),
        ..MachineFields::default()
    };
    let (marking, shown) = match mark(ctx, job, id, &intent, &fields, &mut record).await? {
        Marked::Named(claim, shown) => (claim, shown),
        Marked::Unnamed(seen, stop) => {
            let Some(machine) = seen else { return Err(stop) };
            read_as_billed(ctx, job, &offer, &machine).await?;
            within(ctx, job, &desired, &machine, (None, &mut record)).await?;
            ctx.line.commit(vec![recorded(job, None, &record)]).await?;
            return Err(stop);
        }
    };
    // Nobody takes a marked machine for another one.
    drop(turn);
    // What follows only reads, unless the machine must go at once: others may begin meanwhile.
    drop(place);
    let (machine, marking) = match shown {
        Some(machine) => (machine, Some(marking)),
        None => {
            ctx.line.commit(vec![recorded(job, Some(&marking), &record)]).await?;
            (details(ctx, job, id).await?, None)
        }
    };
    let marking = marking.as_deref();
    if machine.env.as_ref().and_then(Env::claim).is_some() {
        ctx.turns.claim_was_read();
    }
    read_as_billed(ctx, job, &offer, &machine).await?;
    judged(ctx, job, &desired, &machine, (marking, &mut record)).await?;
    if desired.wait_for != WaitFor::None {
        await_it(ctx, job, id, &desired, &mut record).await?;
        // A price that did not show at first may show by now.
        if record.unproven.is_some()
            && let Ok(machine) = details(ctx, job, id).await
        {
            read_as_billed(ctx, job, &offer, &machine).await?;
            judged(ctx, job, &desired, &machine, (None, &mut record)).await?;
        }
    }
    finished(ctx, job, &record)
}

/// A machine that was ordered.
struct Ordered {
    id: MachineId,
    intent: Intent,
    record: Record,
    /// What was rented.
    offer: Offer,
    /// Until it is marked, where it had to be looked for.
    turn: Option<Turn>,
}

/// Orders a machine: one intent and one POST per offer, until one is taken.
async fn order<'a, C: Cloud>(
    ctx: &'a Context<'_, C>,
    job: &Job<'_>,
    desired: &Desired,
    place: &mut Option<SemaphorePermit<'a>>,
) -> Result<Ordered, Stop> {
    let address = &job.step.address;
    let placed = job.change()?.placed.as_ref().ok_or_else(|| job.fault("no offer was chosen for it"))?;
    // A requirement that the plan did not know yet is required all the same.
    let mut placed = Placed::clone(placed);
    placed.envelope.requirement = Requirement::read(job.object()?);
    if let Some(rest) = rests(job.object()?, ctx.clock.now()) {
        let detail = format!("{address} is {rest} by now. Nothing was rented for it.");
        return Err(refused("Not wanted any more", detail));
    }
    ctx.alone().await?;
    let (mut tried, mut told) = (0, false);
    // What was to be rented last, and why it was not.
    let (mut last, mut refusal) = (placed.offer.clone(), None);
    loop {
        ctx.offers.pullable(&job.image(), address)?;
        let (offer, host) = match ctx.offers.choose(ctx.cloud, address, &placed).await? {
            Chosen::Offer(offer, host) => (*offer, host),
            Chosen::Busy(host) => {
                stand_aside(ctx, ctx.offers.freed(&host), place).await?;
                continue;
            }
        };
        ctx.budgets.admit(address, &placed, &offer)?;
        let shape = Shape::of(desired.group, &offer.gpu_model, desired.gpu_count);
        let Some((mut turn, mut host)) = turn(ctx, address, &shape, (place, host)).await? else { continue };
        if offer.iri != last.iri || offer.price_per_gpu != last.price_per_gpu {
            let why = refusal.take().unwrap_or_else(|| ctx.offers.why(&last));
            offer_changed(ctx, job, &offer, &last, why);
            last = offer.clone();
        }
        if !std::mem::replace(&mut told, true) {
            renting(ctx, job, &offer);
        }
        let (intent, record) = draft_of(ctx, job, desired, &offer, placed.envelope.disk_size)?;
        let claim = intent.claim.clone();
        let request = RentRequest {
            offer_iri: offer.iri.clone(),
            ordered: desired.ordered.clone(),
            group: desired.group,
            env: environment(ctx, job, desired.group, &desired.env, Some(&claim)).await?,
        };
        ctx.line.commit(vec![Event::Intent(Box::new(intent.clone()))]).await?;
        ctx.known().rents.insert(claim.clone(), intent.clone());
        let sent = async {
            match ctx.offers.stands(&offer, &placed) {
                true => {
                    host.sends();
                    Ok(ctx.cloud.rent(&request).await)
                }
                false => Err("the market was another one, or too old, when it could be sent"),
            }
        };
        let outcome = match ctx.call_unless_cancelled(sent).await.unwrap_or(Err(UNSENT)) {
            Ok(outcome) => outcome,
            Err(why) => {
                ctx.known().rents.remove(&claim);
                ctx.line.commit(vec![Event::NotDone { claim, reason: why.to_owned() }]).await?;
                if ctx.is_cancelled() {
                    return Err(Stop::Interrupted);
                }
                continue;
            }
        };
        tried += 1;
        let ended = Instant::now();
        let (id, turn) = match outcome {
            Outcome::Done(Some(id)) => {
                turn.answered();
                (id, None)
            }
            outcome @ (Outcome::Done(None) | Outcome::InDoubt(_)) => {
                let error = match outcome {
                    Outcome::InDoubt(error) => Some(error),
                    _ => None,
                };
                turn.searches();
                match found(ctx, job, &intent, error.as_ref(), ended).await {
                    Ok(machine) => (machine.id, Some(turn)),
                    Err(stop) => {
                        if matches!(stop, Stop::InDoubt(_)) {
                            turn.lost(address);
                        }
                        return Err(stop);
                    }
                }
            }
            Outcome::NotDone(error) => {
                ctx.known().rents.remove(&claim);
                ctx.line.commit(vec![Event::NotDone { claim, reason: error.to_string() }]).await?;
                let doing = format!("Renting {} for {address}", offer.iri);
                // Nothing happened, and the client holds every call for as long as the API asked: a new intent may go.
                if error.kind == ErrorKind::TooManyRequests && tried < ATTEMPTS && !ctx.is_cancelled() {
                    continue;
                }
                if !matches!(error.kind, ErrorKind::Refused | ErrorKind::NotFound) {
                    return Err(failed(&doing, &error));
                }
                let gone = ctx.offers.refused(ctx.cloud, &offer.iri).await?;
                if !gone && !is_about_the_offer(&error) {
                    return Err(failed(&doing, &error));
                }
                if tried >= ATTEMPTS {
                    return Err(refused(
                        "Every offer was taken",
                        format!(
                            "{tried} offers for {address} were refused one after the other, and others may rent the same: the last was {}: {error}. Nothing was rented for it. Apply again, or widen what the instance accepts.",
                            offer.iri
                        ),
                    ));
                }
                if ctx.is_cancelled() {
                    return Err(Stop::Interrupted);
                }
                refusal = Some(format!("the API refused it ({})", error.message));
                continue;
            }
        };
        ctx.offers.rented(address, &offer);
        ctx.line.show(ApplyEvent::Bills { address: address.clone(), per_hour: placed.envelope.hourly_cost(&offer) });
        drop(host);
        {
            let mut known = ctx.known();
            known.rents.remove(&claim);
            known.machines.insert(id);
        }
        let mut record = record;
        record.attributes.set("id", id.to_string().into());
        return Ok(Ordered { id, intent, record, offer, turn });
    }
}

/// The turn of a rent. While it waits for one, others may begin; `None` where it must ask again, the market being another
/// one by now.
async fn turn<'a, C: Cloud>(
    ctx: &'a Context<'_, C>,
    address: &InstanceAddr,
    shape: &Shape,
    (place, host): (&mut Option<SemaphorePermit<'a>>, HostTurn<'a>),
) -> Result<Option<(Turn, HostTurn<'a>)>, Stop> {
    match ctx.turns.take(shape) {
        Ok(Some(turn)) => Ok(Some((turn, host))),
        Ok(None) => {
            drop(host);
            stand_aside(ctx, ctx.turns.wait(shape), place).await?;
            Ok(None)
        }
        Err(_) if shows_claims(ctx).await => {
            ctx.turns.claim_was_read();
            Ok(None)
        }
        Err(other) => Err(refused(
            "Not rented beside one in doubt",
            format!(
                "{address} would be rented just like {other}, whose rent has no known outcome, and this API shows nothing that tells their machines apart. Nothing was called for it. Settle {other} first (podform recover), then apply again."
            ),
        )),
    }
}

/// Waits without a place among the steps that are under way: those who are waited for may need one.
async fn stand_aside<'a, C: Cloud>(
    ctx: &'a Context<'_, C>,
    waited: impl Future<Output = ()>,
    place: &mut Option<SemaphorePermit<'a>>,
) -> Result<(), Stop> {
    *place = None;
    tokio::select! {
        () = waited => {}
        () = ctx.cancelled() => return Err(Stop::Interrupted),
    }
    *place = Some(ctx.place().await?);
    Ok(())
}

/// Whether a machine that is recorded shows its claim.
async fn shows_claims<C: Cloud>(ctx: &Context<'_, C>) -> bool {
    let newest = ctx.known().machines.last().copied();
    let Some(id) = newest else { return false };
    matches!(ctx.cloud.machine(id).await, Ok(Some(machine)) if machine.env.as_ref().and_then(Env::claim).is_some())
}

/// The intent of a rent, and the record as it will stand once the id is known.
fn draft_of<C>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    desired: &Desired,
    offer: &Offer,
    disk_gb: Option<u64>,
) -> Result<(Intent, Record), Stop> {
    let mut intent = ctx.intent(IntentAction::RENT, &job.step.address);
    let mut record = draft(ctx, job, job.object()?);
    intent.deposes = job.deposes();
    record.claim = Some(intent.claim.clone());
    record.unproven = Some(desired.max_price_per_gpu);
    record.offer = Some(OfferFacts { host: Some(offer.host.clone()), ..offer.facts.clone() });
    let mut put = |name: &str, value: serde_json::Value| record.attributes.set(name, value);
    let cost = hourly_cost(offer.price_per_gpu, desired.gpu_count, offer.price_per_disk, disk_gb.unwrap_or(0));
    put("offer_iri", offer.iri.clone().into());
    put("rented_gpu_model", offer.gpu_model.clone().into());
    if let Some(digest) = job.template.as_ref().and_then(|template| template.digest.clone()) {
        put("template_digest", digest.into());
    }
    if let Some(max) = desired.settings.get("max_auto_renew_price") {
        put("max_auto_renew_price", max.clone());
    }
    intent.group_id = Some(desired.group.0);
    intent.offer_iri = Some(offer.iri.clone());
    intent.gpu_model = Some(offer.gpu_model.clone());
    intent.gpu_count = Some(desired.gpu_count);
    intent.hourly_cost = Some(cost);
    intent.record = Some(Arc::new(record.clone()));
    Ok((intent, record))
}

/// How a machine was named and marked.
enum Marked {
    /// Done: the claim of that, to be closed durably, and the machine where the answer showed it with all details and as it
    /// was sent.
    Named(String, Option<Machine>),
    /// It failed, which is recorded and ends the step; the machine, where it could be read since.
    Unnamed(Option<Machine>, Stop),
}

/// Records the machine (invariant 5), and puts name and mark on it.
async fn mark<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    id: MachineId,
    rent: &Intent,
    fields: &MachineFields,
    record: &mut Record,
) -> Result<Marked, Stop> {
    let address = &job.step.address;
    let mut intent = ctx.intent(IntentAction::Update, address);
    intent.id = Some(id.0);
    let claim = intent.claim.clone();
    let (made, next) = (recorded(job, Some(&rent.claim), record), Event::Intent(Box::new(intent)));
    ctx.line.commit(vec![made, next]).await?;
    let began = Instant::now();
    let error = loop {
        let Some(outcome) = ctx.call_unless_fenced(ctx.cloud.update_machine(id, fields)).await else {
            return Err(unsent(ctx, claim).await?);
        };
        match outcome {
            Outcome::Done(shown) => {
                return Ok(Marked::Named(claim, shown.filter(|machine| fields.is_shown_by(machine))));
            }
            // It may not be visible yet; a PUT may be repeated.
            Outcome::NotDone(error) if error.kind == ErrorKind::NotFound && began.elapsed() < VISIBLE => {}
            Outcome::NotDone(error) | Outcome::InDoubt(error) => break error,
        }
        tokio::time::sleep(PAUSE).await;
    };
    // Until it was seen the intent stays open: a machine that is not found by its id yet is not gone.
    let seen = details(ctx, job, id).await.ok();
    // What was not set is not recorded as sent, so that the next plan sets it; the claim proves that it is ours.
    record.unset(&SCHEMA);
    if let Some(machine) = &seen {
        take_in_and_tell(ctx, job, &SCHEMA, record, &observe::machine(machine), Sent::Ordered);
    }
    ctx.line.commit(vec![Event::NotDone { claim, reason: error.to_string() }, recorded(job, None, record)]).await?;
    let mut diagnostic = fault(&format!("Naming and marking {address} (machine {id}), which was rented"), &error);
    diagnostic.add(" The machine is recorded; the next apply sets name and mark.");
    Ok(Marked::Unnamed(seen, Stop::Failed(diagnostic.into())))
}
