//! The sentence of a remark.

use crate::plan::{MarkChange, Remark};
use crate::render::escape::harmless_line;
use crate::schema::Rest;
use std::borrow::Cow;

/// Without a full stop: it stands behind an address, or below a headline.
pub fn sentence(remark: &Remark) -> Cow<'static, str> {
    let text = match remark {
        Remark::Unhealthy(why) => {
            let why = harmless_line(why);
            return format!(
                "{why}. It bills all the same: rent another one with -replace, or let replace_unhealthy = true do it"
            )
            .into();
        }
        Remark::Rests(rest @ Rest::Closed { until: Some(_), .. }) => {
            return format!("{rest}, and is not rented until then").into();
        }
        Remark::Rests(rest @ (Rest::Closed { until: None, .. } | Rest::Expired { .. })) => {
            return format!("{rest}, and is not rented again while its block says so").into();
        }
        Remark::OlderTemplate { .. } => "runs an older template (template_change = \"keep\")",
        Remark::OfferUnknown => "the facts of its offer are unknown, so its requirements count as met",
        Remark::FactsUnknown(_) => "some facts of its offer are unknown, so those requirements count as met",
        Remark::PreventDestroy(true) => "prevent_destroy is recorded: it holds even when the block is gone",
        Remark::PreventDestroy(false) => "prevent_destroy is no longer recorded",
        Remark::Mark(MarkChange::Imported) => "podform's mark is written into its notes",
        Remark::Mark(MarkChange::Readdressed) => "podform's mark in its notes is written anew with this address",
        Remark::Mark(MarkChange::Missing) => "podform's mark is missing from its notes and is written again",
        Remark::Mark(MarkChange::BeforeRelease) => {
            "podform's mark is missing from its notes: it is written again, and read back, before the release. If somebody removed it on purpose, do not approve this"
        }
    };
    text.into()
}
