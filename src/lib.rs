//! podform: Terraform for rented GPUs.
//!
//! This page is the map of the house. Rooms stand in rows; a room imports only from earlier rows, or from rooms to its
//! left inside its own row. A room inside another one may stand in a later row than that. `tests/layering.rs` reads the
//! sources and enforces it. Rows 0 to 4 are pure: no `async`, file system, environment, clock, randomness, network or
//! printing.
//!
//! | row | rooms, left to right |
//! |---|---|
//! | 0 words | [`clusters`], [`printable`], [`address`], [`diag`], [`money`], [`path`] (a place inside a value) |
//! | 1 language | [`lang`] |
//! | 2 nouns | [`live`], [`schema`], [`config`], [`state`], [`snapshot`] |
//! | 3 verbs | [`market`], [`plan`], [`review`] |
//! | 4 drawing | [`render`] (apply and planning never name it) |
//! | 5 seams | [`cloud`], [`store`] |
//! | 6 edges | [`http`] (the only room that names reqwest), [`simplepod`], [`store::local`], [`store::remote`], [`store::sealed`], [`forge`], [`sandbox`] (imports none of its neighbours) |
//! | 7 effects | [`refresh`], [`planning`], [`apply`] |
//! | 8 use | [`session`] (configuration, account, state and client, opened once and closed on every path) |
//! | 9 shell | [`cli`] (the only room that prints) |
//!
//! # Invariants
//!
//! 1. No call that changes the account is sent before its intent is durable where the state is durable.
//! 2. A rent is sent at most once per intent. An in-doubt rent blocks further rents of its address until it is settled
//!    by looking.
//! 3. Nothing is rented above its price cap or outside the approved envelope.
//! 4. Nothing is deleted unless the recorded `id` and `hash_id` match the live machine and it carries our mark or claim.
//! 5. A resource is recorded the moment its id is known, before anything waits for it.
//! 6. A plan is a pure function of (configuration, variables, recorded, live, market). Plan after apply is empty.
//! 7. Apply's mutating calls are the plan's steps, plus envelope substitutions and the release of invariant 3.
//! 8. Lists never prove that a recorded machine is gone.
//! 9. Secrets never reach terminal, plan, state in clear, journal, logs, errors or reports.
//! 10. The state file is replaced atomically; one we cannot understand is never overwritten.
//! 11. State knows its account and endpoint.
//! 12. What carries our mark at an address that is to be made, and is not recorded, stops the plan; a lost state rents
//!     nothing again.
//! 13. Every failure names what we were doing, on which address, what the API answered, and what to do next.
//! 14. A run whose lock was taken away does nothing more: every append proves first that lock and journal are still its own.
//! 15. A machine that was never once seen inside of what was approved (price, GPU count) is released by whoever finds it.
//! 16. Windows are proven by time that this run itself saw pass; clocks of others only lengthen them.

pub mod address;
pub mod apply;
pub mod cli;
pub mod cloud;
pub mod clusters;
pub mod config;
pub mod diag;
pub mod forge;
pub mod http;
pub mod lang;
pub mod live;
pub mod market;
pub mod money;
pub mod path;
pub mod plan;
pub mod planning;
pub mod printable;
pub mod refresh;
pub mod render;
pub mod review;
pub mod sandbox;
pub mod schema;
pub mod session;
pub mod simplepod;
pub mod snapshot;
pub mod state;
pub mod store;
