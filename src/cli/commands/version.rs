//! `podform version`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use clap::Args;
use serde_json::json;

/// `version`.
#[derive(Debug, Args)]
pub struct VersionArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Prints the version and the platform.
pub fn run(args: &VersionArgs, context: &Context) -> Outcome {
    let version = env!("CARGO_PKG_VERSION");
    let platform = format!("{}_{}", std::env::consts::OS, std::env::consts::ARCH);
    context.terminal.line(&match args.json {
        true => json!({ "podform_version": version, "platform": platform }).to_string(),
        false => format!("podform v{version}\non {platform}"),
    });
    Ok(Exit::Done)
}
