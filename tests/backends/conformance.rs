//! What every place must keep, as a list of cases. A case is given a new state, and opens as many clients of it as it likes.

use futures::future::{FutureExt, LocalBoxFuture, join};
use jiff::Timestamp;
use podform::state::{
    AccountIdentity, Event, Intent, IntentAction, Record, Remains, State, Verdict, decode_journal, last_telling, verify,
};
use podform::store::{LockInfo, LockedStore, Part, Remark, Snapshot, StateStore, StoreError, read};
use std::time::Duration;
use tempfile::TempDir;

pub const LINEAGE: &str = "5e2f3d1c-0000-4000-8000-000000000001";

/// A new state in one place.
pub struct Subject {
    /// Another client of it.
    pub open: Box<dyn Fn() -> Box<dyn StateStore>>,
    /// The system gives the lock of a dead run away, and takes none from one that lives.
    pub lock_dies_with_its_run: bool,
    /// While it is locked nobody else can write, not even without a lock.
    pub lock_keeps_out: bool,
    /// Copies of snapshots are kept.
    pub keeps_copies: bool,
    /// What it stands in, where that must go afterwards.
    pub _guard: Option<TempDir>,
}

/// A case: its name, and what it does.
type Case = (&'static str, fn(Subject) -> LocalBoxFuture<'static, ()>);

pub const CASES: &[Case] = &[
    ("nothing is an empty state, and reading writes nothing", |subject| nothing(subject).boxed_local()),
    ("what is appended outlives a run", |subject| appended(subject).boxed_local()),
    ("a snapshot takes the journal in", |subject| taken_in(subject).boxed_local()),
    ("a run whose journal was taken over is refused, and keeps what it did", |subject| fenced(subject).boxed_local()),
    ("a snapshot that was overtaken is refused", |subject| overtaken(subject).boxed_local()),
    ("a lock keeps out, and tells who holds it", |subject| locked(subject).boxed_local()),
    ("a lock is waited for", |subject| waited_for(subject).boxed_local()),
    ("what a run keeps is its last word, and goes when it was taken up", |subject| kept(subject).boxed_local()),
    ("what a run writes goes on from what it took up", |subject| goes_on(subject).boxed_local()),
    ("copies are newer by their names", |subject| copies(subject).boxed_local()),
    ("a state that is put takes the place of all, and numbers never repeat", |subject| put(subject).boxed_local()),
    ("what is mended is sound, and fences", |subject| mended(subject).boxed_local()),
    ("a reader beside a writer sees one moment", |subject| one_moment(subject).boxed_local()),
    ("a large group is one group", |subject| large(subject).boxed_local()),
];

pub fn begin() -> Event {
    let account = AccountIdentity { base_url: "https://api.example.com".into(), key_fingerprint: "k".into() };
    Event::Begin { lineage: LINEAGE.into(), fleet: Some("acme".into()), account }
}

/// An intent to rent.
pub fn opened(claim: &str) -> Event {
    let address = "simplepod_instance.worker".parse().unwrap();
    Event::Intent(Box::new(Intent::new(claim.into(), IntentAction::RENT, address, Timestamp::UNIX_EPOCH)))
}

fn claims(state: &State) -> Vec<&str> {
    state.open.keys().map(String::as_str).collect()
}

impl Subject {
    async fn run(&self, lock: bool) -> (LockedStore, State) {
        let timeout = lock.then_some(Duration::ZERO);
        LockedStore::open((self.open)(), "apply", timeout).await.unwrap()
    }

    async fn read(&self) -> State {
        read(&*(self.open)()).await.unwrap().0
    }

    async fn remains(&self) -> Remains {
        (self.open)().remains().await.unwrap()
    }

    /// A snapshot that contains an intent, and another one in the journal.
    async fn used(&self) -> State {
        let (mut store, mut state) = self.run(true).await;
        self.write(&mut store, &mut state, &[begin(), opened("a")]).await;
        store.snapshot(&mut state).await.unwrap();
        self.write(&mut store, &mut state, &[opened("b")]).await;
        store.close().await.unwrap();
        state
    }

    async fn write(&self, store: &mut LockedStore, state: &mut State, events: &[Event]) {
        store.append(events).await.unwrap();
        events.iter().for_each(|event| state.apply(event.clone()));
    }
}

async fn nothing(subject: Subject) {
    let store = (subject.open)();
    let stored = store.read().await.unwrap();
    assert_eq!((stored.state, stored.version.0, stored.journal.len(), stored.kept.len()), (None, None, 0, 0));
    assert_eq!(subject.read().await, State::default());
    assert!(store.holder().await.unwrap().is_none());
    assert!(store.newer(0, 0).await.unwrap().is_empty());
    let remains = subject.remains().await;
    assert!(remains.state.is_none() && remains.journal.is_empty() && remains.backups.is_empty());
    store.force_unlock("x").await.unwrap_err();
}

async fn appended(subject: Subject) {
    let (mut store, _) = subject.run(true).await;
    let first = store.append(&[begin(), opened("a")]).await.unwrap();
    assert_eq!(claims(&subject.read().await), ["a"]);
    assert_eq!(store.append(&[opened("b")]).await.unwrap(), first + 1);
    assert_eq!(store.append(&[]).await.unwrap(), first + 1);
    store.close().await.unwrap();
    let (mut store, state) = subject.run(true).await;
    assert_eq!((claims(&state), state.lineage.as_str(), store.is_journaled()), (vec!["a", "b"], LINEAGE, true));
    assert!(store.append(&[opened("c")]).await.unwrap() > first + 1);
    assert_eq!(claims(&subject.read().await), ["a", "b", "c"]);
}

async fn taken_in(subject: Subject) {
    subject.used().await;
    let (mut store, mut state) = subject.run(true).await;
    store.snapshot(&mut state).await.unwrap();
    assert_eq!((state.serial, claims(&state)), (2, vec!["a", "b"]));
    let stored = (subject.open)().read().await.unwrap();
    assert!(stored.journal.is_empty());
    assert_eq!(stored.state, Some(Snapshot::of(&state).text.into_bytes()));
    let last = store.append(&[Event::End]).await.unwrap();
    store.snapshot(&mut state).await.unwrap();
    let same = 2 + u64::from((subject.open)().needs_new_serials());
    assert_eq!((state.serial, state.journal_seq), (same, last), "nothing has changed");
    store.close().await.unwrap();
    let (mut store, mut again) = subject.run(true).await;
    assert!(!store.is_journaled() && store.remarks().is_empty(), "{:?}", store.remarks());
    assert_eq!(State { journal_seq: 0, ..again.clone() }, State { journal_seq: 0, ..state });
    subject.write(&mut store, &mut again, &[opened("c")]).await;
    store.snapshot(&mut again).await.unwrap();
    assert_eq!((again.serial, claims(&subject.read().await)), (same + 1, vec!["a", "b", "c"]));
    assert_eq!(verify(&subject.remains().await), Verdict::default());
    store.close().await.unwrap();
    let taken = (subject.open)().take_over().await.unwrap();
    assert!(taken.version.0.is_some());
}

async fn fenced(subject: Subject) {
    subject.used().await;
    let (mut first, _) = subject.run(false).await;
    first.append(&[opened("c")]).await.unwrap();
    let (mut second, mut state) = subject.run(false).await;
    assert_eq!(claims(&state), ["a", "b", "c"]);
    subject.write(&mut second, &mut state, &[opened("d")]).await;
    let answer = Event::NotDone { claim: "c".into(), reason: "refused".into() };
    let error = first.append(&[opened("e"), answer.clone()]).await.unwrap_err();
    let StoreError::Fenced { part: Part::Journal, kept: Some(Ok(place)), .. } = &error else { panic!("{error}") };
    assert!(error.taken_away().is_some() && error.to_string().contains(&place.to_string()), "{error}");
    assert!(matches!(first.append(&[Event::End]).await, Err(StoreError::Fenced { .. })));
    assert!(matches!(first.snapshot(&mut state.clone()).await, Err(StoreError::Fenced { .. })));
    // The intent was never durable, so it was never sent; the answer is taken up.
    assert_eq!(claims(&subject.read().await), ["a", "b", "d"]);
    second.snapshot(&mut state).await.unwrap();
    let (mut third, mut state) = subject.run(false).await;
    assert!(matches!(third.remarks(), [Remark::TakenUp { .. }]), "{:?}", third.remarks());
    assert!(third.is_journaled());
    assert_eq!(claims(&state), ["a", "b", "d"]);
    third.snapshot(&mut state).await.unwrap();
    let (fourth, state) = subject.run(false).await;
    assert!(fourth.remarks().is_empty() && !fourth.is_journaled());
    assert_eq!(claims(&state), ["a", "b", "d"]);
}

async fn overtaken(subject: Subject) {
    subject.used().await;
    let (mut first, mut old) = subject.run(false).await;
    let (mut second, mut state) = subject.run(false).await;
    subject.write(&mut second, &mut state, &[opened("c")]).await;
    second.snapshot(&mut state).await.unwrap();
    let error = first.snapshot(&mut old).await.unwrap_err();
    assert!(matches!(error, StoreError::Fenced { kept: None, .. } | StoreError::Changed { .. }), "{error}");
    assert_eq!(claims(&subject.read().await), ["a", "b", "c"]);
    subject.write(&mut second, &mut state, &[opened("d")]).await;
    second.snapshot(&mut state).await.unwrap();
    assert_eq!(claims(&subject.read().await), ["a", "b", "c", "d"]);
}

async fn locked(subject: Subject) {
    let (store, _) = subject.run(true).await;
    let holder = (subject.open)().holder().await.unwrap().unwrap();
    assert_eq!(holder.operation, "apply");
    let error = LockedStore::open((subject.open)(), "destroy", Some(Duration::ZERO)).await.unwrap_err();
    let StoreError::Locked { place, holder: Some(told), outlives } = &error else { panic!("{error}") };
    assert_eq!(*outlives, !subject.lock_dies_with_its_run);
    assert_eq!((&told.id, &told.who), (&holder.id, &holder.who));
    assert!(error.to_string().contains(&place.to_string()) && error.hint().unwrap().contains(&holder.id), "{error}");
    let error = (subject.open)().force_unlock("another").await.unwrap_err().to_string();
    assert!(error.contains(&holder.id), "{error}");
    let broken = (subject.open)().force_unlock(&holder.id).await;
    assert_eq!(broken.is_err(), subject.lock_dies_with_its_run, "{broken:?}");
    // What was broken is not given back a second time, and takes nobody else's.
    if !subject.lock_dies_with_its_run {
        let (second, _) = subject.run(true).await;
        store.close().await.unwrap();
        let holder = (subject.open)().holder().await.unwrap();
        assert!(holder.is_some());
        second.close().await.unwrap();
    } else {
        store.close().await.unwrap();
    }
    assert!((subject.open)().holder().await.unwrap().is_none());
    let mut store = (subject.open)();
    store.unlock().await.unwrap();
    store.lock(&LockInfo::new("plan"), Duration::ZERO).await.unwrap();
    store.unlock().await.unwrap();
    store.unlock().await.unwrap();
    subject.run(true).await;
}

async fn waited_for(subject: Subject) {
    let (store, _) = subject.run(true).await;
    let waiting = LockedStore::open((subject.open)(), "plan", Some(Duration::from_secs(60)));
    let holding = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        store.close().await.unwrap();
    };
    let (waited, ()) = join(waiting, holding).await;
    let holder = (subject.open)().holder().await.unwrap().unwrap();
    assert_eq!(holder.operation, "plan");
    drop(waited.unwrap());
}

async fn kept(subject: Subject) {
    let (run, other) = ("0b1f7a52-91a3-4a0f-9d6c-0f4f0a6f2d01", "0b1f7a52-91a3-4a0f-9d6c-0f4f0a6f2d02");
    let mut store = (subject.open)();
    store.keep(run, "one\n").await.unwrap();
    let place = store.keep(run, "one\ntwo\n").await.unwrap();
    store.keep(other, "three\n").await.unwrap();
    let found = (subject.open)().read().await.unwrap().kept;
    assert_eq!(
        found.iter().map(|kept| (kept.run.as_str(), &*kept.bytes)).collect::<Vec<_>>(),
        [(run, &b"one\ntwo\n"[..]), (other, b"three\n"),]
    );
    assert_eq!(found[0].place, place);
    store.keep(run, "one\ntwo\nfour\n").await.unwrap();
    (subject.open)().discard(&found).await;
    let left = (subject.open)().read().await.unwrap().kept;
    assert_eq!(left.iter().map(|kept| &*kept.bytes).collect::<Vec<_>>(), [b"one\ntwo\nfour\n"]);
    assert_eq!(subject.remains().await.kept.len(), 1);
    (subject.open)().discard(&left).await;
    assert!((subject.open)().read().await.unwrap().kept.is_empty());
}

/// The machine of this number, made by a call.
fn recorded(claim: &str, closes: bool, id: u64) -> Event {
    let mut record = Record { claim: Some(claim.into()), ..Record::default() };
    record.attributes.set("id", id.to_string().into());
    let address = "simplepod_instance.worker".parse().unwrap();
    Event::Recorded { claim: closes.then(|| claim.into()), address, record: record.into() }
}

/// A run replaces a machine, and is fenced before it can say so; whoever takes that up writes, and dies.
async fn goes_on(subject: Subject) {
    let (mut store, mut state) = subject.run(true).await;
    subject.write(&mut store, &mut state, &[begin(), opened("a"), recorded("a", true, 1)]).await;
    store.snapshot(&mut state).await.unwrap();
    store.close().await.unwrap();
    let (mut first, _) = subject.run(false).await;
    let Event::Intent(intent) = opened("b") else { unreachable!() };
    first.append(&[Event::Intent(Box::new(Intent { deposes: true, ..*intent }))]).await.unwrap();
    let (mut other, mut state) = subject.run(false).await;
    subject.write(&mut other, &mut state, &[Event::End]).await;
    drop(other);
    let error = first.append(&[recorded("b", true, 2)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Fenced { kept: Some(Ok(_)), .. }), "{error}");
    let all = |state: &State| {
        let deposed = state.deposed.values().flat_map(|all| all.values()).filter_map(|record| record.id());
        (state.resources.values().filter_map(|record| record.id()).collect(), deposed.collect(), state.open.len())
    };
    let (mut second, mut state) = subject.run(false).await;
    let both: (Vec<u64>, Vec<u64>, usize) = all(&state);
    assert_eq!(both, (vec![2], vec![1], 0));
    subject.write(&mut second, &mut state, &[recorded("b", false, 2)]).await;
    drop(second);
    assert_eq!(all(&subject.read().await), both);
    let (mut third, mut state) = subject.run(false).await;
    assert_eq!(all(&state), both);
    third.snapshot(&mut state).await.unwrap();
    assert_eq!(all(&subject.read().await), both);
}

async fn copies(subject: Subject) {
    subject.used().await;
    let (mut store, mut state) = subject.run(true).await;
    let mut text = String::new();
    for claim in 0..15 {
        subject.write(&mut store, &mut state, &[opened(&format!("claim{claim}"))]).await;
        store.snapshot(&mut state).await.unwrap();
        text = Snapshot::of(&state).text;
    }
    store.close().await.unwrap();
    let reader = (subject.open)();
    reader.read().await.unwrap();
    if !subject.keeps_copies {
        assert!(reader.newer(0, 0).await.unwrap().is_empty() && subject.remains().await.backups.is_empty());
        return;
    }
    assert!(reader.newer(state.serial, state.journal_seq).await.unwrap().is_empty());
    let newer = reader.newer(state.serial - 1, state.journal_seq).await.unwrap();
    assert_eq!(newer.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(), [text.into_bytes()]);
    let backups = subject.remains().await.backups;
    assert_eq!(backups.len(), 10);
    let serials: Vec<u64> = backups.iter().map(|(_, serial, _)| *serial).collect();
    assert_eq!(serials, (state.serial - 9..=state.serial).rev().collect::<Vec<_>>(), "the newest first");
}

async fn put(subject: Subject) {
    subject.used().await;
    let (mut before, _) = subject.run(false).await;
    let (mut store, _) = subject.run(true).await;
    let mut other = State { serial: 3, lineage: "other".into(), journal_seq: 100, ..State::default() };
    store.put(&mut other).await.unwrap();
    assert!((other.serial, other.journal_seq) >= (3, 100) && other.lineage == "other");
    assert_eq!(subject.read().await.lineage, "other");
    let last = store.append(&[opened("z")]).await.unwrap();
    assert!(last > 100);
    assert_eq!(claims(&subject.read().await), ["z"]);
    assert!(matches!(before.append(&[opened("y")]).await, Err(StoreError::Fenced { .. })));
    store.close().await.unwrap();
    let (mut next, mut state) = subject.run(true).await;
    if subject.lock_keeps_out {
        let error = LockedStore::open((subject.open)(), "apply", None).await.unwrap_err();
        return assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    }
    assert!(matches!(store_of(&subject).await.append(&[opened("x")]).await, Ok(seq) if seq > last));
    assert_eq!(claims(&state), ["z"]);
    // Taken over meanwhile: whether its snapshot comes late or is refused, what the other wrote stays.
    drop(next.snapshot(&mut state).await);
    assert_eq!(claims(&subject.read().await), ["x", "z"]);
}

async fn store_of(subject: &Subject) -> LockedStore {
    subject.run(false).await.0
}

async fn mended(subject: Subject) {
    subject.used().await;
    let (mut before, _) = subject.run(false).await;
    before.append(&[opened("c")]).await.unwrap();
    let mut store = (subject.open)();
    store.lock(&LockInfo::new("state repair"), Duration::ZERO).await.unwrap();
    let remains = store.remains().await.unwrap();
    assert_eq!(last_telling(&decode_journal(&remains.journal).entries), Some(subject.read().await.journal_seq));
    let repair = podform::state::repair(&remains).unwrap();
    assert_eq!((claims(&repair.state), repair.losses.len()), (vec!["a", "b", "c"], 0));
    let aside = store.mend(&Snapshot::of(&repair.state)).await.unwrap();
    assert!(aside.len() >= 2, "{aside:?}");
    store.unlock().await.unwrap();
    assert_eq!(verify(&subject.remains().await).faults, []);
    assert_eq!(claims(&subject.read().await), ["a", "b", "c"]);
    let error = before.append(&[opened("d")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Fenced { .. }), "{error}");
    let (mut next, mut state) = subject.run(true).await;
    subject.write(&mut next, &mut state, &[opened("e")]).await;
    next.snapshot(&mut state).await.unwrap();
    assert_eq!(claims(&subject.read().await), ["a", "b", "c", "e"]);
}

async fn one_moment(subject: Subject) {
    let (mut store, mut state) = subject.run(true).await;
    subject.write(&mut store, &mut state, &[begin()]).await;
    let done = std::cell::Cell::new(false);
    let writing = async {
        for round in 0..20 {
            let two = [opened(&format!("{round:02}a")), opened(&format!("{round:02}b"))];
            subject.write(&mut store, &mut state, &two).await;
            store.snapshot(&mut state).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        done.set(true);
    };
    let reading = async {
        let mut last = 0;
        while !done.get() {
            let state = subject.read().await;
            let open = state.open.len();
            assert!(open % 2 == 0 && open >= last, "{open} after {last}");
            assert!(open == 0 || state.open.contains_key(&format!("{:02}b", open / 2 - 1)), "{:?}", claims(&state));
            last = open;
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        assert!(last > 0);
    };
    join(writing, reading).await;
}

async fn large(subject: Subject) {
    let (mut store, _) = subject.run(true).await;
    let events: Vec<Event> = std::iter::once(begin()).chain((0..2000).map(|n| opened(&format!("{n:04}")))).collect();
    let last = store.append(&events).await.unwrap();
    assert_eq!(store.append(&[opened("z")]).await.unwrap(), last + 1);
    assert_eq!(subject.read().await.open.len(), 2001);
}
