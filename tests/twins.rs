//! Terraform's plans and messages beside ours. Each story `tests/twins/NAME.txt` is told to both programs: the same
//! configuration, with Terraform's `terraform_data` for our kinds. What Terraform answered is recorded in
//! `tests/twins/NAME.json`; both answers are compared key by key. Where they differ stands in `tests/twins/differences.txt`,
//! with the reason.
//!
//! | head | body |
//! |---|---|
//! | `PATH` | a file of both; Terraform's is translated (see [`translated`]) |
//! | `podform PATH`, `terraform PATH` | a file of one of them |
//! | `$ ARGS` | what both do. Of `plan`, `apply` and `destroy` the messages are compared, and of `plan` the document; the others prepare |
//!
//! `UPDATE_ORACLE=1 cargo test twins` records anew what the installed Terraform answers; `TWIN=name` tells those whose name
//! contains it.

mod shape;

use crate::scenarios::podform;
use regex::Regex;
use serde_json::{Value as Json, json};
use shape::{Differences, message, plan};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::sync::Mutex;

/// Stories told at once.
const THREADS: usize = 2;

/// What a story says, in its order.
enum Part {
    File { side: Option<Side>, path: String, text: String },
    Run(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Terraform,
    Podform,
}

#[test]
fn plans_and_messages_are_terraforms() {
    let ask = std::env::var_os("UPDATE_ORACLE").is_some();
    assert!(!ask || std::env::var_os("CI").is_none(), "CI never rewrites what is expected");
    let wanted = std::env::var("TWIN").unwrap_or_default();
    let mut stories = stories();
    stories.retain(|path| path.to_string_lossy().contains(&wanted));
    let differences = Mutex::new(Differences::read(&fs::read_to_string(directory().join("differences.txt")).unwrap()));
    let (waiting, plans) = (Mutex::new(stories.iter()), Mutex::new(0));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().next();
                    let Some(path) = next else { return };
                    let told = one(path, ask, &differences);
                    *plans.lock().unwrap() += told;
                }
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    let found = differences.found(wanted.is_empty());
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
    let plans = plans.into_inner().unwrap();
    assert!(!wanted.is_empty() || plans >= 20, "only {plans} plans are compared");
}

/// Compares one story; how many plans it makes.
fn one(path: &Path, ask: bool, differences: &Mutex<Differences>) -> usize {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let parts = read(&fs::read_to_string(path).unwrap());
    let recorded = path.with_extension("json");
    if ask {
        let answers = tell(&parts, Side::Terraform);
        let lines: Vec<String> = answers.iter().map(ToString::to_string).collect();
        fs::write(&recorded, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
    }
    let text = fs::read(&recorded).unwrap_or_else(|why| panic!("{}: {why}", recorded.display()));
    let theirs: Vec<Json> = serde_json::from_slice(&text).unwrap();
    let ours = tell(&parts, Side::Podform);
    assert_eq!(theirs.len(), ours.len(), "{name}");
    let mut differences = differences.lock().unwrap();
    for (at, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        let place = format!("{name} {at} ({})", theirs["command"].as_str().unwrap_or_default());
        differences.compare(&place, &shape::of_exit(theirs), &shape::of_exit(ours));
        differences.compare(&place, &message::shape(&theirs["messages"]), &message::shape(&ours["messages"]));
        differences.compare(&place, &plan::shape(&theirs["plan"]), &plan::shape(&ours["plan"]));
    }
    ours.iter().filter(|answer| answer["plan"].is_object()).count()
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/twins")
}

fn stories() -> Vec<PathBuf> {
    let mut stories: Vec<PathBuf> = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
    stories.retain(|path| {
        path.extension().is_some_and(|extension| extension == "txt")
            && path.file_stem().is_some_and(|name| name != "differences")
    });
    stories.sort();
    stories
}

fn read(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for line in text.split_inclusive('\n') {
        let head = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        match (head, parts.last_mut()) {
            (Some(head), _) => parts.push(part(head)),
            (None, Some(Part::File { text, .. })) => text.push_str(line),
            (None, _) => {}
        }
    }
    parts
}

fn part(head: &str) -> Part {
    let file = |side, path: &str| Part::File { side, path: path.to_owned(), text: String::new() };
    match head.split_once(' ') {
        Some(("$", command)) => Part::Run(command.to_owned()),
        Some(("podform", path)) => file(Some(Side::Podform), path),
        Some(("terraform", path)) => file(Some(Side::Terraform), path),
        _ => file(None, head),
    }
}

/// What one of them answers to a story.
fn tell(parts: &[Part], side: Side) -> Vec<Json> {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    if side == Side::Podform {
        fs::write(at.join("fleet.hcl"), "podform {\n  fleet = \"twin\"\n}\n").unwrap();
    }
    let mut answers = Vec::new();
    let mut is_ready = false;
    for part in parts {
        match part {
            Part::File { side: Some(of), .. } if *of != side => {}
            Part::File { side: of, path, text } => {
                let (path, text) = match (side, of) {
                    (Side::Terraform, None) => (path.replace(".hcl", ".tf"), translated(text)),
                    _ => (path.clone(), text.clone()),
                };
                let path = at.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
                is_ready = false;
            }
            Part::Run(command) => {
                if side == Side::Terraform && !is_ready {
                    // A wrong configuration is told by the command as well.
                    run(side, at, &["init", "-input=false"]);
                    is_ready = true;
                }
                answers.extend(answer(side, at, command));
            }
        }
    }
    answers
}

fn answer(side: Side, at: &Path, command: &str) -> Option<Json> {
    let command = if side == Side::Terraform { translated(command) } else { command.to_owned() };
    let mut words: Vec<&str> = command.split(' ').collect();
    let verb = words[0].to_owned();
    match verb.as_str() {
        "plan" => words.extend(["-json", "-out=plan.saved"]),
        "apply" | "destroy" => {
            words.extend(["-json", "-auto-approve"]);
            if side == Side::Podform {
                words.extend(["--fault", "boot=0"]);
            }
        }
        _ => {
            let output = run(side, at, &words);
            assert!(output.status.success(), "{command}: {}", crate::fleet::text(&output));
            return None;
        }
    }
    let _ = fs::remove_file(at.join("plan.saved"));
    let output = run(side, at, &words);
    let text = String::from_utf8(output.stdout).unwrap();
    let messages: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let plan = match at.join("plan.saved").exists() {
        true => serde_json::from_slice(&run(side, at, &["show", "-json", "plan.saved"]).stdout).unwrap(),
        false => Json::Null,
    };
    Some(json!({ "command": command, "exit": output.status.code(), "messages": messages, "plan": plan }))
}

fn run(side: Side, at: &Path, words: &[&str]) -> Output {
    let mut command = match side {
        Side::Podform => {
            let mut command = podform();
            command.env("PODFORM_SANDBOX", "1");
            command
        }
        Side::Terraform => {
            let mut command = Command::new("terraform");
            command.env("CHECKPOINT_DISABLE", "1").env("TF_CLI_CONFIG_FILE", "/dev/null");
            command
        }
    };
    command.current_dir(at).args(words).output().unwrap()
}

/// A text in Terraform's words: `name` is what an object of `terraform_data` is given (`input`), `gpu_count` what replaces
/// it; what else our kinds need has no counterpart.
fn translated(text: &str) -> String {
    static WORDS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let word = |pattern: &str, by: &'static str| (Regex::new(pattern).unwrap(), by);
        vec![
            word(r"simplepod_(template_group|instance)", "terraform_data"),
            word(r"(?m)^ *(image_name|gpu_model|max_price_per_gpu|template_group) *=.*\n", ""),
            word(r"(?m)^( *)name( *=)", "${1}input$2"),
            word(r"(?m)^( *)gpu_count( *=)", "${1}triggers_replace$2"),
            word(r"(terraform_data\.\w+(?:\[[^\]]*\])?)\.name", "$1.input"),
            word(r"\bself\.name", "self.input"),
            word(r"ignore_changes = \[name\]", "ignore_changes = [input]"),
        ]
    });
    WORDS.iter().fold(text.to_owned(), |text, (word, by)| word.replace_all(&text, *by).into_owned())
}
