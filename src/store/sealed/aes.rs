//! AES-GCM: a nonce of 96 random bits, what is encrypted, and the tag, one behind the other.

use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;

/// A key that encrypts and decrypts.
pub(super) struct AesKey(LessSafeKey);

impl fmt::Debug for AesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesKey(..)")
    }
}

impl AesKey {
    /// Of 32 bytes, or of 16.
    ///
    /// # Errors
    /// It has another length: a whole sentence.
    pub fn new(bytes: &[u8]) -> Result<AesKey, String> {
        let algorithm = match bytes.len() {
            16 => &AES_128_GCM,
            32 => &AES_256_GCM,
            length => return Err(format!("Its key has {length} bytes: one of AES-GCM has 32 here, or 16.")),
        };
        let key = UnboundKey::new(algorithm, bytes).map_err(|_| "Its key is no key of AES-GCM.".to_owned())?;
        Ok(AesKey(LessSafeKey::new(key)))
    }

    /// Encrypts. `bound` must be the same when it is decrypted.
    ///
    /// # Errors
    /// The system gives no random bytes: a whole sentence.
    pub fn seal(&self, plain: &[u8], bound: &[u8]) -> Result<Vec<u8>, String> {
        let mut nonce = [0; NONCE_LEN];
        random(&mut nonce)?;
        let mut text = plain.to_vec();
        let sealed = self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut text);
        sealed.map_err(|_| "It is too long to be encrypted.".to_owned())?;
        Ok([&nonce[..], &text].concat())
    }

    /// Decrypts. `None`: it was encrypted with another key, or changed since.
    pub fn open(&self, sealed: &[u8], bound: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let mut text = text.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let length = self.0.open_in_place(nonce, Aad::from(bound), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

/// Fills this with random bytes.
///
/// # Errors
/// The system gives none: a whole sentence.
pub(super) fn random(bytes: &mut [u8]) -> Result<(), String> {
    SystemRandom::new().fill(bytes).map_err(|_| "The system gives no random bytes.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens_what_is_whole() {
        for length in [16, 32] {
            let key = AesKey::new(&vec![7; length]).expect("a key");
            let sealed = key.seal(b"machines", b"1").expect("sealed");
            assert_eq!(sealed.len(), 12 + 8 + 16);
            assert_ne!(sealed, key.seal(b"machines", b"1").expect("sealed"), "no nonce comes twice");
            assert_eq!(key.open(&sealed, b"1").as_deref(), Some(&b"machines"[..]));
            assert_eq!(key.open(&sealed, b"2"), None);
            assert_eq!(AesKey::new(&vec![8; length]).expect("a key").open(&sealed, b"1"), None);
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                assert_eq!(key.open(&changed, b"1"), None, "{at}");
                assert_eq!(key.open(&sealed[..at], b"1"), None, "{at}");
            }
        }
        assert!(AesKey::new(&[0; 24]).is_err());
    }
}
