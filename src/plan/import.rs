//! Imports: from an object of the account to the record it would have, had podform made it.

use super::planner::{Planner, Wanted};
use crate::address::{InstanceAddr, ObjectKind};
use crate::config::ImportRequest;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::json::{from_json, to_json};
use crate::lang::{Entries, Marks, Type, Value};
use crate::live::{LiveObject, Machine, ObjectId, Proof, Want};
use crate::path::ValuePath;
use crate::schema::{Effect, Presence, Schema, observe, script};
use crate::state::Record;
use crate::state::digest::SecretKey;
use serde_json::Value as Json;

/// What came of an import.
pub(super) enum Import<'a> {
    /// The object, and its record.
    Done(String, Box<Record>, &'a LiveObject),
    /// It is not read yet, or it cannot be imported, which was told.
    Open,
}

impl<'a> Planner<'a> {
    /// Takes an import block in.
    pub(super) fn wants_import(&mut self, request: ImportRequest, diags: &mut Diagnostics) {
        let ImportRequest { to, id, span } = request;
        let marks = id.deep_marks();
        let refused = match id.as_str() {
            _ if marks.sensitive || marks.ephemeral => {
                "The id of an import stands in every plan, so it cannot be sensitive or ephemeral."
            }
            Some("") => "The id of an import cannot be empty.",
            Some(id) => {
                let wanted = Wanted { id: id.to_owned(), span };
                if self.imports.insert(to.clone(), wanted).is_some() {
                    let detail = format!("{to} has another import block already: an object has one id.");
                    diags.push(Diagnostic::error("Duplicate import configuration", detail).at(span));
                }
                return;
            }
            None if id.is_null() => "The id of an import cannot be null.",
            None => {
                "The id of this import depends on what is known only after an apply. Use an id that is known, or -target to apply first what it depends on."
            }
        };
        diags.push(Diagnostic::error("Invalid import id argument", refused).at(span));
    }

    /// What a call made for an address after it was given up, and how it would be recorded: it is taken in, not made again.
    pub(super) fn late(&self, address: &InstanceAddr, diags: &mut Diagnostics) -> Option<Import<'a>> {
        let mut late = self.orphans.iter().filter(|orphan| orphan.proof == Proof::GivenUp);
        let late = late.find(|orphan| orphan.address.as_ref() == Some(address))?;
        let live = self.input.snapshot.objects.get(&late.id)?.as_ref()?;
        let (intent, _) = self.input.state.watched.get(late.claim.as_ref()?)?;
        let (what, id) = (late.id.kind(), late.id.number());
        let detail = format!(
            "The {what} {} was made for {address} by a call that was given up as absent, and shows now: it is taken into the state, and no other is made.",
            late.id
        );
        diags.push(Diagnostic::warning("Adopted although it came late", detail).on(address));
        Some(Import::Done(id.to_string(), Box::new(intent.record_of(live, self.input.key)), live))
    }

    /// Imports of what is not declared.
    pub(super) fn check_imports(&self, diags: &mut Diagnostics) {
        for (to, wanted) in self.imports.iter().filter(|(to, _)| !self.dependencies.contains_key(*to)) {
            let detail = format!(
                "{to} is not declared: every object that is imported needs a configuration. Check its key, its count or for_each."
            );
            diags.push(Diagnostic::error("Configuration for import target does not exist", detail).at(wanted.span));
        }
    }

    /// The import of a declared instance that is not recorded; `None` where nobody asks for one.
    pub(super) fn imported(
        &mut self,
        address: &InstanceAddr,
        schema: &'static Schema,
        desired: &Value,
        diags: &mut Diagnostics,
    ) -> Option<Import<'a>> {
        let Wanted { id, span } = self.imports.get(address)?.clone();
        let mut refuse = |summary: &str, detail: String| {
            diags.push(Diagnostic::error(summary, detail).at(span).on(address));
            Some(Import::Open)
        };
        let what = address.resource.object_kind()?;
        let Some(object) = ObjectId::of_import(what, &id) else {
            return refuse("Invalid import id argument", format!("\"{id}\" is no id of a {what}: that is a number."));
        };
        let number = object.number();
        let named = |at: &InstanceAddr, wanted: &Wanted| ObjectId::of_import(at.resource.object_kind()?, &wanted.id);
        let recorded = self.input.state.identified().find(|(id, ..)| *id == object);
        let twice = self.imports.iter().find(|(at, wanted)| *at < address && named(at, wanted) == Some(object));
        if let Some(other) = recorded.map(|(_, at, _)| at).or(twice.map(|(at, _)| at)) {
            let detail = format!(
                "The {what} {number} is {other} already, and an object has one address. Move it with a moved block, or drop this import."
            );
            return refuse("Resource already managed by podform", detail);
        }
        if what == ObjectKind::TemplateGroup {
            match &self.reads.global_templates {
                None => {
                    self.wanted.extend([Want::GlobalTemplates, Want::Object(object)]);
                    return Some(Import::Open);
                }
                Some(all) if all.iter().any(|global| ObjectId::Group(global.id) == object) => {
                    let detail = format!(
                        "{number} is one of the vendor's templates, which nobody else can change. Refer to it by its id, or copy what it has into a template group of your own."
                    );
                    return refuse("Global template", detail);
                }
                Some(_) => {}
            }
        }
        let Some(found) = self.reads.objects.get(&object) else {
            self.wanted.insert(Want::Object(object));
            return Some(Import::Open);
        };
        let Some(live) = found.as_ref().filter(|live| !live.is_gone()) else {
            let detail = format!("The account holds no {what} {number}, so it cannot become {address}. Check the id.");
            return refuse("Cannot import non-existent remote object", detail);
        };
        let mark = live.mark();
        if let Some(mark) = mark
            && (Some(mark.fleet.as_str()) != self.fleet.as_deref() || mark.lineage != self.input.state.lineage)
        {
            let detail = format!(
                "The {what} {number} is marked as {} of the fleet \"{}\" (lineage {}). podform changes nothing that is another fleet's: let that fleet go of it first with a removed block, and remove the mark from its notes.",
                mark.address, mark.fleet, mark.lineage
            );
            return refuse("Another fleet's mark", detail);
        }
        let key = self.input.key;
        // Who sees the notes cannot tell it beforehand, and the same plan is made twice.
        let claim = mark.map(|mark| mark.claim.clone()).unwrap_or_else(|| {
            key.digest(&ValuePath::of("import"), &format!("{}/{number}", what.resource_type()))
                .digest
                .chars()
                .take(32)
                .collect()
        });
        let mut record = record(schema, live, desired, key);
        record.claim = Some(claim);
        Some(Import::Done(number.to_string(), Box::new(record), live))
    }
}

/// The record of a live object that was made under another record: what it shows; what only podform knows as `desired`
/// has it, where the configuration still asks for it.
pub fn record_of_live(schema: &Schema, live: &LiveObject, desired: Option<&Value>, key: &SecretKey) -> Record {
    let nothing = Value::from_entries(Entries::default());
    record(schema, live, desired.unwrap_or(&nothing), key)
}

/// The record of a live object: what it shows; what only podform knows as `desired` has it.
fn record(schema: &Schema, live: &LiveObject, desired: &Value, key: &SecretKey) -> Record {
    let seen = observe::object(live);
    let mut object: Vec<(&str, Value)> = Vec::new();
    let mut rewritten: Vec<(&str, Json)> = Vec::new();
    for attribute in schema.attributes {
        let name = attribute.name;
        let ty = attribute.ty.to_type();
        let wanted = desired.get(name).filter(|wanted| wanted.is_wholly_known() && !wanted.is_null());
        let read = |json: &Json| from_json(json, &ty).unwrap_or_else(|_| Value::null(ty.clone()));
        let own = match (name, live) {
            ("gpu_model", LiveObject::Machine(machine)) => model(machine, wanted, desired),
            ("env_variables", _) => Some(env(live, wanted)),
            ("start_script", LiveObject::Machine(machine)) => Some(script_of(machine, wanted)),
            _ => None,
        };
        let value = match (own, seen.get(name), wanted) {
            (Some(own), ..) => own,
            (None, Some(shown), Some(wanted))
                if attribute.presence != Presence::Computed && alike(name, wanted, shown) =>
            {
                if !observe::same(&to_json(wanted), shown) {
                    rewritten.push((name, shown.clone()));
                }
                wanted.clone()
            }
            (None, Some(shown), None)
                if attribute.presence != Presence::Computed && observe::same(&Json::Null, shown) =>
            {
                Value::null(ty.clone())
            }
            (None, Some(shown), _) => read(shown),
            (None, None, Some(wanted)) if attribute.change == Effect::Local => wanted.clone(),
            (None, None, _) => Value::null(ty.clone()),
        };
        let marks = desired.get(name).map(Value::deep_marks).unwrap_or_default().and(attribute.marks());
        let hidden = !value.is_null() && marks.sensitive && !value.deep_marks().sensitive;
        object.push((name, if hidden { value.marked(Marks::SENSITIVE) } else { value }));
    }
    for block in schema.blocks {
        let ours = matches!(block.change, Effect::Local | Effect::Judged);
        let wanted = desired.get(block.name).filter(|wanted| ours && wanted.is_wholly_known());
        object.push((block.name, wanted.cloned().unwrap_or_else(|| Value::null(block.ty()))));
    }
    let mut record = Record::of(&Value::object(object), key);
    for (name, shown) in rewritten {
        if !record.read_secret(name, &shown, key) {
            record.read_back.insert(name.to_owned(), shown);
        }
    }
    record
}

/// Whether what the API shows is what is wanted, perhaps in its own words.
fn alike(name: &str, wanted: &Value, shown: &Json) -> bool {
    let wanted = to_json(wanted);
    observe::same(&wanted, shown) || observe::in_other_words(name, &wanted, shown)
}

/// The wanted model where the machine has it, or a fallback.
fn model(machine: &Machine, wanted: Option<&Value>, desired: &Value) -> Option<Value> {
    let rented = machine.gpu_model.as_deref()?;
    let is_it = |value: &Value| value.as_str().is_some_and(|model| model.eq_ignore_ascii_case(rented));
    let fallbacks = desired.get("fallback_gpu_models").and_then(Value::as_elements);
    let fits = wanted.is_some_and(is_it) || fallbacks.is_some_and(|models| models.iter().any(is_it));
    Some(wanted.filter(|_| fits).cloned().unwrap_or_else(|| Value::string(rented)))
}

/// The wanted environment where every variable of it is live (a machine shows its template's too), or nothing is shown.
fn env(live: &LiveObject, wanted: Option<&Value>) -> Value {
    let none = || Value::null(Type::map(Type::String));
    let readable = observe::environment(live).filter(|(env, exact)| *exact || !env.0.is_empty());
    let entries = wanted.and_then(Value::as_entries);
    match (readable, wanted, entries) {
        (None, Some(wanted), _) => wanted.clone(),
        (None, None, _) => none(),
        (Some((env, exact)), Some(wanted), Some(entries))
            if (!exact || env.0.len() == entries.len())
                && entries.iter().all(|(name, value)| value.as_str() == env.0.get(&**name).map(String::as_str)) =>
        {
            wanted.clone()
        }
        // Nothing is wanted, and what is there may be the template's.
        (Some((_, false)), None, _) => none(),
        (Some((env, _)), ..) => {
            Value::map(Type::String, env.0.into_iter().map(|(name, value)| (name, Value::string(value))))
        }
    }
}

fn script_of(machine: &Machine, wanted: Option<&Value>) -> Value {
    let text = wanted.and_then(Value::as_str);
    match (&machine.start_script, text) {
        (Some(shown), Some(text)) if script::same(shown, text) => wanted.cloned(),
        (Some(shown), _) if !shown.is_empty() => Some(Value::string(script::decode(shown))),
        (Some(_), _) => None,
        // Not shown: nobody can tell.
        (None, _) => wanted.cloned(),
    }
    .unwrap_or_else(|| Value::null(Type::String))
}
