//! `podform workspace`: several states of one configuration, each with machines of its own.

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::LockArgs;
use crate::session::stored::StatePlace;
use crate::session::{Locking, WORKSPACE_VARIABLE, Workspaces, workspace};
use clap::{Args, Subcommand};

/// The commands below `workspace`.
#[derive(Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// Show the name of the workspace that is meant.
    Show,
    /// List the workspaces; a star stands before the one that is meant.
    List(PlaceArgs),
    /// Make a workspace, and switch to it.
    New(NewArgs),
    /// Switch to a workspace.
    Select(SelectArgs),
    /// Delete a workspace, in which nothing is recorded any more.
    Delete(DeleteArgs),
}

/// Whose workspaces.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Those of the simulator.
    #[arg(long, env = "PODFORM_SANDBOX", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub sandbox: bool,
}

/// `workspace new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// Its name: what may stand in an address, without slashes.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Where.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Its lock.
    #[command(flatten)]
    pub locking: LockArgs,
}

/// `workspace select`.
#[derive(Debug, Args)]
pub struct SelectArgs {
    /// Its name.
    #[arg(value_name = "WORKSPACE")]
    pub name: String,
    /// Make it where there is none.
    #[arg(long)]
    pub or_create: bool,
    /// Where.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// `workspace delete`.
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// Its name.
    #[arg(value_name = "WORKSPACE")]
    pub name: String,
    /// Although machines are recorded in it, which are forgotten and go on billing.
    #[arg(long)]
    pub force: bool,
    /// Where.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Its lock.
    #[command(flatten)]
    pub locking: LockArgs,
}

impl PlaceArgs {
    fn workspaces(&self) -> Result<Workspaces, crate::session::Failure> {
        Workspaces::here(&StatePlace { sandbox: self.sandbox, file: None })
    }
}

/// Does it.
pub async fn run(command: &WorkspaceCommand, context: &mut Context) -> Outcome {
    match command {
        WorkspaceCommand::Show => context.terminal.line(&workspace()?.name),
        WorkspaceCommand::List(place) => list(place, context).await?,
        WorkspaceCommand::New(args) => {
            let locking = args.locking.locking("workspace new")?;
            create(&args.place.workspaces()?, &args.name, locking, context).await?;
        }
        WorkspaceCommand::Select(args) => select(args, context).await?,
        WorkspaceCommand::Delete(args) => {
            let locking = args.locking.locking("workspace delete")?;
            let forgotten = args.place.workspaces()?.delete(&args.name, args.force, locking).await?;
            context.terminal.line(&format!("Deleted workspace \"{}\"!", args.name));
            if !forgotten.is_empty() {
                context.terminal.tell(&format!(
                    "WARNING: \"{}\" was non-empty. What it recorded may still exist and bill, and podform knows of it no more: {}.\n",
                    args.name,
                    forgotten.join(", ")
                ));
            }
        }
    }
    Ok(Exit::Done)
}

async fn list(place: &PlaceArgs, context: &Context) -> Result<(), crate::session::Failure> {
    let workspaces = place.workspaces()?;
    let mut text = String::new();
    for name in workspaces.names().await? {
        let mark = if name == workspaces.chosen.name { '*' } else { ' ' };
        text.push_str(&format!("{mark} {name}\n"));
    }
    context.terminal.line(&text);
    if workspaces.chosen.by_environment {
        context.terminal.tell(&format!(
            "The active workspace is being overridden using the {WORKSPACE_VARIABLE} environment variable.\n"
        ));
    }
    Ok(())
}

async fn create(
    workspaces: &Workspaces,
    name: &str,
    locking: Locking,
    context: &Context,
) -> Result<(), crate::session::Failure> {
    workspaces.create(name, locking).await?;
    context.terminal.line(&format!("Created and switched to workspace \"{name}\"!"));
    context.terminal.tell(
        "\nYou're now on a new, empty workspace. Workspaces isolate their state, so if you run \"podform plan\" podform will not see any existing state for this configuration.\n",
    );
    Ok(())
}

async fn select(args: &SelectArgs, context: &Context) -> Result<(), crate::session::Failure> {
    let workspaces = args.place.workspaces()?;
    if args.or_create && !workspaces.names().await?.contains(&args.name) {
        let locking = Locking { wait: Some(std::time::Duration::ZERO), ..Locking::none("workspace new") };
        return create(&workspaces, &args.name, locking, context).await;
    }
    if workspaces.select(&args.name).await? {
        context.terminal.line(&format!("Switched to workspace \"{}\".", args.name));
    }
    Ok(())
}
