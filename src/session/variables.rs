//! Who gives values to root variables, in Terraform's precedence: the environment, `podform.vars.hcl`,
//! `podform.vars.json`, `*.auto.vars.hcl` and `.json` by name, then `-var` and `-var-file` as the command line has them.

use super::bounds::{given_file, is_untrusted, own_file};
use super::environment::unreadable;
use super::failure::Failure;
use super::foreign;
use super::person::Person;
use super::text::{self, names};
use crate::config::{Given, GivenValue, Inputs, Module};
use crate::diag::{Diagnostic, Diagnostics, Severity, Sources};
use crate::lang::reference::NoScope;
use crate::lang::{Marks, Type, Value, eval, parse};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Terraform's `TF_VAR_`, under our name.
const ENVIRONMENT: &str = "PODFORM_VAR_";

/// A value of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `-var NAME=VALUE`.
    Value(String),
    /// `-var-file FILE`.
    File(PathBuf),
}

/// What is given without asking anybody, the strongest last. A later one of `settings` wins.
pub fn given(settings: &[Setting], root: &Module, sources: &mut Sources, diags: &mut Diagnostics) -> Vec<Given> {
    let before = diags.len();
    let mut given = environment(root, diags);
    foreign::variables(root, &given, diags);
    if is_untrusted() {
        withhold(&mut given);
    }
    for path in files(diags) {
        values(Path::new(&path), own_file, root, (sources, diags), &mut given);
    }
    for setting in settings {
        match setting {
            Setting::Value(text) => {
                let mut explicit: Vec<Given> = explicit(text, diags).into_iter().collect();
                if is_untrusted() && explicit.iter().any(|one| is_secret(root, &one.name)) {
                    withhold(&mut explicit);
                }
                given.extend(explicit);
            }
            Setting::File(path) => values(path, given_file, root, (sources, diags), &mut given),
        }
    }
    if is_untrusted() {
        given.extend(unknown(root, &given, "an untrusted configuration, to which nobody gives it"));
        let withheld = given.iter().filter(|one| matches!(&one.value, GivenValue::Value(value) if value == &secret()));
        let names: BTreeSet<&str> = withheld.map(|one| one.name.as_str()).collect();
        if !names.is_empty() {
            diags.push(withheld_told(&names.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }
    // What could not be read may have given what is missing.
    if diags.iter().skip(before).any(|told| told.severity == Severity::Error) {
        given.extend(Inputs::unknown(root, &given, "what could not be read"));
    }
    given
}

/// Unknown values for required variables that nobody gives: secret ones, as far as anybody can tell.
fn unknown(root: &Module, given: &[Given], origin: &str) -> Vec<Given> {
    let unknown = |one: Given| Given { value: GivenValue::Value(secret()), ..one };
    Inputs::unknown(root, given, origin).into_iter().map(unknown).collect()
}

/// An untrusted configuration evaluates without the values that come from outside: it could declare that they are no secrets,
/// and what it makes of them (an error, a count, a condition) would tell them bit by bit.
fn withhold(given: &mut [Given]) {
    given.iter_mut().for_each(|one| one.value = GivenValue::Value(secret()));
}

/// In the place of a value that is withheld.
fn secret() -> Value {
    Value::unknown(Type::Dynamic).marked(Marks::SENSITIVE)
}

fn is_secret(root: &Module, name: &str) -> bool {
    root.variables.get(name).is_some_and(|variable| !variable.marks().is_none())
}

/// That nobody gave these; none where there are none.
pub fn unknown_told(missing: &[Given]) -> Option<Diagnostic> {
    let names: Vec<&str> = missing.iter().map(|one| one.name.as_str()).collect();
    let detail = format!("Nobody gives a value to {}: it is planned as if nobody knew it.", names.join(", "));
    (!names.is_empty()).then(|| Diagnostic::warning("Values are missing", detail))
}

fn withheld_told(names: &str) -> Diagnostic {
    let detail = format!(
        "The configuration is untrusted, so it is planned without the values of these variables, as if they were secrets that nobody knows: {names}."
    );
    let hint = "What anybody may read can be given with -var, to a variable that is not sensitive.";
    Diagnostic::warning("Values are withheld", detail).with_hint(hint)
}

/// Asks for what is missing, by name. Nothing is asked twice: what does not fit is told as that of any other origin.
pub async fn ask(root: &Module, person: &dyn Person, given: &mut Vec<Given>) -> Result<(), Failure> {
    let mut typed = Vec::new();
    for variable in Inputs::missing(root, given) {
        let Some(text) = person.value_of(variable).await? else { break };
        let (name, value) = (variable.name.to_string(), GivenValue::Text(text));
        typed.push(Given { name, value, origin: "the prompt".to_owned(), span: None, strict: false });
    }
    given.extend(typed);
    Ok(())
}

/// One `-var`.
fn explicit(text: &str, diags: &mut Diagnostics) -> Option<Given> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && name.trim() == name => Some(Given {
            name: name.to_owned(),
            value: GivenValue::Text(value.to_owned()),
            origin: "-var".to_owned(),
            span: None,
            strict: true,
        }),
        _ => {
            let detail = "-var is written as -var NAME=VALUE, without blanks around NAME.";
            diags.push(Diagnostic::error("Invalid -var option", detail));
            None
        }
    }
}

fn environment(root: &Module, diags: &mut Diagnostics) -> Vec<Given> {
    let mut given = Vec::new();
    for (key, value) in std::env::vars_os() {
        // What others set is none of our business.
        let Some(key) = key.to_str() else { continue };
        let Some(name) = key.strip_prefix(ENVIRONMENT).filter(|name| root.variables.contains_key(*name)) else {
            continue;
        };
        match value.into_string() {
            Ok(text) => given.push(Given {
                name: name.to_owned(),
                value: GivenValue::Text(text),
                origin: format!("the environment variable {key}"),
                span: None,
                strict: false,
            }),
            Err(_) => diags.push(unreadable(key)),
        }
    }
    given.sort_by(|a, b| a.name.cmp(&b.name));
    given
}

fn files(diags: &mut Diagnostics) -> Vec<String> {
    let is_auto = |name: &str| name.ends_with(".auto.vars.hcl") || name.ends_with(".auto.vars.json");
    // A directory that cannot be read was told with the configuration.
    let auto = names(Path::new("."), is_auto, diags).unwrap_or_default();
    ["podform.vars.hcl", "podform.vars.json"]
        .into_iter()
        .filter(|name| Path::new(name).exists())
        .map(str::to_owned)
        .chain(auto)
        .collect()
}

fn values(
    path: &Path,
    read: fn(&Path) -> Result<Vec<u8>, String>,
    root: &Module,
    (sources, diags): (&mut Sources, &mut Diagnostics),
    given: &mut Vec<Given>,
) {
    let Some(text) = text::text(path, read, diags) else { return };
    let path = &*path.to_string_lossy();
    let body = match path.ends_with(".json") {
        true => {
            let file = sources.add(path, hidden(&text));
            parse::parse_json_body(file, &text, &parse::Shape::VALUES, diags)
        }
        false => {
            let file = sources.add(path, shown(&text, root));
            parse::parse_body(file, &text, diags)
        }
    };
    for block in &body.blocks {
        let detail = "A variables file holds only NAME = VALUE. Declarations stand in *.hcl files.";
        diags.push(Diagnostic::error("Invalid variables file", detail).at(block.kind_span));
    }
    for attribute in body.attributes {
        let mut own = Diagnostics::new();
        let value = eval::evaluate(&attribute.expr, &NoScope, &mut own);
        let failed = own.has_errors();
        diags.extend(own);
        if !failed {
            given.push(Given {
                name: attribute.name.to_string(),
                value: GivenValue::Value(value),
                origin: path.to_owned(),
                span: Some(attribute.name_span),
                strict: false,
            });
        }
    }
}

/// A variables file in JSON as diagnostics may draw it: nothing but its form.
fn hidden(text: &str) -> String {
    let form = |c: char| c.is_whitespace() || "{}[]:,\"".contains(c);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match form(c) {
            true => out.push(c),
            false => out.extend(std::iter::repeat_n('*', c.len_utf8())),
        }
    }
    out
}

/// A variables file as diagnostics may draw it: only values of declared variables that are not sensitive are in it. It goes
/// by lines, for what is wrong cannot be parsed; every byte keeps its place.
pub fn shown(text: &str, root: &Module) -> String {
    let mut open = false;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        // What is indented may belong to the value above.
        let name = line.split_once('=').map(|(name, _)| name.trim_end()).filter(|name| !name.starts_with([' ', '\t']));
        if let Some(name) = name {
            open = root.variables.get(name.trim_matches('"')).is_some_and(|variable| variable.marks().is_none());
        }
        let start = match (open, name) {
            (true, _) => line.len(),
            (false, Some(name)) => name.len(),
            (false, None) => 0,
        };
        let (seen, hidden) = line.split_at(start);
        out.push_str(seen);
        for c in hidden.chars() {
            match c {
                '\n' | '\r' | '=' | ' ' => out.push(c),
                c => out.extend(std::iter::repeat_n('*', c.len_utf8())),
            }
        }
    }
    out
}
