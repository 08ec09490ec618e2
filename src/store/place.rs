//! Where something of a state is kept, as a person finds it.

use std::fmt;
use std::path::Path;

/// What stands in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The snapshot.
    State,
    /// What happened since.
    Journal,
    /// Who may write.
    Lock,
}

/// A file, or whatever else a store calls the place: only for words, never opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// By a name that people use.
    pub fn named(name: impl Into<String>) -> Place {
        Place(name.into())
    }
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Place(path.display().to_string())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
