//! Rented machines.

use super::{Env, GroupId, HashId, MachineId, Mark, Notes, Seen};
use crate::money::{Usd, hourly_cost};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// The status of a machine: an open vocabulary, compared without case (API sheet §5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Status(pub String);

impl Status {
    /// The container runs; the program in it may not listen yet.
    pub fn is_running(&self) -> bool {
        self.is(&["running", "active", "ready", "started"])
    }

    /// The machine bills no more and will not come back.
    pub fn is_gone(&self) -> bool {
        self.is(&["deleted", "removed", "terminated", "expired"])
    }

    /// The machine will not become ready by waiting.
    pub fn is_failed(&self) -> bool {
        self.is(&["error", "failed", "unavailable"])
    }

    /// The machine stopped, and nobody said that it is gone: it may bill on.
    pub fn is_stopped(&self) -> bool {
        self.is(&["paused", "stopped", "exited"])
    }

    fn is(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.0.eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A port of a machine that can be reached from outside (API sheet §3.9, "ports").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The port inside the container; text for special ones (`0console`).
    pub container_port: String,
    /// The port on `ip`, where the entry is a direct one.
    pub host_port: Option<u16>,
    /// The host's address, where the entry is a direct one.
    pub ip: Option<String>,
    /// `unknown`, `checking`, `closed`, `http`, `https`, or a word we do not know.
    pub protocol: String,
    /// An address that a browser opens, once there is one.
    pub url: Option<String>,
}

/// What a machine tells of itself at a moment (API sheet §3.9); none of it is compared with anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Since its container started: a reboot begins anew.
    pub uptime: Option<Duration>,
    /// % of its cores.
    pub cpu: Option<Decimal>,
    /// % of its memory.
    pub memory: Option<Decimal>,
    /// % of its disk.
    pub disk: Option<Decimal>,
}

/// A rented machine as one answer of the API told it. Rows of lists carry less than details: what an answer did not
/// carry is `None` and says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The id in paths.
    pub id: MachineId,
    /// The opaque id.
    pub hash_id: Option<HashId>,
    /// The attributes that nothing needs by name, as the table of the kind reads them.
    pub shown: Seen,
    /// The user's text and our mark.
    pub notes: Option<Notes>,
    /// The status.
    pub status: Option<Status>,
    /// `RTX 4090`.
    pub gpu_model: Option<String>,
    /// How many GPUs.
    pub gpu_count: Option<u32>,
    /// USD per GPU-hour.
    pub price_per_gpu: Option<Usd>,
    /// USD per GB-month (API sheet §6).
    pub price_per_disk: Option<Usd>,
    /// GB.
    pub disk_size: Option<u64>,
    /// RFC 3339 with the server's offset.
    pub created_at: Option<String>,
    /// The template it was rented from.
    pub group: Option<GroupId>,
    /// Its environment; whether it holds the template's too is unsettled (C15).
    pub env: Option<Env>,
    /// Its start script as stored.
    pub start_script: Option<String>,
    /// Ports; in the order of the answer.
    pub ports: Option<Vec<Port>>,
    /// The tail of the container's console, decoded, control characters removed.
    pub console: Option<String>,
    /// The tail of the system's console, decoded, control characters removed.
    pub console_system: Option<String>,
    /// How busy it is.
    pub load: Load,
    /// The API's words about what went wrong.
    pub errors: Vec<String>,
    /// The API's words about what may go wrong.
    pub warnings: Vec<String>,
    /// Attributes that were left out of it, or of which parts were: nobody knows them.
    pub hidden: BTreeSet<&'static str>,
}

impl Machine {
    /// A machine of which only the id is told.
    pub fn bare(id: MachineId) -> Machine {
        Machine { id, ..Machine::default() }
    }

    /// Its rent has ended: the API goes on showing it for a while.
    pub fn is_gone(&self) -> bool {
        self.status.as_ref().is_some_and(Status::is_gone)
    }

    /// The mark in its notes, unless that was written onto another machine, and copied.
    pub fn mark(&self) -> Option<&Mark> {
        self.noted().filter(|mark| !mark.is_copied_to(self.id))
    }

    /// The mark in its notes, whoever it was copied from.
    pub fn noted(&self) -> Option<&Mark> {
        self.notes.as_ref()?.mark()
    }

    /// A text among [`Machine::shown`].
    pub fn text(&self, name: &str) -> Option<&str> {
        self.shown.get(name)?.as_str()
    }

    /// When it was made, where the answer carried it.
    pub fn created(&self) -> Option<Timestamp> {
        self.created_at.as_ref()?.parse().ok()
    }

    /// Whether this answer shows variables: then the API shows environments.
    pub fn shows_env(&self) -> bool {
        self.env.as_ref().is_some_and(|env| !env.0.is_empty())
    }

    /// USD per hour, as far as is shown: rows of lists may tell nothing of the disk (C17). `None` without a price.
    pub fn shown_cost(&self) -> Option<Usd> {
        let disk = self.price_per_disk.zip(self.disk_size).unwrap_or_default();
        Some(hourly_cost(self.price_per_gpu?, self.gpu_count?, disk.0, disk.1))
    }

    /// USD per hour, where the answer carried what it takes to know it.
    pub fn hourly_cost(&self) -> Option<Usd> {
        let cost = hourly_cost(self.price_per_gpu?, self.gpu_count?, self.price_per_disk?, self.disk_size?);
        Some(Usd(cost.0.round_dp(6)))
    }
}

/// The body of a rent (API sheet §3.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RentRequest {
    /// `instanceMarket`, verbatim from the offer's row.
    pub offer_iri: String,
    /// What the table of the kind sends with a rent, by attribute.
    pub ordered: Seen,
    /// `instanceTemplate`.
    pub group: GroupId,
    /// Template's, instance's and claim together (C15).
    pub env: Env,
}

/// The body of a PUT of a machine: what is `None` stays as it is (API sheet §3.11).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineFields {
    /// What the table of the kind knows the names of, by attribute.
    pub settings: Seen,
    /// `notes`, with the mark.
    pub notes: Option<String>,
    /// `instanceTemplate`.
    pub group: Option<GroupId>,
    /// `envVariables`, complete.
    pub env: Option<Env>,
}

impl MachineFields {
    /// Whether an answer already shows what was sent: one that does not is a rewrite, or an older picture of the machine.
    pub fn is_shown_by(&self, machine: &Machine) -> bool {
        fn shows<T: PartialEq>(sent: &Option<T>, shown: &Option<T>) -> bool {
            sent.is_none() || sent == shown
        }
        self.settings.iter().all(|(name, sent)| machine.shown.get(name) == Some(sent))
            && (self.notes.is_none() || self.notes.as_deref() == machine.notes.as_deref())
            && shows(&self.group, &machine.group)
    }
}
