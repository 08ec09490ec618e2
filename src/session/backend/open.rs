//! Opening a backend, by its kind.

use super::declared::declared;
use super::given::{forgotten, from_environment, lacking};
#[cfg(any(feature = "s3", feature = "gcs", feature = "azurerm", feature = "pg"))]
use super::remote;
use super::unheeded::refuse_unheeded;
use crate::config::{Arguments, BackendKind};
use crate::diag::Diagnostic;
use crate::session::bounds::is_untrusted;
use crate::session::data_dir::{DataDir, merged};
use crate::session::failure::Failure;
use crate::store::Backend;
use crate::store::local::Places;
use std::path::Path;

/// Opens one, of arguments that are complete. Nothing is called yet. A wire plugs in here, with one arm. `guards_locks` is what
/// `init` found of it when it tried it out ([`crate::store::TriedOut`]); without that nothing is counted on.
///
/// # Errors
/// This build has no such backend; its arguments do not go together.
#[allow(unused_variables, reason = "a build may have none that looks at its locks")]
pub fn opened(kind: BackendKind, arguments: &Arguments, guards_locks: bool) -> Result<Box<dyn Backend>, Failure> {
    refuse_unheeded(kind, arguments)?;
    match kind {
        BackendKind::Local => Ok(Box::new(places(arguments))),
        #[cfg(feature = "s3")]
        BackendKind::S3 => remote::s3(arguments, guards_locks),
        #[cfg(feature = "gcs")]
        BackendKind::Gcs => remote::gcs(arguments, guards_locks),
        #[cfg(feature = "azurerm")]
        BackendKind::Azurerm => remote::azurerm(arguments),
        #[cfg(feature = "pg")]
        BackendKind::Pg => remote::pg(arguments),
        #[cfg(feature = "http-state")]
        BackendKind::Http => super::web::opened(arguments, guards_locks),
        #[allow(unreachable_patterns, reason = "a build may have all of them")]
        BackendKind::Http | BackendKind::S3 | BackendKind::Gcs | BackendKind::Azurerm | BackendKind::Pg => {
            Err(absent(kind))
        }
    }
}

/// The files that a backend "local" names; those of a fleet without a backend, where it names none.
pub fn places(arguments: &Arguments) -> Places {
    let mut places = Places::below(Path::new("state"));
    if let Some(path) = arguments.text("path") {
        places = places.with_file(path);
    }
    match arguments.text("workspace_dir") {
        Some(directory) => places.with_others(directory),
        None => places,
    }
}

/// A backend that `init` opened.
pub struct Initialized {
    /// Which kind.
    pub kind: BackendKind,
    /// All that is said of it.
    pub arguments: Arguments,
    /// What `init` found.
    pub guards_locks: bool,
}

/// The backend that is declared here, with everything that is said of it; `None` where there is none. What `init` did not
/// open is refused: a state must not be taken for another one.
///
/// # Errors
/// It was not opened by `init`, or leads elsewhere since; something of it is missing.
pub fn initialized() -> Result<Option<Initialized>, Failure> {
    let block = declared()?;
    // What an untrusted checkout remembers is nobody's choice.
    let remembered = if is_untrusted() { None } else { DataDir::here().backend()? };
    let (block, remembered) = match (block, remembered) {
        (None, None) => return Ok(None),
        (None, Some(last)) => {
            return Err(required(&format!("Unsetting the previously set backend \"{}\"", last.kind.name())));
        }
        (Some(block), None) => {
            return Err(required(&format!("Initial configuration of the requested backend \"{}\"", block.kind.name())));
        }
        (Some(block), Some(last)) => (block, last),
    };
    if let Some(why) = remembered.changed(&block) {
        return Err(required(&why));
    }
    let arguments = from_environment(block.kind, merged(&block, &remembered.given))?;
    forgotten(&remembered, &arguments)?;
    let lacking = lacking(block.kind, &arguments, None);
    match lacking.has_errors() {
        true => Err(lacking.into()),
        false => Ok(Some(Initialized { kind: block.kind, arguments, guards_locks: remembered.guards_locks })),
    }
}

/// Terraform's words.
fn required(reason: &str) -> Failure {
    let detail = format!(
        "Reason: {reason}\n\nThe \"backend\" is where podform keeps the state. Changes to backend configurations require reinitialization: podform init opens the backend, tries whether it does what a state needs, and copies existing state. Nothing was read or changed."
    );
    let hint = "podform init does it; where a backend was used before, with -migrate-state to copy its states, or with -reconfigure to leave them.";
    Diagnostic::error("Backend initialization required, please run \"podform init\"", detail).with_hint(hint).into()
}

fn absent(kind: BackendKind) -> Failure {
    let detail = format!("This build of podform has no backend \"{}\".", kind.name());
    let hint = "The releases have all of them; a build of your own has those whose features it was built with.";
    Diagnostic::error("Backend is not built in", detail).with_hint(hint).into()
}
