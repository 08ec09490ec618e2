//! The methods of one kind of file: the first encrypts, all of them decrypt.

use super::key::{Keys, Noted};
use crate::state::{Ciphertext, SumKey, Unkeyed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One method.
#[derive(Clone, Debug)]
pub(super) enum Method {
    /// In clear.
    Clear,
    /// In clear, with keyed sums.
    Keyed(Arc<SumKey>),
    /// AES-GCM with a key of these.
    Aes(Arc<Keys>),
}

/// The methods.
#[derive(Clone, Debug)]
pub struct Cipher {
    methods: Vec<Method>,
}

/// By what something was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// As it would be written now.
    First,
    /// As it is written no more.
    Fallback,
}

impl Cipher {
    pub(super) fn of(methods: Vec<Method>) -> Cipher {
        Cipher { methods }
    }

    /// The same; what is in clear has keyed sums. What has plain ones is read all the same.
    pub(super) fn keyed(&self, key: &Arc<SumKey>) -> Cipher {
        let methods = self.methods.iter().flat_map(|method| match method {
            Method::Clear => vec![Method::Keyed(key.clone()), Method::Clear],
            other => vec![other.clone()],
        });
        Cipher { methods: methods.collect() }
    }

    /// The key of the sums of what is written.
    pub(super) fn sums(&self) -> Option<&SumKey> {
        match self.methods.first()? {
            Method::Keyed(key) => Some(key),
            Method::Clear | Method::Aes(_) => None,
        }
    }

    /// Something whose sum may be keyed, as it was before; by what it was read. `None`: as it stands there.
    pub(super) fn unkeyed(&self, read: impl Fn(&SumKey) -> Unkeyed) -> Option<(Vec<u8>, By)> {
        self.methods.iter().enumerate().find_map(|(at, method)| match method {
            Method::Keyed(key) => match read(key) {
                Unkeyed::Proven(plain) => Some((plain, if at == 0 { By::First } else { By::Fallback })),
                Unkeyed::Plain | Unkeyed::Unproven => None,
            },
            Method::Clear | Method::Aes(_) => None,
        })
    }

    /// Whether what is written is encrypted.
    pub fn encrypts(&self) -> bool {
        matches!(self.methods.first(), Some(Method::Aes(_)))
    }

    /// By what something in clear may be read.
    pub(super) fn admits_clear(&self) -> Option<By> {
        let at = self.methods.iter().position(|method| matches!(method, Method::Clear))?;
        Some(if at == 0 { By::First } else { By::Fallback })
    }

    /// Encrypts. `bound` must be the same when it is decrypted. `None` where nothing is encrypted.
    ///
    /// # Errors
    /// Why it cannot be: whole sentences.
    pub(super) async fn seal(&self, plain: &[u8], bound: &[u8]) -> Result<Option<Ciphertext>, String> {
        let Some(Method::Aes(keys)) = self.methods.first() else { return Ok(None) };
        let Noted { notes, key } = keys.own().await?;
        let data = STANDARD.encode(key.seal(plain, bound)?);
        let meta = BTreeMap::from([(keys.stored_as().to_owned(), STANDARD.encode(notes))]);
        Ok(Some(Ciphertext { meta, data }))
    }

    /// Decrypts.
    ///
    /// # Errors
    /// No method can: whole sentences.
    pub(super) async fn open(&self, sealed: &Ciphertext, bound: &[u8]) -> Result<(Vec<u8>, By), String> {
        let data = STANDARD.decode(&sealed.data);
        let data = data.map_err(|_| "It is damaged: what is encrypted is no base64.".to_owned())?;
        let mut told = Vec::new();
        for (at, method) in self.methods.iter().enumerate() {
            let Method::Aes(keys) = method else { continue };
            match open(keys, sealed, &data, bound).await {
                Ok(plain) => return Ok((plain, if at == 0 { By::First } else { By::Fallback })),
                Err(why) => told.push(why),
            }
        }
        told.dedup();
        Err(match told.is_empty() {
            true => "It is encrypted, and no method here decrypts.".to_owned(),
            false => told.join(" "),
        })
    }
}

async fn open(keys: &Keys, sealed: &Ciphertext, data: &[u8], bound: &[u8]) -> Result<Vec<u8>, String> {
    let Some(notes) = sealed.meta.get(keys.stored_as()) else {
        let others: Vec<&str> = sealed.meta.keys().map(String::as_str).collect();
        return Err(format!("It was encrypted with a key of {}, not of {}.", others.join(", "), keys.stored_as()));
    };
    let notes = STANDARD.decode(notes).map_err(|_| "It is damaged: its notes on the key are no base64.".to_owned())?;
    let key = keys.of(&notes).await?;
    let wrong =
        || format!("The key of {} does not open it: it is another one, or the file was changed.", keys.stored_as());
    let plain = key.open(data, bound).ok_or_else(wrong)?;
    keys.proven(Noted { notes, key }).await;
    Ok(plain)
}
