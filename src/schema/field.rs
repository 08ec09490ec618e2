//! How an attribute stands in the API's calls and answers.

use crate::lang::Value;
use crate::money::Usd;
use rust_decimal::Decimal;
use serde_json::{Number, Value as Json};
use std::str::FromStr;

/// The place of an attribute in answers, and in the PUT that changes it. What a rent cannot set (API sheet §3.10) is set
/// by such a PUT right after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The API's name.
    pub api: &'static str,
    /// How its value is written.
    pub wire: Wire,
}

/// How a value is written in the API's JSON. Answers are read leniently, bodies are written strictly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Text that is compared: it stays as it is.
    Text,
    /// The user's text with our mark after it. Read and written by who knows the mark, and not with the others.
    Marked,
    /// One line of text for people; an empty one says nothing.
    Line,
    /// As [`Wire::Line`], of the host: inside of `rig`, or beside it.
    HostLine,
    /// `true` or `false`.
    Bool,
    /// A number, to the last digit.
    Decimal,
}

impl Wire {
    /// What a body carries to take an optional value back; `None` where nothing says that.
    pub fn empty(self) -> Option<Json> {
        match self {
            Wire::Text | Wire::Marked | Wire::Line | Wire::HostLine => Some(Json::from("")),
            Wire::Bool | Wire::Decimal => None,
        }
    }

    /// A known value as a body carries it, and as an answer would show it. `None` for null: that is not sent.
    pub fn json(self, value: &Value) -> Option<Json> {
        match self {
            Wire::Text | Wire::Marked | Wire::Line | Wire::HostLine => value.as_str().map(Json::from),
            Wire::Bool => value.as_bool().map(Json::Bool),
            Wire::Decimal => decimal(value).map(|number| dollars(Usd(number))),
        }
    }
}

/// Dollars as a JSON number with the decimal's own digits.
pub fn dollars(amount: Usd) -> Json {
    Number::from_str(&amount.0.normalize().to_string()).map_or(Json::Null, Json::Number)
}

/// A known number as a decimal; rounded to what a decimal holds.
pub fn decimal(value: &Value) -> Option<Decimal> {
    let text = value.as_number()?.to_string();
    Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}
