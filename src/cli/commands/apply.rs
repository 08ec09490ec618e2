//! `podform apply` and `podform destroy`.

use super::Context;
use super::plan::show;
use crate::apply::{ApplyInput, ApplyResult, Cancel, TcpConnect, apply};
use crate::cli::account::Access;
use crate::cli::effects::World;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::PlanningArgs;
use crate::cli::fleet::{self, Fleet};
use crate::cli::held::Held;
use crate::cli::progress::Progress;
use crate::cli::terminal::Terminal;
use crate::cli::{planning, saved, stored};
use crate::config::{ASSERTION_FAILED, ASSERTION_LATER};
use crate::diag::{Diagnostic, Diagnostics};
use crate::live::Snapshot;
use crate::plan::{Plan, PlanMode, StepAction};
use crate::planning::{Basis, Look, Made, Market, look};
use crate::refresh::{Clock, MarketRead};
use crate::render::outputs_text;
use crate::simplepod::Client;
use crate::state::Event;
use clap::Args;
use std::path::PathBuf;
use tokio::sync::watch;

/// `apply` and `destroy`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A plan that was written by plan -out.
    #[arg(value_name = "PLAN")]
    pub file: Option<PathBuf>,
    /// What the plan is made with.
    #[command(flatten)]
    pub planning: PlanningArgs,
    /// Release and delete everything.
    #[arg(long, conflicts_with_all = ["refresh_only", "replace"])]
    pub destroy: bool,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// How many steps run at once.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallelism: u16,
}

/// Makes the account what the configuration says; `destroy` releases and deletes all of it.
pub async fn run(args: &ApplyArgs, destroy: bool, context: &mut Context) -> Outcome {
    match &args.file {
        Some(path) if !destroy => saved_plan(path, args, context).await,
        Some(_) => {
            let detail = "destroy takes no saved plan. Save one with plan -destroy -out=FILE, and apply FILE.";
            Err(Diagnostic::error("Unexpected argument", detail).into())
        }
        None => fresh_plan(args, destroy || args.destroy, context).await,
    }
}

/// Plans, asks, applies.
async fn fresh_plan(args: &ApplyArgs, destroy: bool, context: &mut Context) -> Outcome {
    let effects = World::planning();
    let options = planning::options(&args.planning, destroy)?;
    let loaded =
        fleet::load(&args.planning.variables, &effects, &context.terminal, &mut context.sources, &mut context.diags);
    let Some(fleet) = loaded else { return Ok(Exit::Error) };
    let access = Access::open(&args.planning.account, &fleet.provider).await?;
    let mut held = Held::open(&args.planning, "apply", &access)?;
    held.begin();
    let client = access.client(&held.state, args.parallelism)?;
    held.settle(&client, &access, context).await?;
    let rents = options.mode == PlanMode::Normal && fleet.asks_for_more_than(&held.state);
    let Look { snapshot, market } =
        look(&*client, &held.state, planning::looking(&args.planning, fleet.name(), rents)).await?;
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
    let Made { plan, market, .. } = planning::make(&basis, Market::Api(market), &mut context.diags).await?;
    planning::tell_orphans(&held.state, &snapshot, &plan, &mut context.diags);
    if !args.planning.json {
        show(&plan, &fleet, &held.state, false, context);
    }
    let changes = plan.has_changes() || (plan.mode == PlanMode::RefreshOnly && !plan.refresh.is_empty());
    if !changes {
        // What the plan found of checks is news without a change; a state that never began stays away.
        if plan.mode == PlanMode::Normal && held.state.account.is_some() && plan.checks != held.state.checks {
            held.write(vec![Event::Checks { checks: plan.checks }])?;
        }
        held.fold()?;
        access.close().await;
        return Ok(if plan.in_doubt.is_empty() { Exit::Done } else { Exit::InDoubt });
    }
    // Warnings about the plan are read before it is approved; where nobody approves, the apply tells of checks.
    let mut told = std::mem::take(&mut context.diags);
    if args.auto_approve {
        let again = |told: &Diagnostic| [ASSERTION_FAILED, ASSERTION_LATER].contains(&told.summary.as_str());
        told = told.into_iter().filter(|told| !again(told)).collect();
    }
    context.terminal.diagnostics(&told, &context.sources);
    if !args.auto_approve && !approved(&plan, args, context)? {
        access.close().await;
        return Ok(Exit::Error);
    }
    let job =
        Job { plan: &plan, fleet: &fleet, effects, access: &access, client: &client, args, clock: clock(&snapshot) };
    let exit = perform(&job, market, held, context).await;
    access.close().await;
    exit
}

/// Applies a plan that was reviewed, if it still holds; asks nothing.
async fn saved_plan(path: &std::path::Path, args: &ApplyArgs, context: &mut Context) -> Outcome {
    let effects = World::planning();
    let saved = saved::read(path)?;
    saved::refuse_flags(args)?;
    let Some(fleet) = saved::fleet(&saved, &args.planning, &effects, context)? else { return Ok(Exit::Error) };
    let access = Access::open(&args.planning.account, &fleet.provider).await?;
    let options = saved::options(&saved)?;
    saved::check_variables(&saved, &fleet, &access)?;
    let mut held = Held::open(&args.planning, "apply", &access)?;
    let client = access.client(&held.state, args.parallelism)?;
    held.settle(&client, &access, context).await?;
    let rents = saved.plan.steps.iter().any(|step| step.action == StepAction::Rent);
    let Look { snapshot, market } =
        look(&*client, &held.state, planning::looking(&args.planning, fleet.name(), rents)).await?;
    let clock = clock(&snapshot);
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
    let plan = saved::check(saved, &basis, &access, context).await?;
    planning::tell_orphans(&held.state, &snapshot, &plan, &mut context.diags);
    held.begin();
    let job = Job { plan: &plan, fleet: &fleet, effects, access: &access, client: &client, args, clock };
    let exit = perform(&job, market, held, context).await;
    access.close().await;
    exit
}

/// What is performed.
struct Job<'a> {
    plan: &'a Plan,
    fleet: &'a Fleet,
    effects: World,
    access: &'a Access,
    client: &'a Client,
    args: &'a ApplyArgs,
    /// Follows the server's.
    clock: Clock,
}

fn clock(snapshot: &Snapshot) -> Clock {
    let clock = Clock::new(jiff::Timestamp::now());
    clock.observe(snapshot.as_of);
    clock
}

async fn perform(job: &Job<'_>, market: Option<MarketRead>, mut held: Held, context: &mut Context) -> Outcome {
    let effects = World::applying(&job.effects);
    let key = job.access.secret_key(&held.state.lineage);
    let (cancel, receiver) = watch::channel(Cancel::Running);
    let listener = tokio::spawn(interrupts(cancel, context.terminal));
    let json = job.args.planning.json;
    let state = std::mem::take(&mut held.state);
    let input = ApplyInput {
        cloud: job.client,
        plan: job.plan,
        program: &job.fleet.program,
        effects: &effects,
        market,
        state,
        journal: &mut held,
        key: &key,
        clock: &job.clock,
        parallelism: usize::from(job.args.parallelism),
        settle_window: job.access.settle_window,
        cancel: receiver,
        connect: &TcpConnect,
    };
    let mut progress = Progress::new(context.terminal, json);
    let result = apply(input, |event| progress.tell(event)).await;
    listener.abort();
    conclude(result, progress.finished(), held, json, context)
}

/// Writes the snapshot, tells the end.
fn conclude(
    result: ApplyResult,
    finished: Option<String>,
    mut held: Held,
    json: bool,
    context: &mut Context,
) -> Outcome {
    let code = result.exit_code();
    let mut state = result.state;
    let written = held.store.snapshot(&mut state);
    if !json {
        if let Some(text) = &finished {
            context.terminal.print(text);
        }
        if !state.outputs.is_empty() && code == 0 {
            context.terminal.print(&format!("\nOutputs:\n\n{}", outputs_text(&state.outputs, context.terminal.out)));
        }
    }
    context.diags.extend(result.diagnostics);
    if let Err(error) = written {
        // Everything is in the journal: the next run finds it there.
        let mut failure = stored::failure(&error);
        failure.exit = exit(code);
        failure.diags.push(Diagnostic::warning(
            "State is in the journal",
            "The state file could not be replaced, but everything that was done stands in the journal beside it. The next run reads both.",
        ));
        return Err(failure);
    }
    Ok(match code {
        0 => Exit::Done,
        code => exit(code),
    })
}

/// The exit of an apply that did not end well.
fn exit(code: u8) -> Exit {
    match code {
        4 => Exit::InDoubt,
        7 => Exit::Partial,
        130 => Exit::Interrupted,
        _ => Exit::Error,
    }
}

/// Asks for the one word that approves.
fn approved(plan: &Plan, args: &ApplyArgs, context: &Context) -> Result<bool, Failure> {
    if !args.planning.variables.input {
        let detail =
            "An apply that cannot ask needs -auto-approve, or a plan that was saved with plan -out and reviewed.";
        return Err(Failure::from(Diagnostics::from(Diagnostic::error("Approval needed", detail))));
    }
    let (question, what) = match plan.mode {
        PlanMode::Normal => {
            ("Do you want to perform these actions?", "podform will perform the actions described above.")
        }
        PlanMode::Destroy => (
            "Do you really want to destroy everything above?",
            "podform will release all machines shown above. Their data is lost. There is no undo.",
        ),
        PlanMode::RefreshOnly => (
            "Do you want to take over these changes into the state?",
            "podform will write the state without calling anything that changes the account.",
        ),
    };
    let yes = context.terminal.approves(&format!("\n{question}"), what);
    context.terminal.tell(if yes { "\n" } else { "\nApply cancelled. Nothing was changed.\n" });
    Ok(yes)
}

/// Ctrl-C once finishes what is running, twice stops at once.
async fn interrupts(cancel: watch::Sender<Cancel>, terminal: Terminal) {
    let stages = [
        (
            Cancel::Gently,
            "\nInterrupted: what runs is finished, nothing more is started. Ctrl-C again stops at once.\n\n",
        ),
        (
            Cancel::AtOnce,
            "\nStopped. Calls under way are in the journal; the next apply looks what became of them.\n\n",
        ),
    ];
    for (stage, text) in stages {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        terminal.tell(text);
        let _ = cancel.send(stage);
    }
    // Kept alive until the apply has seen it.
    std::future::pending::<()>().await;
}
