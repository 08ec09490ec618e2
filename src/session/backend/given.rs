//! What is said of a backend beside its block: by `-backend-config`, and by the environment.

use crate::config::{
    Argument, Arguments, BackendBlock, BackendKind, BackendValue, Sort, backend_arguments, missing_arguments, typed,
};
use crate::diag::{Diagnostic, Diagnostics, Sources, did_you_mean};
use crate::lang::parse::{parse_body, parse_expr};
use crate::lang::reference::NoScope;
use crate::lang::{Value, eval};
use crate::session::data_dir::Remembered;
use crate::session::environment::environment;
use crate::session::text::{file_or_pipe, text};
use std::path::Path;

/// What the names of environment variables begin with that give one argument of a backend, whichever it is.
const PREFIX: &str = "PODFORM_BACKEND_CONFIG_";

/// Values of `-backend-config`, in their order: `NAME=VALUE`, or a file.
#[derive(Clone, Debug, Default)]
pub struct Partial(pub Vec<String>);

impl Partial {
    /// What they give. Later ones win.
    pub fn read(&self, kind: BackendKind, sources: &mut Sources, diags: &mut Diagnostics) -> Arguments {
        let mut all = Arguments::default();
        for given in self.0.iter().filter(|given| !given.is_empty()) {
            match given.split_once('=') {
                Some((name, value)) => pair(kind, name, value, &mut all, sources, diags),
                None => {
                    let Some(text) = text(Path::new(given), file_or_pipe, diags) else { continue };
                    let file = sources.add(given, text.clone());
                    let body = parse_body(file, &text, diags);
                    all.lay_over(backend_arguments(kind.arguments(), &body, diags));
                }
            }
        }
        all
    }
}

fn pair(
    kind: BackendKind,
    name: &str,
    value: &str,
    all: &mut Arguments,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) {
    let known = kind.arguments();
    let Some(argument) = known.iter().find(|argument| argument.name == name) else {
        let near = did_you_mean(name, known.iter().map(|argument| argument.name));
        let detail = format!(
            "The backend configuration argument \"{name}\" given on the command line is not expected for the selected backend type.{near}"
        );
        return diags.push(Diagnostic::error("Invalid backend configuration argument", detail));
    };
    if let Some(why) = argument.instead {
        let detail = format!("The argument \"{name}\" is not taken.");
        return diags.push(Diagnostic::error("Invalid backend configuration argument", detail).with_hint(why));
    }
    let value = match argument.sort {
        Sort::Text => Some(Value::string(value)),
        _ => {
            let file = sources.add(format!("<value for -backend-config {name}>"), value);
            parse_expr(file, value, diags).map(|expr| eval::evaluate(&expr, &NoScope, diags))
        }
    };
    match value.map(|value| typed(argument, &value)) {
        Some(Ok(value)) => all.set(argument, value),
        Some(Err(why)) => {
            let detail = format!("Inappropriate value for attribute \"{name}\": {why}.");
            diags.push(Diagnostic::error("Invalid backend configuration argument", detail));
        }
        None => {}
    }
}

/// Lays what the environment gives below what is said: of every argument that is not, `PODFORM_BACKEND_CONFIG_name`, else Terraform's
/// variables for it.
///
/// # Errors
/// A variable does not hold what its argument takes.
pub fn from_environment(kind: BackendKind, said: Arguments) -> Result<Arguments, Diagnostic> {
    let mut all = said;
    for argument in kind.arguments().iter().filter(|argument| argument.instead.is_none()) {
        if all.get(argument.name).is_some() {
            continue;
        }
        let own = format!("{PREFIX}{}", argument.name);
        for name in std::iter::once(own.as_str()).chain(argument.env.iter().copied()) {
            if let Some(text) = environment(name)? {
                all.set(argument, of_variable(argument, name, &text)?);
                break;
            }
        }
    }
    Ok(all)
}

fn of_variable(argument: &Argument, name: &str, text: &str) -> Result<BackendValue, Diagnostic> {
    let value = match argument.sort {
        Sort::Texts => Value::tuple(text.split(',').map(|part| Value::string(part.trim())).collect()),
        _ => Value::string(text),
    };
    typed(argument, &value).map_err(|why| {
        let detail =
            format!("The environment variable {name} gives the argument \"{}\" of the backend: {why}.", argument.name);
        Diagnostic::error("Invalid environment variable", detail)
    })
}

/// What a block lacks though `-backend-config` and the environment were heard.
pub fn lacking(kind: BackendKind, all: &Arguments, block: Option<&BackendBlock>) -> Diagnostics {
    let missing = missing_arguments(kind.arguments(), all);
    let told = missing.into_iter().map(|argument| {
        let detail = format!("The attribute \"{}\" is required by the backend.", argument.name);
        let ways = variables(argument).join(" or ");
        let hint = format!("Give it in the backend block, to podform init with -backend-config={}=VALUE, or in the environment: {ways}.", argument.name);
        let told = Diagnostic::error("Missing Required Value", detail).with_hint(hint);
        match block {
            Some(block) => told.at(block.span),
            None => told,
        }
    });
    told.collect()
}

/// A secret that `-backend-config` gave to `init` comes again from the environment: nothing else knows it.
pub fn forgotten(remembered: &Remembered, all: &Arguments) -> Result<(), Diagnostic> {
    let known = remembered.kind.arguments();
    let is_there = |name: &&String| match name.split_once('.') {
        Some((outer, inner)) => all.object(outer).is_some_and(|object| object.get(inner).is_some()),
        None => all.get(name).is_some(),
    };
    let Some(name) = remembered.secrets.iter().find(|name| !is_there(name)) else { return Ok(()) };
    let detail = format!(
        "podform init was given \"{name}\" with -backend-config. It is a secret, so it is not kept on disk, and the backend \"{}\" cannot be opened without it.",
        remembered.kind.name()
    );
    let ways = known.iter().find(|argument| argument.name == *name).map_or_else(Vec::new, variables);
    let hint = match ways.is_empty() {
        true => {
            "Give credentials by the environment or a file that the backend reads, and run podform init -reconfigure."
                .to_owned()
        }
        false => format!("Set {}.", ways.join(" or ")),
    };
    Err(Diagnostic::error("Backend credentials are needed", detail).with_hint(hint))
}

fn variables(argument: &Argument) -> Vec<String> {
    let all = argument.env.iter().map(|name| (*name).to_owned());
    all.chain([format!("{PREFIX}{}", argument.name)]).collect()
}
