//! Passwords and keys.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::lang::types::Type;
use crate::lang::value::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Pkcs1v15Encrypt, PrivateKey};

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

/// RSA as in PKCS #1 v1.5; the key is PEM, of either kind, without a password.
fn rsa_decrypt(args: &Args<'_>) -> Outcome {
    let bytes = STANDARD.decode(args.text(0)).map_err(|_| {
        CallError::argument(0, format!("failed to decode input {:?}: cipher text must be base64-encoded", args.text(0)))
    })?;
    let pem = args.text(1).trim_start();
    let key = PrivateKey::from_pkcs1_pem(pem).ok().or_else(|| PrivateKey::from_pkcs8_pem(pem).ok());
    let key = key.ok_or_else(|| CallError::argument(1, "it is not an RSA private key in PEM without a password"))?;
    let clear = key
        .decrypt(Pkcs1v15Encrypt, &bytes)
        .map_err(|_| CallError::call("failed to decrypt: the text was not encrypted for this key"))?;
    Ok(Value::string(String::from_utf8_lossy(&clear)))
}
