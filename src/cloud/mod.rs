//! The one trait between us and the API.
//!
//! The implementation repeats reads, and changes that are the same when made twice; what makes something new (a rent, a
//! create) or does something anew (a reboot) leaves at most once. The [`Outcome`] of a change says what is known of it.

pub mod fault;

use crate::live::{
    Account, Group, GroupFields, GroupId, LiveObject, Machine, MachineFields, MachineId, ObjectId, Offer, RentRequest,
};
use jiff::Timestamp;
use std::fmt;
use std::future::Future;

/// What became of a call that changes the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It took effect.
    Done(T),
    /// It provably took no effect.
    NotDone(CallError),
    /// Nobody knows (time-out, reset, 5xx after bytes left). Settled by looking, never by repeating.
    InDoubt(CallError),
}

impl<T> Outcome<T> {
    /// The same outcome, with something else for what was done.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Outcome::Done(done) => Outcome::Done(change(done)),
            Outcome::NotDone(error) => Outcome::NotDone(error),
            Outcome::InDoubt(error) => Outcome::InDoubt(error),
        }
    }
}

/// Why a call failed, by what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// 401: the key is wrong.
    Unauthorized,
    /// 403: the key's sub-account may not do this.
    Forbidden,
    /// 403 with a page: a firewall before the API refused it.
    Blocked,
    /// 404, 410: there is nothing of that id.
    NotFound,
    /// 400, 402, 409, 415, 422 and other 4xx: the API refuses this request.
    Refused,
    /// 429, and it stayed so.
    TooManyRequests,
    /// 5xx, and it stayed so.
    Unavailable,
    /// No answer: connection, TLS, time-out.
    Network,
    /// An answer that we cannot read: not JSON, cut off, too large, a redirect elsewhere.
    Protocol,
}

/// A call that failed. Never holds a secret: bodies that were sent are not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// By what can be done about it.
    pub kind: ErrorKind,
    /// `POST /instances`.
    pub call: String,
    /// The status, where there was an answer.
    pub status: Option<u16>,
    /// The API's own words, or the network's; cleaned of control characters, shortened.
    pub message: String,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{} answered {status}: {}", self.call, self.message),
            None => write!(f, "{} failed: {}", self.call, self.message),
        }
    }
}

impl std::error::Error for CallError {}

/// A complete list, and when the server made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// Every row, without duplicates, in the order of the answers.
    pub rows: Vec<T>,
    /// The server's `Date` of the first page: nothing that was there before is missing because it was too early.
    pub as_of: Option<Timestamp>,
}

impl<T> Listed<T> {
    /// The same list of other rows.
    pub fn map<U>(self, row: impl FnMut(T) -> U) -> Listed<U> {
        Listed { rows: self.rows.into_iter().map(row).collect(), as_of: self.as_of }
    }
}

/// The result of a read.
pub type ReadResult<T> = Result<T, CallError>;

/// The API as the effects use it.
pub trait Cloud: Send + Sync + 'static {
    /// Every offer that is free to rent; requirements are judged by us, never by the API's filters (API sheet §3.1).
    fn offers(&self) -> impl Future<Output = ReadResult<Vec<Offer>>> + Send;

    /// The vendor's templates.
    fn global_templates(&self) -> impl Future<Output = ReadResult<Vec<Group>>> + Send;

    /// Balance.
    fn account(&self) -> impl Future<Output = ReadResult<Account>> + Send;

    /// Details of an object of any kind; `None` for 404 and 410.
    fn object(&self, id: ObjectId) -> impl Future<Output = ReadResult<Option<LiveObject>>> + Send {
        async move {
            Ok(match id {
                ObjectId::Machine(id) => self.machine(id).await?.map(LiveObject::from),
                ObjectId::Group(id) => self.group(id).await?.map(LiveObject::from),
            })
        }
    }

    /// All our template groups.
    fn groups(&self) -> impl Future<Output = ReadResult<Listed<Group>>> + Send;

    /// Details of one; `None` for 404 and 410.
    fn group(&self, id: GroupId) -> impl Future<Output = ReadResult<Option<Group>>> + Send;

    /// Adds a template group. The id is `None` where the answer names none: it is then found by its exact name.
    fn create_group(&self, fields: &GroupFields) -> impl Future<Output = Outcome<Option<GroupId>>> + Send;

    /// Changes what is `Some`; repeated where the network failed, since it is idempotent.
    fn update_group(&self, id: GroupId, fields: &GroupFields) -> impl Future<Output = Outcome<()>> + Send;

    /// Deletes; already gone is done.
    fn delete_group(&self, id: GroupId) -> impl Future<Output = Outcome<()>> + Send;

    /// All machines of the account.
    fn machines(&self) -> impl Future<Output = ReadResult<Listed<Machine>>> + Send;

    /// Details of one; `None` for 404 and 410.
    fn machine(&self, id: MachineId) -> impl Future<Output = ReadResult<Option<Machine>>> + Send;

    /// Rents, at most once. The id is `None` where the answer names none: the machine is then found by its claim.
    fn rent(&self, request: &RentRequest) -> impl Future<Output = Outcome<Option<MachineId>>> + Send;

    /// Changes what is `Some`; repeated where the network failed, since it is idempotent. The machine as the answer shows
    /// it, where it shows all that its details would ([`crate::schema::observe::is_detailed`]).
    fn update_machine(
        &self,
        id: MachineId,
        fields: &MachineFields,
    ) -> impl Future<Output = Outcome<Option<Machine>>> + Send;

    /// Reboots a machine, at most once.
    fn reboot_machine(&self, id: MachineId) -> impl Future<Output = Outcome<()>> + Send;

    /// Releases a machine; already gone is done. 204 is acceptance: the caller looks afterwards.
    fn delete_machine(&self, id: MachineId) -> impl Future<Output = Outcome<()>> + Send;
}
