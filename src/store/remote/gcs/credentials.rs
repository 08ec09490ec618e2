//! Whose bucket it is: a token, a key, or the usual chain; another account on top.

use super::super::calls::Sign;
use crate::http::{Endpoint, Request, Signing, credentials_context};
use futures::future::{BoxFuture, FutureExt};
use reqsign_core::ProvideCredentialChain;
use reqsign_google::{
    Credential, DefaultCredentialProvider, FileCredentialProvider, RequestSigner,
    ServiceAccountImpersonationCredentialProvider, ServiceAccountImpersonationGrant, StaticCredentialProvider,
    TokenCredentialProvider,
};
use secrecy::{ExposeSecret, SecretString};

/// What may be done with a token: objects of buckets are read and written.
const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_write";

/// What a block says of credentials.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// `access_token`.
    pub token: Option<SecretString>,
    /// `credentials`: a key as JSON, or the file that holds it.
    pub key: Option<SecretString>,
    /// `impersonate_service_account`, and those who stand between.
    pub impersonate: Option<(String, Vec<String>)>,
}

/// Signs for Google.
#[derive(Debug)]
pub(super) struct Signed(Signing<Credential>);

impl Signed {
    /// By these.
    pub(super) fn new(credentials: &Credentials) -> Signed {
        let context = credentials_context(&[]);
        let way = RequestSigner::new("storage").with_scope(SCOPE);
        let own = chain(credentials);
        Signed(match &credentials.impersonate {
            None => Signing::new(context, own, way),
            Some((account, between)) => {
                let grant = ServiceAccountImpersonationGrant::new(account, [SCOPE]).with_delegates(between);
                Signing::new(context, ServiceAccountImpersonationCredentialProvider::new(own, grant), way)
            }
        })
    }
}

impl Sign for Signed {
    fn sign<'a>(&'a self, endpoint: &'a Endpoint, request: Request) -> BoxFuture<'a, Result<Request, String>> {
        self.0.sign(endpoint, request).boxed()
    }
}

/// In Terraform's order.
fn chain(credentials: &Credentials) -> ProvideCredentialChain<Credential> {
    let chain = ProvideCredentialChain::new();
    if let Some(token) = &credentials.token {
        return chain.push(TokenCredentialProvider::new(token.expose_secret()));
    }
    match credentials.key.as_ref().map(ExposeSecret::expose_secret) {
        Some(key) if key.trim_start().starts_with('{') => {
            chain.push(StaticCredentialProvider::new(key).with_scope(SCOPE))
        }
        Some(file) => chain.push(FileCredentialProvider::new(file).with_scope(SCOPE)),
        None => chain.push(DefaultCredentialProvider::builder().build()),
    }
}
