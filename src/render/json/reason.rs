//! Why something is planned, in Terraform's words.

use crate::address::InstanceKey;
use crate::plan::{Action, Reason};
use crate::review::Described;
use crate::schema::Rest;

/// Terraform's name of a reason, as the document has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ActionReason(pub &'static str);

impl ActionReason {
    /// As the stream has it.
    pub fn in_stream(self) -> &'static str {
        match self.0 {
            "replace_because_tainted" => "tainted",
            "replace_by_triggers" => "replace_triggered_by",
            "replace_by_request" => "requested",
            "replace_because_cannot_update" => "cannot_update",
            other => other,
        }
    }
}

/// Why; `None` where nothing has to be said.
pub(super) fn action_reason(change: &Described<'_>) -> Option<ActionReason> {
    let name = match (change.action, change.reason) {
        (Action::Read, Some(Reason::ConfigUnknown)) => "read_because_config_unknown",
        (Action::Read, _) => "read_because_dependency_pending",
        (Action::Replace, Some(Reason::Tainted(_) | Reason::Unhealthy(_))) => "replace_because_tainted",
        (Action::Replace, Some(Reason::Triggered)) => "replace_by_triggers",
        (Action::Replace, Some(Reason::Requested | Reason::Rebalanced)) => "replace_by_request",
        (Action::Replace, _) => "replace_because_cannot_update",
        (Action::Delete | Action::Forget, Some(Reason::Rests { rest: Rest::Closed { .. }, .. })) => {
            "delete_because_out_of_schedule"
        }
        (Action::Delete | Action::Forget, Some(Reason::Rests { rest: Rest::Expired { .. }, .. })) => {
            "delete_because_expired"
        }
        (Action::Delete | Action::Forget, Some(Reason::NoBlock)) | (Action::Forget, Some(Reason::LetGo)) => {
            "delete_because_no_resource_config"
        }
        (Action::Delete | Action::Forget, Some(Reason::NoModule)) => "delete_because_no_module",
        (Action::Delete | Action::Forget, Some(Reason::NoKey)) => match &change.address.key {
            Some(InstanceKey::Int(_)) => "delete_because_count_index",
            Some(InstanceKey::Str(_)) => "delete_because_each_key",
            None => "delete_because_wrong_repetition",
        },
        (Action::Delete | Action::Forget, Some(Reason::OtherRepetition)) => "delete_because_wrong_repetition",
        _ => return None,
    };
    Some(ActionReason(name))
}
