//! The tables: Terraform's for states, ours for everything beside them.

use super::connection::{Connection, Fault, done};
use super::settings::Settings;
use crate::store::{Place, StoreError};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

/// What stands for `$1` and so on in a statement. With its type nothing need be asked for before: a statement is one round
/// trip.
pub(super) type Given<'a> = (&'a (dyn ToSql + Sync), Type);

/// The state in a row that was made for its lock, before there is one. Terraform takes it for an empty state and goes on from
/// it, where a row without a text stops it. No other state looks so: each has a lineage.
pub(super) const EMPTY: &str = r#"{"version":4,"terraform_version":"1.11.4","serial":0,"lineage":"","outputs":{},"resources":[],"check_results":null}"#;

/// A database with its tables.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    settings: Settings,
}

impl Database {
    /// Nothing is called yet.
    pub fn new(settings: Settings) -> Database {
        Database { connection: Connection::new(settings.clone()), settings }
    }

    /// How a person finds a row.
    pub(super) fn place_of(&self, name: &str) -> Place {
        Place::named(format!("{}, schema {}, {name}", self.settings.place(), self.settings.schema))
    }

    /// A table, as statements name it.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}.{}", quoted(&self.settings.schema), quoted(name))
    }

    /// One statement. Where the tables are not there yet they are made, and it is sent again: it did nothing.
    pub(super) async fn rows(&self, statement: &str, given: &[Given<'_>]) -> Result<Vec<Row>, Fault> {
        let client = self.connection.client().await?;
        match done(client.query_typed(statement, given)).await {
            Err(Fault::Absent(_)) => {
                self.prepare(&client).await?;
                done(client.query_typed(statement, given)).await
            }
            answered => answered,
        }
    }

    /// One statement that answers with at most one row.
    pub(super) async fn row(&self, statement: &str, given: &[Given<'_>]) -> Result<Option<Row>, Fault> {
        Ok(self.rows(statement, given).await?.into_iter().next())
    }

    pub(super) fn failed(&self, doing: &'static str, name: &str, fault: Fault) -> StoreError {
        let hint = match &fault {
            Fault::Distrusted(_) => Some(
                "In the connection string sslrootcert=FILE names the certificates that are trusted, sslmode=verify-ca trusts them for every host, and sslmode=disable goes without TLS.",
            ),
            Fault::NotSent(_) | Fault::Refused(_) | Fault::Absent(_) | Fault::NoAnswer(_) => None,
        };
        StoreError::Remote { doing, place: self.place_of(name), why: fault.words(), hint }
    }

    /// Makes what is not there, as Terraform does; ours beside it.
    async fn prepare(&self, client: &Client) -> Result<(), Fault> {
        let (create, schema) = (self.settings.create, quoted(&self.settings.schema));
        let (states, own) = (self.table("states"), self.table("podform_objects"));
        let mut all = Vec::new();
        if create.schema {
            all.push(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
        }
        if create.tables {
            all.push("CREATE SEQUENCE IF NOT EXISTS public.global_states_id_seq AS bigint".to_owned());
            all.push(format!(
                "CREATE TABLE IF NOT EXISTS {states} (id bigint NOT NULL DEFAULT nextval('public.global_states_id_seq') PRIMARY KEY, name text UNIQUE, data text)"
            ));
            all.push(format!(
                "CREATE TABLE IF NOT EXISTS {own} (name text PRIMARY KEY, data bytea NOT NULL, version bigint NOT NULL DEFAULT nextval('public.global_states_id_seq'))"
            ));
        }
        if create.index {
            all.push(format!("CREATE UNIQUE INDEX IF NOT EXISTS states_by_name ON {states} (name)"));
        }
        // Two that make them at once do not meet: PostgreSQL's IF NOT EXISTS is no lock.
        let all = format!("BEGIN; SELECT pg_advisory_xact_lock(7238917405); {}; COMMIT", all.join("; "));
        if let Err(fault) = done(client.batch_execute(&all)).await {
            let _ = client.batch_execute("ROLLBACK").await;
            return Err(fault);
        }
        Ok(())
    }
}

/// A name in a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_end_where_they_end() {
        assert_eq!(quoted("a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
    }
}
