//! Backends whose places keep objects: where each kind has the state of a workspace, which are Terraform's places.

use crate::live::DEFAULT_WORKSPACE;
use crate::store::chain::{Chain, Condition, Probed};
use crate::store::{
    Backend, Lock, Objects, Place, StateStore, StoreError, Tried, TriedOut, is_default, is_workspace_name,
};
use futures::future::{BoxFuture, FutureExt};
use std::fmt;
use std::sync::Arc;

/// How the keys of states are made of the names of workspaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `key`, and `PREFIX/NAME/key`.
    S3 {
        /// `key`.
        key: String,
        /// `workspace_key_prefix`.
        prefix: String,
    },
    /// `PREFIX/NAME.tfstate`.
    Gcs {
        /// `prefix`; empty where there is none.
        prefix: String,
    },
    /// `key`, and `keyenv:NAME`.
    Azure {
        /// `key`.
        key: String,
    },
    /// The name.
    Pg,
}

impl Naming {
    /// The key of a state.
    pub fn key(&self, workspace: &str) -> String {
        match self {
            Self::S3 { key, .. } | Self::Azure { key } if is_default(workspace) => key.clone(),
            Self::S3 { key, prefix } => format!("{prefix}/{workspace}/{key}"),
            Self::Gcs { prefix } if prefix.is_empty() => format!("{workspace}.tfstate"),
            Self::Gcs { prefix } => format!("{prefix}/{workspace}.tfstate"),
            Self::Azure { key } => format!("{key}env:{workspace}"),
            Self::Pg => workspace.to_owned(),
        }
    }

    /// What the keys of the states of all workspaces begin with, but for the default one's.
    fn before(&self) -> String {
        match self {
            Self::S3 { prefix, .. } => format!("{prefix}/"),
            Self::Gcs { prefix } if prefix.is_empty() => String::new(),
            Self::Gcs { prefix } => format!("{prefix}/"),
            Self::Azure { key } => format!("{key}env:"),
            Self::Pg => String::new(),
        }
    }

    /// The workspace whose state has this key, but for the default one.
    fn workspace(&self, key: &str) -> Option<String> {
        let rest = key.strip_prefix(&self.before())?;
        let name = match self {
            Self::S3 { key, .. } => rest.strip_suffix(&format!("/{key}"))?,
            Self::Gcs { .. } => rest.strip_suffix(".tfstate")?,
            Self::Azure { .. } | Self::Pg => rest,
        };
        (is_workspace_name(name) && !is_default(name)).then(|| name.to_owned())
    }
}

/// Makes the lock of a state, by the name of its workspace and its key.
type Locks = dyn Fn(&str, &str) -> Box<dyn Lock> + Send + Sync;

/// A backend over a place for objects.
pub struct Keyed {
    objects: Arc<dyn Objects>,
    locks: Box<Locks>,
    naming: Naming,
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed").field("naming", &self.naming).finish_non_exhaustive()
    }
}

impl Keyed {
    /// In this place.
    pub fn new(
        objects: Arc<dyn Objects>,
        naming: Naming,
        locks: impl Fn(&str, &str) -> Box<dyn Lock> + Send + Sync + 'static,
    ) -> Keyed {
        Keyed { objects, locks: Box::new(locks), naming }
    }

    fn chain(&self, workspace: &str) -> Chain<Arc<dyn Objects>, Box<dyn Lock>> {
        let key = self.naming.key(workspace);
        Chain::new(self.objects.clone(), (self.locks)(workspace, &key), key)
    }

    async fn try_out(&self) -> Result<TriedOut, StoreError> {
        let place = self.place();
        let unfit = |why: String| Err(StoreError::Unfit { place: place.clone(), why });
        let ignored = match self.chain(DEFAULT_WORKSPACE).probe().await? {
            Probed::Unusable(condition) => {
                return unfit(format!(
                    "The server refuses what it should do when it is asked to see to it {condition}. A state cannot be kept there."
                ));
            }
            Probed::Ignored(ignored) => ignored,
        };
        let needed: Vec<String> =
            ignored.iter().filter(|one| one.is_needed()).map(|condition| condition.to_string()).collect();
        if !needed.is_empty() {
            return unfit(format!(
                "The server ignores it when it is asked to see to it {}. Two runs would write over each other there: keep the state on a server that honours conditional writes.",
                needed.join(", and ")
            ));
        }
        let mut told =
            vec![format!("Objects can be written, replaced and removed at {place}, and its conditions hold.")];
        let guards_locks = !ignored.contains(&Condition::Remove);
        if !guards_locks {
            told.push(format!(
                "The server does not see to it {}: a lock there is read and compared before it is removed.",
                Condition::Remove
            ));
        }
        Ok(TriedOut { told, guards_locks })
    }

    async fn clear(&self, workspace: &str) -> Result<(), StoreError> {
        let key = self.naming.key(workspace);
        // The state last: what is left of a removal that broke off is found again by its name.
        let mut keys = self.objects.list(&format!("{key}.podform/")).await?;
        keys.push(key);
        for key in keys {
            match self.objects.remove(&key, None).await {
                Tried::Done(()) | Tried::Refused => {}
                Tried::NotDone(error) | Tried::InDoubt(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Backend for Keyed {
    fn place(&self) -> Place {
        self.objects.place(&self.naming.key(DEFAULT_WORKSPACE))
    }

    fn state(&self, workspace: &str) -> Result<Box<dyn StateStore>, StoreError> {
        Ok(Box::new(self.chain(workspace)))
    }

    fn workspaces(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        async {
            let keys = self.objects.list(&self.naming.before()).await?;
            let mut names: Vec<String> = keys.iter().filter_map(|key| self.naming.workspace(key)).collect();
            names.sort();
            names.dedup();
            Ok(names)
        }
        .boxed()
    }

    fn remove<'a>(&'a self, workspace: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.clear(workspace).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<TriedOut, StoreError>> {
        self.try_out().boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspaces_stand_where_terraform_has_them() {
        let s3 = Naming::S3 { key: "gpu/prod.tfstate".into(), prefix: "env:".into() };
        let gcs = Naming::Gcs { prefix: "tf".into() };
        let bare = Naming::Gcs { prefix: String::new() };
        let azure = Naming::Azure { key: "gpu.tfstate".into() };
        for (naming, default, staging) in [
            (s3, "gpu/prod.tfstate", "env:/staging/gpu/prod.tfstate"),
            (gcs, "tf/default.tfstate", "tf/staging.tfstate"),
            (bare, "default.tfstate", "staging.tfstate"),
            (azure, "gpu.tfstate", "gpu.tfstateenv:staging"),
            (Naming::Pg, "default", "staging"),
        ] {
            assert_eq!((naming.key("default").as_str(), naming.key("staging").as_str()), (default, staging));
            assert_eq!(naming.workspace(staging).as_deref(), Some("staging"), "{naming:?}");
            assert_eq!(naming.workspace(default), None, "{naming:?}");
            let beside = format!("{staging}.podform/journal/00000001");
            assert_eq!(naming.workspace(&beside), None, "{naming:?}");
        }
    }
}
