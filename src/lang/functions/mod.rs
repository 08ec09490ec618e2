//! The functions of the language: one entry of a table each.
//!
//! An entry names its parameters, so that arity, conversion, null, unknown and marks are handled once, here, before the
//! function runs. Functions are pure; what is not comes through [`Effects`].

mod collections;
mod crypto;
mod csv;
mod datetime;
mod encoding;
mod fault;
mod filesystem;
mod format;
mod format_real;
mod format_verb;
mod hash;
mod lists;
mod maps;
mod network;
mod numeric;
mod pattern;
mod sets;
mod signature;
mod strings;
mod templates;
mod types;
mod yaml_decode;
mod yaml_encode;
mod yaml_scalar;

use super::reference::Effects;
use super::types::Type;
use super::value::Value;
pub use fault::{CallError, Fault};
use signature::Function;
pub use signature::{Parameter, Signature};
use std::collections::BTreeMap;
use std::sync::LazyLock;

impl CallError {
    /// The detail of a diagnostic about a call of the function `name`.
    pub fn detail(&self, name: &str) -> String {
        match (self.fault, self.argument) {
            (Fault::TooFewArguments | Fault::TooManyArguments, _) => format!("Function \"{name}\" {}.", self.message),
            (Fault::Argument, Some(index)) => {
                let parameter = find(name).and_then(|f| f.parameter(index)).map_or("argument", |p| p.name);
                format!("Invalid value for \"{parameter}\" parameter: {}.", self.message)
            }
            (Fault::Text, _) => format!("Call to function \"{name}\" failed: {}", self.message),
            (Fault::Call | Fault::Argument, _) => format!("Call to function \"{name}\" failed: {}.", self.message),
        }
    }
}

static TABLE: LazyLock<BTreeMap<&'static str, &'static Function>> = LazyLock::new(|| {
    [
        collections::FUNCTIONS,
        crypto::FUNCTIONS,
        csv::FUNCTIONS,
        datetime::FUNCTIONS,
        encoding::FUNCTIONS,
        filesystem::FUNCTIONS,
        format::FUNCTIONS,
        hash::FUNCTIONS,
        lists::FUNCTIONS,
        maps::FUNCTIONS,
        network::FUNCTIONS,
        numeric::FUNCTIONS,
        pattern::FUNCTIONS,
        sets::FUNCTIONS,
        strings::FUNCTIONS,
        templates::FUNCTIONS,
        types::FUNCTIONS,
        yaml_decode::FUNCTIONS,
        yaml_encode::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
    .map(|function| (function.name, function))
    .collect()
});

fn find(name: &str) -> Option<&'static Function> {
    TABLE.get(name.strip_prefix("core::").unwrap_or(name)).copied()
}

/// The names of all functions, sorted; without the forms `try` and `can`.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.keys().copied()
}

/// Every function with its signature, sorted by name, the forms `try` and `can` among them.
pub fn signatures() -> Vec<Signature> {
    let descriptions: BTreeMap<&str, &str> =
        include_str!("descriptions.txt").lines().filter_map(|line| line.split_once(": ")).collect();
    let told = |name: &str| descriptions.get(name).copied().unwrap_or_default();
    let any = |name| Parameter { name, ty: Type::Dynamic, nullable: false };
    let form = |name, returns, parameters, variadic| Signature {
        name,
        description: told(name),
        returns,
        parameters,
        variadic,
    };
    let mut all: Vec<Signature> = TABLE.values().map(|function| function.signature(told(function.name))).collect();
    all.push(form("can", Type::Bool, vec![any("expression")], None));
    all.push(form("try", Type::Dynamic, Vec::new(), Some(any("expressions"))));
    all.sort_by_key(|signature| signature.name);
    all
}

/// Calls a function by name (`upper`, `core::upper`); `None` where there is none of that name. Unknown arguments, null
/// checks, conversion of the arguments to the types of the parameters and marks are handled here, once, by the
/// signature. `try` and `can` are forms of the evaluator.
pub fn call(name: &str, args: &[Value], effects: &dyn Effects) -> Option<Result<Value, CallError>> {
    Some(find(name)?.call(args, effects))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
