//! `podform import`.

use crate::address::{InstanceAddr, Mode, Target};
use crate::cli::commands_here::told;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::FleetArgs;
use crate::cli::waiting::Waiting;
use crate::diag::Diagnostic;
use crate::plan::PlanOptions;
use crate::planning::Market;
use crate::refresh::{Refresh, refresh};
use crate::render::import_blocks;
use crate::session::unmanaged::{details, templates, unmanaged};
use crate::session::{Locking, Planning, Watched};
use crate::state::journal::Event;
use crate::store::local::write_private;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

/// `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The declared instance that the object becomes.
    #[arg(required_unless_present = "all", requires = "id", conflicts_with = "all")]
    pub address: Option<String>,
    /// The id of the machine or template group.
    pub id: Option<String>,
    /// Write import and resource blocks for every machine and template group that nobody manages; record nothing.
    #[arg(long)]
    pub all: bool,
    /// Where to, instead of standard output. A file that exists is not written over.
    #[arg(long, value_name = "FILE", requires = "all")]
    pub out: Option<PathBuf>,
    /// Go on although most of the recorded machines are gone.
    #[arg(long)]
    pub accept_missing: bool,
    /// Variables, account and lock.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// Records one object of the account, or writes configuration for everything that nobody manages.
pub async fn run(args: &ImportArgs, context: &mut Context) -> Outcome {
    match (&args.address, &args.id) {
        (Some(address), Some(id)) => one(address, id, args, context).await,
        _ => all(args, context).await,
    }
}

/// As an import block would, but nothing else is done: the plan after it shows the mark, and what differs.
async fn one(address: &str, id: &str, args: &ImportArgs, context: &mut Context) -> Outcome {
    let invalid = |why: String| Failure::from(Diagnostic::error("Invalid import address", why));
    let address: InstanceAddr = address.parse().map_err(|error| invalid(format!("{error}")))?;
    if address.resource.mode == Mode::Data {
        return Err(invalid(format!("{address} is a data source. Only managed resources can be imported.")));
    }
    let targets = vec![Target::Resource(address.clone())];
    let options = PlanOptions { targets, allow_partial: true, ..PlanOptions::default() };
    let how = Planning { options, accept_missing: args.accept_missing, ..Planning::default() };
    let locking = args.fleet.locking.locking("import")?;
    let mut opening = args.fleet.opening();
    opening.blocks.push(format!("import {{\n  to = {address}\n  id = {}\n}}\n", serde_json::Value::from(id)));
    let Some(fleet) = context.configure(&opening, None).await? else { return Ok(Exit::Error) };
    opening
        .holding(&fleet, locking, async |session, mut held| {
            held.begin();
            if held.state.resources.contains_key(&address) {
                let detail = format!(
                    "Something is recorded at {address} already. To import another object there, take the recorded one away first: podform state rm, or state mv."
                );
                return Err(Diagnostic::error("Resource already managed by podform", detail).on(&address).into());
            }
            held.settle(session, &context.terminal, &mut context.diags).await?;
            let (state, look) = session.foresee(&held.state, &how, false, &mut context.diags).await?;
            let seen = (&*state, &look.snapshot);
            let plan = session.plan_on(seen, &how.options, Market::Api(None), &mut context.diags).await?.plan;
            let imported: Vec<Event> = plan
                .imports
                .iter()
                .filter(|(at, _)| *at == address)
                .map(|(address, record)| Event::Recorded {
                    claim: None,
                    address: address.clone(),
                    record: Arc::new(record.clone()),
                })
                .collect();
            if imported.is_empty() {
                let detail = format!("The plan does not import {address}. Is it declared, and not excluded?");
                return Err(Diagnostic::error("Nothing imported", detail).on(&address).into());
            }
            let lineage = held.state.lineage.clone();
            let begin = Event::Begin { lineage, fleet: plan.fleet.clone(), account: plan.account.clone() };
            held.write(std::iter::once(begin).chain(imported).collect()).await?;
            context.terminal.line(&told(&format!(
                "{address} is imported from {id}. The next apply writes its mark; podform plan shows it, and what differs."
            )));
            Ok(Exit::Done)
        })
        .await
}

/// Calls nothing that changes anything, and writes no state.
async fn all(args: &ImportArgs, context: &mut Context) -> Outcome {
    let opening = args.fleet.opening();
    let looking = context.configure_beside_state(&opening, Locking::none("import")).await?;
    let Some((fleet, Watched { state, .. })) = looking else { return Ok(Exit::Error) };
    if let Some(path) = args.out.as_ref().filter(|path| path.exists()) {
        let detail = format!("{} is there already, and is not written over.", path.display());
        return Err(Diagnostic::error("File exists", detail).into());
    }
    let read = opening.looking(&fleet, &state, async |session| {
        let _waiting = Waiting::reading(context.terminal);
        let snapshot = refresh(session.cloud, &state, Refresh::Lists).await?;
        let found = unmanaged(fleet.name(), &state, &snapshot);
        for line in &found.left {
            context.terminal.tell(line);
        }
        let (groups, machines) = details(session.cloud, fleet.name(), &state, found).await?;
        let others = templates(session.cloud, &groups, &machines).await?;
        Ok::<_, Failure>((groups, machines, others))
    });
    let (groups, machines, others) = read.await?;
    let text = import_blocks(&groups, &machines, &others);
    let count = format!("{} machine(s) and {} template group(s)", machines.len(), groups.len());
    match &args.out {
        _ if text.is_empty() => context.terminal.tell("Nothing in the account is without a manager.\n"),
        None => context.terminal.print(&text),
        Some(path) => {
            let failed = |error: crate::store::StoreError| {
                Failure::from(Diagnostic::error("Configuration cannot be written", error.to_string()))
            };
            write_private(path, text.as_bytes()).map_err(failed)?;
            context.terminal.line(&told(&format!("{}: {count}. podform plan shows their import.", path.display())));
        }
    }
    Ok(Exit::Done)
}
