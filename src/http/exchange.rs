//! One request, and what is known of it afterwards.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use std::ops::ControlFlow;
use std::time::Duration;

/// The methods of the API, and those by which a state is locked over HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Changes nothing.
    #[default]
    Get,
    /// `POST`: never sent over a connection that may have gone stale, which would leave its fate unknown.
    Post,
    /// Sets what its body names and nothing else (API sheet §1): twice is once.
    Put,
    /// A reboot: sent over connections like those of a POST, because twice is not once.
    Patch,
    /// Twice is once.
    Delete,
    /// Headers alone.
    Head,
    /// WebDAV's; whoever holds a lock is told by its text.
    Lock,
    /// WebDAV's.
    Unlock,
}

impl Method {
    /// The word on the wire: `GET`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
            Self::Lock => "LOCK",
            Self::Unlock => "UNLOCK",
        }
    }
}

/// One request. No `Debug`: headers and body may hold secrets.
#[derive(Clone, Default)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, from `/`, percent-encoded; a query that is encoded already may stand behind it.
    pub path: String,
    /// Names and values of the query, not yet encoded.
    pub query: Vec<(String, String)>,
    /// Headers of this request alone: conditions, a signature. Never logged.
    pub headers: Vec<(String, String)>,
    /// Content type and body.
    pub body: Option<(&'static str, Vec<u8>)>,
    /// The longer time-out applies.
    pub slow: bool,
}

/// An answer. No `Debug`: the body may hold secrets.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Date`: the server's clock.
    pub date: Option<Timestamp>,
    /// `Retry-After`, from now.
    pub retry_after: Option<Duration>,
    /// The host in `Location`.
    pub location_host: Option<String>,
    headers: HeaderMap,
    /// The body; of an error as much as arrived.
    pub body: Vec<u8>,
}

impl Answer {
    /// What stands before the body.
    pub(super) fn without_body(status: u16, headers: HeaderMap) -> Self {
        Self {
            status,
            date: text(&headers, &DATE).and_then(parse_date),
            retry_after: text(&headers, &RETRY_AFTER).and_then(parse_retry_after),
            location_host: text(&headers, &LOCATION).and_then(location_host),
            headers,
            body: Vec::new(),
        }
    }

    /// One of its headers, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// An answer without headers.
    #[cfg(test)]
    pub(crate) fn bare(status: u16, body: &str) -> Self {
        Self { body: body.as_bytes().to_vec(), ..Self::without_body(status, HeaderMap::new()) }
    }

    /// Whether the status says that the call was done.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// No answer, or none that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No byte of the request left: name, connection, TLS.
    NotSent(String),
    /// One side does not trust the certificate of the other: another try ends in the same way.
    Distrusted {
        /// The request had left by then.
        sent: bool,
        /// In words.
        why: String,
    },
    /// The request may have arrived, and no status came back.
    NoAnswer(String),
    /// The status (a 2xx) came back, and its body broke off.
    CutOff {
        /// The status.
        status: u16,
        /// What happened.
        message: String,
    },
    /// The status (a 2xx) came back with more than whoever takes the body bears.
    TooLarge {
        /// The status.
        status: u16,
        /// What is too large.
        message: String,
    },
}

/// Takes in a piece of the body of a success.
pub type Take<'a> = dyn FnMut(&[u8]) -> ControlFlow<Stop> + Send + 'a;

/// Why no more of a body is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// More is not borne: what is too large, in words.
    TooLarge(String),
    /// What is known of it suffices.
    Enough,
}

/// More than so many bytes.
pub fn too_long(limit: usize) -> ControlFlow<Stop> {
    let size = if limit >> 20 > 0 { format!("{} MB", limit >> 20) } else { format!("{limit} bytes") };
    ControlFlow::Break(Stop::TooLarge(format!("the answer is longer than {size}")))
}

/// Adds a piece to a body that is held whole, up to a limit in bytes.
pub fn hold(body: &mut Vec<u8>, piece: &[u8], limit: usize) -> ControlFlow<Stop> {
    if body.len() + piece.len() > limit {
        return too_long(limit);
    }
    body.extend_from_slice(piece);
    ControlFlow::Continue(())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn parse_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// Seconds, or a date; a date is counted from this machine's clock.
fn parse_retry_after(text: &str) -> Option<Duration> {
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let wait = parse_date(text)?.duration_since(Timestamp::now());
            Some(wait.try_into().unwrap_or(Duration::ZERO))
        }
    }
}

fn location_host(text: &str) -> Option<String> {
    reqwest::Url::parse(text).ok()?.host_str().map(str::to_owned)
}
