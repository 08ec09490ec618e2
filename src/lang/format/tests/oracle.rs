//! Asks the real `terraform fmt`, where it is installed.

use super::formatted;
use super::random::{Random, file};
use super::spoiled::{mutated, soup};
use std::path::Path;
use std::process::{Command, Stdio};

/// What `terraform fmt` makes of each text; `None` for what it refuses.
pub(super) fn ask(texts: &[String]) -> Vec<Option<String>> {
    let directory = tempfile::tempdir().unwrap();
    let path = |number: usize| directory.path().join(format!("c{number}.tf"));
    for (number, text) in texts.iter().enumerate() {
        std::fs::write(path(number), text).unwrap();
    }
    let refused = refused(directory.path());
    (0..texts.len())
        .map(|number| {
            let name = format!("c{number}.tf");
            (!refused.contains(&name)).then(|| std::fs::read_to_string(path(number)).unwrap())
        })
        .collect()
}

fn refused(directory: &Path) -> std::collections::HashSet<String> {
    let answer = Command::new("terraform")
        .args(["fmt", "-no-color", "-list=false"])
        .current_dir(directory)
        .env("TF_CLI_CONFIG_FILE", directory.join("empty.tfrc"))
        .env("CHECKPOINT_DISABLE", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&answer.stderr).into_owned();
    assert!(!said.contains("panic"), "{said}");
    let place = regex::Regex::new(r"on (c\d+\.tf) line").unwrap();
    place.captures_iter(&said).map(|found| found[1].to_owned()).collect()
}

/// Where we differ on purpose, see `rewrite.rs`: Terraform's answer loses a label, or is no configuration any more.
fn is_on_purpose(text: &str, theirs: &str) -> bool {
    let label = regex::Regex::new(r#"(?m)^\s*[\w-]+[^=\n]*"[^"\n]*[$%][^"\n]*"[^=\n]*\{"#).unwrap();
    label.is_match(text) || formatted(theirs).is_none()
}

/// `FMT_CASES=20000 cargo test --lib random_files_are_formatted_as -- --ignored --nocapture`
#[test]
#[ignore = "needs terraform"]
fn random_files_are_formatted_as_terraform_does() {
    let wanted: u64 = std::env::var("FMT_CASES").map_or(3_000, |n| n.parse().unwrap());
    let seed: u64 = std::env::var("FMT_SEED").map_or(1, |n| n.parse().unwrap());
    let (mut asked, mut refused, mut on_purpose, mut wrong) = (0, 0, 0, Vec::new());
    while asked < wanted {
        let texts: Vec<String> = (0..500)
            .map(|number| {
                let mut random = Random::new(seed * 1_000_003 + asked + number);
                match number % 5 {
                    0..=2 => file(&mut random),
                    3 => {
                        let file = file(&mut random);
                        mutated(&file, &mut random)
                    }
                    _ => soup(&mut random),
                }
            })
            .collect();
        for (text, theirs) in texts.iter().zip(ask(&texts)) {
            asked += 1;
            refused += usize::from(theirs.is_none());
            let ours = formatted(text);
            if ours == theirs {
                continue;
            }
            match &theirs {
                Some(theirs) if ours.is_some() && is_on_purpose(text, theirs) => on_purpose += 1,
                _ => wrong.push((text.clone(), theirs, ours)),
            }
        }
        if wrong.len() > 20 {
            break;
        }
    }
    wrong.sort_by_key(|(text, ..)| text.len());
    for (text, theirs, ours) in wrong.iter().take(5) {
        println!("==== {text:?}\n{text}\n---- terraform\n{}\n---- ours\n{}", show(theirs), show(ours));
    }
    println!("{asked} asked, {refused} refused, {on_purpose} differ on purpose, {} differ", wrong.len());
    assert!(wrong.is_empty());
}

fn show(answer: &Option<String>) -> String {
    answer.clone().unwrap_or_else(|| "(refused)".to_owned())
}
