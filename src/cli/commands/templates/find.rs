//! The template that a command line names.

use crate::cli::exit::Failure;
use crate::cloud::fault::fault;
use crate::cloud::{CallError, Cloud as _};
use crate::diag::Diagnostic;
use crate::live::{Group, GroupId};
use crate::render::listing::Owner;
use crate::simplepod::Client;
use clap::Args;

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

impl OwnerArgs {
    /// Whose templates are looked at.
    pub(super) fn owners(self) -> impl Iterator<Item = Owner> {
        let wanted = move |owner: &Owner| match owner {
            Owner::Own => !self.global,
            Owner::Global => !self.own,
        };
        [Owner::Own, Owner::Global].into_iter().filter(wanted)
    }
}

/// The one that is named, with its details: by its id, else by its exact name. The API's search is loose, and its rows may
/// hold less than the details.
///
/// # Errors
/// There is none, or several; they cannot be read.
pub async fn find(client: &Client, named: &str, wanted: OwnerArgs) -> Result<(Owner, Group), Failure> {
    if let Ok(id) = named.parse().map(GroupId) {
        // The account's path answers with the vendor's too: they share their ids (API sheet §3.2).
        let vendors = match details(client, Owner::Global, id).await {
            // A key that may not read the vendor's may read the account's.
            Err(_) if wanted.own => None,
            read => read?,
        };
        match (vendors, wanted) {
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
    for owner in wanted.owners() {
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

/// The templates of one owner, all or those that the API finds.
pub(super) async fn listed(client: &Client, owner: Owner, search: Option<&str>) -> Result<Vec<Group>, CallError> {
    match (owner, search) {
        (Owner::Own, None) => Ok(client.groups().await?.rows),
        (Owner::Own, Some(text)) => Ok(client.search_groups(text).await?.rows),
        (Owner::Global, None) => client.global_templates().await,
        (Owner::Global, Some(text)) => client.search_global_templates(text).await,
    }
}

/// A list of templates that cannot be read.
pub(super) fn reading(owner: Owner, error: &CallError) -> Failure {
    let what = match owner {
        Owner::Own => "Reading the template groups",
        Owner::Global => "Reading the vendor's templates",
    };
    fault(what, error).into()
}
