//! What every use of a fleet stands on: configuration, account, client and state, opened once and closed on every path.
//! It neither prints nor asks but through a [`Person`].

mod account;
mod adopt;
mod at_hand;
mod bounds;
mod credentials;
mod effects;
mod environment;
mod failure;
mod fleet;
mod foreign;
pub mod generate;
mod glob;
mod held;
mod open;
mod person;
mod proof;
pub mod rebalance;
mod reviewed;
pub mod saved;
pub mod stored;
mod text;
pub mod unmanaged;
pub mod variables;
mod view;
mod work;
pub mod written;

pub use account::{Choice, Who, apply_specs};
pub use adopt::adopt;
pub use at_hand::{AtHand, is_fleet};
pub use bounds::{distrust, is_untrusted, own_file};
pub use credentials::{Credentials, account_name, key_of};
pub use effects::{LocalEffects, enter};
pub use environment::environment;
pub use failure::{Failure, Why};
pub use fleet::{Fleet, evaluated, read};
pub use held::Held;
pub use open::{Opening, Watched};
pub use person::Person;
pub use reviewed::Reviewed;
pub use stored::Locking;
pub use text::{file, file_or_pipe, names, shown, text, up_to_limit};
pub use variables::Setting;
pub use view::View;
pub use work::{Performing, Planning, Prepared, Session};
