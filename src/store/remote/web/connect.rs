//! Connecting to such a server: who asks, and how its errors are read.

use super::super::calls::{Calls, Sign};
use super::address::Address;
use super::settings::Settings;
use crate::http::{Answer, Endpoint, Request, SetupError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::{BoxFuture, FutureExt, ready};
use secrecy::{ExposeSecret, SecretString};

/// Where one side does not trust the other.
const TRUST: &str = "client_ca_certificate_pem says whose certificates are trusted; client_certificate_pem and client_private_key_pem are shown to a server that asks for a certificate.";
/// Where what is said of that is not understood.
const PEM: &str = "client_ca_certificate_pem, client_certificate_pem and client_private_key_pem hold PEM, and the key is that of the certificate";

/// Nothing is called yet.
///
/// # Errors
/// What cannot be used of the settings, in words.
pub(super) fn connect(settings: &Settings, to: &Address) -> Result<Calls, String> {
    let words_of = |error: SetupError| match error {
        SetupError::BaseUrl(why) => format!("{} cannot be used: {why}", to.shown()),
        SetupError::Tls(why) => format!("{}. {PEM}", SetupError::Tls(why)),
        other => other.to_string(),
    };
    let login = match &settings.username {
        Some(name) => Some((name.clone(), settings.password.clone().unwrap_or_default())),
        None => to.login.clone(),
    };
    let endpoint = Endpoint::of_place(&to.origin).map_err(words_of)?;
    let calls =
        Calls::over(endpoint, (settings.tls.clone(), Some(TRUST)), Box::new(Basic(login)), said).map_err(words_of)?;
    let calls = calls.with_pauses(settings.retry_wait_min, settings.retry_wait_max);
    Ok(match settings.retry_max {
        Some(more) => calls.with_tries(more.saturating_add(1)),
        None => calls,
    })
}

/// Basic authentication.
#[derive(Debug)]
struct Basic(Option<(String, SecretString)>);

impl Sign for Basic {
    fn sign<'a>(&'a self, _: &'a Endpoint, mut request: Request) -> BoxFuture<'a, Result<Request, String>> {
        if let Some((name, password)) = &self.0 {
            let both = STANDARD.encode(format!("{name}:{}", password.expose_secret()));
            request.headers.push(("Authorization".to_owned(), format!("Basic {both}")));
        }
        ready(Ok(request)).boxed()
    }

    fn clean(&self, words: String) -> String {
        match &self.0 {
            Some((_, password)) if !password.expose_secret().is_empty() => {
                words.replace(password.expose_secret(), "(hidden)")
            }
            _ => words,
        }
    }
}

/// What an answer says, where it says it in JSON or in a line.
fn said(answer: &Answer) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(&answer.body).ok();
    let told = json.as_ref().and_then(|json| json.get("message").or_else(|| json.get("error"))?.as_str());
    match told {
        Some(told) => told.to_owned(),
        None if answer.body.starts_with(b"<") || json.is_some() => String::new(),
        None => String::from_utf8_lossy(&answer.body).lines().next().unwrap_or_default().to_owned(),
    }
}
