//! When a machine that is declared is not wanted: outside of its schedule, and after its end.

use super::instance::duration;
use super::schedule::{Schedule, clock, zone};
use crate::lang::Value;
use crate::money::Usd;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a declared machine is not wanted. `Display` says it behind "is".
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// Outside of its schedule.
    Closed {
        /// When it is wanted again; `None` for never.
        until: Option<Timestamp>,
        /// Whose clock tells it.
        zone: String,
    },
    /// After its end.
    Expired {
        /// When it ended.
        at: Timestamp,
        /// Whose clock tells it.
        zone: String,
    },
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rest::Closed { until: Some(until), zone } => {
                write!(f, "outside of its schedule until {}", clock(*until, zone, false))
            }
            Rest::Closed { until: None, .. } => f.write_str("outside of its schedule, which has no window"),
            Rest::Expired { at, zone } => write!(f, "expired {}", clock(*at, zone, true)),
        }
    }
}

/// `expires` of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// So long after the machine was created.
    After(SignedDuration),
    /// At an instant.
    At(Timestamp),
}

impl Expiry {
    /// Reads `72h`, an RFC 3339 time, or a date, which begins by the clock of a place. `None` for what is none of them.
    pub(super) fn read(text: &str, zone_name: &str) -> Option<Expiry> {
        if let Some(length) = duration(text).filter(|length| !length.is_zero()) {
            return Some(Expiry::After(SignedDuration::try_from(length).ok()?));
        }
        let midnight = || {
            let date = text.parse::<Date>().ok().filter(|_| text.len() == "2026-12-01".len())?;
            Some(date.to_zoned_datetime(zone(zone_name)?).ok()?.timestamp())
        };
        text.parse().ok().or_else(midnight).map(Expiry::At)
    }

    /// `expires` of an object, where it is given and known.
    pub fn of(object: &Value) -> Option<Expiry> {
        Expiry::read(object.get("expires")?.as_str()?, zone_of(object))
    }

    /// When a machine ends that was created then.
    pub fn instant(self, created_at: Option<Timestamp>) -> Option<Timestamp> {
        match self {
            Expiry::At(at) => Some(at),
            Expiry::After(length) => created_at?.checked_add(length).ok(),
        }
    }
}

/// The schedule of an object, where it is given and known.
pub fn schedule(object: &Value) -> Option<Schedule> {
    let on = object.get("schedule")?.get("on").filter(|on| on.is_wholly_known())?.as_elements()?;
    Schedule::read(on.iter().filter_map(Value::as_str), zone_of(object))
}

/// Whose clock tells the times of an object.
pub fn zone_of(object: &Value) -> &str {
    zone_in(object.get("schedule"))
}

/// The time zone of a schedule, or that of who has none.
pub(super) fn zone_in(schedule: Option<&Value>) -> &str {
    schedule.and_then(|block| block.get("time_zone")).and_then(Value::as_str).unwrap_or("UTC")
}

/// Why a machine like this object must not be rented at an instant, whatever became of earlier ones.
pub fn rests(object: &Value, now: Timestamp) -> Option<Rest> {
    let zone = || zone_of(object).to_owned();
    match Expiry::of(object) {
        Some(Expiry::At(at)) if at <= now => return Some(Rest::Expired { at, zone: zone() }),
        Some(Expiry::At(_) | Expiry::After(_)) | None => {}
    }
    let schedule = schedule(object).filter(|schedule| !schedule.is_open(now))?;
    Some(Rest::Closed { until: schedule.changes(now), zone: zone() })
}

/// What a machine of this price would cost in those parts of a month in which it is not wanted.
pub fn saved_per_month(object: &Value, rest: &Rest, hourly_cost: Usd) -> Usd {
    let month = hourly_cost.per_month();
    match (rest, schedule(object)) {
        (Rest::Closed { .. }, Some(schedule)) => {
            let (closed, whole) = schedule.closed();
            Usd(month.0 * Decimal::from(closed) / Decimal::from(whole))
        }
        (Rest::Closed { .. } | Rest::Expired { .. }, _) => month,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_length_a_time_or_a_date() {
        let at = |text: &str| Some(Expiry::At(text.parse().expect("a time")));
        assert_eq!(Expiry::read("72h", "UTC"), Some(Expiry::After(SignedDuration::from_hours(72))));
        assert_eq!(Expiry::read("2026-12-01", "UTC"), at("2026-12-01T00:00:00Z"));
        assert_eq!(Expiry::read("2026-12-01", "Europe/Warsaw"), at("2026-11-30T23:00:00Z"));
        assert_eq!(Expiry::read("2026-12-01T12:00:00+01:00", "UTC"), at("2026-12-01T11:00:00Z"));
        for text in ["", "0h", "72", "tomorrow", "2026-12-01T12:00:00", "2026-13-01", "2026-12-01 12:00", "20261201"] {
            assert_eq!(Expiry::read(text, "UTC"), None, "{text}");
        }
    }
}
