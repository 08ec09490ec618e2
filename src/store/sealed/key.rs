//! The keys of one provider: each is come by once a run.

use super::aes::AesKey;
use super::{external, openbao, pbkdf2};
use crate::config::{KeyProvider, KeySource, Pbkdf2};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// A key, and what it is found by.
#[derive(Clone, Debug)]
pub(super) struct Noted {
    /// JSON, as its provider has it.
    pub notes: Vec<u8>,
    /// It.
    pub key: Arc<AesKey>,
}

/// The keys of a provider.
#[derive(Debug)]
pub(super) struct Keys {
    provider: KeyProvider,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_notes: HashMap<Vec<u8>, Arc<AesKey>>,
    /// With which this run encrypts.
    own: Option<Noted>,
}

impl Keys {
    /// None is known yet.
    pub fn new(provider: KeyProvider) -> Keys {
        Keys { provider, known: Mutex::default() }
    }

    /// Under which key its notes stand.
    pub fn stored_as(&self) -> &str {
        &self.provider.stored_as
    }

    /// The key with which this run encrypts.
    ///
    /// # Errors
    /// Why there is none: whole sentences.
    pub async fn own(&self) -> Result<Noted, String> {
        let mut known = self.known.lock().await;
        if let Some(own) = &known.own {
            return Ok(own.clone());
        }
        let (bytes, notes) = self.new_key().await.map_err(|why| self.failed(&why))?;
        let key = Arc::new(AesKey::new(&bytes).map_err(|why| self.failed(&why))?);
        known.by_notes.insert(notes.clone(), key.clone());
        let own = Noted { notes, key };
        known.own = Some(own.clone());
        Ok(own)
    }

    /// The key of these notes.
    ///
    /// # Errors
    /// As [`Keys::own`].
    pub async fn of(&self, notes: &[u8]) -> Result<Arc<AesKey>, String> {
        let mut known = self.known.lock().await;
        if let Some(key) = known.by_notes.get(notes) {
            return Ok(key.clone());
        }
        let bytes = self.key(notes).await.map_err(|why| self.failed(&why))?;
        let key = Arc::new(AesKey::new(&bytes).map_err(|why| self.failed(&why))?);
        known.by_notes.insert(notes.to_vec(), key.clone());
        Ok(key)
    }

    /// A key has decrypted something, so nobody but its owners chose its salt: what this run writes need no other, and the
    /// second that a new one takes is saved.
    pub async fn proven(&self, noted: Noted) {
        if let KeySource::Pbkdf2(declared) = &self.provider.source
            && pbkdf2::is_current(declared, &noted.notes)
        {
            self.known.lock().await.own.get_or_insert(noted);
        }
    }

    fn failed(&self, why: &str) -> String {
        format!("{} gives no key. {why}", self.provider.name)
    }

    async fn new_key(&self) -> Result<(Vec<u8>, Vec<u8>), String> {
        match &self.provider.source {
            KeySource::Pbkdf2(declared) => {
                let notes = pbkdf2::new_notes(declared)?;
                Ok((derived(declared, &notes).await?, notes))
            }
            KeySource::External(command) => {
                let given = external::ask(command, None).await?;
                Ok((given.encryption.ok_or("The program gives no encryption key.")?, given.notes))
            }
            KeySource::Openbao(declared) => openbao::new_key(declared).await,
            KeySource::AwsKms(arguments) => super::kms::new_key(arguments).await,
        }
    }

    async fn key(&self, notes: &[u8]) -> Result<Vec<u8>, String> {
        match &self.provider.source {
            KeySource::Pbkdf2(declared) => derived(declared, notes).await,
            KeySource::External(command) => {
                let given = external::ask(command, Some(notes)).await?;
                Ok(given.decryption.ok_or("The program gives no decryption key.")?)
            }
            KeySource::Openbao(declared) => openbao::key(declared, notes).await,
            KeySource::AwsKms(arguments) => super::kms::key(arguments, notes).await,
        }
    }
}

/// Aside: it is a second of work.
async fn derived(declared: &Pbkdf2, notes: &[u8]) -> Result<Vec<u8>, String> {
    let (declared, notes) = (declared.clone(), notes.to_vec());
    let derived = spawn_blocking(move || pbkdf2::key(&declared, &notes)).await;
    derived.map_err(|error| format!("It was not derived: {error}."))?
}
