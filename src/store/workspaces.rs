//! The places of all states of a fleet: one state for each of its workspaces.

use super::backend::StateStore;
use super::fault::StoreError;
use super::place::Place;
use crate::live::DEFAULT_WORKSPACE;
use futures::future::BoxFuture;
use std::fmt::Debug;

/// One backend. Nothing is called before a verb is awaited.
pub trait Backend: Debug + Send + Sync {
    /// How a person finds it: "s3://bucket/key".
    fn place(&self) -> Place;

    /// The state of a workspace, which need not exist yet.
    ///
    /// # Errors
    /// This backend keeps none beside the default workspace.
    fn state(&self, workspace: &str) -> Result<Box<dyn StateStore>, StoreError>;

    /// The workspaces that have a state here, in order; the default one is not among them.
    ///
    /// # Errors
    /// They cannot be listed.
    fn workspaces(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>>;

    /// Removes all that a workspace holds here: state, journal, copies, lock. Only under its lock.
    ///
    /// # Errors
    /// Something of it cannot be removed.
    fn remove<'a>(&'a self, workspace: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Looks whether everything that a state needs holds here, by trying it.
    ///
    /// # Errors
    /// What does not hold.
    fn probe(&self) -> BoxFuture<'_, Result<TriedOut, StoreError>>;
}

/// What came of trying a backend out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriedOut {
    /// What was tried: whole sentences.
    pub told: Vec<String>,
    /// A lock goes only where it is the one that is meant: whoever gives one back need not look first.
    pub guards_locks: bool,
}

/// Whether something can be called so, by Terraform's rule: what stands in an address as it is, and is no part of a path.
pub fn is_workspace_name(name: &str) -> bool {
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || "-_.~$&+=:@".contains(letter);
    !name.is_empty() && name.len() <= LONGEST && name.chars().all(is_safe) && !name.chars().all(|letter| letter == '.')
}

/// In bytes: the name stands in the name of a file, and in the mark of every machine.
const LONGEST: usize = 90;

/// Whether a workspace is the one that every backend has.
pub fn is_default(workspace: &str) -> bool {
    workspace == DEFAULT_WORKSPACE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_terraform_without_ways() {
        for good in ["default", "staging", "a", "feature-12", "a.b", "x_y~z", "u@h:1", "a=b&c+d$"] {
            assert!(is_workspace_name(good), "{good}");
        }
        for bad in ["", " ", "a b", "a/b", "..", ".", "a;b", "a?b", "a%b", "ä", "a\n", &"a".repeat(91)] {
            assert!(!is_workspace_name(bad), "{bad}");
        }
    }
}
