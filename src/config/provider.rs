//! `provider "simplepod"`, evaluated.

use super::expand::Repetition;
use super::walk::Walk;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::convert::convert;
use crate::lang::{Marks, Value, eval};
use crate::schema::{PROVIDER_SETTINGS, PriceBasis};

/// `provider "simplepod"`; what is absent or not known is `None`.
#[derive(Clone, Debug, Default)]
pub struct ProviderSettings {
    /// `api_key`: marked sensitive.
    pub api_key: Option<Value>,
    /// `base_url`.
    pub base_url: Option<String>,
    /// `settle_window`, a duration.
    pub settle_window: Option<String>,
    /// `requests_per_second`.
    pub requests_per_second: Option<f64>,
    /// `price_basis`.
    pub price_basis: Option<PriceBasis>,
    /// Attributes that stand there and could not be read: what they would say is not what is assumed without them.
    pub unread: Vec<&'static str>,
}

impl Walk<'_> {
    pub(super) fn provider(&self, diags: &mut Diagnostics) -> ProviderSettings {
        let mut settings = ProviderSettings::default();
        let Some((body, _)) = &self.program.configuration.root().provider else { return settings };
        let scope = self.scope(0, Repetition::default());
        for attribute in &body.attributes {
            let known = PROVIDER_SETTINGS.iter().find(|known| known.name == &*attribute.name);
            // What is not expected was told when it was read.
            let Some(known) = known else { continue };
            let value = match convert(&eval::evaluate(&attribute.expr, &scope, diags), &known.ty.to_type()) {
                Ok(value) => value,
                Err(error) => {
                    let detail = format!("Inappropriate value for attribute \"{}\": {error}.", attribute.name);
                    diags.push(Diagnostic::error("Incorrect attribute value type", detail).at(attribute.expr.span));
                    settings.unread.push(known.name);
                    continue;
                }
            };
            if !value.is_known() {
                let detail = format!(
                    "\"{}\" must be known before anything is planned: it cannot come from a resource.",
                    attribute.name
                );
                diags.push(Diagnostic::error("Invalid provider configuration", detail).at(attribute.expr.span));
                settings.unread.push(known.name);
                continue;
            }
            let text = value.as_str().map(str::to_owned);
            match &*attribute.name {
                "api_key" if !value.is_null() => settings.api_key = Some(value.marked(Marks::SENSITIVE)),
                "base_url" => settings.base_url = text,
                "settle_window" => {
                    if text.as_deref().is_some_and(|text| crate::schema::instance::duration(text).is_none()) {
                        let detail = "\"settle_window\" is a duration, like \"120s\".";
                        let at = attribute.expr.span;
                        diags.push(Diagnostic::error("Invalid provider configuration", detail).at(at));
                    }
                    settings.settle_window = text;
                }
                "requests_per_second" => {
                    settings.requests_per_second = value.as_number().and_then(|n| n.to_string().parse().ok());
                    if settings.requests_per_second.is_some_and(|rate: f64| rate <= 0.0) {
                        let detail = "\"requests_per_second\" must be above zero.";
                        let at = attribute.expr.span;
                        diags.push(Diagnostic::error("Invalid provider configuration", detail).at(at));
                    }
                }
                "price_basis" => {
                    settings.price_basis = text.as_deref().and_then(PriceBasis::parse);
                    if text.is_some() && settings.price_basis.is_none() {
                        let detail = "\"price_basis\" is \"auto\", \"gpu\" (prices of the market are per GPU) or \"offer\" (for all GPUs of a row).";
                        let at = attribute.expr.span;
                        diags.push(Diagnostic::error("Invalid provider configuration", detail).at(at));
                    }
                }
                _ => {}
            }
        }
        settings
    }
}
