//! Asks the installed `terraform`: with its own words for ours, and the places of its answers in our text.

use super::case::{Case, Told, told};
use std::collections::HashMap;
use std::process::Command;

/// Ours, and Terraform's.
const WORDS: [(&str, &str); 7] = [
    ("simplepod_template_group", "terraform_data"),
    ("simplepod_instance", "terraform_data"),
    ("name       = \"lab\"", "triggers_replace = \"lab\""),
    ("image_name", "input"),
    ("podform {", "terraform {"),
    ("podform.", "terraform."),
    ("\"simplepod\"", "\"terraform\""),
];

/// A text in Terraform's words, and where each word stands: start and end there, start and end here.
fn translated(text: &str) -> (String, Vec<[usize; 4]>) {
    let (mut out, mut words, mut at) = (String::new(), Vec::new(), 0);
    while let Some(c) = text[at..].chars().next() {
        match WORDS.iter().find(|(ours, _)| text[at..].starts_with(ours)) {
            Some((ours, theirs)) => {
                words.push([out.len(), out.len() + theirs.len(), at, at + ours.len()]);
                out.push_str(theirs);
                at += ours.len();
            }
            None => {
                out.push(c);
                at += c.len_utf8();
            }
        }
    }
    (out, words)
}

/// The place here of a byte there.
fn back(words: &[[usize; 4]], byte: usize, is_end: bool) -> usize {
    let mut moved = byte;
    for &[start, end, our_start, our_end] in words {
        if byte <= start {
            break;
        }
        moved = if byte < end { if is_end { our_end } else { our_start } } else { our_end + (byte - end) };
    }
    match words.iter().find(|[start, ..]| *start == byte) {
        Some([.., our_start, _]) => *our_start,
        None => moved,
    }
}

/// Severity, place, summary and values of what Terraform says of a case.
pub fn ask(case: &Case) -> Vec<Told> {
    let folder = tempfile::tempdir().unwrap();
    let texts: HashMap<&str, (&str, Vec<[usize; 4]>)> =
        case.files.iter().map(|(path, text)| (path.as_str(), (text.as_str(), translated(text).1))).collect();
    case.write(folder.path(), |path, text| (path.replace(".hcl", ".tf"), translated(text).0));
    let (command, rest) = case.command.split_once(' ').unwrap_or((&case.command, ""));
    if command != "init" {
        modules(case, folder.path());
    }
    let mut terraform = Command::new("terraform");
    terraform.args([command, "-json"]).args(rest.split_whitespace());
    if command == "plan" {
        terraform.arg("-input=false");
    }
    let output = terraform
        .current_dir(folder.path())
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .output()
        .expect("terraform is not installed");
    let position = |(file, byte, is_end): (&str, u64, bool), _| {
        let (text, words) = texts.get(file)?;
        let before = text.get(..back(words, usize::try_from(byte).ok()?, is_end))?;
        let column = before.rsplit('\n').next()?.chars().count() + 1;
        Some((before.matches('\n').count() as u64 + 1, column as u64))
    };
    let mut found = told(&String::from_utf8(output.stdout).unwrap(), &position, &|path| path.replace(".tf", ".hcl"));
    for told in &mut found {
        told.head =
            told.head.replace("terraform_data", "simplepod_template_group").replace("\"terraform\"", "\"podform\"");
        told.detail = String::new();
        for value in &mut told.values {
            *value = value.replace("terraform_data", "simplepod_template_group").replace(".input ", ".image_name ");
        }
    }
    found
}

/// What `init` would write: every directory is a module.
fn modules(case: &Case, folder: &std::path::Path) {
    let mut entries = vec![serde_json::json!({ "Key": "", "Source": "", "Dir": "." })];
    for (path, _) in &case.files {
        let Some((dir, _)) = path.rsplit_once('/') else { continue };
        let name = dir.rsplit('/').next().unwrap_or(dir);
        let entry = serde_json::json!({ "Key": dir.replace('/', "."), "Source": format!("./{name}"), "Dir": dir });
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    let target = folder.join(".terraform/modules");
    std::fs::create_dir_all(&target).unwrap();
    std::fs::write(target.join("modules.json"), serde_json::json!({ "Modules": entries }).to_string()).unwrap();
}
