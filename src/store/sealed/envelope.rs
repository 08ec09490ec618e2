//! A whole file, encrypted: OpenTofu's envelope. What others must know of a state without its key stands in clear.

use super::cipher::{By, Cipher};
use crate::lang::json;
use crate::state::{Ciphertext, Moved, is_keyed_plan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const VERSION: &str = "v0";

/// Nothing without it is an envelope.
const MARK: &[u8] = b"\"encryption_version\"";

#[derive(Serialize, Deserialize)]
struct Envelope {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    serial: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lineage: Option<String>,
    meta: BTreeMap<String, String>,
    encrypted_data: String,
    encryption_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    podform: Option<Ours>,
}

/// By which a journal of objects knows where its state ends.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Ours {
    journal_seq: u64,
}

/// What of a state stands in clear.
#[derive(Deserialize)]
struct Head {
    serial: Option<u64>,
    lineage: Option<String>,
    podform: Option<Ours>,
}

const FOREIGN: &str =
    "It is not encrypted, or cut off, and the configuration has no method \"unencrypted\" to read it with.";

/// Why a saved plan is refused that nothing proves.
pub const UNPROVEN: &str = "Nothing proves what stands in it: it was saved without PODFORM_STATE_KEY, or with another one than is set here, or somebody without it has changed it. Plan again, with the same PODFORM_STATE_KEY as here.";

impl Cipher {
    /// The text of a state, as it is written.
    ///
    /// # Errors
    /// It cannot be encrypted: whole sentences.
    pub(super) async fn sealed_state(&self, text: &str) -> Result<String, String> {
        // It says nothing but where the state is.
        if Moved::read(text.as_bytes()).is_some() {
            return Ok(text.to_owned());
        }
        if let Some(key) = self.sums() {
            return Ok(key.state(text));
        }
        let head: Head = json::read(text.as_bytes()).map_err(|error| format!("It is no state: {error}."))?;
        self.envelope(text.as_bytes(), head).await.map(|sealed| sealed.unwrap_or_else(|| text.to_owned()))
    }

    /// The bytes of a saved plan, as they are written.
    ///
    /// # Errors
    /// It cannot be encrypted: whole sentences.
    pub async fn sealed_plan(&self, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        if let Some(key) = self.sums() {
            return Ok(key.plan(&bytes));
        }
        let head = Head { serial: None, lineage: None, podform: None };
        Ok(self.envelope(&bytes, head).await?.map_or(bytes, String::into_bytes))
    }

    async fn envelope(&self, plain: &[u8], head: Head) -> Result<Option<String>, String> {
        let Some(Ciphertext { meta, data }) = self.seal(plain, b"").await? else { return Ok(None) };
        let Head { serial, lineage, podform } = head;
        let encryption_version = VERSION.to_owned();
        let envelope = Envelope { serial, lineage, meta, encrypted_data: data, encryption_version, podform };
        Ok(Some(serde_json::to_string(&envelope).expect("an envelope has text keys and no fallible parts")))
    }

    /// The bytes of a state as it was before it was encrypted, and by what it was read. Word of where a state went stands
    /// in clear.
    ///
    /// # Errors
    /// No method reads it: whole sentences.
    pub(super) async fn opened_state(&self, bytes: Vec<u8>) -> Result<(Vec<u8>, Option<By>), String> {
        if Moved::read(&bytes).is_some() {
            return Ok((bytes, None));
        }
        if let Some((plain, by)) = self.unkeyed(|key| key.unkeyed_state(&bytes)) {
            return Ok((plain, Some(by)));
        }
        let Some(envelope) = read(&bytes)? else {
            let by = self.admits_clear().ok_or(FOREIGN)?;
            return Ok((bytes, Some(by)));
        };
        let Envelope { serial, lineage, meta, encrypted_data, podform, .. } = envelope;
        let (plain, by) = self.open(&Ciphertext { meta, data: encrypted_data }, b"").await?;
        let head: Head = json::read(&plain).map_err(|error| format!("What was encrypted is no state: {error}."))?;
        // Another program leaves ours out.
        let is_ours = podform.is_none() || podform == head.podform;
        if head.serial != serial || head.lineage != lineage || !is_ours {
            return Err("Serial, lineage or the last journal entry in clear are not those that were encrypted: somebody changed them.".to_owned());
        }
        Ok((plain, Some(by)))
    }

    /// The bytes of a saved plan as they were before they were encrypted.
    ///
    /// # Errors
    /// No method reads it: whole sentences.
    pub async fn opened_plan(&self, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        if let Some((plain, _)) = self.unkeyed(|key| key.unkeyed_plan(&bytes)) {
            return Ok(plain);
        }
        match read(&bytes)? {
            // A plan is made anew in a moment, so none is taken on trust.
            None if self.sums().is_some() || is_keyed_plan(&bytes) => Err(UNPROVEN.to_owned()),
            None => self.admits_clear().map(|_| bytes).ok_or_else(|| FOREIGN.to_owned()),
            Some(Envelope { meta, encrypted_data, .. }) => {
                Ok(self.open(&Ciphertext { meta, data: encrypted_data }, b"").await?.0)
            }
        }
    }
}

/// Whether these bytes are an envelope.
pub fn is_sealed(bytes: &[u8]) -> bool {
    !matches!(read(bytes), Ok(None))
}

/// `None`: it is none.
fn read(bytes: &[u8]) -> Result<Option<Envelope>, String> {
    #[derive(Deserialize)]
    struct Probe {
        encryption_version: Option<String>,
    }
    // A state is large, and most of them are in clear.
    let may_be = bytes.windows(MARK.len()).any(|window| window == MARK);
    let probe = Some(bytes).filter(|_| may_be).and_then(|bytes| json::read::<Probe>(bytes).ok());
    match probe.and_then(|probe| probe.encryption_version) {
        None => Ok(None),
        Some(version) if version == VERSION => {
            json::read(bytes).map(Some).map_err(|error| format!("It is encrypted, and not understood: {error}."))
        }
        Some(version) => Err(format!("It is encrypted in a form that is not known: \"{version}\".")),
    }
}
