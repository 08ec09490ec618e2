//! Digests of texts and files, and random names.

use super::filesystem::read;
use super::signature::{Args, Function, Outcome, Param, Shape, function, param};
use crate::lang;
use crate::lang::types::Type;
use crate::lang::value::Value;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha512};

const TEXT: &[Param] = &[param("str", Shape::String)];
const PATH: &[Param] = &[param("path", Shape::String)];

pub(super) const FUNCTIONS: &[Function] = &[
    function("base64sha256", TEXT, Shape::String, |args: &Args<'_>| base64(&Sha256::digest(args.text(0)))),
    function("base64sha512", TEXT, Shape::String, |args: &Args<'_>| base64(&Sha512::digest(args.text(0)))),
    function("filebase64sha256", PATH, Shape::String, |args: &Args<'_>| base64(&Sha256::digest(read(args)?))),
    function("filebase64sha512", PATH, Shape::String, |args: &Args<'_>| base64(&Sha512::digest(read(args)?))),
    function("filesha256", PATH, Shape::String, |args: &Args<'_>| hex(&Sha256::digest(read(args)?))),
    function("filesha512", PATH, Shape::String, |args: &Args<'_>| hex(&Sha512::digest(read(args)?))),
    function("sha256", TEXT, Shape::String, |args: &Args<'_>| hex(&Sha256::digest(args.text(0)))),
    function("sha512", TEXT, Shape::String, |args: &Args<'_>| hex(&Sha512::digest(args.text(0)))),
    function("uuid", &[], Shape::String, uuid),
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
