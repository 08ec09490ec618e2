//! `podform graph`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::StateArgs;
use crate::config::Graph;
use crate::render::{destruction_dot, evaluation_dot, graph_dot, steps_dot};
use crate::session::{self, saved};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// What this operation goes through, instead of which resource needs which.
    #[arg(long, value_enum, value_name = "TYPE")]
    pub r#type: Option<Operation>,
    /// The steps of a saved plan.
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<PathBuf>,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

/// What a graph is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Operation {
    /// Everything that is evaluated.
    Plan,
    /// The same: it is evaluated to be compared with.
    PlanRefreshOnly,
    /// Everything that is recorded, as it goes.
    PlanDestroy,
    /// As a plan: what it does is known only with -plan.
    Apply,
}

/// Prints a graph for Graphviz. Nothing is evaluated or called.
pub async fn run(args: &GraphArgs, context: &mut Context) -> Outcome {
    if let Some(path) = &args.plan {
        context.terminal.print(&steps_dot(&saved::read(path).await?.plan));
        return Ok(Exit::Done);
    }
    let (configuration, _) = session::read(&mut context.sources, &mut context.diags);
    let graph = Graph::build(&configuration, &mut context.diags);
    let Some(graph) = graph.filter(|_| !context.diags.has_errors()) else { return Ok(Exit::Error) };
    context.terminal.print(&match args.r#type {
        None => graph_dot(&configuration, &graph),
        Some(Operation::Plan | Operation::PlanRefreshOnly | Operation::Apply) => evaluation_dot(&configuration, &graph),
        Some(Operation::PlanDestroy) => destruction_dot(&args.place.read().await?),
    });
    Ok(Exit::Done)
}
