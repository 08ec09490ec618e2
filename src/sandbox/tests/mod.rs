//! Tests of the sandbox over HTTP on loopback, with a client of a few lines.

mod client;
mod life;
mod market;
mod money;
mod templates;
