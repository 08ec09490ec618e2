//! Bills and deposits. Nobody has recorded what their rows look like (API sheet §3.15, §3.16): every likely name is read,
//! and the rows stay as they came for whoever reads them otherwise.

use super::MachineId;
use crate::money::Usd;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};

/// A bill that is said to be longer is misread: the vendor rents by the hour.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 3660);

/// The likely names of its end.
const ENDS: [&str; 7] = ["endedAt", "endAt", "end", "to", "until", "periodEnd", "stoppedAt"];

/// One row of the lists of usage and of deposits: its fields as they came, texts cleaned.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow(pub Map<String, Json>);

/// What the account's list of usage says of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Which.
    pub machine: MachineId,
    /// USD.
    pub amount: Usd,
    /// Its name.
    pub name: Option<String>,
    /// Its model.
    pub gpu_model: Option<String>,
    /// Its GPUs.
    pub gpu_count: Option<u64>,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Until when; of a machine that runs, until the list was made.
    pub until: Option<Timestamp>,
}

/// Money that came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deposit {
    /// USD, unless `currency` says otherwise.
    pub amount: Usd,
    /// When.
    pub at: Option<Timestamp>,
    /// The API's word for how far it has come.
    pub status: Option<String>,
    /// The API's word for what it is counted in.
    pub currency: Option<String>,
}

impl LedgerRow {
    /// As a row of the list of usage, which was made at `now`; `None` where none of the names of a machine or of an amount
    /// stands there.
    pub fn bill(&self, now: Timestamp) -> Option<Bill> {
        let machine = self.first(&["instanceId", "instance", "instance_id", "machineId"], id)?;
        let amount = self.first(&["amount", "cost", "total", "totalCost", "price", "totalPrice"], decimal)?;
        let from = self.first(&["startedAt", "startAt", "start", "from", "periodStart", "createdAt", "date"], moment);
        let until = self.first(&ENDS, moment);
        let lasted = self.first(&["duration", "seconds"], decimal).and_then(|seconds| i64::try_from(seconds).ok());
        let lasted =
            from.zip(lasted).and_then(|(from, seconds)| from.checked_add(SignedDuration::from_secs(seconds)).ok());
        // An end that is known to be none yet: it runs.
        let runs = ENDS.iter().any(|name| self.0.get(*name).is_some_and(Json::is_null));
        let made = from.and(Some(now)).filter(|_| runs);
        let until = until.or(lasted).or(made).filter(|until| from.is_none_or(|from| *until >= from));
        Some(Bill {
            machine: MachineId(machine),
            amount: Usd(amount),
            name: self.first(&["instanceName", "name"], text).or_else(|| self.inside("instance", "name")),
            gpu_model: self.first(&["gpuModel", "gpu"], text).or_else(|| self.inside("instance", "gpuModel")),
            gpu_count: self.first(&["gpuCount"], decimal).and_then(|count| u64::try_from(count).ok()),
            from,
            until,
        })
    }

    /// As a row of the list of deposits; `None` without an amount.
    pub fn deposit(&self) -> Option<Deposit> {
        Some(Deposit {
            amount: Usd(self.first(&["amount", "value", "total", "sum", "price"], decimal)?),
            at: self.first(&["createdAt", "date", "paidAt", "at", "completedAt", "updatedAt"], moment),
            status: self.first(&["status", "state"], text),
            currency: self.first(&["currency"], text),
        })
    }

    fn first<T>(&self, names: &[&str], read: fn(&Json) -> Option<T>) -> Option<T> {
        names.iter().filter_map(|name| self.0.get(*name)).find_map(read)
    }

    fn inside(&self, object: &str, name: &str) -> Option<String> {
        text(self.0.get(object)?.get(name)?)
    }
}

impl Bill {
    /// The part of it since then, its amount spread evenly over its time; `None` where all of it was before. One without a
    /// time is whole.
    pub fn since(&self, then: Timestamp) -> Option<Bill> {
        let Some((from, until)) = self.period() else { return Some(self.clone()) };
        if from >= then {
            return Some(self.clone());
        }
        let part = (until > then).then(|| self.part(then, until))??;
        Some(Bill { amount: part, from: Some(then), ..self.clone() })
    }

    /// Its amount by day (UTC), spread evenly over its time, in runs of days that cost the same, the first and the last of
    /// each named: the day on which it begins, the whole days, the day on which it ends. Empty where it tells no time. The
    /// days add up to the amount.
    pub fn days(&self) -> Vec<(Date, Date, Usd)> {
        let Some((from, until)) = self.period() else { return Vec::new() };
        let midnight = |day: Date| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok();
        let first = TimeZone::UTC.to_datetime(from).date();
        // What ends at midnight ends on the day before.
        let inside = until.checked_sub(SignedDuration::from_nanos(1)).map_or(from, |inside| inside.max(from));
        let last = TimeZone::UTC.to_datetime(inside).date();
        let spread = || -> Option<Vec<(Date, Date, Usd)>> {
            let second = first.tomorrow().ok().filter(|second| *second <= last)?;
            let begun = self.part(from, midnight(second)?)?;
            let mut runs = vec![(first, first, begun)];
            let mut left = self.amount - begun;
            if let Some(before) = last.yesterday().ok().filter(|before| second <= *before) {
                let each = self.part(midnight(second)?, midnight(second.tomorrow().ok()?)?)?;
                let whole = second.duration_until(last).as_hours() / 24;
                runs.push((second, before, each));
                left = left - Usd(each.0.checked_mul(whole.into())?);
            }
            runs.push((last, last, left));
            Some(runs)
        };
        spread().unwrap_or_else(|| vec![(first, first, self.amount)])
    }

    /// Whether it tells a time that can be.
    pub fn is_dated(&self) -> bool {
        self.period().is_some()
    }

    /// How long it is for.
    pub fn lasted(&self) -> Option<SignedDuration> {
        let (from, until) = self.period()?;
        self.until.map(|_| until.duration_since(from))
    }

    /// From when until when; a moment where it tells one time alone.
    fn period(&self) -> Option<(Timestamp, Timestamp)> {
        let from = self.from.or(self.until)?;
        let until = self.until.unwrap_or(from);
        (until.duration_since(from) <= LONGEST).then_some((from, until))
    }

    /// What falls between two moments of its time, to the millionth of a dollar.
    fn part(&self, from: Timestamp, until: Timestamp) -> Option<Usd> {
        let (begin, end) = self.period()?;
        let whole = Decimal::from(end.duration_since(begin).as_secs().max(1));
        let share = Decimal::from(until.duration_since(from).as_secs()).checked_div(whole)?;
        Some(Usd(self.amount.0.checked_mul(share)?.round_dp(6)))
    }
}

fn decimal(value: &Json) -> Option<Decimal> {
    let read = |text: &str| text.parse().or_else(|_| Decimal::from_scientific(text)).ok();
    match value {
        Json::Number(number) => read(&number.to_string()),
        Json::String(text) => read(text.trim().trim_start_matches('$')),
        _ => None,
    }
}

/// A number, `/instances/108209`, or an object with an `id`.
fn id(value: &Json) -> Option<u64> {
    match value {
        Json::Number(number) => number.as_u64(),
        Json::String(text) => text.rsplit('/').next()?.parse().ok(),
        Json::Object(object) => object.get("id")?.as_u64(),
        _ => None,
    }
}

/// With an offset, or without one: then it is UTC; a date; or seconds since 1970.
fn moment(value: &Json) -> Option<Timestamp> {
    match value {
        Json::String(text) => {
            text.parse().ok().or_else(|| TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok())
        }
        Json::Number(number) => Timestamp::from_second(number.as_i64()?).ok(),
        _ => None,
    }
}

fn text(value: &Json) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(value: &Json) -> LedgerRow {
        LedgerRow(value.as_object().expect("an object").clone())
    }

    #[test]
    fn bills_are_read_by_every_likely_name() {
        let time = |text: &str| text.parse::<Timestamp>().expect("a time");
        let told = row(&json!({
            "instanceId": 7, "amount": 1.5, "gpuModel": "RTX 4090", "gpuCount": 2, "instanceName": "a",
            "startedAt": "2026-06-01T12:00:00+02:00", "endedAt": null, "duration": 3600,
        }));
        let now = time("2026-06-05T00:00:00Z");
        let bill = told.bill(now).expect("a bill");
        assert_eq!((bill.machine, bill.amount.to_string(), bill.gpu_count), (MachineId(7), "$1.50".into(), Some(2)));
        assert_eq!((bill.from, bill.until), (Some(time("2026-06-01T10:00:00Z")), Some(time("2026-06-01T11:00:00Z"))));
        let told = row(&json!({"instance": {"id": 8, "name": "b"}, "cost": "$2.25", "date": "2026-06-01"})).bill(now);
        let bill = told.expect("a bill");
        assert_eq!((bill.name.as_deref(), bill.from), (Some("b"), Some(time("2026-06-01T00:00:00Z"))));
        assert_eq!(
            row(&json!({"instance": "/instances/9", "total": 1e-3})).bill(now).map(|bill| bill.machine.0),
            Some(9)
        );
        let runs = json!({"instanceId": 7, "amount": 1, "startedAt": "2026-06-01T00:00:00Z", "endedAt": null});
        let runs = row(&runs).bill(now).expect("a bill");
        assert_eq!(runs.until, Some(now));
        let half = runs.since(time("2026-06-03T00:00:00Z")).map(|bill| bill.amount.to_string());
        assert_eq!(half.as_deref(), Some("$0.50"), "of a machine that runs, what was since then");
        let timeless = row(&json!({"instanceId": 7, "amount": 1, "endedAt": null})).bill(now).expect("a bill");
        assert!(!timeless.is_dated());
        for no_bill in [json!({"amount": 1}), json!({"instanceId": 1}), json!({"instanceId": 1, "amount": null})] {
            assert_eq!(row(&no_bill).bill(now), None);
        }
    }

    #[test]
    fn an_amount_is_spread_over_its_days_and_stays_whole() {
        let bill = Bill {
            amount: Usd(Decimal::ONE),
            from: "2026-06-01T16:00:00Z".parse().ok(),
            until: "2026-06-03T16:00:00Z".parse().ok(),
            ..Bill::default()
        };
        let told: Vec<String> =
            bill.days().iter().map(|(day, last, amount)| format!("{day} {last} {amount:.6}")).collect();
        assert_eq!(
            told,
            ["2026-06-01 2026-06-01 $0.166667", "2026-06-02 2026-06-02 $0.500000", "2026-06-03 2026-06-03 $0.333333"]
        );
        let whole = Bill {
            from: "2026-06-01T00:00:00Z".parse().ok(),
            until: "2026-06-05T00:00:00Z".parse().ok(),
            ..bill.clone()
        };
        let told: Vec<String> =
            whole.days().iter().map(|(day, last, amount)| format!("{day} {last} {amount}")).collect();
        assert_eq!(told, ["2026-06-01 2026-06-01 $0.25", "2026-06-02 2026-06-03 $0.25", "2026-06-04 2026-06-04 $0.25"]);
        let late = bill.since("2026-06-03T04:00:00Z".parse().expect("a time")).expect("a part");
        assert_eq!((late.amount.to_string(), late.days().len()), ("$0.25".to_owned(), 1));
        assert_eq!(bill.since("2026-06-03T16:00:00Z".parse().expect("a time")), None);
        assert!(Bill { from: None, until: None, ..bill.clone() }.days().is_empty());
        let endless = Bill { from: Some(Timestamp::MIN), ..bill.clone() };
        assert!(endless.days().is_empty(), "a row that is misread does not take for ever");
        let moment = Bill { until: None, ..bill };
        assert_eq!(moment.days().len(), 1);
    }

    #[test]
    fn deposits_have_an_amount() {
        let told =
            row(&json!({"amount": "50.00", "status": "completed", "createdAt": "2026-06-01T00:00:00Z"})).deposit();
        assert_eq!(told.map(|told| (told.amount.to_string(), told.at.is_some())), Some(("$50.00".into(), true)));
        assert_eq!(row(&json!({"status": "completed"})).deposit(), None);
    }
}
