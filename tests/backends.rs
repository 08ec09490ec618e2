//! Places where a state can live: what all of them must keep, and the chain over a place for objects in memory.
//!
//! A place is added to `PLACES` by a function that makes an empty state there and says how clients of it are opened.

#[cfg(all(unix, feature = "s3"))]
mod aws;
mod chain;
mod conformance;
#[cfg(unix)]
mod counted;
pub mod memory;
#[cfg(all(unix, feature = "s3", feature = "pg"))]
mod older;
#[cfg(unix)]
pub mod over_tls;
#[cfg(unix)]
mod places;
#[cfg(unix)]
mod proxy;
#[cfg(all(unix, feature = "s3", feature = "gcs", feature = "azurerm", feature = "pg"))]
mod real;
#[cfg(unix)]
mod requests;
mod sealed;
#[cfg(unix)]
mod servers;
mod sessions;
#[cfg(unix)]
mod teams;
#[cfg(all(target_os = "linux", feature = "pg", feature = "http-state"))]
mod tls;
#[cfg(feature = "http-state")]
mod web;

use crate::simulation::in_virtual_time;
use conformance::{CASES, Subject};
use memory::Memory;
use podform::store::StateStore;
use podform::store::local::Files;

/// A kind of place: its name, and a new state in one.
type Place = (&'static str, fn() -> Subject);

const PLACES: [Place; 7] = [
    ("files", files),
    ("objects", objects),
    ("objects that take their time", slow_objects),
    ("encrypted files", sealed::files),
    ("encrypted objects", sealed::objects),
    ("keyed files", sealed::keyed_files),
    ("keyed objects", sealed::keyed_objects),
];

fn files() -> Subject {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    Subject {
        open: Box::new(move || Box::new(Files::new(&path))),
        lock_dies_with_its_run: true,
        lock_keeps_out: false,
        keeps_copies: true,
        _guard: Some(directory),
    }
}

fn objects() -> Subject {
    let memory = Memory::default();
    in_objects(Box::new(move || Box::new(memory.store())))
}

fn slow_objects() -> Subject {
    let memory = Memory::default();
    let clients = std::sync::atomic::AtomicU64::new(0);
    let open = move || {
        let seed = clients.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let slow = memory.client(memory::Weather { pause: 40, ..memory::Weather::of(seed) });
        Box::new(slow.store()) as Box<_>
    };
    in_objects(Box::new(open))
}

fn in_objects(open: Box<dyn Fn() -> Box<dyn StateStore>>) -> Subject {
    Subject { open, lock_dies_with_its_run: false, lock_keeps_out: false, keeps_copies: true, _guard: None }
}

#[test]
fn every_place_keeps_what_a_store_must() {
    for (place, new) in PLACES {
        for (case, run) in CASES {
            println!("{place}: {case}");
            in_virtual_time(run(new()));
        }
    }
}
