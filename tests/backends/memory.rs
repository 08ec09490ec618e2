//! A place for objects in memory, as one client sees it: answers that are lost, late or refused for nothing, lists that are
//! behind, conditions that are ignored, and time that passes. Everything is drawn from a seed.

use crate::simulation::chance::Chance;
use crate::simulation::life::Life;
use futures::future::{BoxFuture, FutureExt};
use podform::store::chain::{Chain, Condition, Kind, Link, ObjectLock, contained};
use podform::store::{Object, Objects, Place, StoreError, Tried, Version};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Debug, Formatter};
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The key of the state.
pub const KEY: &str = "gpu/prod.tfstate";

/// What becomes of one request that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is done, and answered.
    Answered,
    /// It is done, and nobody is told.
    Lost,
    /// It is not done, and nobody is told.
    Dropped,
    /// Nobody is told, and after so many milliseconds it is done.
    Late(u64),
    /// It is done, and the answer comes after so many milliseconds.
    Slow(u64),
    /// It is not done, and that is told.
    NotDone,
    /// The client dies before it is done.
    DiesBefore,
    /// The client dies when it is done.
    DiesAfter,
}

/// How a client fares: shares of a hundred.
#[derive(Clone, Debug)]
pub struct Weather {
    pub chance: Chance,
    /// Requests that are not answered.
    pub unanswered: usize,
    /// Requests that are provably not done.
    pub refused: usize,
    /// Reads that fail.
    pub unread: usize,
    /// Lists that are behind.
    pub stale: usize,
    /// Requests in which the client dies.
    pub deaths: usize,
    /// The longest pause before and after a request, in milliseconds.
    pub pause: usize,
    /// What becomes of the next requests whose key holds this, or is that of the state, before anything is drawn.
    pub scripted: VecDeque<(&'static str, Fate)>,
    /// Of the client: a dead one asks for nothing.
    pub life: Arc<Life>,
}

impl Weather {
    /// Fair.
    pub fn of(seed: u64) -> Weather {
        let chance = Chance::new(seed, "weather");
        let scripted = VecDeque::new();
        Weather {
            chance,
            unanswered: 0,
            refused: 0,
            unread: 0,
            stale: 0,
            deaths: 0,
            pause: 0,
            scripted,
            life: Arc::default(),
        }
    }
}

/// How runs write that lose rents: the simulation must find them out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flaw {
    #[default]
    None,
    /// Whoever replaces the state removes the seals, too.
    SealsGo,
    /// Each run has a chain of its own, and an object points to the last one. Nobody seals the one before.
    Pointer,
}

#[derive(Debug, Default)]
struct Shelf {
    objects: BTreeMap<String, (Vec<u8>, u64)>,
    writes: u64,
    /// What came to be and went, for lists that are behind.
    history: Vec<(Instant, String, bool)>,
    ignored: Vec<Condition>,
    flaw: Flaw,
    /// Whose chain is the last, where there are several.
    pointer: String,
    requests: Vec<String>,
    /// Versions count writes, as generations do; else equal bytes have equal ones.
    generations: bool,
    watcher: Option<Watcher>,
}

/// Is told what comes to stand under a key, or that nothing does any more.
type Told = dyn FnMut(&str, Option<&[u8]>) + Send;

struct Watcher(Box<Told>);

impl Debug for Watcher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a watcher")
    }
}

/// The place as one client sees it. Clones are the same client.
#[derive(Clone, Debug)]
pub struct Memory {
    shelf: Arc<Mutex<Shelf>>,
    pub weather: Arc<Mutex<Weather>>,
    /// Its own chain, where runs have one each.
    own: Arc<Mutex<Option<String>>>,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory { shelf: Arc::default(), weather: Arc::new(Mutex::new(Weather::of(0))), own: Arc::default() }
    }
}

impl Shelf {
    fn version(&self, key: &str) -> Option<Version> {
        let (bytes, write) = self.objects.get(key)?;
        Some(Version(Some(match self.generations {
            true => write.to_string(),
            false => Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect(),
        })))
    }

    fn put(&mut self, key: &str, bytes: &[u8]) -> Version {
        self.writes += 1;
        if self.objects.insert(key.to_owned(), (bytes.to_vec(), self.writes)).is_none() {
            self.history.push((Instant::now(), key.to_owned(), true));
        }
        self.tell(key, Some(bytes));
        if key == KEY && self.flaw == Flaw::SealsGo {
            let upto = contained(bytes).unwrap();
            let number = |key: &str| key.rsplit_once("journal/").and_then(|(_, number)| number.parse::<u64>().ok());
            self.objects.retain(|key, _| number(key).is_none_or(|number| number > upto));
        }
        self.version(key).unwrap()
    }

    fn tell(&mut self, key: &str, bytes: Option<&[u8]>) {
        if let Some(Watcher(told)) = &mut self.watcher {
            told(key, bytes);
        }
    }

    fn change(&mut self, key: &str, change: &Change) -> Tried<Option<Version>> {
        let there = self.version(key);
        let ignores = |condition| self.ignored.contains(&condition);
        match change {
            Change::Create(_) if there.is_some() && !ignores(Condition::Create) => Tried::Refused,
            Change::Replace(over, _) if there.as_ref() != Some(over) && !ignores(Condition::Replace) => Tried::Refused,
            Change::Remove(Some(over))
                if there.as_ref().is_some_and(|there| there != over) && !ignores(Condition::Remove) =>
            {
                Tried::Refused
            }
            Change::Create(bytes) | Change::Replace(_, bytes) => Tried::Done(Some(self.put(key, bytes))),
            Change::Remove(_) => {
                if self.objects.remove(key).is_some() {
                    self.history.push((Instant::now(), key.to_owned(), false));
                    self.tell(key, None);
                }
                Tried::Done(None)
            }
        }
    }

    /// Keys as they were so long ago.
    fn list(&self, prefix: &str, ago: Duration) -> Vec<String> {
        let mut keys: BTreeMap<&str, bool> = BTreeMap::new();
        let then = Instant::now() - ago;
        for (at, key, stands) in &self.history {
            if *at <= then {
                keys.insert(key, *stands);
            }
        }
        let stood = keys.into_iter().filter(|(key, stands)| *stands && key.starts_with(prefix));
        stood.map(|(key, _)| key.to_owned()).collect()
    }
}

#[derive(Clone, Debug)]
enum Change {
    Create(Vec<u8>),
    Replace(Version, Vec<u8>),
    Remove(Option<Version>),
}

fn error(doing: &'static str, key: &str) -> StoreError {
    StoreError::Io { doing, place: Path::new(key).into(), error: Error::from(ErrorKind::TimedOut) }
}

impl Memory {
    /// Another client of the same place.
    pub fn client(&self, weather: Weather) -> Memory {
        Memory { shelf: self.shelf.clone(), weather: Arc::new(Mutex::new(weather)), own: Arc::default() }
    }

    /// Another client, which fares well.
    pub fn fair(&self) -> Memory {
        self.client(Weather::of(0))
    }

    /// The state there, through this client.
    pub fn store(&self) -> Chain<Memory, ObjectLock<Memory>> {
        let lock = ObjectLock::new(self.clone(), format!("{KEY}.tflock"), format!("bucket/{KEY}"));
        let shelf = self.shelf.lock().unwrap();
        let lock = lock.guarded(!shelf.ignored.contains(&Condition::Remove));
        Chain::new(self.clone(), if shelf.generations { lock.by_version() } else { lock }, KEY)
    }

    pub fn generations(self) -> Memory {
        self.shelf.lock().unwrap().generations = true;
        self
    }

    pub fn ignoring(self, conditions: &[Condition]) -> Memory {
        self.shelf.lock().unwrap().ignored = conditions.to_vec();
        self
    }

    pub fn with(self, flaw: Flaw) -> Memory {
        self.shelf.lock().unwrap().flaw = flaw;
        self
    }

    /// Somebody watches what stands there.
    pub fn watched(self, watcher: impl FnMut(&str, Option<&[u8]>) + Send + 'static) -> Memory {
        self.shelf.lock().unwrap().watcher = Some(Watcher(Box::new(watcher)));
        self
    }

    /// What becomes of the next request that changes a key that holds this.
    pub fn next(&self, key: &'static str, fate: Fate) {
        self.weather.lock().unwrap().scripted.push_back((key, fate));
    }

    /// The bytes of an object, past all weather.
    pub fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        self.shelf.lock().unwrap().objects.get(key).map(|(bytes, _)| bytes.clone())
    }

    pub fn set(&self, key: &str, bytes: &[u8]) {
        self.shelf.lock().unwrap().put(key, bytes);
    }

    pub fn keys(&self) -> Vec<String> {
        self.shelf.lock().unwrap().objects.keys().cloned().collect()
    }

    /// Requests since the last time: the verb and the key.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.shelf.lock().unwrap().requests)
    }

    async fn pause(&self) {
        let (pause, life) = {
            let weather = &mut *self.weather.lock().unwrap();
            (weather.chance.below(weather.pause + 1), weather.life.clone())
        };
        life.unless_over().await;
        if pause > 0 {
            sleep(Duration::from_millis(pause as u64)).await;
            life.unless_over().await;
        }
    }

    fn readable(&self, key: &str) -> Result<(), StoreError> {
        let weather = &mut *self.weather.lock().unwrap();
        match weather.unread > 0 && weather.chance.percent(weather.unread) {
            true => Err(error("read", key)),
            false => Ok(()),
        }
    }

    fn fate(&self, key: &str) -> Fate {
        let weather = &mut *self.weather.lock().unwrap();
        let is_meant = |part: &str| if part == KEY { key == KEY } else { key.contains(part) };
        if weather.scripted.front().is_some_and(|(part, _)| is_meant(part)) {
            return weather.scripted.pop_front().unwrap().1;
        }
        if weather.chance.percent(weather.refused) {
            return Fate::NotDone;
        }
        if weather.deaths > 0 && weather.chance.percent(weather.deaths) {
            return if weather.chance.percent(50) { Fate::DiesBefore } else { Fate::DiesAfter };
        }
        match weather.chance.percent(weather.unanswered) {
            false => Fate::Answered,
            true => match weather.chance.below(4) {
                0 => Fate::Dropped,
                1 => Fate::Lost,
                2 => Fate::Late(weather.chance.below(1500) as u64),
                _ => Fate::Slow(weather.chance.below(20_000) as u64),
            },
        }
    }

    /// Where an object of the chain stands, in a place where runs have one each.
    fn at(&self, key: &str, change: Option<&Change>) -> String {
        let shelf = &mut *self.shelf.lock().unwrap();
        if shelf.flaw != Flaw::Pointer || !key.contains(".podform/journal/") {
            return key.to_owned();
        }
        let mut own = self.own.lock().unwrap();
        if let Some(Change::Create(bytes)) = change
            && own.is_none()
        {
            let link = Link::decode(bytes).unwrap();
            assert_eq!(link.kind, Kind::Begin);
            *own = Some(link.id.clone());
            shelf.pointer = link.id;
        }
        key.replace("/journal/", &format!("/chains/{}/", own.as_ref().unwrap_or(&shelf.pointer)))
    }

    async fn change(&self, verb: &str, key: &str, change: Change) -> Tried<Option<Version>> {
        let key = &self.at(key, Some(&change));
        self.pause().await;
        self.shelf.lock().unwrap().requests.push(format!("{verb} {key}"));
        let fate = self.fate(key);
        let life = self.weather.lock().unwrap().life.clone();
        let doubt = || Tried::InDoubt(error("write", key));
        let tried = match fate {
            Fate::DiesBefore => return life.dies().await,
            Fate::NotDone => return Tried::NotDone(error("write", key)),
            Fate::Dropped => doubt(),
            Fate::Late(after) => {
                let (shelf, key, change) = (self.shelf.clone(), key.clone(), change);
                tokio::spawn(async move {
                    sleep(Duration::from_millis(after)).await;
                    shelf.lock().unwrap().change(&key, &change);
                });
                doubt()
            }
            Fate::Answered | Fate::Lost | Fate::Slow(_) | Fate::DiesAfter => {
                self.shelf.lock().unwrap().change(key, &change)
            }
        };
        if fate == Fate::DiesAfter {
            return life.dies().await;
        }
        self.pause().await;
        match fate {
            Fate::Lost => doubt(),
            Fate::Slow(after) => {
                sleep(Duration::from_millis(after)).await;
                tried
            }
            _ => tried,
        }
    }
}

impl Objects for Memory {
    fn place(&self, key: &str) -> Place {
        Path::new(&format!("memory://bucket/{key}")).into()
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        async move {
            let key = &self.at(key, None);
            self.pause().await;
            self.readable(key)?;
            let object = {
                let shelf = &mut *self.shelf.lock().unwrap();
                shelf.requests.push(format!("get {key}"));
                let bytes = shelf.objects.get(key).map(|(bytes, _)| bytes.clone());
                bytes.zip(shelf.version(key)).map(|(bytes, version)| Object { bytes, version })
            };
            self.pause().await;
            Ok(object)
        }
        .boxed()
    }

    fn version<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        async move {
            self.pause().await;
            self.readable(key)?;
            self.shelf.lock().unwrap().requests.push(format!("head {key}"));
            let version = self.shelf.lock().unwrap().version(key);
            self.pause().await;
            Ok(version)
        }
        .boxed()
    }

    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        async move { self.change("create", key, Change::Create(bytes.to_vec())).await.map(Option::unwrap) }.boxed()
    }

    fn replace<'a>(&'a self, key: &'a str, over: &'a Version, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        let change = Change::Replace(over.clone(), bytes.to_vec());
        async move { self.change("replace", key, change).await.map(Option::unwrap) }.boxed()
    }

    fn remove<'a>(&'a self, key: &'a str, over: Option<&'a Version>) -> BoxFuture<'a, Tried<()>> {
        async move { self.change("remove", key, Change::Remove(over.cloned())).await.map(drop) }.boxed()
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        async move {
            self.pause().await;
            self.readable(prefix)?;
            self.shelf.lock().unwrap().requests.push(format!("list {prefix}"));
            let ago = {
                let weather = &mut *self.weather.lock().unwrap();
                let behind = weather.chance.percent(weather.stale);
                if behind { weather.chance.below(2000) as u64 } else { 0 }
            };
            Ok(self.shelf.lock().unwrap().list(prefix, Duration::from_millis(ago)))
        }
        .boxed()
    }
}
