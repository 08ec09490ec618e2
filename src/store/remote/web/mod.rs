//! Servers that keep a state under an address, as GitLab does: Terraform's http protocol.
//!
//! It knows no conditions. What there is: a lock, whose id a server may compare with that of a write, and a serial that it
//! may refuse a second time. So a state has a second one beside it, `<name>-journal`, which holds the entries of the journal
//! and names the run that writes them; and a third, `<name>-kept`, for what runs keep that lost their lock. A group of
//! entries is durable when it was written and this run was still the holder afterwards: whoever takes over later reads it.

mod address;
mod append;
mod backend;
mod connect;
mod document;
mod keep;
mod locking;
mod mend;
mod probe;
mod server;
mod settings;
mod store;

pub use backend::HttpBackend;
pub use settings::Settings;
pub use store::Web;
