//! Templates in files and in text.

use super::CallError;
use super::filesystem::read_text;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use crate::diag::{Diagnostic, Diagnostics, Severity, Sources, Span};
use crate::lang::ast::{Expr, ExprKind};
use crate::lang::eval::evaluate_in;
use crate::lang::parse::parse_template;
use crate::lang::reference::{Effects, Scope, Subject};
use crate::lang::resolve::roots;
use crate::lang::types::Type;
use crate::lang::value::Value;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    function("templatefile", &[param("path", Shape::String), param("vars", Shape::Any)], Shape::Any, |args| {
        let template = read_text(args)?;
        render(args, args.text(0), &template)
    }),
    function("templatestring", &[param("template", Shape::String), param("vars", Shape::Any)], Shape::String, |args| {
        render(args, "<templatestring argument>", args.text(0))
    }),
];

fn render(args: &Args<'_>, name: &str, template: &str) -> Outcome {
    if args.effects.in_template() {
        let message = "cannot recursively call a template function from inside another template function";
        return Err(CallError::call(message));
    }
    let vars = args.at(1);
    let Some(entries) = vars.as_entries() else {
        return Err(CallError::argument(1, "invalid vars value: must be a map"));
    };
    for name in entries.keys() {
        let mut chars = name.chars();
        let starts = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
        if !starts || !chars.all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
            let message = format!(
                "invalid template variable name {name:?}: must start with a letter, followed by zero or more letters, \
                 digits, and underscores"
            );
            return Err(CallError::argument(1, message));
        }
    }
    let mut sources = Sources::default();
    let file = sources.add(name, template);
    let mut diags = Diagnostics::new();
    let expr = parse_template(file, template, &mut diags);
    let place = |span: Span| {
        let ((line, column), (_, end)) = (sources.position(file, span.start), sources.position(file, span.end));
        format!("{name}:{line},{column}-{end}")
    };
    let fault = |diagnostic: &Diagnostic| {
        let at = diagnostic.span.map_or_else(|| name.to_owned(), place);
        CallError::text(format!("{at}: {}; {}", diagnostic.summary, diagnostic.detail))
    };
    let first_error = |diags: &Diagnostics| diags.iter().find(|d| d.severity == Severity::Error).map(fault);
    if let Some(error) = first_error(&diags) {
        return Err(error);
    }
    let Some(expr) = expr else { return Err(CallError::argument(0, "not a template")) };
    for root in roots(&expr) {
        if let Expr { kind: ExprKind::Variable(missing), span } = root.traversal().0
            && !entries.contains_key(missing)
        {
            let message = format!("vars map does not contain key \"{missing}\", referenced at {}", place(*span));
            return Err(CallError::argument(1, message));
        }
    }
    let bindings: Vec<(Arc<str>, Value)> =
        entries.iter().map(|(name, value)| (name.clone(), value.clone().marked(vars.marks))).collect();
    let rendered = evaluate_in(&expr, &Template { effects: args.effects }, &bindings, &mut diags);
    if let Some(error) = first_error(&diags) {
        return Err(error);
    }
    Ok(rendered.marked(vars.marks))
}

/// Where only the variables of the template are known: they are bound, so that nothing is asked of the scope.
struct Template<'a> {
    effects: &'a dyn Effects,
}

impl Scope for Template<'_> {
    fn value(&self, subject: &Subject, span: Span, diags: &mut Diagnostics) -> Value {
        let detail = format!("{subject:?} is not known in a template");
        diags.push(Diagnostic::error("Invalid reference", detail).at(span));
        Value::unknown(Type::Dynamic)
    }

    fn effects(&self) -> &dyn Effects {
        self
    }
}

impl Effects for Template<'_> {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        self.effects.read_file(path)
    }

    fn file_exists(&self, path: &str) -> Result<bool, String> {
        self.effects.file_exists(path)
    }

    fn fileset(&self, path: &str, pattern: &str) -> Result<Vec<String>, String> {
        self.effects.fileset(path, pattern)
    }

    fn absolute(&self, path: &str) -> Result<String, String> {
        self.effects.absolute(path)
    }

    fn home(&self) -> Option<String> {
        self.effects.home()
    }

    fn now(&self) -> Option<String> {
        self.effects.now()
    }

    fn plan_time(&self) -> Option<String> {
        self.effects.plan_time()
    }

    fn random(&self) -> Option<[u8; 16]> {
        self.effects.random()
    }

    fn in_template(&self) -> bool {
        true
    }

    fn is_untrusted(&self) -> bool {
        self.effects.is_untrusted()
    }
}
