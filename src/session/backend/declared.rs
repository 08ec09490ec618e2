//! The backend that the configuration at the current directory declares, for commands that read nothing else of it; and how
//! such a part of it is read.

use crate::config::{BackendBlock, LoadedFile, backend_of, is_configuration_file, parse_file};
use crate::diag::{Diagnostic, Diagnostics, Sources};
use crate::session::bounds::{is_untrusted, own_file};
use crate::session::text::names;
use std::path::Path;

/// It; `None` where there is none, or no configuration.
///
/// # Errors
/// A file that may declare one cannot be read, or is wrong there: nothing may be taken for the state by mistake.
pub fn declared() -> Result<Option<BackendBlock>, Diagnostics> {
    let mut diags = Diagnostics::new();
    let mut sources = Sources::default();
    let files = parsed("backend", &mut sources, &mut diags);
    let block = if diags.has_errors() { None } else { backend_of(&files, &mut diags) };
    if diags.has_errors() {
        return Err(diags.iter().map(|told| without_source(told, &sources)).collect());
    }
    match block {
        Some(block) if is_untrusted() => {
            let detail = "An untrusted configuration may not choose a backend: it decides to whom credentials are sent, and whose state is read. Name a state with -state=FILE, or plan on a snapshot with -snapshot=FILE.";
            let told = Diagnostic::error("Backend of an untrusted configuration", detail).at(block.span);
            Err(without_source(&told, &sources).into())
        }
        block => Ok(block),
    }
}

/// The files of the root module that may hold a block of this kind.
pub fn parsed(kind: &str, sources: &mut Sources, diags: &mut Diagnostics) -> Vec<LoadedFile> {
    let wanted = |name: &str| is_configuration_file(name) && !Path::new(name).is_dir();
    let Ok(names) = names(Path::new("."), wanted, diags) else { return Vec::new() };
    let mut texts = Vec::new();
    for name in names {
        match own_file(Path::new(&name)) {
            Ok(bytes) => texts.push((name, String::from_utf8_lossy(&bytes).into_owned())),
            Err(why) => {
                diags.push(Diagnostic::error("Unreadable file", format!("{name} cannot be read: {why}.")));
            }
        }
    }
    let mut files = Vec::new();
    // Parsing all of a large fleet for this would be felt.
    for (name, text) in texts.iter().filter(|(_, text)| text.contains(kind)) {
        let file = sources.add(name, text.as_str());
        files.push(parse_file(name, file, text, diags));
    }
    files
}

/// The place in words: whoever draws this does not know the text.
pub fn without_source(told: &Diagnostic, sources: &Sources) -> Diagnostic {
    let mut told = told.clone();
    if let Some(span) = told.span.take()
        && let Some(source) = sources.get(span.file)
    {
        let (line, column) = sources.position(span.file, span.start);
        told.detail = format!("{}:{line}:{column}: {}", source.name, told.detail);
    }
    told.other = None;
    told
}
