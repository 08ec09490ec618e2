//! A command line that cannot be read, told to whoever reads the command's messages.

use super::terminal::Terminal;
use crate::diag::{Diagnostic, Sources};
use clap::Error;
use std::ffi::OsString;

/// Tells it as messages, where the command line asks for them; false where it does not.
pub fn told_as_message(error: &Error, args: &[OsString]) -> bool {
    let words = || args.iter().skip(1).filter_map(|arg| arg.to_str());
    let streams = words().any(|word| word == "--json")
        && words().any(|word| matches!(word, "plan" | "apply" | "destroy" | "refresh"));
    if !streams || !error.use_stderr() {
        return false;
    }
    let text = error.to_string();
    // How it is used says `podform help`.
    let told = text.split("\n\nUsage:").next().unwrap_or(&text);
    let detail = told.strip_prefix("error: ").unwrap_or(told).trim();
    let terminal = Terminal::new(true, false, true);
    terminal.begin();
    terminal.diagnostics(&Diagnostic::error("Invalid command line", detail).into(), &Sources::default());
    true
}
