//! Backends beyond a network, of their arguments. What an argument means is Terraform's; one that is not honoured is refused,
//! for whoever writes it counts on it.

use crate::config::{Arguments, BackendKind};
use crate::diag::Diagnostic;
use crate::session::environment::environment;
use crate::session::failure::Failure;
#[cfg(any(feature = "s3", feature = "gcs"))]
use crate::store::chain::ObjectLock;
use crate::store::remote::{Keyed, Naming};
use crate::store::{Backend, Objects};
use std::sync::Arc;

type Opened = Result<Box<dyn Backend>, Failure>;

/// Arguments that would change what is done, and that nothing here heeds.
const UNHEEDED: [(BackendKind, &[&str]); 2] = [
    (
        BackendKind::S3,
        &[
            "allowed_account_ids",
            "custom_ca_bundle",
            "ec2_metadata_service_endpoint",
            "ec2_metadata_service_endpoint_mode",
            "forbidden_account_ids",
            "http_proxy",
            "https_proxy",
            "insecure",
            "no_proxy",
            "sts_region",
        ],
    ),
    (
        BackendKind::Azurerm,
        &[
            "ado_pipeline_service_connection_id",
            "client_certificate",
            "client_id_file_path",
            "client_secret_file_path",
            "lookup_blob_endpoint",
            "metadata_host",
            "msi_endpoint",
            "oidc_request_token",
            "oidc_request_url",
            "oidc_token",
            "snapshot",
        ],
    ),
];

fn refuse_unheeded(kind: BackendKind, arguments: &Arguments) -> Result<(), Failure> {
    let all = UNHEEDED.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, names)| names);
    // Switched off is what they are.
    let given = |name: &&&str| arguments.get(name).is_some() && arguments.flag(name) != Some(false);
    match all.iter().find(given) {
        None => Ok(()),
        Some(name) => {
            let detail = format!(
                "The backend \"{}\" has no {name} here. It is refused, and not passed over: without it the state would be looked for in another way than is meant.",
                kind.name()
            );
            Err(Diagnostic::error("Unsupported backend argument", detail).into())
        }
    }
}

fn unusable(kind: BackendKind, why: &dyn std::fmt::Display) -> Failure {
    let detail = format!("The backend \"{}\" cannot be opened: {why}.", kind.name());
    Diagnostic::error("Backend cannot be opened", detail).into()
}

/// `backend "s3"`.
#[cfg(feature = "s3")]
pub fn s3(arguments: &Arguments) -> Opened {
    use crate::store::remote::s3::{Bucket, Encryption, Settings};
    let kind = BackendKind::S3;
    refuse_unheeded(kind, arguments)?;
    let text = |name: &str| arguments.text(name).map(str::to_owned);
    let of_endpoints = arguments.object("endpoints").and_then(|all| all.text("s3")).map(str::to_owned);
    let endpoint = match of_endpoints {
        Some(endpoint) => Some(endpoint),
        None => environment("AWS_ENDPOINT_URL_S3")?,
    };
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
        credentials: s3_credentials(arguments),
    };
    let objects = Arc::new(Bucket::new(&settings).map_err(|why| unusable(kind, &why))?);
    let naming = Naming::S3 {
        key: text("key").unwrap_or_default().trim_start_matches('/').to_owned(),
        prefix: text("workspace_key_prefix").unwrap_or_else(|| "env:".to_owned()),
    };
    let of_lock = objects.clone();
    Ok(Box::new(Keyed::new(objects, naming, move |_, key| {
        Box::new(ObjectLock::new(of_lock.clone(), format!("{key}.tflock"), format!("{bucket}/{key}")))
    })))
}

#[cfg(feature = "s3")]
fn s3_credentials(arguments: &Arguments) -> crate::store::remote::s3::Credentials {
    use crate::schema::instance::duration;
    use crate::store::remote::s3::{Credentials, Role, WebIdentity};
    let role = |given: &Arguments| Role {
        arn: given.text("role_arn").unwrap_or_default().to_owned(),
        session: given.text("session_name").map(str::to_owned),
        external_id: given.text("external_id").map(str::to_owned),
        seconds: given.text("duration").and_then(duration).and_then(|time| time.as_secs().try_into().ok()),
        policy: given.text("policy").map(str::to_owned),
        policy_arns: given.texts("policy_arns").unwrap_or_default().to_vec(),
        tags: given.map("tags").map(|tags| tags.clone().into_iter().collect()).unwrap_or_default(),
    };
    Credentials {
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
    }
}

/// `backend "gcs"`.
#[cfg(feature = "gcs")]
pub fn gcs(arguments: &Arguments) -> Opened {
    use crate::store::remote::gcs::{Bucket, Credentials, Encryption, Settings};
    let kind = BackendKind::Gcs;
    let text = |name: &str| arguments.text(name).map(str::to_owned);
    let encryption = match (arguments.secret("encryption_key"), text("kms_encryption_key")) {
        (Some(key), _) => Some(Encryption::Customer(key)),
        (None, Some(name)) => Some(Encryption::Kms(name)),
        (None, None) => None,
    };
    let impersonate = text("impersonate_service_account").map(|account| {
        (account, arguments.texts("impersonate_service_account_delegates").unwrap_or_default().to_vec())
    });
    let settings = Settings {
        bucket: text("bucket").unwrap_or_default(),
        endpoint: text("storage_custom_endpoint"),
        encryption,
        credentials: Credentials {
            token: arguments.secret("access_token"),
            key: arguments.secret("credentials"),
            impersonate,
        },
    };
    let objects = Arc::new(Bucket::new(&settings).map_err(|why| unusable(kind, &why))?);
    let naming = Naming::Gcs { prefix: text("prefix").unwrap_or_default().trim_matches('/').to_owned() };
    let of_lock = objects.clone();
    Ok(Box::new(Keyed::new(objects, naming, move |_, key| {
        let lock = format!("{}.tflock", key.strip_suffix(".tfstate").unwrap_or(key));
        let path = of_lock.place(&lock).to_string();
        Box::new(ObjectLock::new(of_lock.clone(), lock, path).by_version())
    })))
}

/// `backend "azurerm"`.
#[cfg(feature = "azurerm")]
pub fn azurerm(arguments: &Arguments) -> Opened {
    use crate::store::remote::azure::{Container, Credentials, Lease, Settings};
    let kind = BackendKind::Azurerm;
    refuse_unheeded(kind, arguments)?;
    let text = |name: &str| arguments.text(name).map(str::to_owned);
    let domain = match text("environment").as_deref() {
        None | Some("public") => None,
        Some("china") => Some("blob.core.chinacloudapi.cn".to_owned()),
        Some("usgovernment") => Some("blob.core.usgovcloudapi.net".to_owned()),
        Some(other) => return Err(unusable(kind, &format!("there is no environment \"{other}\""))),
    };
    let settings = Settings {
        account: text("storage_account_name").unwrap_or_default(),
        container: text("container_name").unwrap_or_default(),
        endpoint: environment("AZURE_STORAGE_SERVICE_ENDPOINT")?,
        domain,
        credentials: Credentials {
            key: arguments.secret("access_key"),
            sas: arguments.secret("sas_token"),
            tenant_id: text("tenant_id"),
            client_id: text("client_id"),
            client_secret: arguments.secret("client_secret"),
            client_certificate_path: text("client_certificate_path"),
            client_certificate_password: arguments.secret("client_certificate_password"),
            token_file: text("oidc_token_file_path"),
            use_cli: arguments.flag("use_cli").unwrap_or(true),
            use_msi: arguments.flag("use_msi").unwrap_or(true),
        },
    };
    let container = Container::new(&settings).map_err(|why| unusable(kind, &why))?;
    let naming = Naming::Azure { key: text("key").unwrap_or_default() };
    let objects = Arc::new(container.clone());
    Ok(Box::new(Keyed::new(objects, naming, move |_, key| Box::new(Lease::new(container.clone(), key)))))
}

/// `backend "pg"`.
#[cfg(feature = "pg")]
pub fn pg(arguments: &Arguments) -> Opened {
    use crate::store::remote::pg::{AdvisoryLock, Create, Database, Rows, Settings};
    let kind = BackendKind::Pg;
    let makes = |name: &str| !arguments.flag(name).unwrap_or(false);
    let create = Create {
        schema: makes("skip_schema_creation"),
        tables: makes("skip_table_creation"),
        index: makes("skip_index_creation"),
    };
    let variable = |name: &str| environment(name).ok().flatten();
    let conn_str = arguments.text("conn_str").unwrap_or_default();
    let settings = Settings::read(conn_str, arguments.text("schema_name"), create, variable);
    let database = Arc::new(Database::new(settings.map_err(|why| unusable(kind, &why))?));
    let objects = Arc::new(Rows(database.clone()));
    Ok(Box::new(Keyed::new(objects, Naming::Pg, move |workspace, _| {
        Box::new(AdvisoryLock::new(database.clone(), workspace))
    })))
}
