//! What the account shows: reading it for a plan, with the market where something will be rented; settling what is in
//! doubt by looking; finding orphans and what a lost state made (invariants 2, 8, 12). Nothing here changes the
//! account.

mod adopt;
mod clock;
mod market;
pub mod observed;
mod orphan;
mod read;
mod reads;
mod settle;
mod sight;
mod suspicion;

pub use adopt::{Adoption, adoption};
pub use clock::Clock;
pub use market::{MarketRead, ahead};
pub use orphan::{orphaned, orphans, orphans_told};
pub use read::{PAUSE, Refresh, VISIBLE, details, is_unseen, refresh};
pub use reads::{doing, one, read};
pub use settle::{LOOKS, Settle, Settled, settle, still_in_doubt};
pub use sight::{Search, Sighting, same_shape, sight, sight_group};
pub use suspicion::{Stranger, foreign_lineage, lost_state, mass_disappearance};
