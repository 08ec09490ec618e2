//! Whose container it is: a key, a token in the address, or a sign-in with Entra.

use super::super::calls::Sign;
use crate::http::{Endpoint, Request, Signing, credentials_context};
use futures::future::{BoxFuture, FutureExt};
use reqsign_azure_storage::{Credential, DefaultCredentialProvider, RequestSigner, StaticCredentialProvider};
use reqsign_core::ProvideCredentialChain;
use secrecy::{ExposeSecret, SecretString};

/// What a block says of credentials.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// `access_key`.
    pub key: Option<SecretString>,
    /// `sas_token`.
    pub sas: Option<SecretString>,
    /// `tenant_id`.
    pub tenant_id: Option<String>,
    /// `client_id`.
    pub client_id: Option<String>,
    /// `client_secret`.
    pub client_secret: Option<SecretString>,
    /// `client_certificate_path`.
    pub client_certificate_path: Option<String>,
    /// `client_certificate_password`.
    pub client_certificate_password: Option<SecretString>,
    /// `oidc_token_file_path`.
    pub token_file: Option<String>,
    /// `use_cli`: unless it is switched off.
    pub use_cli: bool,
    /// `use_msi`: unless it is switched off.
    pub use_msi: bool,
}

/// Signs for Azure.
#[derive(Debug)]
pub(super) struct Signed {
    signing: Signing<Credential>,
    sas: Option<SecretString>,
}

impl Signed {
    /// For an account.
    pub(super) fn new(account: &str, credentials: &Credentials) -> Signed {
        let secret = |secret: &Option<SecretString>| secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        // The chain knows these by Azure's own variables; Terraform's have other names.
        let more = [
            ("AZURE_TENANT_ID", credentials.tenant_id.clone()),
            ("AZURE_CLIENT_ID", credentials.client_id.clone()),
            ("AZURE_CLIENT_SECRET", secret(&credentials.client_secret)),
            ("AZURE_CLIENT_CERTIFICATE_PATH", credentials.client_certificate_path.clone()),
            ("AZURE_CLIENT_CERTIFICATE_PASSWORD", secret(&credentials.client_certificate_password)),
            ("AZURE_FEDERATED_TOKEN_FILE", credentials.token_file.clone()),
        ];
        let more: Vec<(&str, String)> = more.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let context = credentials_context(&more);
        let chain = ProvideCredentialChain::new();
        let chain = match (&credentials.key, &credentials.sas) {
            (Some(key), _) => chain.push(StaticCredentialProvider::new_shared_key(account, key.expose_secret())),
            (None, Some(sas)) => {
                chain.push(StaticCredentialProvider::new_sas_token(sas.expose_secret().trim_start_matches('?')))
            }
            (None, None) => {
                let mut usual = DefaultCredentialProvider::builder();
                if !credentials.use_cli {
                    usual = usual.no_azure_cli();
                }
                if !credentials.use_msi {
                    usual = usual.no_imds();
                }
                chain.push(usual.build())
            }
        };
        let sas = credentials.sas.clone();
        Signed { signing: Signing::new(context, chain, RequestSigner::new()), sas }
    }
}

impl Sign for Signed {
    fn sign<'a>(&'a self, endpoint: &'a Endpoint, request: Request) -> BoxFuture<'a, Result<Request, String>> {
        self.signing.sign(endpoint, request).boxed()
    }

    fn clean(&self, words: String) -> String {
        match &self.sas {
            Some(sas) => words.replace(sas.expose_secret().trim_start_matches('?'), "(token)"),
            None => words,
        }
    }
}
