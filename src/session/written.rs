//! Snapshots on disk: written by `podform snapshot`, planned on by `plan -snapshot`.

use super::failure::Failure;
use super::text::file;
use super::work::Session;
use crate::cloud::Cloud;
use crate::cloud::fault::fault;
use crate::diag::{Diagnostic, Diagnostics};
use crate::live::Want;
use crate::refresh::{Refresh, doing, refresh};
use crate::snapshot::{Redaction, Written, decode, encode};
use crate::state::State;
use crate::store::local::write_private;
use std::path::Path;

/// Reads everything that a plan could want.
///
/// # Errors
/// What cannot be read.
pub async fn take<C: Cloud>(session: &Session<'_, C>, state: &State) -> Result<Written, Diagnostics> {
    let cloud = session.cloud;
    let (live, offers, templates, account) =
        futures::join!(refresh(cloud, state, Refresh::Full), cloud.offers(), cloud.global_templates(), cloud.account());
    let live = live?;
    let as_of = session.clock.observe(live.as_of);
    let failed = |want: Want| move |error| Diagnostics::from(fault(&doing(want), &error));
    let templates = templates.map_err(failed(Want::GlobalTemplates))?;
    let nothing = Redaction::default();
    Ok(Written {
        global_templates: templates.into_iter().map(|template| nothing.group(template)).collect(),
        offers: offers.map_err(failed(Want::Offers))?,
        account: account.map_err(failed(Want::Account))?,
        ..Written::of(state, live, as_of)
    })
}

/// Writes a snapshot. It replaces what is there, and only its owner reads it before it is published.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, written: &Written) -> Result<(), Failure> {
    let failed = |why: String| Failure::from(Diagnostic::error("Snapshot cannot be written", why));
    let text = encode(written).map_err(failed)?;
    write_private(path, text.as_bytes()).map_err(|error| failed(error.to_string()))
}

/// Reads a snapshot.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read(path: &Path) -> Result<Written, Failure> {
    let refuse = |detail: String| Failure::from(Diagnostic::error("Snapshot cannot be used", detail));
    let bytes = file(path).map_err(|why| refuse(format!("{} cannot be read: {why}.", path.display())))?;
    decode(&bytes).map_err(|why| refuse(format!("{}: {why}", path.display())))
}
