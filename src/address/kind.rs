//! The kinds of objects that podform makes. Where a kind decides, a `match` names them all, so that the compiler lists the
//! places for the next one.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a managed resource stands for in the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A rented machine: `simplepod_instance`.
    Instance,
    /// What machines are rented from: `simplepod_template_group`.
    TemplateGroup,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: [ObjectKind; 2] = [ObjectKind::Instance, ObjectKind::TemplateGroup];

    /// The type of its resources, as configurations and addresses name it.
    pub const fn resource_type(self) -> &'static str {
        match self {
            ObjectKind::Instance => "simplepod_instance",
            ObjectKind::TemplateGroup => "simplepod_template_group",
        }
    }

    /// Whether it is rented from an offer of the market, bills by the hour, and is released.
    pub const fn is_rented(self) -> bool {
        match self {
            ObjectKind::Instance => true,
            ObjectKind::TemplateGroup => false,
        }
    }

    /// Whether no two objects of an account may have the same name: then the name is how one is known.
    pub const fn is_known_by_name(self) -> bool {
        match self {
            ObjectKind::Instance => false,
            ObjectKind::TemplateGroup => true,
        }
    }

    /// The kind with that type of resource.
    pub fn of_type(resource_type: &str) -> Option<ObjectKind> {
        Self::ALL.into_iter().find(|kind| kind.resource_type() == resource_type)
    }
}

impl fmt::Display for ObjectKind {
    /// As a message names one of them: "machine", "template group".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ObjectKind::Instance => "machine",
            ObjectKind::TemplateGroup => "template group",
        })
    }
}
