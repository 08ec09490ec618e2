//! One rented machine and what it is at a moment of the world clock (API sheet §5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clock::seconds;
use super::fields::{EnvVariable, Fields};
use super::switches::Switches;
use super::templates::Template;
use super::wire::{Refusal, TOO_LOW, number};

/// How a machine ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    pub at_ms: i64,
    /// `deleted`, `exited`, `expired` or `balance`.
    pub why: String,
}

/// One rented machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Machine {
    pub id: u64,
    pub hash_id: String,
    pub support_id: String,
    pub name: String,
    pub notes: String,
    /// Number of the offer it was rented from, and of the host it stands on.
    pub offer: u64,
    pub host: u64,
    pub gpus: u32,
    /// The template as it was when the machine last booted: editing one does not reach running machines.
    pub template: Template,
    /// As sent with the rent or the last PUT.
    pub env_variables: Vec<EnvVariable>,
    /// As sent with the rent.
    pub start_script: Option<String>,
    /// USD per GPU-hour.
    pub price_per_gpu: Decimal,
    pub auto_renew: bool,
    /// USD per GPU-hour; 0: no maximum.
    pub price_auto_renew_max: Decimal,
    pub created_ms: i64,
    /// When this boot began, and how many there were before.
    pub booted_ms: i64,
    pub reboots: u32,
    /// When its container exits and takes the machine with it.
    pub exits_ms: Option<i64>,
    /// When the rental period is over.
    pub renews_ms: i64,
    /// Charged until `since_ms`, in dollar-milliseconds per hour.
    pub charged: Decimal,
    pub since_ms: i64,
    pub end: Option<End>,
    /// A status that somebody set by hand.
    pub status_override: Option<String>,
}

/// How far a machine has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Pulls its image. Holds the share of the boot that is over, in percent.
    Booting(i64),
    /// Its image cannot be pulled.
    Stuck,
    /// Runs, ports not yet open.
    Starting,
    /// Runs, ports open.
    Open,
    /// Over.
    Ended,
}

/// USD per GB and month of disk, and hours of a month (API sheet §6).
const DISK_PRICE: Decimal = Decimal::from_parts(15, 0, 0, false, 2);
const MONTH_HOURS: i64 = 730;

/// `pricePerDiskSize`.
pub(super) fn disk_price() -> Decimal {
    DISK_PRICE
}

/// What a PUT sets that concerns nothing else: the change, once all of it is judged.
pub(super) fn settings(fields: &Fields) -> Result<impl FnOnce(&mut Machine) + use<>, Refusal> {
    let notes = fields.string("notes")?;
    let auto_renew = fields.bool("isAutoRenewOn")?;
    let max = fields.number("priceAutoRenewMax")?;
    if max.is_some_and(|max| max < Decimal::ZERO) {
        let message = "This value should be greater than or equal to 0.";
        return Err(Refusal::violation("priceAutoRenewMax", message, TOO_LOW));
    }
    Ok(move |machine: &mut Machine| {
        replace(&mut machine.notes, notes);
        replace(&mut machine.auto_renew, auto_renew);
        replace(&mut machine.price_auto_renew_max, max);
    })
}

/// Takes what was sent.
pub(super) fn replace<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

impl Machine {
    /// What [`settings`] set, as details show it; notes stand in every row.
    pub(super) fn set(&self) -> [(String, Value); 2] {
        [
            ("isAutoRenewOn".to_owned(), self.auto_renew.into()),
            ("priceAutoRenewMax".to_owned(), number(self.price_auto_renew_max)),
        ]
    }

    /// USD per hour: GPUs and disk.
    pub(super) fn rate(&self) -> Decimal {
        let gpus = self.price_per_gpu * Decimal::from(self.gpus);
        let disk = DISK_PRICE * Decimal::from(self.template.disk_size.max(0)) / Decimal::from(MONTH_HOURS);
        (gpus + disk).round_dp(8)
    }

    /// Everything charged until `now`, in dollar-milliseconds per hour.
    pub(super) fn charged_until(&self, now: i64) -> Decimal {
        match self.end {
            Some(_) => self.charged,
            None => self.charged + self.rate() * Decimal::from((now - self.since_ms).max(0)),
        }
    }

    /// Closes the running segment of the bill.
    pub(super) fn close_segment(&mut self, now: i64) {
        self.charged = self.charged_until(now);
        self.since_ms = now;
    }

    /// When something happens to it by itself.
    pub(super) fn next_event(&self) -> i64 {
        self.exits_ms.unwrap_or(i64::MAX).min(self.renews_ms)
    }

    /// Whether reading it gives 404.
    pub(super) fn gone(&self, now: i64, switches: &Switches) -> bool {
        self.end.as_ref().is_some_and(|end| now >= end.at_ms.saturating_add(seconds(switches.delete_lag)))
    }

    /// Whether it stands in the list.
    pub(super) fn listed(&self, now: i64, switches: &Switches) -> bool {
        !self.gone(now, switches) && now >= self.created_ms.saturating_add(seconds(switches.visibility_lag))
    }

    /// How far it has come.
    pub(super) fn phase(&self, now: i64, switches: &Switches) -> Phase {
        if self.end.is_some() {
            return Phase::Ended;
        }
        let boot = seconds(switches.boot);
        let passed = (now - self.booted_ms).max(0);
        let percent = if boot == 0 { 100 } else { passed.saturating_mul(100) / boot };
        if percent >= 80 && self.pull_fails(switches) {
            Phase::Stuck
        } else if percent < 100 {
            Phase::Booting(percent)
        } else if passed < boot.saturating_add(seconds(switches.ports_open)) {
            Phase::Starting
        } else {
            Phase::Open
        }
    }

    /// `status`.
    pub(super) fn status(&self, now: i64, switches: &Switches) -> &str {
        match (&self.status_override, self.phase(now, switches)) {
            (_, Phase::Ended) => "deleted",
            (Some(status), _) => status,
            (None, Phase::Booting(_) | Phase::Stuck) => "created",
            (None, Phase::Starting | Phase::Open) => "running",
        }
    }

    /// Milliseconds since it runs.
    pub(super) fn uptime_ms(&self, now: i64, switches: &Switches) -> i64 {
        match self.phase(now, switches) {
            Phase::Starting | Phase::Open => now - self.booted_ms - seconds(switches.boot),
            _ => 0,
        }
    }

    /// `errors`.
    pub(super) fn errors(&self, now: i64, switches: &Switches) -> Vec<String> {
        if self.phase(now, switches) == Phase::Stuck { vec![self.pull_error()] } else { Vec::new() }
    }

    /// `consoleSystem`: what happened on the way, in base64.
    pub(super) fn console_system(&self, now: i64, switches: &Switches) -> String {
        STANDARD.encode(self.boot_lines(now, switches).join("\n"))
    }

    /// `console`: the same, then what the start scripts print.
    pub(super) fn console(&self, now: i64, switches: &Switches) -> String {
        let mut lines = self.boot_lines(now, switches);
        if matches!(self.phase(now, switches), Phase::Starting | Phase::Open) {
            let own = self.start_script.as_deref().unwrap_or_default();
            for line in self.template.start_script.lines().chain(own.lines()).filter(|line| !line.trim().is_empty()) {
                lines.push(format!("+ {line}"));
            }
        }
        STANDARD.encode(lines.join("\n"))
    }

    fn boot_lines(&self, now: i64, switches: &Switches) -> Vec<String> {
        let (done, stuck) = match self.phase(now, switches) {
            Phase::Booting(percent) => (percent, false),
            Phase::Stuck => (50, true),
            Phase::Starting | Phase::Open => (100, false),
            Phase::Ended => return Vec::new(),
        };
        let script = self.start_script.is_some() || !self.template.start_script.is_empty();
        let stages = [
            (0, "Your instance will be ready shortly. Download starting, please wait up to 5 minutes."),
            (10, "Preparing instance..."),
            (20, "Pulling image..."),
            (80, "Image pulled"),
            (90, "Starting container"),
            (100, "Running start scripts..."),
        ];
        let mut lines: Vec<String> = stages
            .iter()
            .filter(|(at, line)| *at <= done && (script || !line.starts_with("Running")))
            .map(|(_, line)| (*line).to_owned())
            .collect();
        if stuck {
            lines.push(self.pull_error());
        }
        lines
    }

    fn pull_error(&self) -> String {
        let why = if self.locked_out() { "unauthorized" } else { "manifest unknown" };
        format!("Error pulling image {}: {why}", self.template.image())
    }

    /// A private registry without a password.
    fn locked_out(&self) -> bool {
        self.template.is_password_protected && self.template.password.is_empty()
    }

    fn pull_fails(&self, switches: &Switches) -> bool {
        let image = self.template.image();
        self.locked_out() || switches.pull_fails.iter().any(|part| image.contains(part.as_str()))
    }
}
