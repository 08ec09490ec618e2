//! Reading bodies as strictly as the real serializer does: wrong scalar types are 400 and name the attribute.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::wire::{Refusal, Violation, WRONG_TYPE};

/// One variable of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EnvVariable {
    pub name: String,
    pub value: String,
}

/// The members of a request body. Unknown ones are ignored.
pub(super) struct Fields(Map<String, Value>);

/// Parses a body.
pub(super) fn parse(body: &[u8]) -> Result<Fields, Refusal> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(map)) => Ok(Fields(map)),
        Ok(Value::Array(list)) if list.is_empty() => Ok(Fields(Map::new())),
        Ok(_) => Err(Refusal::bad("The input data is misformatted.")),
        Err(_) => Err(Refusal::bad("Syntax error")),
    }
}

impl Fields {
    /// Whether the member stands in the body at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A string; `null` is the empty string.
    pub(super) fn string(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(String::new())),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(mistyped(name, "string", other)),
        }
    }

    /// An integer.
    pub(super) fn int(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        value.as_i64().map(Some).ok_or_else(|| mistyped(name, "int", value))
    }

    /// A boolean.
    pub(super) fn bool(&self, name: &str) -> Result<Option<bool>, Refusal> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| mistyped(name, "bool", value))
    }

    /// An integer or a fraction.
    pub(super) fn number(&self, name: &str) -> Result<Option<Decimal>, Refusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => {
                let text = number.to_string();
                let parsed = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text));
                parsed.map(Some).map_err(|_| Refusal::bad(format!("The value of \"{name}\" is out of range.")))
            }
            Some(other) => Err(mistyped(name, "float", other)),
        }
    }

    /// An array of integers.
    pub(super) fn ints(&self, name: &str) -> Result<Option<Vec<u64>>, Refusal> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                let ids: Option<Vec<u64>> = items.iter().map(Value::as_u64).collect();
                ids.map(Some).ok_or_else(|| Refusal::violation(name, "Every value should be of type int.", WRONG_TYPE))
            }
            Some(other) => Err(mistyped(name, "array", other)),
        }
    }

    /// An environment: an array of `{name, value}`, both strings.
    pub(super) fn env(&self, name: &str) -> Result<Option<Vec<EnvVariable>>, Refusal> {
        let items = match self.0.get(name) {
            None => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(mistyped(name, "array", other)),
        };
        let mut wrong = Vec::new();
        let mut env = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let part = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
            match (part("name"), part("value")) {
                (Some(name), Some(value)) => env.push(EnvVariable { name, value }),
                (None, _) => wrong.push((index, "name")),
                (_, None) => wrong.push((index, "value")),
            }
        }
        if wrong.is_empty() {
            return Ok(Some(env));
        }
        let violation = |(index, key)| {
            Violation::new(&format!("{name}[{index}].{key}"), "This value should be of type string.", WRONG_TYPE)
        };
        Err(Refusal::Violations(wrong.into_iter().map(violation).collect()))
    }

    /// The number in an IRI such as `/instances/templates/29`, with the IRI itself.
    pub(super) fn iri(&self, name: &str, collection: &str) -> Result<Option<(u64, String)>, Refusal> {
        let iri = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(iri)) => iri,
            Some(other) => return Err(mistyped(name, "string", other)),
        };
        let number = iri.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/'));
        let number = number.filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
        match number.and_then(|digits| digits.parse().ok()) {
            Some(number) => Ok(Some((number, iri.clone()))),
            None => Err(Refusal::bad(format!("Invalid IRI \"{iri}\"."))),
        }
    }
}

fn mistyped(name: &str, wanted: &str, given: &Value) -> Refusal {
    let given = match given {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.as_i64().is_some() => "int",
        Value::Number(_) => "float",
        Value::String(_) => "string",
        Value::Array(_) | Value::Object(_) => "array",
    };
    Refusal::bad(format!("The type of the \"{name}\" attribute must be \"{wanted}\", \"{given}\" given."))
}
