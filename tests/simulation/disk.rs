//! A store in memory: state and journal as bytes, through the real codec. What is on them outlives a crash, and writing
//! them goes wrong as the run's trouble says.

use super::life::Life;
use super::trouble::{DiskFault, Troubles};
use futures::future::{BoxFuture, FutureExt, ready};
use podform::state::{Remains, State, decode, decode_journal, encode_entry, sum_in};
use podform::store::{
    Copies, Entries, Kept, LockInfo, Part, Place, Snapshot, StateStore, StoreError, Stored, Version, Written,
};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::time::{Duration, sleep};

/// The bytes.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// `podform.state.json`; empty before the first snapshot.
    pub state: String,
    /// `podform.journal`.
    pub journal: Vec<u8>,
    /// Every event that ever became durable, as it reads without our types.
    pub durable: Vec<Json>,
    /// How many runs have taken the journal over: only the last one may write.
    pub runs: usize,
    /// How long a write takes.
    pub latency: Duration,
    /// What runs kept that lost their lock, by run.
    pub kept: BTreeMap<String, String>,
    /// Whoever lost the journal writes on without noticing: a store as it must not be.
    pub unfenced: bool,
    holder: Option<LockInfo>,
}

/// What a line of a journal says, as it reads without our types.
pub fn event(line: &str) -> Json {
    serde_json::from_str::<Json>(line).unwrap()["event"].take()
}

/// The disk as one run sees it.
#[derive(Clone, Debug)]
pub struct Tape {
    pub disk: Arc<Mutex<Disk>>,
    pub troubles: Arc<Mutex<Troubles>>,
    pub life: Arc<Life>,
    /// Which of the runs that took the journal over.
    pub run: usize,
}

impl Disk {
    /// What is recorded.
    pub fn load(&self) -> State {
        let mut state = match self.state.as_str() {
            "" => State::default(),
            text => decode(text).unwrap_or_else(|error| panic!("the state does not load: {error}")),
        };
        let replay = decode_journal(&self.journal);
        assert!(replay.error.is_none(), "the journal is damaged: {:?}", replay.error);
        state
            .replay(replay.entries, sum_in(self.state.as_bytes()))
            .unwrap_or_else(|error| panic!("the journal does not replay: {error:?}"));
        for lines in self.kept.values() {
            // What is of another lineage is only told.
            let _ = state.take_up_kept(decode_journal(lines.as_bytes()).entries);
        }
        state
    }

    /// The snapshot says everything.
    pub fn is_at_rest(&self) -> bool {
        self.journal.is_empty() && self.kept.is_empty()
    }

    /// Appends so many bytes of the entries. Those that stand there already, of an attempt before, are not told again.
    fn append(&mut self, entries: &Entries, bytes: usize) {
        let live = decode_journal(&self.journal).entries.into_iter();
        let (before, after): (Vec<_>, Vec<_>) =
            live.filter(|entry| entry.seq > entries.contained).partition(|entry| entry.seq < entries.first);
        let there = after.len();
        let lines = |all: Vec<_>| all.iter().map(encode_entry).collect::<String>();
        let again = lines(after) == entries.lines;
        self.journal = lines(before).into_bytes();
        self.journal.extend_from_slice(&entries.lines.as_bytes()[..bytes]);
        let whole = decode_journal(&entries.lines.as_bytes()[..bytes]).entries.len();
        let new = entries.lines.lines().take(whole).skip(if again { there } else { 0 });
        self.durable.extend(new.map(event));
    }

    /// What a run keeps that lost its lock. Its intents stood in the journal before; that a call was given up may stand here alone.
    pub fn keep(&mut self, run: &str, lines: String) {
        let events = lines.lines().map(event);
        self.durable.extend(events.filter(|event| event["intent"].is_null()));
        self.kept.insert(run.to_owned(), lines);
    }

    fn version(&self) -> Version {
        Version(Some(self.state.clone()).filter(|text| !text.is_empty()))
    }

    fn stored(&self) -> Stored {
        let version = self.version();
        let kept = self.kept.iter().map(|(run, lines)| Kept {
            run: run.clone(),
            place: Path::new("memory: what a run kept").into(),
            bytes: lines.clone().into_bytes(),
        });
        let kept = kept.collect();
        Stored {
            state: version.0.clone().map(String::into_bytes),
            version,
            journal: self.journal.clone(),
            kept,
            beyond: None,
        }
    }
}

impl Tape {
    /// One attempt to write. Half of it is done where that can be: a state is replaced as a whole.
    async fn write<T: Send>(
        &self,
        what: &'static str,
        part: Part,
        write: impl Fn(&mut Disk, bool) -> Option<T> + Send,
    ) -> Written<T> {
        self.life.unless_over().await;
        let latency = self.disk.lock().unwrap().latency;
        if !latency.is_zero() {
            sleep(latency).await;
            self.life.unless_over().await;
        }
        if self.disk.lock().unwrap().runs != self.run {
            return match self.disk.lock().unwrap().unfenced {
                // Into a file that nobody finds any more.
                true => write(&mut Disk::default(), true).map_or(Written::Refused(part), Written::Done),
                false => Written::Refused(Part::Journal),
            };
        }
        let fault = self.troubles.lock().unwrap().write();
        let error = |kind: ErrorKind| StoreError::Io { doing: what, place: self.place(part), error: kind.into() };
        let done = match fault {
            Some(DiskFault::Full) => return Written::NotDone(error(ErrorKind::StorageFull)),
            Some(DiskFault::Dropped) => return Written::InDoubt(error(ErrorKind::TimedOut)),
            Some(DiskFault::CrashBefore) => None,
            Some(DiskFault::Torn) => {
                write(&mut self.disk.lock().unwrap(), false);
                None
            }
            Some(DiskFault::CrashAfter | DiskFault::Lost) | None => write(&mut self.disk.lock().unwrap(), true),
        };
        match (fault, done) {
            (Some(DiskFault::Lost), _) => Written::InDoubt(error(ErrorKind::TimedOut)),
            (None, Some(done)) => Written::Done(done),
            (None, None) => Written::Refused(part),
            _ => self.life.dies().await,
        }
    }
}

impl StateStore for Tape {
    fn place(&self, part: Part) -> Place {
        Path::new(match part {
            Part::State => "memory: the state",
            Part::Journal => "memory: the journal",
            Part::Lock => "memory: the lock",
        })
        .into()
    }

    fn read(&self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        ready(Ok(self.disk.lock().unwrap().stored())).boxed()
    }

    fn take_over(&mut self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        let mut disk = self.disk.lock().unwrap();
        disk.runs += 1;
        self.run = disk.runs;
        ready(Ok(disk.stored())).boxed()
    }

    fn append<'a>(&'a mut self, entries: &'a Entries) -> BoxFuture<'a, Written<()>> {
        let append = |disk: &mut Disk, whole: bool| {
            let bytes = if whole { entries.lines.len() } else { entries.lines.len() / 2 };
            disk.append(entries, bytes);
            Some(())
        };
        self.write("write the journal", Part::Journal, append).boxed()
    }

    fn keep<'a>(&'a mut self, run: &'a str, lines: &'a str) -> BoxFuture<'a, Result<Place, StoreError>> {
        self.disk.lock().unwrap().keep(run, lines.to_owned());
        ready(Ok(Path::new("memory: what a run kept").into())).boxed()
    }

    fn discard<'a>(&'a mut self, kept: &'a [Kept]) -> BoxFuture<'a, ()> {
        let mut disk = self.disk.lock().unwrap();
        disk.kept.retain(|run, lines| !kept.iter().any(|kept| kept.run == *run && kept.bytes == lines.as_bytes()));
        ready(()).boxed()
    }

    fn newer(&self, _: u64, _: u64) -> BoxFuture<'_, Result<Copies, StoreError>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn replace<'a>(&'a mut self, over: &'a Version, next: &'a Snapshot) -> BoxFuture<'a, Written<Version>> {
        let replace = |disk: &mut Disk, whole: bool| {
            if *over != disk.version() || !whole {
                return None;
            }
            disk.state.clone_from(&next.text);
            disk.journal.clear();
            Some(disk.version())
        };
        self.write("write the state", Part::State, replace).boxed()
    }

    fn lock<'a>(&'a mut self, info: &'a LockInfo, _: Duration) -> BoxFuture<'a, Result<Option<LockInfo>, StoreError>> {
        let holder = self.disk.lock().unwrap().holder.get_or_insert_with(|| info.clone()).clone();
        let locked = match holder == *info {
            true => Ok(None),
            false => Err(StoreError::Locked {
                place: self.place(Part::Lock),
                holder: Some(Box::new(holder)),
                outlives: false,
            }),
        };
        ready(locked).boxed()
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.disk.lock().unwrap().holder = None;
        ready(Ok(())).boxed()
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<LockInfo>, StoreError>> {
        ready(Ok(self.disk.lock().unwrap().holder.clone())).boxed()
    }

    fn force_unlock<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let taken = self.disk.lock().unwrap().holder.take_if(|holder| holder.id == id);
        let why = || StoreError::Unlock { place: self.place(Part::Lock), why: "its id is another".into() };
        ready(taken.map(drop).ok_or_else(why)).boxed()
    }

    fn remains(&self) -> BoxFuture<'_, Result<Remains, StoreError>> {
        let stored = self.disk.lock().unwrap().stored();
        ready(Ok(Remains {
            state: stored.state,
            state_name: self.place(Part::State).to_string(),
            journal: stored.journal,
            journal_name: self.place(Part::Journal).to_string(),
            backups: Vec::new(),
            kept: stored.kept.into_iter().map(|kept| (kept.place.to_string(), kept.bytes)).collect(),
        }))
        .boxed()
    }

    fn mend<'a>(&'a mut self, next: &'a Snapshot) -> BoxFuture<'a, Result<Vec<Place>, StoreError>> {
        let mut disk = self.disk.lock().unwrap();
        disk.state.clone_from(&next.text);
        disk.journal.clear();
        ready(Ok(Vec::new())).boxed()
    }
}
