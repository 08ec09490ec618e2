//! `podform graph`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::config::Graph;
use crate::render::graph_dot;
use crate::session;

/// Prints which resource needs which. Nothing is evaluated or called.
pub fn run(context: &mut Context) -> Outcome {
    let (configuration, _) = session::read(&mut context.sources, &mut context.diags);
    let graph = Graph::build(&configuration, &mut context.diags);
    let Some(graph) = graph.filter(|_| !context.diags.has_errors()) else { return Ok(Exit::Error) };
    context.terminal.print(&graph_dot(&configuration, &graph));
    Ok(Exit::Done)
}
