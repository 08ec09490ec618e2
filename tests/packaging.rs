//! What people install from: scripts that a checker of shells accepts, and an installer that believes no archive.

use crate::fleet::{Fleet, text};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging")
}

fn sh(fleet: &Fleet, line: &str) -> Output {
    Command::new("sh").args(["-c", line]).current_dir(fleet.path()).output().unwrap()
}

/// A release whose program is a script that tells a version.
fn release() -> Fleet {
    let fleet = Fleet::new(&[]);
    let name = format!("podform-9.9.9-{}-unknown-linux-musl", std::env::consts::ARCH);
    let line = format!(
        "mkdir -p dist/{name} && printf '#!/bin/sh\\necho podform 9.9.9 $1\\n' > dist/{name}/podform && cd dist \
         && tar -czf {name}.tar.gz {name} && rm -r {name} && sha256sum * > sums && mv sums SHA256SUMS"
    );
    let made = sh(&fleet, &line);
    assert!(made.status.success(), "{}", text(&made));
    fleet
}

fn install(fleet: &Fleet) -> Output {
    let script = root().join("install.sh");
    sh(fleet, &format!("HOME=$PWD/home PODFORM_RELEASES=$PWD/dist sh '{}'", script.display()))
}

#[test]
fn an_archive_is_installed_where_its_checksum_is_right() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let fleet = release();
    let program = fleet.path().join("home/.local/bin/podform");
    for _ in 0..2 {
        let output = install(&fleet);
        assert!(output.status.success(), "{}", text(&output));
        assert!(
            text(&output).contains("podform 9.9.9 version") && text(&output).contains("not in PATH"),
            "{}",
            text(&output)
        );
    }
    assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o755);

    let fleet = release();
    let damaged = sh(&fleet, "for file in dist/*.tar.gz; do printf x >> \"$file\"; done");
    assert!(damaged.status.success());
    let output = install(&fleet);
    assert!(!output.status.success() && text(&output).contains("nothing was installed"), "{}", text(&output));
    assert!(!fleet.path().join("home/.local/bin/podform").exists());
}

#[test]
fn what_is_not_there_is_said() {
    let fleet = Fleet::new(&[]);
    let output = install(&fleet);
    assert!(!output.status.success() && text(&output).contains("has no SHA256SUMS"), "{}", text(&output));
    fs::create_dir(fleet.path().join("dist")).unwrap();
    fs::write(fleet.path().join("dist/SHA256SUMS"), "").unwrap();
    let output = install(&fleet);
    assert!(!output.status.success() && text(&output).contains("has no archive for"), "{}", text(&output));
}

#[test]
fn scripts_are_clean() {
    let scripts = ["release.sh", "install.sh"].map(|name| root().join(name));
    match Command::new("shellcheck").args(&scripts).output() {
        Ok(checked) => assert!(checked.status.success(), "{}", text(&checked)),
        Err(error) => println!("skipped: shellcheck is not installed ({error})"),
    }
    for script in &scripts {
        let read = Command::new("bash").arg("-n").arg(script).output().unwrap();
        assert!(read.status.success(), "{}", text(&read));
    }
}
