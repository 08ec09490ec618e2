//! What the account shows: reading it for a plan, with the market where something will be rented; settling what is in
//! doubt by looking; finding what a lost state made (invariants 2, 8, 12). Nothing here changes the
//! account.

mod adopt;
mod approval;
mod clock;
mod market;
mod read;
mod reads;
mod reboot;
mod settle;
mod sight;
mod suspicion;

pub use adopt::{Adoption, adoption};
pub use approval::{Approval, Unproven, foreseen, unreadable};
pub use clock::Clock;
pub use market::{Ahead, MarketRead, ahead};
pub use read::{PAUSE, Refresh, VISIBLE, details, is_unseen, refresh};
pub use reads::{doing, one, read};
pub use reboot::{Rebooted, rebooted};
pub use settle::{LOOKS, Settle, Settled, settle, still_in_doubt};
pub use sight::{Search, Sighting, candidates, same_shape, sight, sight_group};
pub use suspicion::{
    Stranger, beside, claims, foreign_lineage, lost_since, mass_disappearance, newer_state, other_state, told_lineages,
};
