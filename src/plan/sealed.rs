//! A plan without its secrets: keyed digests stand in their places (invariant 9).

use super::model::{Change, Drift, DriftKind, OutputChange, Plan, PlannedVariable};
use crate::lang::json::to_json;
use crate::lang::value::Refinements;
use crate::lang::{Entries, Kind, Marks, Type, Value};
use crate::path::ValuePath;
use crate::state::Record;
use crate::state::digest::SecretKey;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Plan {
    /// The plan with a digest, marked as one, in the place of every secret, and null in the place of what
    /// is ephemeral. Digests are made for the path inside the object, as records make them. Sealing twice changes
    /// nothing.
    #[must_use]
    pub fn sealed(&self, key: &SecretKey) -> Plan {
        let seal = Seal { key };
        Plan {
            sealed_by: Some(key.id().to_owned()),
            data: BTreeMap::new(),
            variables: self.variables.iter().map(|(name, value)| (name.clone(), seal.variable(name, value))).collect(),
            changes: self.changes.iter().map(|change| seal.change(change)).collect(),
            drift: self.drift.iter().map(|drift| seal.drift(drift)).collect(),
            outputs: self.outputs.iter().map(|output| seal.output(output)).collect(),
            refresh: self.refresh.iter().map(|(address, record)| (address.clone(), without_secrets(record))).collect(),
            ..self.clone()
        }
    }
}

impl Change {
    /// As [`Plan::sealed`] leaves it.
    #[must_use]
    pub fn sealed(&self, key: &SecretKey) -> Change {
        Seal { key }.change(self)
    }
}

struct Seal<'a> {
    key: &'a SecretKey,
}

impl Seal<'_> {
    fn variable(&self, name: &str, variable: &PlannedVariable) -> PlannedVariable {
        match variable {
            PlannedVariable::Plain(value) => {
                PlannedVariable::Plain(self.value(&ValuePath::of("var").attribute(name), value, Marks::NONE))
            }
            PlannedVariable::Secret(digest) => PlannedVariable::Secret(digest.clone()),
        }
    }

    fn change(&self, change: &Change) -> Change {
        Change {
            before: change.before.as_ref().map(|object| self.object(object)),
            after: change.after.as_ref().map(|object| self.object(object)),
            ..change.clone()
        }
    }

    fn drift(&self, drift: &Drift) -> Drift {
        let kind = match &drift.kind {
            DriftKind::Gone => DriftKind::Gone,
            DriftKind::Changed(found) => {
                let attribute = |(name, recorded, live): &(String, Value, Value)| {
                    // What the server shows carries no marks: the objects know which attributes are secret.
                    let marks = [Some(&drift.before), drift.after.as_ref()]
                        .into_iter()
                        .filter_map(|object| Some(object?.get(name)?.deep_marks()))
                        .fold(Marks::NONE, Marks::and);
                    let path = ValuePath::of(name);
                    (name.clone(), self.value(&path, recorded, marks), self.value(&path, live, marks))
                };
                DriftKind::Changed(found.iter().map(attribute).collect())
            }
        };
        Drift {
            address: drift.address.clone(),
            kind,
            before: self.object(&drift.before),
            after: drift.after.as_ref().map(|object| self.object(object)),
        }
    }

    fn output(&self, output: &OutputChange) -> OutputChange {
        let path = ValuePath::of("output").attribute(&output.name);
        let whole = |value: &Value| match output.sensitive && value.is_wholly_known() && !value.deep_marks().ephemeral {
            // Not even the names inside it are shown.
            true => self.leaf(&path, value),
            false => {
                let above = Marks { sensitive: output.sensitive, ..Marks::NONE };
                self.value(&path, value, above)
            }
        };
        OutputChange {
            before: output.before.as_ref().map(whole),
            after: output.after.as_ref().map(whole),
            ..output.clone()
        }
    }

    fn object(&self, object: &Value) -> Value {
        let Some(entries) = object.as_entries() else { return self.value(&ValuePath::root(), object, Marks::NONE) };
        let entry = |name: &Arc<str>, value: &Value| self.value(&ValuePath::of(name), value, object.marks);
        Value::from_entries(entries.map(entry)).marked(object.marks)
    }

    fn value(&self, path: &ValuePath, value: &Value, above: Marks) -> Value {
        let marks = above.and(value.marks);
        if marks.ephemeral {
            return Value::null(value.ty()).marked(Marks { ephemeral: false, ..marks });
        }
        if !marks.sensitive && value.deep_marks().is_none() {
            return value.clone();
        }
        let kept = value.marks;
        let element = |(at, element): (usize, &Value)| self.value(&path.index(at), element, marks);
        let entries = |entries: &Entries, path: &dyn Fn(&str) -> ValuePath| {
            Arc::new(entries.map(|name, value| self.value(&path(name), value, marks)))
        };
        let elements = |elements: &[Value]| Arc::new(elements.iter().enumerate().map(element).collect::<Vec<_>>());
        let kind = match &value.kind {
            Kind::Object(object) => Kind::Object(entries(object, &|name| path.attribute(name))),
            Kind::Map(ty, map) => Kind::Map(mixed(ty), entries(map, &|name| path.key(name))),
            // Where a secret starts, and between what it lies, is secret too.
            Kind::Unknown(ty, known) => {
                let known = known.as_deref().cloned().unwrap_or_default();
                let told = Refinements { not_null: known.not_null, origin: known.origin, ..Refinements::default() };
                return Value::refined(ty.clone(), told).marked(marks);
            }
            _ if marks.sensitive && value.is_wholly_known() && !value.deep_marks().ephemeral => {
                return self.leaf(path, value);
            }
            Kind::List(ty, list) => Kind::List(mixed(ty), elements(list)),
            Kind::Set(ty, set) => Kind::List(mixed(ty), elements(set)),
            Kind::Tuple(tuple) => Kind::Tuple(elements(tuple)),
            other => other.clone(),
        };
        Value { kind, marks: kept }
    }

    /// The placeholder of one known secret; null is none.
    fn leaf(&self, path: &ValuePath, value: &Value) -> Value {
        if value.is_null() || value.deep_marks().digest {
            return value.clone().marked(Marks::SENSITIVE);
        }
        let json = to_json(value);
        let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
        Value::string(self.key.digest(path, &text).digest).marked(Marks::DIGEST)
    }
}

/// Placeholders are text: a collection that may hold them has no element type of its own.
fn mixed(element: &Type) -> Type {
    match element {
        Type::String => Type::String,
        _ => Type::Dynamic,
    }
}

/// A refresh may have taken over what the server shows for a secret attribute.
fn without_secrets(record: &Record) -> Record {
    let mut record = record.clone();
    for (name, json) in record.attributes.iter_mut() {
        if record.secrets.keys().any(|path| path.is(name)) {
            *json = serde_json::Value::Null;
        }
    }
    record
}
