//! Asks the installed `terraform` for the answers of expressions: one console for each, a few side by side, and one for
//! what it says of all those that fail.

use super::Case;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

/// Fills in the answers, of all cases or of those that have none.
pub fn answers(cases: &mut [Case], all: bool, names: &Path) {
    values(cases, all, names);
    summaries(cases.iter_mut().filter(|case| case.answer == "Error").collect(), names);
}

fn values(cases: &mut [Case], all: bool, names: &Path) {
    let waiting: Mutex<Vec<&mut Case>> =
        Mutex::new(cases.iter_mut().filter(|case| all || case.answer.is_empty()).collect());
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                // A console locks its directory.
                let aside = tempfile::tempdir().unwrap();
                copy(names, aside.path());
                loop {
                    let next = waiting.lock().unwrap().pop();
                    let Some(case) = next else { return };
                    let answer = answer(&case.expression, aside.path());
                    // The words of an error are not asked for: they stay.
                    if answer != "Error" || !case.answer.starts_with("Error") {
                        case.answer = answer;
                    }
                }
            });
        }
    });
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Whether a console can be asked for it as it is.
fn is_line(expression: &str) -> bool {
    !expression.contains(['\n', '\r']) && json(expression).is_none()
}

/// An expression of a JSON file.
pub fn json(expression: &str) -> Option<&str> {
    expression.strip_prefix("json ")
}

/// A file that declares an expression as a local value, and its name.
fn declared(name: &str, expression: &str) -> (String, String) {
    match json(expression) {
        Some(json) => (format!("{name}.tf.json"), format!("{{\"locals\": {{\"{name}\": {json}}}}}\n")),
        None => (format!("{name}.tf"), format!("locals {{\n{name} = {expression}\n}}\n")),
    }
}

fn answer(expression: &str, folder: &Path) -> String {
    // The console takes a line: an expression of several is a local value.
    for old in ["case.tf", "case.tf.json"] {
        let _ = std::fs::remove_file(folder.join(old));
    }
    let asked = if is_line(expression) {
        expression
    } else {
        let (file, text) = declared("case", expression);
        std::fs::write(folder.join(file), text).unwrap();
        "local.case"
    };
    let Some(printed) = console(asked, folder) else { return "Error".into() };
    match printed.starts_with(['(', '[', '{', 't', 'n']) && printed != "true" {
        true => match console(&format!("type({asked})"), folder) {
            Some(ty) => format!("{printed}\n: {}", super::printed::compact_type(&ty)),
            None => printed,
        },
        false => printed,
    }
}

/// The summaries of errors. A console evaluates all local values of its directory before it takes a line, and tells what
/// is wrong with each of them. Where it cannot even read one it stops there: then it is asked again without it.
fn summaries(mut cases: Vec<&mut Case>, names: &Path) {
    let [aside, bare] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    copy(names, aside.path());
    copy(names, bare.path());
    for (at, case) in cases.iter().enumerate() {
        let (file, text) = declared(&format!("case{at}"), &case.expression);
        std::fs::write(aside.path().join(file), text).unwrap();
    }
    loop {
        let output = run("1", aside.path());
        let told = told(&String::from_utf8_lossy(&output.stderr));
        for (at, summary) in &told {
            let expression = cases[*at].expression.clone();
            std::fs::remove_file(aside.path().join(declared(&format!("case{at}"), &expression).0)).unwrap();
            // What cannot be read ends otherwise in a file than on a line.
            let line = !output.status.success() && is_line(&expression);
            cases[*at].answer = if line { alone(&expression, bare.path()) } else { format!("Error: {summary}") };
        }
        if told.is_empty() {
            return;
        }
    }
}

fn alone(expression: &str, folder: &Path) -> String {
    let output = run(expression, folder);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let summary = text.lines().find_map(|line| line.split_once("Error: "));
    summary.map_or("Error".to_owned(), |(_, summary)| format!("Error: {}", summary.trim()))
}

/// The first summary for each case.
fn told(text: &str) -> BTreeMap<usize, String> {
    let mut told = BTreeMap::new();
    for part in format!("\n{text}").split("\nError: ").skip(1) {
        let summary = part.lines().next().unwrap_or_default().trim().to_owned();
        let case = part.split_once("on case").and_then(|(_, rest)| rest.split_once(".tf")?.0.parse().ok());
        if let Some(case) = case {
            told.entry(case).or_insert(summary);
        }
    }
    told
}

fn console(line: &str, folder: &Path) -> Option<String> {
    let output = run(line, folder);
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.success() && !text.contains("Warning:")).then(|| text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

fn run(line: &str, folder: &Path) -> Output {
    let mut child = Command::new("terraform")
        .args(["console", "-no-color"])
        .current_dir(folder)
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("terraform is not installed");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{line}\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// A file of cases.
pub fn written(head: &str, cases: &[Case]) -> String {
    let mut text = head.to_owned();
    for case in cases {
        let expression = case.expression.replace('\n', "\n| ");
        text.push_str(&format!("\n> {expression}\n{}", case.answer));
    }
    format!("{}\n", text.trim_start_matches('\n')).replace('\r', "␍")
}
