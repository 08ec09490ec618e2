//! The seam: what effects ask of the API.

use super::client::{Client, id_of};
use super::query::MarketQuery;
use super::read::{account, global_template, group, machine};
use super::{write, write::Body};
use crate::cloud::{Cloud, Listed, Outcome, ReadResult};
use crate::http::Method;
use crate::live::{Account, Group, GroupFields, GroupId, Machine, MachineFields, MachineId, Offer, RentRequest};
use crate::schema::observe::is_detailed;

impl Cloud for Client {
    async fn offers(&self) -> ReadResult<Vec<Offer>> {
        self.market(&MarketQuery::free()).await
    }

    async fn global_templates(&self) -> ReadResult<Vec<Group>> {
        let listed = self.list("/instances/global-templates/list", Vec::new(), None, global_template).await?;
        Ok(listed.rows)
    }

    async fn account(&self) -> ReadResult<Account> {
        let call = self.get("/instances/summary".into(), Vec::new());
        let (account, _) = call.read(|value| Ok(account(value))).await?;
        Ok(account)
    }

    async fn groups(&self) -> ReadResult<Listed<Group>> {
        self.list("/instances/templates/list", Vec::new(), Some(&self.groups_expected), group).await
    }

    async fn group(&self, id: GroupId) -> ReadResult<Option<Group>> {
        self.one(id.iri(), |value| group(value).filter(|group| group.id == id)).await
    }

    async fn create_group(&self, fields: &GroupFields) -> Outcome<Option<GroupId>> {
        self.post("/instances/templates", write::group(fields)).await.map(|id| id.map(GroupId))
    }

    async fn update_group(&self, id: GroupId, fields: &GroupFields) -> Outcome<()> {
        self.call(Method::Put, id.iri(), Some(write::group(fields))).idempotent(false).await.map(drop)
    }

    async fn delete_group(&self, id: GroupId) -> Outcome<()> {
        self.call(Method::Delete, id.iri(), None).idempotent(true).await.map(drop)
    }

    async fn machines(&self) -> ReadResult<Listed<Machine>> {
        self.list("/instances/list", Vec::new(), Some(&self.machines_expected), machine).await
    }

    async fn machine(&self, id: MachineId) -> ReadResult<Option<Machine>> {
        self.one(path(id), |value| machine(value).filter(|machine| machine.id == id)).await
    }

    async fn rent(&self, request: &RentRequest) -> Outcome<Option<MachineId>> {
        self.post("/instances", write::rent(request)).await.map(|id| id.map(MachineId))
    }

    async fn update_machine(&self, id: MachineId, fields: &MachineFields) -> Outcome<Option<Machine>> {
        let outcome = self.call(Method::Put, path(id), Some(write::machine(fields))).idempotent(false).await;
        outcome.map(|answer| {
            let answer = answer?;
            machine(&serde_json::from_slice(&answer.body).ok()?)
                .filter(|machine| machine.id == id && is_detailed(machine))
        })
    }

    async fn reboot_machine(&self, id: MachineId) -> Outcome<()> {
        self.reboot(&[id]).await
    }

    async fn delete_machine(&self, id: MachineId) -> Outcome<()> {
        self.call(Method::Delete, path(id), None).idempotent(true).await.map(drop)
    }
}

impl Client {
    /// Makes something, at most once; its id, where the answer names one.
    async fn post(&self, path: &str, body: Body) -> Outcome<Option<u64>> {
        self.call(Method::Post, path.to_owned(), Some(body)).once().await.map(|answer| id_of(&answer))
    }
}

fn path(id: MachineId) -> String {
    format!("/instances/{id}")
}
