//! Which machine a record or an intent speaks of, as far as what cannot be changed tells.

use super::model::{Intent, Record};
use crate::live::{Env, GroupId, LiveObject, Machine};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

/// Two deliveries of one call lie no further apart: the window in which a machine may be made after its intent
/// (API sheet §8).
pub const TWINS_WITHIN: SignedDuration = SignedDuration::from_mins(6);

/// GPU model, count and template group of a recorded machine, as the API showed them.
pub type Shape<'a> = (Option<&'a str>, Option<u64>, Option<GroupId>);

fn shown<'a>(record: &'a Record, name: &str) -> Option<&'a Json> {
    record.read_back.get(name).or_else(|| record.attributes.get(name))
}

/// What never changes of an object, and its claim: as much as tells whether another one is it, or its twin.
pub(super) fn identity(record: &Record) -> Record {
    const LASTING: [&str; 7] =
        ["created_at", "gpu_count", "hash_id", "id", "name", "rented_gpu_model", "template_group"];
    let mut lasting = Record { claim: record.claim.clone(), ..Record::default() };
    for name in LASTING {
        // What is secret of it stands in a digest, and not here.
        if let Some(value) = shown(record, name).filter(|value| !value.is_null() && !record.holds_secret(name)) {
            lasting.attributes.set(name, value.clone());
        }
    }
    lasting
}

/// The shape of a recorded machine.
pub fn shape(record: &Record) -> Shape<'_> {
    let group = shown(record, "template_group").and_then(|group| GroupId::parse(group.as_str()?));
    let model = shown(record, "rented_gpu_model").and_then(Json::as_str);
    (model, shown(record, "gpu_count").and_then(Json::as_u64), group)
}

/// When a recorded machine was made, where it was ever read.
pub fn made_at(record: &Record) -> Option<Timestamp> {
    record.attributes.get("created_at").and_then(|made| made.as_str()?.parse().ok())
}

/// Whether a machine may have that shape, as far as this answer tells.
pub fn fits(machine: &Machine, (model, count, group): &Shape<'_>) -> bool {
    has_model(machine, *model) && has_count(machine, *count) && machine.group.zip(*group).is_none_or(|(a, b)| a == b)
}

fn has_model(machine: &Machine, model: Option<&str>) -> bool {
    machine.gpu_model.as_deref().zip(model).is_none_or(|(live, wanted)| live.eq_ignore_ascii_case(wanted))
}

fn has_count(machine: &Machine, count: Option<u64>) -> bool {
    machine.gpu_count.zip(count).is_none_or(|(live, wanted)| u64::from(live) == wanted)
}

/// Whether the network may have made a machine of the call that made the recorded one: it is like it, was made at the
/// same time, and holds its claim, which went out with the call. A mark holds no proof: that is written onto one machine
/// after its rent, and whoever copies the notes copies it.
pub(super) fn is_twin(machine: &Machine, record: &Record) -> bool {
    let near = |(a, b): (Timestamp, Timestamp)| a.duration_since(b).abs() <= TWINS_WITHIN;
    let claim = machine.env.as_ref().and_then(Env::claim);
    claim.is_some()
        && claim == record.claim.as_deref()
        && fits(machine, &shape(record))
        && machine.created().zip(made_at(record)).is_none_or(near)
}

/// Why a machine is not the recorded one although it has its number: what never changes is another. `None` where nothing
/// tells.
pub fn is_another(record: &Record, machine: &Machine) -> Option<String> {
    let name = |hash: Option<&str>| hash.unwrap_or("none").to_owned();
    if let Some(recorded) = record.hash_id() {
        match &machine.hash_id {
            Some(live) if *live != recorded => {
                return Some(differs("hash_id", &recorded.0, &name(Some(&live.0))));
            }
            _ => {}
        }
    } else {
        // The apply that rented it ended before it was read.
        return None;
    }
    let (model, count, _) = shape(record);
    let (made, live) = (made_at(record), machine.created());
    if let (Some(made), Some(live)) = (made, live)
        && made != live
    {
        return Some(differs("created_at", &made, &live));
    }
    match (model, count) {
        (Some(model), _) if !has_model(machine, Some(model)) => {
            Some(differs("GPU model", &model, &name(machine.gpu_model.as_deref())))
        }
        (_, Some(count)) if !has_count(machine, Some(count)) => {
            Some(differs("GPU count", &count, &machine.gpu_count.unwrap_or_default()))
        }
        _ => None,
    }
}

impl Record {
    /// Whether an object that has its number is the recorded one, as far as what never changes tells.
    pub(super) fn is_of(&self, object: &LiveObject) -> bool {
        match object {
            LiveObject::Machine(machine) => is_another(self, machine).is_none(),
            LiveObject::Group(_) => true,
        }
    }
}

fn differs(what: &str, recorded: &dyn std::fmt::Display, live: &dyn std::fmt::Display) -> String {
    format!("the record says {what} {recorded}, and the API shows {live} for that number")
}

/// Whether a machine shows an environment, and it is not that of the rent: the claim, which every rent sends, is not
/// there. Of an imported machine nothing was sent.
pub fn lacks_claim(record: &Record, machine: &Machine) -> bool {
    let claim = machine.env.as_ref().and_then(Env::claim);
    record.offer.is_some() && record.claim.is_some() && machine.shows_env() && claim != record.claim.as_deref()
}

impl Intent {
    /// Whether a machine could be what this rented, as far as this answer tells. When it was made says nothing here: a
    /// claim proves more than two clocks.
    pub fn may_have_made(&self, machine: &Machine) -> bool {
        let count = self.gpu_count.map(u64::from);
        !machine.is_gone() && fits(machine, &(self.gpu_model.as_deref(), count, self.group_id.map(GroupId)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{HashId, MachineId};
    use serde_json::json;

    fn machine() -> Machine {
        Machine {
            hash_id: Some(HashId("h".into())),
            gpu_model: Some("RTX 3060".into()),
            gpu_count: Some(2),
            group: Some(GroupId(7)),
            created_at: Some("2026-06-29T13:59:01+02:00".into()),
            env: Some([("PODFORM_CLAIM".to_owned(), "c".to_owned())].into_iter().collect()),
            ..Machine::bare(MachineId(5))
        }
    }

    fn record() -> Record {
        let mut record = Record { claim: Some("c".into()), offer: Some(Default::default()), ..Record::default() };
        for (name, value) in [
            ("id", json!("5")),
            ("hash_id", json!("h")),
            ("rented_gpu_model", json!("rtx 3060")),
            ("gpu_count", json!(2)),
            ("template_group", json!("7")),
            ("created_at", json!("2026-06-29T11:59:01Z")),
        ] {
            record.attributes.set(name, value);
        }
        record
    }

    #[test]
    fn what_never_changes_tells_another_machine() {
        assert_eq!(is_another(&record(), &machine()), None);
        for other in [
            Machine { hash_id: Some(HashId("x".into())), ..machine() },
            Machine { gpu_model: Some("RTX 3090".into()), ..machine() },
            Machine { gpu_count: Some(1), ..machine() },
            Machine { created_at: Some("2026-06-29T13:59:02+02:00".into()), ..machine() },
        ] {
            assert!(is_another(&record(), &other).is_some(), "{other:?}");
        }
        // What the API showed of it counts, not what was asked for.
        let mut record = record();
        record.read_back.insert("gpu_count".into(), json!(8));
        assert_eq!(is_another(&record, &Machine { gpu_count: Some(8), ..machine() }), None);
    }

    #[test]
    fn a_twin_is_like_the_recorded_one_and_holds_its_claim() {
        assert!(is_twin(&machine(), &record()));
        for other in [
            Machine { gpu_model: Some("RTX 3090".into()), ..machine() },
            Machine { gpu_count: Some(1), ..machine() },
            Machine { group: Some(GroupId(8)), ..machine() },
            Machine { created_at: Some("2026-06-29T14:59:01+02:00".into()), ..machine() },
            Machine { env: None, ..machine() },
            Machine { env: Some(Env::default()), ..machine() },
        ] {
            assert!(!is_twin(&other, &record()), "{other:?}");
        }
    }

    #[test]
    fn an_environment_without_the_claim_is_that_of_another_rent() {
        let env = |name: &str| Some([(name.to_owned(), "x".to_owned())].into_iter().collect());
        assert!(!lacks_claim(&record(), &machine()));
        assert!(lacks_claim(&record(), &Machine { env: env("A"), ..machine() }));
        for hidden in [None, Some(Env::default())] {
            assert!(!lacks_claim(&record(), &Machine { env: hidden, ..machine() }));
        }
        let imported = Record { offer: None, ..record() };
        assert!(!lacks_claim(&imported, &Machine { env: env("A"), ..machine() }));
    }
}
