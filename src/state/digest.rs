//! Keyed digests of secrets: they tell whether a secret changed, and nothing else (invariant 9).

use super::model::SecretDigest;
use crate::lang::hex;
use crate::path::{PathStep, ValuePath};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

/// The key under which the secrets of one state are digested. Wiped on drop, hidden in `Debug`.
#[derive(Debug)]
pub struct SecretKey {
    key: SecretBox<[u8; 32]>,
    id: String,
    blind: bool,
}

/// What two digests say about a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretMatch {
    /// It is the recorded one.
    Same,
    /// It is another one.
    Changed,
    /// The record was made under another key: nobody can tell. Said, and treated as unchanged.
    OtherKey,
}

impl SecretDigest {
    /// In the place of a digest: the attribute is secret, and nothing was sent for it. No secret is the same.
    const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    /// Nothing was sent of it.
    pub fn unsend(&mut self) {
        Self::NOTHING.clone_into(&mut self.digest);
    }
}

pub(super) fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().chunks(2).map(|pair| Some(digit(pair.first()?)? * 16 + digit(pair.get(1)?)?)).collect()
}

/// A short, irreversible digest of an API key, but for white space around it: tells accounts apart (invariant 11).
pub fn fingerprint(api_key: &SecretString) -> String {
    let digest =
        Sha256::new().chain_update("podform key fingerprint v1\0").chain_update(api_key.expose_secret().trim());
    hex(&digest.finalize()).chars().take(16).collect()
}

impl SecretKey {
    /// Derives the key from `PODFORM_STATE_KEY`, else from the API key; the salt is the state's lineage.
    pub fn derive(secret: &SecretString, lineage: &str) -> SecretKey {
        let mac = hmac(secret.expose_secret().as_bytes()).chain_update("podform secret digests v1\0");
        let key: [u8; 32] = mac.chain_update(lineage).finalize().into_bytes().into();
        let id = hex(&Sha256::new().chain_update("podform key id v1\0").chain_update(key).finalize());
        SecretKey { key: SecretBox::new(Box::new(key)), id: id.chars().take(8).collect(), blind: false }
    }

    /// The key of a plan that knows no secrets: whatever is recorded of one was made under another key, and counts as
    /// unchanged. `seed` is used for nothing else.
    pub fn blind(seed: &SecretString, lineage: &str) -> SecretKey {
        SecretKey { blind: true, ..SecretKey::derive(seed, lineage) }
    }

    /// Whether nothing can be compared by it.
    pub fn is_blind(&self) -> bool {
        self.blind
    }

    /// Which key this is: 8 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The digest of the secret at a path (`registry.password`, `env_variables["TOKEN"]`): the same value at two paths
    /// has two digests.
    pub fn digest(&self, path: &ValuePath, value: &str) -> SecretDigest {
        SecretDigest { key_id: self.id.clone(), digest: hex(&self.mac(path, value).finalize().into_bytes()) }
    }

    /// Compares a recorded digest with a secret, in constant time.
    pub fn compare(&self, recorded: &SecretDigest, path: &ValuePath, value: &str) -> SecretMatch {
        if recorded.digest == SecretDigest::NOTHING {
            return SecretMatch::Changed;
        }
        if self.blind || recorded.key_id != self.id {
            return SecretMatch::OtherKey;
        }
        match unhex(&recorded.digest).map(|digest| self.mac(path, value).verify_slice(&digest)) {
            Some(Ok(())) => SecretMatch::Same,
            _ => SecretMatch::Changed,
        }
    }

    fn mac(&self, path: &ValuePath, value: &str) -> Hmac<Sha256> {
        let path = context(path);
        // The length keeps path and value apart.
        let length = u64::try_from(path.len()).unwrap_or(u64::MAX).to_be_bytes();
        hmac(self.key.expose_secret()).chain_update(length).chain_update(path).chain_update(value)
    }
}

/// The bytes that stand for a path in a digest. Every digest in every state was made with them, so they stay as they
/// are: keys are quoted as Rust does it, whatever the spelling of a path becomes.
fn context(path: &ValuePath) -> String {
    let mut out = String::new();
    for step in path.steps() {
        match step {
            PathStep::Attribute(name) if out.is_empty() => out.push_str(name),
            PathStep::Attribute(name) => out.push_str(&format!(".{name}")),
            PathStep::Index(at) => out.push_str(&format!("[{at}]")),
            PathStep::Key(key) => out.push_str(&format!("[{key:?}]")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password() -> ValuePath {
        ValuePath::of("registry").attribute("password")
    }

    fn key(secret: &str, lineage: &str) -> SecretKey {
        SecretKey::derive(&SecretString::from(secret), lineage)
    }

    #[test]
    fn tells_same_from_changed_from_unknown() {
        let ours = key("k", "l");
        let digest = ours.digest(&password(), "hunter2");
        assert_eq!(digest.key_id.len(), 8);
        assert_eq!(digest.digest.len(), 64);
        assert_eq!(key("k", "l").compare(&digest, &password(), "hunter2"), SecretMatch::Same);
        assert_eq!(ours.compare(&digest, &password(), "hunter3"), SecretMatch::Changed);
        assert_eq!(
            ours.compare(&digest, &ValuePath::of("registry").attribute("passwor"), "dhunter2"),
            SecretMatch::Changed
        );
        assert_eq!(key("k", "m").compare(&digest, &password(), "hunter2"), SecretMatch::OtherKey);
        assert_eq!(key("j", "l").compare(&digest, &password(), "hunter2"), SecretMatch::OtherKey);
    }

    #[test]
    fn a_damaged_digest_is_a_changed_one() {
        let ours = key("k", "l");
        for text in ["", "a", "zz", "+1", "00"] {
            let recorded = SecretDigest { key_id: ours.id().into(), digest: text.into() };
            assert_eq!(ours.compare(&recorded, &ValuePath::of("p"), "v"), SecretMatch::Changed, "{text:?}");
        }
    }

    #[test]
    fn digests_stay_the_same_for_ever() {
        let digest = key("api-key", "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed").digest(&password(), "hunter2");
        assert_eq!(digest.key_id, "4a014d04");
        assert_eq!(digest.digest, "f63e87b2081ddac071906f589dbcc9ce8e96b4a7cf3d221f72e5747907a789b5");
        assert_eq!(fingerprint(&SecretString::from("api-key")), "fb5d9f97e2b41381");
        let odd = ValuePath::of("env_variables").key("A\"\u{1b}${x}").index(1);
        assert_eq!(context(&odd), r#"env_variables["A\"\u{1b}${x}"][1]"#);
    }

    #[test]
    fn debug_hides_the_key() {
        let ours = key("k", "l");
        assert!(!format!("{ours:?}").contains(&hex(ours.key.expose_secret())));
        assert!(format!("{ours:?}").contains("REDACTED"));
    }
}
