//! Template groups.

use super::Env;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
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
    /// The natural key.
    pub name: Option<String>,
    /// Without tag.
    pub image_name: Option<String>,
    /// The tag.
    pub default_tag: Option<String>,
    /// Free text.
    pub category_name: Option<String>,
    /// GB.
    pub disk_size: Option<u64>,
    /// `22,80`, as stored.
    pub expose_ports: Option<String>,
    /// As stored: one safe line, if we wrote it.
    pub start_script: Option<String>,
    /// `Some(None)` where the answer says null: the API drops what was sent (C9).
    pub arg_options: Option<Option<String>>,
    /// The environment.
    pub env: Option<Env>,
    /// The user's text and our mark.
    pub notes: Option<String>,
    /// Host of the private registry.
    pub host: Option<String>,
    /// User of the private registry.
    pub username: Option<String>,
    /// A private registry is used.
    pub password_protected: Option<bool>,
    /// SSH server.
    pub ssh_server: Option<bool>,
    /// Jupyter notebook.
    pub jupyter: Option<bool>,
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
    /// `name`.
    pub name: Option<String>,
    /// `imageName`.
    pub image_name: Option<String>,
    /// `defaultTag`.
    pub default_tag: Option<String>,
    /// `categoryName`.
    pub category_name: Option<String>,
    /// `diskSize`, GB.
    pub disk_size: Option<u64>,
    /// `exposePorts`.
    pub expose_ports: Option<Vec<u16>>,
    /// `startScript`, already one safe line.
    pub start_script: Option<String>,
    /// `argOptions`.
    pub arg_options: Option<String>,
    /// `envVariables`, complete.
    pub env: Option<Env>,
    /// `notes`, with the mark.
    pub notes: Option<String>,
    /// `isRunSshServerOn`.
    pub ssh_server: Option<bool>,
    /// `isRunJupyterOn`.
    pub jupyter: Option<bool>,
    /// `Some(None)` turns the private registry off.
    pub registry: Option<Option<Registry>>,
}
