//! `podform templates`.

use crate::cli::commands_here::told;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, ListingArgs, VariableArgs};
use crate::cloud::fault::fault;
use crate::cloud::{CallError, Cloud as _};
use crate::diag::Diagnostic;
use crate::live::{Group, GroupId};
use crate::render::group_block;
use crate::render::listing::{Owner, template_table, templates_table};
use crate::session::{AtHand, Opening};
use crate::simplepod::Client;
use clap::{Args, Subcommand};

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

/// Whose templates.
#[derive(Clone, Copy, Debug, Args)]
pub struct OwnerArgs {
    /// Only the vendor's.
    #[arg(long)]
    pub global: bool,
    /// Only the account's.
    #[arg(long, conflicts_with = "global")]
    pub own: bool,
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

impl OwnerArgs {
    /// Whose templates are looked at.
    fn owners(self) -> impl Iterator<Item = Owner> {
        let wanted = move |owner: &Owner| match owner {
            Owner::Own => !self.global,
            Owner::Global => !self.own,
        };
        [Owner::Own, Owner::Global].into_iter().filter(wanted)
    }
}

/// Shows templates. Changes nothing, and takes no lock.
pub async fn run(args: &TemplatesArgs, context: &mut Context) -> Outcome {
    match &args.command {
        None => list(&args.list, context).await,
        Some(TemplatesCommand::List(args)) => list(args, context).await,
        Some(TemplatesCommand::Show(args)) => show(args, context).await,
    }
}

/// The account, for a command with these flags.
async fn open(
    variables: &VariableArgs,
    account: &AccountArgs,
    context: &mut Context,
) -> Result<(Opening, AtHand), Failure> {
    let opening = variables.opening(account.choice(), 0);
    let at_hand = opening.at_hand(&mut context.sources, &mut context.diags).await?;
    Ok((opening, at_hand))
}

async fn list(args: &ListArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = open(&args.variables, &args.account, context).await?;
    opening
        .reaching(&at_hand, async |client| {
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
            args.listing.print(&templates_table(&templates, empty), &context.terminal);
            Ok(Exit::Done)
        })
        .await
}

async fn listed(client: &Client, owner: Owner, search: Option<&str>) -> Result<Vec<Group>, CallError> {
    match (owner, search) {
        (Owner::Own, None) => Ok(client.groups().await?.rows),
        (Owner::Own, Some(text)) => Ok(client.search_groups(text).await?.rows),
        (Owner::Global, None) => client.global_templates().await,
        (Owner::Global, Some(text)) => client.search_global_templates(text).await,
    }
}

fn reading(owner: Owner, error: &CallError) -> Failure {
    let what = match owner {
        Owner::Own => "Reading the template groups",
        Owner::Global => "Reading the vendor's templates",
    };
    fault(what, error).into()
}

async fn show(args: &ShowArgs, context: &mut Context) -> Outcome {
    let (opening, at_hand) = open(&args.variables, &args.account, context).await?;
    opening
        .reaching(&at_hand, async |client| {
            let (owner, template) = find(client, args).await?;
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

/// The one that is named, with its details: by its id, else by its exact name. The API's search is loose, and its rows may
/// hold less than the details.
async fn find(client: &Client, args: &ShowArgs) -> Result<(Owner, Group), Failure> {
    let named = args.named.as_str();
    if let Ok(id) = named.parse().map(GroupId) {
        // The account's path answers with the vendor's too: they share their ids (API sheet §3.2).
        let vendors = details(client, Owner::Global, id).await?;
        match (vendors, args.owner) {
            (Some(found), OwnerArgs { own: false, .. }) => return Ok((Owner::Global, found)),
            (None, OwnerArgs { global: false, .. }) => {
                if let Some(found) = details(client, Owner::Own, id).await? {
                    return Ok((Owner::Own, found));
                }
            }
            _ => {}
        }
    }
    let (mut exact, mut alike) = (Vec::new(), Vec::new());
    for owner in args.owner.owners() {
        for found in listed(client, owner, Some(named)).await.map_err(|error| reading(owner, &error))? {
            match found.name() {
                Some(name) if name == named => exact.push((owner, found.id)),
                Some(name) => alike.push(format!("{} \"{}\" ({})", owner.word(), name.escape_debug(), found.id)),
                None => {}
            }
        }
    }
    match exact.as_slice() {
        [(owner, id)] => {
            let gone = || {
                let detail = format!("The template {id} was listed, and is gone.");
                Diagnostic::error("No such template", detail)
            };
            Ok((*owner, details(client, *owner, *id).await?.ok_or_else(gone)?))
        }
        [] => {
            let detail = format!("No template has the id or the exact name \"{}\".", named.escape_debug());
            let hint = match alike.as_slice() {
                [] => "podform templates lists them.".to_owned(),
                alike => format!("There are {}.", alike.get(..5).unwrap_or(alike).join(", ")),
            };
            Err(Diagnostic::error("No such template", detail).with_hint(hint).into())
        }
        several => {
            let several: Vec<String> = several.iter().map(|(owner, id)| format!("{} {id}", owner.word())).collect();
            let detail =
                format!("Several templates have the name \"{}\": {}.", named.escape_debug(), several.join(", "));
            let hint = "Give the id; -own and -global choose between the account's and the vendor's.";
            Err(Diagnostic::error("Several templates", detail).with_hint(hint).into())
        }
    }
}

async fn details(client: &Client, owner: Owner, id: GroupId) -> Result<Option<Group>, Failure> {
    let read = match owner {
        Owner::Own => client.group(id).await,
        Owner::Global => client.global_template(id).await,
    };
    read.map_err(|error| fault(&format!("Reading the template {id}"), &error).into())
}
