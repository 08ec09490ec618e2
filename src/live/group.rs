//! Template groups.

use super::{Env, Mark, Notes, Seen};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// The numeric id of a template group, ours or a global one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupId(pub u64);

impl GroupId {
    /// `/instances/templates/29`: how bodies refer to it (API sheet §3.2).
    pub fn iri(self) -> String {
        format!("/instances/templates/{}", self.0)
    }

    /// Reads an id or an IRI.
    pub fn parse(text: &str) -> Option<GroupId> {
        text.rsplit('/').next()?.parse().ok().map(GroupId)
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A template group as one answer told it; rows of lists may carry no more than id and name (API sheet §3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The id in paths.
    pub id: GroupId,
    /// Its attributes, as the table of the kind reads them.
    pub shown: Seen,
    /// The environment.
    pub env: Option<Env>,
    /// The user's text and our mark.
    pub notes: Option<Notes>,
    /// Host of the private registry.
    pub host: Option<String>,
    /// User of the private registry.
    pub username: Option<String>,
    /// A private registry is used.
    pub password_protected: Option<bool>,
    /// Attributes that were left out of it: nobody knows them.
    pub hidden: BTreeSet<&'static str>,
}

impl Group {
    /// A group of which only the id is told.
    pub fn bare(id: GroupId) -> Group {
        Group {
            id,
            shown: Seen::new(),
            env: None,
            notes: None,
            host: None,
            username: None,
            password_protected: None,
            hidden: BTreeSet::new(),
        }
    }

    /// The mark in its notes.
    pub fn mark(&self) -> Option<&Mark> {
        self.notes.as_ref()?.mark()
    }

    /// The natural key.
    pub fn name(&self) -> Option<&str> {
        self.shown.get("name")?.as_str()
    }
}

/// A login at a private registry.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Its host.
    pub host: String,
    /// The user.
    pub username: String,
    /// The password; write-only. `None` in a PUT that leaves it.
    pub password: Option<SecretString>,
}

/// The body of a POST or PUT of a template group: what is `None` stays as it is (API sheet §3.5, §3.6).
#[derive(Clone, Debug, Default)]
pub struct GroupFields {
    /// What the table of the kind knows the names of, by attribute.
    pub settings: Seen,
    /// `envVariables`, complete.
    pub env: Option<Env>,
    /// `notes`, with the mark.
    pub notes: Option<String>,
    /// `Some(None)` turns the private registry off.
    pub registry: Option<Option<Registry>>,
}
