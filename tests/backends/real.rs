//! The cases that every place must keep, over real servers.

use super::conformance::{CASES, Subject};
use super::servers::{ACCOUNT, ACCOUNT_KEY, KEYS, Server, azurite, fake_gcs, postgres, s3rver, seaweed};
use podform::store::chain::ObjectLock;
use podform::store::remote::{Keyed, Naming, azure, gcs, pg, s3};
use podform::store::{Backend, Objects};
use std::sync::Arc;
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
