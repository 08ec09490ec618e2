//! The calls under `/sandbox/`: time, switches, the log, and what other people do. They need no key.
//!
//! | call | body | does |
//! |---|---|---|
//! | `GET /sandbox/calls` | | the log: `{"total", "counters", "calls"}` |
//! | `DELETE /sandbox/calls` | | empties it |
//! | `POST /sandbox/advance` | `{"seconds": 3600}` | pushes the clock on and lets everything due happen |
//! | `GET /sandbox/world` | | the whole stored world |
//! | `GET`, `PUT /sandbox/switches` | `{"names": "rewrite", "faults": ["502:*:1"]}` | reads or turns switches |
//! | `POST /sandbox/actors/rent` | `{"instanceMarket": IRI}` | a stranger takes an offer |
//! | | `{"instanceMarket", "gpuCount", "instanceTemplate"}` | somebody rents for this account in the panel |
//! | `POST /sandbox/actors/delete` | `{"id"}`, `{"templateId"}` or `{"instanceMarket"}` | somebody deletes a machine or template in the panel; a stranger gives an offer back |
//! | `POST /sandbox/actors/edit` | `{"id", name, notes, status, pricePerGpu, hashId, ...}` | somebody edits a machine in the panel; another `hashId` is another machine under a used number |
//! | | `{"templateId", ...}` | ... or a template |
//! | | `{"instanceMarket", "pricePerGpu"}` | a host changes its price; 0 undoes that |
//! | | `{"deposit": 50}` | money comes in |

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::book::Deposit;
use super::clock::{seconds, stamp};
use super::fields::{Fields, parse};
use super::rent::OFFERS;
use super::wire::{Answer, Call, Refusal, number};
use super::world::World;

/// Ten years: longer than any test needs, and the clock stays a date after hundreds of such steps.
const MOST_SECONDS: u64 = 315_360_000;

impl World {
    /// Answers a call under `/sandbox/`.
    pub(super) fn answer_admin(&mut self, call: &Call<'_>) -> Answer {
        let now = self.settle();
        let answer = match (call.method, call.path) {
            ("GET", "/sandbox/calls") => Ok(self.call_log()),
            ("DELETE", "/sandbox/calls") => {
                self.calls.clear();
                Ok(json!({}))
            }
            ("POST", "/sandbox/advance") => self.advance_by(call),
            ("GET", "/sandbox/world") => Ok(serde_json::to_value(&self.book).unwrap_or_default()),
            ("GET", "/sandbox/switches") => Ok(self.switch_document()),
            ("PUT", "/sandbox/switches") => self.turn(call),
            ("POST", "/sandbox/actors/rent") => self.actor_rent(call, now),
            ("POST", "/sandbox/actors/delete") => self.actor_delete(call, now),
            ("POST", "/sandbox/actors/edit") => self.actor_edit(call, now),
            _ => Err(Refusal::not_found()),
        };
        match (answer, self.save()) {
            (Ok(value), Ok(())) => Answer::json(200, &value),
            (Err(refusal), _) => refusal.answer(self.switches.problems),
            (Ok(_), Err(why)) => Refusal::Problem(500, format!("The sandbox cannot write its world: {why}"))
                .answer(self.switches.problems),
        }
    }

    fn call_log(&self) -> Value {
        let calls: Vec<_> = self.calls.records().collect();
        json!({"total": self.calls.total(), "counters": self.calls.counters(), "calls": calls})
    }

    /// Pushes the clock on by whole seconds, ten years at most.
    pub(super) fn advance(&mut self, count: u64) -> i64 {
        self.clock.advance(seconds(count.min(MOST_SECONDS)));
        self.touch();
        self.settle()
    }

    fn advance_by(&mut self, call: &Call<'_>) -> Result<Value, Refusal> {
        let count = parse(call.body)?.int("seconds")?.and_then(|count| u64::try_from(count).ok());
        let count = count.ok_or_else(|| Refusal::bad("seconds must be a whole number, 0 or more."))?;
        let now = self.advance(count);
        Ok(json!({"now": stamp(now), "balance": number(self.balance())}))
    }

    fn switch_document(&self) -> Value {
        let mut document = serde_json::to_value(&self.switches).unwrap_or_default();
        let faults: Vec<&str> = self.switches.faults.iter().map(|fault| fault.spec.as_str()).collect();
        if let Value::Object(map) = &mut document {
            map.insert("faults".to_owned(), json!(faults));
        }
        document
    }

    fn turn(&mut self, call: &Call<'_>) -> Result<Value, Refusal> {
        let changes: Map<String, Value> = serde_json::from_slice(call.body)
            .map_err(|why| Refusal::bad(format!("The switches must be a JSON object: {why}")))?;
        self.switches.merge(&changes).map_err(Refusal::bad)?;
        self.clock.set_speed(self.switches.speed);
        self.touch();
        Ok(self.switch_document())
    }

    fn actor_rent(&mut self, call: &Call<'_>, now: i64) -> Result<Value, Refusal> {
        let fields = parse(call.body)?;
        if fields.has("instanceTemplate") {
            let id = self.rent_fields(&fields, now, Decimal::ONE)?;
            return Ok(json!({"id": id}));
        }
        let (host, gpus, offer) = self.named_offer(&fields)?;
        if self.free(host) < gpus {
            return Err(Refusal::offer_gone());
        }
        *self.book.head.strangers.entry(offer).or_default() += 1;
        self.occupy(host, gpus, true);
        Ok(json!({}))
    }

    fn actor_delete(&mut self, call: &Call<'_>, now: i64) -> Result<Value, Refusal> {
        let fields = parse(call.body)?;
        if let Some(id) = id(&fields, "id")? {
            self.delete_machine(id, now)?;
        } else if let Some(id) = id(&fields, "templateId")? {
            if !self.remove_template(id) {
                return Err(Refusal::not_found());
            }
        } else {
            let (host, gpus, offer) = self.named_offer(&fields)?;
            let strangers = &mut self.book.head.strangers;
            let Some(count) = strangers.get_mut(&offer).filter(|count| **count > 0) else {
                return Err(Refusal::not_found());
            };
            *count -= 1;
            if *count == 0 {
                strangers.remove(&offer);
            }
            self.occupy(host, gpus, false);
        }
        Ok(json!({}))
    }

    fn actor_edit(&mut self, call: &Call<'_>, now: i64) -> Result<Value, Refusal> {
        let fields = parse(call.body)?;
        if let Some(id) = id(&fields, "id")? {
            if self.book.machines.get(&id).is_none_or(|machine| machine.end.is_some()) {
                return Err(Refusal::not_found());
            }
            let price = amount(&fields, "pricePerGpu", 1_000)?;
            let status = fields.string("status")?;
            let hash_id = fields.string("hashId")?;
            self.edit_fields(id, &fields, now)?;
            self.change_machine(id, now, |machine| {
                machine.price_per_gpu = price.unwrap_or(machine.price_per_gpu);
                machine.hash_id = hash_id.unwrap_or_else(|| std::mem::take(&mut machine.hash_id));
                if let Some(status) = status {
                    machine.status_override = (!status.is_empty()).then_some(status);
                }
            });
        } else if let Some(id) = id(&fields, "templateId")? {
            let mut template = self.book.templates.get(&id).cloned().ok_or_else(Refusal::not_found)?;
            template.write(&fields, &self.switches)?;
            self.put_template(template);
        } else if let Some(amount) = amount(&fields, "deposit", 1_000_000_000)? {
            let id = self.book.head.deposits.iter().map(|deposit| deposit.id).max().unwrap_or(7_000) + 1;
            self.book.head.deposits.push(Deposit { id, amount, at_ms: now });
            self.touch();
        } else {
            let (_, _, offer) = self.named_offer(&fields)?;
            let price =
                amount(&fields, "pricePerGpu", 1_000)?.ok_or_else(|| Refusal::bad("pricePerGpu is missing."))?;
            if price.is_zero() {
                self.book.head.prices.remove(&offer);
            } else {
                self.book.head.prices.insert(offer, price);
            }
            self.touch();
        }
        Ok(json!({}))
    }

    /// Host, GPUs and number of the offer a body names.
    fn named_offer(&self, fields: &Fields) -> Result<(u64, u32, u64), Refusal> {
        let Some((number, iri)) = fields.iri("instanceMarket", OFFERS)? else {
            return Err(Refusal::bad("The body names neither id, templateId nor instanceMarket."));
        };
        let found = self.hosts.offer(number).map(|(offer, host)| (host.number, offer.gpus, offer.number));
        found.ok_or_else(|| Refusal::bad(format!("Item not found for \"{iri}\".")))
    }
}

/// Money in bounds in which nothing overflows.
fn amount(fields: &Fields, name: &str, most: i64) -> Result<Option<Decimal>, Refusal> {
    let amount = fields.number(name)?;
    if amount.is_some_and(|amount| amount < Decimal::ZERO || amount > Decimal::from(most)) {
        return Err(Refusal::bad(format!("{name} must be between 0 and {most}.")));
    }
    Ok(amount)
}

fn id(fields: &Fields, name: &str) -> Result<Option<u64>, Refusal> {
    let id = fields.int(name)?;
    Ok(id.map(|id| u64::try_from(id).unwrap_or(0)))
}
