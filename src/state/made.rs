//! What intents made: its record, and for how long it is watched for where a call was given up.

use super::digest::SecretKey;
use super::model::{Intent, Record, State};
use super::observed::take_in;
use crate::live::LiveObject;
use crate::schema::{self, observe};
use jiff::{SignedDuration, Timestamp};

/// How long a rent that was given up is watched for (invariant 2): whoever plans once a day hears of a machine that
/// came late. Meanwhile each refresh reads the details of all that look like it.
const WATCHED: SignedDuration = SignedDuration::from_hours(24);

impl Intent {
    /// The record of what this made, with what it shows. A machine without the mark never got the PUT: what that sets is
    /// not recorded as sent, so that the next plan sets it.
    pub fn record_of(&self, made: &LiveObject, key: &SecretKey) -> Record {
        let mut record = self.record.as_deref().cloned().unwrap_or_default();
        record.claim = Some(self.claim.clone());
        match made {
            LiveObject::Machine(machine) => {
                if machine.mark().is_none() {
                    record.unset(&schema::instance::SCHEMA);
                }
                take_in(&mut record, &schema::instance::SCHEMA, &observe::machine(machine), key);
            }
            LiveObject::Group(group) => {
                take_in(&mut record, &schema::group::SCHEMA, &observe::group(group), key);
            }
        }
        record
    }
}

impl State {
    /// Rents that were given up long enough ago, by the server's clock, which closed them, are watched no more; and of the
    /// claims that were spent so long ago, only the last are kept. Says whether any goes.
    pub fn unwatch(&mut self, now: Option<Timestamp>) -> bool {
        let Some(now) = now else { return false };
        let before = self.watched.len();
        self.watched.retain(|_, (_, closed)| now.duration_since(*closed) < WATCHED);
        let forgets = self.unspend(now, WATCHED);
        forgets || self.watched.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::IntentAction;

    #[test]
    fn what_was_given_up_is_watched_for_a_day_of_the_server() {
        let address = "simplepod_instance.a".parse().expect("an address");
        let intent = Intent::new("c".into(), IntentAction::RENT, address, Timestamp::UNIX_EPOCH);
        let closed: Timestamp = "2026-06-01T00:00:00Z".parse().expect("a time");
        let mut state = State { watched: [("c".to_owned(), (intent, closed))].into(), ..State::default() };
        assert!(!state.unwatch(None), "no server was asked");
        assert!(!state.unwatch(Some(closed + SignedDuration::from_hours(23))));
        assert!(state.unwatch(Some(closed + SignedDuration::from_hours(24))));
        assert!(state.watched.is_empty());
    }
}
