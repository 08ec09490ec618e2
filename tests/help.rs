//! What help says: flags as README writes them, where Terraform takes `-help`, and pages of the manual.

use crate::fleet::Fleet;
use crate::scenarios::podform;
use std::process::Command;

fn said(arguments: &[&str], sandbox: &str) -> (Option<i32>, String) {
    let out = podform().args(arguments).env("PODFORM_SANDBOX", sandbox).output().unwrap();
    (out.status.code(), String::from_utf8([out.stdout, out.stderr].concat()).unwrap())
}

#[test]
fn help_may_stand_before_the_command_and_has_one_dash() {
    let plan = said(&["plan", "-help"], "");
    assert_eq!(plan.0, Some(0));
    for other in [&["-help", "plan"][..], &["--help", "plan"], &["-chdir=.", "-help", "plan"], &["help", "plan"]] {
        assert_eq!(said(other, "").1, plan.1, "{other:?}");
    }
    assert_eq!(said(&["-help", "state", "rm"], ""), said(&["state", "rm", "-help"], ""));
    assert!(said(&["-help"], "").1.contains("\n  status "));
    let places =
        ["Examples:", "Usage: podform plan [OPTIONS]", "Planning:", "Output:", "Variables:", "Account:", "State:"];
    let found: Vec<usize> = places.iter().map(|text| plan.1.find(text).expect(text)).collect();
    assert!(found.is_sorted(), "{}", plan.1);
    for command in ["plan", "apply", "review", "import", "orphans", "recover", "status"] {
        let (_, help) = said(&[command, "-help"], "");
        assert!(help.contains("Examples:\n  podform ") && !help.contains(" --"), "{help}");
    }
}

#[test]
fn the_environment_changes_no_text() {
    for line in [&["plan", "-help"][..], &["plan", "bogus"], &["state", "show"], &["status", "-help"]] {
        let (plain, set) = (said(line, ""), said(line, "1"));
        assert_eq!(plain, set);
        assert!(!plain.1.contains("--"), "{}", plain.1);
    }
}

#[test]
fn a_command_lists_what_it_obeys() {
    for command in ["recover", "orphans", "import"] {
        let (_, help) = said(&[command, "-help"], "");
        for flag in ["-target", "-replace", "-exclude", "-refresh-only", "-allow-partial", "-detail", "-snapshot"] {
            assert!(!help.contains(&format!(" {flag} ")), "{command} {flag}");
        }
    }
    assert!(!said(&["destroy", "-help"], "").1.contains("PLAN"));
}

#[test]
fn pages_of_the_manual_are_clean() {
    let fleet = Fleet::new(&[]);
    fleet.run(&["man", "-out=pages"], 0);
    let pages: Vec<_> =
        std::fs::read_dir(fleet.path().join("pages")).unwrap().map(|page| page.unwrap().path()).collect();
    assert!(pages.len() > 50, "{pages:?}");
    for (program, words) in [("mandoc", &["-T", "lint"][..]), ("man", &["--warnings", "-l"])] {
        // In the C locale a dash of another kind would be no letter.
        let mut command = Command::new(program);
        command.args(words).args(&pages).env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80").env("MANPAGER", "cat");
        match command.output() {
            Ok(said) => {
                let lint = if program == "mandoc" { String::from_utf8_lossy(&said.stdout) } else { "".into() };
                let told = (lint, String::from_utf8_lossy(&said.stderr));
                assert_eq!((&*told.0, &*told.1, said.status.success()), ("", "", true), "{program}");
            }
            Err(error) => println!("skipped: {program} is not installed ({error})"),
        }
    }
}

#[test]
fn there_is_a_page_of_the_manual_for_each_command() {
    let fleet = Fleet::new(&[]);
    fleet.run(&["man", "-out=man/man1"], 0);
    let dir = fleet.path().join("man/man1");
    let page = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!(page("podform-state-rm.1"), fleet.run(&["man", "state", "rm"], 0));
    assert!(page("podform.1").contains("podform\\-plan"));
    assert!(page("podform-plan.1").contains("\\-target") && !page("podform-plan.1").contains("\\-\\-target"));
    fleet.run(&["man", "bogus"], 1);
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(".ie") || text.contains(".TH PODFORM"), "{path:?}");
        assert!(text.lines().all(|line| line.starts_with('.') || line.len() <= 80), "{path:?}");
        if let Ok(lint) = Command::new("mandoc").args(["-T", "lint"]).arg(&path).output() {
            assert_eq!(String::from_utf8_lossy(&lint.stdout), "", "{path:?}");
        }
    }
}

/// `plan`, `state rm`: what help lists below these words.
fn below(words: &[String]) -> Vec<Vec<String>> {
    let asked: Vec<&str> = words.iter().map(String::as_str).chain(["-help"]).collect();
    let (_, help) = said(&asked, "");
    let listed = help.split_once("Commands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
    let names =
        listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|name| !name.is_empty());
    names.filter(|name| *name != "help").map(|name| [words, &[name.to_owned()]].concat()).collect()
}

fn reference(words: &[String], text: &mut String) {
    for words in below(words) {
        let asked: Vec<&str> = words.iter().map(String::as_str).chain(["-h"]).collect();
        let (code, help) = said(&asked, "");
        assert_eq!(code, Some(0), "{asked:?}");
        let help = help.split("\nEverywhere:\n").next().unwrap();
        let name = words.join(" ");
        let level = "#".repeat(words.len() + 1);
        text.push_str(&format!("\n{level} podform {name}\n\n```text\n{}\n```\n", help.trim()));
        reference(&words, text);
    }
}

#[test]
fn the_reference_is_what_help_says() {
    let (_, everywhere) = said(&["version", "-h"], "");
    let everywhere = everywhere.split_once("\nEverywhere:\n").unwrap().1.trim_end().to_owned();
    let mut text = format!(
        "# Reference\n\nEvery command as `podform COMMAND -h` says it; `-help` says more, with examples. What commands do is told in \
         [commands](commands.md).\n\nEvery command takes\n\n```text\n{everywhere}\n```\n"
    );
    reference(&[], &mut text);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "UPDATE_GOLDEN=1 writes it anew");
}
