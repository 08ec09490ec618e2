//! Passwords and keys.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::lang::types::Type;
use crate::lang::value::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::hazmat::rsa_decrypt_and_check;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::CryptoRng;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PrivateKey};

pub(super) const FUNCTIONS: &[Function] = &[
    function("bcrypt", &[param("str", Shape::String)], Shape::String, bcrypt).variadic(param("cost", Shape::Number)),
    function(
        "rsadecrypt",
        &[param("ciphertext", Shape::String), param("privatekey", Shape::String)],
        Shape::String,
        rsa_decrypt,
    ),
];

/// The salt is random, so that the result is known only at apply.
fn bcrypt(args: &Args<'_>) -> Outcome {
    /// Go's default, which Terraform takes.
    const DEFAULT_COST: i64 = 10;
    /// The algorithm has no lower one; Go takes its default in place of one.
    const LEAST_COST: i64 = 4;
    /// Every step doubles the time: this one takes about a minute. Terraform goes on to 31, for days.
    const MOST_COST: i64 = 20;
    /// The algorithm reads no more.
    const MOST_BYTES: usize = 72;
    let cost = match args.values.len() {
        0 | 1 => DEFAULT_COST,
        2 => match args.int(1)? {
            low if low < LEAST_COST => DEFAULT_COST,
            cost => cost,
        },
        _ => return Err(CallError::call("at most two arguments are taken")),
    };
    let within = u32::try_from(cost).ok().filter(|_| cost <= MOST_COST);
    let cost =
        within.ok_or_else(|| CallError::call(format!("the cost is {cost}, and at most {MOST_COST} is taken")))?;
    if args.text(0).len() > MOST_BYTES {
        return Err(CallError::call(format!("the password is longer than {MOST_BYTES} bytes")));
    }
    let Some(salt) = args.effects.random() else { return Ok(Value::unknown_not_null(Type::String)) };
    let hashed = bcrypt::hash_with_salt(args.text(0), cost, salt);
    let hashed = hashed.map_err(|error| CallError::call(error.to_string()))?;
    Ok(Value::string(hashed.format_for_version(bcrypt::Version::TwoA)))
}

/// RSA as in PKCS #1 v1.5; the key is PEM, as OpenSSL or ssh-keygen write it, without a password.
fn rsa_decrypt(args: &Args<'_>) -> Outcome {
    let bytes = STANDARD.decode(args.text(0)).map_err(|_| {
        CallError::argument(0, format!("failed to decode input {:?}: cipher text must be base64-encoded", args.text(0)))
    })?;
    let text = args.text(1);
    let pem = text.find("-----BEGIN").and_then(|start| text.get(start..)).unwrap_or_default();
    let key = PrivateKey::from_pkcs1_pem(pem).ok().or_else(|| PrivateKey::from_pkcs8_pem(pem).ok());
    let key = key.or_else(|| openssh(pem));
    let key = key.ok_or_else(|| CallError::argument(1, "it is not an RSA private key in PEM without a password"))?;
    let clear = opened(&key, &bytes)
        .ok_or_else(|| CallError::call("failed to decrypt: the text was not encrypted for this key"))?;
    Ok(Value::string(String::from_utf8_lossy(&clear)))
}

/// What was encrypted; `None` where the padding is another one. The library answers a wrong key with random bytes, so
/// that nobody who sends texts learns of the padding; here the text and the key are of one person.
fn opened(key: &PrivateKey, sealed: &[u8]) -> Option<Vec<u8>> {
    /// As PKCS #1 asks.
    const LEAST_PADDING: usize = 8;
    let number = BoxedUint::from_be_slice(sealed, key.n_bits_precision()).ok()?;
    let clear = rsa_decrypt_and_check::<dyn CryptoRng>(key, None, &number).ok()?.to_be_bytes();
    let block = clear.get(clear.len().checked_sub(key.size())?..)?;
    let padded = block.strip_prefix(&[0, 2])?;
    let padding = padded.iter().position(|byte| *byte == 0).filter(|length| *length >= LEAST_PADDING)?;
    padded.get(padding + 1..).map(<[u8]>::to_vec)
}

/// A key in the format of OpenSSH (its PROTOCOL.key).
fn openssh(pem: &str) -> Option<PrivateKey> {
    let body = pem.strip_prefix("-----BEGIN OPENSSH PRIVATE KEY-----")?;
    let (body, _) = body.split_once("-----END OPENSSH PRIVATE KEY-----")?;
    let bytes = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
    let mut outer = Fields(bytes.strip_prefix(b"openssh-key-v1\0")?);
    let [cipher, derivation, _] = outer.fields()?;
    let (keys, [_, private]) = (outer.number()?, outer.fields()?);
    if [cipher, derivation] != [b"none", b"none"] || keys != 1 {
        return None;
    }
    let mut inner = Fields(private);
    let same = inner.number()? == inner.number()?;
    let [kind, n, e, d, _, p, q] = inner.fields()?;
    let whole = BoxedUint::from_be_slice_vartime;
    let key = || PrivateKey::from_components(whole(n), whole(e), whole(d), vec![whole(p), whole(q)]).ok();
    (same && kind == b"ssh-rsa").then(key)?
}

/// What stands one after the other, each with its length before it.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn field(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (field, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }

    fn fields<const N: usize>(&mut self) -> Option<[&'a [u8]; N]> {
        let fields: Vec<_> = (0..N).map_while(|_| self.field()).collect();
        fields.try_into().ok()
    }
}
