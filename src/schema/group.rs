//! `simplepod_template_group`.

use super::field::Wire;
use super::table::{Attribute, BlockType, Effect, Schema, TableKind, Ty, Unset};
use crate::address::ObjectKind;
use crate::lang::{Kind, Type, Value, hex};
use crate::live::{Env, GroupFields, Registry};
use crate::path::ValuePath;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use std::sync::{Arc, OnceLock};

use Effect::InPlace;

/// The table (see docs/resources.md). Everything updates in place.
pub static SCHEMA: Schema = Schema {
    kind: TableKind::Managed(ObjectKind::TemplateGroup),
    attributes: &[
        Attribute::computed("id", Ty::String, "Numeric id, as text."),
        Attribute::computed("iri", Ty::String, "How other calls refer to it."),
        Attribute::required("name", Ty::String, InPlace, "Unique in the account.").field("name", Wire::Text),
        Attribute::required("image_name", Ty::String, InPlace, "Image, without tag.").field("imageName", Wire::Text),
        Attribute::optional("default_tag", Ty::String, InPlace, "Tag.")
            .or(Unset::Text("latest"))
            .field("defaultTag", Wire::Text),
        Attribute::optional("category_name", Ty::String, InPlace, "Free text.")
            .field_always("categoryName", Wire::Text),
        Attribute::optional("disk_size", Ty::Number, InPlace, "GB, at least 32.")
            .or(Unset::Int(32))
            .field("diskSize", Wire::Whole),
        Attribute::optional(
            "expose_ports",
            Ty::NumberList,
            InPlace,
            "Container ports that are reachable from outside.",
        )
        .field_always("exposePorts", Wire::Ports),
        Attribute::optional("start_script", Ty::String, InPlace, "Bash script that runs when a machine starts.")
            .may_be_secret()
            .field_always("startScript", Wire::Script),
        Attribute::optional("arg_options", Ty::String, InPlace, "Arguments of the image; the API drops them silently.")
            .field("argOptions", Wire::Words),
        Attribute::optional("env_variables", Ty::StringMap, InPlace, "Environment of every machine.")
            .may_be_secret()
            .field("envVariables", Wire::Variables),
        Attribute::optional("notes", Ty::String, InPlace, "Free text; podform's mark stands after it.")
            .may_be_secret()
            .field("notes", Wire::Marked),
        Attribute::optional("ssh_server", Ty::Bool, InPlace, "Run an SSH server.")
            .or(Unset::Bool(false))
            .field("isRunSshServerOn", Wire::Bool),
        Attribute::optional("jupyter", Ty::Bool, InPlace, "Run a Jupyter notebook.")
            .or(Unset::Bool(false))
            .field("isRunJupyterOn", Wire::Bool),
    ],
    blocks: &[BlockType {
        name: "registry",
        attributes: &[
            Attribute::required("host", Ty::String, InPlace, "Host of the private registry."),
            Attribute::required("username", Ty::String, InPlace, "User."),
            Attribute::required("password", Ty::String, InPlace, "Password; only a keyed digest is recorded.").secret(),
        ],
        change: InPlace,
        doc: "Login at a private registry.",
    }],
    doc: "A template group: the image, disk, ports, script and environment that machines are rented with.",
    shape: OnceLock::new(),
};

/// What a machine gets from its group: a change of any of these makes it run an older template.
const RUNNING: [&str; 10] = [
    "image_name",
    "default_tag",
    "disk_size",
    "expose_ports",
    "start_script",
    "arg_options",
    "env_variables",
    "ssh_server",
    "jupyter",
    "registry",
];

/// The digest of what machines get from a group; `None` while any of it is unknown. Secrets enter only this digest of
/// all, hashed together with their keyed digest by `secret`, so that it cannot be searched.
///
/// The registry's password is none of it: a machine that pulled its image needs it no more, and whoever rotates it rents
/// nothing anew.
pub fn digest(group: &Value, secret: &dyn Fn(&ValuePath, &str) -> String) -> Option<String> {
    hashed(group, secret, false)
}

/// As [`digest`], with the registry's password: by this an image is pulled, or not; and what earlier versions recorded.
pub fn former_digest(group: &Value, secret: &dyn Fn(&ValuePath, &str) -> String) -> Option<String> {
    hashed(group, secret, true)
}

fn hashed(group: &Value, secret: &dyn Fn(&ValuePath, &str) -> String, password: bool) -> Option<String> {
    let mut hash = Sha256::new();
    for name in RUNNING {
        let mut value = group.get(name)?.clone();
        if let (Kind::Object(entries), "registry", false) = (&value.kind, name, password) {
            let unset = |name: &Arc<str>, value: &Value| match &**name {
                "password" => Value::null(Type::String),
                _ => value.clone(),
            };
            value = Value::from_entries(entries.map(unset)).marked(value.marks);
        }
        let mut text = String::new();
        canonical(&ValuePath::of(name), &value, false, secret, &mut text)?;
        hash.update(format!("{name}={text};"));
    }
    Some(hex(&hash.finalize()[..8]))
}

fn canonical(
    path: &ValuePath,
    value: &Value,
    hidden: bool,
    secret: &dyn Fn(&ValuePath, &str) -> String,
    out: &mut String,
) -> Option<()> {
    let hidden = hidden || value.marks.sensitive;
    match &value.kind {
        Kind::Unknown(..) => return None,
        Kind::Null(_) => out.push_str("null"),
        Kind::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Kind::Number(n) => out.push_str(&n.to_string()),
        Kind::String(digest) if value.marks.digest => out.push_str(digest),
        Kind::String(text) if hidden => out.push_str(&secret(path, text)),
        Kind::String(text) => out.push_str(&format!("{text:?}")),
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
            for element in elements.iter() {
                canonical(path, element, hidden, secret, out)?;
                out.push(',');
            }
        }
        Kind::Map(_, entries) | Kind::Object(entries) => {
            for (key, element) in entries.iter() {
                out.push_str(&format!("{key:?}:"));
                let path = if path.is("registry") { path.attribute(key) } else { path.key(key) };
                canonical(&path, element, hidden, secret, out)?;
                out.push(',');
            }
        }
    }
    Some(())
}

/// What a POST of a wholly known object carries, or a PUT of the `changed` attributes. `notes` are left to the caller, who
/// knows the mark.
pub fn fields(group: &Value, changed: Option<&[&str]>) -> GroupFields {
    let wanted = |name: &str| changed.is_none_or(|names| names.contains(&name));
    GroupFields {
        settings: SCHEMA.sent(group, changed),
        env: wanted("env_variables").then(|| env_of(group, "env_variables")),
        notes: None,
        registry: wanted("registry").then(|| registry_of(group)),
    }
}

fn registry_of(group: &Value) -> Option<Registry> {
    let block = group.get("registry")?;
    let text = |name: &str| Some(block.get(name)?.as_str()?.to_owned());
    Some(Registry {
        host: text("host")?,
        username: text("username")?,
        password: text("password").map(SecretString::from),
    })
}

/// The environment in an attribute of a known object; null elements are left out.
pub fn env_of(object: &Value, name: &str) -> Env {
    let entries = object.get(name).and_then(Value::as_entries);
    let pair = |(name, value): (&Arc<str>, &Value)| Some((name.to_string(), value.as_str()?.to_owned()));
    entries.into_iter().flatten().filter_map(pair).collect()
}
