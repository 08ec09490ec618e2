//! Whose bucket it is: keys that were given, or the usual chain; a role on top.

use super::super::calls::Sign;
use crate::http::{Endpoint, Request, SetupError, Signing, Sts, credentials_context};
use futures::future::{BoxFuture, FutureExt};
use reqsign_aws_v4::{
    AssumeRoleCredentialProvider, AssumeRoleWithWebIdentityCredentialProvider, Credential, DefaultCredentialProvider,
    ProfileCredentialProvider, RequestSigner, StaticCredentialProvider,
};
use reqsign_core::{ProvideCredentialChain, Signer};
use secrecy::{ExposeSecret, SecretString};

/// What a block says of credentials.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// `access_key` and `secret_key`.
    pub keys: Option<(SecretString, SecretString)>,
    /// `token`.
    pub token: Option<SecretString>,
    /// `profile`; else that of the environment.
    pub profile: Option<String>,
    /// `shared_config_files`: the first one.
    pub config_file: Option<String>,
    /// `shared_credentials_files`: the first one.
    pub credentials_file: Option<String>,
    /// No metadata service is asked.
    pub skip_metadata: bool,
    /// `endpoints.sts`: another server than Amazon's that lends roles.
    pub sts: Option<String>,
    /// `assume_role`.
    pub role: Option<Role>,
    /// `assume_role_with_web_identity`.
    pub web_identity: Option<WebIdentity>,
}

/// A role that is assumed.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// `session_name`.
    pub session: Option<String>,
    /// `external_id`.
    pub external_id: Option<String>,
    /// `duration`, in seconds.
    pub seconds: Option<u32>,
    /// `policy`.
    pub policy: Option<String>,
    /// `policy_arns`.
    pub policy_arns: Vec<String>,
    /// `tags`.
    pub tags: Vec<(String, String)>,
}

/// A role that is assumed with a token of another authority: that of a CI.
#[derive(Clone, Debug, Default)]
pub struct WebIdentity {
    /// The role, but for what only other ways of assuming take.
    pub role: Role,
    /// The token.
    pub token: Option<SecretString>,
    /// The file that holds it.
    pub token_file: Option<String>,
}

/// Signs for S3.
#[derive(Debug)]
pub(super) struct Signed(Signing<Credential>);

impl Signed {
    /// For a region.
    ///
    /// # Errors
    /// The server that lends roles cannot be asked there.
    pub(super) fn new(credentials: &Credentials, region: &str) -> Result<Signed, SetupError> {
        let sts = Sts::at(credentials.sts.as_deref())?;
        let context = sts.context(credentials_context(&[]));
        let way = || RequestSigner::new("s3", region);
        let own = chain(credentials, region);
        let Some(role) = &credentials.role else { return Ok(Signed(Signing::new(context, own, way()))) };
        let sts = Signer::new(context.clone(), own, sts.signed(RequestSigner::new("sts", region)));
        Ok(Signed(Signing::new(context, assumed(role, sts, region), way())))
    }
}

impl Sign for Signed {
    fn sign<'a>(&'a self, endpoint: &'a Endpoint, request: Request) -> BoxFuture<'a, Result<Request, String>> {
        self.0.sign(endpoint, request).boxed()
    }
}

/// In Terraform's order: keys of the block, a web identity of the block, then the usual chain.
fn chain(credentials: &Credentials, region: &str) -> ProvideCredentialChain<Credential> {
    let chain = ProvideCredentialChain::new();
    if let Some((id, secret)) = &credentials.keys {
        let keys = StaticCredentialProvider::new(id.expose_secret(), secret.expose_secret());
        return chain.push(match &credentials.token {
            Some(token) => keys.with_session_token(token.expose_secret()),
            None => keys,
        });
    }
    if let Some(identity) = &credentials.web_identity {
        return chain.push(identified(identity, region));
    }
    let mut usual = DefaultCredentialProvider::builder();
    let mut profile = ProfileCredentialProvider::new();
    if let Some(file) = &credentials.config_file {
        profile = profile.with_config_file(file);
    }
    if let Some(file) = &credentials.credentials_file {
        profile = profile.with_credentials_file(file);
    }
    let of_ci = AssumeRoleWithWebIdentityCredentialProvider::new().with_region(region.to_owned());
    usual = usual.profile(profile).web_identity(of_ci.with_regional_sts_endpoint());
    if let Some(name) = &credentials.profile {
        // Who names a profile does not mean the keys of the environment.
        usual = usual.with_profile(name).no_env();
    }
    if credentials.skip_metadata {
        usual = usual.no_imds();
    }
    chain.push(usual.build())
}

fn assumed(role: &Role, sts: Signer<Credential>, region: &str) -> AssumeRoleCredentialProvider {
    let mut provider = AssumeRoleCredentialProvider::new(role.arn.clone(), sts)
        .with_region(region.to_owned())
        .with_regional_sts_endpoint()
        .with_role_session_name(role.session.clone().unwrap_or_else(|| "podform".to_owned()));
    if let Some(id) = &role.external_id {
        provider = provider.with_external_id(id.clone());
    }
    if let Some(seconds) = role.seconds {
        provider = provider.with_duration_seconds(seconds);
    }
    if let Some(policy) = &role.policy {
        provider = provider.with_policy(policy.clone());
    }
    if !role.policy_arns.is_empty() {
        provider = provider.with_policy_arns(role.policy_arns.clone());
    }
    if !role.tags.is_empty() {
        provider = provider.with_tags(role.tags.clone());
    }
    provider
}

fn identified(identity: &WebIdentity, region: &str) -> AssumeRoleWithWebIdentityCredentialProvider {
    let role = &identity.role;
    let mut provider = AssumeRoleWithWebIdentityCredentialProvider::new()
        .with_role_arn(&role.arn)
        .with_region(region.to_owned())
        .with_regional_sts_endpoint()
        .with_role_session_name(role.session.clone().unwrap_or_else(|| "podform".to_owned()));
    if let Some(token) = &identity.token {
        provider = provider.with_subject_token(token.expose_secret());
    }
    if let Some(file) = &identity.token_file {
        provider = provider.with_web_identity_token_file(file);
    }
    if let Some(seconds) = role.seconds {
        provider = provider.with_duration_seconds(seconds);
    }
    if let Some(policy) = &role.policy {
        provider = provider.with_policy(policy.clone());
    }
    if !role.policy_arns.is_empty() {
        provider = provider.with_policy_arns(role.policy_arns.clone());
    }
    provider
}
