//! The advisory lock of a state, where Terraform takes it: on the id of its row. It lives as long as the connection; who holds
//! it stands in a row of ours beside.
//!
//! Terraform locks a state that has no row yet under -1, and with it every other state of the database that has none, for the
//! whole first apply. Here the row is made when the lock is taken, with a state in which nothing stands, so that first applies
//! go side by side; -1 is held for that one statement. A lock that is given back before anything was written takes the row
//! away again. Terraform, between its look for a row and its -1, may miss a row that is made at that very moment: the journal
//! protects then.

use super::connection::{Fault, done};
use super::database::{Database, EMPTY};
use crate::store::{Holding, Lock, LockInfo, Place, StoreError, Tried, Version};
use futures::future::{BoxFuture, FutureExt};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::sleep;
use tokio_postgres::Client;

/// The lock of one workspace.
#[derive(Debug)]
pub struct AdvisoryLock {
    database: Arc<Database>,
    workspace: String,
    /// The id under which this run holds it.
    held: Mutex<Option<i64>>,
}

/// Under which number rows are made.
const NEW: i64 = -1;
/// How often, and after which pause, that number is tried. Who makes a row, or only looks, has it for a moment; the first
/// apply of a Terraform has it for longer than anybody waits here.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// Who holds an advisory lock of one number: PostgreSQL shows it in two halves.
const HOLDER: &str = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND ((classid::bigint << 32) | objid::bigint) = $1";

/// What became of one attempt.
enum Attempt {
    /// Held, under this id.
    Held(i64),
    /// Another holds it.
    Refused,
    /// Somebody makes rows: that may last a moment.
    Creating,
    /// The row was made or taken away meanwhile.
    Again,
}

impl AdvisoryLock {
    /// Of a workspace.
    pub fn new(database: Arc<Database>, workspace: impl Into<String>) -> AdvisoryLock {
        AdvisoryLock { database, workspace: workspace.into(), held: Mutex::default() }
    }

    /// Under which key its text stands.
    fn key(&self) -> String {
        format!("{}.podform/lock", self.workspace)
    }

    fn held(&self) -> MutexGuard<'_, Option<i64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn number(&self, client: &Client) -> Result<Option<i64>, Fault> {
        let query = format!("SELECT id FROM {} WHERE name = $1", self.database.table("states"));
        let row = done(client.query_opt(&query, &[&self.workspace])).await?;
        Ok(row.and_then(|row| row.try_get(0).ok()))
    }

    /// One statement, and one more look: a row that is held is removed by nobody else.
    async fn attempt(&self, client: &Client) -> Result<Attempt, Fault> {
        let states = self.database.table("states");
        // As Terraform does: not while anybody makes rows, for it may be this one. At the end of the statement -1 is free again.
        let take = format!(
            "SELECT id, pg_try_advisory_lock(id), pg_try_advisory_xact_lock({NEW}) FROM {states} WHERE name = $1"
        );
        // The row is seen by others when it is held already.
        let make = format!(
            "WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock({NEW}) AS is_mine), \
             made AS (INSERT INTO {states} (name, data) SELECT $1, $2 FROM turn WHERE is_mine ON CONFLICT (name) DO NOTHING RETURNING id) \
             SELECT made.id, pg_try_advisory_lock(made.id), turn.is_mine FROM turn LEFT JOIN made ON true"
        );
        let row = match done(client.query_opt(&take, &[&self.workspace])).await? {
            Some(row) => row,
            None => done(client.query_one(&make, &[&self.workspace, &EMPTY])).await?,
        };
        let id: Option<i64> = row.try_get(0).ok();
        let is_held = row.try_get::<_, Option<bool>>(1).ok().flatten().unwrap_or(false);
        let is_turn = row.try_get(2).unwrap_or(false);
        Ok(match id.filter(|_| is_held) {
            Some(id) if !is_turn => {
                self.let_go(client, id).await?;
                Attempt::Creating
            }
            Some(id) if self.number(client).await? == Some(id) => Attempt::Held(id),
            Some(id) => {
                self.let_go(client, id).await?;
                Attempt::Again
            }
            None if id.is_some() => Attempt::Refused,
            None if is_turn => Attempt::Again,
            None => Attempt::Creating,
        })
    }

    async fn let_go(&self, client: &Client, id: i64) -> Result<(), Fault> {
        done(client.execute("SELECT pg_advisory_unlock($1)", &[&id])).await.map(drop)
    }

    /// Whether it was free.
    async fn try_take(&self, info: &LockInfo) -> Result<bool, Fault> {
        let client = self.database.client().await?;
        let mut left = TRIES;
        let id = loop {
            left -= 1;
            match self.attempt(&client).await? {
                Attempt::Held(id) => break id,
                Attempt::Refused => return Ok(false),
                Attempt::Creating | Attempt::Again if left == 0 => return Ok(false),
                Attempt::Creating => sleep(PAUSE).await,
                Attempt::Again => {}
            }
        };
        *self.held() = Some(id);
        let own = self.database.table("podform_objects");
        let note = format!(
            "INSERT INTO {own} (name, data) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET data = excluded.data, version = nextval('public.global_states_id_seq')"
        );
        let text = info.for_terraform(&id.to_string());
        done(client.execute(&note, &[&self.key(), &text.as_bytes()])).await?;
        Ok(true)
    }

    /// The process of the server that holds it, and whether that is ours.
    async fn holder(&self, client: &Client) -> Result<Option<(i32, bool)>, Fault> {
        let number = self.number(client).await?;
        let own = done(client.query_one("SELECT pg_backend_pid()", &[])).await?;
        let own: i32 = own.try_get(0).unwrap_or_default();
        for number in number.into_iter().chain([NEW]) {
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
        let remove = format!("DELETE FROM {} WHERE name = $1 AND data = $2", self.database.table("podform_objects"));
        match own {
            true => {
                done(client.execute(&remove, &[&self.key(), &text])).await?;
                let id = *self.held();
                if let Some(id) = id {
                    let clear = format!("DELETE FROM {} WHERE id = $1 AND data = $2", self.database.table("states"));
                    done(client.execute(&clear, &[&id, &EMPTY])).await?;
                    self.let_go(&client, id).await?;
                }
                *self.held() = None;
            }
            false => {
                let ended = done(client.query_one("SELECT pg_terminate_backend($1)", &[&pid])).await?;
                if !ended.try_get(0).unwrap_or(false) {
                    return Err(Fault::Refused(format!("the server does not end the connection {pid} that holds it")));
                }
                done(client.execute(&remove, &[&self.key(), &text])).await?;
            }
        }
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
            let found = self.look().await.map_err(|fault| self.database.failed("read the lock", &self.key(), fault))?;
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
