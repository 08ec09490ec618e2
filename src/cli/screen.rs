//! The whole screen of a terminal: taken, drawn on, and given back as it was on every path.

use super::exit::Failure;
use crate::diag::Diagnostic;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{Event, poll, read};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::layout::Rect;
use std::io::{self, IsTerminal, Stdout, stdin, stdout};
use std::mem::ManuallyDrop;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// It is taken.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// So often the thread that waits for keys looks whether anybody still wants them.
const GLANCE: Duration = Duration::from_millis(200);

/// A terminal that shows what is drawn, hands over every key, and keeps what it showed before; given back when this is
/// dropped, and where the program panics. What draws is never dropped: it would tell standard error that the cursor cannot be
/// shown, and panic where that is gone with the terminal.
pub struct Screen(ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>);

impl Screen {
    /// Takes it.
    ///
    /// # Errors
    /// It cannot be drawn on.
    pub fn take() -> Result<Screen, Failure> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let told = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                // What is told of it would be lost with the screen.
                give_back();
                told(panic);
            }));
        });
        TAKEN.store(true, Ordering::SeqCst);
        let taken = enable_raw_mode()
            .and_then(|()| execute!(stdout(), EnterAlternateScreen))
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        taken.map(|taken| Screen(ManuallyDrop::new(taken))).map_err(|error| {
            give_back();
            failure(&error)
        })
    }

    /// Draws anew what changed.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(Rect, &mut Buffer)) -> Result<(), Failure> {
        let drawn = self.0.draw(|frame| draw(frame.area(), frame.buffer_mut()));
        drawn.map(drop).map_err(|error| failure(&error))
    }

    /// Draws everything anew next time.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn clear(&mut self) -> Result<(), Failure> {
        self.0.clear().map_err(|error| failure(&error))
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn size(&self) -> Result<(u16, u16), Failure> {
        self.0.size().map(|size| (size.width, size.height)).map_err(|error| failure(&error))
    }

    /// What the terminal tells, from a thread of its own; it ends with the receiver, or with the terminal.
    pub fn events(&self) -> mpsc::UnboundedReceiver<io::Result<Event>> {
        let (send, receive) = mpsc::unbounded_channel();
        let hand_over = move || {
            while !send.is_closed() {
                let told = poll(GLANCE).and_then(|comes| comes.then(read).transpose());
                let ends = told.is_err();
                if told.transpose().is_some_and(|event| send.send(event).is_err()) || ends {
                    break;
                }
            }
        };
        // Without the thread the sender is dropped, and the receiver sees its end.
        let _ = std::thread::Builder::new().spawn(hand_over);
        receive
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, where it is taken: its text, its cursor and its modes are what they were.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// Whether there is a terminal that can be taken: keys come from it, and it can move its cursor.
pub fn is_there() -> bool {
    stdin().is_terminal() && stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

fn failure(error: &io::Error) -> Failure {
    Diagnostic::error("Terminal is gone", format!("The terminal cannot be used: {error}.")).into()
}
