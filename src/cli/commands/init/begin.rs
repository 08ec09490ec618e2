//! What `init -example` and `init -from` write: a fleet where there is none.

use super::examples::EXAMPLES;
use crate::cli::commands::templates::{OwnerArgs, find};
use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::cli::flags::{AccountArgs, VariableArgs};
use crate::cli::waiting::Waiting;
use crate::cloud::Cloud as _;
use crate::cloud::fault::fault;
use crate::diag::Diagnostic;
use crate::live::Offer;
use crate::market::{Envelope, Requirement};
use crate::render::{fleet_blocks, quoted};
use crate::session::is_fleet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// Writes an example.
///
/// # Errors
/// A fleet is there already; a file cannot be written.
pub fn example(name: &str, context: &Context) -> Result<(), Failure> {
    let files = EXAMPLES.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, files)| files);
    write(files, context)
}

/// Writes a fleet with one machine, of a template and of the cheapest offer for it.
///
/// # Errors
/// As [`example`]; there is no such template, or no offer for it.
pub async fn from(
    named: &str,
    model: Option<&str>,
    account: &AccountArgs,
    context: &mut Context,
) -> Result<(), Failure> {
    refuse_beside()?;
    let (opening, at_hand) = context.at_hand(&VariableArgs::default(), account).await?;
    let text = opening
        .reaching::<_, Failure>(&at_hand, async |client| {
            let _waiting = Waiting::reading(context.terminal);
            let owner = OwnerArgs { global: false, own: false };
            let (template, market) = futures::join!(find(client, named, owner), client.offers());
            let (_, template) = template?;
            let market = market.map_err(|error| fault("Reading the market", &error))?;
            let disk = template.shown.get("disk_size").and_then(|size| size.as_u64());
            let Some(offer) = cheapest(&market, model, disk) else { return Err(no_offer(model, disk).into()) };
            Ok(fleet_blocks(&fleet_name(), &template, offer))
        })
        .await?;
    write(&[("main.hcl", &text)], context)
}

/// Of one GPU: a first machine is a small one.
fn cheapest<'m>(market: &'m [Offer], model: Option<&str>, disk_size: Option<u64>) -> Option<&'m Offer> {
    let fits = |offer: &&Offer| {
        let envelope = Envelope {
            gpu_models: vec![model.unwrap_or(&offer.gpu_model).to_owned()],
            gpu_count: 1,
            max_price_per_gpu: offer.price_per_gpu,
            requirement: Requirement::default(),
            budgeted: None,
            max_hourly_cost: None,
            disk_size,
            larger_offers: false,
            max_per_host: None,
            priority: 0,
        };
        envelope.judge(offer).is_empty()
    };
    market.iter().filter(fits).min_by_key(|offer| (offer.price_per_gpu, &offer.iri))
}

fn no_offer(model: Option<&str>, disk: Option<u64>) -> Diagnostic {
    let of = model.map(|model| format!(" of the model {}", quoted(model))).unwrap_or_default();
    let disk = disk.map(|disk| format!(" with {disk} GB of disk")).unwrap_or_default();
    Diagnostic::error("No offer", format!("The market has no free machine with one GPU{of}{disk}."))
        .with_hint("podform market -by=model shows what there is; -gpu-model=MODEL chooses.")
}

/// That of the directory, as far as a fleet can be called so.
fn fleet_name() -> String {
    let directory = std::env::current_dir().unwrap_or_default();
    let name = directory.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    match name.trim_matches('-') {
        "" => "fleet".to_owned(),
        name => name.chars().take(32).collect(),
    }
}

fn refuse_beside() -> Result<(), Failure> {
    if !is_fleet(Path::new(".")) {
        return Ok(());
    }
    let detail = "This directory holds configuration already, and a fleet has one of its own.";
    Err(Diagnostic::error("A fleet is here", detail).with_hint("Name an empty one with -chdir=DIR.").into())
}

/// Nothing that is there is written over.
fn write(files: &[(&str, &str)], context: &Context) -> Result<(), Failure> {
    refuse_beside()?;
    for (name, text) in files {
        let path = Path::new(name);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = made
            .and_then(|()| OpenOptions::new().write(true).create_new(true).open(path))
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| Diagnostic::error("Not written", format!("{name}: {error}.")))?;
        context.terminal.line(&format!("Wrote {name}."));
    }
    Ok(())
}
