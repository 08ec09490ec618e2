//! A backend whose states are encrypted.

use super::cipher::Cipher;
use super::store::Sealed;
use crate::store::{Backend, Place, StateStore, StoreError, TriedOut};
use futures::future::BoxFuture;
use std::sync::Arc;

/// Any backend, with the states in it encrypted.
#[derive(Debug)]
pub struct SealedBackend {
    inner: Box<dyn Backend>,
    cipher: Arc<Cipher>,
}

impl SealedBackend {
    /// Over another one.
    pub fn new(inner: Box<dyn Backend>, cipher: Arc<Cipher>) -> SealedBackend {
        SealedBackend { inner, cipher }
    }
}

impl Backend for SealedBackend {
    fn place(&self) -> Place {
        self.inner.place()
    }

    fn state(&self, workspace: &str) -> Result<Box<dyn StateStore>, StoreError> {
        Ok(Box::new(Sealed::new(self.inner.state(workspace)?, self.cipher.clone())))
    }

    fn workspaces(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        self.inner.workspaces()
    }

    fn remove<'a>(&'a self, workspace: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.remove(workspace)
    }

    fn probe(&self) -> BoxFuture<'_, Result<TriedOut, StoreError>> {
        self.inner.probe()
    }
}
