//! Everything that proves podform from outside, in one binary.

#![allow(clippy::unwrap_used)] // A test that cannot go on may panic.

mod layering;
mod scenarios;
mod world;
