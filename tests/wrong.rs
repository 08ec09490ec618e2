//! Wrong configurations, and what Terraform and podform say of each.
//!
//! Every file `tests/wrong/cases/*.txt` is a description followed by cases. A case starts with `=== NAME` and has
//! sections, each with a head `-- HEAD --` on a line of its own:
//!
//! | head | body |
//! |---|---|
//! | `$ COMMAND` | first, where it is not `validate`: `plan ARGS`, or `init` (podform has none: it runs `validate`). No body |
//! | `PATH` (with a dot in it) | the text of a file. A directory is a module, and is called as its last part is |
//! | `terraform` | what Terraform says: one line `SEVERITY PLACE SUMMARY` for each diagnostic, by place, and the values in play behind `|` |
//! | `podform` | what podform says: the same, with the detail |
//! | `differs` | why the two differ: a reason for every case where they do |
//!
//! The two agree where they tell of the same errors: equal severity, summary and values, and the same place. Beside Terraform's
//! values ours has those that it passes by because they are sensitive or not known. The place is the
//! same where one lies within the other (Terraform underlines the first token of an operand, leaves out quotes, and takes
//! the dot and the brackets with it), or where Terraform underlines the brace behind the header that is underlined here.
//!
//! Where a resource is needed, it is a `simplepod_template_group`, for which Terraform reads its own `terraform_data`: see
//! [`oracle`]. `UPDATE_ORACLE=1` asks the installed Terraform for the answers that are missing, `UPDATE_ORACLE=all` for all;
//! `UPDATE_GOLDEN=1` rewrites what podform says.

mod case;
mod oracle;

use crate::scenarios::podform;
use case::{Case, Told, written};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

fn cases() -> Vec<(PathBuf, String, Vec<Case>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong/cases");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let (head, cases) = case::read(&std::fs::read_to_string(&path).unwrap());
        (path, head, cases)
    };
    paths.into_iter().map(read).collect()
}

/// What podform says now.
fn ours(case: &Case) -> Vec<Told> {
    let fleet = tempfile::tempdir().unwrap();
    case.write(fleet.path(), |path, text| (path.to_owned(), text.to_owned()));
    if !case.files.iter().any(|(_, text)| text.contains("podform {")) {
        std::fs::write(fleet.path().join("fleet.hcl"), "podform {\n  fleet = \"lab\"\n}\n").unwrap();
    }
    let mut command = podform();
    command.current_dir(fleet.path()).env("PODFORM_SANDBOX", "1");
    match case.command.split_once(' ').unwrap_or((&case.command, "")) {
        ("plan", rest) => command.args(["plan", "-json"]).args(rest.split_whitespace()),
        _ => command.args(["validate", "-json"]),
    };
    let output = command.output().unwrap();
    case::told(&String::from_utf8(output.stdout).unwrap(), &|_, position| Some(position), &|path| path.to_owned())
}

/// Runs something for every case, a few side by side.
fn each(cases: &mut [Case], run: impl Fn(&mut Case) + Sync) {
    let waiting = Mutex::new(cases.iter_mut());
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().next();
                    let Some(case) = next else { return };
                    run(case);
                }
            });
        }
    });
}

#[test]
fn wrong_configurations_are_told_as_terraform_tells_them() {
    let ask = std::env::var("UPDATE_ORACLE").unwrap_or_default();
    let rewrite = std::env::var_os("UPDATE_GOLDEN").is_some();
    assert!(!(std::env::var_os("CI").is_some() && (rewrite || !ask.is_empty())), "CI never rewrites what is expected");
    let (mut wrong, mut count, mut names) = (Vec::new(), 0, std::collections::HashSet::new());
    for (path, head, mut cases) in cases() {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let now: Mutex<Vec<(String, Vec<Told>)>> = Mutex::new(Vec::new());
        each(&mut cases, |case| {
            if ask == "all" || (!ask.is_empty() && case.terraform.is_none()) {
                case.terraform = Some(oracle::ask(case));
            }
            let told = ours(case);
            if rewrite {
                case.podform = Some(told.clone());
            }
            now.lock().unwrap().push((case.name.clone(), told));
        });
        if rewrite || !ask.is_empty() {
            std::fs::write(&path, written(&head, &cases)).unwrap();
        }
        let now: std::collections::HashMap<_, _> = now.into_inner().unwrap().into_iter().collect();
        for case in &cases {
            count += 1;
            let mut fail = |why: String| wrong.push(format!("{file}: {}: {why}", case.name));
            if !names.insert(case.name.clone()) {
                fail("twice".into());
            }
            let (Some(theirs), Some(expected)) = (&case.terraform, &case.podform) else {
                fail("has no answers: UPDATE_ORACLE=1 and UPDATE_GOLDEN=1 write them".into());
                continue;
            };
            let told = &now[&case.name];
            if told != expected {
                fail(format!("podform says something else:\n{}", case::lines(told)));
            }
            if told.iter().any(|told| format!("{} {:?}", told.detail, told.values).contains("canary")) {
                fail("a secret is told".into());
            }
            let agree = theirs.len() == told.len() && theirs.iter().zip(told).all(|(theirs, ours)| theirs.agrees(ours));
            match (agree, case.differs.is_empty()) {
                (true, false) => fail("says why it differs, but agrees".into()),
                (false, true) => fail(format!(
                    "differs without a reason.\nTerraform:\n{}podform:\n{}",
                    case::lines(theirs),
                    case::lines(told)
                )),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{} faults in {count} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 350, "{count} cases");
}
