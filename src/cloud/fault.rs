//! Failed calls as diagnostics: what we were doing, what the API answered, what to do next (invariant 13).

use super::{CallError, ErrorKind};
use crate::diag::Diagnostic;

/// The diagnostic of a failed call. `doing` is a clause without a full stop: "Renting an offer for x".
pub fn fault(doing: &str, error: &CallError) -> Diagnostic {
    let (summary, why, next) = match error.kind {
        ErrorKind::Unauthorized => (
            "API key refused",
            "",
            "Check SIMPLEPOD_API_KEY, or api_key of the provider block: the key is wrong, expired or of another account. Keys are listed in Account Settings, Subaccounts.",
        ),
        ErrorKind::Forbidden => (
            "Not permitted by the API",
            " The key's sub-account may lack the permission for this call.",
            "Grant it in Account Settings, Subaccounts, or use another key; podform whoami says what this one may read.",
        ),
        ErrorKind::Blocked => (
            "Blocked before the API",
            " The API itself never saw the call.",
            "Run the command again in a minute, or from another network; if it stays so, ask the vendor.",
        ),
        ErrorKind::NotFound => (
            "Not found by the API",
            " It may have been removed by someone else.",
            "Plan again to see what is there now.",
        ),
        ErrorKind::Refused => (
            "Refused by the API",
            " Nothing was changed by this call.",
            "Correct what the API objects to, then plan again.",
        ),
        ErrorKind::TooManyRequests => (
            "Too many requests",
            "",
            "Run the command again when the time that the API asks for has passed, or in a minute where it asks for none; requests_per_second of the provider block slows podform down.",
        ),
        ErrorKind::Unavailable => {
            ("The API is unavailable", " This passes by itself in most cases.", "Run the command again in a minute.")
        }
        ErrorKind::Network => {
            ("No answer from the API", "", "Check the network and SIMPLEPOD_API_URL, then run the command again.")
        }
        ErrorKind::Protocol => (
            "Unreadable answer from the API",
            "",
            "Check that SIMPLEPOD_API_URL names the API. If it does, the API has changed: report this answer.",
        ),
    };
    let detail = format!("{doing}: {}.{why}", error.to_string().trim_end_matches('.'));
    Diagnostic::error(summary, detail).with_hint(next)
}

/// Whether asking again may help.
pub fn passes(error: &CallError) -> bool {
    matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Network | ErrorKind::TooManyRequests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_key_is_told_with_what_to_do() {
        let error = |kind, message: &str| CallError {
            kind,
            call: "GET /instances/list".into(),
            status: Some(401),
            message: message.into(),
        };
        let told = fault("Listing", &error(ErrorKind::Unauthorized, "Invalid credentials.")).text();
        assert!(told.starts_with("Listing: GET /instances/list answered 401: Invalid credentials."), "{told}");
        assert!(told.contains("Check SIMPLEPOD_API_KEY"), "{told}");
        assert!(fault("Listing", &error(ErrorKind::Forbidden, "Access Denied.")).text().contains("sub-account"));
    }
}
