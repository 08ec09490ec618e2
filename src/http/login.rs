//! How a key is shown to its server.

use super::endpoint::SetupError;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

/// How a key is shown to its server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// `X-AUTH-TOKEN` (API sheet §1).
    #[default]
    SimplePod,
    /// `Authorization: Bearer`, as GitHub has it.
    Bearer,
    /// `Authorization: token`, as Forgejo has it.
    Token,
    /// `PRIVATE-TOKEN`, as GitLab has it.
    PrivateToken,
    /// By none: each request carries what it needs.
    Own,
}

/// The headers of every request: the key, and what is wanted.
///
/// # Errors
///
/// The key is empty, or cannot stand in a header.
pub(super) fn headers(key: &SecretString, login: Login) -> Result<HeaderMap, SetupError> {
    let fault = |why: &str| SetupError::ApiKey(why.to_owned());
    let (name, before) = match login {
        Login::SimplePod => ("x-auth-token", ""),
        Login::Bearer => ("authorization", "Bearer "),
        Login::Token => ("authorization", "token "),
        Login::PrivateToken => ("private-token", ""),
        Login::Own => return Ok(HeaderMap::new()),
    };
    if key.expose_secret().is_empty() {
        return Err(fault(match login {
            Login::SimplePod => "it is empty; set SIMPLEPOD_API_KEY, or `api_key` of provider \"simplepod\"",
            _ => "it is empty",
        }));
    }
    let mut value = HeaderValue::from_str(&format!("{before}{}", key.expose_secret()))
        .ok()
        .filter(|value| value.to_str().is_ok())
        .ok_or_else(|| fault("it holds characters that no key has; was it copied wholly and alone?"))?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([
        (HeaderName::from_static(name), value),
        (ACCEPT, HeaderValue::from_static("application/json")),
    ]))
}
