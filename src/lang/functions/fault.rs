//! Why a call failed.

use super::super::budget::{MOST_TEXT, may_be_text};

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The argument at fault, from 0; `None` for the call as a whole.
    pub argument: Option<usize>,
    /// What is wrong, a clause without the name of the function; a sentence for [`Fault::Text`].
    pub message: String,
    /// Which kind of fault it is.
    pub fault: Fault,
}

/// Kinds of failed calls, each with its own summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fewer arguments than parameters.
    TooFewArguments,
    /// More arguments than parameters.
    TooManyArguments,
    /// One argument is at fault.
    Argument,
    /// The call failed.
    Call,
    /// A text that the call reads is wrong: the message is a whole sentence, which was said of that text.
    Text,
}

impl CallError {
    pub(super) fn call(message: impl Into<String>) -> Self {
        Self { argument: None, message: message.into(), fault: Fault::Call }
    }

    pub(super) fn text(message: impl Into<String>) -> Self {
        Self { argument: None, message: message.into(), fault: Fault::Text }
    }

    pub(super) fn argument(index: usize, message: impl Into<String>) -> Self {
        Self { argument: Some(index), message: message.into(), fault: Fault::Argument }
    }

    /// An error where a text would have so many bytes.
    pub(super) fn unless_too_long(bytes: usize) -> Result<(), CallError> {
        match may_be_text(bytes) {
            true => Ok(()),
            false => Err(CallError::call(format!("the text would be longer than {} MiB", MOST_TEXT >> 20))),
        }
    }

    /// The summary of a diagnostic.
    pub fn summary(&self) -> &'static str {
        match self.fault {
            Fault::TooFewArguments => "Not enough function arguments",
            Fault::TooManyArguments => "Too many function arguments",
            Fault::Argument => "Invalid function argument",
            Fault::Call | Fault::Text => "Error in function call",
        }
    }
}
