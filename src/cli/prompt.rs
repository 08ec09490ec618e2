//! Lines of a person: history, and further lines while brackets are open.

use super::exit::Failure;
use crate::diag::Diagnostic;
use crate::lang::format::is_open;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Editor, Helper};

/// A line editor. Its history is kept in memory alone: what is typed may be secret.
pub struct Prompt {
    editor: Editor<Brackets, MemHistory>,
}

struct Brackets;

impl Helper for Brackets {}
impl Highlighter for Brackets {}
impl Completer for Brackets {
    type Candidate = String;
}
impl Hinter for Brackets {
    type Hint = String;
}

impl Validator for Brackets {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_open(context.input()) { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Prompt {
    /// Takes the terminal.
    ///
    /// # Errors
    /// The terminal's.
    pub fn new() -> Result<Prompt, Failure> {
        let config = Config::builder().auto_add_history(true).build();
        let mut editor = Editor::with_history(config, MemHistory::new()).map_err(|error| failure(&error))?;
        editor.set_helper(Some(Brackets));
        Ok(Prompt { editor })
    }

    /// The next expression; `None` at the end of input, and on Control-C.
    ///
    /// # Errors
    /// The terminal's.
    pub fn read(&mut self) -> Result<Option<String>, Failure> {
        match self.editor.readline("> ") {
            Ok(text) => Ok(Some(text)),
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => Ok(None),
            Err(error) => Err(failure(&error)),
        }
    }
}

fn failure(error: &ReadlineError) -> Failure {
    Diagnostic::error("Unreadable terminal", format!("The terminal cannot be read: {error}.")).into()
}
