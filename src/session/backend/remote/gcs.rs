//! `backend "gcs"`.

use super::unusable;
use crate::config::{Arguments, BackendKind};
use crate::session::failure::Failure;
use crate::store::chain::ObjectLock;
use crate::store::remote::gcs::{Bucket, Credentials, Encryption, Settings};
use crate::store::remote::{Keyed, Naming};
use crate::store::{Backend, Objects};
use std::sync::Arc;

/// Nothing is called yet. `guards_locks`: the place was seen to remove no other version than the one that is meant.
///
/// # Errors
/// Its arguments do not go together.
pub fn gcs(arguments: &Arguments, guards_locks: bool) -> Result<Box<dyn Backend>, Failure> {
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
        Box::new(ObjectLock::new(of_lock.clone(), lock, path).by_version().guarded(guards_locks))
    })))
}
