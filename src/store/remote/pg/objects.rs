//! The verbs of objects, as single statements.

use super::connection::{Fault, done, reads};
use super::database::Database;
use crate::store::{Object, Objects, Place, StoreError, Tried, Version};
use futures::future::{BoxFuture, FutureExt};
use std::sync::Arc;
use tokio_postgres::types::ToSql;

/// The rows of a database: states under the names of their workspaces, and what stands beside them under keys with a `/`,
/// which no workspace has.
#[derive(Clone, Debug)]
pub struct Rows(pub Arc<Database>);

/// A statement for each verb: the states are texts, whose versions are digests; ours have a version of their own.
struct Statements {
    get: &'static str,
    create: &'static str,
    replace: &'static str,
    remove: &'static str,
    remove_any: &'static str,
}

const STATES: Statements = Statements {
    get: "SELECT convert_to(data, 'UTF8'), md5(data) FROM {} WHERE name = $1 AND data IS NOT NULL",
    create: "INSERT INTO {} AS old (name, data) VALUES ($1, convert_from($2, 'UTF8')) ON CONFLICT (name) DO UPDATE SET data = excluded.data WHERE old.data IS NULL RETURNING md5(data)",
    replace: "UPDATE {} SET data = convert_from($2, 'UTF8') WHERE name = $1 AND md5(data) = $3 RETURNING md5(data)",
    remove: "DELETE FROM {} WHERE name = $1 AND md5(data) = $2",
    remove_any: "DELETE FROM {} WHERE name = $1",
};

const OWN: Statements = Statements {
    get: "SELECT data, version::text FROM {} WHERE name = $1",
    create: "INSERT INTO {} (name, data) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING version::text",
    replace: "UPDATE {} SET data = $2, version = nextval('public.global_states_id_seq') WHERE name = $1 AND version::text = $3 RETURNING version::text",
    remove: "DELETE FROM {} WHERE name = $1 AND version::text = $2",
    remove_any: "DELETE FROM {} WHERE name = $1",
};

impl Rows {
    fn statements(&self, key: &str) -> (&'static Statements, String) {
        match key.contains('/') {
            true => (&OWN, self.0.table("podform_objects")),
            false => (&STATES, self.0.table("states")),
        }
    }

    /// One statement that changes at most one row, and answers with its new version.
    async fn write(&self, key: &str, statement: String, given: &[&(dyn ToSql + Sync)]) -> Tried<Version> {
        let row = match self.0.client().await {
            Ok(client) => done(client.query_opt(&statement, given)).await,
            Err(fault) => Err(fault),
        };
        match row {
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
            let (statements, table) = self.statements(key);
            let query = statements.get.replace("{}", &table);
            let row = reads(|| async { done(self.0.client().await?.query_opt(&query, &[&key])).await }).await;
            let row = row.map_err(|fault| self.0.failed("read", key, fault))?;
            let object = |row: tokio_postgres::Row| {
                Ok(Object { bytes: row.try_get(0)?, version: Version(Some(row.try_get(1)?)) })
            };
            let object = row.map(object).transpose();
            object.map_err(|error: tokio_postgres::Error| self.0.failed("read", key, Fault::Refused(error.to_string())))
        }
        .boxed()
    }

    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        async move {
            let (statements, table) = self.statements(key);
            self.write(key, statements.create.replace("{}", &table), &[&key, &bytes]).await
        }
        .boxed()
    }

    fn replace<'a>(&'a self, key: &'a str, over: &'a Version, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        async move {
            let (statements, table) = self.statements(key);
            self.write(key, statements.replace.replace("{}", &table), &[&key, &bytes, &over.0]).await
        }
        .boxed()
    }

    fn remove<'a>(&'a self, key: &'a str, over: Option<&'a Version>) -> BoxFuture<'a, Tried<()>> {
        async move {
            let (statements, table) = self.statements(key);
            let version = over.and_then(|version| version.0.as_deref());
            let client = match self.0.client().await {
                Ok(client) => client,
                Err(fault) => return self.failed("remove", key, fault),
            };
            let removed = match &version {
                Some(version) => done(client.execute(&statements.remove.replace("{}", &table), &[&key, version])).await,
                None => done(client.execute(&statements.remove_any.replace("{}", &table), &[&key])).await,
            };
            match removed {
                Ok(0) if version.is_some() => match self.get(key).await {
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

    /// Of the states where there is no `/` in the prefix.
    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        async move {
            let (_, table) = self.statements(prefix);
            let query = format!("SELECT name FROM {table} WHERE starts_with(name, $1) ORDER BY name COLLATE \"C\"");
            let rows = reads(|| async { done(self.0.client().await?.query(&query, &[&prefix])).await }).await;
            let rows = rows.map_err(|fault| self.0.failed("list", prefix, fault))?;
            Ok(rows.iter().filter_map(|row| row.try_get(0).ok()).collect())
        }
        .boxed()
    }
}
