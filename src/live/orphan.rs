//! Orphans: what carries a fleet's mark, or the claim of a call that was given up, and stands in no state; and what may be
//! one.

use super::{HashId, ObjectId};
use crate::address::InstanceAddr;
use crate::money::Usd;
use jiff::Timestamp;
use rust_decimal::Decimal;

/// What tells that an object is a fleet's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Its mark, or its claim.
    Made,
    /// The claim of a call that was given up as absent, or closed by a person.
    GivenUp,
    /// Nothing: its mark is damaged, or stands beside another claim.
    Damaged,
    /// Nothing: its mark is that of a recorded object, which is another one.
    Copied,
    /// Nothing: another object carries the same mark, and one of the two is a copy.
    Disputed,
    /// Nothing: its mark is whole, and the environment that it shows lacks the claim.
    Unclaimed,
    /// Nothing: it carries no mark, and was rented from a template group that only this fleet holds.
    Perhaps,
}

impl Proof {
    /// Whether it may be released for it.
    pub fn is_one(self) -> bool {
        match self {
            Proof::Made | Proof::GivenUp => true,
            Proof::Damaged | Proof::Copied | Proof::Disputed | Proof::Unclaimed | Proof::Perhaps => false,
        }
    }

    /// In the words of programs.
    pub fn word(self) -> &'static str {
        match self {
            Proof::Made => "made",
            Proof::GivenUp => "given_up",
            Proof::Damaged => "damaged",
            Proof::Copied => "copied",
            Proof::Disputed => "disputed",
            Proof::Unclaimed => "unclaimed",
            Proof::Perhaps => "perhaps",
        }
    }
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Orphan {
    /// Which.
    pub id: ObjectId,
    /// The opaque id of a machine.
    pub hash_id: Option<HashId>,
    /// What it was made for, by its mark; of one that only may be ours, what it could have been made for. `None` where
    /// nothing tells.
    pub address: Option<InstanceAddr>,
    /// The claim of the call that made it, where mark or environment show it.
    pub claim: Option<String>,
    /// When it was made, where the API says.
    pub created: Option<Timestamp>,
    /// USD per hour, where the API shows what it bills; a template group bills nothing.
    pub hourly: Option<Usd>,
    /// What tells that it is one.
    pub proof: Proof,
}

impl Orphan {
    /// Seconds since it was made.
    pub fn age(&self, now: Timestamp) -> Option<u64> {
        age(now, self.created?)
    }

    /// What it has cost by now, at the rate that it bills now.
    pub fn so_far(&self, now: Timestamp) -> Option<Usd> {
        let cost = self.hourly?.0.checked_mul(Decimal::from(self.age(now)?))?;
        Some(Usd((cost / Decimal::from(3600)).round_dp(4)))
    }

    /// What a person reads: "machine 108209, made for simplepod_instance.a, 3 h old, about $0.96 so far, $0.32 per hour".
    pub fn words(&self, now: Timestamp) -> String {
        let what = self.id.kind();
        let address = self.address.as_ref().map_or_else(String::new, ToString::to_string);
        let whose = match self.proof {
            Proof::Made => format!("made for {address}"),
            Proof::GivenUp => format!("made for {address} by a call that was given up as absent"),
            Proof::Damaged => "whose mark does not prove what it was made for".to_owned(),
            Proof::Copied => "whose mark was copied from another one's notes".to_owned(),
            Proof::Disputed => format!("marked as {address}, as another {what} is: one of them is a copy"),
            Proof::Unclaimed => format!("marked as {address}, but without the claim in the environment that it shows"),
            Proof::Perhaps if address.is_empty() => {
                "which may be ours: it carries no mark, and runs a template group of this fleet".to_owned()
            }
            Proof::Perhaps => format!(
                "which may be ours: it carries no mark, runs a template group of this fleet, and is like the rent for {address} that was given up"
            ),
        };
        let mut words = format!("{what} {}, {whose}", self.id);
        for part in self.costs(now) {
            words.push_str(", ");
            words.push_str(&part);
        }
        words
    }

    /// Age, cost so far and rate, as far as they are known.
    pub fn costs(&self, now: Timestamp) -> Vec<String> {
        let age = self.age(now).map(|age| format!("{} old", span(age)));
        let so_far = self.so_far(now).filter(|_| self.age(now) >= Some(60));
        let so_far = so_far.map(|cost| format!("about {cost:.2} so far"));
        let rate = self.hourly.map(|rate| format!("{rate} per hour"));
        [age, so_far, rate].into_iter().flatten().collect()
    }
}

/// Seconds since then; none where it is yet to come.
pub fn age(now: Timestamp, then: Timestamp) -> Option<u64> {
    u64::try_from(now.duration_since(then).as_secs()).ok()
}

/// `3 min`, `5 h`, `12 d`: the largest unit of which two or more have passed, or minutes.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..60 => "less than a minute".to_owned(),
        60..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::MachineId;

    #[test]
    fn it_costs_what_it_bills() {
        let orphan = Orphan {
            id: ObjectId::Machine(MachineId(5)),
            hash_id: None,
            address: "simplepod_instance.a".parse().ok(),
            claim: None,
            created: Some(Timestamp::UNIX_EPOCH),
            hourly: Some(Usd(Decimal::new(30, 2))),
            proof: Proof::Made,
        };
        let now = Timestamp::from_second(5400).expect("a time");
        let told = "machine 5, made for simplepod_instance.a, 90 min old, about $0.45 so far, $0.30 per hour";
        assert_eq!(orphan.words(now), told);
        let (early, bare) = (Timestamp::MIN, Orphan { hourly: None, created: None, ..orphan.clone() });
        assert_eq!((orphan.age(early), orphan.so_far(early)), (None, None), "made after now");
        assert_eq!(bare.words(now), "machine 5, made for simplepod_instance.a");
    }
}
