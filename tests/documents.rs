//! What documents promise: every reference of the code to the API sheet resolves, and so does every link between documents.

use regex::Regex;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(directory: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

#[test]
fn every_reference_to_the_api_sheet_resolves() {
    let sheet = fs::read_to_string(root().join("docs/simplepod-api.md")).unwrap();
    let section = Regex::new(r"§(\d+(?:\.\d+)?)").unwrap();
    let point = Regex::new(r"\((C\d+)\)").unwrap();
    let mut sources = Vec::new();
    for directory in ["src", "tests", "benches"] {
        files(&root().join(directory), ".rs", &mut sources);
    }
    let mut seen = 0;
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| line.contains("API sheet")) {
            for found in section.captures_iter(line) {
                seen += 1;
                let (whole, part) = (format!("\n## {}. ", &found[1]), format!("\n### {} ", &found[1]));
                assert!(
                    sheet.contains(&whole) || sheet.contains(&part),
                    "{}: §{} of {line}",
                    path.display(),
                    &found[1]
                );
            }
        }
        for found in point.captures_iter(&text) {
            seen += 1;
            assert!(sheet.contains(&format!("| {} |", &found[1])), "{}: {}", path.display(), &found[1]);
        }
        assert!(
            !text.contains(concat!("design", ", section")),
            "{}: refers to a page that is not here",
            path.display()
        );
    }
    assert!(seen > 50, "only {seen} references were found");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]+)(?:#[^)]*)?\)").unwrap();
    let mut documents = vec![root().join("README.md"), root().join("CONTRIBUTING.md"), root().join("CHANGELOG.md")];
    files(&root().join("docs"), ".md", &mut documents);
    files(&root().join("state"), ".md", &mut documents);
    for path in documents {
        let text = fs::read_to_string(&path).unwrap();
        for found in link.captures_iter(&text).filter(|found| !found[1].contains("://")) {
            let there = path.parent().unwrap().join(&found[1]);
            assert!(there.exists(), "{}: {} does not exist", path.display(), &found[1]);
        }
    }
}

/// The table of rooms in the architecture names exactly the rooms of `lib.rs`.
#[test]
fn the_architecture_names_every_room() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let map = page.split("## The words").next().unwrap();
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let named = |text: &str, pattern: &str| {
        let names = Regex::new(pattern).unwrap();
        let mut all: Vec<String> = names.captures_iter(text).map(|found| found[1].to_owned()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let rows: String = map.lines().filter(|line| line.starts_with("| ")).map(|line| format!("{line}\n")).collect();
    let rooms: String = rows.lines().filter_map(|row| row.split('|').nth(2)).collect();
    assert_eq!(named(&rooms, r"`([a-z_]+)`"), named(&lib, r"(?m)^pub mod ([a-z_]+);"));
}
