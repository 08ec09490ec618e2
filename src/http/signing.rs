//! Signs requests with the credentials of a cloud, and fetches what those chains need.

use super::endpoint::Endpoint;
use super::exchange::Request;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use reqsign_command_execute_tokio::TokioCommandExecute;
use reqsign_core::{Context, Env, Error, HttpSend, OsEnv, ProvideCredential, SignRequest, Signer, SigningCredential};
use reqsign_file_read_tokio::TokioFileRead;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

/// The longest wait for an answer while credentials are fetched: metadata services are near, and where there is none the
/// chain asks it last.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest wait for a connection: where no metadata service is, nobody answers.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// What a chain of credentials may use: the environment with some more variables, files, commands of profiles, and services
/// that give tokens.
pub fn credentials_context(more: &[(&str, String)]) -> Context {
    Context::new()
        .with_env(Environment(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()))
        .with_file_read(TokioFileRead)
        .with_command_execute(TokioCommandExecute)
        .with_http_send(Sender::default())
}

/// Signs requests.
#[derive(Debug)]
pub struct Signing<C: SigningCredential>(Signer<C>);

impl<C: SigningCredential> Signing<C> {
    /// By these credentials, in this way.
    pub fn new(
        context: Context,
        credentials: impl ProvideCredential<Credential = C>,
        way: impl SignRequest<Credential = C>,
    ) -> Self {
        Self(Signer::new(context, credentials, way))
    }

    /// The request with a signature, or with whatever else shows who asks. Its query must stand in its path, encoded.
    ///
    /// # Errors
    /// There are no credentials, or they cannot be fetched: in words, without secrets.
    pub async fn sign(&self, endpoint: &Endpoint, request: Request) -> Result<Request, String> {
        let url = format!("{}{}", endpoint.as_str(), request.path);
        let mut building = http::Request::builder().method(request.method.as_str()).uri(&url);
        for (name, value) in &request.headers {
            building = building.header(name, value);
        }
        if let Some((content_type, body)) = &request.body {
            // Azure signs both.
            building = building.header(CONTENT_TYPE, *content_type).header(CONTENT_LENGTH, body.len());
        }
        let (mut parts, ()) = building.body(()).map_err(|error| error.to_string())?.into_parts();
        self.0.sign(&mut parts, None).await.map_err(|error| words(&error))?;
        // The endpoint may have a path of its own; the signer knows the whole one.
        let whole = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let base = http::Uri::try_from(endpoint.as_str()).map(|uri| uri.path().trim_end_matches('/').to_owned());
        let path = whole.strip_prefix(&*base.unwrap_or_default()).unwrap_or(whole).to_owned();
        // Connection and body bring their own; an empty body brings no length.
        let is_empty = request.body.as_ref().is_some_and(|(_, body)| body.is_empty());
        let own = |name: &HeaderName| ![HOST, CONTENT_TYPE].contains(name) && (*name != CONTENT_LENGTH || is_empty);
        let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
        let headers = parts.headers.iter().filter(|(name, _)| own(name));
        let headers = headers.filter_map(|(name, value)| Some((name.to_string(), text(value)?))).collect();
        Ok(Request { path, headers, ..request })
    }
}

/// An error of a chain and its causes: these crates keep secrets out of them.
fn words(error: &Error) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        words.push(next.to_string());
        cause = next.source();
    }
    words.dedup();
    words.join(": ")
}

/// The environment, with what a block says over it: some chains take nothing else. No `Debug` of the values.
struct Environment(HashMap<String, String>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Environment")
    }
}

impl Env for Environment {
    fn var(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned().or_else(|| OsEnv.var(name))
    }

    fn vars(&self) -> HashMap<String, String> {
        let mut all = OsEnv.vars();
        all.extend(self.0.clone());
        all
    }

    fn home_dir(&self) -> Option<PathBuf> {
        OsEnv.home_dir()
    }
}

/// Fetches credentials. Most chains ask nobody: its client, which reads the certificates of this machine, is made when one does.
#[derive(Debug, Default)]
struct Sender(OnceLock<Result<reqwest::Client, String>>);

impl Sender {
    fn client(&self) -> Result<&reqwest::Client, Error> {
        let made = self.0.get_or_init(|| {
            super::install_crypto();
            let client = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(TIMEOUT);
            client.build().map_err(|error| error.to_string())
        });
        made.as_ref().map_err(|why| Error::unexpected(why.clone()))
    }
}

impl HttpSend for Sender {
    async fn http_send(&self, request: http::Request<Bytes>) -> reqsign_core::Result<http::Response<Bytes>> {
        let failed = |error: reqwest::Error| Error::unexpected(error.without_url().to_string()).set_retryable(true);
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut response = self.client()?.execute(request).await.map_err(failed)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let body = response.bytes().await.map_err(failed)?;
        let mut answer = http::Response::new(body);
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        Ok(answer)
    }
}
