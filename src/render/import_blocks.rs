//! Configuration for what the account holds already: `import -all`, `plan -generate-config-out`; and to begin with.

use super::credential::is_credential;
use super::escape::is_unsafe;
use crate::address::ObjectKind;
use crate::diag::{Diagnostics, Sources};
use crate::lang::format::format;
use crate::live::{Env, Group, GroupId, Machine, Notes, Offer, Seen};
use crate::schema::{Attribute, Presence, Unset, Wire, group, instance, script};
use hcl::expr::{Expression, Object, ObjectKey, TemplateExpr, Traversal, Variable};
use hcl::format::{Format, Formatter};
use hcl::{Block, Identifier, Number};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// `import` and `resource` blocks for these template groups and machines. With them a plan imports, and changes nothing
/// but the marks, and the password of a registry, which nobody can read. What looks like a credential becomes a sensitive
/// variable without a value. `others` are template groups that machines were rented from and that are not imported: what
/// their environment says is no machine's own.
pub fn import_blocks(groups: &[Group], machines: &[Machine], others: &[Group]) -> String {
    let groups: Vec<Named<Group>> =
        groups.iter().map(|group| (label(group.name(), "group", group.id.0), group.clone())).collect();
    let machines: Vec<Named<Machine>> =
        machines.iter().map(|one| (label(one.text("name"), "machine", one.id.0), one.clone())).collect();
    blocks(&groups, &machines, others, |kind, name, id| format!("{}\n", written(&import(kind, name, id))))
}

/// `resource` blocks of these names, for what import blocks name already.
pub fn resource_blocks(groups: &[Named<Group>], machines: &[Named<Machine>], others: &[Group]) -> String {
    const HEAD: &str = "# __generated__ by podform\n# Please review these resources and move them into your main configuration files.\n\n";
    let text = blocks(groups, machines, others, |_, _, id| format!("# __generated__ by podform from \"{id}\"\n"));
    format!("{HEAD}{text}")
}

/// A `resource` block that makes a template group like this one, and what it is called. Of one with a mark a configuration may
/// hold as a secret whatever may be one: all of that becomes variables.
pub fn group_block(group: &Group) -> (String, String) {
    let name = label(group.name(), "template", group.id.0);
    let groups = [(name.clone(), group.clone())];
    let marked = group.mark().is_some();
    let variables = Variables { guarded: marked, ..Variables::default() };
    (name, blocks_with(variables, &groups, &[], &[], |_, _, _| String::new()))
}

/// A fleet with one machine: of this template, and of the model of this offer, for up to a tenth more than it costs now.
pub fn fleet_blocks(fleet: &str, template: &Group, offer: &Offer) -> String {
    let (name, template) = group_block(template);
    let named = block("podform", &[], [("fleet", Some(quoted(fleet)))]).build();
    let tenth = Decimal::new(11, 1);
    let cap = (offer.price_per_gpu.0 * tenth).round_dp_with_strategy(2, RoundingStrategy::ToPositiveInfinity);
    let attributes = [
        ("gpu_model", Some(quoted(&offer.gpu_model))),
        ("max_price_per_gpu", Some(number(&cap.normalize().to_string()))),
        ("template_group", Some(reference(&[ObjectKind::TemplateGroup.resource_type(), &name, "id"]))),
    ];
    let machine = block("resource", &[ObjectKind::Instance.resource_type(), "machine"], attributes).build();
    let place = reference(&[ObjectKind::Instance.resource_type(), "machine", "ssh_host"]);
    let output = block("output", &["ssh_host"], [("value", Some(place))]).build();
    let price = offer.price_per_gpu;
    let text = format!(
        "{}\n{template}\n# {price} per GPU-hour when this was written. Dearer than max_price_per_gpu is never rented.\n{}\n{}",
        written(&named),
        written(&machine),
        written(&output)
    );
    formatted(text)
}

/// An object, and what its resource is called.
pub type Named<T> = (String, T);

/// The blocks, each with what stands before it.
fn blocks(
    groups: &[Named<Group>],
    machines: &[Named<Machine>],
    others: &[Group],
    before: impl Fn(&str, &str, u64) -> String,
) -> String {
    blocks_with(Variables::default(), groups, machines, others, before)
}

fn blocks_with(
    mut variables: Variables,
    groups: &[Named<Group>],
    machines: &[Named<Machine>],
    others: &[Group],
    before: impl Fn(&str, &str, u64) -> String,
) -> String {
    let mut blocks = Vec::new();
    let names: BTreeMap<GroupId, &String> = groups.iter().map(|(name, group)| (group.id, name)).collect();
    for (name, group) in groups {
        let kind = ObjectKind::TemplateGroup.resource_type();
        let mut env = group.env.as_ref().and_then(|env| variables.environment((kind, name), env));
        let registry = group.password_protected.unwrap_or(false).then(|| {
            let what = format!("The password of the registry of {kind}.{name} cannot be read");
            let login = [
                ("host", given(group.host.as_deref())),
                ("username", given(group.username.as_deref())),
                ("password", Some(variables.add(&format!("{name}_registry_password"), &what))),
            ];
            block("registry", &[], login).build()
        });
        let attributes = group::SCHEMA.settings().map(|(attribute, field)| {
            let value = match field.wire {
                Wire::Variables => env.take(),
                Wire::Marked => notes(group.notes.as_ref()),
                _ => shown(attribute, &group.shown),
            };
            let value = match variables.guarded && attribute.may_be_secret && !matches!(field.wire, Wire::Variables) {
                true => value.map(|_| variables.guard((kind, name), attribute.name)),
                false => value,
            };
            (attribute.name, value)
        });
        let resource = block("resource", &[kind, name], attributes).add_blocks(registry).build();
        blocks.push(format!("{}{}", before(kind, name, group.id.0), written(&resource)));
    }
    for (name, machine) in machines {
        let kind = ObjectKind::Instance.resource_type();
        let group = machine.group.map(|id| match names.get(&id) {
            Some(name) => reference(&[ObjectKind::TemplateGroup.resource_type(), name, "id"]),
            None => quoted(&id.to_string()),
        });
        let script = machine.start_script.as_deref().filter(|text| !text.is_empty());
        let template =
            groups.iter().map(|(_, group)| group).chain(others).find(|group| Some(group.id) == machine.group);
        let own = machine.env.clone().map(|env| own(env, template.and_then(|group| group.env.as_ref())));
        let env = own.and_then(|env| variables.environment((kind, name), &env));
        let attributes = [
            ("name", given(machine.text("name"))),
            ("gpu_model", machine.gpu_model.as_deref().map(quoted)),
            ("gpu_count", machine.gpu_count.map(|count| number(&count.to_string()))),
            ("max_price_per_gpu", machine.price_per_gpu.map(|price| number(&price.0.normalize().to_string()))),
            ("template_group", group),
            ("start_script", script.map(|text| quoted(&script::decode(text)))),
            ("env_variables", env),
            ("notes", notes(machine.notes.as_ref())),
        ];
        // What the API gives of itself need not be asked for.
        let others = instance::SCHEMA.settings().map(|(attribute, _)| attribute);
        let others = others.filter(|attribute| attribute.presence != Presence::OptionalComputed);
        let others = others.map(|attribute| (attribute.name, shown(attribute, &machine.shown)));
        let attributes = attributes.into_iter().chain(others);
        let resource = block("resource", &[kind, name], attributes).build();
        blocks.push(format!("{}{}", before(kind, name, machine.id.0), written(&resource)));
    }
    let parts: Vec<String> = variables.parts.into_iter().chain(blocks).collect();
    formatted(parts.join("\n"))
}

fn formatted(text: String) -> String {
    let file = Sources::default().add("written.hcl", text.as_str());
    format(file, &text, &mut Diagnostics::new()).unwrap_or(text)
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
    /// Each with the comment that says why it is one.
    parts: Vec<String>,
    names: BTreeSet<String>,
    /// Whatever may be a secret becomes one, whatever it looks like.
    guarded: bool,
}

impl Variables {
    /// Declares a sensitive variable, and returns the reference to it. `why` begins a sentence.
    fn add(&mut self, wanted: &str, why: &str) -> Expression {
        let numbered = (2..).map(|n| format!("{wanted}_{n}"));
        let name = std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !self.names.contains(name));
        let name = name.unwrap_or_else(|| wanted.to_owned());
        self.names.insert(name.clone());
        let attributes = [("type", Some(reference(&["string"]))), ("sensitive", Some(Expression::Bool(true)))];
        let variable = block("variable", &[&name], attributes).build();
        self.parts.push(format!("# {why}. Give it with PODFORM_VAR_{name}.\n{}", written(&variable)));
        reference(&["var", &name])
    }

    /// A variable for what may be a secret.
    fn guard(&mut self, (kind, name): (&str, &str), what: &str) -> Expression {
        let why = format!("\"{}\" of {kind}.{name} may be a secret, so it stays out of this file", escaped(what));
        self.add(&format!("{name}_{}", plain(what)), &why)
    }

    /// `env_variables`, where there are any.
    fn environment(&mut self, (kind, name): (&str, &str), env: &Env) -> Option<Expression> {
        let entries = env.0.iter().map(|(key, value)| {
            let value = match is_credential(key, value) {
                false if self.guarded => self.guard((kind, name), key),
                false => quoted(value),
                true => {
                    let why = format!(
                        "\"{}\" of {kind}.{name} looks like a secret, so it stays out of this file",
                        escaped(key)
                    );
                    self.add(&format!("{name}_{}", plain(key)), &why)
                }
            };
            (ObjectKey::Expression(quoted(key)), value)
        });
        let entries: Object<ObjectKey, Expression> = entries.collect();
        (!entries.is_empty()).then_some(Expression::Object(entries))
    }
}

/// A block with those attributes that have a value.
fn block<'n>(
    kind: &str,
    labels: &[&str],
    given: impl IntoIterator<Item = (&'n str, Option<Expression>)>,
) -> hcl::BlockBuilder {
    let given = given.into_iter().filter_map(|(name, value)| Some((Identifier::sanitized(name), value?)));
    Block::builder(Identifier::sanitized(kind)).add_labels(labels.iter().copied()).add_attributes(given)
}

fn import(kind: &str, name: &str, id: u64) -> Block {
    block("import", &[], [("to", Some(reference(&[kind, name]))), ("id", Some(quoted(&id.to_string())))]).build()
}

/// Nothing that is written to memory fails.
fn written(block: &Block) -> String {
    block.format_string(&mut Formatter::builder().compact_arrays(true).build_vec()).unwrap_or_default()
}

/// `a.b.c`.
fn reference(names: &[&str]) -> Expression {
    let mut names = names.iter().map(|name| Identifier::sanitized(*name));
    let root = Variable::from(names.next().unwrap_or_else(|| Identifier::sanitized("")));
    let steps: Vec<_> = names.map(hcl::expr::TraversalOperator::GetAttr).collect();
    match steps.is_empty() {
        true => Expression::from(root),
        false => Expression::from(Traversal::new(root, steps)),
    }
}

/// A number, to the last digit: one that machine floats do not hold is written in quotes.
fn number(text: &str) -> Expression {
    let whole = text.parse::<u64>().ok().map(Number::from);
    let number = whole.or_else(|| text.parse().ok().and_then(Number::from_f64));
    match number.filter(|number| number.to_string() == text) {
        Some(number) => Expression::Number(number),
        None => quoted(text),
    }
}

/// An attribute as an answer carried it, where it says more than its absence would.
fn shown(attribute: &Attribute, seen: &Seen) -> Option<Expression> {
    let value = seen.get(attribute.name)?;
    match value {
        Json::Bool(on) => (attribute.unset != Unset::Bool(*on)).then_some(Expression::Bool(*on)),
        value => written_out(value),
    }
}

fn written_out(value: &Json) -> Option<Expression> {
    match value {
        Json::Null | Json::Object(_) => None,
        Json::Bool(on) => Some(Expression::Bool(*on)),
        Json::Number(digits) => Some(number(&digits.to_string())),
        Json::String(text) => given(Some(text)),
        Json::Array(elements) if elements.is_empty() => None,
        Json::Array(elements) => Some(Expression::Array(elements.iter().filter_map(written_out).collect())),
    }
}

/// A text that is not empty.
fn given(text: Option<&str>) -> Option<Expression> {
    text.filter(|text| !text.is_empty()).map(quoted)
}

/// The user's text, without any mark.
fn notes(notes: Option<&Notes>) -> Option<Expression> {
    given(notes.map(Notes::text))
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

fn quoted(text: &str) -> Expression {
    Expression::from(TemplateExpr::QuotedString(escaped(text)))
}

/// As it stands between quotes: nothing in it is a template, or acts on whoever looks at it.
fn escaped(text: &str) -> String {
    let mut out = String::new();
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
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::MachineId;
    use crate::live::Mark;

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
        let group = Group::bare(GroupId(3));
        for text in ["plain", "a \"b\" \\ c", "${x} %{y} $${z}", "two\nlines\tand\r", "\u{1b}[31m \u{202e}", "a\u{0}b"]
        {
            let group = Group { shown: [("name", text.into())].into(), ..group.clone() };
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
    fn what_a_configuration_may_hide_stays_out_of_the_block_of_a_marked_group() {
        let env = Env([("MODE".to_owned(), "train".to_owned())].into());
        let shown = [("name", "base".into()), ("start_script", "echo hidden".into())].into();
        let group = Group { shown, env: Some(env), notes: Some("mine".to_owned().into()), ..Group::bare(GroupId(3)) };
        let (name, block) = group_block(&group);
        assert_eq!(name, "base_3");
        assert!(block.contains("\"MODE\" = \"train\"") && block.contains("echo hidden"), "{block}");
        let mark = Mark::sample("simplepod_template_group.base");
        let (_, block) = group_block(&Group { notes: Some(mark.write("mine").into()), ..group });
        assert!(!["train", "hidden", "mine", "lab"].iter().any(|word| block.contains(word)), "{block}");
        for line in ["\"MODE\" = var.base_3_mode", "start_script = var.base_3_start_script", "= var.base_3_notes"] {
            assert!(block.contains(line), "{block}");
        }
    }

    #[test]
    fn a_machine_refers_to_its_group_and_repeats_nothing_of_it() {
        let env = |pairs: &[(&str, &str)]| Env(pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect());
        let shown = [("name", "base".into())].into();
        let group = Group { shown, env: Some(env(&[("MODE", "train")])), ..Group::bare(GroupId(3)) };
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
        let group =
            Group { env: Some(env.into_iter().collect()), password_protected: Some(true), ..Group::bare(GroupId(3)) };
        let blocks = import_blocks(&[group], &[], &[]);
        for name in ["group_3_a_token", "group_3_a_token_2", "group_3_registry_password"] {
            assert!(
                blocks.contains(&format!("variable \"{name}\"")) && blocks.contains(&format!("= var.{name}\n")),
                "{blocks}"
            );
        }
    }
}
