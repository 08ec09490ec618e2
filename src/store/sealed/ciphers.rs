//! What a configuration encrypts, and how.

use super::cipher::{Cipher, Method};
use super::key::Keys;
use crate::config::{Encryption, EncryptionMethod, EncryptionTarget};
use crate::state::SumKey;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of states and of saved plans; `None` where nothing is said of them.
#[derive(Clone, Debug, Default)]
pub struct Ciphers {
    /// Of state, journal and copies.
    pub state: Option<Arc<Cipher>>,
    /// Of saved plans.
    pub plan: Option<Arc<Cipher>>,
}

impl Ciphers {
    /// As it is declared. Both share the keys of a provider.
    pub fn new(declared: &Encryption) -> Ciphers {
        let mut all: BTreeMap<String, Arc<Keys>> = BTreeMap::new();
        let mut cipher = |target: &EncryptionTarget| {
            let methods = target.methods.iter().map(|method| match method {
                EncryptionMethod::Unencrypted => Method::Clear,
                EncryptionMethod::AesGcm(provider) => {
                    let new = || Arc::new(Keys::new(provider.clone()));
                    Method::Aes(all.entry(provider.name.clone()).or_insert_with(new).clone())
                }
            });
            Arc::new(Cipher::of(methods.collect()))
        };
        let state = declared.state.as_ref().map(&mut cipher);
        Ciphers { state, plan: declared.plan.as_ref().map(&mut cipher) }
    }

    /// The same; what is not encrypted has sums with this key.
    #[must_use]
    pub fn keyed(self, key: SumKey) -> Ciphers {
        let key = Arc::new(key);
        let keyed = |cipher: Option<Arc<Cipher>>| {
            let cipher = cipher.unwrap_or_else(|| Arc::new(Cipher::of(vec![Method::Clear])));
            Some(Arc::new(cipher.keyed(&key)))
        };
        Ciphers { state: keyed(self.state), plan: keyed(self.plan) }
    }
}
