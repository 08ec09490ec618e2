//! `podform import`.

use super::Context;
use crate::address::{InstanceAddr, Mode};
use crate::cli::account::Access;
use crate::cli::effects::World;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::PlanningArgs;
use crate::cli::fleet;
use crate::cli::held::Held;
use crate::cli::planning;
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::diag::Diagnostic;
use crate::live::{Group, GroupId, Machine, Mark, Snapshot, Status};
use crate::planning::{Basis, Look, Made, Market, look};
use crate::refresh::{Refresh, refresh};
use crate::render::import_blocks;
use crate::schema::INSTANCE;
use crate::simplepod::Client;
use crate::state::State;
use crate::state::journal::Event;
use crate::store::write_private;
use clap::Args;
use std::collections::BTreeSet;
use std::path::PathBuf;

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
    /// Variables, account and lock.
    #[command(flatten)]
    pub planning: PlanningArgs,
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
    let effects = World::planning();
    let block = format!("import {{\n  to = {address}\n  id = {}\n}}\n", serde_json::Value::from(id));
    let (sources, diags) = (&mut context.sources, &mut context.diags);
    let loaded = fleet::load_with(&[block], &args.planning.variables, &effects, &context.terminal, sources, diags);
    let Some(fleet) = loaded else { return Ok(Exit::Error) };
    let access = Access::open(&args.planning.account, &fleet.provider).await?;
    let mut held = Held::open(&args.planning, "import", &access)?;
    held.begin();
    if held.state.resources.contains_key(&address) {
        let detail = format!(
            "Something is recorded at {address} already. To import another object there, take the recorded one away first: podform state rm, or state mv."
        );
        return Err(Diagnostic::error("Resource already managed by podform", detail).on(&address).into());
    }
    let client = access.client(&held.state, 0)?;
    held.settle(&client, &access, context).await?;
    let mut options = planning::options(&args.planning, false)?;
    options.targets = vec![crate::address::Target::Resource(address.clone())];
    options.allow_partial = true;
    let Look { snapshot, .. } =
        look(&*client, &held.state, planning::looking(&args.planning, fleet.name(), false)).await?;
    let key = access.secret_key(&held.state.lineage);
    let basis = Basis {
        program: &fleet.program,
        effects: &effects,
        key: &key,
        account: &access.identity,
        state: &held.state,
        snapshot: &snapshot,
        cloud: &*client,
        options: &options,
    };
    let Made { plan, .. } = planning::make(&basis, Market::Api(None), &mut context.diags).await?;
    let imported: Vec<Event> = plan
        .imports
        .iter()
        .filter(|(at, _)| *at == address)
        .map(|(address, record)| Event::Recorded {
            claim: None,
            address: address.clone(),
            record: Box::new(record.clone()),
        })
        .collect();
    if imported.is_empty() {
        let detail = format!("The plan does not import {address}. Is it declared, and not excluded?");
        return Err(Diagnostic::error("Nothing imported", detail).on(&address).into());
    }
    let begin =
        Event::Begin { lineage: held.state.lineage.clone(), fleet: plan.fleet.clone(), account: plan.account.clone() };
    held.write(std::iter::once(begin).chain(imported).collect())?;
    access.close().await;
    context.terminal.line(&format!(
        "{address} is imported from {id}. The next apply writes its mark; podform plan shows it, and what differs."
    ));
    Ok(Exit::Done)
}

/// Calls nothing that changes anything, and writes no state.
async fn all(args: &ImportArgs, context: &mut Context) -> Outcome {
    let effects = World::planning();
    let (sources, diags) = (&mut context.sources, &mut context.diags);
    let loaded = fleet::load(&args.planning.variables, &effects, &context.terminal, sources, diags);
    let Some(fleet) = loaded else { return Ok(Exit::Error) };
    if let Some(path) = args.out.as_ref().filter(|path| path.exists()) {
        let detail = format!("{} is there already, and is not written over.", path.display());
        return Err(Diagnostic::error("File exists", detail).into());
    }
    let access = Access::open(&args.planning.account, &fleet.provider).await?;
    let state = crate::cli::stored::read(&crate::cli::account::state_dir(args.planning.account.sandbox))?;
    access.check(&state, args.planning.account.accept_account)?;
    let client = access.client(&state, 0)?;
    let snapshot = refresh(&*client, &state, Refresh::Lists).await?;
    let found = unmanaged(fleet.name(), &state, &snapshot);
    for line in &found.left {
        context.terminal.tell(line);
    }
    let (groups, machines) = details(&client, fleet.name(), &state, found).await?;
    let others = templates(&client, &groups, &machines).await?;
    access.close().await;
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
            context.terminal.line(&format!("{}: {count}. podform plan shows their import.", path.display()));
        }
    }
    Ok(Exit::Done)
}

/// What is in no state, as far as can be told.
struct Unmanaged<'a> {
    groups: Vec<&'a Group>,
    machines: Vec<&'a Machine>,
    /// What is left out, and why.
    left: Vec<String>,
}

/// Whether a mark leaves an object to us: it has none, or ours, which a record was dropped from. An object that an open
/// operation may have made is settled, not imported.
fn free(fleet: Option<&str>, state: &State, notes: Option<&str>) -> Result<(), Box<Mark>> {
    match notes.and_then(|notes| Mark::read(notes).1) {
        None => Ok(()),
        Some(mark) => {
            let ours = Some(mark.fleet.as_str()) == fleet && mark.lineage == state.lineage;
            if ours && !state.open.contains_key(&mark.claim) { Ok(()) } else { Err(Box::new(mark)) }
        }
    }
}

/// Objects that are not recorded, and that no mark keeps from us.
fn unmanaged<'a>(fleet: Option<&str>, state: &State, snapshot: &'a Snapshot) -> Unmanaged<'a> {
    let ids = |machines: bool| -> BTreeSet<u64> {
        let all = state.objects().filter(|(address, _)| (address.resource.kind == INSTANCE) == machines);
        all.filter_map(|(_, record)| record.id()).collect()
    };
    let (own, own_groups) = (ids(true), ids(false));
    let mut left = Vec::new();
    let mut free = |what: &str, id: u64, notes: Option<&str>| match free(fleet, state, notes) {
        Ok(()) => true,
        Err(mark) => {
            left.push(format!(
                "Left out: {what} {id} is marked as {} of the fleet \"{}\".\n",
                mark.address, mark.fleet
            ));
            false
        }
    };
    let gone = |machine: &Machine| machine.status.as_ref().is_some_and(Status::is_gone);
    let machines = snapshot.machines.values().filter(|machine| !own.contains(&machine.id.0) && !gone(machine));
    let machines = machines.filter(|machine| free("machine", machine.id.0, machine.notes.as_deref())).collect();
    let groups = snapshot.groups.values().filter(|group| !own_groups.contains(&group.id.0));
    let groups = groups.filter(|group| free("template group", group.id.0, group.notes.as_deref())).collect();
    Unmanaged { groups, machines, left }
}

/// Rows of lists carry less than details. What has gone meanwhile, or shows only here whose it is, is left out.
async fn details(
    client: &Client,
    fleet: Option<&str>,
    state: &State,
    found: Unmanaged<'_>,
) -> Result<(Vec<Group>, Vec<Machine>), Failure> {
    let ours = |notes: &Option<String>| free(fleet, state, notes.as_deref()).is_ok();
    let claimed = |machine: &Machine| {
        let claim = machine.env.as_ref().and_then(|env| env.claim());
        claim.is_some_and(|claim| state.open.contains_key(claim))
    };
    let (mut groups, mut machines) = (Vec::new(), Vec::new());
    for group in found.groups {
        let read = client.group(group.id).await;
        let read = read.map_err(|error| fault(&format!("Reading the template group {}", group.id), &error))?;
        groups.extend(read.filter(|group| ours(&group.notes)));
    }
    for machine in found.machines {
        let read = client.machine(machine.id).await;
        let read = read.map_err(|error| fault(&format!("Reading the machine {}", machine.id), &error))?;
        machines.extend(read.filter(|machine| ours(&machine.notes) && !claimed(machine)));
    }
    Ok((groups, machines))
}

/// The template groups of these machines that are not among these groups.
async fn templates(client: &Client, groups: &[Group], machines: &[Machine]) -> Result<Vec<Group>, Failure> {
    let known: BTreeSet<GroupId> = groups.iter().map(|group| group.id).collect();
    let wanted: BTreeSet<GroupId> = machines.iter().filter_map(|machine| machine.group).collect();
    let mut found = Vec::new();
    for id in wanted.difference(&known) {
        let read = client.group(*id).await;
        found.extend(read.map_err(|error| fault(&format!("Reading the template group {id}"), &error))?);
    }
    Ok(found)
}
