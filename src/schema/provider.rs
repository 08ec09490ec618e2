//! `provider "simplepod"`.

use super::table::{Attribute, Effect, Ty};

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
