//! The configuration language: values, types, conversion, evaluation, functions, references, parsing.
//!
//! Text becomes a [`ast::Body`] ([`parse`]), whose expressions are evaluated in a [`reference::Scope`] ([`eval`]).
//! Diagnostics are pushed and evaluation goes on with an unknown value, so that one run shows many errors.

pub mod access;
pub mod ast;
pub mod body;
pub mod budget;
mod conform;
mod constraint;
pub mod convert;
mod digits;
pub mod eval;
pub mod format;
pub mod functions;
mod hex;
pub mod json;
mod named;
mod nfc;
pub mod number;
pub mod ops;
pub mod parse;
pub mod reference;
mod resolve;
mod set_order;
pub mod stack;
mod syntax;
pub mod type_expr;
pub mod types;
mod unify;
pub mod value;
mod wire;

#[cfg(test)]
mod tests_budget;
#[cfg(test)]
mod tests_parse;
#[cfg(test)]
mod tests_properties;
#[cfg(test)]
mod tests_support;
#[cfg(test)]
mod tests_values;

pub use constraint::Constraint;
pub use hex::hex;
pub use named::{InOrder, Named};
pub use number::Number;
pub use reference::{Effects, Reference, Scope, Subject};
pub use types::Type;
pub use value::{Entries, Kind, Marks, Value};
#[cfg(test)]
pub use wire::tests::random_value;
