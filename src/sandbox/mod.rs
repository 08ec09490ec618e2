//! The simulated SimplePod API. Its wire types are its own: it imports none of its neighbours.
//!
//! An axum server that answers as the real API does (API sheet §1 to §6) and fails as the real one may. Everything the
//! sheet leaves unsettled is a switch ([`Switches`]); everything that can go wrong is a [`Fault`]. The world (clock,
//! market, machines, templates, balance) is a deterministic function of its seed, its clock and the calls it got.
//!
//! # The textual grammar of `--fault`
//!
//! ```text
//! SPEC   = SWITCH | FAULT
//! SWITCH = name "=" value                          page-clamp=50   create-body=empty   names=rewrite
//! FAULT  = kind ":" TARGET [":" CALLS [":" ARG]]   drop-after-commit:POST /instances:2
//! TARGET = "*" | (METHOD | "*") " " path           502:GET /instances/list:1-3      slow:POST /instances:1:5000
//! CALLS  = "*" | n | n "-" m | n "-" | "p" share   429:*:5     500:* /instances/{id}:p0.05   (several: 1,4-6)
//! ```
//!
//! CALLS count the calls that match TARGET, from 1. A path is a route as the API sheet writes it (`/instances/{id}`
//! matches every machine, and not `/instances/list`), or one literal path. Kinds: [`Kind`].
//!
//! # The calls under `/sandbox/`
//!
//! `GET`/`DELETE /sandbox/calls`, `POST /sandbox/advance {"seconds": N}`, `GET /sandbox/world`,
//! `GET`/`PUT /sandbox/switches`, and other people's hands: `POST /sandbox/actors/rent`, `/delete`, `/edit`. They need
//! no key; their bodies are described at the head of `admin.rs`.

mod admin;
mod billing;
mod book;
mod calls;
mod catalog;
mod chance;
mod choices;
mod clock;
mod faults;
mod fields;
mod filters;
mod global_templates;
mod hosts;
mod listing;
mod machines;
mod market;
mod pause;
mod ports;
mod published;
mod rent;
mod routes;
mod rows;
mod server;
mod switches;
mod templates;
mod wire;
mod world;
mod worldfile;
mod written;

#[cfg(test)]
mod tests;

pub use calls::CallRecord;
pub use choices::{
    BillingShape, BodyShape, CudaFilter, Echo, EnvRule, Funds, ListOrder, MarketOf, NameRule, Numbers, PasswordEcho,
    PriceFilter, ProblemStyle, RebootPath, RentedOffers, Wrapping,
};
pub use faults::{Calls, Fault, Kind};
pub use published::models as published_models;
pub use server::{Handle, serve};
pub use switches::Switches;
pub use world::World;
pub use worldfile::OpenError;
