//! The terminal as the person of a session, and the one word that approves.

use super::exit::Failure;
use super::terminal::Terminal;
use crate::config::Variable;
use crate::diag::Diagnostic;
use crate::live::ObjectId;
use crate::session::Person;

impl Person for Terminal {
    fn value_of(&self, variable: &Variable) -> Option<String> {
        if !Terminal::is_interactive() {
            return None;
        }
        let mut question = format!("var.{}\n", variable.name);
        if let Some(description) = variable.description.as_deref().filter(|text| !text.is_empty()) {
            description.lines().for_each(|line| question.push_str(&format!("  {line}\n")));
            question.push('\n');
        }
        question.push_str("  Enter a value: ");
        let text = match variable.sensitive {
            true => self.ask_secretly(&question),
            false => self.ask(&question),
        };
        self.tell("\n");
        text
    }

    fn settling(&self, open: usize) {
        self.tell(&format!("Looking for {open} operation(s) of an earlier run whose outcome is not known...\n"));
    }

    fn adopted(&self, id: ObjectId, place: &str) {
        self.line(&format!("{id} is recorded as {place}."));
    }
}

/// Asks for the one word that approves; without anybody to ask, `-auto-approve` must stand.
pub fn approved(question: &str, auto_approve: bool, can_ask: bool, terminal: &Terminal) -> Result<bool, Failure> {
    if auto_approve {
        return Ok(true);
    }
    if !can_ask {
        let detail = "What cannot be asked about needs -auto-approve.";
        return Err(Diagnostic::error("Approval needed", detail).into());
    }
    let answer = terminal.ask(&format!("{question}\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: "));
    let yes = answer.as_deref() == Some("yes");
    terminal.tell(if yes { "\n" } else { "\nCancelled. Nothing was changed.\n" });
    Ok(yes)
}
