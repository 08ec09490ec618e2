//! The SimplePod API: wire types, client, retry.
//!
//! Answers are read leniently ([`Client`] copes with every reading that the API sheet calls unsettled), requests are
//! written strictly. A read is repeated where that helps; a rent leaves at most once.

mod api;
mod clean;
mod client;
mod ends;
mod field;
mod hide;
mod log;
mod market;
mod offers;
mod paging;
mod ports;
mod query;
mod read;
mod refusal;
mod retry;
mod stream;
mod write;

pub use client::{BASE_URL, Client, Expected, Settings};
pub use query::{Comparison, Direction, MarketQuery, OrderBy, Quantity, Range, RentalStatus};
pub use retry::Retry;

#[cfg(test)]
mod tests;
