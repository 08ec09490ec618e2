//! Machines that stand, bill, and do not work.

use super::remark::Remark;
use crate::lang::Value;
use crate::live::{LiveObject, Machine, Status};
use crate::schema::instance::create_timeout;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Why a machine is of no use, in words behind its name; `None` for one that runs, or may start yet. `object` is what is
/// wanted, `now` the server's clock.
pub(super) fn ails(live: Option<&LiveObject>, object: &Value, now: Option<Timestamp>) -> Option<String> {
    let Some(LiveObject::Machine(machine)) = live else { return None };
    ails_by(machine, create_timeout(object), now)
}

/// As `ails`, of a machine that may take so long to start.
pub fn ails_by(machine: &Machine, may_take: Duration, now: Option<Timestamp>) -> Option<String> {
    let Machine { status: Some(status), errors, created_at, .. } = machine else { return None };
    if status.is_running() || status.is_gone() {
        return None;
    }
    if status.is_failed() || status.is_stopped() || !errors.is_empty() {
        return Some(words(status, errors));
    }
    // It starts, or says what nobody knows (API sheet §5): it has the time that a rent would wait for it.
    let created: Timestamp = created_at.as_ref()?.parse().ok()?;
    let may_take = SignedDuration::try_from(may_take).ok()?;
    let age = now?.duration_since(created);
    (age > may_take).then(|| {
        format!(
            "{} for {} min since its rent, and timeouts.create allows {} min",
            words(status, errors),
            age.as_mins(),
            may_take.as_mins()
        )
    })
}

fn words(status: &Status, errors: &[String]) -> String {
    match errors {
        [] => format!("its status is {status}"),
        errors => format!("its status is {status} ({})", errors.join("; ")),
    }
}

impl Remark {
    /// True for a machine that does not work: that is news, though nothing is done about it.
    pub fn is_unhealthy(&self) -> bool {
        matches!(self, Remark::Unhealthy(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::MachineId;

    #[test]
    fn a_machine_ails_by_its_status_or_by_starting_too_long() {
        let object = Value::object([("timeouts", Value::object([("create", Value::string("90m"))]))]);
        let ails = |status: &str, errors: &[&str], minutes: i64| {
            let machine = Machine {
                status: Some(Status(status.into())),
                errors: errors.iter().map(|error| (*error).to_owned()).collect(),
                created_at: Some("2026-03-01T10:00:00+01:00".into()),
                ..Machine::bare(MachineId(5))
            };
            let now: Timestamp = "2026-03-01T09:00:00Z".parse().expect("a time");
            ails(Some(&machine.into()), &object, Some(now + SignedDuration::from_mins(minutes)))
        };
        for word in ["Error", "failed", "PAUSED", "stopped", "exited"] {
            assert!(ails(word, &[], 0).is_some_and(|why| why.contains(word)), "{word}");
        }
        for word in ["running", "active", "deleted"] {
            assert_eq!(ails(word, &[], 1_000), None, "{word}");
        }
        for word in ["created", "unknown", "pulling"] {
            assert_eq!(ails(word, &[], 90), None, "{word}");
            assert!(ails(word, &[], 91).is_some_and(|why| why.contains("allows 90 min")), "{word}");
            assert!(ails(word, &["no disk"], 0).is_some_and(|why| why.contains("no disk")), "{word}");
        }
    }
}
