//! The state model, the state file format, journal entries and their replay, digests of secrets; what is wrong with
//! such files, what two states differ in, and a state put together again from what is left; live against recorded:
//! what differs, which machine is meant, what stands in no state.

mod attributes;
mod change;
mod codec;
mod costs;
mod decode;
mod difference;
pub mod digest;
mod fault;
mod format;
pub mod journal;
#[cfg(test)]
mod journal_tests;
mod kept;
mod keyed;
mod like;
mod lines;
mod loss;
mod made;
mod model;
mod moved;
pub mod observed;
mod orphan;
#[cfg(test)]
mod orphan_tests;
mod parts;
mod record;
mod remains;
mod repair;
mod rollback;
#[cfg(test)]
pub(crate) mod sample;
mod spent;
mod sum;
#[cfg(test)]
mod tests;
mod verify;

pub use attributes::Attributes;
pub use change::Change;
pub use codec::{Entry, Replay, Salvage, decode_journal, encode_entry, encode_event, last_telling, salvage};
pub use costs::{Costs, MachineCost, Others, billed};
pub use decode::{decode, decode_edited};
pub use digest::{SecretKey, SecretMatch, fingerprint};
pub use fault::{JournalDamage, StateError};
pub use format::{FORMAT, TERRAFORM_VERSION, encode};
pub use journal::{Ciphertext, Event};
pub use kept::kept;
pub use keyed::{SumKey, Unkeyed, is_keyed_plan};
pub use like::{Shape, TWINS_WITHIN, fits, is_another, lacks_claim, made_at, shape};
pub use lines::Lines;
pub use loss::{Loss, bills, losses};
pub use model::{
    AccountIdentity, Billed, Expired, Failure, Heard, Intent, IntentAction, OutputState, Record, SecretDigest, Spent,
    State, deposed_key,
};
pub use moved::Moved;
pub use orphan::{orphaned, orphans, orphans_told, shows_env};
pub use parts::own_part;
pub use remains::{Remains, is_older};
pub use repair::{Repair, repair};
pub use rollback::{Rollback, Turn, Turned};
pub use sum::sum_in;
pub use verify::{FileFault, Verdict, contradictions, older, verify};
