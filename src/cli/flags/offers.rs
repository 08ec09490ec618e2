//! Flags that choose offers of the market: those of the reference, in our units, and what an `offer` block knows besides.

use crate::market::{Bounds, Filter, Requirement};
use crate::render::listing::requirement_flag as flag;
use crate::schema::data::OFFERS;
use crate::schema::{Attribute, Ty};
use crate::simplepod::{Direction, MarketQuery, OrderBy, RentalStatus};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, ValueEnum};
use rust_decimal::Decimal;

/// Which offers are shown, and in which order.
#[derive(Clone, Debug, Default)]
pub struct OfferArgs {
    /// Which.
    pub filter: Filter,
    status: Status,
    mode: Option<String>,
    order: Vec<Order>,
    /// The first flag that chooses, where one does.
    pub chosen_by: Option<String>,
}

/// By what, and which end first.
type Order = (OrderBy, Direction);

/// Whether offers are free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Status {
    /// Free and rented.
    Any,
    /// Free.
    #[default]
    Active,
    /// Rented.
    Inactive,
}

/// What an order is called, the first being the default one.
const ORDERS: [(&str, OrderBy); 7] = [
    ("price", OrderBy::PricePerGpu),
    ("gpu-count", OrderBy::GpuCount),
    ("sla", OrderBy::Sla),
    ("tflops", OrderBy::GpuTflops),
    ("dlp", OrderBy::SysDlp),
    ("price-per-tflops", OrderBy::PricePerTflops),
    ("price-per-dlp", OrderBy::PricePerDlp),
];

/// Versions that may be compared in one word (`>=12.8`).
const VERSIONS: [(&str, &str); 2] = [("cuda_version", "CUDA version"), ("driver_version", "Driver version")];

impl OfferArgs {
    /// What is asked of the API. Only what cannot split the rows of a host is left to it: how prices are read, and how many
    /// GPUs a host has, shows in all of its rows, and its filters are judged by us in any case (API sheet §3.1, C19).
    pub fn query(&self) -> MarketQuery {
        let status = match self.status {
            Status::Any => RentalStatus::Any,
            Status::Active => RentalStatus::Active,
            Status::Inactive => RentalStatus::Inactive,
        };
        let default = || vec![(OrderBy::PricePerGpu, Direction::Ascending)];
        let order = if self.order.is_empty() { default() } else { self.order.clone() };
        MarketQuery { order, mode: self.mode.clone(), rental_status: Some(status), ..MarketQuery::default() }
    }

    fn read(matches: &ArgMatches) -> OfferArgs {
        let texts = |name: &str| matches.get_many::<String>(name).into_iter().flatten().cloned();
        let number = |name: &str| matches.get_one::<Decimal>(name).copied();
        let bounds = |what: &str| -> Bounds { (number(&format!("min-{what}")), number(&format!("max-{what}"))) };
        let exactly = number("gpu-count").map(|count| (Some(count), Some(count)));
        let status = matches.get_one::<Status>("status").copied().unwrap_or_default();
        let mut requirement = Requirement::default();
        for attribute in requirements() {
            let flag = flag(attribute.name);
            let text = match attribute.ty {
                Ty::Number => number(&flag).map(|number| number.normalize().to_string()),
                _ => Some(texts(&flag).collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty()),
            };
            requirement.0.extend(text.map(|text| (attribute.name.to_owned(), text)));
        }
        for (name, _) in VERSIONS {
            if let Some(Compared { bounds, version }) = matches.get_one::<Compared>(&flag(name)) {
                let both = bounds.iter().map(|bound| (format!("{bound}_{name}"), version.clone()));
                requirement.0.extend(both);
            }
        }
        let chosen = |arg: &Arg| {
            let id = arg.get_id().as_str();
            (matches.value_source(id) == Some(ValueSource::CommandLine)).then(|| id.to_owned())
        };
        OfferArgs {
            filter: Filter {
                gpu_models: texts("gpu-model").collect(),
                available: match status {
                    Status::Any => None,
                    Status::Active => Some(true),
                    Status::Inactive => Some(false),
                },
                gpu_count: exactly.unwrap_or_else(|| bounds("gpu-count")),
                price_per_gpu: bounds("price"),
                requirement,
            },
            chosen_by: flags().iter().find_map(chosen),
            status,
            mode: texts("mode").next(),
            order: matches.get_many::<Order>("order").into_iter().flatten().copied().collect(),
        }
    }
}

/// A number, as people write prices too.
fn decimal(text: &str) -> Result<Decimal, String> {
    text.trim_start_matches('$').parse().map_err(|_| "it is no number".to_owned())
}

/// A version, and whether it is the least, the most, or both.
#[derive(Clone, Debug)]
struct Compared {
    bounds: &'static [&'static str],
    version: String,
}

fn compared(text: &str) -> Result<Compared, String> {
    let version = text.trim_start_matches(['<', '>', '=']);
    let bounds: &[&str] = match &text[..text.len() - version.len()] {
        ">=" => &["min"],
        "<=" => &["max"],
        "" | "=" => &["min", "max"],
        _ => &[],
    };
    let is_dotted = version.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    match is_dotted && !bounds.is_empty() {
        true => Ok(Compared { bounds, version: version.to_owned() }),
        false => Err("write it like \"12.8\", \">=12.8\" or \"<=12.8\"".to_owned()),
    }
}

fn order(text: &str) -> Result<Order, String> {
    let (name, direction) = match text.strip_prefix('-') {
        Some(name) => (name, Direction::Descending),
        None => (text, Direction::Ascending),
    };
    let found = ORDERS.iter().find(|(known, _)| *known == name);
    found.map(|(_, by)| (*by, direction)).ok_or_else(|| format!("there are {}", orders()))
}

fn orders() -> String {
    ORDERS.map(|(name, _)| name).join(", ")
}

/// What an `offer` block knows: its names and units are those of the flags. One place is one flag that may be repeated.
fn requirements() -> impl Iterator<Item = &'static Attribute> {
    let all = OFFERS.blocks.iter().flat_map(|block| block.attributes);
    all.filter(|attribute| !["region", "country"].contains(&attribute.name))
}

fn flags() -> Vec<Arg> {
    let text = |name: String, value: &'static str, help: String| {
        let arg = Arg::new(name.clone()).long(name).value_name(value).help(help).help_heading("Offers");
        match value {
            "N" | "USD" => arg.value_parser(decimal).allow_negative_numbers(true),
            _ => arg,
        }
    };
    let several = |arg: Arg| arg.action(ArgAction::Append).value_delimiter(',');
    let own = |name: &str, value, help: &str| text(name.to_owned(), value, help.to_owned());
    let mut flags = vec![
        several(own("gpu-model", "MODEL", "Exactly this model, in any case of letters; may be repeated")),
        own("gpu-count", "N", "Exactly so many GPUs"),
        own("min-gpu-count", "N", "At least so many GPUs"),
        own("max-gpu-count", "N", "At most so many GPUs"),
        own("min-price", "USD", "USD per GPU-hour, at least"),
        own("max-price", "USD", "USD per GPU-hour, at most"),
        own("status", "STATUS", "Free to rent (active), rented (inactive), or any")
            .value_parser(clap::builder::EnumValueParser::<Status>::new())
            .default_value("active"),
        own("mode", "MODE", "What the API calls the mode: docker"),
    ];
    for (name, what) in VERSIONS {
        let help = format!("{what}: exactly (12.8), at least (\">=12.8\") or at most (\"<=12.8\")");
        flags.push(text(flag(name), "VERSION", help).value_parser(compared));
    }
    for attribute in requirements() {
        let name = flag(attribute.name);
        let (value, repeat) = match attribute.ty {
            Ty::Number => ("N", ""),
            Ty::StringList => ("TEXT", "; may be repeated"),
            _ => ("VERSION", ""),
        };
        let arg = text(name, value, format!("{}{repeat}", attribute.doc.trim_end_matches('.')));
        flags.push(if repeat.is_empty() { arg } else { several(arg) });
    }
    flags
}

impl FromArgMatches for OfferArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(OfferArgs::read(matches))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for OfferArgs {
    fn augment_args(command: clap::Command) -> clap::Command {
        let by = Arg::new("order")
            .long("order")
            .value_name("ORDER,...")
            .help(format!("By what; - puts the most first (-order=price,-sla): {}", orders()))
            .help_heading("Offers")
            .action(ArgAction::Append)
            .value_delimiter(',')
            .value_parser(order)
            .allow_hyphen_values(true);
        command.args(flags()).arg(by)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}
