//! The language against Terraform: expressions with the recorded answers of `terraform console`.
//!
//! A case of `tests/language/cases/*.txt` is an expression and its answer:
//!
//! ```text
//! > [1, "a"]
//! | further lines of the expression, where it has any
//! [
//!   1,
//!   "a",
//! ]
//! : tuple([number,string])
//! ```
//!
//! The answer is what the console prints; `: ` is its type, where the answer does not show it. `Error: SUMMARY` means
//! that the expression must fail, and with this summary; with words behind that, those are compared too (what Terraform
//! said where our words are the same; it also suggests fewer names). `json EXPRESSION` is one of a JSON file. `␍` stands for a carriage return. Names come from
//! `tests/language/scope`.
//! `UPDATE_ORACLE=all` asks the installed `terraform` for every answer again, `UPDATE_ORACLE=new` for those that are
//! missing. `differences.txt` lists what we answer otherwise, and `summaries.txt` the errors that have another
//! summary here, both with the reason; what is listed there and agrees fails.

#[path = "language/ask.rs"]
mod ask;
#[path = "language/printed.rs"]
mod printed;

use podform::diag::{Diagnostics, Sources, Span};
use podform::lang::{Effects, Scope, Subject, Type, Value};
use podform::lang::{ast::Expr, eval, parse, type_expr};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One expression with its recorded answer.
pub struct Case {
    pub expression: String,
    pub answer: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language")
}

/// Where the names of the corpus are declared, and the files that its functions read.
fn scope() -> PathBuf {
    folder().join("scope")
}

/// The cases of every file of the corpus, each file with its first lines.
fn corpus() -> BTreeMap<PathBuf, (String, Vec<Case>)> {
    let entries = std::fs::read_dir(folder().join("cases")).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let text = format!("\n{}", std::fs::read_to_string(&path).unwrap()).replace('␍', "\r");
            let mut parts = text.split("\n> ");
            let head = parts.next().unwrap_or_default().trim().to_owned();
            (path, (head, parts.map(case).collect()))
        })
        .collect()
}

fn case(text: &str) -> Case {
    let mut lines = text.split('\n');
    let mut expression = lines.next().unwrap_or_default().to_owned();
    let mut answer: Vec<&str> = Vec::new();
    for line in lines {
        match line.strip_prefix("| ").or_else(|| (line == "|").then_some("")) {
            Some(more) if answer.is_empty() => {
                expression.push('\n');
                expression.push_str(more);
            }
            _ => answer.push(line),
        }
    }
    Case { expression, answer: answer.join("\n").trim_end_matches('\n').to_owned() }
}

/// What `main.tf` declares: variables without a value are unknown.
#[derive(Default)]
struct Names {
    values: BTreeMap<String, Value>,
    locals: BTreeMap<Arc<str>, Arc<Expr>>,
}

impl Names {
    fn read() -> Names {
        let text = std::fs::read_to_string(scope().join("main.tf")).unwrap();
        let mut diags = Diagnostics::new();
        let body = parse::parse_body(Sources::default().add("main.tf", text.as_str()), &text, &mut diags);
        let mut names = Names::default();
        for block in body.blocks.iter().filter(|block| &*block.kind == "variable") {
            let given = |name: &str| block.body.attributes.iter().find(|attribute| &*attribute.name == name);
            let ty =
                given("type").map_or(Type::Dynamic, |ty| type_expr::parse_constraint(&ty.expr, &mut diags).to_type());
            let mut value = match given("default") {
                Some(default) => {
                    podform::lang::convert::convert(&eval::evaluate(&default.expr, &names, &mut diags), &ty).unwrap()
                }
                None => Value::unknown(ty),
            };
            value.marks.sensitive = given("sensitive").is_some();
            value.marks.ephemeral = given("ephemeral").is_some();
            names.values.insert(format!("var.{}", block.labels[0].text), value);
        }
        for block in body.blocks.iter().filter(|block| &*block.kind == "locals") {
            names.locals.extend(block.body.attributes.iter().map(|local| (local.name.clone(), local.expr.clone())));
        }
        assert!(!diags.has_errors(), "{diags:?}");
        names
    }
}

impl Scope for Names {
    fn value(&self, subject: &Subject, span: Span, diags: &mut Diagnostics) -> Value {
        let found = match subject {
            Subject::Variable(name) => self.values.get(&format!("var.{name}")).cloned(),
            Subject::Local(name) => self.locals.get(name).map(|expr| eval::evaluate(expr, self, diags)),
            Subject::Podform(_) => Some(Value::string("default")),
            Subject::Path(_) => Some(Value::string(".")),
            _ => None,
        };
        found.unwrap_or_else(|| {
            let summary = match subject {
                Subject::Variable(_) => "Reference to undeclared input variable",
                Subject::Local(_) => "Reference to undeclared local value",
                Subject::Module(_) => "Reference to undeclared module",
                Subject::Resource(..) => "Reference to undeclared resource",
                Subject::CountIndex => "Reference to \"count\" in non-counted context",
                Subject::EachKey => "Reference to \"each\" in context without for_each",
                Subject::EachValue => "each.value cannot be used in this context",
                Subject::SelfObject => "Invalid \"self\" reference",
                Subject::Path(_) | Subject::Podform(_) => unreachable!("found above"),
            };
            diags.push(podform::diag::Diagnostic::error(summary, "").at(span));
            Value::unknown(Type::Dynamic)
        })
    }

    fn effects(&self) -> &dyn Effects {
        self
    }
}

impl Effects for Names {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(scope().join(path)).map_err(|error| error.to_string())
    }
    fn file_exists(&self, path: &str) -> Result<bool, String> {
        podform::session::LocalEffects::planning().file_exists(&scope().join(path).to_string_lossy())
    }
    fn fileset(&self, path: &str, pattern: &str) -> Result<Vec<String>, String> {
        podform::session::LocalEffects::planning().fileset(&scope().join(path).to_string_lossy(), pattern)
    }
    fn absolute(&self, path: &str) -> Result<String, String> {
        Ok(scope().join(path).to_string_lossy().into_owned())
    }
    fn home(&self) -> Option<String> {
        Some("/home/me".into())
    }
    fn now(&self) -> Option<String> {
        None
    }
    fn plan_time(&self) -> Option<String> {
        Some("2026-01-01T00:00:00Z".into())
    }
    fn random(&self) -> Option<[u8; 16]> {
        Some([7; 16])
    }
}

/// Our answer, in the same form.
fn ours(expression: &str, names: &Names) -> String {
    let mut diags = Diagnostics::new();
    let file = Sources::default().add("console", expression);
    let value = match expression.contains(['\n', '\r']) {
        _ if ask::json(expression).is_some() => json(expression, &mut diags),
        // An expression of several lines is the value of an attribute.
        true => {
            let text = format!("case = {expression}\n");
            let body = parse::parse_body(Sources::default().add("case", text.as_str()), &text, &mut diags);
            let found = body.attributes.first().map(|case| case.expr.clone());
            found.filter(|_| body.attributes.len() == 1 && body.blocks.is_empty())
        }
        false => parse::parse_expr(file, expression, &mut diags).map(Arc::new),
    };
    // What cannot be read is not evaluated.
    let value = value.filter(|_| !diags.has_errors()).map(|expr| eval::evaluate(&expr, names, &mut diags));
    // As they are told.
    let diags = diags.in_source_order();
    match (diags.iter().find(|diagnostic| diagnostic.severity == podform::diag::Severity::Error), value) {
        (Some(first), _) => format!("Error: {}: {}", first.summary, first.detail),
        (None, None) => "Error".into(),
        (None, Some(value)) => printed::with_type(&value),
    }
}

/// The expression of a JSON file that gives it to a local value.
fn json(expression: &str, diags: &mut Diagnostics) -> Option<Arc<Expr>> {
    const FILE: parse::Shape =
        parse::Shape { blocks: &[("locals", 0, &parse::Shape::ARGUMENTS)], ..parse::Shape::ARGUMENTS };
    let text = format!("{{\"locals\": {{\"case\": {}}}}}", ask::json(expression)?);
    let body = parse::parse_json_body(Sources::default().add("case", text.as_str()), &text, &FILE, diags);
    body.blocks.first()?.body.attributes.first().map(|case| case.expr.clone())
}

fn agrees(recorded: &str, given: &str) -> bool {
    match recorded.strip_prefix("Error: ") {
        Some(summary) if !summary.contains(": ") => given.starts_with(&format!("{recorded}: ")),
        _ => recorded.split(" Did you mean").next() == given.split(" Did you mean").next(),
    }
}

/// The expressions of a list of differences.
fn listed(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder().join(file)).unwrap().replace('␍', "\r");
    format!("\n{text}").split("\n> ").skip(1).map(|text| case(text).expression).collect()
}

#[test]
fn answers_as_terraform_does() {
    let update = std::env::var("UPDATE_ORACLE").unwrap_or_default();
    let mut corpus = corpus();
    if !update.is_empty() {
        for (path, (head, cases)) in &mut corpus {
            ask::answers(cases, update == "all", &scope());
            std::fs::write(path, ask::written(head, cases)).unwrap();
        }
    }
    let names = Names::read();
    let differences = listed("differences.txt");
    let summaries = listed("summaries.txt");
    let (mut wrong, mut asked, mut met, mut seen) = (Vec::new(), 0, BTreeSet::new(), BTreeSet::new());
    for (path, (_, cases)) in &corpus {
        let file = path.file_name().unwrap().to_string_lossy();
        for case in cases {
            asked += 1;
            if !seen.insert(case.expression.clone()) {
                wrong.push(format!("{file}: twice: {}", case.expression));
            }
            let given = ours(&case.expression, &names);
            let agrees = agrees(&case.answer, &given);
            let both_fail = case.answer.starts_with("Error") && given.starts_with("Error");
            let other_summary = both_fail && summaries.contains(&case.expression);
            if other_summary || differences.contains(&case.expression) {
                met.insert(case.expression.clone());
                if agrees {
                    wrong.push(format!("{file}: listed as a difference, but agrees: {}", case.expression));
                }
            } else if !agrees {
                wrong
                    .push(format!("{file}\n> {}\n  Terraform: {}\n  ours:      {given}", case.expression, case.answer));
            }
        }
    }
    let listed = || differences.iter().chain(&summaries);
    wrong.extend(
        listed()
            .filter(|expression| !met.contains(*expression))
            .map(|expression| format!("listed, and no such case: {expression}")),
    );
    assert!(wrong.is_empty(), "{} of {asked} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked >= 1500, "{asked} cases");
    for listed in [&differences, &summaries] {
        assert!(listed.len() * 200 <= asked, "more than half a percent differs");
    }
}
