//! Configuration for what the account holds already: `import -all`.

use super::escape::is_unsafe;
use crate::live::{Group, GroupId, Machine, Mark};
use crate::schema::script;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// `import` and `resource` blocks for these template groups and machines. With them a plan imports, and changes nothing
/// but the marks. The environment of a machine is left out: nobody can tell it from its template's, and it may be secret.
pub fn import_blocks(groups: &[Group], machines: &[Machine]) -> String {
    let mut out = String::new();
    let names: BTreeMap<GroupId, String> =
        groups.iter().map(|group| (group.id, label(group.name.as_deref(), "group", group.id.0))).collect();
    for group in groups {
        let Some(name) = names.get(&group.id) else { continue };
        begin(&mut out, "simplepod_template_group", name, group.id.0);
        let text = |value: &Option<String>| value.as_deref().filter(|text| !text.is_empty()).map(quoted);
        let script = group.start_script.as_deref().filter(|text| !text.is_empty());
        let ports = group.expose_ports.as_deref().filter(|ports| !ports.is_empty());
        let on = |value: Option<bool>| value.filter(|on| *on).map(|_| "true".to_owned());
        let env = group.env.as_ref().filter(|env| !env.0.is_empty()).map(|env| {
            let entries: String =
                env.0.iter().map(|(name, value)| format!("    {} = {}\n", quoted(name), quoted(value))).collect();
            format!("{{\n{entries}  }}")
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
        );
    }
    for machine in machines {
        let name = label(machine.name.as_deref(), "machine", machine.id.0);
        begin(&mut out, "simplepod_instance", &name, machine.id.0);
        let group = machine.group.map(|id| match names.get(&id) {
            Some(name) => format!("simplepod_template_group.{name}.id"),
            None => quoted(&id.to_string()),
        });
        let script = machine.start_script.as_deref().filter(|text| !text.is_empty());
        resource(
            &mut out,
            &[
                ("name", machine.name.as_deref().filter(|text| !text.is_empty()).map(quoted)),
                ("gpu_model", machine.gpu_model.as_deref().map(quoted)),
                ("gpu_count", machine.gpu_count.map(|count| count.to_string())),
                ("max_price_per_gpu", machine.price_per_gpu.map(|price| price.0.normalize().to_string())),
                ("template_group", group),
                ("start_script", script.map(|text| quoted(&script::decode(text)))),
                ("notes", notes(machine.notes.as_deref())),
            ],
        );
    }
    out
}

fn begin(out: &mut String, kind: &str, name: &str, id: u64) {
    if !out.is_empty() {
        out.push('\n');
    }
    let _ = write!(out, "import {{\n  to = {kind}.{name}\n  id = \"{id}\"\n}}\n\nresource \"{kind}\" \"{name}\" {{\n");
}

fn resource(out: &mut String, attributes: &[(&str, Option<String>)]) {
    let given = attributes.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?)));
    // As `fmt` does: what spans lines stands apart.
    let width = |many: bool| {
        given.clone().filter(|(_, value)| value.contains('\n') == many).map(|(name, _)| name.len()).max().unwrap_or(0)
    };
    for (name, value) in given.clone() {
        let _ = writeln!(out, "  {name:<0$} = {value}", if value.contains('\n') { 0 } else { width(false) });
    }
    out.push_str("}\n");
}

/// The user's text, without any mark.
fn notes(notes: Option<&str>) -> Option<String> {
    let (text, _) = Mark::read(notes?);
    (!text.is_empty()).then(|| quoted(&text))
}

/// A label of its own: what stands in the account may be called anything, and alike.
fn label(name: Option<&str>, fallback: &str, id: u64) -> String {
    let plain: String = name
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .take(40)
        .collect();
    let plain = plain.trim_matches('_');
    match plain.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => format!("{plain}_{id}"),
        _ => format!("{fallback}_{id}"),
    }
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
    use crate::live::{Env, MachineId};

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
            let blocks = import_blocks(&[group], &[]);
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
    fn a_machine_of_a_listed_group_refers_to_it_and_shows_no_environment() {
        let group = Group { name: Some("base".into()), ..empty() };
        let mut machine = Machine::bare(MachineId(9));
        machine.group = Some(GroupId(3));
        machine.env = Some(Env([("TOKEN".to_owned(), "secret".to_owned())].into()));
        let blocks = import_blocks(std::slice::from_ref(&group), std::slice::from_ref(&machine));
        assert!(blocks.contains("template_group = simplepod_template_group.base_3.id"), "{blocks}");
        assert!(!blocks.contains("secret"), "{blocks}");
        assert!(import_blocks(&[], &[machine]).contains("template_group = \"3\""));
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
