//! A machine that was rented: is it what was approved, and does it come up?

use super::context::Context;
use super::record::{Sent, recorded, take_in_and_tell};
use super::release;
use super::step::{Job, Stop, failed, refused};
use super::telling::{redact, secrets_of, tell};
use super::wait::{Waited, console_tail, image_fault, wait};
use crate::cloud::fault::{fault, passes};
use crate::cloud::{CallError, Cloud, ErrorKind};
use crate::diag::{Diagnostic, Severity};
use crate::live::{Machine, MachineId, Offer, Status};
use crate::money::Usd;
use crate::plan::{ApplyEvent, StepAction};
use crate::refresh::{Approval, PAUSE, VISIBLE, unreadable};
use crate::schema::PriceBasis;
use crate::schema::instance::{Desired, SCHEMA};
use crate::schema::observe;
use crate::state::journal::Event;
use crate::state::{Billed, Failure, Record};
use tokio::time::Instant;

/// Reads the details of a machine that was just rented.
pub(super) async fn details<C: Cloud>(ctx: &Context<'_, C>, job: &Job<'_>, id: MachineId) -> Result<Machine, Stop> {
    let doing = format!("Reading {} (machine {id}), which was rented", job.step.address);
    let began = Instant::now();
    loop {
        let error = match ctx.cloud.machine(id).await {
            Ok(Some(machine)) => return Ok(machine),
            Ok(None) => CallError {
                kind: ErrorKind::NotFound,
                call: format!("GET /instances/{id}"),
                status: Some(404),
                message: "not found".to_owned(),
            },
            Err(error) => error,
        };
        let early = error.kind == ErrorKind::NotFound || passes(&error);
        if !early || began.elapsed() >= VISIBLE {
            return Err(failed(&doing, &error));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Takes in what a machine shows, and records it where it is inside of what was approved ([`within`]).
pub(super) async fn judged<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    desired: &Desired,
    machine: &Machine,
    (marking, record): (Option<&str>, &mut Record),
) -> Result<(), Stop> {
    take_in_and_tell(ctx, job, &SCHEMA, record, &observe::machine(machine), Sent::Whole);
    within(ctx, job, desired, machine, (marking, record)).await?;
    ctx.line.commit(vec![recorded(job, marking, record)]).await
}

/// Records and tells once where a machine bills otherwise than the price of its offer was read.
pub(super) async fn read_as_billed<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    offer: &Offer,
    machine: &Machine,
) -> Result<(), Stop> {
    let Some(bills) = machine.price_per_gpu else { return Ok(()) };
    let Some(basis) = ctx.offers.contradicted(offer, bills) else { return Ok(()) };
    let (asked, gpu_count) = (offer.row_price.unwrap_or(offer.price_per_gpu), offer.gpu_count);
    let (read, told) = match basis {
        PriceBasis::Offer => ("of one GPU", "of all GPUs of a row"),
        PriceBasis::Gpu | PriceBasis::Auto => ("of all GPUs of a row", "of one GPU"),
    };
    let detail = format!(
        "The row of {gpu_count} GPUs that {} was rented from asked {asked}, and its machine bills {bills} per GPU-hour. Prices of the market were read as those {read}, and seem to be those {told}: they are read so from the next plan on, unless price_basis in provider \"simplepod\" says otherwise.",
        job.step.address
    );
    ctx.line.commit(vec![Event::Billed(Billed { basis, at: ctx.clock.now(), asked, gpu_count, bills })]).await?;
    tell(ctx, job, Diagnostic::warning("Prices of the market were misread", detail).on(&job.step.address));
    Ok(())
}

/// A machine outside of what was approved is released at once, and the step fails (invariant 3); one inside is so for good.
/// `marking` is the claim that the record closes.
pub(super) async fn within<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    desired: &Desired,
    machine: &Machine,
    (marking, record): (Option<&str>, &mut Record),
) -> Result<(), Stop> {
    let (address, id) = (&job.step.address, machine.id);
    let why = match Approval::of(machine, desired.max_price_per_gpu, Some(desired.gpu_count)) {
        Approval::Inside => {
            record.unproven = None;
            ctx.budgets.count(address, machine);
            return Ok(());
        }
        Approval::Unreadable => {
            tell(ctx, job, unreadable(address, id));
            return Ok(());
        }
        Approval::Outside(why) => why,
    };
    let mut events = vec![recorded(job, marking, record)];
    // A host that rents all of its GPUs instead of a part would do so again.
    if machine.gpu_count.is_some_and(|shown| shown != desired.gpu_count)
        && let Some(host) = record.offer.as_ref().and_then(|offer| offer.host.clone())
    {
        let failure = Failure { host, at: ctx.clock.now(), why: format!("a machine of it {why}"), image: None };
        ctx.offers.failed(&failure);
        events.push(Event::MachineFailed(failure));
    }
    ctx.line.commit(events).await?;
    let gone = |claim| Event::gone(Some(claim), address, record);
    release::delete(ctx, job, id, (desired.delete_timeout, None), gone).await?;
    ctx.line.show(ApplyEvent::Bills { address: address.clone(), per_hour: Usd::ZERO });
    Err(refused(
        "Machine outside of what was approved",
        format!("{address} was rented as approved, but machine {id} {why}. It was released at once. Plan again."),
    ))
}

/// Waits as far as `wait_for` says; then the record is final.
pub(super) async fn await_it<C: Cloud>(
    ctx: &Context<'_, C>,
    job: &Job<'_>,
    id: MachineId,
    desired: &Desired,
    record: &mut Record,
) -> Result<(), Stop> {
    let address = &job.step.address;
    let show = |status: Option<&Status>| {
        ctx.line.show(ApplyEvent::StepProgress {
            address: address.clone(),
            action: StepAction::RENT,
            elapsed_s: job.began.elapsed().as_secs(),
            status: status.map(ToString::to_string),
        });
    };
    let waited = wait(ctx, id, desired.wait_for, desired.create_timeout, show).await;
    let read = ctx.cloud.machine(id).await;
    match &read {
        Ok(Some(machine)) => {
            take_in_and_tell(ctx, job, &SCHEMA, record, &observe::machine(machine), Sent::Whole);
        }
        Ok(None) => {}
        Err(error) => {
            let told = fault(&format!("Reading {address} (machine {id}) after it was waited for"), error).on(address);
            tell(ctx, job, Diagnostic { severity: Severity::Warning, ..told });
        }
    }
    match waited {
        Waited::Ready => {
            ctx.line.commit(vec![recorded(job, None, record)]).await?;
            Ok(())
        }
        Waited::Interrupted => {
            ctx.line.commit(vec![recorded(job, None, record)]).await?;
            let detail =
                format!("{address} (machine {id}) is rented and recorded; an interrupt ended the wait for it.");
            tell(ctx, job, Diagnostic::warning("Not waited for", detail).on(address));
            Ok(())
        }
        Waited::Unfit(why) => {
            let machine = read.ok().flatten();
            let secrets = secrets_of(job.object.as_ref());
            let tail = redact(&machine.as_ref().map(console_tail).unwrap_or_default(), &secrets);
            let told = if tail.is_empty() { String::new() } else { format!(" The end of its console:\n{tail}") };
            record.tainted = Some(format!("{why}.{told}"));
            let fault = machine.as_ref().and_then(image_fault).map(|line| redact(&line, &secrets));
            let blame = match &fault {
                Some(line) => format!(
                    "Its image cannot be pulled ({line}): correct it, for a third machine is not rented of it. This one is kept and bills until the next apply replaces it."
                ),
                None => "It is kept and bills; the next apply replaces it and avoids its host.".to_owned(),
            };
            let mut events = vec![recorded(job, None, record)];
            if let Some(host) = record.offer.as_ref().and_then(|offer| offer.host.clone()) {
                let image = fault.as_ref().map(|_| job.image());
                let failure = Failure { host, at: ctx.clock.now(), why: fault.unwrap_or_else(|| why.clone()), image };
                ctx.offers.failed(&failure);
                events.push(Event::MachineFailed(failure));
            }
            ctx.line.commit(events).await?;
            Err(refused(
                "Machine did not become ready",
                format!("{address} (machine {id}) was rented, but {why}. {blame}{told}"),
            ))
        }
    }
}
