//! How an attribute stands in the API's calls and answers.

use super::script;
use crate::lang::Value;
use crate::lang::json::to_json;
use crate::money::Usd;
use rust_decimal::Decimal;
use serde_json::{Number, Value as Json};
use std::str::FromStr;

/// The place of an attribute in answers and bodies. What a change of it does ([`super::Effect`]) says which bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The API's name.
    pub api: &'static str,
    /// How its value is written.
    pub wire: Wire,
    /// Real clients never make an object without it, even where it says nothing (API sheet §3.5).
    pub always: bool,
}

/// How a value is written in the API's JSON. Answers are read leniently, bodies are written strictly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Text that is compared: it stays as it is.
    Text,
    /// The user's text with our mark after it. Read and written by who knows the mark, and not with the others.
    Marked,
    /// An environment, with the names and values of others in it. Read and written by who knows those.
    Variables,
    /// A script: one safe line.
    Script,
    /// Words, or a list of them; null where the API drops what it accepted (C9).
    Words,
    /// Numbers of ports, in one text.
    Ports,
    /// One line of text for people; an empty one says nothing.
    Line,
    /// As [`Wire::Line`], of the host: inside of `rig`, or beside it.
    HostLine,
    /// `true` or `false`.
    Bool,
    /// A whole number from zero.
    Whole,
    /// A number, to the last digit.
    Decimal,
}

impl Wire {
    /// What a body carries to take an optional value back; `None` where nothing says that.
    pub fn empty(self) -> Option<Json> {
        match self {
            Wire::Text | Wire::Script | Wire::Words | Wire::Line | Wire::HostLine => Some(Json::from("")),
            Wire::Ports => Some(Json::Array(Vec::new())),
            Wire::Marked | Wire::Variables | Wire::Bool | Wire::Whole | Wire::Decimal => None,
        }
    }

    /// A value, as an answer would show it. `None` for what is null or not known, and is not sent, and for what others write.
    pub fn json(self, value: &Value) -> Option<Json> {
        let json = match self {
            Wire::Marked | Wire::Variables => return None,
            Wire::Decimal => dollars(Usd(decimal(value)?)),
            Wire::Text | Wire::Script | Wire::Words | Wire::Ports | Wire::Line | Wire::HostLine => to_json(value),
            Wire::Bool | Wire::Whole => to_json(value),
        };
        Some(json).filter(|json| !json.is_null())
    }

    /// The same as a body carries it.
    pub fn sent(self, json: &Json) -> Json {
        match (self, json) {
            (Wire::Script, Json::String(text)) => script::encode(text).into(),
            (Wire::Ports, Json::Array(ports)) => ports.iter().map(Json::to_string).collect::<Vec<_>>().join(",").into(),
            _ => json.clone(),
        }
    }
}

/// Dollars as a JSON number with the decimal's own digits.
pub fn dollars(amount: Usd) -> Json {
    Number::from_str(&amount.0.normalize().to_string()).map_or(Json::Null, Json::Number)
}

/// A known number as a decimal; rounded to what a decimal holds.
pub fn decimal(value: &Value) -> Option<Decimal> {
    let number = value.as_number()?;
    if let Some((digits, places)) = number.written() {
        return Decimal::try_new(digits, places).ok();
    }
    let text = number.to_string();
    Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}
