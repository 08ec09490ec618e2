//! Where roles are asked for, where that is another server than Amazon's STS.

use super::endpoint::{Endpoint, SetupError};
use bytes::Bytes;
use http::Uri;
use http::request::Parts;
use reqsign_core::time::Timestamp;
use reqsign_core::{Context, Error, HttpSend, Result, SignRequest};
use std::time::Duration;

/// The server that lends roles.
#[derive(Clone, Debug, Default)]
pub struct Sts(Option<Endpoint>);

impl Sts {
    /// At this address; without one, Amazon's of the region.
    ///
    /// # Errors
    /// It is none, or its answers, which hold secrets, would come over a network in clear.
    pub fn at(address: Option<&str>) -> std::result::Result<Sts, SetupError> {
        let Some(address) = address else { return Ok(Sts(None)) };
        let wrong = |why: String| SetupError::Setting(format!("the endpoint of STS cannot be used: {why}"));
        let endpoint = Endpoint::of_place(address).map_err(|error| match error {
            SetupError::BaseUrl(why) => wrong(why),
            other => other,
        })?;
        if endpoint.is_clear_and_far() {
            return Err(wrong(format!("http would send credentials from {} unencrypted", endpoint.host())));
        }
        Ok(Sts(Some(endpoint)))
    }

    /// A context whose unsigned calls to STS go there.
    #[must_use]
    pub fn context(&self, context: Context) -> Context {
        context.clone().with_http_send(Diverted(self.clone(), context))
    }

    /// Signs for the server that is meant: the name of the host is among what is signed.
    pub fn signed<W: SignRequest>(&self, way: W) -> impl SignRequest<Credential = W::Credential> {
        Way(self.clone(), way)
    }

    /// The same call, there.
    fn there(&self, uri: &Uri) -> Result<Uri> {
        let is_amazons = uri.host().is_some_and(|host| host.starts_with("sts."));
        let Some(endpoint) = self.0.as_ref().filter(|_| is_amazons) else { return Ok(uri.clone()) };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let there = Uri::try_from(format!("{}{path}", endpoint.as_str()));
        there.map_err(|error| Error::config_invalid("the endpoint of STS cannot be used").with_source(error))
    }
}

#[derive(Debug)]
struct Diverted(Sts, Context);

impl HttpSend for Diverted {
    async fn http_send(&self, mut request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        *request.uri_mut() = self.0.there(request.uri())?;
        self.1.http_send(request).await
    }
}

#[derive(Debug)]
struct Way<W>(Sts, W);

impl<W: SignRequest> SignRequest for Way<W> {
    type Credential = W::Credential;

    fn required_valid_until(&self, credential: &W::Credential, expires_in: Option<Duration>) -> Timestamp {
        self.1.required_valid_until(credential, expires_in)
    }

    async fn sign_request(
        &self,
        context: &Context,
        request: &mut Parts,
        credential: Option<&W::Credential>,
        expires_in: Option<Duration>,
    ) -> Result<()> {
        let there = self.0.there(&request.uri)?;
        let meant = std::mem::replace(&mut request.uri, there);
        let signed = self.1.sign_request(context, request, credential, expires_in).await;
        if signed.is_err() {
            request.uri = meant;
        }
        signed
    }
}
