//! Data sources: what one of them answers, from what was read.

use super::change::unchanged;
use super::desires::unread;
use super::model::{Action, Change, PlanMode, Reason};
use super::planner::Planner;
use crate::address::{Mode, ModulePath};
use crate::config::DataInstance;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::json::from_json;
use crate::lang::{Marks, Value};
use crate::live::{Group, GroupId, LiveObject, MachineId, ObjectId, Offer, Reads, Seen, Want};
use crate::market::Requirement;
use crate::money::Usd;
use crate::schema::instance::dollars;
use crate::schema::{self, DataKind, Presence, Schema, TableKind, decimal, observe};
use rust_decimal::Decimal;
use serde_json::{Number, Value as Json, json};
use std::collections::BTreeSet;
use std::str::FromStr;

/// What a data source answers.
#[derive(Debug)]
pub enum Answer {
    /// The object.
    Object(Value),
    /// This must be read first.
    Wants(Want),
    /// A sentence: there is no such thing.
    Nothing(String),
}

/// The answer to the wholly known arguments of a data source.
pub fn answer(schema: &Schema, given: &Value, reads: &Reads) -> Answer {
    let text = |name: &str| given.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let kind = match schema.kind {
        TableKind::Data(kind) => kind,
        TableKind::Managed(kind) => return Answer::Nothing(format!("A {kind} is no data source.")),
    };
    let mut hidden = BTreeSet::new();
    let mut seen = |object: &LiveObject| {
        hidden.clone_from(object.hidden());
        observe::object(object)
    };
    let found: Result<Seen, String> = match kind {
        DataKind::Offers => match &reads.offers {
            Some(offers) => Ok(Seen::from([("offers", fitting(given, offers))])),
            None => return Answer::Wants(Want::Offers),
        },
        DataKind::Account => match (&reads.account, &reads.all_machines) {
            (Some(account), Some(machines)) => {
                let machines = machines.iter().filter(|machine| !machine.is_gone());
                let costs = machines.filter_map(|machine| observe::machine(machine).get("hourly_cost").cloned());
                let cost: Decimal = costs.filter_map(|cost| cost.to_string().parse::<Decimal>().ok()).sum();
                let balance = account.balance.map_or(Json::Null, schema::dollars);
                Ok(Seen::from([("balance", balance), ("hourly_cost", schema::dollars(Usd(cost)))]))
            }
            (None, _) => return Answer::Wants(Want::Account),
            _ => return Answer::Wants(Want::Machines),
        },
        DataKind::GlobalTemplate => match &reads.global_templates {
            Some(all) => one(text("id"), text("name"), "global template", all).map(|group| seen(&group.clone().into())),
            None => return Answer::Wants(Want::GlobalTemplates),
        },
        DataKind::TemplateGroup => match &reads.all_groups {
            Some(all) => {
                match one(text("id"), text("name"), "template group", all).map(|group| group.id) {
                    Ok(id) => match reads.objects.get(&ObjectId::Group(id)) {
                        // A row of the list may hold less than the details.
                        None => return Answer::Wants(Want::Object(ObjectId::Group(id))),
                        Some(Some(group)) => Ok(seen(group)),
                        Some(None) => Err(format!("Template group {id} is gone.")),
                    },
                    Err(why) => Err(why),
                }
            }
            None => return Answer::Wants(Want::Groups),
        },
        DataKind::Instance => match text("id").and_then(|id| id.parse().ok()).map(MachineId) {
            Some(id) => match reads.objects.get(&ObjectId::Machine(id)) {
                None => return Answer::Wants(Want::Object(ObjectId::Machine(id))),
                Some(Some(machine)) => Ok(seen(machine)),
                Some(None) => Err(format!("The account holds no machine {id}.")),
            },
            None => Err("The id of a machine is a number.".to_owned()),
        },
    };
    match found {
        Ok(seen) => Answer::Object(object(schema, given, &seen, &hidden)),
        Err(why) => Answer::Nothing(why),
    }
}

/// The one that is named, by id or by name.
fn one<'r>(id: Option<&str>, name: Option<&str>, what: &str, all: &'r [Group]) -> Result<&'r Group, String> {
    if id.is_none() && name.is_none() {
        return Err(format!("Give the id or the exact name of the {what}."));
    }
    let wanted = id.map(GroupId::parse);
    let fits = |group: &&Group| {
        wanted.is_none_or(|wanted| wanted == Some(group.id)) && name.is_none_or(|name| group.name() == Some(name))
    };
    let found: Vec<&Group> = all.iter().filter(fits).collect();
    let named = id.map_or_else(|| format!("named \"{}\"", name.unwrap_or_default()), |id| format!("with id {id}"));
    match found.as_slice() {
        [group] => Ok(group),
        [] => Err(format!("There is no {what} {named}.")),
        several => {
            let ids: Vec<String> = several.iter().map(|group| group.id.to_string()).collect();
            Err(format!("There are {} of the {what} {named}: {}. Give the id.", several.len(), ids.join(", ")))
        }
    }
}

/// The free offers that fit, the cheapest first.
fn fitting(given: &Value, offers: &[Offer]) -> Json {
    let requirement = Requirement::read(given);
    let model = given.get("gpu_model").and_then(Value::as_str);
    let count = given.get("gpu_count").and_then(decimal);
    let cap = dollars(given, "max_price_per_gpu");
    let mut fitting: Vec<&Offer> = offers
        .iter()
        .filter(|offer| offer.available)
        .filter(|offer| model.is_none_or(|model| offer.gpu_model.eq_ignore_ascii_case(model)))
        .filter(|offer| count.is_none_or(|count| Decimal::from(offer.gpu_count) == count))
        .filter(|offer| cap.is_none_or(|cap| !offer.price_per_gpu.exceeds(cap)))
        .filter(|offer| requirement.unmet(&offer.facts, false).is_empty())
        .collect();
    fitting.sort_by(|a, b| (a.price_per_gpu, &a.iri).cmp(&(b.price_per_gpu, &b.iri)));
    fitting.into_iter().map(row).collect()
}

fn row(offer: &Offer) -> Json {
    let number = |n: Option<Decimal>| {
        n.and_then(|n| Number::from_str(&n.normalize().to_string()).ok()).map_or(Json::Null, Json::Number)
    };
    let facts = &offer.facts;
    json!({
        "iri": offer.iri,
        "gpu_model": offer.gpu_model,
        "gpu_count": offer.gpu_count,
        "price_per_gpu": schema::dollars(offer.price_per_gpu),
        "price_per_disk": schema::dollars(offer.price_per_disk),
        "region": facts.region,
        "country": facts.country,
        "gpu_memory": number(facts.gpu_memory),
        "memory": number(facts.memory),
        "disk": number(facts.disk),
        "cuda_version": facts.cuda_version,
        "driver_version": facts.driver_version,
        "cpu_cores": number(facts.cpu_cores),
        "download": number(facts.download),
        "upload": number(facts.upload),
        "sla": number(facts.sla),
        "tflops": number(facts.tflops),
    })
}

/// The object of the table: arguments as they were given, and what was read; unknown where that is hidden from the reader.
fn object(schema: &Schema, given: &Value, seen: &Seen, hidden: &BTreeSet<&'static str>) -> Value {
    let mut entries = given.as_entries().cloned().unwrap_or_default();
    for attribute in schema.attributes {
        let unset = entries.get(attribute.name).is_none_or(Value::is_null);
        if attribute.presence == Presence::Computed || unset {
            let ty = attribute.ty.to_type();
            if hidden.contains(attribute.name) {
                entries.insert(attribute.name.into(), Value::unknown(ty).marked(Marks::SENSITIVE));
                continue;
            }
            let json = seen.get(attribute.name).unwrap_or(&Json::Null);
            let value = from_json(json, &ty).unwrap_or_else(|_| Value::null(ty));
            let marks = if attribute.sensitive { Marks::SENSITIVE } else { Marks::NONE };
            entries.insert(attribute.name.into(), value.marked(marks));
        }
    }
    Value::from_entries(entries)
}

impl Planner<'_> {
    /// The object of a data source: as it was read, or unknown where it is read during the apply.
    pub(super) fn read_data(&mut self, instance: DataInstance<'_>, diags: &mut Diagnostics) -> Value {
        let DataInstance { address, resource, given, dependencies } = instance;
        self.dependencies.insert(address.clone(), dependencies.all());
        let reason = match given.is_wholly_known() {
            false => Some(Reason::ConfigUnknown),
            true => {
                let awaited = dependencies.awaited(resource);
                // What another instance of the same module makes cannot be meant.
                let elsewhere = |other: &ModulePath| {
                    let own = &address.resource.module;
                    other != own && other.is_alike(own)
                };
                let pending = |change: &Change| {
                    let moves = match change.action {
                        Action::NoOp | Action::Forget => false,
                        // A mark is written anew: nobody reads that.
                        Action::Update => change.before != change.after,
                        Action::Create | Action::Replace | Action::Delete | Action::Read => true,
                    };
                    moves
                        && change.address.resource.mode == Mode::Managed
                        && awaited.binary_search(&change.address.resource).is_ok()
                        && !elsewhere(&change.address.resource.module)
                };
                self.changes.iter().any(pending).then_some(Reason::DependencyPending)
            }
        };
        let unread = unread(&address, resource.schema, &given);
        if reason.is_some() {
            if self.input.options.mode == PlanMode::Normal {
                let change = unchanged(address, None);
                self.changes.push(Change { action: Action::Read, reason, after: Some(unread.clone()), ..change });
            }
            return unread;
        }
        match answer(resource.schema, &given, self.reads) {
            Answer::Object(object) => {
                self.data.insert(address, object.clone());
                object
            }
            Answer::Wants(want) => {
                self.wanted.insert(want);
                unread
            }
            Answer::Nothing(why) => {
                diags.push(Diagnostic::error("Data source found nothing", why).at(resource.span).on(&address));
                unread
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::OfferFacts;
    use crate::schema::data;
    use std::collections::BTreeMap;

    fn template(id: u64, name: &str) -> Group {
        Group { shown: [("name", name.into()), ("disk_size", 32.into())].into(), ..Group::bare(GroupId(id)) }
    }

    fn offer(iri: &str, model: &str, price: &str) -> Offer {
        Offer {
            iri: iri.into(),
            available: true,
            gpu_model: model.into(),
            gpu_count: 1,
            price_per_gpu: Usd(price.parse().expect("a decimal")),
            row_price: None,
            price_per_disk: Usd::ZERO,
            facts: OfferFacts::default(),
            host: iri.into(),
        }
    }

    fn given(schema: &Schema, set: &[(&str, Value)]) -> Value {
        let all = schema.attributes.iter().map(|a| (a.name, Value::null(a.ty.to_type())));
        let blocks = schema.blocks.iter().map(|block| (block.name, Value::null(block.ty())));
        let mut entries: BTreeMap<&str, Value> = all.chain(blocks).collect();
        entries.extend(set.iter().cloned());
        Value::object(entries)
    }

    #[test]
    fn a_template_is_found_by_id_or_exact_name_and_nothing_else() {
        let templates = vec![template(1, "a"), template(2, "b"), template(3, "b")];
        let reads = Reads { global_templates: Some(templates), ..Reads::default() };
        let ask = |set: &[(&str, Value)]| answer(&data::GLOBAL_TEMPLATE, &given(&data::GLOBAL_TEMPLATE, set), &reads);
        for set in [[("id", Value::string("1"))], [("name", Value::string("a"))]] {
            let Answer::Object(found) = ask(&set) else { panic!("{set:?}") };
            assert_eq!(found.get("iri").and_then(Value::as_str), Some("/instances/templates/1"));
            assert!(found.is_wholly_known());
        }
        for (set, words) in [
            (vec![], "Give the id"),
            (vec![("name", Value::string("A"))], "There is no global template named \"A\""),
            (vec![("name", Value::string("b"))], "2, 3"),
            (vec![("id", Value::string("x"))], "There is no global template with id x"),
        ] {
            let Answer::Nothing(why) = ask(&set) else { panic!("{set:?}") };
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn offers_are_filtered_and_stand_by_price() {
        let set = [("gpu_model", Value::string("rtx 4090"))];
        let given = given(&data::OFFERS, &set);
        assert!(matches!(answer(&data::OFFERS, &given, &Reads::default()), Answer::Wants(Want::Offers)));
        let offers =
            vec![offer("/2", "RTX 4090", "0.4"), offer("/1", "RTX 4090", "0.3"), offer("/3", "RTX 3090", "0.1")];
        let reads = Reads { offers: Some(offers), ..Reads::default() };
        let Answer::Object(found) = answer(&data::OFFERS, &given, &reads) else { panic!("an object") };
        let rows = found.get("offers").and_then(Value::as_elements).expect("rows");
        let iris: Vec<_> = rows.iter().filter_map(|row| row.get("iri")?.as_str()).collect();
        assert_eq!(iris, ["/1", "/2"]);
    }
}
