//! The account at one moment, as a plan sees it.

use super::{Group, GroupId, Machine, MachineId};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Everything a refresh read. Lists never prove that something is gone: that stands in the two sets (invariant 8).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Every machine of the account; details where they were read, else the list's row.
    pub machines: BTreeMap<MachineId, Machine>,
    /// Every template group of the account; details where they were read, else the list's row.
    pub groups: BTreeMap<GroupId, Group>,
    /// Recorded machines that are proven gone: 404, 410, or a terminal status.
    pub gone_machines: BTreeSet<MachineId>,
    /// Recorded groups that are proven gone.
    pub gone_groups: BTreeSet<GroupId>,
    /// The server's clock when the machines were listed.
    pub as_of: Option<Timestamp>,
    /// False for `-refresh=false`: nothing was read, and recorded counts as live.
    pub read: bool,
}
