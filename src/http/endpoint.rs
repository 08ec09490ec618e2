//! Where requests go: a base URL that is safe to send the key to.

use reqwest::Url;
use std::fmt;
use std::net::IpAddr;

/// Why a transport cannot be set up. Never shows the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// The base URL cannot be used; why.
    BaseUrl(String),
    /// The API key cannot be used; why.
    ApiKey(String),
    /// A setting is out of its range; which.
    Setting(String),
    /// TLS cannot be set up on this machine; why.
    Tls(String),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BaseUrl(why) => write!(f, "the base URL of the API cannot be used: {why}"),
            Self::ApiKey(why) => write!(f, "the API key cannot be used: {why}"),
            Self::Setting(why) => f.write_str(why),
            Self::Tls(why) => write!(f, "cannot set up TLS: {why}"),
        }
    }
}

impl std::error::Error for SetupError {}

/// A base URL: https, or http to this machine; without trailing `/`, login, query and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    base: String,
    host: String,
    port: u16,
    loopback: bool,
}

impl Endpoint {
    /// Reads a base URL.
    ///
    /// # Errors
    ///
    /// It is no URL, or one that the key must not be sent to.
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        Self::read(text, "https://api.simplepod.ai", true)
    }

    /// Reads the address of a place for states. Requests to it are signed and hold no key, or who chose http means it: as
    /// for Terraform, http may lead anywhere.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::parse`].
    pub fn of_place(text: &str) -> Result<Self, SetupError> {
        Self::read(text, "https://store.example.org", false)
    }

    fn read(text: &str, example: &str, is_keyed: bool) -> Result<Self, SetupError> {
        let fault = |why: String| Err(SetupError::BaseUrl(why));
        let url = match Url::parse(text.trim()) {
            Ok(url) => url,
            Err(error) => return fault(format!("{error}; expected something like {example}")),
        };
        let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
            return fault("it names no host".into());
        };
        if !url.username().is_empty() || url.password().is_some() {
            return fault(match is_keyed {
                true => "it holds a login; the API takes its key from `api_key` or SIMPLEPOD_API_KEY".into(),
                false => "it holds a login".into(),
            });
        }
        if url.query().is_some() || url.fragment().is_some() {
            return fault("it has a query or a fragment".into());
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = bare == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if loopback || !is_keyed => {}
            "http" => {
                return fault(format!(
                    "http would send the API key to {host} unencrypted; use https (http is only for 127.0.0.1, \
                     localhost and [::1])"
                ));
            }
            other => return fault(format!("unknown scheme {other:?}; use https")),
        }
        let (host, port) = (bare.to_owned(), url.port_or_known_default().unwrap_or_default());
        Ok(Self { base: url.as_str().trim_end_matches('/').to_owned(), host, port, loopback })
    }

    /// The URL without trailing `/`.
    pub fn as_str(&self) -> &str {
        &self.base
    }

    /// The host: a name in lower case, or an address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether another one leads to the same server: host and port. Which path it has there does not matter.
    pub fn is_server_of(&self, other: &Endpoint) -> bool {
        (&self.host, self.port) == (&other.host, other.port)
    }

    /// What it answers could be read on the way: http, and not on this machine.
    pub fn is_clear_and_far(&self) -> bool {
        self.is_plain() && !self.loopback
    }

    /// It leads to this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// It speaks without TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.base.starts_with("http:")
    }

    /// The URL of a path with a query, percent-encoded.
    pub(super) fn url(&self, path: &str, query: &[(String, String)]) -> Result<Url, String> {
        let mut url = Url::parse(&format!("{}{path}", self.base)).map_err(|error| error.to_string())?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}
