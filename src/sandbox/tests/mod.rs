//! Tests of the sandbox over HTTP on loopback, with a client of a few lines.
#![allow(clippy::unwrap_used)]

mod client;
mod faults;
mod life;
mod market;
mod money;
mod problems;
mod shapes;
mod specs;
mod storage;
mod templates;
