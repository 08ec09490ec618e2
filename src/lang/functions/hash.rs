//! Digests of texts and files, and random names.

use super::CallError;
use super::filesystem::read;
use super::signature::{Args, Function, Outcome, Param, Shape, function, param};
use crate::lang;
use crate::lang::types::Type;
use crate::lang::value::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use uuid::Uuid;

const TEXT: &[Param] = &[param("str", Shape::String)];
const PATH: &[Param] = &[param("path", Shape::String)];

pub(super) const FUNCTIONS: &[Function] = &[
    function("base64sha256", TEXT, Shape::String, |args: &Args<'_>| base64(&Sha256::digest(args.text(0)))),
    function("base64sha512", TEXT, Shape::String, |args: &Args<'_>| base64(&Sha512::digest(args.text(0)))),
    function("filebase64sha256", PATH, Shape::String, |args: &Args<'_>| base64(&Sha256::digest(read(args)?))),
    function("filebase64sha512", PATH, Shape::String, |args: &Args<'_>| base64(&Sha512::digest(read(args)?))),
    function("filemd5", PATH, Shape::String, |args: &Args<'_>| hex(&Md5::digest(read(args)?))),
    function("filesha1", PATH, Shape::String, |args: &Args<'_>| hex(&Sha1::digest(read(args)?))),
    function("filesha256", PATH, Shape::String, |args: &Args<'_>| hex(&Sha256::digest(read(args)?))),
    function("filesha512", PATH, Shape::String, |args: &Args<'_>| hex(&Sha512::digest(read(args)?))),
    function("md5", TEXT, Shape::String, |args: &Args<'_>| hex(&Md5::digest(args.text(0)))),
    function("sha1", TEXT, Shape::String, |args: &Args<'_>| hex(&Sha1::digest(args.text(0)))),
    function("sha256", TEXT, Shape::String, |args: &Args<'_>| hex(&Sha256::digest(args.text(0)))),
    function("sha512", TEXT, Shape::String, |args: &Args<'_>| hex(&Sha512::digest(args.text(0)))),
    function("uuid", &[], Shape::String, uuid),
    function("uuidv5", &[param("namespace", Shape::String), param("name", Shape::String)], Shape::String, uuid_v5),
];

fn hex(digest: &[u8]) -> Outcome {
    Ok(Value::string(lang::hex(digest)))
}

fn base64(digest: &[u8]) -> Outcome {
    Ok(Value::string(STANDARD.encode(digest)))
}

fn uuid(args: &Args<'_>) -> Outcome {
    Ok(match args.effects.random() {
        Some(bytes) => Value::string(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()),
        None => Value::unknown_not_null(Type::String),
    })
}

fn uuid_v5(args: &Args<'_>) -> Outcome {
    let namespace = match args.text(0) {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => parse_uuid(other).ok_or_else(|| {
            CallError::call(format!(
                "the namespace must be \"dns\", \"url\", \"oid\", \"x500\" or a UUID, not {other:?}"
            ))
        })?,
    };
    Ok(Value::string(Uuid::new_v5(&namespace, args.text(1).as_bytes()).to_string()))
}

/// A UUID with or without hyphens, in any two brackets, or as a URN.
fn parse_uuid(text: &str) -> Option<Uuid> {
    let plain = match text.len() {
        45 if text.get(..9).is_some_and(|urn| urn.eq_ignore_ascii_case("urn:uuid:")) => text.get(9..)?,
        38 => text.get(1..37)?,
        32 | 36 => text,
        _ => return None,
    };
    Uuid::try_parse(plain).ok()
}
