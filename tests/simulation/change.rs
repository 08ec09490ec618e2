//! What podform asks of the account, and what became of it.

use podform::live::{GroupFields, MachineFields, RentRequest};
use serde_json::Value as Json;

/// A call that changes the account.
#[derive(Clone, Debug)]
pub enum Change {
    /// POST of a rent.
    Rent(RentRequest),
    /// PUT of a machine.
    UpdateMachine(u64, MachineFields),
    /// DELETE of a machine.
    DeleteMachine(u64),
    /// PATCH that reboots a machine.
    RebootMachine(u64),
    /// POST of a template group.
    CreateGroup(GroupFields),
    /// PUT of a template group.
    UpdateGroup(u64, GroupFields),
    /// DELETE of a template group.
    DeleteGroup(u64),
}

impl Change {
    /// What it is, the same in every run of a history.
    pub fn name(&self) -> String {
        match self {
            Change::Rent(request) => format!("rent {}", request.offer_iri),
            Change::UpdateMachine(id, _) => format!("update machine {id}"),
            Change::DeleteMachine(id) => format!("delete machine {id}"),
            Change::RebootMachine(id) => format!("reboot machine {id}"),
            Change::CreateGroup(fields) => {
                let name = fields.settings.get("name").and_then(Json::as_str);
                format!("create group {}", name.unwrap_or_default())
            }
            Change::UpdateGroup(id, _) => format!("update group {id}"),
            Change::DeleteGroup(id) => format!("delete group {id}"),
        }
    }
}

/// A change that podform made, as the account saw it.
#[derive(Clone, Debug)]
pub struct Done {
    /// What was asked.
    pub change: Change,
    /// The id of the object, where it took effect.
    pub id: Option<u64>,
    /// It took effect long after it was sent, perhaps in another run.
    pub late: bool,
    /// Which writer sent it.
    pub by: usize,
}
