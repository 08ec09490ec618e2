//! The tables: Terraform's for states, ours for everything beside them.

use super::connection::{Connection, Fault, done};
use super::settings::Settings;
use crate::store::{Place, StoreError};
use std::sync::Arc;
use tokio::sync::OnceCell;
use tokio_postgres::Client;

/// The state in a row that was made for its lock, before there is one. Terraform takes it for an empty state and goes on from
/// it, where a row without a text stops it. No other state looks so: each has a lineage.
pub(super) const EMPTY: &str = r#"{"version":4,"terraform_version":"1.11.4","serial":0,"lineage":"","outputs":{},"resources":[],"check_results":null}"#;

/// A database with its tables.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    settings: Settings,
    /// That the tables were looked for.
    ready: OnceCell<()>,
}

impl Database {
    /// Nothing is called yet.
    pub fn new(settings: Settings) -> Database {
        Database { connection: Connection::new(settings.clone()), settings, ready: OnceCell::new() }
    }

    /// How a person finds a row.
    pub(super) fn place_of(&self, name: &str) -> Place {
        Place::named(format!("{}, schema {}, {name}", self.settings.place(), self.settings.schema))
    }

    /// A table, as statements name it.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}.{}", quoted(&self.settings.schema), quoted(name))
    }

    /// The connection, with the tables there.
    pub(super) async fn client(&self) -> Result<Arc<Client>, Fault> {
        self.connection
            .client(|client| async move { self.ready.get_or_try_init(|| self.prepare(client)).await.map(drop) })
            .await
    }

    pub(super) fn failed(&self, doing: &'static str, name: &str, fault: Fault) -> StoreError {
        let hint = match &fault {
            Fault::NotSent(why) if why.contains("TLS") || why.contains("certificate") => Some(
                "sslmode=disable in the connection string goes without TLS; sslrootcert=FILE names the certificate that is trusted.",
            ),
            Fault::NotSent(_) | Fault::Refused(_) | Fault::NoAnswer(_) => None,
        };
        StoreError::Remote { doing, place: self.place_of(name), why: fault.words(), hint }
    }

    /// Makes what is not there, as Terraform does; ours beside it. Where somebody may not, and all is there, nothing is made.
    async fn prepare(&self, client: Arc<Client>) -> Result<(), Fault> {
        let (create, schema) = (self.settings.create, quoted(&self.settings.schema));
        let (states, own) = (self.table("states"), self.table("podform_objects"));
        let look = "SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL";
        let there = done(client.query_one(look, &[&states, &own])).await?;
        if there.try_get(0).unwrap_or(false) {
            return Ok(());
        }
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
