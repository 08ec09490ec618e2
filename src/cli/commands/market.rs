//! `podform market`.

use crate::address::{AddressError, Target};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{AccountArgs, ListingArgs, OfferArgs, VariableArgs, pause};
use crate::cli::terminal::Terminal;
use crate::cli::waiting::Waiting;
use crate::cloud::fault::{fault, passes};
use crate::cloud::{CallError, Cloud as _};
use crate::diag::Diagnostic;
use crate::live::Offer;
use crate::market::{
    Demand, Envelope, Filter, Held, Unmet, bands, by_host, by_model, exclusions, explain, free_gpus, meant, moved,
    place, propose,
};
use crate::render::listing::{Told, bands_table, hosts_table, models_table, moved_json, moved_line, offers_table};
use crate::render::table::Table;
use crate::render::unplaced;
use crate::session::{Asked, Locking, Watched};
use crate::simplepod::Client;
use clap::{Args, ValueEnum};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// `market`.
#[derive(Debug, Args)]
pub struct MarketArgs {
    /// Which offers, and in which order.
    #[command(flatten)]
    pub offers: OfferArgs,
    /// The offers that satisfy an instance of this fleet, and what keeps out the others; a resource or module whose instances
    /// accept the same will do.
    #[arg(long = "for", value_name = "ADDRESS")]
    pub asked_by: Option<String>,
    /// What has a row of its own.
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
    /// Show how many offers there are in which band of prices per GPU-hour.
    #[arg(long, conflicts_with = "by")]
    pub histogram: bool,
    /// Look again every 30 seconds, or as often as is said here, and print what is new, gone, or has another price.
    #[arg(long, value_name = "DURATION", default_missing_value = "30s", num_args = 0..=1, require_equals = true, value_parser = pause, conflicts_with = "csv")]
    pub watch: Option<Duration>,
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

/// What has a row of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// A host, with the numbers of GPUs that it sells.
    #[default]
    Host,
    /// An offer: one number of GPUs of a host.
    Offer,
    /// A model of GPUs.
    Model,
}

/// By what offers are judged.
enum Judged {
    ByFlags(Filter),
    ByInstances { name: String, asked: Vec<Asked> },
}

/// Shows the market. Changes nothing, and takes no lock.
pub async fn run(args: &MarketArgs, context: &mut Context) -> Outcome {
    let opening = args.variables.opening(args.account.choice(), 0);
    let Some(address) = &args.asked_by else {
        let at_hand = opening.at_hand(&mut context.sources, &mut context.diags).await?;
        let judged = Judged::ByFlags(args.offers.filter.clone());
        return opening.reaching(&at_hand, async |client| look(args, &judged, client, context.terminal).await).await;
    };
    if let Some(flag) = &args.offers.chosen_by {
        let detail = format!("-for judges by what the configuration says of {address}, and -{flag} by something else.");
        return Err(Diagnostic::error("Two ways to choose", detail).with_hint("Leave one of them out.").into());
    }
    let target: Target = address
        .parse()
        .map_err(|why: AddressError| Failure::from(Diagnostic::error("Invalid -for address", why.to_string())))?;
    let looking = context.configure_beside_state(&opening, Locking::none("market")).await?;
    let Some((fleet, Watched { state, .. })) = looking else { return Ok(Exit::Error) };
    let mut asked = fleet.asked(&target, &opening.effects);
    alike(address, &asked)?;
    opening
        .looking(&fleet, &state, async |session| {
            let client = session.cloud;
            for one in &mut asked {
                if let (Some(id), None) = (one.template, one.envelope.disk_size) {
                    let doing = format!("Reading the template {id}");
                    let read = client.group(id).await.map_err(|error| fault(&doing, &error))?;
                    let disk = read.and_then(|group| group.shown.get("disk_size")?.as_u64());
                    one.envelope.disk_size = disk;
                }
            }
            let judged = Judged::ByInstances { name: address.clone(), asked };
            look(args, &judged, client, context.terminal).await
        })
        .await
}

/// There are such instances, they accept the same, and what that is does not depend on what nobody has read.
fn alike(address: &str, asked: &[Asked]) -> Result<(), Failure> {
    let Some(first) = asked.first() else {
        let detail = format!("The configuration declares no instance at {address}.");
        let hint = "podform state list shows what is recorded, podform graph what is declared.";
        return Err(Diagnostic::error("No such instance", detail).with_hint(hint).into());
    };
    if let Some(other) = asked.iter().find(|one| one.envelope != first.envelope) {
        let detail = format!("{} and {} do not accept the same offers.", first.address, other.address);
        let hint = format!("Name one of them: -for='{}'.", first.address);
        return Err(Diagnostic::error("Several instances", detail).with_hint(hint).into());
    }
    if !first.unknown.is_empty() {
        let detail = format!(
            "{} of {} depends on what only the account tells, so no offer can be judged by it yet.",
            first.unknown.join(", "),
            first.address
        );
        let hint = "podform plan reads all of it, and tells which offers it takes.";
        return Err(Diagnostic::error("Requirement not known", detail).with_hint(hint).into());
    }
    Ok(())
}

async fn look(args: &MarketArgs, judged: &Judged, client: &Client, terminal: Terminal) -> Outcome {
    let query = args.offers.query();
    let told = |error: &CallError| fault("Reading the market", error);
    let waiting = Waiting::begin(terminal, "Reading the market");
    let market = client.market(&query).await.map_err(|error| told(&error))?;
    drop(waiting);
    if args.watch.is_none() || !args.listing.json {
        args.listing.print(&table(args, judged, &market), &terminal);
    }
    let Some(pause) = args.watch else { return Ok(Exit::Done) };
    let kept = |market: &[Offer]| -> Vec<Offer> { judged.fitting(market).into_iter().cloned().collect() };
    let mut before = kept(&market);
    while terminal.is_heard() {
        tokio::time::sleep(pause).await;
        let now = match client.market(&query).await {
            Ok(market) => kept(&market),
            // The next look may succeed: until then the last one counts.
            Err(error) if passes(&error) => {
                terminal.tell(&format!("{error}. The market is read again in {} s.\n", pause.as_secs()));
                continue;
            }
            Err(error) => return Err(told(&error).into()),
        };
        let at = jiff::Timestamp::now();
        for one in moved(&before, &now) {
            match args.listing.json {
                true => terminal.json(&moved_json(&one, at).to_string()),
                false => terminal.line(&moved_line(&one, at, terminal.out)),
            }
        }
        before = now;
    }
    Ok(Exit::Done)
}

fn table(args: &MarketArgs, judged: &Judged, market: &[Offer]) -> Table {
    let fitting = judged.fitting(market);
    // Who asked for rented rows alone has not seen what is free.
    let free = if args.offers.filter.available == Some(false) { BTreeMap::new() } else { free_gpus(market) };
    let told = judged.told(market, fitting.len());
    match (args.histogram, args.by) {
        (true, _) => bands_table(&bands(&fitting, &free), &told),
        (_, By::Host) => hosts_table(&by_host(&fitting, &free), &told),
        (_, By::Offer) => offers_table(&fitting, &told),
        (_, By::Model) => models_table(&by_model(&fitting, &free), &told),
    }
}

impl Judged {
    fn all<'m>(&self, market: &'m [Offer]) -> Vec<(&'m Offer, Vec<Unmet>)> {
        match self {
            Judged::ByFlags(filter) => filter.judged(market),
            Judged::ByInstances { .. } => {
                let judge = self.envelope().map(Envelope::judge_of_many);
                let unmet = |offer| judge.as_ref().map_or(Vec::new(), |judge| judge.judge(offer));
                market.iter().map(|offer| (offer, unmet(offer))).collect()
            }
        }
    }

    /// What all of the instances accept.
    fn envelope(&self) -> Option<&Envelope> {
        match self {
            Judged::ByFlags(_) => None,
            Judged::ByInstances { asked, .. } => asked.first().map(|one| &one.envelope),
        }
    }

    fn fitting<'m>(&self, market: &'m [Offer]) -> Vec<&'m Offer> {
        self.all(market).into_iter().filter(|(_, unmet)| unmet.is_empty()).map(|(offer, _)| offer).collect()
    }

    fn told(&self, market: &[Offer], fitting: usize) -> Told {
        let judged = self.all(market);
        let excluded = exclusions(judged.iter().map(|(_, unmet)| unmet.as_slice()));
        match (self, self.envelope()) {
            (Judged::ByInstances { name, asked }, Some(envelope)) => {
                let none = if fitting == 0 { none(asked, market) } else { Vec::new() };
                Told::of_envelope(name, envelope, market.len(), excluded, fitting, none)
            }
            (Judged::ByFlags(filter), _) => {
                let meant = if fitting == 0 { meant(&filter.gpu_models, market) } else { Vec::new() };
                Told::of_filter(filter, market.len(), excluded, fitting, &meant)
            }
            (Judged::ByInstances { .. }, None) => Told::default(),
        }
    }
}

/// Why no offer does, and what would help one of them, as a plan says it.
fn none(asked: &[Asked], market: &[Offer]) -> Vec<String> {
    let one = asked.iter().take(1).map(|one| Demand {
        address: one.address.clone(),
        envelope: one.envelope.clone(),
        avoid: BTreeSet::new(),
    });
    let demands: Vec<Demand> = one.collect();
    let held = Held::default();
    let placements = place(&demands, market, &held);
    let mut why = explain(&demands, market, &placements);
    propose(&mut why, &demands, market, &held, &placements);
    let told = why.iter().map(unplaced);
    told.flat_map(|one| std::iter::once(one.detail).chain(one.hint.map(String::from))).collect()
}
