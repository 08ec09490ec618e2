//! Bills and deposits (API sheet §3.15, §3.16).

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::book::Deposit;
use super::choices::BillingShape;
use super::clock::{HOUR_MS, stamp};
use super::machines::Machine;
use super::rows::{ROW, enveloped, page};
use super::wire::{Answer, Call, Dressed, Refusal, dressed, number};
use super::world::World;

impl World {
    /// `GET /instances/billing/list`: what every machine, past ones too, has cost so far.
    pub(super) fn billing_list(&self, call: &Call<'_>, now: i64) -> Result<Answer, Refusal> {
        let wanted = call.query.iter().find(|(key, _)| key == "instanceId").map(|(_, value)| value.as_str());
        let machines: Vec<&Machine> = self
            .book
            .machines
            .values()
            .rev()
            .filter(|machine| wanted.is_none_or(|wanted| wanted == machine.id.to_string()))
            .collect();
        let shown = page(&call.query, &self.switches, machines.len())?;
        let rows: Vec<Dressed<Value>> = machines
            .get(shown)
            .unwrap_or_default()
            .iter()
            .map(|machine| dressed(self.usage(machine, now), &self.switches))
            .collect();
        Ok(match self.switches.billing {
            BillingShape::Array => enveloped(&rows, machines.len(), call.path, &self.switches, rows.len() * ROW),
            BillingShape::Object => Answer::json(200, &json!({})),
            BillingShape::Wrapped => Answer::json(200, &json!({"items": rows, "total": machines.len()})),
        })
    }

    fn usage(&self, machine: &Machine, now: i64) -> Value {
        let end = machine.end.as_ref().map(|end| end.at_ms);
        let amount = (machine.charged_until(now) / Decimal::from(HOUR_MS)).round_dp(6);
        json!({
            "id": machine.id * 10 + 1,
            "instanceId": machine.id,
            "instanceName": machine.name,
            "gpuModel": self.hosts.host(machine.host).map(|host| host.model.name),
            "gpuCount": machine.gpus,
            "pricePerGpu": number(machine.price_per_gpu),
            "startedAt": stamp(machine.created_ms),
            "endedAt": end.map(stamp),
            "endReason": machine.end.as_ref().map(|end| end.why.as_str()),
            "duration": (end.unwrap_or(now) - machine.created_ms).max(0) / 1000,
            "amount": number(amount),
        })
    }

    /// `GET /instances/deposit/list`.
    pub(super) fn deposit_list(&self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let row = |deposit: &Deposit| {
            json!({
                "id": deposit.id,
                "amount": number(deposit.amount),
                "currency": "USD",
                "status": "completed",
                "createdAt": stamp(deposit.at_ms),
            })
        };
        self.list(call, self.book.head.deposits.iter().collect(), |deposit| deposit.id, row)
    }
}
