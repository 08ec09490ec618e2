//! The cases that every place must keep, over real servers.

use super::conformance::{CASES, Subject};
use super::servers::{ACCOUNT, ACCOUNT_KEY, KEYS, Server, azurite, fake_gcs, postgres, s3rver, seaweed, terraform};
use podform::store::chain::ObjectLock;
use podform::store::remote::{Keyed, Naming, azure, gcs, pg, s3};
use podform::store::{Backend, LockInfo, Objects, StateStore, StoreError};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// A server, and how a backend of it is opened, below a prefix.
type Place = (&'static str, fn() -> Option<&'static Server>, fn(u16, &str) -> Keyed);

const PLACES: [Place; 4] = [
    ("SeaweedFS", seaweed, of_s3),
    ("fake-gcs-server", fake_gcs, of_gcs),
    ("azurite", azurite, of_azure),
    ("PostgreSQL", postgres, of_postgres),
];

fn of_s3(port: u16, prefix: &str) -> Keyed {
    of_s3_with(port, KEYS, prefix)
}

fn of_s3_with(port: u16, keys: (&str, &str), prefix: &str) -> Keyed {
    let settings = s3::Settings {
        bucket: "states".into(),
        region: "us-east-1".into(),
        endpoint: Some(format!("http://127.0.0.1:{port}")),
        use_path_style: true,
        credentials: s3::Credentials { keys: Some((keys.0.into(), keys.1.into())), ..s3::Credentials::default() },
        ..s3::Settings::default()
    };
    let bucket = Arc::new(s3::Bucket::new(&settings).unwrap());
    let naming = Naming::S3 { key: format!("{prefix}/gpu.tfstate"), prefix: "env:".into() };
    Keyed::new(bucket.clone(), naming, move |_, key| {
        Box::new(ObjectLock::new(bucket.clone(), format!("{key}.tflock"), format!("states/{key}")).guarded(true))
    })
}

fn of_gcs(port: u16, prefix: &str) -> Keyed {
    let settings = gcs::Settings {
        bucket: "states".into(),
        endpoint: Some(format!("http://127.0.0.1:{port}/storage/v1/")),
        credentials: gcs::Credentials { token: Some("x".into()), ..gcs::Credentials::default() },
        ..gcs::Settings::default()
    };
    let bucket = Arc::new(gcs::Bucket::new(&settings).unwrap());
    Keyed::new(bucket.clone(), Naming::Gcs { prefix: prefix.into() }, move |_, key| {
        let lock = format!("{}.tflock", key.trim_end_matches(".tfstate"));
        let path = bucket.place(&lock).to_string();
        Box::new(ObjectLock::new(bucket.clone(), lock, path).by_version())
    })
}

fn of_azure(port: u16, prefix: &str) -> Keyed {
    let settings = azure::Settings {
        account: ACCOUNT.into(),
        container: "states".into(),
        endpoint: Some(format!("http://127.0.0.1:{port}/{ACCOUNT}")),
        credentials: azure::Credentials { key: Some(ACCOUNT_KEY.into()), ..azure::Credentials::default() },
        ..azure::Settings::default()
    };
    let container = azure::Container::new(&settings).unwrap();
    let naming = Naming::Azure { key: format!("{prefix}/gpu.tfstate") };
    Keyed::new(Arc::new(container.clone()), naming, move |_, key| Box::new(azure::Lease::new(container.clone(), key)))
}

fn of_postgres(port: u16, prefix: &str) -> Keyed {
    let create = pg::Create { schema: true, tables: true, index: true };
    let conn = format!("postgres://podform@127.0.0.1:{port}/postgres?sslmode=disable");
    let settings = pg::Settings::read(&conn, Some(prefix), create, |_| None).unwrap();
    let database = Arc::new(pg::Database::new(settings));
    Keyed::new(Arc::new(pg::Rows(database.clone())), Naming::Pg, move |workspace, _| {
        Box::new(pg::AdvisoryLock::new(database.clone(), workspace))
    })
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Those that are installed.
fn installed() -> impl Iterator<Item = (&'static str, u16, fn(u16, &str) -> Keyed)> {
    PLACES.into_iter().filter_map(|(name, server, open)| match server() {
        Some(server) => Some((name, server.port, open)),
        None => {
            println!("skipped: {name} is not installed; tests/backends/servers.sh does it");
            None
        }
    })
}

#[test]
fn every_real_server_keeps_what_a_store_must() {
    for (name, port, open) in installed() {
        for (case, run) in CASES {
            println!("{name}: {case}");
            let prefix = Uuid::new_v4().to_string();
            let open = move || open(port, &prefix).state("default").unwrap();
            let subject = Subject {
                open: Box::new(open),
                lock_dies_with_its_run: false,
                lock_keeps_out: false,
                keeps_copies: true,
                _guard: None,
            };
            now(run(subject));
        }
    }
}

#[test]
fn real_servers_honour_conditions_and_list_their_workspaces() {
    for (name, port, open) in installed() {
        let backend = open(port, &Uuid::new_v4().to_string());
        now(async {
            let found = backend.probe().await.unwrap_or_else(|error| panic!("{name}: {error}"));
            println!("{name}: {}", found.told.join(" "));
            assert_eq!(backend.workspaces().await.unwrap(), [""; 0], "{name}");
            for workspace in ["staging", "dev"] {
                let opened = podform::store::LockedStore::open(backend.state(workspace).unwrap(), "test", None).await;
                let (mut store, mut state) = opened.unwrap();
                store.snapshot(&mut state).await.unwrap();
            }
            assert_eq!(backend.workspaces().await.unwrap(), ["dev", "staging"], "{name}");
            backend.remove("dev").await.unwrap();
            assert_eq!(backend.workspaces().await.unwrap(), ["staging"], "{name}");
        });
    }
}

#[test]
fn a_server_that_ignores_conditions_is_refused_by_name_of_what_it_ignores() {
    let Some(server) = s3rver() else {
        println!("skipped: s3rver is not installed; tests/backends/servers.sh does it");
        return;
    };
    let backend = of_s3_with(server.port, ("S3RVER", "S3RVER"), "probe");
    let why = now(backend.probe()).expect_err("it ignores them").to_string();
    assert!(why.contains("written only where none is") && why.contains("replaced only where"), "{why}");
}

/// A database with a schema of its own, looked at past podform.
struct Database {
    port: u16,
    schema: String,
    client: tokio_postgres::Client,
}

impl Database {
    async fn new(port: u16) -> Database {
        let config = format!("host=127.0.0.1 port={port} user=podform dbname=postgres");
        let (client, connection) = tokio_postgres::connect(&config, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        Database { port, schema: Uuid::new_v4().to_string(), client }
    }

    /// By a connection of its own.
    fn state(&self, workspace: &str) -> Box<dyn StateStore> {
        of_postgres(self.port, &self.schema).state(workspace).unwrap()
    }

    async fn lock(&self, workspace: &str) -> Result<Box<dyn StateStore>, StoreError> {
        let mut store = self.state(workspace);
        store.lock(&LockInfo::new("apply"), Duration::ZERO).await?;
        Ok(store)
    }

    async fn rows(&self) -> Vec<String> {
        let query = format!("SELECT name FROM \"{}\".states ORDER BY name", self.schema);
        self.client.query(&query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// What Terraform says, and whether it is content; `None` where it is not installed.
    fn terraform(&self, directory: &tempfile::TempDir, arguments: &[&str]) -> Option<(bool, String)> {
        let block = format!(
            "terraform {{\n  backend \"pg\" {{\n    schema_name = \"{}\"\n  }}\n}}\nresource \"terraform_data\" \"x\" {{}}\n",
            self.schema
        );
        std::fs::write(directory.path().join("main.tf"), block).unwrap();
        let connection = format!("postgres://podform@127.0.0.1:{}/postgres?sslmode=disable", self.port);
        let output = terraform(directory.path(), arguments)?.env("PG_CONN_STR", connection).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        Some((output.status.success(), told.into_owned()))
    }
}

#[test]
fn first_applies_on_one_database_go_side_by_side_and_terraform_stays_out() {
    let Some(server) = postgres() else {
        println!("skipped: PostgreSQL is not installed; tests/backends/servers.sh does it");
        return;
    };
    now(async {
        let database = Database::new(server.port).await;
        let mut staging = database.lock("staging").await.unwrap();
        let mut default = database.lock("default").await.expect("another workspace's first apply is no matter");
        let refused = database.lock("default").await.expect_err("it is held");
        assert!(matches!(refused, StoreError::Locked { holder: Some(_), .. }), "{refused:?}");
        assert!(database.state("default").read().await.unwrap().state.is_none(), "nothing is written yet");
        assert_eq!(of_postgres(server.port, &database.schema).workspaces().await.unwrap(), [""; 0]);
        let directory = tempfile::tempdir().unwrap();
        if let Some((done, told)) = database.terraform(&directory, &["init", "-input=false", "-no-color"]) {
            assert!(done, "{told}");
            let plan = ["plan", "-input=false", "-no-color", "-lock-timeout=0s"];
            let (done, told) = database.terraform(&directory, &plan).unwrap();
            assert!(!done && told.contains("Workspace is already locked: default"), "{told}");
        }
        // Nothing was written, so nothing stays.
        default.unlock().await.unwrap();
        assert_eq!(database.rows().await, ["staging"]);
        staging.unlock().await.unwrap();
        assert_eq!(database.rows().await, [""; 0]);
    });
}

#[test]
fn many_at_once_make_one_row_and_one_holds_it() {
    let Some(server) = postgres() else {
        println!("skipped: PostgreSQL is not installed; tests/backends/servers.sh does it");
        return;
    };
    now(async {
        let database = Database::new(server.port).await;
        database.lock("w0").await.unwrap().unlock().await.unwrap();
        let locks = (0..12).map(|run| format!("w{}", run % 4));
        let locks = locks.map(async |workspace| database.lock(&workspace).await);
        let mut held: Vec<_> = futures::future::join_all(locks).await.into_iter().flatten().collect();
        assert_eq!((held.len(), database.rows().await.len()), (4, 4), "one for each workspace");
        for store in &mut held {
            store.unlock().await.unwrap();
        }
        assert_eq!(database.rows().await, [""; 0]);
    });
}

#[test]
fn the_row_of_a_run_that_died_stops_neither_terraform_nor_the_next_run() {
    let Some(server) = postgres() else {
        println!("skipped: PostgreSQL is not installed; tests/backends/servers.sh does it");
        return;
    };
    now(async {
        let database = Database::new(server.port).await;
        drop(database.lock("default").await.unwrap());
        assert_eq!(database.rows().await, ["default"]);
        // A connection that is dropped is closed a moment later.
        let mut next = database.state("default");
        next.lock(&LockInfo::new("apply"), Duration::from_secs(10)).await.unwrap();
        next.unlock().await.unwrap();
        assert_eq!(database.rows().await, [""; 0]);
        drop(database.lock("default").await.unwrap());
        tokio::time::sleep(Duration::from_millis(200)).await;
        let directory = tempfile::tempdir().unwrap();
        let Some((done, told)) = database.terraform(&directory, &["init", "-input=false", "-no-color"]) else {
            println!("skipped: terraform is not installed");
            return;
        };
        assert!(done, "{told}");
        let apply = ["apply", "-auto-approve", "-input=false", "-no-color", "-lock-timeout=10s"];
        let (done, told) = database.terraform(&directory, &apply).unwrap();
        assert!(done && told.contains("1 added"), "{told}");
        let state = database.state("default").read().await.unwrap().state.expect("Terraform's");
        assert!(String::from_utf8_lossy(&state).contains("terraform_data"));
    });
}

#[test]
fn whoever_makes_rows_for_long_keeps_everybody_out() {
    let Some(server) = postgres() else {
        println!("skipped: PostgreSQL is not installed; tests/backends/servers.sh does it");
        return;
    };
    now(async {
        let database = Database::new(server.port).await;
        let mut standing = database.lock("standing").await.unwrap();
        // As Terraform does for the whole first apply of any workspace.
        database.client.execute("SELECT pg_advisory_lock(-1)", &[]).await.unwrap();
        database.lock("first").await.expect_err("it may be this one that is made");
        let held = standing.read().await.unwrap();
        assert!(held.state.is_none() && database.rows().await == ["standing"]);
        standing.unlock().await.unwrap();
        database.client.execute("SELECT pg_advisory_unlock(-1)", &[]).await.unwrap();
        database.lock("first").await.unwrap().unlock().await.unwrap();
    });
}
