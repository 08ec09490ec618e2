//! A PostgreSQL database: the table of states that Terraform has, and one of our own beside it for everything else.
//!
//! Conditions are those of single statements, so the fence is in the same statement as what it guards. The lock is the
//! advisory one that Terraform takes, which ends with the connection: a pooler in transaction mode does not keep it, and the
//! journal protects all the same.

mod connection;
mod database;
mod lock;
mod objects;
mod settings;
mod tls;

pub use database::Database;
pub use lock::AdvisoryLock;
pub use objects::Rows;
pub use settings::{Create, Settings};
