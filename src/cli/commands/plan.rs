//! `podform plan`.

use crate::cli::commands_here::typed;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, PlanningArgs};
use crate::cli::refreshing::Refreshing;
use crate::cloud::Cloud;
use crate::config::{Configuration, is_configuration_file};
use crate::diag::{Diagnostic, Diagnostics, Sources, Span};
use crate::plan::{MadeFrom, Plan, PlanMode};
use crate::render::{configuration_json, prior_state_json, relevant_json};
use crate::session::generate::generated;
use crate::session::stored::StatePlace;
use crate::session::{Opening, Planning, Prepared, Session, Watched, is_untrusted, saved};
use crate::state::State;
use crate::store::local::write_private;
use crate::store::{Guarded, is_default};
use clap::Args;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

/// `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Plan to release and delete everything.
    #[arg(long, help_heading = "Planning", conflicts_with_all = ["refresh_only", "replace"])]
    pub destroy: bool,
    /// Write the plan to a file, for apply.
    #[arg(long, help_heading = "Output", value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write configuration for what import blocks name and nobody declares to a new file (*.hcl) of this directory, and
    /// plan with it.
    #[arg(long, help_heading = "Output", value_name = "FILE")]
    pub generate_config_out: Option<PathBuf>,
    /// How many calls are made at once. A plan makes as many as it needs: the flag is taken because apply has it.
    #[arg(long, hide = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallelism: Option<u16>,
    /// Exit with 2 where there are changes, with 4 where operations in doubt remain.
    #[arg(long, help_heading = "Output")]
    pub detailed_exitcode: bool,
    /// What the plan is made with.
    #[command(flatten)]
    pub planning: PlanningArgs,
}

/// Shows what an apply would do. Writes neither state nor journal nor account.
pub async fn run(args: &PlanArgs, context: &mut Context) -> Outcome {
    let how = args.planning.planning(args.destroy)?;
    let opening = args.planning.opening(0);
    let locking = args.planning.locking.locking("plan")?;
    if let Some(path) = &args.generate_config_out {
        if is_untrusted() || args.planning.snapshot.is_some() {
            let detail =
                "It writes what the account shows into a file, so it needs the account, and a trusted configuration.";
            return Err(Diagnostic::error("Invalid generate-config-out flag", detail).into());
        }
        generate(path, how.options.mode, &opening, context).await?;
    }
    let Some((fleet, Watched { state, lock })) = context.configure_beside_state(&opening, locking).await? else {
        return Ok(Exit::Error);
    };
    // The process ends with the plan: to take ten thousand machines apart costs a twentieth of it.
    let (fleet, state) = (ManuallyDrop::new(fleet), ManuallyDrop::new(state));
    opening
        .viewing(&fleet, &state, async |session| {
            if let Some(as_of) = session.as_of() {
                context.terminal.as_of(as_of);
            }
            let held = (lock, opening.account.place());
            let plan = ManuallyDrop::new(planned(session, &state, &how, held, context).await?);
            let (review, approval) = session.review(&plan);
            context.terminal.plan(&review, args.planning.detail());
            if let Some(path) = &args.out {
                let key = session.secret_key(&plan.lineage);
                let made_from = made_from(&plan, session, (&state, session.as_of()), &context.sources);
                saved::write(path, &plan, &how.options, &fleet, (&key, approval), made_from).await?;
                if !args.planning.json && !is_untrusted() && args.planning.snapshot.is_none() {
                    context.terminal.next(&next_step(path, &args.planning.account));
                }
            }
            let changes = plan.has_changes() || !plan.left_out.is_empty() || plan.has_unhealthy();
            Ok(match args.detailed_exitcode {
                true if !plan.in_doubt.is_empty() => Exit::InDoubt,
                true if changes => Exit::Changes,
                true | false => Exit::Done,
            })
        })
        .await
}

/// A plan of what is seen now. The lock of the state at this place, where it was taken, is given back as soon as the account
/// was looked at: what is planned then hangs on nothing that another run does.
pub(super) async fn planned<C: Cloud>(
    session: &Session<'_, C>,
    state: &State,
    how: &Planning,
    (lock, place): (Option<Guarded>, StatePlace),
    context: &mut Context,
) -> Result<Plan, Failure> {
    let unwatched = lock.is_none();
    let refreshing = Refreshing::begin(context.terminal, state, how.refresh);
    let planned = async {
        let look = session.look(state, how, session.will_rent(state, how)).await;
        drop(lock);
        let look = look?;
        let mut snapshot = ManuallyDrop::new(look.snapshot);
        let _waiting = refreshing.end(&snapshot);
        session.plan((state, &mut snapshot), look.market, &how.options, &mut context.diags).await
    };
    match planned.await {
        Ok(Prepared { plan, .. }) => Ok(plan),
        Err(mut wrong) => {
            if unwatched {
                wrong.extend(at_work(&place).await);
            }
            Err(wrong.into())
        }
    }
}

/// Writes what import blocks lack, which the plan then reads with the other files: a saved plan knows it as one of them.
async fn generate(path: &Path, mode: PlanMode, opening: &Opening, context: &mut Context) -> Result<(), Failure> {
    let refuse = |summary: &str, detail: String| Err(Failure::from(Diagnostic::error(summary, detail)));
    if mode != PlanMode::Normal {
        let detail = "Config can only be generated during a normal plan operation, and not during a refresh-only or destroy plan.";
        return refuse("Invalid generate-config-out flag", detail.to_owned());
    }
    let here = path.parent().is_none_or(|parent| parent.as_os_str().is_empty() || parent == Path::new("."));
    if !here || !path.file_name().and_then(|name| name.to_str()).is_some_and(is_configuration_file) {
        let detail = format!(
            "{} is no configuration file of this directory, so no plan would read it. Name one like generated.hcl.",
            path.display()
        );
        return refuse("Invalid generate-config-out flag", detail);
    }
    if path.exists() {
        let detail = "podform can only write generated config into a new file. Either choose a different target location or move all existing configuration out of the target file, delete it and try again.";
        return refuse("Target generated file already exists", detail.to_owned());
    }
    if let Some(text) = generated(opening, &mut context.sources).await? {
        let failed = |error: crate::store::StoreError| {
            Failure::from(Diagnostic::error("Failed to create target generated file", error.to_string()))
        };
        write_private(path, text.as_bytes()).map_err(failed)?;
        context.terminal.say(&format!(
            "podform has generated configuration and written it to {}. Please review the configuration and edit it as necessary before adding it to version control.\n\n",
            path.display()
        ));
    }
    Ok(())
}

/// What a plan was made from, for other programs.
pub fn made_from<C: Cloud>(
    plan: &Plan,
    session: &Session<'_, C>,
    (state, snapshot): (&State, Option<Timestamp>),
    sources: &Sources,
) -> MadeFrom {
    let configuration = &session.fleet.program.configuration;
    MadeFrom {
        snapshot,
        untrusted: is_untrusted(),
        workspace: Some(configuration.workspace().to_owned()).filter(|name| !is_default(name)),
        timestamp: session.planning.plan_time().unwrap_or_default(),
        declared: declared(configuration, sources),
        configuration: configuration_json(configuration),
        relevant_attributes: relevant_json(&plan.relevant(configuration)),
        prior_state: prior_state_json(&plan.prior(state, &session.secret_key(&plan.lineage))),
    }
}

/// Where what is declared stands, by file and line.
pub fn declared(configuration: &Configuration, sources: &Sources) -> BTreeMap<String, (String, usize)> {
    let place = |(address, span): (String, Span)| {
        let file = sources.get(span.file)?.name.clone();
        Some((address, (file, sources.position(span.file, span.start).0)))
    };
    configuration.declared().into_iter().filter_map(place).collect()
}

/// That another run holds the lock: what it does at the moment may be all that is wrong with a plan beside it.
async fn at_work(place: &StatePlace) -> Diagnostics {
    let Ok(store) = place.store() else { return Diagnostics::new() };
    let Ok(Some(run)) = store.holder().await else { return Diagnostics::new() };
    let detail = format!(
        "{} by {} works on this state since {}, or died with its lock: what the account shows meanwhile is half of what it will be.",
        run.operation, run.who, run.created
    );
    Diagnostic::warning("Another run is at work", detail).with_hint("Plan again when it is over.").into()
}

/// What to do with the file.
pub(super) fn next_step(path: &Path, account: &AccountArgs) -> String {
    let sandbox = if account.sandbox { " --sandbox" } else { "" };
    format!("\nThe plan is saved. To do exactly this:\n    podform apply{sandbox} {}", typed(&path.to_string_lossy()))
}
