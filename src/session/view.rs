//! The account as a plan looks at it: all of it, what anybody may see of it, or what a snapshot holds. A view changes
//! nothing.

use super::work::Session;
use crate::cloud::{CallError, Cloud, ErrorKind, Listed, Outcome, ReadResult};
use crate::live::{Account, Group, GroupFields, GroupId, Machine, MachineFields, MachineId, Offer, RentRequest};
use crate::simplepod::Client;
use crate::snapshot::{Redaction, Written};
use jiff::Timestamp;
use std::sync::Arc;

/// What is looked at.
pub enum View {
    /// The account.
    Account(Arc<Client>),
    /// The account, without its secrets: for an untrusted configuration.
    Public(Arc<Client>, Redaction),
    /// What was written down.
    Written(Box<Written>),
}

impl Session<'_, View> {
    /// As of when the account is seen, where that is a snapshot.
    pub fn as_of(&self) -> Option<Timestamp> {
        match self.cloud {
            View::Written(written) => Some(written.as_of),
            View::Account(_) | View::Public(..) => None,
        }
    }
}

/// Changes are not for those who look.
fn refused<T>(call: &str) -> Outcome<T> {
    Outcome::NotDone(CallError {
        kind: ErrorKind::Refused,
        call: call.to_owned(),
        status: None,
        message: "who only looks changes nothing".to_owned(),
    })
}

impl Cloud for View {
    async fn offers(&self) -> ReadResult<Vec<Offer>> {
        match self {
            View::Account(client) | View::Public(client, _) => client.offers().await,
            View::Written(written) => Ok(written.offers.clone()),
        }
    }

    async fn global_templates(&self) -> ReadResult<Vec<Group>> {
        match self {
            View::Account(client) => client.global_templates().await,
            View::Public(client, redaction) => {
                Ok(client.global_templates().await?.into_iter().map(|group| redaction.group(group)).collect())
            }
            View::Written(written) => Ok(written.global_templates.clone()),
        }
    }

    async fn account(&self) -> ReadResult<Account> {
        match self {
            View::Account(client) | View::Public(client, _) => client.account().await,
            View::Written(written) => Ok(written.account.clone()),
        }
    }

    async fn groups(&self) -> ReadResult<Listed<Group>> {
        match self {
            View::Account(client) => client.groups().await,
            View::Public(client, redaction) => Ok(client.groups().await?.map(|group| redaction.group(group))),
            View::Written(written) => {
                Ok(Listed { rows: written.groups.values().cloned().collect(), as_of: Some(written.as_of) })
            }
        }
    }

    async fn group(&self, id: GroupId) -> ReadResult<Option<Group>> {
        match self {
            View::Account(client) => client.group(id).await,
            View::Public(client, redaction) => Ok(client.group(id).await?.map(|group| redaction.group(group))),
            View::Written(written) => Ok(written.groups.get(&id).cloned()),
        }
    }

    async fn create_group(&self, _: &GroupFields) -> Outcome<Option<GroupId>> {
        refused("POST /instances/templates")
    }

    async fn update_group(&self, _: GroupId, _: &GroupFields) -> Outcome<()> {
        refused("PUT of a template group")
    }

    async fn delete_group(&self, _: GroupId) -> Outcome<()> {
        refused("DELETE of a template group")
    }

    async fn machines(&self) -> ReadResult<Listed<Machine>> {
        match self {
            View::Account(client) => client.machines().await,
            View::Public(client, redaction) => Ok(client.machines().await?.map(|machine| redaction.machine(machine))),
            View::Written(written) => {
                Ok(Listed { rows: written.machines.values().cloned().collect(), as_of: Some(written.as_of) })
            }
        }
    }

    async fn machine(&self, id: MachineId) -> ReadResult<Option<Machine>> {
        match self {
            View::Account(client) => client.machine(id).await,
            View::Public(client, redaction) => Ok(client.machine(id).await?.map(|machine| redaction.machine(machine))),
            View::Written(written) => Ok(written.machines.get(&id).cloned()),
        }
    }

    async fn rent(&self, _: &RentRequest) -> Outcome<Option<MachineId>> {
        refused("POST /instances")
    }

    async fn update_machine(&self, _: MachineId, _: &MachineFields) -> Outcome<Option<Machine>> {
        refused("PUT of a machine")
    }

    async fn reboot_machine(&self, _: MachineId) -> Outcome<()> {
        refused("PATCH of a machine")
    }

    async fn delete_machine(&self, _: MachineId) -> Outcome<()> {
        refused("DELETE of a machine")
    }
}
