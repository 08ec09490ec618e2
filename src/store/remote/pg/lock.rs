//! The advisory lock of a state, where Terraform takes it: on the id of its row. It lives as long as the connection; who holds it
//! stands in a row of ours beside, which names the process of the server that serves it.
//!
//! Terraform locks a state that has no row yet under -1, and with it every other state of the database that has none, for the
//! whole first apply. Here the row is made when the lock is taken, with a state in which nothing stands, so that first applies
//! go side by side; -1 is held for that one statement. A lock that is given back before anything was written takes the row
//! away again.
//!
//! Terraform looks for a row by one statement, and takes -1 by the next. A row that is made between the two it does not see, and
//! gets in beside us. No statement of ours closes that: nobody sees who has looked, so -1 would have to be held for as long as a
//! Terraform may take between its two, and that locks every workspace of the database for everybody. The journal keeps the two
//! apart: what Terraform writes over a state is known by what it drops, and refused.
//!
//! Each verb is one statement: whoever waits for the lock asks often, and each is a round trip.

use super::connection::{Fault, reads};
use super::database::{Database, EMPTY, Given};
use crate::store::{Holding, Lock, LockInfo, Place, StoreError, Tried, Version};
use futures::future::{BoxFuture, FutureExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

/// The lock of one workspace.
#[derive(Debug)]
pub struct AdvisoryLock {
    database: Arc<Database>,
    workspace: String,
}

/// Takes the lock of the workspace `$1`, and notes `$3` beside, under the name that begins with `$2`. As Terraform does: not while
/// anybody makes rows, for it may be this one; at the end of the statement -1 is free again. A row that is made is seen by others
/// when it is held already, and one that is being taken away is waited for. What others noted is of runs that hold it no more.
const TAKE: &str = "WITH turn AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock(-1) AS is_mine
), old AS MATERIALIZED (
  SELECT id FROM {states} WHERE name = $1 FOR UPDATE
), made AS (
  INSERT INTO {states} (name, data) SELECT $1, '{empty}' FROM turn WHERE is_mine AND NOT EXISTS (SELECT FROM old)
  ON CONFLICT (name) DO NOTHING RETURNING id
), taken AS MATERIALIZED (
  SELECT wanted.id AS number, CASE WHEN is_mine THEN pg_try_advisory_lock(wanted.id) ELSE false END AS is_free
  FROM turn, (SELECT id FROM old UNION ALL SELECT id FROM made) AS wanted
), gone AS (
  DELETE FROM {own} WHERE starts_with(name, $2) AND name <> $2 || pg_backend_pid() AND (SELECT is_free FROM taken)
), noted AS (
  INSERT INTO {own} (name, data) SELECT $2 || pg_backend_pid(), $3 FROM taken WHERE is_free
  ON CONFLICT (name) DO UPDATE SET data = excluded.data, version = nextval('public.global_states_id_seq')
  RETURNING version
)
SELECT coalesce(is_free, false), coalesce(number, -1), pg_backend_pid(), (SELECT version::text FROM noted), $3, is_mine
FROM turn LEFT JOIN taken ON true";

/// How often, and after which pause, it is tried while another has -1. Who makes a row, or only looks, has it for a moment; the
/// first apply of a Terraform has it for longer than anybody waits here.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// Who holds the lock of the workspace `$1`, and what is noted of that under the name that begins with `$2`.
const LOOK: &str = "SELECT true, wanted.number, held.pid, note.version::text, note.data
FROM (VALUES (coalesce((SELECT id FROM {states} WHERE name = $1), -1)), (-1)) AS wanted (number)
JOIN ({held}) AS held ON held.number = wanted.number
LEFT JOIN {own} AS note ON note.name = $2 || held.pid
ORDER BY wanted.number DESC LIMIT 1";

/// Frees the lock of the number `$1` that the process `$2` serves, and removes what is noted of it: the version `$4` under the
/// name that begins with `$3`. Of one's own lock the row goes too in which nothing was written. Another's connection is ended, and the lock with it. Tells whether that was done, where there was
/// anything to do, and whether another process serves it by now.
const FREE: &str = "WITH ended AS MATERIALIZED (
  SELECT CASE pid WHEN pg_backend_pid() THEN pg_advisory_unlock($1) ELSE pg_terminate_backend(pid) END AS is_ended
  FROM ({held}) AS held WHERE number = $1 AND pid = $2
), gone AS (
  DELETE FROM {own} WHERE name = $3 || $2::text AND version::text = $4 AND coalesce((SELECT is_ended FROM ended), true)
), unwritten AS (
  DELETE FROM {states} WHERE id = $1 AND data = '{empty}' AND $2 = pg_backend_pid() AND (SELECT is_ended FROM ended)
)
SELECT (SELECT is_ended FROM ended), EXISTS (SELECT FROM ({held}) AS held WHERE number = $1 AND pid <> $2)";

/// Advisory locks of one number, which PostgreSQL shows in two halves.
const HELD: &str = "SELECT pid, (classid::bigint << 32) | objid::bigint AS number FROM pg_locks
  WHERE locktype = 'advisory' AND objsubid = 1 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

impl AdvisoryLock {
    /// Of a workspace.
    pub fn new(database: Arc<Database>, workspace: impl Into<String>) -> AdvisoryLock {
        AdvisoryLock { database, workspace: workspace.into() }
    }

    /// What the name under which its text stands begins with; the number of a process of the server follows.
    fn key(&self) -> String {
        format!("{}.podform/lock/", self.workspace)
    }

    async fn row(&self, statement: &str, given: &[Given<'_>]) -> Result<Option<Row>, Fault> {
        let (states, own) = (self.database.table("states"), self.database.table("podform_objects"));
        let statement = statement
            .replace("{held}", HELD)
            .replace("{empty}", EMPTY)
            .replace("{states}", &states)
            .replace("{own}", &own);
        self.database.row(&statement, given).await
    }

    async fn try_take(&self, info: &LockInfo) -> Result<Option<Holding>, Fault> {
        let text = info.for_terraform(&self.workspace).into_bytes();
        let given: [Given<'_>; 3] =
            [(&self.workspace, Type::TEXT), (&self.key(), Type::TEXT), (&text.as_slice(), Type::BYTEA)];
        for _ in 0..TRIES {
            let Some(row) = self.row(TAKE, &given).await? else { return Ok(None) };
            let (is_free, is_turn): (bool, bool) = (column(&row, 0)?, column(&row, 5)?);
            if is_free || is_turn {
                return is_free.then(|| holding(&row)).transpose();
            }
            sleep(PAUSE).await;
        }
        Ok(None)
    }

    async fn look(&self) -> Result<Option<Holding>, Fault> {
        let row = self.row(LOOK, &[(&self.workspace, Type::TEXT), (&self.key(), Type::TEXT)]).await?;
        row.map(|row| holding(&row)).transpose()
    }

    async fn try_free(&self, holding: &Holding) -> Result<bool, Fault> {
        let (number, pid, version) = parts(&holding.version);
        let given: [Given<'_>; 4] =
            [(&number, Type::INT8), (&pid, Type::INT4), (&self.key(), Type::TEXT), (&version, Type::TEXT)];
        let Some(row) = self.row(FREE, &given).await? else { return Ok(true) };
        match column::<Option<bool>>(&row, 0)? {
            Some(false) => Err(Fault::Refused(format!("the server does not end the connection {pid} that holds it"))),
            Some(true) => Ok(true),
            None => Ok(!column::<bool>(&row, 1)?),
        }
    }

    fn failed<T>(&self, doing: &'static str, fault: Fault) -> Tried<T> {
        let is_doubt = matches!(fault, Fault::NoAnswer(_));
        let error = self.database.failed(doing, &self.key(), fault);
        if is_doubt { Tried::InDoubt(error) } else { Tried::NotDone(error) }
    }
}

fn column<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, at: usize) -> Result<T, Fault> {
    row.try_get(at).map_err(|error| Fault::Refused(error.to_string()))
}

/// Of a row of number, process, version and text.
fn holding(row: &Row) -> Result<Holding, Fault> {
    let (number, pid): (i64, i32) = (column(row, 1)?, column(row, 2)?);
    let (version, text): (Option<String>, Option<Vec<u8>>) = (column(row, 3)?, column(row, 4)?);
    let info = text.and_then(|text| LockInfo::of_terraform(&text));
    // Whoever took it with another program noted nothing.
    let ids = info.iter().map(|info| info.id.clone()).chain([pid.to_string()]).collect();
    let version = Version(Some(format!("{number}/{pid}/{}", version.unwrap_or_default())));
    Ok(Holding { info, ids, version })
}

/// The number, the process, and the version of what is noted.
fn parts(version: &Version) -> (i64, i32, &str) {
    let mut parts = version.0.as_deref().unwrap_or_default().splitn(3, '/');
    let number = parts.next().and_then(|number| number.parse().ok()).unwrap_or_default();
    let pid = parts.next().and_then(|pid| pid.parse().ok()).unwrap_or_default();
    (number, pid, parts.next().unwrap_or_default())
}

impl Lock for AdvisoryLock {
    fn place(&self) -> Place {
        self.database.place_of(&format!("the lock of {}", self.workspace))
    }

    fn take<'a>(&'a self, info: &'a LockInfo) -> BoxFuture<'a, Tried<Holding>> {
        async move {
            match self.try_take(info).await {
                Ok(Some(holding)) => Tried::Done(holding),
                Ok(None) => Tried::Refused,
                Err(fault) => self.failed("take the lock", fault),
            }
        }
        .boxed()
    }

    fn holding(&self) -> BoxFuture<'_, Result<Option<Holding>, StoreError>> {
        async {
            let found = reads(|| self.look()).await;
            found.map_err(|fault| self.database.failed("read the lock", &self.key(), fault))
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
