//! What a plan reads, without its secrets: for whoever may see a plan, and not the account. As a file (`podform snapshot`)
//! it is planned on without key and network; and a configuration that nobody trusts is planned on nothing else.

mod format;
mod redact;
mod rows;

pub use format::{FORMAT, Written, decode, encode};
pub use redact::{Redaction, without_secrets};
