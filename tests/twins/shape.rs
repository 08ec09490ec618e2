//! What of an answer is compared: each key with its type, and what is a fact of the story with its value.

pub mod message;
pub mod plan;

use regex::Regex;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Places, and what stands there.
pub type Shape = BTreeMap<String, String>;

/// The exit code of a command.
pub fn of_exit(answer: &Json) -> Shape {
    Shape::from([("exit".to_owned(), answer["exit"].to_string())])
}

/// Names of our kinds and of Terraform's are one, and so are the attributes that stand for each other.
fn neutral(text: &str) -> String {
    let kinds = ["simplepod_template_group", "simplepod_instance", "terraform_remote_state", "terraform_data"];
    let text = kinds.iter().fold(text.to_owned(), |text, kind| text.replace(kind, "KIND"));
    let text = text.replace("by Terraform", "by podform");
    let words = [(".input", ".name"), (".output", ".name"), (".triggers_replace", ".gpu_count")];
    words.iter().fold(text, |text, (theirs, ours)| text.replace(theirs, ours))
}

/// An attribute that stands for one of the other side, by our name; `None` for all others.
fn attribute(name: &str) -> Option<&'static str> {
    match name {
        "name" | "input" => Some("name"),
        "gpu_count" | "triggers_replace" => Some("gpu_count"),
        "id" => Some("id"),
        _ => None,
    }
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// The differences that are known, and those that were found.
pub struct Differences {
    known: Vec<Known>,
    found: BTreeSet<String>,
}

struct Known {
    line: String,
    pattern: Regex,
    was_met: bool,
}

impl Differences {
    /// Reads lines `+ PLACE` (only ours), `- PLACE` (only Terraform's) and `~ PLACE` (another type or value), where `*` is
    /// anything; ` @STORY` behind says where alone. An indented line below says why.
    pub fn read(text: &str) -> Self {
        let mut known = Vec::new();
        let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
        while let Some(line) = lines.next() {
            if line.starts_with(' ') {
                continue;
            }
            assert!(
                lines.peek().is_some_and(|why| why.starts_with("  ") || why.starts_with(['+', '-', '~'])),
                "no reason: {line}"
            );
            let line_anywhere = if line.contains(" @") { line.to_owned() } else { format!("{line} @*") };
            let pattern = format!("^{}$", regex::escape(&line_anywhere).replace(r"\*", ".*"));
            known.push(Known { line: line.to_owned(), pattern: Regex::new(&pattern).unwrap(), was_met: false });
        }
        Self { known, found: BTreeSet::new() }
    }

    /// Compares two answers to the same.
    pub fn compare(&mut self, place: &str, theirs: &Shape, ours: &Shape) {
        let places: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
        // What stands in something that only one of them has is told with it.
        let mut whole: Option<&String> = None;
        for at in places {
            if whole.is_some_and(|whole| at.starts_with(whole.as_str()) && at[whole.len()..].starts_with(['.', '['])) {
                continue;
            }
            whole = (theirs.contains_key(at) != ours.contains_key(at)).then_some(at);
            let (line, what) = match (theirs.get(at), ours.get(at)) {
                (None, Some(ours)) => (format!("+ {at}"), ours.clone()),
                (Some(theirs), None) => (format!("- {at}"), theirs.clone()),
                (Some(theirs), Some(ours)) if theirs != ours => (format!("~ {at}"), format!("{theirs} here {ours}")),
                _ => continue,
            };
            let told = format!("{line} @{}", place.split(' ').next().unwrap_or_default());
            let mut known = self.known.iter_mut().filter(|known| known.pattern.is_match(&told)).peekable();
            if known.peek().is_none() {
                self.found.insert(format!("{line} ({what}) in {place}"));
            }
            known.for_each(|known| known.was_met = true);
        }
    }

    /// What is not known; and what is known, where all stories were told, and stands nowhere.
    pub fn found(self, all: bool) -> Vec<String> {
        let stale = self.known.into_iter().filter(|known| all && !known.was_met);
        let stale = stale.map(|known| format!("{}: there is no such difference any more", known.line));
        self.found.into_iter().chain(stale).collect()
    }
}
