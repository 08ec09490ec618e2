//! The functions of the language.

use super::reference::Effects;
use super::value::Value;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The argument at fault, from 0; `None` for the call as a whole.
    pub argument: Option<usize>,
    /// What is wrong, a clause without the name of the function.
    pub message: String,
}

/// The names of all functions, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    std::iter::empty()
}

/// Calls a function by name; `None` where there is none of that name. Unknown arguments, null checks, conversion of the
/// arguments to the types of the parameters and marks are handled here, once, by the signature. `try` and `can` are
/// forms of the evaluator.
pub fn call(name: &str, args: &[Value], effects: &dyn Effects) -> Option<Result<Value, CallError>> {
    let _ = (name, args, effects);
    unimplemented!()
}
