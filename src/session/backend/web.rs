//! Opening the backend "http" of its arguments.

use crate::config::Arguments;
use crate::diag::Diagnostic;
use crate::http::{Method, Tls};
use crate::session::failure::Failure;
use crate::store::Backend;
use crate::store::remote::web::{HttpBackend, Settings};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Nothing is called yet. `guards_locks`: the server was seen to free a lock for nobody but its holder.
///
/// # Errors
/// Its arguments do not go together.
pub fn opened(arguments: &Arguments, guards_locks: bool) -> Result<Box<dyn Backend>, Failure> {
    let wrong = |why: String| Diagnostic::error("Invalid backend configuration", format!("Backend \"http\": {why}."));
    let settings = Settings { guards_locks, ..settings(arguments).map_err(wrong)? };
    Ok(Box::new(HttpBackend::new(&settings).map_err(wrong)?))
}

fn settings(arguments: &Arguments) -> Result<Settings, String> {
    let text = |name: &str| arguments.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let certificates =
        ["client_ca_certificate_pem", "client_certificate_pem"].into_iter().find(|it| text(it).is_some());
    let is_clear = |name: &&str| text(name).is_some_and(|address| address.to_lowercase().starts_with("http:"));
    let clear = ["address", "lock_address", "unlock_address"].into_iter().find(is_clear);
    if let (Some(certificates), Some(clear)) = (certificates, clear) {
        return Err(format!("{certificates} means nothing where {clear} is http: write https"));
    }
    let update_method = match text("update_method").as_deref() {
        None | Some("POST") => Method::Post,
        Some("PUT") => Method::Put,
        Some(_) => return Err("update_method must be POST or PUT".to_owned()),
    };
    let seconds = |name: &str| arguments.number(name).map(Duration::from_secs);
    Ok(Settings {
        update_method,
        lock_address: text("lock_address"),
        lock_method: method(text("lock_method"), "lock_method", Method::Lock)?,
        unlock_address: text("unlock_address"),
        unlock_method: method(text("unlock_method"), "unlock_method", Method::Unlock)?,
        username: text("username"),
        password: arguments.secret("password"),
        tls: tls(arguments)?,
        retry_max: arguments.number("retry_max").and_then(|times| usize::try_from(times).ok()),
        retry_wait_min: seconds("retry_wait_min"),
        retry_wait_max: seconds("retry_wait_max"),
        ..Settings::of(arguments.text("address").unwrap_or_default())
    })
}

fn method(said: Option<String>, name: &str, otherwise: Method) -> Result<Method, String> {
    let known = [Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Lock, Method::Unlock];
    let Some(said) = said else { return Ok(otherwise) };
    let found = known.into_iter().find(|method| method.as_str() == said);
    found.ok_or_else(|| {
        let all: Vec<&str> = known.iter().map(|method| method.as_str()).collect();
        format!("{name} must be one of {}", all.join(", "))
    })
}

fn tls(arguments: &Arguments) -> Result<Tls, String> {
    let certificate = arguments.text("client_certificate_pem").filter(|pem| !pem.is_empty());
    let key = arguments.secret("client_private_key_pem").filter(|pem| !pem.expose_secret().is_empty());
    let identity = match (certificate, key) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some(SecretString::from(format!("{certificate}\n{}\n", key.expose_secret()))),
        (Some(_), None) => return Err("client_certificate_pem needs client_private_key_pem".to_owned()),
        (None, Some(_)) => return Err("client_private_key_pem needs client_certificate_pem".to_owned()),
    };
    Ok(Tls {
        unverified: arguments.flag("skip_cert_verification").unwrap_or_default(),
        authorities: arguments.text("client_ca_certificate_pem").filter(|pem| !pem.is_empty()).map(str::to_owned),
        identity,
    })
}
