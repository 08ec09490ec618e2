//! `podform version`.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::state::TERRAFORM_VERSION;
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
        // The keys that programs which drive Terraform look for; the provider is a part of podform.
        true => json!({
            "terraform_version": TERRAFORM_VERSION,
            "podform_version": version,
            "platform": platform,
            "provider_selections": {},
            "terraform_outdated": false,
        })
        .to_string(),
        false => format!("podform v{version}\non {platform}"),
    });
    Ok(Exit::Done)
}
