//! Template groups: what they hold, how they are written and read (API sheet §4).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::choices::PasswordEcho;
use super::fields::EnvVariable;
use super::fields::Fields;
use super::switches::Switches;
use super::wire::{BLANK, Refusal, TOO_HIGH, TOO_LOW, Violation};

/// One template group, private or global.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Template {
    pub id: u64,
    pub name: String,
    pub image_name: String,
    pub default_tag: String,
    pub category_name: String,
    pub disk_size: i64,
    pub expose_ports: String,
    pub start_script: String,
    pub arg_options: Option<String>,
    pub env_variables: Vec<EnvVariable>,
    pub notes: String,
    pub host: String,
    pub username: String,
    pub password: String,
    pub is_public: bool,
    pub is_password_protected: bool,
    pub is_run_ssh_server_on: bool,
    pub is_run_jupyter_on: bool,
}

impl Template {
    /// Writes the members that stand in `fields`; the others survive. All rules are checked before anything changes.
    pub(super) fn write(&mut self, fields: &Fields, switches: &Switches) -> Result<(), Refusal> {
        let mut next = self.clone();
        let texts: [(&str, &mut String); 10] = [
            ("name", &mut next.name),
            ("imageName", &mut next.image_name),
            ("defaultTag", &mut next.default_tag),
            ("categoryName", &mut next.category_name),
            ("exposePorts", &mut next.expose_ports),
            ("startScript", &mut next.start_script),
            ("notes", &mut next.notes),
            ("host", &mut next.host),
            ("username", &mut next.username),
            ("password", &mut next.password),
        ];
        for (name, slot) in texts {
            if let Some(text) = fields.string(name)? {
                *slot = text;
            }
        }
        let flags: [(&str, &mut bool); 3] = [
            ("isPasswordProtected", &mut next.is_password_protected),
            ("isRunSshServerOn", &mut next.is_run_ssh_server_on),
            ("isRunJupyterOn", &mut next.is_run_jupyter_on),
        ];
        for (name, slot) in flags {
            if let Some(flag) = fields.bool(name)? {
                *slot = flag;
            }
        }
        if let Some(size) = fields.int("diskSize")? {
            next.disk_size = size;
        }
        if let Some(env) = fields.env("envVariables")? {
            next.env_variables = env;
        }
        if let Some(options) = fields.string("argOptions")? {
            next.arg_options = switches.arg_options_stored.then_some(options);
        }
        next.check()?;
        *self = next;
        Ok(())
    }

    fn check(&self) -> Result<(), Refusal> {
        let mut broken = Vec::new();
        for (property, value) in [("name", &self.name), ("imageName", &self.image_name)] {
            if value.trim().is_empty() {
                broken.push(Violation::new(property, "This value should not be blank.", BLANK));
            }
        }
        if self.disk_size < 32 {
            broken.push(Violation::new("diskSize", "This value should be greater than or equal to 32.", TOO_LOW));
        }
        if self.disk_size > 65_536 {
            broken.push(Violation::new("diskSize", "This value should be less than or equal to 65536.", TOO_HIGH));
        }
        if broken.is_empty() { Ok(()) } else { Err(Refusal::Violations(broken)) }
    }

    /// `image:tag`.
    pub(super) fn image(&self) -> String {
        let tag = if self.default_tag.is_empty() { "latest" } else { &self.default_tag };
        format!("{}:{tag}", self.image_name)
    }

    /// The container's ports: the exposed ones, 22 and 8888 where their servers are on.
    pub(super) fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<u16> = self.expose_ports.split(',').filter_map(|port| port.trim().parse().ok()).collect();
        for (on, port) in [(self.is_run_ssh_server_on, 22), (self.is_run_jupyter_on, 8888)] {
            if on && !ports.contains(&port) {
                ports.push(port);
            }
        }
        ports
    }

    /// The answer to a read.
    pub(super) fn document(&self, switches: &Switches) -> Value {
        let password = match switches.password_echo {
            _ if self.password.is_empty() => Value::Null,
            PasswordEcho::Null => Value::Null,
            PasswordEcho::Stars => "********".into(),
            PasswordEcho::Clear => self.password.as_str().into(),
        };
        json!({
            "id": self.id,
            "name": self.name,
            "imageName": self.image_name,
            "categoryName": self.category_name,
            "defaultTag": self.default_tag,
            "diskSize": self.disk_size,
            "exposePorts": self.expose_ports,
            "startScript": self.start_script,
            "argOptions": self.arg_options,
            "envVariables": self.env_variables,
            "notes": self.notes,
            "host": self.host,
            "username": self.username,
            "password": password,
            "isPublic": self.is_public,
            "isPasswordProtected": self.is_password_protected,
            "isRunSshServerOn": self.is_run_ssh_server_on,
            "isRunJupyterOn": self.is_run_jupyter_on,
        })
    }

    /// A row that tells nothing else.
    pub(super) fn row(&self) -> Value {
        json!({ "id": self.id, "name": self.name })
    }

    /// The object inside a machine.
    pub(super) fn reference(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "imageName": self.image_name,
            "defaultTag": self.default_tag,
        })
    }

    /// Whether a search phrase finds it: a loose match.
    pub(super) fn found_by(&self, phrase: &str) -> bool {
        let phrase = phrase.to_lowercase();
        [&self.name, &self.image_name, &self.category_name].iter().any(|text| text.to_lowercase().contains(&phrase))
    }
}
