//! Waiting for machines: one list for all that wait.

use super::context::Context;
use super::input::Connect;
use crate::cloud::Cloud;
use crate::cloud::fault::passes;
use crate::live::{Machine, MachineId, Status};
use crate::refresh::VISIBLE;
use crate::schema::instance::WaitFor;
use std::time::Duration;
use tokio::time::Instant;

/// Between the first looks: a new machine is listed within seconds (API sheet §3.8).
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// Between the later ones: images take minutes, and the vendor's own program looks every 10 s (API sheet §5).
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Looks without the machine in the list after which it is read by id, for a list never proves it gone (invariant 8).
/// The fifth comes after some 12 s; the list serves all that wait, a read only one.
const MISSED: u32 = 5;
/// Lines of a console that stand in a failure: the vendor's own of a whole start are six (API sheet §3.9), and a
/// script's error stands at its end.
const TAIL: usize = 10;

/// How a wait ended.
#[derive(Debug)]
pub(super) enum Waited {
    /// It is as far as it should be.
    Ready,
    /// It will not get there.
    Unfit(String),
    /// An interrupt came.
    Interrupted,
}

/// Waits until a machine is listed, running or ready. `show` is called with each status that was seen.
pub(super) async fn wait<C: Cloud>(
    ctx: &Context<'_, C>,
    id: MachineId,
    until: WaitFor,
    timeout: Duration,
    show: impl Fn(Option<&Status>),
) -> Waited {
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut missed = 0;
    // A list that was asked for before this one waited tells nothing new.
    let mut not_before = began;
    let mut last = String::from("it was not listed");
    loop {
        match ctx.machines.since(not_before, ctx.cloud.machines()).await {
            Ok((asked, listed)) => {
                not_before = asked + Duration::from_millis(1);
                let mut row = listed.rows.iter().find(|row| row.id == id).cloned();
                if row.is_none() {
                    missed += 1;
                }
                if row.is_none() && missed >= MISSED {
                    missed = 0;
                    match ctx.cloud.machine(id).await {
                        // One that was rented a moment ago may not show yet, or not everywhere.
                        Ok(None) if began.elapsed() >= VISIBLE => {
                            return Waited::Unfit("it is gone: the API knows no machine of this id".into());
                        }
                        Ok(Some(machine)) if until > WaitFor::Listed => row = Some(machine),
                        _ => {}
                    }
                }
                if let Some(machine) = row {
                    show(machine.status.as_ref());
                    if let Some(status) = &machine.status {
                        last = format!("its status was {status}");
                    }
                    match is_as_far(ctx.cloud, ctx.connect, &machine, until).await {
                        Ok(true) => return Waited::Ready,
                        Ok(false) => {}
                        Err(why) => return Waited::Unfit(why),
                    }
                }
            }
            Err(error) if passes(&error) => last = format!("the last look failed: {error}"),
            Err(error) => return Waited::Unfit(format!("looking at it failed: {error}")),
        }
        // A list may skip a row for ever; what stands by its id stands.
        if began.elapsed() >= timeout && until == WaitFor::Listed && stands(ctx, id).await {
            return Waited::Ready;
        }
        if began.elapsed() >= timeout {
            return Waited::Unfit(format!("it was not {} within {} s: {last}", word(until), timeout.as_secs()));
        }
        let left = timeout.saturating_sub(began.elapsed());
        if ctx.interrupted_after(pause.min(left)).await {
            return Waited::Interrupted;
        }
        pause = (pause * 13 / 10).min(LONGEST_PAUSE);
    }
}

async fn stands<C: Cloud>(ctx: &Context<'_, C>, id: MachineId) -> bool {
    let read = ctx.cloud.machine(id).await.ok().flatten();
    read.is_some_and(|machine| !machine.status.is_some_and(|status| status.is_gone() || status.is_failed()))
}

/// Whether a machine is as far as it should be.
///
/// # Errors
/// It never will be.
pub async fn is_as_far<C: Cloud>(
    cloud: &C,
    connect: &dyn Connect,
    machine: &Machine,
    until: WaitFor,
) -> Result<bool, String> {
    let status = machine.status.clone().unwrap_or(Status(String::new()));
    let running = status.is_running();
    if status.is_gone() || status.is_failed() || (!running && !machine.errors.is_empty()) {
        let errors = match machine.errors.is_empty() {
            true => String::new(),
            false => format!(": {}", machine.errors.join("; ")),
        };
        return Err(format!("its status is {status}{errors}"));
    }
    match until {
        WaitFor::None | WaitFor::Listed => Ok(true),
        WaitFor::Running => Ok(running),
        WaitFor::Ready => Ok(running && answers(cloud, connect, machine).await),
    }
}

/// Whether every direct port accepts a connection; false while the ports are not told.
async fn answers<C: Cloud>(cloud: &C, connect: &dyn Connect, row: &Machine) -> bool {
    let ports = match &row.ports {
        Some(ports) => Some(ports.clone()),
        None => cloud.machine(row.id).await.ok().flatten().and_then(|machine| machine.ports),
    };
    let Some(ports) = ports else { return false };
    // The console has a port of its own, under a name.
    let direct = ports.iter().filter(|port| port.container_port.parse::<u16>().is_ok());
    let tries = direct.filter_map(|port| Some(connect.connect(port.ip.as_deref()?, port.host_port?)));
    futures::future::join_all(tries).await.into_iter().all(|accepted| accepted)
}

fn word(until: WaitFor) -> &'static str {
    match until {
        WaitFor::None => "rented",
        WaitFor::Listed => "listed",
        WaitFor::Running => "running",
        WaitFor::Ready => "ready",
    }
}

/// What a machine says where its image cannot be pulled: that is visible nowhere but in its consoles, and perhaps among its
/// errors (API sheet §3.9). What the network may be blamed for is not among it.
pub(super) fn image_fault(machine: &Machine) -> Option<String> {
    const SAYS: [&str; 4] =
        ["manifest unknown", "pull access denied", "repository does not exist", "invalid reference format"];
    let consoles = [&machine.console_system, &machine.console].into_iter().flatten().flat_map(|text| text.lines());
    let mut lines = consoles.chain(machine.errors.iter().map(String::as_str));
    let says = |line: &&str| {
        let line = line.to_lowercase();
        SAYS.iter().any(|words| line.contains(words))
            || (line.contains("error pulling image") && line.contains("unauthorized"))
    };
    lines.find(says).map(|line| line.trim().to_owned())
}

/// The last lines of a machine's consoles, for a failure; empty where there are none.
pub(super) fn console_tail(machine: &Machine) -> String {
    let mut tail = Vec::new();
    // Both may be the same text.
    let own = machine.console.as_ref().filter(|console| machine.console_system.as_ref() != Some(*console));
    for console in machine.console_system.iter().chain(own) {
        let lines: Vec<&str> = console.lines().filter(|line| !line.trim().is_empty()).collect();
        tail.extend_from_slice(lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default());
    }
    tail.join("\n")
}
