//! `podform recover`.

use super::Context;
use crate::apply::Journal;
use crate::cli::account::Access;
use crate::cli::args::RecoverArgs;
use crate::cli::effects::World;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::fleet;
use crate::cli::held::Held;
use crate::cli::stored;
use crate::cloud::Cloud;
use crate::diag::Diagnostic;
use crate::live::MachineId;
use crate::refresh::{adopt, fault::fault};

/// Shows every operation whose outcome is not known, and settles it by looking; `-adopt` tells which machine it made.
pub async fn run(args: &RecoverArgs, context: &mut Context) -> Outcome {
    let effects = World::planning();
    let loaded =
        fleet::load(&args.planning.variables, &effects, &context.terminal, &mut context.sources, &mut context.diags);
    let Some(fleet) = loaded else { return Ok(Exit::Error) };
    let access = Access::open(&args.planning.account, &fleet.provider).await?;
    let mut held = Held::open(&args.planning, "recover", &access)?;
    if held.state.open.is_empty() {
        context.terminal.line("Nothing is in doubt.");
        access.close().await;
        return Ok(Exit::Done);
    }
    for intent in held.state.open.values() {
        let cost = intent.hourly_cost.map(|cost| format!(", {cost} per hour if it exists")).unwrap_or_default();
        context.terminal.line(&format!("{}: sent {}, never answered{cost}", intent.address, intent.at));
    }
    let client = access.client(&held.state, 0)?;
    for id in &args.adopt {
        let machine = client.machine(MachineId(*id)).await;
        let machine = machine.map_err(|error| fault(&format!("Reading the machine {id}"), &error))?;
        let Some(machine) = machine else {
            let detail = format!("The account holds no machine {id}.");
            return Err(Diagnostic::error("Machine cannot be adopted", detail).into());
        };
        let event = adopt(&held.state, &machine, &access.secret_key(&held.state.lineage))?;
        held.append(std::slice::from_ref(&event))?;
        held.state.apply(event);
    }
    held.settle(&client, &access, context).await?;
    held.store.snapshot(&mut held.state).map_err(|error| stored::failure(&error))?;
    access.close().await;
    Ok(match held.state.open.is_empty() {
        true => {
            context.terminal.line("Everything is settled.");
            Exit::Done
        }
        false => Exit::InDoubt,
    })
}
