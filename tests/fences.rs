//! The lock, or the journal, is taken away from a run that is alive: it stops before its next call, and nothing that it did
//! is lost. Real processes, real files.

use crate::locks::{Scene, ends};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};

/// The lock file says that its holder lives elsewhere, as another runner would find it.
fn move_away(scene: &Scene) -> String {
    let mut holder = scene.holder();
    holder["host"] = "elsewhere".into();
    holder["started"] = "another boot/1".into();
    fs::write(scene.path("podform.lock"), holder.to_string()).unwrap();
    holder["id"].as_str().unwrap().to_owned()
}

/// What the run kept that lost its lock.
fn kept(scene: &Scene) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(scene.path("")) else { return Vec::new() };
    let named = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("podform.journal.");
    entries.map(|entry| entry.unwrap().path()).filter(named).collect()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_run_that_is_unlocked_by_force_elsewhere_stops_and_rents_no_twin() {
    let scene = Scene::new();
    let first = scene.applying();
    let id = move_away(&scene);
    scene.run(&["force-unlock", "-force", &id], 0);
    let told = scene.run(&["apply", "-auto-approve"], 0);
    assert!(told.contains("Apply complete"), "{told}");
    let told = ends(first, 5);
    assert!(told.contains("The lock was taken away") && !told.contains("Apply complete"), "{told}");
    assert!(!told.contains("everything") && !told.contains("State is in the journal"), "{told}");
    scene.settled();
}

/// A laptop that sleeps while somebody else goes on.
#[test]
fn a_run_that_was_suspended_finds_its_lock_taken_away() {
    let scene = Scene::new();
    let first = scene.applying();
    signal(&first, "-STOP");
    let id = move_away(&scene);
    scene.run(&["force-unlock", "-force", &id], 0);
    scene.run(&["apply", "-auto-approve"], 0);
    let machines = scene.sandbox.machines().len();
    signal(&first, "-CONT");
    let told = ends(first, 5);
    assert!(told.contains("The lock was taken away"), "{told}");
    assert_eq!((machines, scene.sandbox.machines().len()), (6, 6), "{told}");
    scene.settled();
}

#[test]
fn a_state_directory_that_is_removed_stops_the_run_and_its_work_is_taken_up() {
    let scene = Scene::new();
    let first = scene.applying();
    fs::remove_dir_all(scene.path("")).unwrap();
    stopped(&scene, first, "The lock was taken away", &["apply", "-auto-approve"]);
}

/// As `git clean -fdx` and `git stash -u` do: file by file, and other tools make the directory anew.
#[test]
fn files_that_are_cleaned_away_stop_the_run_and_its_work_is_taken_up() {
    let scene = Scene::new();
    let first = scene.applying();
    for name in ["podform.journal", "podform.lock", "podform.state.json"] {
        let _ = fs::remove_file(scene.path(name));
    }
    stopped(&scene, first, "The lock was taken away", &["state", "repair", "-auto-approve"]);
}

#[test]
fn a_journal_that_is_cut_under_a_run_stops_it_and_its_work_is_taken_up() {
    let scene = Scene::new();
    let first = scene.applying();
    fs::OpenOptions::new().write(true).open(scene.path("podform.journal")).unwrap().set_len(0).unwrap();
    stopped(&scene, first, "The journal was taken away", &["recover"]);
}

/// The run ends before its next call, keeps what it did, and the next one takes it up.
#[track_caller]
fn stopped(scene: &Scene, first: Child, summary: &str, next: &[&str]) {
    let told = ends(first, 5);
    assert!(told.contains(summary), "{told}");
    let machines = scene.sandbox.machines().len();
    assert!((1..6).contains(&machines), "{machines} machines: {told}");
    let files = kept(scene);
    assert!(files.len() == 1 && told.contains(&*files[0].file_name().unwrap().to_string_lossy()), "{files:?}: {told}");
    let told = scene.run(&["state", "verify"], 0);
    assert!(told.contains("podform.journal."), "{told}");
    let listed = scene.run(&["state", "list"], 0);
    assert_eq!(listed.matches("simplepod_instance.node[").count(), machines, "{listed}");
    let told = scene.run(next, 0);
    assert!(told.contains("lost its lock"), "{told}");
    let kept = |scene: &Scene| -> Vec<PathBuf> {
        kept(scene).into_iter().filter(|path| !path.to_string_lossy().ends_with(".damaged")).collect()
    };
    assert_eq!(kept(scene), Vec::<PathBuf>::new());
    let told = scene.run(&["apply", "-auto-approve"], 0);
    assert!(!told.contains("lost its lock"), "{told}");
    scene.settled();
}

/// The release of a machine that nobody approved, before there is a plan, is fenced as any other call: what cannot be
/// recorded ends the run.
#[test]
fn a_release_before_the_plan_stops_where_the_lock_is_taken_away() {
    let scene = Scene::new();
    scene.run(&["apply", "-auto-approve"], 0);
    let text = fs::read_to_string(scene.path("podform.state.json")).unwrap();
    let other = text.replacen("\"gpu_count\": 1", "\"gpu_count\": 2", 1).replacen(
        "\"offer\": {",
        "\"unproven\": \"0.5\", \"read_back\": {\"gpu_count\": 1}, \"offer\": {",
        1,
    );
    assert_ne!(text, other);
    fs::write(scene.path("podform.state.json"), other).unwrap();
    scene.run(&["state", "repair", "-auto-approve"], 0);
    scene.sandbox.switch("slow:DELETE /instances/{id}:1:3000").unwrap();
    let run = scene.start(&["apply", "-auto-approve"]);
    scene.until("DELETE", "/instances/{id}");
    fs::remove_file(scene.path("podform.lock")).unwrap();
    let told = ends(run, 5);
    assert!(told.contains("Error: The lock was taken away"), "{told}");
    assert!(!told.contains("Plan:") && !told.contains("Renting"), "{told}");
    assert_eq!(scene.sandbox.machines().len(), 5, "{told}");
    // What it kept is taken up: the machine is gone, and another one is rented.
    let told = scene.run(&["apply", "-auto-approve"], 0);
    assert!(told.contains("lost its lock") && !told.contains("outside of what was approved"), "{told}");
    scene.settled();
}
