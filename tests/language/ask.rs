//! Asks the installed `terraform` for the answers of expressions: one console for each, a few side by side.

use super::Case;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Fills in the answers, of all cases or of those that have none.
pub fn answers(cases: &mut [Case], all: bool, names: &Path) {
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

fn answer(expression: &str, folder: &Path) -> String {
    // The console takes a line: an expression of several is a local value.
    let several = folder.join("case.tf");
    let asked = if expression.contains(['\n', '\r']) {
        std::fs::write(&several, format!("locals {{\ncase = {expression}\n}}\n")).unwrap();
        "local.case"
    } else {
        let _ = std::fs::remove_file(&several);
        expression
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

fn console(line: &str, folder: &Path) -> Option<String> {
    let mut child = Command::new("terraform")
        .arg("console")
        .current_dir(folder)
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("terraform is not installed");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{line}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.success() && !text.contains("Warning:")).then(|| text.strip_suffix('\n').unwrap_or(&text).to_owned())
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
