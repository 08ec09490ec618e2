//! Everything that proves podform from outside, in one binary.

#![allow(clippy::unwrap_used)] // A test that cannot go on may panic.

#[cfg(unix)]
mod at_hand;
mod authorities;
#[cfg(unix)]
mod backends;
mod beginnings;
mod canary;
mod checks;
mod closing;
#[cfg(unix)]
mod completions;
mod console;
mod crash;
mod data_sources;
mod dependencies;
mod documents;
#[cfg(unix)]
mod encryption;
mod endpoints;
mod examples;
mod fences;
mod first_hour;
mod fleet;
mod forges;
mod help;
mod hostile;
mod initializing;
mod judge;
#[cfg(unix)]
mod keys;
mod language;
mod layering;
mod lists;
mod locks;
mod nesting;
#[cfg(unix)]
mod packaging;
#[cfg(unix)]
mod pages;
mod prompts;
mod scenarios;
mod schema;
#[cfg(unix)]
mod shells;
#[cfg(unix)]
mod signals;
mod simulation;
mod snapshot;
#[cfg(unix)]
mod sshd;
#[cfg(unix)]
mod surroundings;
#[cfg(target_os = "linux")]
mod top;
#[cfg(unix)]
mod transcripts;
mod twins;
#[cfg(unix)]
mod untrusted;
mod world;
mod wrong;
