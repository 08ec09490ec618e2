//! The verbs of objects, as single statements.

use super::connection::{Fault, reads};
use super::database::{Database, EMPTY, Given};
use crate::store::{Object, Objects, Place, StoreError, Tried, Version};
use futures::future::{BoxFuture, FutureExt};
use std::sync::Arc;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

/// The rows of a database: states under the names of their workspaces, and what stands beside them under keys with a `/`,
/// which no workspace has.
#[derive(Clone, Debug)]
pub struct Rows(pub Arc<Database>);

/// A statement for each verb. The version of a state, in Terraform's table, is the transaction that wrote it: a digest would unpack
/// megabytes once more. Ours have a version of their own.
struct Statements {
    get: &'static str,
    version: &'static str,
    create: &'static str,
    replace: &'static str,
    remove: &'static str,
    remove_any: &'static str,
    list: &'static str,
}

/// A row that was made for its lock holds no state.
const STATES: Statements = Statements {
    get: "SELECT convert_to(data, 'UTF8'), xmin::text FROM {table} WHERE name = $1 AND data <> '{empty}'",
    version: "SELECT xmin::text FROM {table} WHERE name = $1 AND data <> '{empty}'",
    create: "INSERT INTO {table} AS old (name, data) VALUES ($1, convert_from($2, 'UTF8')) ON CONFLICT (name) DO UPDATE SET data = excluded.data WHERE old.data IS NULL OR old.data = '{empty}' RETURNING xmin::text",
    replace: "UPDATE {table} SET data = convert_from($2, 'UTF8') WHERE name = $1 AND xmin::text = $3 RETURNING xmin::text",
    remove: "DELETE FROM {table} WHERE name = $1 AND xmin::text = $2 RETURNING name",
    remove_any: "DELETE FROM {table} WHERE name = $1 RETURNING name",
    list: "SELECT name FROM {table} WHERE starts_with(name, $1) AND data <> '{empty}' ORDER BY name COLLATE \"C\"",
};

const OWN: Statements = Statements {
    get: "SELECT data, version::text FROM {table} WHERE name = $1",
    version: "SELECT version::text FROM {table} WHERE name = $1",
    create: "INSERT INTO {table} (name, data) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING version::text",
    replace: "UPDATE {table} SET data = $2, version = nextval('public.global_states_id_seq') WHERE name = $1 AND version::text = $3 RETURNING version::text",
    remove: "DELETE FROM {table} WHERE name = $1 AND version::text = $2 RETURNING name",
    remove_any: "DELETE FROM {table} WHERE name = $1 RETURNING name",
    list: "SELECT name FROM {table} WHERE starts_with(name, $1) ORDER BY name COLLATE \"C\"",
};

impl Rows {
    /// Of the states where there is no `/` in the key.
    fn statement(&self, key: &str, verb: impl Fn(&Statements) -> &'static str) -> String {
        let (statements, table) = match key.contains('/') {
            true => (OWN, "podform_objects"),
            false => (STATES, "states"),
        };
        verb(&statements).replace("{empty}", EMPTY).replace("{table}", &self.0.table(table))
    }

    /// What a statement that reads finds under a key.
    async fn found(&self, key: &str, verb: impl Fn(&Statements) -> &'static str) -> Result<Option<Row>, StoreError> {
        let query = self.statement(key, verb);
        let given: [Given<'_>; 1] = [(&key, Type::TEXT)];
        let row = reads(|| self.0.row(&query, &given)).await;
        row.map_err(|fault| self.0.failed("read", key, fault))
    }

    /// One statement that changes at most one row, and answers with its new version.
    async fn write(&self, key: &str, statement: String, given: &[Given<'_>]) -> Tried<Version> {
        match self.0.row(&statement, given).await {
            Ok(Some(row)) => Tried::Done(Version(row.try_get(0).ok())),
            Ok(None) => Tried::Refused,
            Err(fault) => self.failed("write", key, fault),
        }
    }

    fn failed<T>(&self, doing: &'static str, key: &str, fault: Fault) -> Tried<T> {
        let is_doubt = matches!(fault, Fault::NoAnswer(_));
        let error = self.0.failed(doing, key, fault);
        if is_doubt { Tried::InDoubt(error) } else { Tried::NotDone(error) }
    }
}

impl Objects for Rows {
    fn place(&self, key: &str) -> Place {
        self.0.place_of(key)
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        async move {
            let row = self.found(key, |verbs| verbs.get).await?;
            let object = |row: Row| Ok(Object { bytes: row.try_get(0)?, version: Version(Some(row.try_get(1)?)) });
            let object = row.map(object).transpose();
            object.map_err(|error: tokio_postgres::Error| self.0.failed("read", key, Fault::Refused(error.to_string())))
        }
        .boxed()
    }

    fn version<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        async move {
            let row = self.found(key, |verbs| verbs.version).await?;
            Ok(row.map(|row| Version(row.try_get(0).ok())))
        }
        .boxed()
    }

    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        async move {
            let given: [Given<'_>; 2] = [(&key, Type::TEXT), (&bytes, Type::BYTEA)];
            self.write(key, self.statement(key, |verbs| verbs.create), &given).await
        }
        .boxed()
    }

    fn replace<'a>(&'a self, key: &'a str, over: &'a Version, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        async move {
            let given: [Given<'_>; 3] = [(&key, Type::TEXT), (&bytes, Type::BYTEA), (&over.0, Type::TEXT)];
            self.write(key, self.statement(key, |verbs| verbs.replace), &given).await
        }
        .boxed()
    }

    fn remove<'a>(&'a self, key: &'a str, over: Option<&'a Version>) -> BoxFuture<'a, Tried<()>> {
        async move {
            let version = over.and_then(|version| version.0.as_deref());
            let removed = match &version {
                Some(version) => {
                    let given: [Given<'_>; 2] = [(&key, Type::TEXT), (version, Type::TEXT)];
                    self.0.row(&self.statement(key, |verbs| verbs.remove), &given).await
                }
                None => self.0.row(&self.statement(key, |verbs| verbs.remove_any), &[(&key, Type::TEXT)]).await,
            };
            match removed {
                Ok(None) if version.is_some() => match self.version(key).await {
                    Ok(None) => Tried::Done(()),
                    Ok(Some(_)) => Tried::Refused,
                    Err(error) => Tried::InDoubt(error),
                },
                Ok(_) => Tried::Done(()),
                Err(fault) => self.failed("remove", key, fault),
            }
        }
        .boxed()
    }

    /// One statement: each is a round trip, and waits until it is durable.
    fn remove_all<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Vec<StoreError>> {
        async move {
            let mut failed = Vec::new();
            for (of_states, table) in [(false, "podform_objects"), (true, "states")] {
                let keys: Vec<&str> =
                    keys.iter().map(String::as_str).filter(|key| key.contains('/') != of_states).collect();
                let Some(first) = keys.first() else { continue };
                let statement = format!("DELETE FROM {} WHERE name = ANY($1)", self.0.table(table));
                let removed = self.0.rows(&statement, &[(&keys, Type::TEXT_ARRAY)]).await;
                failed.extend(removed.err().map(|fault| self.0.failed("remove", first, fault)));
            }
            failed
        }
        .boxed()
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        async move {
            let query = self.statement(prefix, |verbs| verbs.list);
            let given: [Given<'_>; 1] = [(&prefix, Type::TEXT)];
            let rows = reads(|| self.0.rows(&query, &given)).await;
            let rows = rows.map_err(|fault| self.0.failed("list", prefix, fault))?;
            Ok(rows.iter().filter_map(|row| row.try_get(0).ok()).collect())
        }
        .boxed()
    }
}
