//! What can be done with machines: rent, edit, delete, reboot (API sheet §3.10 to §3.13).

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::catalog::{ADJECTIVES, ANIMALS};
use super::chance::{draw, mix, pick};
use super::choices::{BodyShape, Echo, Funds, Larger, NameRule};
use super::clock::seconds;
use super::fields::{Fields, parse};
use super::machines::{Machine, disk_price, replace, settings};
use super::switches::Switches;
use super::templates::Template;
use super::wire::{Answer, Call, NO_MATCH, NOT_EQUAL, NULL, OWN, Refusal, Violation, dressed, number};
use super::world::World;

/// The collections that bodies refer to.
pub(super) const OFFERS: &str = "/instances/market";
pub(super) const TEMPLATES: &str = "/instances/templates";

impl World {
    /// `POST /instances`.
    pub(super) fn rent(&mut self, call: &Call<'_>, now: i64) -> Result<Answer, Refusal> {
        let id = self.rent_fields(&parse(call.body)?, now, call.price)?;
        let status = self.switches.create_status;
        Ok(match self.switches.create_body {
            BodyShape::Empty => Answer::empty(status),
            BodyShape::Object => Answer::json(status, &json!({})),
            BodyShape::Id => {
                let document = self.book.machines.get(&id).map(|machine| {
                    json!({
                        "id": machine.id,
                        "hashId": machine.hash_id,
                        "supportId": machine.support_id,
                        "name": machine.name,
                        "status": machine.status(now, &self.switches),
                        "pricePerGpu": number(machine.price_per_gpu),
                    })
                });
                Answer::json(status, &dressed(document.unwrap_or_default(), &self.switches))
            }
        })
    }

    /// Rents what the body asks for; `jump` multiplies what the machine bills. Returns the machine's id.
    pub(super) fn rent_fields(&mut self, fields: &Fields, now: i64, jump: Decimal) -> Result<u64, Refusal> {
        let gpus = fields.int("gpuCount")?;
        let offer = fields.iri("instanceMarket", OFFERS)?;
        let template = fields.iri("instanceTemplate", TEMPLATES)?;
        let env_variables = fields.env("envVariables")?.unwrap_or_default();
        let start_script = fields.string("startScript")?;
        if let Some((number, iri)) = &offer
            && self.hosts.offer(*number).is_none()
        {
            return Err(Refusal::bad(format!("Item not found for \"{iri}\".")));
        }
        let template = template.map(|(number, iri)| self.referred_template(number, &iri)).transpose()?;
        let (Some(gpus), Some((number, _)), Some(template)) = (gpus, &offer, &template) else {
            let missing = [
                ("gpuCount", gpus.is_none()),
                ("instanceMarket", offer.is_none()),
                ("instanceTemplate", template.is_none()),
            ];
            let null = |(name, _): (&str, bool)| Violation::new(name, "This value should not be null.", NULL);
            return Err(Refusal::Violations(missing.into_iter().filter(|(_, missing)| *missing).map(null).collect()));
        };
        let Some((found, host)) = self.hosts.offer(*number) else { return Err(Refusal::not_found()) };
        let part = u32::try_from(gpus).ok().filter(|gpus| (1..found.gpus).contains(gpus));
        let rented = match (part, self.switches.larger) {
            (Some(gpus), Larger::Allow) => gpus,
            (Some(_), Larger::Whole) => found.gpus,
            _ if gpus == i64::from(found.gpus) => found.gpus,
            _ => {
                let message = format!("This value should be equal to {}.", found.gpus);
                return Err(Refusal::violation("gpuCount", message, NOT_EQUAL));
            }
        };
        if self.switches.disk_must_fit && u64::try_from(template.disk_size).is_ok_and(|size| size > host.disk) {
            let message = format!("This instance has {} GB of disk.", host.disk);
            return Err(Refusal::violation("instanceTemplate", message, OWN));
        }
        let (offer, host, gpus) = (found.number, host.number, rented);
        if self.free(host) < found.gpus || self.is_spent(offer) {
            return Err(Refusal::offer_gone());
        }
        let price = (self.offer_price(offer, now) * self.switches.price_jump * jump).round_dp(6);
        let machine = self.new_machine(now, price, template.clone(), |machine| {
            machine.offer = offer;
            machine.host = host;
            machine.gpus = gpus;
            machine.env_variables = env_variables;
            machine.start_script = start_script;
        });
        if self.switches.funds == Funds::Refuse && self.balance() < machine.rate() {
            return Err(Refusal::violation("instanceMarket", "Insufficient balance.", OWN));
        }
        let id = machine.id;
        self.book.head.next_machine = id + 1 + draw(self.book.seed, "step", id) % 3;
        self.add_machine(machine);
        Ok(id)
    }

    fn new_machine(
        &self,
        now: i64,
        price_per_gpu: Decimal,
        template: Template,
        fill: impl FnOnce(&mut Machine),
    ) -> Machine {
        let (seed, id, switches) = (self.book.seed, self.book.head.next_machine, &self.switches);
        let drawn = draw(seed, "machine", id);
        let exits = [&template.name, &template.image_name]
            .iter()
            .any(|text| switches.exit_delete.iter().any(|part| text.contains(part.as_str())));
        let lifetime = seconds(switches.boot.saturating_add(switches.exit_after));
        let mut machine = Machine {
            id,
            hash_id: format!("{drawn:016x}"),
            support_id: format!("S{:08X}", mix(drawn) & 0xffff_ffff),
            name: format!("{}_{}", pick(ADJECTIVES, drawn >> 7), pick(ANIMALS, drawn >> 23)),
            notes: String::new(),
            offer: 0,
            host: 0,
            gpus: 0,
            template,
            env_variables: Vec::new(),
            start_script: None,
            price_per_gpu,
            auto_renew: switches.auto_renew,
            price_auto_renew_max: Decimal::ZERO,
            created_ms: now,
            booted_ms: now,
            reboots: 0,
            exits_ms: exits.then_some(now.saturating_add(lifetime)),
            renews_ms: now.saturating_add(seconds(switches.period.max(1).saturating_mul(3600))),
            charged: Decimal::ZERO,
            since_ms: now,
            end: None,
            status_override: None,
        };
        fill(&mut machine);
        machine
    }

    fn referred_template(&self, number: u64, iri: &str) -> Result<Template, Refusal> {
        self.template(number).cloned().ok_or_else(|| Refusal::bad(format!("Item not found for \"{iri}\".")))
    }

    /// `PUT /instances/{id}`: the members of the body; the others survive.
    pub(super) fn edit_machine(&mut self, id: u64, call: &Call<'_>, now: i64) -> Result<Answer, Refusal> {
        self.edit_fields(id, &parse(call.body)?, now)?;
        let Some(machine) = self.book.machines.get(&id) else { return Err(Refusal::not_found()) };
        Ok(match self.switches.update_body {
            Echo::Details => Answer::json(200, &self.machine_document(machine, now)),
            Echo::Row => Answer::json(200, &dressed(self.machine_row(machine, now, false), &self.switches)),
            Echo::Object => Answer::json(200, &json!({})),
            Echo::Empty => Answer::empty(200),
        })
    }

    /// Edits a machine as its owner may.
    pub(super) fn edit_fields(&mut self, id: u64, fields: &Fields, now: i64) -> Result<(), Refusal> {
        let name = fields.string("name")?.map(|name| allowed_name(name, &self.switches)).transpose()?;
        let set = settings(fields)?;
        let env = fields.env("envVariables")?;
        let template = fields.iri("instanceTemplate", TEMPLATES)?;
        let template = template.map(|(number, iri)| self.referred_template(number, &iri)).transpose()?;
        let reboots = self.switches.update_reboots && (template.is_some() || env.is_some());
        self.change_machine(id, now, |machine| {
            replace(&mut machine.name, name);
            set(machine);
            replace(&mut machine.env_variables, env);
            replace(&mut machine.template, template);
            if reboots {
                machine.booted_ms = now;
                machine.reboots += 1;
            }
        });
        Ok(())
    }

    /// `PATCH /instances/execute-reboot`: every machine boots again, without pulling anew what is there.
    pub(super) fn reboot(&mut self, call: &Call<'_>, now: i64) -> Result<Answer, Refusal> {
        let Some(ids) = parse(call.body)?.ints("instanceIds")? else {
            return Err(Refusal::violation("instanceIds", "This value should not be null.", NULL));
        };
        for id in &ids {
            let known = self.book.machines.get(id).is_some_and(|machine| machine.end.is_none());
            if !known {
                return Err(Refusal::not_found());
            }
        }
        for id in ids {
            self.change_machine(id, now, |machine| {
                machine.booted_ms = now;
                machine.reboots += 1;
            });
        }
        Ok(Answer::json(200, &json!({})))
    }

    /// `DELETE /instances/{id}`.
    pub(super) fn delete_machine(&mut self, id: u64, now: i64) -> Result<Answer, Refusal> {
        if self.book.machines.get(&id).is_none_or(|machine| machine.end.is_some()) {
            return Err(Refusal::not_found());
        }
        self.end_machine(id, now, "deleted");
        Ok(Answer::empty(204))
    }

    /// `GET /instances/summary`.
    pub(super) fn summary(&self) -> Value {
        let balance = self.balance();
        let burn = self.burn();
        let hours = if burn.is_zero() { Decimal::ZERO } else { (balance / burn).round_dp(1) };
        let machines = self.book.machines.values().filter(|machine| machine.end.is_none()).count();
        json!({
            "rentalAvailability": {"balanceRental": number(balance), "availableRentalHours": number(hours)},
            "instancesCount": machines,
            "costPerHour": number(burn.round_dp(6)),
            "pricePerDiskSize": number(disk_price()),
        })
    }
}

fn allowed_name(name: String, switches: &Switches) -> Result<String, Refusal> {
    match switches.names {
        NameRule::Rewrite => Ok(name.replace('-', "_")),
        NameRule::Reject if name.contains('-') => Err(Refusal::violation("name", "This value is not valid.", NO_MATCH)),
        NameRule::Accept | NameRule::Reject => Ok(name),
    }
}
