//! Records as values of the language, and back. Secrets leave as digests and come back as placeholders.

use super::digest::{SecretKey, SecretMatch};
use super::model::Record;
use crate::lang::convert::convert;
use crate::lang::json::{from_json, to_json};
use crate::lang::{Kind, Marks, Type, Value};
use crate::schema::Schema;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Record {
    /// The record of a wholly known object: marked values are left out of `attributes`, their digests stand in
    /// `secrets`.
    pub fn of(object: &Value, key: &SecretKey) -> Record {
        let mut record = Record::default();
        for (name, value) in object.as_entries().into_iter().flatten() {
            let json = record.take(name, value, Marks::NONE, key);
            record.attributes.insert(name.to_string(), json);
        }
        record
    }

    fn take(&mut self, path: &str, value: &Value, above: Marks, key: &SecretKey) -> Json {
        let marks = above.and(value.marks);
        match &value.kind {
            Kind::Object(entries) | Kind::Map(_, entries) => {
                let block = matches!(value.kind, Kind::Object(_));
                let mut all = Map::new();
                for (name, element) in entries.iter() {
                    let json = self.take(&inside(path, name, block), element, marks, key);
                    all.insert(name.to_string(), json);
                }
                Json::Object(all)
            }
            _ if marks.sensitive && !value.is_null() => {
                let text = to_json(value);
                let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
                self.secrets.insert(path.to_owned(), key.digest(path, &text));
                Json::Null
            }
            _ => to_json(value),
        }
    }

    /// The object of a record, of the table's type. Secrets are marked: where `desired` holds one at the same place with
    /// the same digest, that value itself; else a placeholder that equals nothing. A digest under another key counts as
    /// the same, and its path is pushed to `foreign`.
    pub fn object(
        &self,
        schema: &Schema,
        desired: Option<&Value>,
        key: &SecretKey,
        foreign: &mut Vec<String>,
    ) -> Value {
        let mut object = BTreeMap::new();
        let table = (schema.attributes.iter().map(|a| (a.name, a.ty.to_type())))
            .chain(schema.blocks.iter().map(|block| (block.name, block.ty())));
        for (name, ty) in table {
            let json = self.attributes.get(name).unwrap_or(&Json::Null);
            let value = from_json(json, &ty).unwrap_or_else(|_| Value::null(ty.clone()));
            let wanted = desired.and_then(|desired| desired.get(name));
            object.insert(Arc::from(name), self.put_back(name, value, wanted, key, foreign));
        }
        Value::object(object)
    }

    fn put_back(
        &self,
        path: &str,
        value: Value,
        wanted: Option<&Value>,
        key: &SecretKey,
        foreign: &mut Vec<String>,
    ) -> Value {
        if let Some(digest) = self.secrets.get(path) {
            let text = wanted.filter(|wanted| wanted.is_wholly_known() && !wanted.is_null()).map(|wanted| {
                let json = to_json(wanted);
                json.as_str().map_or_else(|| json.to_string(), str::to_owned)
            });
            let held = match (text.map(|text| key.compare(digest, path, &text)), wanted) {
                (Some(SecretMatch::Same), Some(wanted)) => wanted.clone(),
                (Some(SecretMatch::OtherKey), Some(wanted)) => {
                    foreign.push(path.to_owned());
                    wanted.clone()
                }
                _ => {
                    let placeholder = Value::string(format!("\u{0}{}", digest.digest));
                    convert(&placeholder, &value.ty()).unwrap_or(placeholder)
                }
            };
            return held.marked(Marks::SENSITIVE);
        }
        let prefix_block = format!("{path}.");
        let prefix_map = format!("{path}[");
        if !self.secrets.keys().any(|at| at.starts_with(&prefix_block) || at.starts_with(&prefix_map)) {
            return value;
        }
        let marks = value.marks;
        let inner = |entries: &BTreeMap<Arc<str>, Value>, block: bool, foreign: &mut Vec<String>| {
            let mut all = BTreeMap::new();
            for (name, element) in entries {
                let path = inside(path, name, block);
                let wanted = wanted.and_then(|wanted| wanted.get(name));
                all.insert(name.clone(), self.put_back(&path, element.clone(), wanted, key, foreign));
            }
            all
        };
        match &value.kind {
            Kind::Object(entries) => Value::object(inner(entries, true, foreign)).marked(marks),
            Kind::Map(_, entries) => Value::map(Type::String, inner(entries, false, foreign)).marked(marks),
            _ => value,
        }
    }
}

/// `registry.password`, `env_variables["TOKEN"]`.
fn inside(path: &str, name: &str, block: bool) -> String {
    if block { format!("{path}.{name}") } else { format!("{path}[{name:?}]") }
}
