//! What became of a reboot, by how long the container has run (API sheet §3.13): a reboot twice is not a reboot once.

use crate::live::Machine;
use jiff::Timestamp;
use std::time::Duration;

/// How far `processUptime` may lag: nobody has recorded how often the API renews it, and once a minute is what monitoring
/// does.
const LAG: Duration = Duration::from_secs(60);

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebooted {
    /// The container began anew since.
    Yes,
    /// It has run all the time. That a reboot is yet to come is for the caller to wait for.
    NotYet,
    /// The machine does not tell enough.
    Unknown,
}

/// Of a machine whose container had run for so long when it was asked for, at that time by the server's clock.
pub fn rebooted(before: Option<Duration>, asked: Timestamp, now: Timestamp, machine: &Machine) -> Rebooted {
    let (Some(before), Some(uptime)) = (before, machine.load.uptime) else { return Rebooted::Unknown };
    if uptime < before {
        return Rebooted::Yes;
    }
    let passed = Duration::try_from(now.duration_since(asked)).unwrap_or_default();
    let ran = uptime + LAG >= before + passed;
    let began = uptime <= passed + LAG;
    match (ran, began) {
        (true, false) => Rebooted::NotYet,
        (false, true) => Rebooted::Yes,
        // It had begun just before, or clocks do not fit.
        (true, true) | (false, false) => Rebooted::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{Load, MachineId};

    #[test]
    fn a_container_that_began_since_was_rebooted() {
        let asked: Timestamp = "2026-06-01T00:00:00Z".parse().expect("a time");
        let told = |before: Option<u64>, passed: i64, uptime: Option<u64>| {
            let seconds = |seconds: Option<u64>| seconds.map(Duration::from_secs);
            let load = Load { uptime: seconds(uptime), ..Load::default() };
            let machine = Machine { load, ..Machine::bare(MachineId(1)) };
            let now = asked + jiff::SignedDuration::from_secs(passed);
            rebooted(seconds(before), asked, now, &machine)
        };
        assert_eq!(told(Some(36_000), 5, Some(3)), Rebooted::Yes);
        assert_eq!(told(Some(36_000), 5, Some(36_005)), Rebooted::NotYet);
        assert_eq!(told(Some(36_000), 5, Some(36_000)), Rebooted::NotYet, "it lags");
        assert_eq!(told(Some(600), 7_200, Some(7_190)), Rebooted::Yes, "hours later");
        assert_eq!(told(Some(600), 7_200, Some(7_800)), Rebooted::NotYet);
        assert_eq!(told(Some(20), 7_200, Some(7_210)), Rebooted::Unknown, "it had just begun");
        assert_eq!(told(Some(36_000), 7_200, Some(38_000)), Rebooted::Unknown, "clocks do not fit");
        assert_eq!(told(None, 5, Some(3)), Rebooted::Unknown);
        assert_eq!(told(Some(36_000), 5, None), Rebooted::Unknown);
        assert_eq!(told(Some(36_000), -500, Some(36_001)), Rebooted::NotYet);
    }
}
