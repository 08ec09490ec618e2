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
        Sort::Text | Sort::Flag | Sort::Number => Some(Value::string(value)),
        Sort::Texts | Sort::Map | Sort::Object(_) => {
            let file = sources.add(format!("<value for -backend-config {name}>"), value);
            let mut own = Diagnostics::new();
            let read = parse_expr(file, value, &mut own).map(|expr| eval::evaluate(&expr, &NoScope, &mut own));
            let failed = own.has_errors();
            diags.extend(own);
            read.filter(|_| !failed)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: BackendKind, given: &[&str]) -> (Arguments, Vec<String>) {
        let mut diags = Diagnostics::new();
        let partial = Partial(given.iter().map(|one| (*one).to_owned()).collect());
        let all = partial.read(kind, &mut Sources::default(), &mut diags);
        (all, diags.iter().map(|told| told.detail.clone()).collect())
    }

    #[test]
    fn pairs_and_files_give_arguments_and_later_ones_win() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let text = "region = \"eu\"\nmax_retries = 4\nassume_role = { role_arn = \"arn\" }\n";
        std::io::Write::write_all(&mut file, text.as_bytes()).expect("written");
        let path = file.path().to_str().expect("a text");
        let given = ["region=us", "key=a=b", path, "max_retries=5", "allowed_account_ids=[\"1\",\"2\"]", ""];
        let (all, told) = read(BackendKind::S3, &given);
        assert_eq!(told, Vec::<String>::new());
        assert_eq!(
            (all.text("region"), all.text("key"), all.number("max_retries")),
            (Some("eu"), Some("a=b"), Some(5))
        );
        assert_eq!(all.texts("allowed_account_ids").map(<[String]>::len), Some(2));
        assert_eq!(all.object("assume_role").and_then(|role| role.text("role_arn")), Some("arn"));
    }

    #[test]
    fn what_cannot_be_given_is_told() {
        for (given, what) in [
            ("bukket=b", "Did you mean \"bucket\"?"),
            ("dynamodb_table=t", "is not taken"),
            ("max_retries=-1", "a whole number, zero or more, is required"),
            ("max_retries=many", "a number is required"),
            ("encrypt=perhaps", "a bool is required"),
            ("allowed_account_ids=[upper(\"x\")]", "Functions may not be called here"),
            ("assume_role={}", "attribute \"role_arn\" is required"),
            ("/nowhere/at.all", "cannot be read"),
        ] {
            let told = read(BackendKind::S3, &[given]).1;
            assert!(told.iter().any(|told| told.contains(what)), "{given}: {told:?}");
        }
    }

    #[test]
    fn what_is_missing_names_the_ways_to_give_it() {
        let kind = BackendKind::Http;
        let (all, _) = read(kind, &["username=u"]);
        let told = lacking(kind, &all, None);
        let hint = told.iter().next().and_then(|told| told.hint.clone()).expect("a hint");
        assert!(hint.contains("TF_HTTP_ADDRESS or PODFORM_BACKEND_CONFIG_address"), "{hint}");
        let file = Sources::default().add("main.hcl", "");
        let span = crate::diag::Span { file, start: 0, end: 0 };
        let block = BackendBlock { kind, arguments: Arguments::default(), span };
        let (given, _) = read(kind, &["address=http://h/s", "password=canary"]);
        let remembered = Remembered::of(&block, given.clone());
        assert!(forgotten(&remembered, &given).is_ok());
        let told = forgotten(&remembered, &read(kind, &["address=http://h/s"]).0).expect_err("it is not kept");
        assert!(told.hint.as_deref().is_some_and(|hint| hint.contains("TF_HTTP_PASSWORD")), "{told:?}");
        assert!(!format!("{told:?}").contains("canary"));
        let (all, _) = read(BackendKind::Pg, &[]);
        assert!(lacking(BackendKind::Pg, &all, None).is_empty(), "its program reads the environment");
    }
}
