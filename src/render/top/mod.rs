//! `podform top`: the account's machines on a full screen. What is shown, what a key or an answer makes of it, and how it is
//! drawn; the shell reads keys, calls the API and owns the terminal.

mod draw;
mod lines;
mod logs;
mod model;
mod order;

pub use draw::draw;
pub use lines::Seen;
pub use logs::Consoles;
pub use model::{Event, Model, Todo, Work};

#[cfg(test)]
mod tests;
