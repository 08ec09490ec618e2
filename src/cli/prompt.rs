//! Lines of a person: history, and further lines while brackets are open.

use super::beside::beside;
use super::exit::Failure;
use super::silence::Silence;
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
    /// Away while it reads.
    editor: Option<Editor<Brackets, MemHistory>>,
    /// Whoever is interrupted gives the terminal back as it was.
    _kept: Option<Silence>,
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
        let kept = Silence::keep();
        let config = Config::builder().auto_add_history(true).build();
        let mut editor = Editor::with_history(config, MemHistory::new()).map_err(|error| failure(&error))?;
        editor.set_helper(Some(Brackets));
        Ok(Prompt { editor: Some(editor), _kept: kept })
    }

    /// The next expression; `None` at the end of input, and on Control-C.
    ///
    /// # Errors
    /// The terminal's.
    pub async fn read(&mut self) -> Result<Option<String>, Failure> {
        let Some(mut editor) = self.editor.take() else { return Ok(None) };
        let Some((read, editor)) = beside(move || (editor.readline("> "), editor)).await else { return Ok(None) };
        self.editor = Some(editor);
        match read {
            Ok(text) => Ok(Some(text)),
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => Ok(None),
            Err(error) => Err(failure(&error)),
        }
    }
}

fn failure(error: &ReadlineError) -> Failure {
    Diagnostic::error("Unreadable terminal", format!("The terminal cannot be read: {error}.")).into()
}
