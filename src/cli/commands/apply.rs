//! `podform apply` and `podform destroy`.

use super::Context;
use super::plan::show;
use crate::apply::{ApplyInput, ApplyResult, Cancel, Journal, TcpConnect, apply};
use crate::cli::account::{Access, state_dir};
use crate::cli::args::ApplyArgs;
use crate::cli::effects::World;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::progress::Progress;
use crate::cli::{fleet, planning, stored};
use crate::diag::{Diagnostic, Diagnostics};
use crate::plan::{Plan, PlanMode};
use crate::refresh::{Clock, Settle, settle};
use crate::render::outputs_text;
use crate::simplepod::Client;
use crate::state::State;
use crate::state::journal::Event as StateEvent;
use crate::store::{LockedStore, Store};
use tokio::sync::watch;

/// Makes the account what the configuration says; `destroy` releases and deletes all of it.
pub async fn run(args: &ApplyArgs, destroy: bool, context: &mut Context) -> Outcome {
    let planning_effects = World::planning();
    let options = planning::options(&args.planning, destroy || args.destroy)?;
    let loaded = fleet::load(
        &args.planning.variables,
        &planning_effects,
        &context.terminal,
        &mut context.sources,
        &mut context.diags,
    );
    let Some(fleet) = loaded else { return Ok(Exit::Error) };
    let access = Access::open(&args.planning.account, &fleet.provider).await?;
    let mut held = Held::open(args, &access)?;
    let client = access.client(&held.state, args.parallelism)?;
    held.settle(&client, &access, context).await?;
    let name = fleet.program.configuration.root().settings.as_ref().and_then(|settings| settings.fleet.clone());
    let seen = planning::look(&client, &held.state, name.as_deref(), &args.planning).await?;
    let plan = planning::make(&fleet, &planning_effects, &access, &held.state, &seen, &options, &mut context.diags)?;
    if !args.planning.json {
        show(&plan, &fleet, &held.state, false, context);
    }
    let changes = plan.has_changes() || (plan.mode == PlanMode::RefreshOnly && !plan.refresh.is_empty());
    if !changes {
        access.close().await;
        return Ok(if plan.in_doubt.is_empty() { Exit::Done } else { Exit::InDoubt });
    }
    // Warnings about the plan are read before it is approved.
    let told = std::mem::take(&mut context.diags);
    context.terminal.diagnostics(&told, &context.sources);
    if !args.auto_approve && !approved(&plan, args, context)? {
        access.close().await;
        return Ok(Exit::Error);
    }
    let effects = World::applying(&planning_effects);
    let key = access.secret_key(&held.state.lineage);
    let (cancel, receiver) = watch::channel(Cancel::Running);
    let listener = tokio::spawn(interrupts(cancel));
    let json = args.planning.json;
    let clock = Clock::new(jiff::Timestamp::now());
    clock.observe(seen.snapshot.as_of);
    let state = std::mem::take(&mut held.state);
    let input = ApplyInput {
        cloud: &*client,
        plan: &plan,
        program: &fleet.program,
        effects: &effects,
        state,
        journal: &mut held,
        key: &key,
        clock: &clock,
        parallelism: usize::from(args.parallelism),
        settle_window: access.settle_window,
        cancel: receiver,
        connect: &TcpConnect,
    };
    let mut progress = Progress::new(context.terminal, json);
    let result = apply(input, |event| progress.tell(event)).await;
    listener.abort();
    let exit = conclude(result, progress.finished(), held, json, context);
    access.close().await;
    exit
}

/// The lock, and the state under it.
struct Held {
    store: LockedStore,
    state: State,
}

impl Held {
    fn open(args: &ApplyArgs, access: &Access) -> Result<Held, Failure> {
        let store = Store::new(state_dir(args.planning.account.sandbox));
        let timeout = planning::flag_duration("-lock-timeout", &args.planning.lock_timeout)?;
        let locked = match args.planning.lock {
            true => store.lock("apply", timeout),
            false => store.without_lock("apply"),
        };
        let mut locked = locked.map_err(|error| stored::failure(&error))?;
        let mut state = locked.load().map_err(|error| stored::failure(&error))?.state;
        access.check(&state, args.planning.account.accept_account)?;
        if state.lineage.is_empty() {
            state.lineage = uuid::Uuid::new_v4().to_string();
        }
        Ok(Held { store: locked, state })
    }

    /// Looks for what is in doubt, and waits for it: nothing is planned on a guess.
    async fn settle(&mut self, client: &Client, access: &Access, context: &mut Context) -> Result<(), Failure> {
        if self.state.open.is_empty() {
            return Ok(());
        }
        let count = self.state.open.len();
        context
            .terminal
            .tell(&format!("Looking for {count} operation(s) of an earlier run whose outcome is not known...\n"));
        let clock = Clock::new(jiff::Timestamp::now());
        let how = Settle { window: access.settle_window, wait: true, clock: &clock };
        let settled = settle(client, &self.state, &how).await?;
        self.append(&settled.events)?;
        for event in settled.events {
            self.state.apply(event);
        }
        context.diags.extend(settled.told);
        Ok(())
    }
}

impl Journal for Held {
    fn append(&mut self, events: &[StateEvent]) -> Result<(), Diagnostic> {
        match self.store.append(events) {
            Ok(_) => Ok(()),
            Err(error) => Err(Diagnostic::error("Journal cannot be written", error.to_string())),
        }
    }
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
        failure.diags.push(Diagnostic::warning(
            "State is in the journal",
            "The state file could not be replaced, but everything that was done stands in the journal beside it. The next run reads both.",
        ));
        return Err(failure);
    }
    Ok(match code {
        0 => Exit::Done,
        4 => Exit::InDoubt,
        7 => Exit::Partial,
        130 => Exit::Interrupted,
        _ => Exit::Error,
    })
}

/// Asks for the one word that approves.
fn approved(plan: &Plan, args: &ApplyArgs, context: &Context) -> Result<bool, Failure> {
    if !args.planning.variables.input || args.planning.json {
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
    let text = format!("\n{question}\n  {what}\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: ");
    let answer = context.terminal.ask(&text);
    let yes = answer.as_deref() == Some("yes");
    context.terminal.tell(if yes { "\n" } else { "\nApply cancelled. Nothing was changed.\n" });
    Ok(yes)
}

/// Ctrl-C once finishes what is running, twice stops at once.
async fn interrupts(cancel: watch::Sender<Cancel>) {
    for stage in [Cancel::Gently, Cancel::AtOnce] {
        if tokio::signal::ctrl_c().await.is_err() {
            return;
        }
        let _ = cancel.send(stage);
    }
    // Kept alive until the apply has seen it.
    std::future::pending::<()>().await;
}
