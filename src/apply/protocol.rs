//! What steps say to the loop. A step asks that events become durable and goes on only when they are (invariant 1).

use super::step::Stop;
use crate::diag::Diagnostic;
use crate::plan::ApplyEvent;
use crate::state::journal::Event;
use tokio::sync::{mpsc, oneshot};

/// One message to the loop.
pub(super) enum Message {
    /// Make these durable, then answer.
    Commit { events: Vec<Event>, durable: oneshot::Sender<()> },
    /// Tell the user at the end.
    Tell(Diagnostic),
    /// Show progress.
    Show(ApplyEvent),
}

/// A step's line to the loop.
#[derive(Clone)]
pub(super) struct Line(mpsc::UnboundedSender<Message>);

impl Line {
    /// A line and its other end.
    pub fn new() -> (Line, mpsc::UnboundedReceiver<Message>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Line(sender), receiver)
    }

    /// Returns when the events are durable. They belong together: all of them are, or none.
    ///
    /// # Errors
    /// The loop stopped: nothing may be called any more.
    pub async fn commit(&self, events: Vec<Event>) -> Result<(), Stop> {
        let (durable, answer) = oneshot::channel();
        self.0.send(Message::Commit { events, durable }).map_err(|_| Stop::Interrupted)?;
        answer.await.map_err(|_| Stop::Interrupted)
    }

    /// Tells the user at the end.
    pub fn tell(&self, diagnostic: Diagnostic) {
        // Where the loop has stopped there is nobody to tell.
        let _ = self.0.send(Message::Tell(diagnostic));
    }

    /// Shows progress.
    pub fn show(&self, event: ApplyEvent) {
        let _ = self.0.send(Message::Show(event));
    }
}

/// All commits that wait, taken together: one append, then everybody goes on.
#[derive(Default)]
pub(super) struct Group {
    /// To be made durable, in the order in which they were asked for.
    pub events: Vec<Event>,
    /// Who waits.
    pub waiting: Vec<oneshot::Sender<()>>,
}

impl Group {
    /// Takes one message in; what is no commit is given back.
    pub fn take(&mut self, message: Message) -> Option<Message> {
        match message {
            Message::Commit { events, durable } => {
                self.events.extend(events);
                self.waiting.push(durable);
                None
            }
            other => Some(other),
        }
    }

    /// Nobody waits for it, and it would change nothing.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.waiting.is_empty()
    }

    /// Lets everybody go on.
    pub fn release(waiting: Vec<oneshot::Sender<()>>) {
        for waiting in waiting {
            // A step that is gone does not wait.
            let _ = waiting.send(());
        }
    }
}
