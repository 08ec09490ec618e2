//! `backend "azurerm"`.

use super::unusable;
use crate::config::{Arguments, BackendKind};
use crate::session::environment::environment;
use crate::session::failure::Failure;
use crate::store::Backend;
use crate::store::remote::azure::{Container, Credentials, Lease, Settings};
use crate::store::remote::{Keyed, Naming};
use std::sync::Arc;

/// Nothing is called yet.
///
/// # Errors
/// Its arguments do not go together.
pub fn azurerm(arguments: &Arguments) -> Result<Box<dyn Backend>, Failure> {
    let kind = BackendKind::Azurerm;
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
