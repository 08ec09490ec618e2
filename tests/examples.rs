//! Every fleet in `examples/` is planned, applied, planned again, and destroyed; the files of `examples/ci` name commands and
//! flags that exist.

use crate::fleet::Fleet;
use std::fs;
use std::path::Path;

#[test]
fn the_examples_are_in_form() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_podform"))
        .args(["fmt", "-check", "-recursive", "-diff"])
        .current_dir(examples)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
}

#[test]
fn every_example_works_from_plan_to_destroy() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let directories: Vec<_> = fs::read_dir(examples)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && !path.ends_with("ci"))
        .collect();
    assert!(directories.len() >= 3, "{directories:?}");
    for directory in directories {
        let name = directory.file_name().unwrap().to_string_lossy().into_owned();
        println!("{name}");
        let fleet = Fleet::copy(&directory);
        fleet.run(&["validate"], 0);
        fleet.run(&["plan", "-detailed-exitcode"], 2);
        fleet.run(&["apply", "-auto-approve", "--fault", "boot=0"], 0);
        fleet.run(&["plan", "-detailed-exitcode"], 0);
        fleet.run(&["plan", "-detailed-exitcode", "-refresh=full"], 0);
        let machines = fleet.run(&["state", "list"], 0);
        assert!(machines.contains("simplepod_instance."), "{name}: {machines}");
        fleet.run(&["destroy", "-auto-approve"], 0);
        assert_eq!(fleet.run(&["state", "list"], 0), "", "{name}");
    }
}

/// Every call of podform in the files for CI, continued lines as one.
fn calls(text: &str) -> Vec<Vec<String>> {
    let inputs = regex::Regex::new(r"\$\[\[[^\]]*\]\]|\$\{\{[^}]*\}\}").unwrap();
    let text = inputs.replace_all(text, "input").replace("\\\n", " ");
    let of = |line: &str| {
        let at = line.find("podform -chdir").or_else(|| line.find("podform review"))?;
        let line = line[at..].split([';', '|', '>']).next()?;
        Some(line.split_whitespace().skip(1).map(|word| word.trim_matches(['"', '\'', '`']).to_owned()).collect())
    };
    text.lines().filter(|line| !line.trim_start().starts_with('#')).filter_map(of).collect()
}

#[test]
fn the_files_for_ci_call_what_there_is() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci");
    let files = [
        "github/action.yml",
        "github/workflows/plan.yml",
        "github/workflows/apply.yml",
        "github/workflows/nightly.yml",
        "github/workflows/untrusted.yml",
        "gitlab/podform.gitlab-ci.yml",
        "forgejo/podform.yml",
    ];
    let mut seen = 0;
    for file in files {
        for call in calls(&fs::read_to_string(examples.join(file)).unwrap()) {
            let command = call.iter().find(|word| !word.starts_with('-')).expect("a command");
            let help = Fleet::new(&[]).run(&[command, "-help"], 0);
            for flag in call.iter().filter(|word| word.starts_with('-') && !word.starts_with("-chdir")) {
                let name = flag.trim_start_matches('-').split('=').next().unwrap();
                assert!(help.contains(&format!("-{name}")), "{file}: {command} has no {flag}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} calls were found");
}
