//! Answers: bodies, statuses, and the error documents of API sheet §1.

use axum::body::Bytes;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;
use serde_json::{Map, Number, Value, json};

use super::choices::{Numbers, ProblemStyle};
use super::switches::Switches;

/// One request.
pub(super) struct Call<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: Vec<(String, String)>,
    pub content_type: Option<&'a str>,
    pub key: Option<&'a str>,
    pub body: &'a [u8],
    /// Multiplies what a rented machine bills.
    pub price: Decimal,
}

/// One answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub retry_after: Option<u64>,
    pub body: Bytes,
}

const JSON: &str = "application/json; charset=utf-8";
const PROBLEM: &str = "application/problem+json; charset=utf-8";
const HTML: &str = "text/html; charset=UTF-8";

impl Answer {
    /// A JSON document.
    pub(super) fn json(status: u16, value: &impl Serialize) -> Answer {
        Answer::json_of_about(128, status, value)
    }

    /// A JSON document of about so many bytes: a large one is written in place, and not moved as it grows.
    pub(super) fn json_of_about(length: usize, status: u16, value: &impl Serialize) -> Answer {
        let mut body = Vec::with_capacity(length);
        match serde_json::to_writer(&mut body, value) {
            Ok(()) => Answer::raw(status, JSON, body),
            Err(_) => Answer::empty(status),
        }
    }

    /// A JSON document that is already text.
    pub(super) fn text(body: Bytes) -> Answer {
        Answer::raw(200, JSON, body)
    }

    /// No body.
    pub(super) fn empty(status: u16) -> Answer {
        Answer::raw(status, JSON, Vec::new())
    }

    fn raw(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
        Answer { status, content_type, retry_after: None, body: body.into() }
    }

    /// What a gateway or a firewall in front of the API says.
    pub(super) fn html(status: u16) -> Answer {
        let title = match status {
            403 => "Attention Required! | Cloudflare",
            502 => "502: Bad gateway",
            503 => "503: Service Temporarily Unavailable",
            504 => "504: Gateway time-out",
            _ => "Error",
        };
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><p>api.simplepod.ai</p></body></html>\n"
        );
        Answer::raw(status, HTML, body)
    }
}

/// Something the API refuses.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// The authenticator's own shape: 401.
    Credentials,
    /// A problem document with this status and detail.
    Problem(u16, String),
    /// 422 with violations.
    Violations(Vec<Violation>),
}

/// One broken rule: property, message, code of the validator.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Violation {
    pub property: String,
    pub message: String,
    pub code: &'static str,
}

/// Symfony's code of "must not be blank".
pub(super) const BLANK: &str = "c1051bb4-d103-4f74-8988-acbcafc7fdc3";
/// Symfony's code of "must not be null".
pub(super) const NULL: &str = "ad32d13f-c3d4-423b-909a-857b961eb720";
/// Symfony's code of "too low".
pub(super) const TOO_LOW: &str = "ea4e51d1-3342-48bd-87f1-9e672cd90cad";
/// Symfony's code of "too high".
pub(super) const TOO_HIGH: &str = "30fbb013-d015-4232-8b3b-8f3be97a7e14";
/// Symfony's code of "not equal".
pub(super) const NOT_EQUAL: &str = "478618a7-95ba-473d-9101-cabd45e49115";
/// Symfony's code of "does not match".
pub(super) const NO_MATCH: &str = "de1e3db3-5ed4-4941-aae4-59f3667cc3a3";
/// Symfony's code of "wrong type".
pub(super) const WRONG_TYPE: &str = "ba785a8c-82cb-4283-967c-3cf342181b40";
/// Symfony's code of "not unique".
pub(super) const NOT_UNIQUE: &str = "23bd9dbf-6b9b-41cd-a99e-4844bcf3077f";
/// Rules of the vendor's own, without a code we know.
pub(super) const OWN: &str = "00000000-0000-0000-0000-000000000000";

impl Violation {
    /// One violation.
    pub(super) fn new(property: &str, message: impl Into<String>, code: &'static str) -> Violation {
        Violation { property: property.to_owned(), message: message.into(), code }
    }
}

impl Refusal {
    /// 404.
    pub(super) fn not_found() -> Refusal {
        Refusal::Problem(404, "Not Found".to_owned())
    }

    /// 400.
    pub(super) fn bad(detail: impl Into<String>) -> Refusal {
        Refusal::Problem(400, detail.into())
    }

    /// 422 with one violation.
    pub(super) fn violation(property: &str, message: impl Into<String>, code: &'static str) -> Refusal {
        Refusal::Violations(vec![Violation::new(property, message, code)])
    }

    /// The offer went to somebody else.
    pub(super) fn offer_gone() -> Refusal {
        Refusal::violation("instanceMarket", "This instance is not available for rent.", OWN)
    }

    /// What goes over the wire.
    pub(super) fn answer(&self, style: ProblemStyle) -> Answer {
        let (status, detail, violations) = match self {
            Refusal::Credentials => return Answer::json(401, &json!({"message": "Invalid credentials."})),
            Refusal::Problem(status, detail) => (*status, detail.clone(), None),
            Refusal::Violations(list) => {
                let lines: Vec<String> = list.iter().map(|v| format!("{}: {}", v.property, v.message)).collect();
                (422, lines.join("\n"), Some(list))
            }
        };
        let mut document = Map::new();
        if status != 403 {
            let kind = match (style, violations) {
                (ProblemStyle::Old, _) => "https://tools.ietf.org/html/rfc2616#section-10".to_owned(),
                (ProblemStyle::Modern, Some(list)) => {
                    format!("/validation_errors/{}", list.first().map_or(OWN, |violation| violation.code))
                }
                (ProblemStyle::Modern, None) => format!("/errors/{status}"),
            };
            document.insert("type".to_owned(), kind.into());
        }
        document.insert("title".to_owned(), "An error occurred".into());
        if style == ProblemStyle::Modern {
            document.insert("status".to_owned(), status.into());
        }
        document.insert("detail".to_owned(), detail.into());
        if let Some(list) = violations {
            let rows: Vec<Value> = list
                .iter()
                .map(|v| json!({"propertyPath": v.property, "message": v.message, "code": v.code}))
                .collect();
            document.insert("violations".to_owned(), rows.into());
        }
        Answer::raw(status, PROBLEM, Value::Object(document).to_string().into_bytes())
    }
}

/// Money or a measure as a JSON number, exactly.
pub(super) fn number(value: Decimal) -> Value {
    value.normalize().to_string().parse::<Number>().map_or(Value::Null, Value::Number)
}

/// A document as the switches want it.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Dressed<D> {
    /// As it is.
    Plain(D),
    /// With unknown fields, or strange numbers.
    Strange(Value),
}

/// The document as the switches want it: unknown fields, strange numbers.
pub(super) fn dressed<D: Serialize>(document: D, switches: &Switches) -> Dressed<D> {
    if switches.numbers == Numbers::Plain && !switches.extra_fields {
        return Dressed::Plain(document);
    }
    Dressed::Strange(dress(None, json!(document), switches))
}

fn dress(key: Option<&str>, value: Value, switches: &Switches) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| dress(key, item, switches)).collect::<Vec<_>>().into(),
        Value::Object(map) => {
            let mut next = Map::new();
            for (key, value) in map {
                let value = dress(Some(&key), value, switches);
                next.insert(key, value);
            }
            if switches.extra_fields {
                next.insert("xUnknown".to_owned(), json!({"since": "2027", "tags": [null, 1, "x"]}));
            }
            next.into()
        }
        Value::Number(number) if key != Some("id") => match switches.numbers {
            Numbers::Plain => Value::Number(number),
            Numbers::Strings => number.to_string().into(),
            Numbers::Floats => noisy(&number),
        },
        value => value,
    }
}

/// 12 as `12.0`, 0.31 as a binary fraction prints it to 17 places.
fn noisy(number: &Number) -> Value {
    let text = number.to_string();
    let text = match text.parse::<Decimal>().ok().and_then(|value| value.to_f64()) {
        Some(float) if text.contains('.') => format!("{float:.17}"),
        Some(_) => format!("{text}.0"),
        None => text,
    };
    text.parse::<Number>().map_or(Value::Null, Value::Number)
}
