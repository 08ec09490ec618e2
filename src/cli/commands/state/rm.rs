//! `podform state rm`.

use super::recorded::{BILLS, named, settled};
use crate::address::{InstanceAddr, Mode};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::WriteArgs;
use crate::diag::Diagnostic;
use crate::state::journal::Event;
use crate::state::{State, losses};
use clap::Args;

/// `state rm`.
#[derive(Debug, Args)]
pub struct RmArgs {
    /// Which: modules, resources or instances.
    #[arg(required = true)]
    pub addresses: Vec<String>,
    /// Only say what would be forgotten.
    #[arg(long)]
    pub dry_run: bool,
    /// Forget machines although they go on billing.
    #[arg(long)]
    pub force: bool,
    /// How it is written.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// Forgets everything that is named. All of it, or nothing; machines only by force.
pub async fn run(args: &RmArgs, context: &mut Context) -> Outcome {
    let (dry, force) = (args.dry_run, args.force);
    let mut held = args.write.hold("state rm", &mut context.diags).await?;
    let mut going: Vec<InstanceAddr> = Vec::new();
    for text in &args.addresses {
        going.extend(named(text, &held.state)?);
    }
    going.sort();
    going.dedup();
    settled(&held.state, &going)?;
    let events = removals(&going, &held.state);
    let mut after = held.state.clone();
    events.iter().cloned().for_each(|event| after.apply(event));
    let lost: Vec<String> = losses(&held.state, &after).iter().map(ToString::to_string).collect();
    if !lost.is_empty() && !force && !dry {
        let detail = format!(
            "This would forget {}, and what podform does not know goes on billing. Release with podform destroy -target=ADDRESS, or by deleting the block and applying. To forget all the same, add -force: podform orphans then finds it again by its mark, and the vendor's panel shows every machine.",
            lost.join(", ")
        );
        return Err(Failure::from(Diagnostic::error("Machines would be forgotten", detail)));
    }
    let verb = if dry { "Would remove" } else { "Removed" };
    let told: Vec<String> = going.iter().map(|address| format!("{verb} {address}")).collect();
    if !dry {
        held.write(events).await?;
    }
    told.iter().for_each(|line| context.terminal.line(line));
    for machine in &lost {
        let verb = if dry { "Would forget" } else { "Forgot" };
        context.terminal.tell_sentence(&format!("{verb} {machine}: {BILLS}"));
    }
    Ok(Exit::Done)
}

fn removals(going: &[InstanceAddr], state: &State) -> Vec<Event> {
    let mut events = Vec::new();
    for address in going {
        if state.resources.contains_key(address) {
            events.push(Event::Removed { claim: None, address: address.clone(), deposed: None });
        }
        if state.expired.contains_key(address) {
            events.push(Event::Expired { address: address.clone(), expired: None });
        }
        for key in state.deposed.get(address).into_iter().flat_map(|all| all.keys()) {
            events.push(Event::Removed { claim: None, address: address.clone(), deposed: Some(key.clone()) });
        }
    }
    if going.iter().any(|address| address.resource.mode == Mode::Data) {
        let mut data = state.data.clone();
        data.retain(|address, _| !going.contains(address));
        events.push(Event::Data { data });
    }
    events
}
