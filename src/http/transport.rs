//! Sends one request, and says what is known of it.

use super::endpoint::{Endpoint, SetupError};
use super::exchange::{Answer, Failure, Method, Request, Stop, Take, hold};
use super::login::{Login, headers};
use super::pace::Pace;
use super::proxy::Proxy;
use super::trust::is_distrust;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use std::error::Error as _;
use std::ops::ControlFlow;
use std::time::Duration;
use tracing::trace;

/// Bytes of an error body that are read: its message stands at the head, and a page of HTML from a proxy is far
/// shorter.
const MAX_ERROR_BODY: usize = 1 << 20;
/// How long a connection is kept for the next call: as long as the longest pause between two looks, so that waiting
/// keeps it. A read or a repeatable change over one that went stale is sent again.
const IDLE: Duration = Duration::from_secs(15);
/// How long one is kept that must not be stale: servers and what stands before them close idle ones after seconds.
/// Rents that follow each other at once still share one.
const FRESH: Duration = Duration::from_secs(1);

/// How a transport behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// At most so many requests leave within a second; `None`: no limit.
    pub requests_per_second: Option<f64>,
    /// At most so many requests are under way at once: by default enough for the pages and details of a plan. An apply
    /// raises it with its parallelism.
    pub max_concurrency: usize,
    /// How long the connection may take: by default so long that a first packet which was lost is sent again several
    /// times.
    pub connect_timeout: Duration,
    /// How long a request may take, from leaving to the last byte of its answer. By default 30 s, as programs that
    /// really use the API have it (API sheet §1).
    pub timeout: Duration,
    /// The same for rents and deletes, for which those programs wait 60 s (API sheet §1).
    pub slow_timeout: Duration,
    /// The longest answer that is held whole, in bytes, after decompression: an object, far below a megabyte. Lists are
    /// read row by row.
    pub max_body: usize,
    /// How the key is shown.
    pub login: Login,
    /// Whom TLS trusts, and what it shows of itself.
    pub tls: Tls,
}

/// Whom TLS trusts, and what it shows of itself. The default is what this machine trusts, and nothing.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Certificates are not looked at.
    pub unverified: bool,
    /// These authorities and no others, as PEM.
    pub authorities: Option<String>,
    /// Certificate and private key of this side, as PEM.
    pub identity: Option<SecretString>,
}

impl Tls {
    fn set(&self, mut builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, SetupError> {
        let fault = |what: &str, error: &reqwest::Error| SetupError::Tls(format!("{what}: {}", words(error)));
        if let Some(pem) = &self.authorities {
            let all = reqwest::Certificate::from_pem_bundle(pem.as_bytes());
            let all = all.map_err(|error| fault("the certificates of its authorities are not understood", &error))?;
            if all.is_empty() {
                return Err(SetupError::Tls("there is no certificate among those of its authorities".to_owned()));
            }
            builder = builder.tls_certs_only(all);
        }
        if let Some(pem) = &self.identity {
            let identity = reqwest::Identity::from_pem(pem.expose_secret().as_bytes());
            builder = builder
                .identity(identity.map_err(|error| fault("certificate and private key are not understood", &error))?);
        }
        Ok(builder.tls_danger_accept_invalid_certs(self.unverified))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            requests_per_second: None,
            max_concurrency: 16,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            slow_timeout: Duration::from_secs(60),
            max_body: 32 << 20,
            login: Login::SimplePod,
            tls: Tls::default(),
        }
    }
}

/// Sends requests to one endpoint with one key.
pub struct Transport {
    client: reqwest::Client,
    /// Uses no connection that was idle for longer than a moment: for calls that must not be lost on a stale one.
    fresh: reqwest::Client,
    endpoint: Endpoint,
    /// What stands before it, in words.
    proxy: Option<String>,
    key: SecretString,
    headers: HeaderMap,
    pace: Pace,
    options: Options,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("endpoint", &self.endpoint).field("options", &self.options).finish()
    }
}

impl Transport {
    /// A transport; installs the TLS implementation where none is.
    ///
    /// # Errors
    ///
    /// The key cannot stand in a header, a setting is out of range, or TLS is not to be had.
    pub fn new(endpoint: Endpoint, key: &SecretString, options: Options) -> Result<Self, SetupError> {
        super::install_crypto();
        let interval = match options.requests_per_second {
            None => Duration::ZERO,
            Some(rate) => match Duration::try_from_secs_f64(1.0 / rate) {
                Ok(interval) if rate > 0.0 => interval,
                _ => {
                    let why = format!("requests_per_second must be a number above 0, not {rate}");
                    return Err(SetupError::Setting(why));
                }
            },
        };
        let key = SecretString::from(key.expose_secret().trim());
        let headers = headers(&key, options.login)?;
        let proxy = Proxy::of_environment(&endpoint)?;
        let build = |idle: Duration| {
            let mut builder = reqwest::Client::builder()
                .user_agent(user_agent())
                .default_headers(headers.clone())
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(options.connect_timeout)
                .pool_idle_timeout(idle)
                .pool_max_idle_per_host(options.max_concurrency);
            // None but the one that was looked at: none at all to this machine, where it would see the key in clear text.
            builder = match &proxy {
                Some(proxy) => builder.proxy(proxy.rule.clone()),
                None => builder.no_proxy(),
            };
            builder = match endpoint.is_plain() {
                // No TLS will happen: do without the certificates of this machine.
                true => builder.tls_certs_only([]),
                false => options.tls.set(builder)?,
            };
            builder.build().map_err(|error| SetupError::Tls(with_authority(words(&error))))
        };
        Ok(Self {
            client: build(IDLE)?,
            fresh: build(FRESH)?,
            pace: Pace::new(options.max_concurrency, interval),
            proxy: proxy.and_then(|proxy| proxy.name),
            endpoint,
            key,
            headers,
            options,
        })
    }

    /// Where requests go.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The key, for looking for it where it must not be.
    pub fn key(&self) -> &SecretString {
        &self.key
    }

    /// How this transport behaves.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Lets nothing leave for this long.
    pub fn pause(&self, time: Duration) {
        self.pace.pause(time);
    }

    /// Sends one request, once, and holds what comes back.
    ///
    /// # Errors
    ///
    /// What is known where no readable answer came back.
    pub async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let mut body = Vec::new();
        let limit = self.options.max_body;
        let mut answer = self.send_into(request, &mut |piece| hold(&mut body, piece, limit)).await?;
        if answer.is_success() {
            answer.body = body;
        }
        Ok(answer)
    }

    /// Sends one request, once. The body of a success goes to `take`, piece by piece while it arrives; only that of
    /// another answer stands in the answer.
    ///
    /// # Errors
    ///
    /// What is known where no readable answer came back.
    pub async fn send_into(&self, request: Request, take: &mut Take<'_>) -> Result<Answer, Failure> {
        let url = self.endpoint.url(&request.path, &request.query).map_err(Failure::NotSent)?;
        let (client, method) = match request.method {
            Method::Get => (&self.client, reqwest::Method::GET),
            Method::Post => (&self.fresh, reqwest::Method::POST),
            Method::Put => (&self.client, reqwest::Method::PUT),
            Method::Patch => (&self.fresh, reqwest::Method::PATCH),
            Method::Delete => (&self.client, reqwest::Method::DELETE),
            Method::Head => (&self.client, reqwest::Method::HEAD),
            Method::Lock => (&self.fresh, webdav(b"LOCK")),
            Method::Unlock => (&self.fresh, webdav(b"UNLOCK")),
        };
        let timeout = if request.slow { self.options.slow_timeout } else { self.options.timeout };
        let mut builder = client.request(method, url).timeout(timeout);
        if let Some((content_type, body)) = request.body {
            builder = builder.header(CONTENT_TYPE, content_type).body(body);
        }
        for (name, value) in &request.headers {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| Failure::NotSent(format!("the header {name} cannot hold its value")))?;
            value.set_sensitive(true);
            builder = builder.header(name, value);
        }
        let _permit = self.pace.enter().await;
        // A query that stands in the path may hold what shows who asks.
        let path = request.path.split('?').next().unwrap_or_default();
        trace!("{} {path} headers: {}", request.method.as_str(), self.written(&self.headers));
        let response = builder.send().await.map_err(|error| match error.is_builder() || error.is_connect() {
            unsent if is_distrust(&error) => Failure::Distrusted { sent: !unsent, why: self.not_reached(&error) },
            true => Failure::NotSent(self.not_reached(&error)),
            false => Failure::NoAnswer(words(&error)),
        })?;
        self.read(response, take).await
    }

    /// Why there is no connection; what stands between may be the reason.
    fn not_reached(&self, error: &reqwest::Error) -> String {
        let why = words(error);
        // Where a block names authorities, those of this machine do not count.
        let why = if self.options.tls.authorities.is_some() { why } else { with_authority(why) };
        match &self.proxy {
            Some(proxy) => format!("{why}; {proxy} stands between here and the API"),
            None => why,
        }
    }

    /// Headers for the log, without what may be a credential.
    fn written(&self, headers: &HeaderMap) -> String {
        let words = ["auth", "cookie", "token", "key", "secret", "session"];
        let secret = |name: &str, value: &str| {
            words.iter().any(|word| name.contains(word)) || value.contains(self.key.expose_secret())
        };
        let all = headers.iter().map(|(name, value)| match value.to_str() {
            Ok(value) if !secret(name.as_str(), value) => format!("{name}: {}", value.escape_debug()),
            _ => format!("{name}: (hidden)"),
        });
        all.collect::<Vec<_>>().join(", ")
    }

    async fn read(&self, mut response: reqwest::Response, take: &mut Take<'_>) -> Result<Answer, Failure> {
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        trace!("{} {status} headers: {}", response.url().path(), self.written(&headers));
        let mut answer = Answer::without_body(status, headers);
        let success = answer.is_success();
        loop {
            match response.chunk().await {
                Ok(Some(piece)) if success => {
                    match take(&piece) {
                        // Of a long list the rest is there already: others go on between two pieces.
                        ControlFlow::Continue(()) => tokio::task::yield_now().await,
                        ControlFlow::Break(Stop::Enough) => return Ok(answer),
                        ControlFlow::Break(Stop::TooLarge(message)) => {
                            return Err(Failure::TooLarge { status, message });
                        }
                    }
                }
                Err(error) if success => return Err(Failure::CutOff { status, message: words(&error) }),
                Ok(Some(piece)) if hold(&mut answer.body, &piece, MAX_ERROR_BODY).is_continue() => {}
                // Of an error, the status says enough.
                Ok(_) | Err(_) => return Ok(answer),
            }
        }
    }
}

/// A method of WebDAV.
fn webdav(name: &[u8]) -> reqwest::Method {
    reqwest::Method::from_bytes(name).unwrap_or(reqwest::Method::POST)
}

/// `podform/0.1.0 (+https://...)`.
fn user_agent() -> String {
    let name = concat!("podform/", env!("CARGO_PKG_VERSION"));
    match env!("CARGO_PKG_REPOSITORY") {
        "" => name.to_owned(),
        repository => format!("{name} (+{repository})"),
    }
}

/// What may be missing where a certificate is not trusted.
fn with_authority(why: String) -> String {
    let distrusted = ["UnknownIssuer", "certificate", "SSL_CERT"].iter().any(|word| why.contains(word));
    match distrusted {
        true => format!(
            "{why}; where a proxy or an authority of your own signs certificates, SSL_CERT_FILE or SSL_CERT_DIR names its certificate"
        ),
        false => why,
    }
}

/// An error in words, from its innermost cause; without the URL, which may say more than it should.
fn words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return if error.is_connect() { "the connection timed out" } else { "no answer in time" }.to_owned();
    }
    let mut words = Vec::new();
    let mut cause = error.source();
    while let Some(next) = cause {
        words.push(next.to_string());
        cause = next.source();
    }
    words.dedup();
    // The innermost two say what happened; the outer ones name layers.
    match words.get(words.len().saturating_sub(2)..) {
        Some(inner) if !inner.is_empty() => inner.join(": "),
        _ => "the request failed".to_owned(),
    }
}
