//! Who holds a lock, as others see it.

use super::place::Place;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, fs};
use uuid::Uuid;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockInfo {
    /// A UUID; journal entries name it as their run.
    pub id: String,
    /// `apply`.
    pub operation: String,
    /// `user@host`.
    pub who: String,
    /// The name of that host.
    #[serde(default)]
    pub host: String,
    /// The process on that host.
    pub pid: u32,
    /// When that process started, as the host's kernel counts it; tells it from a later one of the same number. `None`
    /// where the system does not say.
    #[serde(default)]
    pub started: Option<String>,
    /// Which podform.
    pub version: String,
    /// Since when.
    pub created: Timestamp,
}

impl LockInfo {
    /// Of this process.
    pub fn new(operation: &str) -> LockInfo {
        let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        LockInfo {
            id: Uuid::new_v4().to_string(),
            operation: operation.to_owned(),
            who: format!("{}@{}", user.unwrap_or("unknown".into()), host()),
            host: host(),
            pid: std::process::id(),
            started: started("self"),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: Timestamp::now(),
        }
    }

    /// In Terraform's layout.
    pub fn at(&self, place: &Place) -> impl fmt::Display {
        format!(
            "Lock Info:\n  ID:        {}\n  Path:      {}\n  Operation: {}\n  Who:       {}\n  Version:   {}\n  \
             Created:   {}\n  Info:      process {}\n",
            self.id, place, self.operation, self.who, self.version, self.created, self.pid
        )
    }
}

/// The name of this host.
pub(super) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// When a process started: the boot, and the ticks since then.
pub(super) fn started(pid: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    // The name of the program, in parentheses, may hold anything.
    let ticks = stat.rsplit_once(") ")?.1.split(' ').nth(19)?;
    Some(format!("{}/{ticks}", boot.trim()))
}
