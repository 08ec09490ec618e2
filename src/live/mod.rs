//! What the account holds, in our words: machines, template groups and offers, the mark we leave on them, orphans, and
//! all of it at one moment.

mod bill;
pub mod console;
mod env;
mod group;
mod id;
mod machine;
mod mark;
mod notes;
mod object;
mod offer;
mod orphan;
mod reads;
mod seen;
mod snapshot;
mod ssh;

pub use bill::{Bill, Deposit, LedgerRow};
pub use console::{News, Tail};
pub use env::{CLAIM_VARIABLE, Env};
pub use group::{Group, GroupFields, GroupId, Registry};
pub use id::{HashId, MachineId};
pub use machine::{Load, Machine, MachineFields, Port, RentRequest, Status};
pub use mark::{DEFAULT_WORKSPACE, Mark, owner};
pub use notes::Notes;
pub use object::{LiveObject, ObjectId};
pub use offer::{Offer, OfferFacts, Version};
pub use orphan::{Orphan, Proof, age, span};
pub use reads::{Reads, Want};
pub use seen::Seen;
pub use snapshot::Snapshot;
pub use ssh::SshPlace;

use crate::money::Usd;
use serde::{Deserialize, Serialize};

/// The prepaid account (API sheet §3.14).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What is left, in dollars; `None` where the API does not say.
    pub balance: Option<Usd>,
}
