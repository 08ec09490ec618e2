//! Text as JSON, base64 and URL, and back.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::lang::json::{encoded_json, from_json};
use crate::lang::types::Type;
use crate::lang::value::{Refinements, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::Write as _;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    function("base64decode", &[param("str", Shape::String)], Shape::String, base64_decode),
    function("base64encode", &[param("str", Shape::String)], Shape::String, |args: &Args<'_>| {
        Ok(Value::string(STANDARD.encode(args.text(0))))
    }),
    function("base64gzip", &[param("str", Shape::String)], Shape::String, |args: &Args<'_>| {
        gzip(args.text(0).as_bytes()).map(|bytes| Value::string(STANDARD.encode(bytes)))
    }),
    function("jsondecode", &[param("str", Shape::String)], Shape::Any, json_decode).may_be_null(),
    function("jsonencode", &[param("val", Shape::Any).nullable().unknown().untyped()], Shape::String, json_encode),
    function(
        "textdecodebase64",
        &[param("source", Shape::String), param("encoding", Shape::String)],
        Shape::String,
        text_decode,
    ),
    function(
        "textencodebase64",
        &[param("string", Shape::String), param("encoding", Shape::String)],
        Shape::String,
        text_encode,
    ),
    function("urlencode", &[param("str", Shape::String)], Shape::String, |args: &Args<'_>| {
        Ok(Value::string(url_encode(args.text(0))))
    }),
];

/// The first character of the text can be known before the rest.
fn json_encode(args: &Args<'_>) -> Outcome {
    let value = args.at(0);
    if value.is_wholly_known() {
        return Ok(Value::string(json_text(value)));
    }
    let first = match value.ty() {
        _ if !value.is_definitely_not_null() => None,
        Type::Object(_) | Type::Map(_) => Some("{"),
        Type::List(_) | Type::Set(_) | Type::Tuple(_) => Some("["),
        Type::String => Some("\""),
        _ => None,
    };
    let known = Refinements { not_null: true, prefix: first.map(Arc::from), ..Refinements::default() };
    Ok(Value::refined(Type::String, known))
}

/// The text of `jsonencode`: compact, with `<`, `>`, `&` and the two line separators of JavaScript escaped.
pub(super) fn json_text(value: &Value) -> String {
    let text = encoded_json(value).to_string();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            _ => out.push(c),
        }
    }
    out
}

fn json_decode(args: &Args<'_>) -> Outcome {
    let json: serde_json::Value = serde_json::from_str(args.text(0)).map_err(|error| {
        CallError::call(match error.classify() {
            serde_json::error::Category::Eof => "EOF".to_owned(),
            _ if error.to_string().starts_with("trailing characters") => "extraneous data after JSON object".to_owned(),
            _ => error.to_string(),
        })
    })?;
    from_json(&json, &Type::Dynamic).map_err(|error| CallError::call(error.message))
}

fn base64_decode(args: &Args<'_>) -> Outcome {
    // Line breaks are skipped, as the usual wrapping of base64 asks for.
    let text: String = args.text(0).chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| CallError::call(format!("failed to decode base64 data {:?}", args.text(0))))?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| CallError::call("the result of decoding the provided string is not valid UTF-8"))?;
    Ok(Value::string(text))
}

/// The form encoding: a space is a plus sign.
fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The encodings that need no tables.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16 { big: bool },
    Latin1,
}

fn encoding(args: &Args<'_>) -> Result<Encoding, CallError> {
    match args.text(1).to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Ok(Encoding::Utf8),
        "utf-16le" => Ok(Encoding::Utf16 { big: false }),
        "utf-16be" => Ok(Encoding::Utf16 { big: true }),
        "iso-8859-1" | "iso_8859-1" | "latin1" | "l1" => Ok(Encoding::Latin1),
        _ => {
            let name = args.text(1);
            Err(CallError::argument(1, format!("{name:?} is not a supported IANA encoding name or alias")))
        }
    }
}

fn text_encode(args: &Args<'_>) -> Outcome {
    let (text, encoding) = (args.text(0), encoding(args)?);
    let bytes = match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf16 { big: true } => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Utf16 { big: false } => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Latin1 => {
            let bytes: Result<Vec<u8>, _> = text.chars().map(|c| u8::try_from(u32::from(c))).collect();
            bytes.map_err(|_| {
                let name = args.text(1);
                CallError::argument(
                    0,
                    format!("the given string contains characters that cannot be represented in {name}"),
                )
            })?
        }
    };
    Ok(Value::string(STANDARD.encode(bytes)))
}

fn text_decode(args: &Args<'_>) -> Outcome {
    let encoding = encoding(args)?;
    let bytes = STANDARD
        .decode(args.text(0))
        .map_err(|error| CallError::argument(0, format!("the given value has invalid base64: {error}")))?;
    let undefined = || {
        let name = args.text(1).to_ascii_uppercase();
        CallError::argument(0, format!("the given string contains symbols that are not defined for {name}"))
    };
    let text = match encoding {
        Encoding::Utf8 => String::from_utf8(bytes).map_err(|_| undefined())?,
        Encoding::Utf16 { big } => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(undefined());
            }
            let units = pairs.iter().map(|&pair| if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) });
            char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| undefined())?
        }
        Encoding::Latin1 => bytes.into_iter().map(char::from).collect(),
    };
    Ok(Value::string(text))
}

/// The layout of Terraform's gzip: no name, no time, a flush after the data, and an empty block at the end. Only how
/// longer texts are squeezed is the library's own.
fn gzip(data: &[u8]) -> Result<Vec<u8>, CallError> {
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    const LAST_BLOCK: [u8; 5] = [1, 0, 0, 0xff, 0xff];
    let failed = |_| CallError::call("the text cannot be compressed");
    let mut out = HEADER.to_vec();
    let mut squeezed = DeflateEncoder::new(Vec::new(), Compression::default());
    squeezed.write_all(data).and_then(|()| squeezed.flush()).map_err(failed)?;
    out.extend_from_slice(squeezed.get_ref());
    out.extend_from_slice(&LAST_BLOCK);
    let mut crc = Crc::new();
    crc.update(data);
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&crc.amount().to_le_bytes());
    Ok(out)
}
