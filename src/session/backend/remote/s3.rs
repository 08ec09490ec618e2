//! `backend "s3"`.

use super::unusable;
use crate::config::{Arguments, BackendKind};
use crate::schema::instance::duration;
use crate::session::environment::environment;
use crate::session::failure::Failure;
use crate::store::Backend;
use crate::store::chain::ObjectLock;
use crate::store::remote::s3::{Bucket, Credentials, Encryption, Role, Settings, WebIdentity};
use crate::store::remote::{Keyed, Naming};
use std::sync::Arc;

/// Nothing is called yet. `guards_locks`: the place was seen to remove no other version than the one that is meant.
///
/// # Errors
/// Its arguments do not go together.
pub fn s3(arguments: &Arguments, guards_locks: bool) -> Result<Box<dyn Backend>, Failure> {
    let kind = BackendKind::S3;
    let text = |name: &str| arguments.text(name).map(str::to_owned);
    let endpoint = endpoint(arguments, "s3", "AWS_ENDPOINT_URL_S3")?;
    let region = text("region").or_else(|| endpoint.is_some().then(|| "us-east-1".to_owned()));
    let Some(region) = region else {
        return Err(unusable(kind, &"it names no region; write region = \"...\", or set AWS_REGION"));
    };
    let encryption = match (arguments.secret("sse_customer_key"), text("kms_key_id"), arguments.flag("encrypt")) {
        (Some(key), ..) => Some(Encryption::Customer(key)),
        (None, Some(id), _) => Some(Encryption::Kms(id)),
        (None, None, Some(true)) => Some(Encryption::Service),
        (None, None, _) => None,
    };
    let bucket = text("bucket").unwrap_or_default();
    let settings = Settings {
        bucket: bucket.clone(),
        region,
        endpoint,
        use_path_style: arguments.flag("use_path_style").unwrap_or(false),
        use_fips_endpoint: arguments.flag("use_fips_endpoint").unwrap_or(false),
        use_dualstack_endpoint: arguments.flag("use_dualstack_endpoint").unwrap_or(false),
        encryption,
        acl: text("acl"),
        max_retries: arguments.number("max_retries").and_then(|tries| tries.try_into().ok()),
        credentials: credentials(arguments)?,
    };
    let objects = Arc::new(Bucket::new(&settings).map_err(|why| unusable(kind, &why))?);
    let naming = Naming::S3 {
        key: text("key").unwrap_or_default().trim_start_matches('/').to_owned(),
        prefix: text("workspace_key_prefix").unwrap_or_else(|| "env:".to_owned()),
    };
    let of_lock = objects.clone();
    Ok(Box::new(Keyed::new(objects, naming, move |_, key| {
        let lock = ObjectLock::new(of_lock.clone(), format!("{key}.tflock"), format!("{bucket}/{key}"));
        Box::new(lock.guarded(guards_locks))
    })))
}

/// Of a service: what the block says, what the environment says of it, and what that says of all.
fn endpoint(arguments: &Arguments, service: &str, variable: &str) -> Result<Option<String>, Failure> {
    if let Some(endpoint) = arguments.object("endpoints").and_then(|all| all.text(service)) {
        return Ok(Some(endpoint.to_owned()));
    }
    match environment(variable)? {
        Some(endpoint) => Ok(Some(endpoint)),
        None => Ok(environment("AWS_ENDPOINT_URL")?),
    }
}

fn credentials(arguments: &Arguments) -> Result<Credentials, Failure> {
    let role = |given: &Arguments| Role {
        arn: given.text("role_arn").unwrap_or_default().to_owned(),
        session: given.text("session_name").map(str::to_owned),
        external_id: given.text("external_id").map(str::to_owned),
        seconds: given.text("duration").and_then(duration).and_then(|time| time.as_secs().try_into().ok()),
        policy: given.text("policy").map(str::to_owned),
        policy_arns: given.texts("policy_arns").unwrap_or_default().to_vec(),
        tags: given.map("tags").map(|tags| tags.clone().into_iter().collect()).unwrap_or_default(),
    };
    Ok(Credentials {
        sts: endpoint(arguments, "sts", "AWS_ENDPOINT_URL_STS")?,
        keys: arguments.secret("access_key").zip(arguments.secret("secret_key")),
        token: arguments.secret("token"),
        profile: arguments.text("profile").map(str::to_owned),
        config_file: arguments.texts("shared_config_files").and_then(|files| files.first().cloned()),
        credentials_file: arguments.texts("shared_credentials_files").and_then(|files| files.first().cloned()),
        skip_metadata: arguments.flag("skip_metadata_api_check").unwrap_or(false),
        role: arguments.object("assume_role").map(role),
        web_identity: arguments.object("assume_role_with_web_identity").map(|given| WebIdentity {
            role: role(given),
            token: given.secret("web_identity_token"),
            token_file: given.text("web_identity_token_file").map(str::to_owned),
        }),
    })
}
