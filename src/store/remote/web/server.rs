//! Terraform's http protocol: its requests, one by one, and what their answers say.

use super::super::calls::{Calls, Doing};
use super::address::Address;
use super::connect::connect;
use super::settings::Settings;
use crate::http::{Answer, Method, Request};
use crate::store::{LockInfo, Place, StoreError, Tried};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use std::time::Duration;
use tokio::time::sleep;

/// The ending of the name of the state itself.
pub(super) const STATE: &str = "";
/// Of what happened since.
pub(super) const JOURNAL: &str = "-journal";
/// What a run locks, from the outside to the inside.
pub(super) const BOTH: [&str; 2] = [STATE, JOURNAL];
/// Of what runs kept that lost their lock.
pub(super) const KEPT: &str = "-kept";

/// How often something is tried that must not stay as it is: a lock of one's own.
const ATTEMPTS: usize = 5;
/// Between two tries: a connection that broke is made anew by then.
const PAUSE: Duration = Duration::from_secs(1);

/// One server, or up to three: for states, for locks, and for giving them back.
#[derive(Debug)]
pub(super) struct Server {
    address: Address,
    update: Method,
    lock: Option<(Address, Method)>,
    unlock: Option<(Address, Method)>,
    calls: Vec<(String, Calls)>,
    /// It frees a lock for nobody but its holder.
    pub guards_locks: bool,
}

/// What became of a write.
#[derive(Debug)]
pub(super) enum Posted {
    /// It stands there.
    Done,
    /// 409 or 423: the server says that another one holds the lock, or that this is no new version.
    Locked(StoreError),
    /// 422: its serial stands there already.
    Stale(StoreError),
    /// Provably nothing was written.
    NotDone(StoreError),
    /// Nobody knows.
    InDoubt(StoreError),
}

/// What became of an attempt to lock.
#[derive(Debug)]
pub(super) enum Claimed {
    /// It was free, and is this run's.
    Taken,
    /// Somebody holds it; `None` where the answer does not tell who.
    Held(Option<Box<LockInfo>>),
}

/// Whose the lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// This run's, without a break: or nothing is locked here.
    Own,
    /// Another's.
    Lost,
    /// The server does not tell.
    Silent,
}

impl Server {
    /// Nothing is called yet.
    ///
    /// # Errors
    /// What cannot be used of the settings, in words.
    pub fn new(settings: &Settings) -> Result<Server, String> {
        let read = |name: &str, text: &str| Address::parse(text).map_err(|why| format!("{name} {why}"));
        let address = read("address", &settings.address)?;
        if address.name().is_empty() {
            let why = "address names no state: the last part of its path is the name, beside which podform keeps its journal, <name>-journal";
            return Err(why.to_owned());
        }
        let lock = settings.lock_address.as_deref().map(|text| read("lock_address", text)).transpose()?;
        let unlock = settings.unlock_address.as_deref().map(|text| read("unlock_address", text)).transpose()?;
        let unlock = lock.as_ref().map(|lock| unlock.unwrap_or_else(|| lock.clone()));
        let mut calls: Vec<(String, Calls)> = Vec::new();
        for place in [Some(&address), lock.as_ref(), unlock.as_ref()].into_iter().flatten() {
            if !calls.iter().any(|(origin, _)| *origin == place.origin) {
                calls.push((place.origin.clone(), connect(settings, place)?));
            }
        }
        Ok(Server {
            address,
            update: settings.update_method,
            lock: lock.map(|lock| (lock, settings.lock_method)),
            unlock: unlock.map(|unlock| (unlock, settings.unlock_method)),
            calls,
            guards_locks: settings.guards_locks,
        })
    }

    /// Whether states can be locked here.
    pub fn locks(&self) -> bool {
        self.lock.is_some()
    }

    /// How a person finds the state of this ending.
    pub fn place(&self, ending: &str) -> Place {
        Place::named(self.address.beside(ending).shown())
    }

    /// How a person finds its lock.
    pub fn lock_place(&self, ending: &str) -> Place {
        match &self.lock {
            Some((lock, _)) => Place::named(lock.lock_beside(&self.address, ending).shown()),
            None => self.place(ending),
        }
    }

    /// The text of a lock of the state with this ending, as Terraform has it.
    pub fn lock_text(&self, info: &LockInfo) -> String {
        info.for_terraform(&self.address.shown())
    }

    /// The one that serves an address. Each was made at the beginning.
    fn calls(&self, of: &Address) -> Option<&Calls> {
        self.calls.iter().find(|(origin, _)| *origin == of.origin).map(|(_, calls)| calls)
    }

    fn doing(&self, what: &'static str, ending: &str) -> Doing {
        Doing { what, place: self.place(ending) }
    }

    async fn change(
        &self,
        doing: &Doing,
        to: &Address,
        request: Request,
    ) -> Result<(Answer, Option<StoreError>), Tried<()>> {
        let Some(calls) = self.calls(to) else { return Err(Tried::NotDone(doing.clone().failed("no server".into()))) };
        let answer = calls.write(doing, request.clone()).await?;
        let refused = (!answer.is_success()).then(|| calls.refused(doing, &request, &answer));
        Ok((answer, refused))
    }

    /// Reads a state; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn get(&self, ending: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let doing = self.doing(if ending.is_empty() { "read the state" } else { "read beside the state" }, ending);
        let from = self.address.beside(ending);
        let request = Request { method: Method::Get, path: from.target(None), slow: true, ..Request::default() };
        let Some(calls) = self.calls(&from) else { return Err(doing.failed("no server".into())) };
        let answer = calls.read(&doing, request.clone()).await?;
        match answer.status {
            200 => {
                let digest = STANDARD.encode(Md5::digest(&answer.body));
                let differs = answer.header("content-md5").is_some_and(|said| said != digest);
                match differs {
                    true => Err(doing.failed("what came is not what its Content-MD5 says".to_owned())),
                    false => Ok(Some(answer.body).filter(|body| !body.is_empty())),
                }
            }
            204 | 404 => Ok(None),
            _ => Err(calls.refused(&doing, &request, &answer)),
        }
    }

    /// Writes a state, by whoever holds its lock.
    pub async fn post(&self, ending: &str, id: Option<&str>, text: &str) -> Posted {
        let doing = self.doing(if ending.is_empty() { "write the state" } else { "write beside the state" }, ending);
        let to = self.address.beside(ending);
        let request = with_body(self.update, to.target(id), text);
        match self.change(&doing, &to, request).await {
            Ok((_, None)) => Posted::Done,
            Ok((answer, Some(error))) => match answer.status {
                409 | 423 => Posted::Locked(error),
                422 => Posted::Stale(error),
                _ => Posted::NotDone(error),
            },
            Err(Tried::InDoubt(error)) => Posted::InDoubt(error),
            Err(Tried::NotDone(error)) => Posted::NotDone(error),
            Err(Tried::Done(()) | Tried::Refused) => Posted::InDoubt(doing.failed("no answer".to_owned())),
        }
    }

    /// Takes the lock of a state, once.
    ///
    /// # Errors
    /// It cannot be taken, or nobody knows: the same again tells who holds it.
    pub async fn claim(&self, ending: &str, info: &LockInfo) -> Result<Claimed, StoreError> {
        let Some((lock, method)) = &self.lock else { return Ok(Claimed::Taken) };
        let doing = Doing { what: "lock the state", place: self.lock_place(ending) };
        let to = lock.lock_beside(&self.address, ending);
        let request = with_body(*method, to.target(None), &self.lock_text(info));
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            return match self.change(&doing, &to, request.clone()).await {
                Ok((_, None)) => Ok(Claimed::Taken),
                Ok((answer, Some(error))) => match answer.status {
                    409 | 423 => Ok(Claimed::Held(LockInfo::of_terraform(&answer.body).map(Box::new))),
                    _ => Err(error),
                },
                Err(Tried::InDoubt(_)) if left > 0 => {
                    sleep(PAUSE).await;
                    continue;
                }
                Err(Tried::InDoubt(error) | Tried::NotDone(error)) => Err(error),
                Err(Tried::Done(()) | Tried::Refused) => Err(doing.failed("no answer".to_owned())),
            };
        }
    }

    /// Gives a lock back, or takes it away: the one of this text. False where it is another's by now, or nobody's.
    ///
    /// # Errors
    /// Nobody knows, or it cannot be done.
    pub async fn free(&self, ending: &str, text: &str) -> Result<bool, StoreError> {
        let Some((unlock, method)) = &self.unlock else { return Ok(true) };
        let doing = Doing { what: "free the lock", place: self.lock_place(ending) };
        let to = unlock.lock_beside(&self.address, ending);
        let request = with_body(*method, to.target(None), text);
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            return match self.change(&doing, &to, request.clone()).await {
                Ok((_, None)) => Ok(true),
                Ok((answer, Some(error))) => match answer.status {
                    404 | 409 | 423 => Ok(false),
                    _ => Err(error),
                },
                Err(Tried::InDoubt(_)) if left > 0 => {
                    sleep(PAUSE).await;
                    continue;
                }
                Err(Tried::InDoubt(error) | Tried::NotDone(error)) => Err(error),
                Err(Tried::Done(()) | Tried::Refused) => Err(doing.failed("no answer".to_owned())),
            };
        }
    }

    /// Removes a state.
    ///
    /// # Errors
    /// It stands there still, or nobody knows.
    pub async fn delete(&self, ending: &str, id: Option<&str>) -> Result<(), StoreError> {
        let doing = self.doing("remove the state", ending);
        let to = self.address.beside(ending);
        let request = Request { method: Method::Delete, path: to.target(id), slow: true, ..Request::default() };
        match self.change(&doing, &to, request).await {
            Ok((_, None)) => Ok(()),
            Ok((Answer { status: 404, .. }, _)) => Ok(()),
            Ok((_, Some(error))) | Err(Tried::InDoubt(error) | Tried::NotDone(error)) => Err(error),
            Err(Tried::Done(()) | Tried::Refused) => Err(doing.failed("no answer".to_owned())),
        }
    }
}

/// With the headers of Terraform.
fn with_body(method: Method, path: String, text: &str) -> Request {
    let digest = STANDARD.encode(Md5::digest(text.as_bytes()));
    Request {
        method,
        path,
        headers: vec![("Content-MD5".to_owned(), digest)],
        body: Some(("application/json", text.as_bytes().to_vec())),
        slow: true,
        ..Request::default()
    }
}
