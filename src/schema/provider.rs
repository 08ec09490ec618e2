//! `provider "simplepod"`.

use super::table::{Attribute, Effect, Ty};
use serde::{Deserialize, Serialize};

/// How prices of rows of the market are read (API sheet, C19).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PriceBasis {
    /// As the market tells; where it does not, as prices of one GPU.
    #[default]
    Auto,
    /// As prices of one GPU.
    Gpu,
    /// As prices of all GPUs of the row.
    Offer,
}

impl PriceBasis {
    /// Reads a setting.
    pub fn parse(text: &str) -> Option<PriceBasis> {
        match text {
            "auto" => Some(PriceBasis::Auto),
            "gpu" => Some(PriceBasis::Gpu),
            "offer" => Some(PriceBasis::Offer),
            _ => None,
        }
    }
}

/// What its block takes. None of it is desired of an object.
pub const PROVIDER_SETTINGS: &[Attribute] = &[
    Attribute::optional(
        "api_key",
        Ty::String,
        Effect::Local,
        "The key of the account; without it, SIMPLEPOD_API_KEY of the environment.",
    )
    .secret(),
    Attribute::optional(
        "base_url",
        Ty::String,
        Effect::Local,
        "Another base URL; without it, SIMPLEPOD_API_URL of the environment, or the API's own.",
    ),
    Attribute::optional(
        "settle_window",
        Ty::String,
        Effect::Local,
        "How long a rent without an answer is looked for, like \"120s\".",
    ),
    Attribute::optional("requests_per_second", Ty::Number, Effect::Local, "How many calls a second are made at most."),
    Attribute::optional(
        "price_basis",
        Ty::String,
        Effect::Local,
        "What prices of the market are: gpu, offer (all GPUs of a row), or auto, as the market itself shows.",
    ),
];
