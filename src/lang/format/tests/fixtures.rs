//! Recorded answers: `fixtures/*.txt`.
//!
//! A case is `=== NAME`, a text, a line `---`, and what `terraform fmt -` makes of it; "(refused)" where that is an
//! error. What would not be seen is written as a sign, see [`SIGNS`].
//!
//! `UPDATE_ORACLE=1 cargo test --lib answers_as_terraform_fmt` asks the installed `terraform` again.

use super::random::{Random, file};
use super::{formatted, oracle};
use std::path::{Path, PathBuf};

const SIGNS: [(char, char); 4] = [('␍', '\r'), ('␉', '\t'), ('␠', ' '), ('␟', '\u{feff}')];
/// The text has no line end at its end.
const NO_LINE_END: &str = "␄\n";
const REFUSED: &str = "(refused)";

/// The cases where Terraform's answer is not ours, and ours; the reason stands in `rewrite.rs`.
const ON_PURPOSE: [(&str, &str); 9] = [
    ("a label with a lone sign", "resource \"a$b\" \"c%\" {}\n"),
    ("a label with an escaped sign", "resource \"a$${b}\" \"c\" {}\n"),
    ("a comment before an unwrapped value", "a = ( # c\nb)\n"),
    ("an operator on the next line", "a = ((b)\n+ (c))\n"),
    ("an unwrapped comment in a block of one line", "a { b = (c # d\n) }\n"),
    ("an unwrapped heredoc in a block of one line", "a { b = \"${<<X\n1\nX\n}\" }\n"),
    ("an unwrapped heredoc before a comment", "a = \"${<<X\n1\nX\n}\" # c\n"),
    ("an unwrapped heredoc at the end of the file", "a = \"${<<X\n1\nX\n}\""),
    ("an unwrapped heredoc behind an operator", "a = \"${b +\n  <<X\n1\nX\n}\"\n"),
];

struct Case {
    name: String,
    text: String,
    answer: String,
}

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lang/format/fixtures");
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn cases(file: &Path) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut in_answer = false;
    for line in std::fs::read_to_string(file).unwrap().split_inclusive('\n') {
        match (line.strip_prefix("=== "), cases.last_mut()) {
            (Some(name), _) => {
                cases.push(Case { name: name.trim_end().to_owned(), text: String::new(), answer: String::new() });
                in_answer = false;
            }
            (None, Some(_)) if line == "---\n" => in_answer = true,
            (None, Some(case)) if in_answer => case.answer.push_str(line),
            (None, Some(case)) => case.text.push_str(line),
            (None, None) => panic!("{}: a case starts with its name", file.display()),
        }
    }
    cases
}

/// From signs to what they stand for.
fn read(text: &str) -> String {
    SIGNS.iter().fold(text.replace(NO_LINE_END, ""), |text, (sign, letter)| text.replace(*sign, &letter.to_string()))
}

fn write(text: &str) -> String {
    let mut written = String::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        let kept = content.trim_end_matches(' ');
        written.push_str(kept);
        written.extend(std::iter::repeat_n('␠', content.len() - kept.len()));
        written.push_str(&line[content.len()..]);
    }
    if !text.ends_with('\n') {
        written.push_str(NO_LINE_END);
    }
    SIGNS
        .iter()
        .filter(|(_, letter)| *letter != ' ')
        .fold(written, |text, (sign, letter)| text.replace(*letter, &sign.to_string()))
}

fn answer(formatted: Option<String>) -> String {
    formatted.map_or_else(|| format!("{REFUSED}\n"), |formatted| write(&formatted))
}

#[test]
fn answers_as_terraform_fmt() {
    let update = std::env::var_os("UPDATE_ORACLE").is_some();
    let (mut asked, mut wrong) = (0, Vec::new());
    for file in files() {
        let mut cases = cases(&file);
        let texts: Vec<String> = cases.iter().map(|case| read(&case.text)).collect();
        if update {
            let answers = oracle::ask(&texts);
            cases.iter_mut().zip(answers).for_each(|(case, theirs)| case.answer = answer(theirs));
            let written: String =
                cases.iter().map(|case| format!("=== {}\n{}---\n{}", case.name, case.text, case.answer)).collect();
            std::fs::write(&file, written).unwrap();
        }
        for (case, text) in cases.iter().zip(&texts) {
            asked += 1;
            let ours = answer(formatted(text));
            let known = ON_PURPOSE.iter().find(|(name, _)| *name == case.name);
            let expected = known.map_or(case.answer.clone(), |(_, ours)| write(ours));
            if ours != expected || known.is_some() && ours == case.answer {
                let file = file.file_name().unwrap().to_string_lossy();
                wrong.push(format!(
                    "==== {file}: {}\n{}---- expected\n{expected}---- given\n{ours}",
                    case.name, case.text
                ));
            }
        }
    }
    assert!(asked > 300);
    assert!(wrong.is_empty(), "{} of {asked} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Adds random files to the recorded ones: `cargo test --lib writes_new_random_cases -- --ignored`, with `UPDATE_ORACLE=1`
/// for the next run of the test above.
#[test]
#[ignore = "writes fixtures"]
fn writes_new_random_cases() {
    let mut cases = String::new();
    let mut seed = 0;
    for number in 1..=120 {
        let text = loop {
            seed += 1;
            let text = file(&mut Random::new(seed));
            if (80..400).contains(&text.len()) && formatted(&text).is_some() {
                break text;
            }
        };
        cases.push_str(&format!("=== random {number}\n{}---\n", write(&text)));
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lang/format/fixtures");
    std::fs::write(directory.join("random.txt"), cases).unwrap();
}
