//! What the README shows is what happens.

use crate::fleet::Fleet;
use crate::scenarios::{by_address, difference, normalise};
use podform::schema::ALL;
use regex::Regex;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

fn readme() -> String {
    fs::read_to_string(path()).unwrap()
}

/// The bodies of the blocks of one language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let pattern = Regex::new(&format!("(?ms)^```{language}\n(.*?)^```$")).unwrap();
    pattern.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
}

/// A shell line in the directory that the README is about; `podform` is the program. Both streams, and the exit code.
fn shell(fleet: &Fleet, line: &str) -> (String, Option<i32>) {
    let program = Path::new(env!("CARGO_BIN_EXE_podform"));
    let search = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {line}")])
        .current_dir(fleet.path())
        .env_clear()
        .env("PATH", format!("{}:{search}", program.parent().unwrap().display()))
        .output()
        .unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

/// Without what depends on which of two machines is faster: order of progress, numbers of machines, times, and what they have cost.
fn comparable(text: &str) -> String {
    let numbers = Regex::new(r"\b1082\d\d\b").unwrap();
    let balance = Regex::new(r"Balance: \$[0-9.]+").unwrap();
    let text = balance.replace_all(text, "Balance: AMOUNT");
    let lines = text.split_inclusive('\n').filter(|line| !line.contains(": Still "));
    by_address(&normalise(&numbers.replace_all(&lines.collect::<String>(), "NUMBER")))
}

fn copy_of_the_project() -> Fleet {
    let fleet = Fleet::new(&[]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = Fleet::copy(&root.join("examples"));
    fs::create_dir(fleet.path().join("examples")).unwrap();
    for entry in fs::read_dir(examples.path()).unwrap().map(Result::unwrap) {
        fs::rename(entry.path(), fleet.path().join("examples").join(entry.file_name())).unwrap();
    }
    fleet
}

#[test]
fn the_tour_shows_what_happens() {
    let text = readme();
    let fleet = copy_of_the_project();
    let mut told = text.clone();
    for block in blocks(&text, "console") {
        let mut real = String::new();
        for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            real.push_str(&format!("$ {line}\n"));
            let (output, _) = shell(&fleet, line);
            real.push_str(&output.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>());
        }
        if comparable(block) != comparable(&real) {
            told = told.replacen(&format!("```console\n{block}```"), &format!("```console\n{real}```"), 1);
        }
    }
    if told != text {
        assert!(std::env::var_os("UPDATE_GOLDEN").is_some(), "{}", difference(&text, &told));
        fs::write(path(), told).unwrap();
    }
    assert!(blocks(&text, "console").len() >= 5, "the tour is too short");
}

#[test]
fn two_commands_are_enough() {
    let text = readme();
    let commands: Vec<&str> = blocks(&text, "sh").into_iter().flat_map(str::lines).collect();
    let [job, tests] = commands[..] else { panic!("two commands are expected: {commands:?}") };
    assert!(tests.starts_with("cargo test"), "{tests}");
    let arguments = job.strip_prefix("cargo run -- ").unwrap_or_else(|| panic!("{job}"));
    let fleet = copy_of_the_project();
    let (output, code) = shell(&fleet, &format!("podform {arguments}"));
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn the_reference_names_every_attribute() {
    let text = readme();
    for schema in ALL {
        let start = text
            .find(&format!("### `{}`", schema.block_type()))
            .unwrap_or_else(|| panic!("no {}", schema.block_type()));
        let chapter = &text[start..];
        let chapter = &chapter[..chapter[4..].find("\n#").map_or(chapter.len(), |end| end + 4)];
        let blocks = schema.blocks.iter().flat_map(|block| block.attributes.iter().map(|attribute| attribute.name));
        let names = schema.attributes.iter().map(|attribute| attribute.name);
        let names = names.chain(schema.blocks.iter().map(|block| block.name)).chain(blocks);
        let missing: Vec<&str> = names.filter(|name| !chapter.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", schema.block_type());
    }
}

#[test]
fn every_exit_code_is_told() {
    let text = readme();
    for code in ["0", "1", "2", "3", "4", "5", "6", "7", "130"] {
        assert!(text.contains(&format!("| {code} |")), "{code}");
    }
}
