//! Where text goes: data to standard output, everything else to standard error. A closed pipe is no fault.

use super::silence::Silence;
use crate::diag::{Diagnostics, Severity, Sources};
use crate::render::diagnostics::{compact_warnings, consolidate_warnings, diagnostics};
use crate::render::{Style, diagnostic_line};
use std::io::{BufRead, IsTerminal, Write};

/// Columns where there is no terminal: a width that fits wherever a log is read.
const PIPED: usize = 80;

/// The two streams, and how they are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// For standard output.
    pub out: Style,
    /// For standard error.
    pub err: Style,
    compact_warnings: bool,
    /// Diagnostics are JSON lines on standard output.
    json: bool,
}

impl Terminal {
    /// Looks at the environment: NO_COLOR, CLICOLOR_FORCE, TERM, and whether each stream is a terminal.
    pub fn new(no_color: bool, compact_warnings: bool, json: bool) -> Terminal {
        let color = |choice: anstream::ColorChoice| !no_color && choice != anstream::ColorChoice::Never;
        let width = |columns: Option<(terminal_size::Width, terminal_size::Height)>| {
            columns.map_or(PIPED, |(width, _)| usize::from(width.0).clamp(40, 240))
        };
        Terminal {
            out: Style {
                color: color(anstream::AutoStream::choice(&std::io::stdout())),
                width: width(terminal_size::terminal_size_of(std::io::stdout())),
            },
            err: Style {
                color: color(anstream::AutoStream::choice(&std::io::stderr())),
                width: width(terminal_size::terminal_size_of(std::io::stderr())),
            },
            compact_warnings,
            json,
        }
    }

    /// Prints data.
    pub fn print(&self, text: &str) {
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }

    /// Prints a line of data.
    pub fn line(&self, text: &str) {
        self.print(&format!("{text}\n"));
    }

    /// Tells the person in front of it; the text ends its lines itself.
    pub fn tell(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Draws diagnostics.
    pub fn diagnostics(&self, diags: &Diagnostics, sources: &Sources) {
        if diags.is_empty() {
            return;
        }
        let diags = &diags.in_source_order();
        if self.json {
            let now = jiff::Timestamp::now();
            diags.iter().for_each(|diagnostic| self.line(&diagnostic_line(diagnostic, sources, now)));
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
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Asks, and reads one line; `None` at the end of input.
    pub fn ask(&self, question: &str) -> Option<String> {
        let _ = std::io::stderr().lock().write_all(question.as_bytes());
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(n) if n > 0 => Some(line.trim_end().to_owned()),
            _ => None,
        }
    }

    /// As [`Terminal::ask`], without showing what is typed; `None` also where that cannot be, and on Control-C.
    pub fn ask_secretly(&self, question: &str) -> Option<String> {
        let silence = Silence::begin()?;
        self.tell(question);
        let typed = silence.read();
        self.tell("\n");
        Some(typed?.trim_end().to_owned())
    }

    /// Asks for the one word that approves.
    pub fn approves(&self, question: &str, what: &str) -> bool {
        let text = format!("{question}\n  {what}\n  Only 'yes' will be accepted to approve.\n\n  Enter a value: ");
        self.ask(&text).as_deref() == Some("yes")
    }

    /// True where a person types.
    pub fn is_interactive() -> bool {
        std::io::stdin().is_terminal()
    }
}
