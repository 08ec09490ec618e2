//! Which workspace of the fleet in this directory is meant.

use super::bounds::is_untrusted;
use super::data_dir::DataDir;
use super::environment::environment;
use crate::diag::Diagnostic;
use crate::live::DEFAULT_WORKSPACE;
use crate::store::is_workspace_name;

/// The environment variable that chooses one.
pub const WORKSPACE_VARIABLE: &str = "PODFORM_WORKSPACE";

/// The one that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its name.
    pub name: String,
    /// The environment chooses it, whatever was selected.
    pub by_environment: bool,
}

/// That of the environment, else the one that was selected here, else the default.
///
/// # Errors
/// It is no name of a workspace.
pub fn workspace() -> Result<Chosen, Diagnostic> {
    if let Some(name) = environment(WORKSPACE_VARIABLE)? {
        return match is_workspace_name(&name) {
            true => Ok(Chosen { name, by_environment: true }),
            false => {
                let summary = format!("Invalid workspace name set using {WORKSPACE_VARIABLE}");
                Err(Diagnostic::error(summary, invalid(&name)))
            }
        };
    }
    // A checkout that nobody has read yet chooses nothing.
    let selected = if is_untrusted() { None } else { DataDir::here().workspace()? };
    Ok(Chosen { name: selected.unwrap_or_else(|| DEFAULT_WORKSPACE.to_owned()), by_environment: false })
}

/// Terraform's words for a name that is none.
pub fn invalid(name: &str) -> String {
    format!(
        "The workspace name {name:?} is not allowed. The name must contain only URL safe characters, and no path separators; it has 1 to 90 of them."
    )
}
