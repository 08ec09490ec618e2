//! A lock that is an object: written where none is, removed by whoever wrote it. Key and text are Terraform's, so that both
//! programs keep each other out.

use crate::store::{Holding, Lock, LockInfo, Objects, Place, StoreError, Tried};
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
}

impl<O: Objects> ObjectLock<O> {
    /// The object under this key. `path` is what its text says of the state.
    pub fn new(objects: O, key: impl Into<String>, path: impl Into<String>) -> ObjectLock<O> {
        ObjectLock { objects, key: key.into(), path: path.into(), by_version: false }
    }

    /// It can be taken away by the version of the object, too: on Google Cloud Storage that is its generation.
    pub fn by_version(self) -> ObjectLock<O> {
        ObjectLock { by_version: true, ..self }
    }
}

impl<O: Objects> Lock for ObjectLock<O> {
    fn place(&self) -> Place {
        self.objects.place(&self.key)
    }

    fn take<'a>(&'a self, info: &'a LockInfo) -> BoxFuture<'a, Tried<()>> {
        let text = info.for_terraform(&self.path);
        async move { self.objects.create(&self.key, text.as_bytes()).await.map(drop) }.boxed()
    }

    fn holding(&self) -> BoxFuture<'_, Result<Option<Holding>, StoreError>> {
        async {
            let Some(object) = self.objects.get(&self.key).await? else { return Ok(None) };
            let info = LockInfo::of_terraform(&object.bytes);
            // One whose text is not understood has no other.
            let version = object.version.0.clone().filter(|_| self.by_version || info.is_none());
            let ids = info.iter().map(|info| info.id.clone()).chain(version).collect();
            Ok(Some(Holding { info, ids, version: object.version }))
        }
        .boxed()
    }

    fn free<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Tried<()>> {
        self.objects.remove(&self.key, Some(&holding.version))
    }
}
