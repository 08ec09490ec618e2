//! The terminal as the person of a session, and the one word that approves.

use super::exit::Failure;
use super::terminal::Terminal;
use super::waiting::Waiting;
use crate::config::Variable;
use crate::diag::Diagnostic;
use crate::live::ObjectId;
use crate::session::{self, Person, Telling};
use futures::future::{FutureExt, LocalBoxFuture};

impl Person for Terminal {
    fn value_of<'a>(&'a self, variable: &'a Variable) -> LocalBoxFuture<'a, Result<Option<String>, session::Failure>> {
        self.asked(variable).boxed_local()
    }

    fn settling(&self, open: usize) -> Box<dyn Telling> {
        let (what, whose) = match open {
            1 => ("1 operation", "whose outcome is"),
            _ => (&*format!("{open} operations"), "whose outcomes are"),
        };
        self.say(&format!("Looking for {what} of an earlier run {whose} not known...\n"));
        Box::new(Waiting::often(*self, "Still looking what became of an earlier run"))
    }

    fn adopted(&self, id: ObjectId, place: &str) {
        self.line(&format!("{id} is recorded as {place}."));
    }
}

impl Terminal {
    async fn asked(&self, variable: &Variable) -> Result<Option<String>, session::Failure> {
        if !Terminal::is_interactive() {
            return Ok(None);
        }
        let mut question = format!("var.{}\n", variable.name);
        if let Some(description) = variable.description.as_deref().filter(|text| !text.is_empty()) {
            description.lines().for_each(|line| question.push_str(&format!("  {line}\n")));
            question.push('\n');
        }
        question.push_str("  Enter a value: ");
        let text = match variable.sensitive {
            true => self.ask_secretly(&question).await?,
            false => self.ask(&question).await,
        };
        self.tell("\n");
        Ok(text)
    }
}

/// Asks for the one word that approves; without anybody to ask, `-auto-approve` must stand.
pub async fn approved(question: &str, auto_approve: bool, can_ask: bool, terminal: &Terminal) -> Result<bool, Failure> {
    if auto_approve {
        return Ok(true);
    }
    if !can_ask {
        let detail = "What cannot be asked about needs -auto-approve.";
        return Err(Diagnostic::error("Approval needed", detail).into());
    }
    let question = format!("{question}\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: ");
    let answer = terminal.ask(&question).await;
    let yes = answer.as_deref() == Some("yes");
    terminal.tell(if yes { "\n" } else { "\nCancelled. Nothing was changed.\n" });
    Ok(yes)
}
