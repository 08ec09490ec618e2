//! `podform templates`.

mod find;

pub use find::{OwnerArgs, find};

use crate::cli::commands_here::told;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::{AccountArgs, ListingArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::render::group_block;
use crate::render::listing::{Owner, template_table, templates_table};
use clap::{Args, Subcommand};
use find::{listed, reading};

/// `templates`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct TemplatesArgs {
    /// Which.
    #[command(subcommand)]
    pub command: Option<TemplatesCommand>,
    /// As `list`.
    #[command(flatten)]
    pub list: ListArgs,
}

/// `templates ...`.
#[derive(Debug, Subcommand)]
pub enum TemplatesCommand {
    /// List them: the account's own, and the vendor's.
    List(ListArgs),
    /// Show one, or write it as a simplepod_template_group.
    Show(ShowArgs),
}

/// `templates list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Whose.
    #[command(flatten)]
    pub owner: OwnerArgs,
    /// Those that the API finds for this text.
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// How it is printed.
    #[command(flatten)]
    pub listing: ListingArgs,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
}

/// `templates show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Its id, or its exact name.
    #[arg(value_name = "ID|NAME")]
    pub named: String,
    /// Write a resource block that makes one like it. What looks like a credential becomes a variable.
    #[arg(long, conflicts_with_all = ["json", "csv", "wide"])]
    pub hcl: bool,
    /// Whose.
    #[command(flatten)]
    pub owner: OwnerArgs,
    /// How it is printed.
    #[command(flatten)]
    pub listing: ListingArgs,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Account.
    #[command(flatten)]
    pub account: AccountArgs,
}

/// Shows templates. Changes nothing, and takes no lock.
pub async fn run(args: &TemplatesArgs, context: &mut Context) -> Outcome {
    match &args.command {
        None => list(&args.list, context).await,
        Some(TemplatesCommand::List(args)) => list(args, context).await,
        Some(TemplatesCommand::Show(args)) => show(args, context).await,
    }
}

async fn list(args: &ListArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    opening
        .reaching(&at_hand, async |client| {
            let waiting = Waiting::reading(context.terminal);
            let mut templates = Vec::new();
            for owner in args.owner.owners() {
                let read =
                    listed(client, owner, args.search.as_deref()).await.map_err(|error| reading(owner, &error))?;
                templates.extend(read.into_iter().map(|template| (owner, template)));
            }
            let whose = match (args.owner.own, args.owner.global) {
                (true, _) => "The account has no template group",
                (_, true) => "The vendor shows no template",
                _ => "There is no template",
            };
            let empty = match &args.search {
                Some(text) => {
                    format!("{whose} that is found for \"{}\". Without -search all are listed.", text.escape_debug())
                }
                None => format!("{whose}."),
            };
            drop(waiting);
            args.listing.print(&templates_table(&templates, empty), &context.terminal);
            Ok(Exit::Done)
        })
        .await
}

async fn show(args: &ShowArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = context.at_hand(&args.variables, &args.account).await?;
    opening
        .reaching(&at_hand, async |client| {
            let waiting = Waiting::reading(context.terminal);
            let (owner, template) = find(client, &args.named, args.owner).await?;
            drop(waiting);
            let terminal = &context.terminal;
            let ListingArgs { json, csv, .. } = args.listing;
            match args.hcl {
                true => {
                    let (name, text) = group_block(&template);
                    terminal.print(&text);
                    if owner == Owner::Own {
                        let id = template.id;
                        let import = format!("podform import simplepod_template_group.{name} {id}");
                        terminal.tell(&told(&format!(
                            "The account has this one. Without its import the block makes another one:\n  {import}\n"
                        )));
                    }
                }
                false if json || csv => {
                    args.listing.print(&templates_table(&[(owner, template)], String::new()), terminal);
                }
                false => args.listing.print(&template_table(owner, &template), terminal),
            }
            Ok(Exit::Done)
        })
        .await
}
