//! What README and docs show is what happens.

use crate::fleet::Fleet;
use crate::scenarios::{by_address, difference, normalise};
use podform::schema::ALL;
use regex::Regex;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn path(page: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(page)
}

fn text(page: &str) -> String {
    fs::read_to_string(path(page)).unwrap()
}

/// Pages with transcripts, and how many they have at least.
const TRANSCRIPTS: [(&str, usize); 6] = [
    ("README.md", 5),
    ("docs/first-machine.md", 3),
    ("docs/keys.md", 1),
    ("docs/variables.md", 1),
    ("docs/editors.md", 1),
    ("docs/from-terraform.md", 1),
];

/// The bodies of the blocks of one language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let pattern = Regex::new(&format!("(?ms)^```{language}\n(.*?)^```$")).unwrap();
    pattern.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
}

/// A shell line in the directory that a page is about, which is the home of who reads it; `podform` is the program. Both streams,
/// and the exit code.
fn shell(fleet: &Fleet, line: &str) -> (String, Option<i32>) {
    let program = Path::new(env!("CARGO_BIN_EXE_podform"));
    let search = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {line}")])
        .current_dir(fleet.path())
        .env_clear()
        .env("HOME", fleet.path())
        .env("PATH", format!("{}:{search}", program.parent().unwrap().display()))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    (told.replace(&fleet.path().display().to_string(), "/home/ann"), output.status.code())
}

/// Without what depends on which of two machines is faster: order of progress, numbers of machines, times, and what they have cost.
fn comparable(text: &str) -> String {
    let numbers = Regex::new(r"\b1082\d\d\b").unwrap();
    let balance = Regex::new(r"Balance: \$[0-9.]+").unwrap();
    let age = Regex::new(r" +[0-9]+s +").unwrap();
    let text = balance.replace_all(text, "Balance: AMOUNT");
    let text = age.replace_all(&text, " AGE ");
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

/// Types the transcripts of a page, each page in a copy of its own. The page as it would be with what is answered.
fn typed(page: &str) -> String {
    let text = text(page);
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
    told
}

#[test]
fn transcripts_show_what_happens() {
    for (page, least) in TRANSCRIPTS {
        let (text, told) = (text(page), typed(page));
        if told != text {
            assert!(std::env::var_os("UPDATE_GOLDEN").is_some(), "{page}: {}", difference(&text, &told));
            fs::write(path(page), told).unwrap();
        }
        assert!(blocks(&text, "console").len() >= least, "{page} shows too little");
    }
}

/// A page that shows a command without typing it would not be kept true.
#[test]
fn no_other_page_has_transcripts() {
    for entry in fs::read_dir(path("docs")).unwrap().map(Result::unwrap) {
        let page = format!("docs/{}", entry.file_name().to_str().unwrap());
        if page.ends_with(".md") && !TRANSCRIPTS.iter().any(|(known, _)| *known == page) {
            assert!(blocks(&text(&page), "console").is_empty(), "{page}");
        }
    }
}

/// Every title is one that the program says.
#[test]
fn troubleshooting_names_titles_that_there_are() {
    let mut sources = String::new();
    let mut directories = vec![path("src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            match entry.path() {
                path if path.is_dir() => directories.push(path),
                path if path.extension().is_some_and(|extension| extension == "rs") => {
                    sources.push_str(&fs::read_to_string(path).unwrap());
                }
                _ => {}
            }
        }
    }
    let page = text("docs/troubleshooting.md");
    let titles: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).skip(1).collect();
    let unknown: Vec<&&str> = titles.iter().filter(|title| !sources.contains(&format!("\"{title}\""))).collect();
    assert!(titles.len() > 30 && unknown.is_empty(), "{unknown:?}");
}

#[test]
fn two_commands_are_enough() {
    let text = text("README.md");
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
    let text = text("docs/resources.md");
    for schema in ALL {
        let start =
            text.find(&format!("## `{}`", schema.block_type())).unwrap_or_else(|| panic!("no {}", schema.block_type()));
        let chapter = &text[start..];
        let chapter = &chapter[..chapter[3..].find("\n#").map_or(chapter.len(), |end| end + 3)];
        let blocks = schema.blocks.iter().flat_map(|block| block.attributes.iter().map(|attribute| attribute.name));
        let names = schema.attributes.iter().map(|attribute| attribute.name);
        let names = names.chain(schema.blocks.iter().map(|block| block.name)).chain(blocks);
        let missing: Vec<&str> = names.filter(|name| !chapter.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", schema.block_type());
    }
}

#[test]
fn every_exit_code_is_told() {
    let text = text("docs/commands.md");
    for code in ["0", "1", "2", "3", "4", "5", "6", "7", "130"] {
        assert!(text.contains(&format!("| {code} |")), "{code}");
    }
}
