//! What the state recorded, as values that can be shown: secrets are marked, types come from the tables.

use crate::address::InstanceAddr;
use crate::lang::{Kind, Marks, Number, Type, Value};
use crate::path::ValuePath;
use crate::schema;
use crate::state::Record;
use serde_json::Value as Json;
use std::sync::Arc;

/// The object of a record. What the table says is secret, and what was recorded only as a digest, is marked.
pub fn object(address: &InstanceAddr, record: &Record) -> Value {
    let ty = schema::table(address.resource.mode, &address.resource.kind).map_or(Type::Dynamic, schema::Schema::ty);
    let of = |name: &str| match &ty {
        Type::Object(attributes) => attributes.get(name).cloned().unwrap_or(Type::Dynamic),
        _ => Type::Dynamic,
    };
    let hide = |path: &ValuePath| record.secrets.contains_key(path);
    Value::from_entries(record.attributes.map(|name, json| read(&ValuePath::of(name), json, &of(name), &hide)))
}

/// JSON as a value, near the type: what does not fit the type keeps its own, so that every state can be shown.
pub fn value(json: &Json, ty: &Type) -> Value {
    read(&ValuePath::root(), json, ty, &|_| false)
}

fn read(path: &ValuePath, json: &Json, ty: &Type, hide: &dyn Fn(&ValuePath) -> bool) -> Value {
    if hide(path) {
        // Anything but null: a secret is there, and must be seen to be there.
        return Value::string("").marked(Marks::SENSITIVE);
    }
    match json {
        Json::Null => Value::null(ty.clone()),
        Json::Bool(b) => Value::bool(*b),
        Json::Number(n) => Number::parse(&n.to_string()).map_or_else(|| Value::string(n.to_string()), Value::number),
        Json::String(text) => Value::string(text),
        Json::Array(elements) => {
            let inner = |at: usize| match ty {
                Type::List(element) | Type::Set(element) => (**element).clone(),
                Type::Tuple(types) => types.get(at).cloned().unwrap_or(Type::Dynamic),
                _ => Type::Dynamic,
            };
            let values: Vec<Value> = elements
                .iter()
                .enumerate()
                .map(|(at, element)| read(&path.index(at), element, &inner(at), hide))
                .collect();
            match ty {
                Type::List(element) => Kind::List((**element).clone(), Arc::new(values)).into(),
                Type::Set(element) => Kind::Set((**element).clone(), Arc::new(values)).into(),
                _ => Value::tuple(values),
            }
        }
        Json::Object(entries) => {
            let map = matches!(ty, Type::Map(_));
            let values = entries.iter().map(|(name, inner)| {
                let ty = match ty {
                    Type::Map(element) => (**element).clone(),
                    Type::Object(types) => types.get(name.as_str()).cloned().unwrap_or(Type::Dynamic),
                    _ => Type::Dynamic,
                };
                let path = if map { path.key(name) } else { path.attribute(name) };
                (name.as_str(), read(&path, inner, &ty, hide))
            });
            match ty {
                Type::Map(element) => Value::map((**element).clone(), values),
                _ => Value::object(values),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::digest::SecretKey;

    #[test]
    fn a_secret_under_a_key_that_needs_quoting_is_marked() {
        let key = SecretKey::derive(&secrecy::SecretString::from("k"), "l");
        let address: InstanceAddr = "simplepod_template_group.a".parse().expect("an address");
        for name in ["TOKEN", "A\"B", "back\\slash", "${x}", "\u{1b}[0m", "e\u{301}"] {
            let secret = Value::string("canary").marked(Marks::SENSITIVE);
            let env = Value::map(Type::String, [(name, secret)]);
            let record = Record::of(&Value::object([("env_variables", env)]), &key);
            let shown = object(&address, &record);
            let shown = shown.get("env_variables").and_then(|env| env.get(name)).expect("the variable");
            assert!(shown.marks.sensitive && !shown.is_null(), "{name:?}");
        }
    }
}
