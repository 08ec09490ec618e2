//! Keys of a passphrase: PBKDF2.

use super::aes::random;
use crate::config::{HashFunction, Pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::pbkdf2::{Algorithm, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512, derive};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// What stands beside what is encrypted.
#[derive(Serialize, Deserialize)]
struct Notes {
    salt: String,
    iterations: u32,
    hash_function: String,
    key_length: usize,
}

/// Whoever can write the state could keep every reader busy: so many take ten seconds.
const MOST_ITERATIONS: u32 = 10_000_000;

impl Notes {
    fn read(notes: &[u8]) -> Result<Notes, String> {
        serde_json::from_slice(notes).map_err(|error| format!("Its notes on the key are not understood: {error}."))
    }
}

/// Notes for a new key: a salt of its own.
///
/// # Errors
/// The system gives no random bytes.
pub(super) fn new_notes(declared: &Pbkdf2) -> Result<Vec<u8>, String> {
    let mut salt = vec![0; declared.salt_length];
    random(&mut salt)?;
    let notes = Notes {
        salt: STANDARD.encode(salt),
        iterations: declared.iterations,
        hash_function: declared.hash.name().to_owned(),
        key_length: declared.key_length,
    };
    Ok(serde_json::to_vec(&notes).expect("notes are texts and numbers"))
}

/// Whether a key of these notes is as it is declared now: a new one would be no better.
pub(super) fn is_current(declared: &Pbkdf2, notes: &[u8]) -> bool {
    Notes::read(notes).is_ok_and(|notes| {
        notes.iterations == declared.iterations
            && notes.hash_function == declared.hash.name()
            && notes.key_length == declared.key_length
            && STANDARD.decode(&notes.salt).is_ok_and(|salt| salt.len() == declared.salt_length)
    })
}

/// The key of these notes. It takes a second on purpose.
///
/// # Errors
/// The notes are none: whole sentences.
pub(super) fn key(declared: &Pbkdf2, notes: &[u8]) -> Result<Vec<u8>, String> {
    let notes = Notes::read(notes)?;
    let salt = STANDARD.decode(&notes.salt).map_err(|_| "Its salt is no base64.".to_owned())?;
    let function = HashFunction::named(&notes.hash_function);
    let function = function.ok_or_else(|| format!("Its hash function {} is not known.", notes.hash_function))?;
    let algorithm: Algorithm = match function {
        HashFunction::Sha256 => PBKDF2_HMAC_SHA256,
        HashFunction::Sha512 => PBKDF2_HMAC_SHA512,
    };
    let iterations = NonZeroU32::new(notes.iterations).filter(|number| number.get() <= MOST_ITERATIONS);
    let iterations = iterations.ok_or_else(|| format!("It asks for {} iterations.", notes.iterations))?;
    if ![16, 32].contains(&notes.key_length) {
        return Err(format!("Its key has {} bytes: one of AES-GCM has 32 here, or 16.", notes.key_length));
    }
    let mut key = vec![0; notes.key_length];
    derive(algorithm, iterations, &salt, declared.passphrase.expose_secret().as_bytes(), &mut key);
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_standard() {
        let declared = Pbkdf2 {
            passphrase: "passwordPASSWORDpassword".into(),
            key_length: 32,
            iterations: 4096,
            salt_length: 36,
            hash: HashFunction::Sha256,
        };
        // RFC 7914 names PBKDF2-HMAC-SHA-256; this vector is RFC 6070's fifth with that function, of 32 bytes.
        let salt = STANDARD.encode("saltSALTsaltSALTsaltSALTsaltSALTsalt");
        let notes = format!(r#"{{"salt":"{salt}","iterations":4096,"hash_function":"sha256","key_length":32}}"#);
        let key = key(&declared, notes.as_bytes()).expect("a key");
        assert_eq!(crate::lang::hex(&key), "348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e1");
        assert!(is_current(&declared, notes.as_bytes()));
        assert!(is_current(&declared, &new_notes(&declared).expect("random bytes")));
        assert!(!is_current(&Pbkdf2 { iterations: 5000, ..declared.clone() }, notes.as_bytes()));
        for wrong in ["{}", "", r#"{"salt":"*","iterations":1,"hash_function":"sha256","key_length":32}"#] {
            super::key(&declared, wrong.as_bytes()).expect_err("no notes");
        }
        for (name, value) in [("iterations", "4000000000"), ("key_length", "24"), ("hash_function", "\"md5\"")] {
            let good = [("iterations", "4096"), ("key_length", "32"), ("hash_function", "\"sha256\"")];
            let old = good.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
            let wrong = notes.replace(&format!("\"{name}\":{old}"), &format!("\"{name}\":{value}"));
            assert_ne!(wrong, notes);
            super::key(&declared, wrong.as_bytes()).expect_err("no such key");
        }
    }
}
