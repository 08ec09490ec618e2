//! The advisory lock of a state, as Terraform takes it: on the id of its row, or on -1 while there is no row. It lives as long
//! as the connection; who holds it stands in a row of ours beside.

use super::connection::{Fault, done, reads};
use super::database::Database;
use crate::store::{Holding, Lock, LockInfo, Place, StoreError, Tried, Version};
use futures::future::{BoxFuture, FutureExt};
use std::sync::Arc;
use tokio_postgres::Client;

/// The lock of one workspace.
#[derive(Debug)]
pub struct AdvisoryLock {
    database: Arc<Database>,
    workspace: String,
}

/// Under which number states that have no row yet are locked: all of them at once.
const NEW: i64 = -1;

/// Who holds an advisory lock of one number: PostgreSQL shows it in two halves.
const HOLDER: &str = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND ((classid::bigint << 32) | objid::bigint) = $1";

impl AdvisoryLock {
    /// Of a workspace.
    pub fn new(database: Arc<Database>, workspace: impl Into<String>) -> AdvisoryLock {
        AdvisoryLock { database, workspace: workspace.into() }
    }

    /// Under which key its text stands.
    fn key(&self) -> String {
        format!("{}.podform/lock", self.workspace)
    }

    async fn number(&self, client: &Client) -> Result<i64, Fault> {
        let query = format!("SELECT id FROM {} WHERE name = $1", self.database.table("states"));
        let row = done(client.query_opt(&query, &[&self.workspace])).await?;
        Ok(row.and_then(|row| row.try_get(0).ok()).unwrap_or(NEW))
    }

    /// Whether it was free. As Terraform does: nobody holds it who makes a row at the same moment.
    async fn try_take(&self, info: &LockInfo) -> Result<bool, Fault> {
        let client = self.database.client().await?;
        let take = "SELECT pg_try_advisory_lock($1)";
        let tried = async |number: i64| -> Result<bool, Fault> {
            let row = done(client.query_one(take, &[&number])).await?;
            Ok(row.try_get(0).unwrap_or(false))
        };
        let number = self.number(&client).await?;
        if !tried(number).await? {
            return Ok(false);
        }
        if number != NEW {
            let is_new_free = tried(NEW).await?;
            let other = if is_new_free { NEW } else { number };
            done(client.execute("SELECT pg_advisory_unlock($1)", &[&other])).await?;
            if !is_new_free {
                return Ok(false);
            }
        }
        let own = self.database.table("podform_objects");
        let note = format!(
            "INSERT INTO {own} (name, data) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET data = excluded.data, version = nextval('public.global_states_id_seq')"
        );
        let text = info.for_terraform(&number.to_string());
        done(client.execute(&note, &[&self.key(), &text.as_bytes()])).await?;
        Ok(true)
    }

    /// The process of the server that holds it, and whether that is ours.
    async fn holder(&self, client: &Client) -> Result<Option<(i32, bool)>, Fault> {
        let number = self.number(client).await?;
        let own = done(client.query_one("SELECT pg_backend_pid()", &[])).await?;
        let own: i32 = own.try_get(0).unwrap_or_default();
        for number in [number, NEW] {
            let held = done(client.query_opt(HOLDER, &[&number])).await?;
            if let Some(pid) = held.and_then(|row| row.try_get::<_, i32>(0).ok()) {
                return Ok(Some((pid, pid == own)));
            }
        }
        Ok(None)
    }

    async fn look(&self) -> Result<Option<(i32, bool, Vec<u8>, String)>, Fault> {
        let client = self.database.client().await?;
        let Some((pid, own)) = self.holder(&client).await? else { return Ok(None) };
        let query =
            format!("SELECT data, version::text FROM {} WHERE name = $1", self.database.table("podform_objects"));
        let row = done(client.query_opt(&query, &[&self.key()])).await?;
        let told = row.and_then(|row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?)));
        let (text, version) = told.unwrap_or_default();
        Ok(Some((pid, own, text, version)))
    }

    async fn try_free(&self, holding: &Holding) -> Result<bool, Fault> {
        let Some((pid, own, text, version)) = self.look().await? else { return Ok(true) };
        let same = holding.version == Version(Some(format!("{version}/{pid}")));
        if !same {
            return Ok(false);
        }
        let client = self.database.client().await?;
        match own {
            true => {
                for number in [self.number(&client).await?, NEW] {
                    // A run that made its row holds the number of those without one.
                    let _ = done(client.execute("SELECT pg_advisory_unlock($1)", &[&number])).await?;
                }
            }
            false => {
                let ended = done(client.query_one("SELECT pg_terminate_backend($1)", &[&pid])).await?;
                if !ended.try_get(0).unwrap_or(false) {
                    return Err(Fault::Refused(format!("the server does not end the connection {pid} that holds it")));
                }
            }
        }
        let remove = format!("DELETE FROM {} WHERE name = $1 AND data = $2", self.database.table("podform_objects"));
        done(client.execute(&remove, &[&self.key(), &text])).await?;
        Ok(true)
    }

    fn failed<T>(&self, doing: &'static str, fault: Fault) -> Tried<T> {
        let is_doubt = matches!(fault, Fault::NoAnswer(_));
        let error = self.database.failed(doing, &self.key(), fault);
        if is_doubt { Tried::InDoubt(error) } else { Tried::NotDone(error) }
    }
}

impl Lock for AdvisoryLock {
    fn place(&self) -> Place {
        self.database.place_of(&format!("the lock of {}", self.workspace))
    }

    fn take<'a>(&'a self, info: &'a LockInfo) -> BoxFuture<'a, Tried<()>> {
        async move {
            match self.try_take(info).await {
                Ok(true) => Tried::Done(()),
                Ok(false) => Tried::Refused,
                Err(fault) => self.failed("take the lock", fault),
            }
        }
        .boxed()
    }

    fn holding(&self) -> BoxFuture<'_, Result<Option<Holding>, StoreError>> {
        async {
            let found = reads(|| self.look())
                .await
                .map_err(|fault| self.database.failed("read the lock", &self.key(), fault))?;
            Ok(found.map(|(pid, _, text, version)| {
                let info = LockInfo::of_terraform(&text);
                // Whoever took it with another program wrote nothing down.
                let ids = info.iter().map(|info| info.id.clone()).chain([pid.to_string()]).collect();
                Holding { info, ids, version: Version(Some(format!("{version}/{pid}"))) }
            }))
        }
        .boxed()
    }

    fn free<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Tried<()>> {
        async move {
            match self.try_free(holding).await {
                Ok(true) => Tried::Done(()),
                Ok(false) => Tried::Refused,
                Err(fault) => self.failed("free the lock", fault),
            }
        }
        .boxed()
    }
}
