//! `podform console`.

use crate::cli::beside::beside;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::flags::{StateArgs, VariableArgs};
use crate::cli::prompt::Prompt;
use crate::cli::terminal::Terminal;
use crate::config::{
    self, Configuration, DataInstance, Graph, Inputs, Instance, Judging, Program, Resolve, RootScope,
    is_configuration_file, undeclared_in,
};
use crate::diag::{Diagnostic, Diagnostics, Severity, Topic};
use crate::lang::ast::{Call, Expr, ExprKind, TemplatePart};
use crate::lang::{Type, Value, eval, parse};
use crate::render::{console_error, console_value, recorded_object, recorded_value, type_text, value_text};
use crate::session::{self, LocalEffects, variables};
use crate::state::State;
use clap::Args;
use serde_json::json;
use std::io::BufRead;

/// `console`.
#[derive(Debug, Args)]
pub struct ConsoleArgs {
    /// Answer each line with one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Variables.
    #[command(flatten)]
    pub variables: VariableArgs,
    /// Which state.
    #[command(flatten)]
    pub place: StateArgs,
}

const HELP: &str = "Type an expression and press Enter: its value is shown. Variables, locals, module outputs, recorded
resources and all functions are known. type(EXPRESSION) shows a type.

\"exit\", Control-C or Control-D ends the console.";

/// What a line of input leads to.
enum Answer {
    Value(Value),
    /// A type, or help.
    Text(String),
    Nothing,
    Exit,
}

/// Evaluates expressions: of a person, or line by line of standard input, where the last value is printed as Terraform
/// does. Values of resources are those of the state.
pub async fn run(args: &ConsoleArgs, context: &mut Context) -> Outcome {
    let effects = LocalEffects::applying(&LocalEffects::planning());
    let configuration = configuration(context);
    let root = configuration.root();
    let mut given = variables::given(&args.variables.settings, root, &mut context.sources, &mut context.diags);
    given.extend(Inputs::unknown(root, &given, "console"));
    let graph = Graph::build(&configuration, &mut context.diags);
    let inputs = Inputs::resolve(root, given, &mut context.sources, &mut context.diags);
    let Some(graph) = graph.filter(|_| !context.diags.has_errors()) else { return Ok(Exit::Error) };
    let state = args.place.read().await?;
    let program = Program { configuration, graph, inputs };
    let mut diags = std::mem::take(&mut context.diags);
    let scope = RootScope::evaluate(&program, &effects, &mut Recorded(&state), &mut diags);
    if diags.has_errors() {
        let detail = "Because of the errors above, some expressions may have no value, or another one.";
        diags.push(Diagnostic::warning("Configuration has errors", detail));
    }
    context.terminal.diagnostics(&diags, &context.sources);
    let mut lines = Lines { configuration: &program.configuration, scope: &scope, context };
    match (args.json, Terminal::is_interactive()) {
        (true, _) => lines.json().await,
        (false, true) => lines.person().await,
        (false, false) => lines.piped().await,
    }
}

/// The configuration here; an empty one where there is none.
fn configuration(context: &mut Context) -> Configuration {
    let mut names = std::fs::read_dir(".").into_iter().flatten().flatten();
    match names.any(|entry| is_configuration_file(&entry.file_name().to_string_lossy())) {
        true => session::read(&mut context.sources, &mut context.diags).0,
        false => config::load(".", &mut |_, _, _| Some(Vec::new()), &mut context.diags),
    }
}

/// Resource instances as they are recorded; others are unknown.
struct Recorded<'a>(&'a State);

impl Resolve for Recorded<'_> {
    fn is_final(&self) -> bool {
        false
    }

    fn judging(&self) -> Judging {
        Judging::Nothing
    }

    fn resolve(&mut self, instance: Instance<'_>, _: &mut Diagnostics) -> Value {
        match self.0.resources.get(&instance.address) {
            Some(record) => recorded_object(&instance.address, record),
            None => Value::unknown(Type::Dynamic),
        }
    }

    fn data(&mut self, instance: DataInstance<'_>, _: &mut Diagnostics) -> Value {
        match self.0.data.get(&instance.address) {
            Some(read) => recorded_value(&json!(read), &instance.resource.schema.ty()),
            None => Value::unknown(Type::Dynamic),
        }
    }
}

struct Lines<'a> {
    configuration: &'a Configuration,
    scope: &'a RootScope<'a>,
    context: &'a mut Context,
}

impl Lines<'_> {
    /// One object for each line that is not empty; 1 where one of them is an error.
    async fn json(&mut self) -> Outcome {
        let mut exit = Exit::Done;
        while let Some(line) = line().await? {
            let (answer, diags) = self.answer(&line);
            let json = match (answer, diags.iter().find(|diagnostic| diagnostic.severity == Severity::Error)) {
                (_, Some(error)) => {
                    exit = Exit::Error;
                    console_error(error)
                }
                (Answer::Exit, None) => break,
                (Answer::Nothing, None) => continue,
                (Answer::Value(value), None) => console_value(&value),
                (Answer::Text(text), None) => console_value(&Value::string(text)),
            };
            self.context.terminal.json(&json.to_string());
        }
        Ok(exit)
    }

    /// Prints the last value. The first error ends it.
    async fn piped(&mut self) -> Outcome {
        let mut last = String::new();
        while let Some(line) = line().await? {
            let (answer, diags) = self.answer(&line);
            let failed = diags.has_errors();
            self.context.terminal.diagnostics(&diags, &self.context.sources);
            match answer {
                _ if failed => return Ok(Exit::Error),
                Answer::Exit => return Ok(Exit::Done),
                answer => last = self.text(answer),
            }
        }
        self.context.terminal.line(&last);
        Ok(Exit::Done)
    }

    async fn person(&mut self) -> Outcome {
        let mut prompt = Prompt::new()?;
        while let Some(text) = prompt.read().await? {
            let (answer, diags) = self.answer(&text);
            let failed = diags.has_errors();
            self.context.terminal.diagnostics(&diags, &self.context.sources);
            match answer {
                _ if failed => {}
                Answer::Exit => break,
                Answer::Nothing => {}
                answer => self.context.terminal.line(&self.text(answer)),
            }
        }
        Ok(Exit::Done)
    }

    fn text(&self, answer: Answer) -> String {
        match answer {
            Answer::Value(value) => value_text(&value, self.context.terminal.out),
            Answer::Text(text) => text,
            Answer::Nothing | Answer::Exit => String::new(),
        }
    }

    fn answer(&mut self, text: &str) -> (Answer, Diagnostics) {
        let mut diags = Diagnostics::new();
        let answer = match text.trim() {
            "" => Answer::Nothing,
            "exit" => Answer::Exit,
            "help" => Answer::Text(HELP.to_owned()),
            text => self.evaluate(text, &mut diags),
        };
        (answer, diags)
    }

    fn evaluate(&mut self, text: &str, diags: &mut Diagnostics) -> Answer {
        let file = self.context.sources.add("<console-input>", text);
        let Some(expr) = parse::parse_expr(file, text, diags) else { return Answer::Nothing };
        undeclared_in(self.configuration, &expr, diags);
        if diags.has_errors() {
            return Answer::Nothing;
        }
        if let Some(call) = type_call(&expr) {
            return match call.args.as_ref() {
                [arg] if type_call(arg).is_some() => Answer::Text("type".to_owned()),
                [arg] => Answer::Text(type_text(&self.value(arg, diags).ty())),
                args => {
                    let many = if args.is_empty() { "Not enough" } else { "Too many" };
                    let error = Diagnostic::error(
                        format!("{many} function arguments"),
                        format!("The function \"type\" takes one argument, the value, but {} are given.", args.len()),
                    );
                    diags.push(error.at(call.name_span));
                    Answer::Nothing
                }
            };
        }
        Answer::Value(self.value(&expr, diags))
    }

    fn value(&self, expr: &Expr, diags: &mut Diagnostics) -> Value {
        let mut own = Diagnostics::new();
        let value = eval::evaluate(expr, self.scope, &mut own);
        for mut diagnostic in own.iter().cloned() {
            let name = diagnostic.span.and_then(|at| self.context.sources.text(at));
            if diagnostic.topic == Some(Topic::NoFunction) && name.is_some_and(is_type) {
                diagnostic.summary = "Invalid use of type function".to_owned();
                diagnostic.detail = "type() of the console must stand alone, not in another expression.".to_owned();
            }
            diags.push(diagnostic);
        }
        value
    }
}

/// The next line of standard input.
async fn line() -> Result<Option<String>, Diagnostic> {
    let read = || {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|read| (read > 0).then_some(line))
    };
    beside(read)
        .await
        .unwrap_or(Ok(None))
        .map_err(|error| Diagnostic::error("Unreadable input", format!("The standard input cannot be read: {error}.")))
}

/// The function that the console alone has.
fn is_type(name: &str) -> bool {
    matches!(name, "type" | "core::type")
}

/// `type(...)`, also in parentheses or as the only thing in a string, as Terraform lets it stand.
fn type_call(expr: &Expr) -> Option<&Call> {
    match &expr.kind {
        ExprKind::Call(call) if is_type(&call.name) => Some(call),
        ExprKind::Paren(inner) => type_call(inner),
        ExprKind::Template(parts) => match parts.as_ref() {
            [TemplatePart::Interpolation(inner)] => type_call(inner),
            _ => None,
        },
        _ => None,
    }
}
