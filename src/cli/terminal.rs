//! Where text goes: data to standard output, everything else to standard error. Whoever closes a pipe has read enough;
//! data that cannot be written for another reason is told at the end.

use super::beside::beside;
use super::commands_here;
use super::exit::Exit;
use super::foot;
use super::silence::{Silence, Typed};
use crate::diag::{Diagnostic, Diagnostics, Severity, Sources};
use crate::render::diagnostics::{compact_warnings, consolidate_warnings, diagnostics};
use crate::render::style::wrap;
use crate::render::{
    Detail, Level, Message, Style, as_of_message, as_of_text, diagnostic_message, harmless_json, log_message,
    plan_messages, plan_text, version_message,
};
use crate::review::Review;
use crate::session::{Failure, Why};
use jiff::Timestamp;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Columns where there is no terminal: a width that fits wherever a log is read.
const PIPED: usize = 80;

/// Why data could not be printed, the first time.
static UNPRINTED: OnceLock<io::Error> = OnceLock::new();

/// That of this run.
static HERE: OnceLock<Terminal> = OnceLock::new();

/// Whoever read the data has closed the pipe.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Takes note of what became of printing data.
pub fn printed(result: io::Result<()>) {
    match result {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => CLOSED.store(true, Ordering::Relaxed),
        Err(error) => drop(UNPRINTED.set(error)),
    }
}

/// The two streams, and how they are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// For standard output.
    pub out: Style,
    /// For standard error.
    pub err: Style,
    compact_warnings: bool,
    /// Everything is told as messages on standard output, one JSON object a line.
    streams: bool,
}

impl Terminal {
    /// Looks at the environment: NO_COLOR, CLICOLOR_FORCE, TERM, and whether each stream is a terminal.
    pub fn new(no_color: bool, compact_warnings: bool, streams: bool) -> Terminal {
        let color = |choice: anstream::ColorChoice| !no_color && choice != anstream::ColorChoice::Never;
        let width = |columns: Option<(terminal_size::Width, terminal_size::Height)>| {
            columns.map_or(PIPED, |(width, _)| usize::from(width.0).clamp(40, 240))
        };
        Terminal {
            out: Style {
                color: color(anstream::AutoStream::choice(&std::io::stdout())),
                width: width(terminal_size::terminal_size_of(std::io::stdout())),
                endless: !std::io::stdout().is_terminal(),
            },
            err: Style {
                color: color(anstream::AutoStream::choice(&std::io::stderr())),
                width: width(terminal_size::terminal_size_of(std::io::stderr())),
                endless: !std::io::stderr().is_terminal(),
            },
            compact_warnings,
            streams,
        }
    }

    /// Prints data.
    pub fn print(&self, text: &str) {
        foot::wipe();
        let mut out = std::io::stdout().lock();
        printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// False once nobody reads data any more, or it cannot be written: for commands that would go on for ever.
    pub fn is_heard(&self) -> bool {
        !CLOSED.load(Ordering::Relaxed) && UNPRINTED.get().is_none()
    }

    /// Tells that data could not be printed, and makes an error of it.
    pub fn conclude(&self, exit: Exit) -> Exit {
        let Some(error) = UNPRINTED.get() else { return exit };
        let detail = format!("The standard output cannot be written: {error}. What is missing there is lost.");
        let told = Diagnostic::error("Output cannot be written", detail);
        self.tell(&diagnostics(&told.into(), &Sources::default(), self.err));
        exit.max(Exit::Error)
    }

    /// Prints a line of data.
    pub fn line(&self, text: &str) {
        self.print(&format!("{text}\n"));
    }

    /// Prints a sentence: on a terminal its words go on in the next line.
    pub fn sentence(&self, text: &str) {
        self.line(&wrap(text, self.out.row_columns()).join("\n"));
    }

    /// Prints a line of JSON.
    pub fn json(&self, json: &str) {
        self.line(&harmless_json(json));
    }

    /// True where programs read messages.
    pub fn streams(&self) -> bool {
        self.streams
    }

    /// That of this run, for what is told from where none is at hand; `None` before it begins.
    pub fn here() -> Option<Terminal> {
        HERE.get().copied()
    }

    /// The run begins: says whose stream of messages it is, where there is one.
    pub fn begin(&self) {
        HERE.get_or_init(|| *self);
        if self.streams {
            self.messages([version_message()]);
        }
    }

    /// Prints messages: what they tell happens now.
    pub fn messages(&self, messages: impl IntoIterator<Item = Message>) {
        let now = jiff::Timestamp::now();
        messages.into_iter().for_each(|message| self.json(&message.line(now)));
    }

    /// Says that a plan is not live.
    pub fn as_of(&self, as_of: Timestamp) {
        match self.streams {
            true => self.messages([as_of_message(as_of)]),
            false => self.print(&as_of_text(as_of, self.out)),
        }
    }

    /// Shows a plan.
    pub fn plan(&self, review: &Review<'_>, detail: Detail) {
        match self.streams {
            true => self.messages(plan_messages(review)),
            false => self.print(&plan_text(review, self.out, detail)),
        }
    }

    /// Tells what goes on, to whoever is there.
    pub fn say(&self, text: &str) {
        match self.streams {
            true => self.messages([log_message(Level::Warn, text.trim())]),
            false => self.tell(text),
        }
    }

    /// Tells the person in front of it; the text ends its lines itself.
    pub fn tell(&self, text: &str) {
        foot::wipe();
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// As [`Terminal::tell`], of a sentence: on a terminal its words go on in the next line.
    pub fn tell_sentence(&self, text: &str) {
        self.tell(&format!("{}\n", wrap(text, self.err.row_columns()).join("\n")));
    }

    /// Whether it has a foot: a person reads what is told, on something that obeys.
    pub fn has_foot(&self) -> bool {
        !self.streams && !self.err.endless && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
    }

    /// Says at the foot what goes on, until anything else is told.
    pub fn foot(&self, text: &str) {
        if self.has_foot() {
            foot::draw(text, self.err.width);
        }
    }

    /// Draws diagnostics.
    pub fn diagnostics(&self, diags: &Diagnostics, sources: &Sources) {
        if diags.is_empty() {
            return;
        }
        let diags = &told_here(&diags.in_source_order());
        if self.streams {
            self.messages(diags.iter().map(|diagnostic| diagnostic_message(diagnostic, sources)));
            return;
        }
        let mut errors = Diagnostics::new();
        let mut warnings = Diagnostics::new();
        for diagnostic in diags.iter() {
            match diagnostic.severity {
                Severity::Error => errors.push(diagnostic.clone()),
                Severity::Warning => warnings.push(diagnostic.clone()),
            }
        }
        let mut text = String::new();
        if !warnings.is_empty() {
            text.push_str(&match self.compact_warnings {
                true => compact_warnings(&warnings, sources, self.err),
                false => diagnostics(&consolidate_warnings(&warnings), sources, self.err),
            });
        }
        if !errors.is_empty() {
            text.push_str(&diagnostics(&errors, sources, self.err));
        }
        self.tell(&text);
    }

    /// Asks, and reads one line; `None` at the end of input.
    pub async fn ask(&self, question: &str) -> Option<String> {
        self.tell(question);
        let read = || {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            read.is_ok_and(|n| n > 0).then(|| line.trim_end().to_owned())
        };
        beside(read).await?
    }

    /// As [`Terminal::ask`], without showing what is typed; `None` also where that cannot be.
    ///
    /// # Errors
    /// Control-C.
    pub async fn ask_secretly(&self, question: &str) -> Result<Option<String>, Failure> {
        let Some(silence) = Silence::begin() else { return Ok(None) };
        self.tell(question);
        let typed = beside(Silence::read).await;
        drop(silence);
        self.tell("\n");
        match typed {
            Some(Typed::Line(text)) => Ok(Some(text.trim_end().to_owned())),
            Some(Typed::End) | None => Ok(None),
            Some(Typed::Interrupt) => Err(Failure { why: Why::Interrupted, diags: Diagnostics::new() }),
        }
    }

    /// Asks for the one word that approves.
    pub async fn approves(&self, question: &str, what: &str) -> bool {
        let what = wrap(what, self.err.row_columns().saturating_sub(2)).join("\n  ");
        let text = format!("{question}\n  {what}\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: ");
        self.ask(&text).await.as_deref() == Some("yes")
    }

    /// Tells what to do next, unless a program drives this run and decides that itself.
    pub fn next(&self, text: &str) {
        if !is_set("PODFORM_IN_AUTOMATION") {
            self.sentence(&commands_here::told(text));
        }
    }

    /// True where a person types, and may be asked.
    pub fn is_interactive() -> bool {
        may_ask() && std::io::stdin().is_terminal()
    }
}

/// Diagnostics whose commands are as they are typed here.
pub fn told_here(diags: &Diagnostics) -> Diagnostics {
    let here = |told: &Diagnostic| Diagnostic {
        detail: commands_here::told(&told.detail).into_owned(),
        hint: told.hint.as_ref().map(|hint| commands_here::told(hint).into()),
        ..told.clone()
    };
    diags.iter().map(here).collect()
}

/// Whether `PODFORM_INPUT` leaves it to the flags if anybody is asked: "0" and "false" forbid it, as in Terraform.
pub fn may_ask() -> bool {
    std::env::var_os("PODFORM_INPUT").is_none_or(|word| word != "0" && word != "false")
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|text| !text.is_empty())
}
