//! A lock that is an object: written where none is, removed by whoever wrote it. Key and text are Terraform's, so that both
//! programs keep each other out.

use crate::store::{Holding, Lock, LockInfo, Objects, Place, StoreError, Tried, Version};
use futures::future::{BoxFuture, FutureExt};

/// The lock beside a state.
#[derive(Debug)]
pub struct ObjectLock<O> {
    objects: O,
    key: String,
    /// The place of the state, as Terraform writes it into the lock: bucket and key.
    path: String,
    /// Terraform takes the version of the object for its id there.
    by_version: bool,
    /// The place sees to it that no other version is removed than the one that is meant.
    is_guarded: bool,
}

impl<O: Objects> ObjectLock<O> {
    /// The object under this key. `path` is what its text says of the state.
    pub fn new(objects: O, key: impl Into<String>, path: impl Into<String>) -> ObjectLock<O> {
        ObjectLock { objects, key: key.into(), path: path.into(), by_version: false, is_guarded: false }
    }

    /// It can be taken away by the version of the object, too: on Google Cloud Storage that is its generation.
    pub fn by_version(self) -> ObjectLock<O> {
        ObjectLock { by_version: true, ..self }
    }

    /// Whether the place was seen to remove no other version than the one that is meant. Where it was not, whoever removes the
    /// lock looks first.
    pub fn guarded(self, is_guarded: bool) -> ObjectLock<O> {
        ObjectLock { is_guarded, ..self }
    }

    /// A lock of this version.
    fn holding_of(&self, info: Option<LockInfo>, version: Version) -> Holding {
        // One whose text is not understood has no other.
        let own = version.0.clone().filter(|_| self.by_version || info.is_none());
        let ids = info.iter().map(|info| info.id.clone()).chain(own).collect();
        Holding { info, ids, version }
    }
}

impl<O: Objects> Lock for ObjectLock<O> {
    fn place(&self) -> Place {
        self.objects.place(&self.key)
    }

    fn take<'a>(&'a self, info: &'a LockInfo) -> BoxFuture<'a, Tried<Holding>> {
        let text = info.for_terraform(&self.path);
        async move {
            let tried = self.objects.create(&self.key, text.as_bytes()).await;
            tried.map(|version| self.holding_of(Some(info.clone()), version))
        }
        .boxed()
    }

    fn holding(&self) -> BoxFuture<'_, Result<Option<Holding>, StoreError>> {
        async {
            let Some(object) = self.objects.get(&self.key).await? else { return Ok(None) };
            Ok(Some(self.holding_of(LockInfo::of_terraform(&object.bytes), object.version)))
        }
        .boxed()
    }

    fn free<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Tried<()>> {
        async move {
            if !self.is_guarded {
                match self.objects.version(&self.key).await {
                    Ok(Some(there)) if there == holding.version => {}
                    Ok(Some(_)) => return Tried::Refused,
                    Ok(None) => return Tried::Done(()),
                    Err(error) => return Tried::NotDone(error),
                }
            }
            self.objects.remove(&self.key, Some(&holding.version)).await
        }
        .boxed()
    }
}
