//! Changes of objects that stand, and of objects that go.

use super::model::{Action, Change, Reason};
use super::remark::Remark;
use crate::address::InstanceAddr;
use crate::config::{IgnoreChanges, Lifecycle};
use crate::lang::Value;
use crate::money::Usd;
use crate::schema::instance::dollars;

/// A change that changes nothing, of an object that stands so.
pub(super) fn unchanged(address: InstanceAddr, object: Option<Value>) -> Change {
    let cost = object.as_ref().map_or(Usd::ZERO, cost_of);
    Change {
        address,
        deposed: None,
        prevent_destroy: false,
        create_first: false,
        action: Action::NoOp,
        reason: None,
        before: object.clone(),
        after: object,
        moved_from: None,
        importing: None,
        forced_by: Vec::new(),
        placed: None,
        cost_before: cost,
        cost_after: cost,
        repair_mark: false,
        left_out: false,
        remarks: Vec::new(),
    }
}

/// The end of an object; one that is gone costs nothing any more.
pub(super) fn removal(address: &InstanceAddr, object: Value, action: Action, reason: Reason) -> Change {
    let stands = unchanged(address.clone(), Some(object));
    let cost_before = if reason == Reason::Gone { Usd::ZERO } else { stands.cost_before };
    Change { action, reason: Some(reason), after: None, cost_before, cost_after: Usd::ZERO, ..stands }
}

/// Whether nothing is known to ail a machine.
pub(super) fn is_healthy(change: &Change) -> bool {
    !change.remarks.iter().any(Remark::is_unhealthy)
}

/// Whether a whole attribute is ignored.
pub(super) fn ignores(lifecycle: &Lifecycle, name: &str) -> bool {
    match &lifecycle.ignore_changes {
        IgnoreChanges::None => false,
        IgnoreChanges::All => true,
        IgnoreChanges::Paths(paths) => paths.iter().any(|path| path.is(name)),
    }
}

/// USD per hour of a standing object; groups cost nothing.
fn cost_of(object: &Value) -> Usd {
    dollars(object, "hourly_cost").unwrap_or(Usd::ZERO)
}
