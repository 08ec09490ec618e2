//! The backend: one state under its address.

use super::probe::Probe;
use super::server::{JOURNAL, KEPT, STATE, Server};
use super::settings::Settings;
use super::store::Web;
use crate::store::{Backend, Place, StateStore, StoreError, TriedOut, is_default};
use futures::future::{BoxFuture, FutureExt, ready};
use std::sync::Arc;

/// A server of Terraform's http protocol.
#[derive(Debug)]
pub struct HttpBackend {
    server: Arc<Server>,
}

impl HttpBackend {
    /// Nothing is called yet.
    ///
    /// # Errors
    /// What cannot be used of the settings, in words.
    pub fn new(settings: &Settings) -> Result<HttpBackend, String> {
        Ok(HttpBackend { server: Arc::new(Server::new(settings)?) })
    }

    /// The one state.
    pub fn store(&self) -> Web {
        Web::new(Arc::clone(&self.server))
    }

    fn one_state(&self) -> StoreError {
        StoreError::one_state(self.server.place(STATE))
    }
}

impl Backend for HttpBackend {
    fn place(&self) -> Place {
        self.server.place(STATE)
    }

    fn state(&self, workspace: &str) -> Result<Box<dyn StateStore>, StoreError> {
        match is_default(workspace) {
            true => Ok(Box::new(self.store())),
            false => Err(self.one_state()),
        }
    }

    fn workspaces(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn remove<'a>(&'a self, workspace: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            if !is_default(workspace) {
                return Err(self.one_state());
            }
            for ending in [KEPT, JOURNAL, STATE] {
                self.server.delete(ending, None).await?;
            }
            Ok(())
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<TriedOut, StoreError>> {
        Probe::new(&self.server).run().boxed()
    }
}
