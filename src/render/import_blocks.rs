//! Configuration for what the account holds already: `import -all`.

use super::credential::is_credential;
use super::escape::is_unsafe;
use crate::address::ObjectKind;
use crate::live::{Env, Group, GroupId, Machine, Mark};
use crate::schema::script;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// `import` and `resource` blocks for these template groups and machines. With them a plan imports, and changes nothing
/// but the marks, and the password of a registry, which nobody can read. What looks like a credential becomes a sensitive
/// variable without a value. `others` are template groups that machines were rented from and that are not imported: what
/// their environment says is no machine's own.
pub fn import_blocks(groups: &[Group], machines: &[Machine], others: &[Group]) -> String {
    let mut out = String::new();
    let mut variables = Variables::default();
    let names: BTreeMap<GroupId, String> =
        groups.iter().map(|group| (group.id, label(group.name.as_deref(), "group", group.id.0))).collect();
    for group in groups {
        let Some(name) = names.get(&group.id) else { continue };
        begin(&mut out, ObjectKind::TemplateGroup.resource_type(), name, group.id.0);
        let text = |value: &Option<String>| value.as_deref().filter(|text| !text.is_empty()).map(quoted);
        let script = group.start_script.as_deref().filter(|text| !text.is_empty());
        let ports = group.expose_ports.as_deref().filter(|ports| !ports.is_empty());
        let on = |value: Option<bool>| value.filter(|on| *on).map(|_| "true".to_owned());
        let env = group
            .env
            .as_ref()
            .and_then(|env| variables.environment((ObjectKind::TemplateGroup.resource_type(), name), env));
        let registry = group.password_protected.unwrap_or(false).then(|| {
            let what = format!("The password of the registry of simplepod_template_group.{name} cannot be read");
            let login = [
                ("host", text(&group.host)),
                ("username", text(&group.username)),
                ("password", Some(variables.add(&format!("{name}_registry_password"), &what))),
            ];
            format!("\n  registry {{\n{}  }}\n", attributes(4, &login))
        });
        resource(
            &mut out,
            &[
                ("name", text(&group.name)),
                ("image_name", text(&group.image_name)),
                ("default_tag", text(&group.default_tag)),
                ("category_name", text(&group.category_name)),
                ("disk_size", group.disk_size.map(|size| size.to_string())),
                ("expose_ports", ports.map(|ports| format!("[{}]", ports.replace(',', ", ")))),
                ("start_script", script.map(|text| quoted(&script::decode(text)))),
                ("env_variables", env),
                ("notes", notes(group.notes.as_deref())),
                ("ssh_server", on(group.ssh_server)),
                ("jupyter", on(group.jupyter)),
            ],
            registry.as_deref(),
        );
    }
    for machine in machines {
        let name = label(machine.text("name"), "machine", machine.id.0);
        begin(&mut out, ObjectKind::Instance.resource_type(), &name, machine.id.0);
        let group = machine.group.map(|id| match names.get(&id) {
            Some(name) => format!("simplepod_template_group.{name}.id"),
            None => quoted(&id.to_string()),
        });
        let script = machine.start_script.as_deref().filter(|text| !text.is_empty());
        let template = groups.iter().chain(others).find(|group| Some(group.id) == machine.group);
        let own = machine.env.clone().map(|env| own(env, template.and_then(|group| group.env.as_ref())));
        let env = own.and_then(|env| variables.environment((ObjectKind::Instance.resource_type(), &name), &env));
        resource(
            &mut out,
            &[
                ("name", machine.text("name").filter(|text| !text.is_empty()).map(quoted)),
                ("gpu_model", machine.gpu_model.as_deref().map(quoted)),
                ("gpu_count", machine.gpu_count.map(|count| count.to_string())),
                ("max_price_per_gpu", machine.price_per_gpu.map(|price| price.0.normalize().to_string())),
                ("template_group", group),
                ("start_script", script.map(|text| quoted(&script::decode(text)))),
                ("env_variables", env),
                ("notes", notes(machine.notes.as_deref())),
            ],
            None,
        );
    }
    variables.text + &out
}

/// What a machine has beside its template's environment, and the claim.
fn own(env: Env, template: Option<&Env>) -> Env {
    let mut own = env.without_claim();
    own.0.retain(|name, value| template.and_then(|template| template.0.get(name)) != Some(value));
    own
}

/// Variables for what does not stand in the file.
#[derive(Default)]
struct Variables {
    text: String,
    names: BTreeSet<String>,
}

impl Variables {
    /// Declares a sensitive variable, and returns the reference to it. `why` begins a sentence.
    fn add(&mut self, wanted: &str, why: &str) -> String {
        let numbered = (2..).map(|n| format!("{wanted}_{n}"));
        let name = std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !self.names.contains(name));
        let name = name.unwrap_or_else(|| wanted.to_owned());
        self.names.insert(name.clone());
        let _ = write!(
            self.text,
            "# {why}. Give it with PODFORM_VAR_{name}.\nvariable \"{name}\" {{\n  type      = string\n  sensitive = true\n}}\n\n"
        );
        format!("var.{name}")
    }

    /// `env_variables`, where there are any.
    fn environment(&mut self, (kind, name): (&str, &str), env: &Env) -> Option<String> {
        let entries = env.0.iter().map(|(key, value)| {
            let value = match is_credential(key, value) {
                false => quoted(value),
                true => {
                    let why =
                        format!("{} of {kind}.{name} looks like a secret, so it stays out of this file", quoted(key));
                    self.add(&format!("{name}_{}", plain(key)), &why)
                }
            };
            (quoted(key), Some(value))
        });
        let entries: Vec<(String, Option<String>)> = entries.collect();
        (!entries.is_empty()).then(|| format!("{{\n{}  }}", attributes(4, &entries)))
    }
}

fn begin(out: &mut String, kind: &str, name: &str, id: u64) {
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = write!(out, "import {{\n  to = {kind}.{name}\n  id = \"{id}\"\n}}\n\nresource \"{kind}\" \"{name}\" {{\n");
}

fn resource(out: &mut String, given: &[(&str, Option<String>)], block: Option<&str>) {
    out.push_str(&attributes(2, given));
    out.push_str(block.unwrap_or_default());
    out.push_str("}\n");
}

/// Those that have a value, a line each, as `fmt` does: what spans lines stands apart.
fn attributes<N: AsRef<str>>(indent: usize, given: &[(N, Option<String>)]) -> String {
    let given = given.iter().filter_map(|(name, value)| Some((name.as_ref(), value.as_ref()?)));
    let lines = given.clone().filter(|(_, value)| !value.contains('\n'));
    let width = lines.map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (name, value) in given {
        let _ = writeln!(out, "{:indent$}{name:<1$} = {value}", "", if value.contains('\n') { 0 } else { width });
    }
    out
}

/// The user's text, without any mark.
fn notes(notes: Option<&str>) -> Option<String> {
    let (text, _) = Mark::read(notes?);
    (!text.is_empty()).then(|| quoted(&text))
}

/// A label of its own: what stands in the account may be called anything, and alike.
fn label(name: Option<&str>, fallback: &str, id: u64) -> String {
    let plain = plain(name.unwrap_or_default());
    let plain = plain.trim_matches('_');
    match plain.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => format!("{plain}_{id}"),
        _ => format!("{fallback}_{id}"),
    }
}

/// Of letters that names have.
fn plain(text: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    text.chars().map(letter).take(40).collect()
}

/// As the configuration writes it: nothing in it is a template, or acts on whoever looks at it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => out.extend([c, c]),
            c if is_unsafe(c) && u32::from(c) > 0xffff => drop(write!(out, "\\U{:08x}", u32::from(c))),
            c if is_unsafe(c) => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::MachineId;

    #[test]
    fn labels_are_names_and_differ() {
        for (name, expected) in [
            ("Silver Stoat!", "silver_stoat_7"),
            ("7up", "machine_7"),
            ("", "machine_7"),
            ("ünï", "n_7"),
            ("${x}", "x_7"),
        ] {
            assert_eq!(label(Some(name), "machine", 7), expected, "{name}");
        }
    }

    #[test]
    fn texts_are_read_back_as_they_were() {
        let group = Group { id: GroupId(3), ..empty() };
        for text in ["plain", "a \"b\" \\ c", "${x} %{y} $${z}", "two\nlines\tand\r", "\u{1b}[31m \u{202e}", "a\u{0}b"]
        {
            let group = Group { name: Some(text.into()), ..group.clone() };
            let blocks = import_blocks(&[group], &[], &[]);
            assert!(!blocks.chars().any(|c| c != '\n' && is_unsafe(c)), "{blocks:?}");
            let line = blocks.lines().find(|line| line.trim_start().starts_with("name")).expect("a name");
            let written = line.split_once("= ").expect("a value").1;
            let mut diags = crate::diag::Diagnostics::new();
            let mut sources = crate::diag::Sources::default();
            let file = sources.add("x", blocks.clone());
            crate::lang::parse::parse_body(file, &blocks, &mut diags);
            assert!(diags.is_empty(), "{blocks}: {diags:?}");
            assert!(written.starts_with('"') && written.ends_with('"'), "{written}");
        }
    }

    #[test]
    fn a_machine_refers_to_its_group_and_repeats_nothing_of_it() {
        let env = |pairs: &[(&str, &str)]| Env(pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect());
        let group = Group { name: Some("base".into()), env: Some(env(&[("MODE", "train")])), ..empty() };
        let mut machine = Machine::bare(MachineId(9));
        machine.group = Some(GroupId(3));
        machine.env = Some(env(&[("MODE", "train"), ("RANK", "0"), ("TOKEN", "hidden"), ("PODFORM_CLAIM", "claim")]));
        let machines = std::slice::from_ref(&machine);
        let blocks = import_blocks(std::slice::from_ref(&group), machines, &[]);
        assert!(blocks.contains("template_group = simplepod_template_group.base_3.id"), "{blocks}");
        assert!(!blocks.contains("hidden") && !blocks.contains("claim"), "{blocks}");
        assert!(blocks.contains("    \"RANK\"  = \"0\"\n    \"TOKEN\" = var.machine_9_token\n"), "{blocks}");
        assert_eq!(blocks.matches("\"MODE\"").count(), 1, "{blocks}");
        let alone = import_blocks(&[], machines, std::slice::from_ref(&group));
        assert!(alone.contains("template_group = \"3\""), "{alone}");
        assert!(!alone.contains("MODE") && import_blocks(&[], machines, &[]).contains("MODE"), "{alone}");
    }

    #[test]
    fn names_that_look_alike_are_two_variables() {
        let env = [("a-token", "x"), ("A_TOKEN", "y")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let group = Group { env: Some(env.into_iter().collect()), password_protected: Some(true), ..empty() };
        let blocks = import_blocks(&[group], &[], &[]);
        for name in ["group_3_a_token", "group_3_a_token_2", "group_3_registry_password"] {
            assert!(
                blocks.contains(&format!("variable \"{name}\"")) && blocks.contains(&format!("= var.{name}\n")),
                "{blocks}"
            );
        }
    }

    fn empty() -> Group {
        Group {
            id: GroupId(3),
            name: None,
            image_name: None,
            default_tag: None,
            category_name: None,
            disk_size: None,
            expose_ports: None,
            start_script: None,
            arg_options: None,
            env: None,
            notes: None,
            host: None,
            username: None,
            password_protected: None,
            ssh_server: None,
            jupyter: None,
        }
    }
}
