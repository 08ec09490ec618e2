//! The map in `src/lib.rs` holds: rooms import only from earlier rows or to their left, rows 0 to 4 are pure, files stay
//! short. Comments, strings and test code are not looked at (but for the length of files).

mod circles;

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Rows up to this one are pure.
const LAST_PURE_ROW: usize = 4;
/// Rooms that tell what happens as data, and leave it to the shell to draw it.
const UNDRAWN: [&str; 3] = ["refresh", "planning", "apply"];
/// The file that writes configuration with hcl-rs. The language is read by our own parser.
const WRITES_HCL: &str = "render/import_blocks.rs";
/// Lines at which a file is a fault.
const LONGEST: usize = 600;
/// Names that say nothing.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "helpers", "helper", "common", "misc"];
/// What only a program with effects names.
const EFFECTS: &str = r"\basync\b|\btokio\b|\bstd::fs\b|\bstd::env\b|\bstd::process\b|\bthread::sleep\b|\bSystemTime\b|\bInstant\b|\brand::|\bTcpStream\b|\bTcpListener\b|\bUdpSocket\b|\bToSocketAddrs\b|\bnew_v4\b|\bTimestamp::now\b|\bZoned::now\b";
/// What prints.
const PRINTS: &str = r"\b(?:e?print|e?println|dbg)!|\bstdout\(\)|\bstderr\(\)";

/// One source file, by its path below `src/`.
struct Source {
    path: String,
    text: String,
}

#[test]
fn the_house_stands() {
    let mut sources = Vec::new();
    read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").as_path(), "", &mut sources);
    assert!(sources.len() > 50, "only {} sources were found", sources.len());
    let mut faults = faults(&sources);
    faults.extend(circles::faults(&product(&sources)));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The code of what is no test, by its path.
fn product(sources: &[Source]) -> BTreeMap<&str, String> {
    let code: BTreeMap<&str, String> = sources.iter().map(|source| (&*source.path, code_of(&source.text))).collect();
    let tests = test_files(&code);
    code.into_iter()
        .filter(|(path, _)| !tests.contains(*path))
        .map(|(path, text)| (path, without_tests(&text)))
        .collect()
}

fn read(directory: &Path, prefix: &str, sources: &mut Vec<Source>) {
    let mut entries: Vec<_> = fs::read_dir(directory).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            read(&entry.path(), &format!("{path}/"), sources);
        } else if name.ends_with(".rs") {
            sources.push(Source { path, text: fs::read_to_string(entry.path()).unwrap() });
        }
    }
}

/// Room to (row, place in the row), as the table at the head of `lib.rs` says.
fn map_of(lib: &str) -> BTreeMap<String, (usize, usize)> {
    let row = Regex::new(r"^//! \| (\d) [a-z]+ \| (.*) \|$").unwrap();
    let room = Regex::new(r"\[`([a-z_:]+)`\]").unwrap();
    let mut map = BTreeMap::new();
    for line in lib.lines() {
        let Some(found) = row.captures(line) else { continue };
        for (place, name) in room.captures_iter(&found[2]).enumerate() {
            map.insert(name[1].to_owned(), (found[1].parse().unwrap(), place));
        }
    }
    map
}

fn faults(sources: &[Source]) -> Vec<String> {
    let Some(lib) = sources.iter().find(|source| source.path == "lib.rs") else {
        return vec!["there is no lib.rs".to_owned()];
    };
    let map = map_of(&lib.text);
    let code: BTreeMap<&str, String> = sources.iter().map(|source| (&*source.path, code_of(&source.text))).collect();
    let tests = test_files(&code);
    let mut faults = Vec::new();
    for declared in Regex::new(r"pub mod ([a-z_]+);").unwrap().captures_iter(&code["lib.rs"]) {
        if !map.contains_key(&declared[1]) {
            faults.push(format!("lib.rs: the room {} does not stand in the map", &declared[1]));
        }
    }
    for source in sources {
        let path = &*source.path;
        let lines = source.text.lines().count();
        if lines > LONGEST {
            faults.push(format!("{path}: {lines} lines, the most are {LONGEST}"));
        }
        for part in path.trim_end_matches(".rs").split('/') {
            if EMPTY_NAMES.contains(&part) {
                faults.push(format!("{path}: {part} is no name, it says nothing"));
            }
        }
        if tests.contains(path) || path == "lib.rs" {
            continue;
        }
        let code = without_tests(&code[path]);
        let room = room_of(&map, path.trim_end_matches(".rs").split('/'));
        let room = room.as_str();
        let place = if path == "main.rs" { Some(&(usize::MAX, 0)) } else { map.get(room) };
        let Some(place) = place else {
            faults.push(format!("{path}: the room {room} does not stand in the map of lib.rs"));
            continue;
        };
        for (line, named) in imports(path, &code) {
            let named = room_of(&map, named.split("::"));
            match map.get(&named) {
                _ if named == room => {}
                Some(_) if room == "sandbox" => {
                    faults
                        .push(format!("{path}:{line}: the sandbox imports nothing of the house, and this is {named}"));
                }
                Some(_) if UNDRAWN.contains(&room) && named == "render" => {
                    faults.push(format!("{path}:{line}: {room} tells data, and must not name render"));
                }
                Some(there) if there < place => {}
                Some(there) => faults
                    .push(format!("{path}:{line}: {room} (row {}) must not import {named} (row {})", place.0, there.0)),
                None => faults.push(format!("{path}:{line}: there is no room {named}")),
            }
        }
        let mut forbid = |pattern: &str, why: &str| {
            for found in Regex::new(pattern).unwrap().find_iter(&code) {
                faults.push(format!("{path}:{}: {} {why}", line_of(&code, found.start()), found.as_str()));
            }
        };
        if place.0 <= LAST_PURE_ROW {
            forbid(EFFECTS, "in a pure row");
        }
        if path != WRITES_HCL {
            forbid(r"\bhcl::", "where no configuration is written");
        }
        if room != "http" {
            forbid(r"\breqwest\b", "outside http");
        }
        if room != "cli" {
            forbid(PRINTS, "outside cli");
        }
        for inner in map.keys().filter_map(|other| other.strip_prefix(room)?.strip_prefix("::")) {
            forbid(&format!(r"\b{inner}::"), "in the room that it stands in, which is of an earlier row");
        }
        forbid(r"\.unwrap\(\)", "outside tests");
    }
    faults
}

/// The room of a file or a name: the one inside another where the map knows that.
fn room_of<'a>(map: &BTreeMap<String, (usize, usize)>, mut path: impl Iterator<Item = &'a str>) -> String {
    let outer = path.next().unwrap_or_default();
    let inner = path.next().map(|inner| format!("{outer}::{inner}"));
    inner.filter(|inner| map.contains_key(inner)).unwrap_or_else(|| outer.to_owned())
}

/// What code names from the root of the crate, with the line. `path` tells how many `super` lead there.
fn imports(path: &str, code: &str) -> Vec<(usize, String)> {
    let module = path.trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = if path == "main.rs" { 0 } else { module.split('/').count() };
    let start = Regex::new(r"\b(crate|podform|(?:super::)*super)::(\{|[a-z_]+(?:::[a-z_]+)?)").unwrap();
    let word = Regex::new(r"^\s*([a-z_]+(?:::[a-z_]+)?)").unwrap();
    let mut found = Vec::new();
    for import in start.captures_iter(code) {
        let at = import.get(0).unwrap();
        let root = match &import[1] {
            "crate" => true,
            "podform" => path == "main.rs",
            supers => supers.matches("super").count() >= depth,
        };
        if !root {
            continue;
        }
        let line = line_of(code, at.start());
        if &import[2] != "{" {
            found.push((line, import[2].to_owned()));
            continue;
        }
        for part in group(&code[at.end()..]) {
            if let Some(name) = word.captures(part) {
                found.push((line, name[1].to_owned()));
            }
        }
    }
    found
}

/// The parts of `a, b::{c, d}}`, up to the brace that closes it.
fn group(rest: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, letter) in rest.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&rest[from..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&rest[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Files that stand behind `#[cfg(test)] mod name;`, and all below them; and those that a `path` attribute gives there,
/// which say it by their name.
fn test_files(code: &BTreeMap<&str, String>) -> BTreeSet<String> {
    let declared = Regex::new(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([a-z]+\))? )?mod ([a-z_]+);").unwrap();
    let mut found: BTreeSet<String> =
        code.keys().filter(|path| path.ends_with("_tests.rs")).map(|path| (*path).to_owned()).collect();
    for (path, text) in code {
        let directory = match path.strip_suffix("mod.rs") {
            Some(directory) => directory.to_owned(),
            None if *path == "lib.rs" => String::new(),
            None => format!("{}/", path.trim_end_matches(".rs")),
        };
        for name in declared.captures_iter(text) {
            let module = format!("{directory}{}", &name[1]);
            let inside = |path: &&&str| **path == format!("{module}.rs") || path.starts_with(&format!("{module}/"));
            found.extend(code.keys().filter(inside).map(|path| (*path).to_owned()));
        }
    }
    found
}

/// The code without what stands behind `#[cfg(test)]`; lines stay where they are.
fn without_tests(code: &str) -> String {
    let mut text = code.to_owned();
    while let Some(start) = text.find("#[cfg(test)]") {
        let mut depth = 0;
        let mut end = text.len();
        for (at, letter) in text[start..].char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 1 => {
                    end = start + at + 1;
                    break;
                }
                '}' => depth -= 1,
                ';' if depth == 0 => {
                    end = start + at + 1;
                    break;
                }
                _ => {}
            }
        }
        let blank: String = text[start..end].chars().filter(|letter| *letter == '\n').collect();
        text.replace_range(start..end, &blank);
    }
    text
}

/// The source without comments and without what stands in strings; lines stay where they are.
fn code_of(source: &str) -> String {
    let token = Regex::new(
        r##"(?s)//[^\n]*|/\*.*?\*/|\bb?r#"(?:.*?)"#|\bb?r"[^"]*"|"(?:\\.|[^"\\])*"|'(?:\\(?:u\{[^}]*\}|x..|.)|[^'\\])'"##,
    )
    .unwrap();
    token
        .replace_all(source, |found: &regex::Captures<'_>| {
            let lines = found[0].matches('\n').count();
            let quotes = if found[0].starts_with('/') { "" } else { "\"\"" };
            format!("{quotes}{}", "\n".repeat(lines))
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "//! | 0 words | [`diag`], [`money`] |\n//! | 1 language | [`lang`] |\n//! | 4 drawing | [`render`] |\n//! | 5 edges | [`http`], [`lang::far`], [`sandbox`] |\n//! | 6 effects | [`apply`] |\n//! | 7 shell | [`cli`] |\npub mod diag;\npub mod money;\npub mod lang;\npub mod http;\npub mod sandbox;\npub mod render;\npub mod apply;\npub mod cli;";

    fn check(path: &str, text: &str) -> Vec<String> {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        faults(&[source("lib.rs", LIB), source(path, text)])
    }

    #[test]
    fn the_checker_sees_every_kind_of_fault() {
        let long = "//\n".repeat(LONGEST + 1);
        for (path, text, fault) in [
            ("diag.rs", "use crate::lang::Value;", "diag (row 0) must not import lang"),
            ("diag.rs", "fn f() { crate::money::x() }", "must not import money"),
            ("lang/mod.rs", "use crate::{diag, http::{Client}};", "must not import http"),
            ("lang/a/b.rs", "use super::super::super::cli;", "must not import cli"),
            ("apply/mod.rs", "use crate::render::Style;", "apply tells data, and must not name render"),
            ("lang/mod.rs", "use crate::attic::Box;", "there is no room attic"),
            ("sandbox/mod.rs", "use crate::diag::Diagnostic;", "the sandbox imports nothing"),
            ("attic.rs", "", "does not stand in the map"),
            ("lang/far.rs", "use crate::sandbox::Serve;", "lang::far (row 5) must not import sandbox"),
            ("render.rs", "use crate::{diag, lang::far::Away};", "must not import lang::far"),
            ("lang/mod.rs", "pub use far::Away;", "far:: in the room that it stands in"),
            ("diag.rs", "async fn f() {}", "async in a pure row"),
            ("lang/mod.rs", "fn f() { std::fs::read(\"x\"); }", "std::fs in a pure row"),
            ("money.rs", "let t = std::time::Instant::now();", "Instant in a pure row"),
            ("lang/parse.rs", "use hcl::edit;", "hcl:: where no configuration is written"),
            ("cli/mod.rs", "use reqwest::Client;", "reqwest outside"),
            ("http/mod.rs", "println!(\"\");", "println! outside cli"),
            ("http/mod.rs", "let a = b.unwrap();", "unwrap() outside tests"),
            ("http/mod.rs", &long, "601 lines"),
            ("http/utils.rs", "", "utils is no name"),
        ] {
            let found = check(path, text);
            assert!(found.iter().any(|found| found.contains(fault)), "{path}: {text:.60}: {found:?}");
        }
    }

    #[test]
    fn the_checker_is_content_with_what_is_right() {
        for (path, text) in [
            ("money.rs", "use crate::diag::Diagnostic; // println! async crate::cli"),
            (
                "lang/mod.rs",
                "use super::diag; const A: &str = \"tokio \\\" crate::cli\"; fn f<'a>(x: &'a str, c: char) { c == '\"'; }",
            ),
            ("render/import_blocks.rs", "use hcl::Block; /* reqwest */"),
            ("lang/far/mod.rs", "use crate::lang::Value; use crate::http::Client; async fn f() {}"),
            ("cli/mod.rs", "use crate::{diag, http}; fn f() { println!(\"x\"); }"),
            ("http/mod.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n fn g() { x.unwrap(); crate::cli::run() }\n}"),
            ("lang/eval.rs", "use super::Value; use super::super::diag;"),
        ] {
            assert_eq!(check(path, text), Vec::<String>::new(), "{path}");
        }
    }
}
