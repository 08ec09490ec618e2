//! Every step of every action, every fault in turn; then the reruns converge.

use super::account::request;
use super::cloud::World;
use super::fleet::{Block, Fleet};
use super::in_virtual_time;
use super::manners::Manners;
use super::operator::settles;
use super::orphans::release_orphans;
use super::run::{End, How, run};
use super::trouble::{DISK_FAULTS, FAULTS, Trouble};
use std::time::Duration;

/// What is done before, and the change in which everything goes wrong.
struct Case {
    name: &'static str,
    before: Option<Fleet>,
    /// Somebody wipes the notes of every machine in between.
    wiped: bool,
    after: Fleet,
}

fn edited(mut fleet: Fleet, edit: impl FnOnce(&mut Fleet)) -> Fleet {
    edit(&mut fleet);
    fleet
}

fn cases() -> Vec<Case> {
    let two = || Fleet::of(Block::of(2));
    let first = || Fleet::of(Block { create_first: true, ..Block::of(2) });
    let case = |name, before, after| Case { name, before, wiped: false, after };
    let wiped = |name, before, after| Case { name, before: Some(before), wiped: true, after };
    vec![
        case("create", None, two()),
        case("update group", Some(two()), edited(two(), |fleet| *fleet.groups.get_mut("g").unwrap() += 1)),
        case("update", Some(two()), edited(two(), |fleet| fleet.a().name += 1)),
        case("replace", Some(two()), edited(two(), |fleet| fleet.a().model = 1)),
        case("replace, new one first", Some(first()), edited(first(), |fleet| fleet.a().model = 1)),
        case(
            "another group",
            Some(two()),
            edited(two(), |fleet| {
                fleet.a().group = "h";
                fleet.a().template_change = "rent";
                fleet.groups = [("h", 0)].into();
            }),
        ),
        case("one fewer", Some(two()), edited(two(), |fleet| fleet.a().count = 1)),
        case("delete", Some(two()), Fleet::default()),
        wiped("delete without marks", two(), Fleet::default()),
        wiped("replace without marks", two(), edited(two(), |fleet| fleet.a().model = 1)),
        wiped("replace without marks, new one first", first(), edited(first(), |fleet| fleet.a().model = 1)),
        case(
            "import",
            None,
            edited(Fleet::of(Block { env_change: "update", ..Block::of(1) }), |fleet| {
                fleet.imports.push(("simplepod_instance.a[0]", THEIRS));
            }),
        ),
        case(
            "moved",
            Some(two()),
            edited(two(), |fleet| {
                let block = fleet.blocks.remove("a").unwrap();
                fleet.blocks.insert("b".into(), block);
                fleet.moves.push(("a".into(), "b".into()));
            }),
        ),
    ]
}

/// The id of the one machine that somebody else made.
const THEIRS: u64 = 115;

/// A market, and a stranger's machine.
pub fn market(world: &World) {
    let mut account = world.account();
    for cents in [30, 31, 32, 33, 34, 35, 60] {
        account.offer("RTX 3090", cents);
        account.offer("RTX 4090", cents);
    }
    let offer_iri = account.offers[0].iri.clone();
    assert_eq!(account.rent(&request(offer_iri, 1, Default::default()), true).ok(), Some(THEIRS));
    world.ledger.lock().unwrap().imported.insert(THEIRS);
}

fn how(fleet: &Fleet, trouble: Trouble) -> How {
    How { hcl: fleet.hcl(), trouble, accept_missing: true, ..How::default() }
}

/// Runs a case with one trouble, then reruns without. Returns how many calls and writes the troubled run made.
async fn one(case: &Case, manners: Manners, trouble: Trouble) -> Result<(usize, usize), String> {
    let world = World::new(manners);
    market(&world);
    let mut told = Vec::new();
    if let Some(before) = &case.before {
        world.configure(before);
        let end = run(&world, &how(before, Trouble::None)).await;
        told.push(end.words());
    }
    if case.wiped {
        world.wipe_notes();
    }
    world.configure(&case.after);
    let end = run(&world, &how(&case.after, trouble)).await;
    told.push(end.words());
    let counts = world.troubles.lock().map(|troubles| (troubles.calls, troubles.writes)).unwrap();
    let mut settled = false;
    for _ in 0..3 {
        let mut end = run(&world, &how(&case.after, Trouble::None)).await;
        told.push(end.words());
        told.push(format!("podform orphans -release={:?}", release_orphans(&world).await));
        if matches!(end, End::Nothing(1..)) {
            let settled = settles(&world, &how(&case.after, Trouble::None)).await;
            told.push(format!("podform recover {settled:?}"));
            told.push(format!("the operator releases {:?}", world.release_told()));
            end = run(&world, &how(&case.after, Trouble::None)).await;
            told.push(end.words());
        }
        if matches!(end, End::Nothing(0)) {
            settled = true;
            break;
        }
    }
    let mut ledger = world.ledger.lock().unwrap();
    if !settled {
        ledger.faults.push("two reruns did not reach an empty plan".into());
    }
    let (account, disk) = (world.account(), world.disk.lock().unwrap());
    ledger.at_rest(&account, &disk);
    ledger.at_the_end(&case.after, &account, &disk, &case.after.wanted());
    match ledger.faults.is_empty() {
        true => Ok(counts),
        false => Err(format!("{}\n  {}", ledger.faults.join("\n  "), told.join("\n  "))),
    }
}

/// Every trouble of every case, with this API.
fn everything(manners: Manners, only: &[&str]) {
    let mut broken = Vec::new();
    let (mut calls, mut writes) = (0, 0);
    for case in cases().into_iter().filter(|case| only.is_empty() || only.contains(&case.name)) {
        let mut try_it = |trouble: Trouble| {
            let name = format!("{}, {trouble:?}", case.name);
            let result = in_virtual_time(one(&case, manners, trouble));
            result.map_err(|why| broken.push(format!("{name}: {why}"))).unwrap_or_default()
        };
        let whole = try_it(Trouble::None);
        for call in 0..whole.0 {
            for fault in FAULTS {
                try_it(Trouble::Call(call, fault));
            }
        }
        for write in 0..whole.1 {
            for fault in DISK_FAULTS {
                try_it(Trouble::Write(write, fault));
            }
        }
        calls += whole.0;
        writes += whole.1;
    }
    println!("{calls} calls x {} faults, {writes} writes x {} faults", FAULTS.len(), DISK_FAULTS.len());
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn every_fault_at_every_step() {
    everything(Manners::default(), &[]);
}

#[test]
fn every_fault_where_nothing_is_named_and_lists_lag() {
    everything(
        Manners {
            names_machines: false,
            list_lag: Duration::from_secs(40),
            delete_lag: Duration::from_secs(15),
            full_rows: true,
            ..Manners::default()
        },
        &[],
    );
}

#[test]
fn every_fault_where_environments_are_hidden() {
    everything(Manners { shows_env: false, names_groups: true, ..Manners::default() }, &[]);
}

#[test]
fn every_fault_where_a_new_machine_is_not_found_by_id() {
    everything(
        Manners { id_lag: Duration::from_secs(20), list_lag: Duration::from_secs(20), ..Manners::default() },
        &["create", "replace, new one first"],
    );
}
