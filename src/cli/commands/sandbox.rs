//! `podform sandbox serve`.

use crate::apply::Cancel;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::diag::Diagnostic;
use crate::sandbox::{Switches, World, serve};
use crate::session::apply_specs;
use clap::Subcommand;
use std::path::PathBuf;

/// `sandbox`.
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Serve the simulated API on a loopback port, until Ctrl-C.
    Serve {
        /// The port; 0 for any.
        #[arg(long, default_value_t = 8765)]
        port: u16,
        /// The file that keeps the world; in memory without it.
        #[arg(long, value_name = "FILE")]
        world: Option<PathBuf>,
        /// The seed of a new world.
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
        /// A switch or fault; may be repeated. "help" lists them.
        #[arg(long, value_name = "SPEC")]
        fault: Vec<String>,
        /// Write every call to this file.
        #[arg(long, value_name = "FILE")]
        log: Option<PathBuf>,
    },
}

/// Serves the simulated API until Ctrl-C.
pub async fn run(command: &SandboxCommand, context: &Context) -> Outcome {
    let SandboxCommand::Serve { port, world, seed, fault, log } = command;
    let mut switches = Switches::default();
    if fault.iter().any(|spec| spec == "help") {
        context.terminal.print(&switches.help());
        return Ok(Exit::Done);
    }
    apply_specs(&mut switches, fault)?;
    let refuse = |error: String| Failure::from(Diagnostic::error("Sandbox cannot start", error));
    let mut world = match world {
        Some(path) => World::open(path, *seed, switches).map_err(|error| refuse(error.to_string()))?,
        None => World::in_memory(seed.unwrap_or(1), switches),
    };
    if let Some(path) = log {
        world.log_to(path).map_err(|error| refuse(format!("{} cannot be written: {error}.", path.display())))?;
    }
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", *port))
        .await
        .map_err(|error| refuse(format!("Port {port} of 127.0.0.1 is not to be had: {error}.")))?;
    let handle = serve(world, listener).await.map_err(|error| refuse(error.to_string()))?;
    context.terminal.line(&format!("export SIMPLEPOD_API_URL={} SIMPLEPOD_API_KEY=sandbox", handle.url()));
    context.terminal.tell("The simulated API is served until Ctrl-C.\n");
    let mut cancel = context.interrupts.handled(Cancel::Gently, [""; 2]);
    // It ends only by being asked to.
    let _ = cancel.wait_for(|cancel| *cancel > Cancel::Running).await;
    handle.stop().await.map_err(|error| refuse(format!("The world cannot be saved: {error}.")))?;
    Ok(Exit::Done)
}
