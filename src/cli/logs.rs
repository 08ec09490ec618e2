//! `PODFORM_LOG` and `PODFORM_LOG_PATH`: what the program does, line by line, as Terraform's `TF_LOG`.

use super::exit::Failure;
use crate::diag::Diagnostic;
use crate::session::environment;
use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// It is written to standard error.
static ON_STDERR: AtomicBool = AtomicBool::new(false);

/// Whether the log is written to standard error, and that is a terminal.
pub fn is_on_terminal() -> bool {
    ON_STDERR.load(Ordering::Relaxed) && std::io::stderr().is_terminal()
}

/// Turns the log on where the environment asks for it. Until then, and without it, nothing of it costs anything.
///
/// # Errors
/// No such level; the file cannot be opened.
pub fn start() -> Result<(), Failure> {
    let Some(text) = environment("PODFORM_LOG")? else { return Ok(()) };
    let level = match text.to_ascii_lowercase().as_str() {
        "off" => return Ok(()),
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => {
            let detail = format!("PODFORM_LOG is \"{text}\". It may be \"info\", \"debug\", \"trace\" or \"off\".");
            return Err(Diagnostic::error("Invalid log level", detail).into());
        }
    };
    let path = std::env::var_os("PODFORM_LOG_PATH").filter(|path| !path.is_empty());
    let file = path.map(|path| open(Path::new(&path))).transpose()?;
    ON_STDERR.store(file.is_none(), Ordering::Relaxed);
    // A second one in this process changes nothing.
    let _ = tracing::subscriber::set_global_default(Log { level, file: file.map(Mutex::new) });
    Ok(())
}

fn open(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.append(true).create(true).open(path).map_err(|error| {
        let detail = format!("PODFORM_LOG_PATH names {}, which cannot be written: {error}.", path.display());
        Diagnostic::error("Log cannot be written", detail).into()
    })
}

/// Writes lines to a file, or to standard error.
struct Log {
    level: LevelFilter,
    file: Option<Mutex<File>>,
}

impl Subscriber for Log {
    /// Libraries may log what we would not: headers, for one.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"));
        ours && !metadata.is_span() && *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
        let mut line = format!("{now} [{}] ", event.metadata().level());
        event.record(&mut Text(&mut line));
        line.push('\n');
        // A log that cannot be written must not stop a run.
        let _ = match &self.file {
            Some(file) => file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes()),
            None => std::io::stderr().lock().write_all(line.as_bytes()),
        };
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The message, and other fields behind it.
struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
