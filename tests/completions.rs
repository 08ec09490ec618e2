//! What shells are offered: flags as README writes them, addresses of the state at hand, and nothing that acts.
//! `tests/drivers/completions.py` types into the shells themselves.

use crate::fleet::Fleet;
use crate::scenarios::podform;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const HOSTILE: &str = r#"
resource "simplepod_template_group" "odd" {
  for_each    = toset(["$(touch pwned);`touch pwned`'!x", "a b"])
  name        = "odd-${length(each.key)}"
  image_name  = "alpine"
  default_tag = "1"
}
"#;

/// The answers to whoever types these words.
fn offered(fleet: &Fleet, words: &[&str]) -> Vec<String> {
    let text = fleet.run(&[&["__complete", "fish", "podform"], words].concat(), 0);
    text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

fn hostile() -> Fleet {
    let fleet = Fleet::new(&[("main.hcl", HOSTILE), ("podform.hcl", "podform {\n  fleet = \"shells\"\n}\n")]);
    fleet.run(&["apply", "-auto-approve"], 0);
    fleet
}

#[test]
fn what_can_follow_is_offered() {
    let fleet = hostile();
    let odd =
        ["simplepod_template_group.odd[\"$(touch pwned);`touch pwned`'!x\"]", "simplepod_template_group.odd[\"a b\"]"];
    for (words, wanted) in [
        (&["pla"][..], &["plan"][..]),
        (&["plan", "-ta"], &["-target"]),
        (&["plan", "--ta"], &["--target"]),
        (&["plan", "-refresh="], &["-refresh=true", "-refresh=false", "-refresh=full"]),
        (&["state", "show", ""], &odd),
        (&["taint", "'simplepod_template_group.odd[\"a"], &odd[1..]),
        (&["plan", "-target", ""], &["simplepod_template_group.odd", odd[0], odd[1]]),
        (&["workspace", "select", ""], &["default"]),
        (&["completion", "z"], &["zsh"]),
        (&["plan", "-var", "-x"], &[]),
        (&["-chdir=nowhere", "state", "show", "simp"], &[]),
        (&["bogus", "x"], &[]),
    ] {
        assert_eq!(offered(&fleet, words), wanted, "{words:?}");
    }
    let elsewhere = Fleet::new(&[]);
    let chdir = format!("-chdir={}", fleet.path().display());
    assert_eq!(offered(&elsewhere, &[&chdir, "state", "show", ""]), odd);
}

#[test]
fn a_question_is_answered_in_silence_whatever_is_wrong() {
    let fleet = hostile();
    std::fs::write(fleet.path().join("state/sandbox/podform.state.json"), "{").unwrap();
    for words in [&["fish", "podform", "state", "show", "simp"][..], &["bash"], &["nosuch", "x"], &[]] {
        let out = podform()
            .current_dir(fleet.path())
            .env("PODFORM_SANDBOX", "1")
            .env("PODFORM_CLI_ARGS", "\"")
            .arg("__complete")
            .args(words)
            .output();
        let out = out.unwrap();
        assert_eq!((out.status.code(), out.stderr.len(), out.stdout.len()), (Some(0), 0, 0), "{words:?}: {out:?}");
    }
    let start = Instant::now();
    offered(&fleet, &["plan", "-"]);
    // 13 ms alone; tests run beside each other.
    assert!(start.elapsed() < Duration::from_secs(2));
}

/// Each answer, read by bash as a word, is the address; nothing of it is run.
#[test]
fn bash_loads_the_script_and_reads_each_answer_as_one_word() {
    let Ok(bash) = Command::new("bash").arg("--version").output() else { return };
    assert!(bash.status.success());
    let fleet = hostile();
    let program = Path::new(env!("CARGO_BIN_EXE_podform")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let ask = r#"
        set -e
        source <(podform completion bash)
        [[ $(complete -p podform) == *"-F _podform podform" ]]
        COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
        for typed in 'podform state show simp' 'podform plan -target=simp' "podform taint 'simp" 'podform taint "simp'; do
            COMP_LINE=$typed COMP_POINT=${#typed}
            _podform
            for reply in "${COMPREPLY[@]}"; do
                begun=${typed%simp}
                eval "set -- $begun$reply${begun##*[!\'\"]}"
                printf '%s %s\n' "$#" "${@: -1}"
            done
        done
    "#;
    let out = Command::new("bash")
        .arg("-c")
        .arg(ask)
        .current_dir(fleet.path())
        .env("PATH", path)
        .env("PODFORM_SANDBOX", "1")
        .output();
    let out = out.unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    let (group, odd, spaced) = ("simplepod_template_group.odd", "[\"$(touch pwned);`touch pwned`'!x\"]", "[\"a b\"]");
    let wanted = format!(
        "4 {group}{odd}\n4 {group}{spaced}\n3 -target={group}\n3 -target={group}{odd}\n3 -target={group}{spaced}\n3 {group}{spaced}\n3 {group}{spaced}\n"
    );
    assert_eq!((said.as_str(), String::from_utf8_lossy(&out.stderr).as_ref()), (wanted.as_str(), ""));
    assert!(!fleet.path().join("pwned").exists());
}

/// Each is asked as far as it can be without a person who types; the driver types.
#[test]
fn real_shells_load_the_scripts() {
    let fleet = hostile();
    let program = Path::new(env!("CARGO_BIN_EXE_podform")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    for (shell, words, ask, wanted) in [
        (
            "zsh",
            &["-f", "-c"][..],
            "autoload -Uz compinit; compinit -u -D; source <(podform completion zsh); print -r -- $_comps[podform]; whence -w _podform",
            "_podform\n_podform: function\n",
        ),
        (
            "fish",
            &["--no-config", "-c"],
            "podform completion fish | source; complete -C 'podform complet' | string split -f1 \\t; complete -C 'podform workspace select d' | string split -f1 \\t",
            "completion\ndefault\n",
        ),
        ("fish", &["--no-config", "-c"], "podform completion fish | fish --no-execute && echo read", "read\n"),
    ] {
        let mut command = Command::new(shell);
        command.args(words).arg(ask).current_dir(fleet.path()).env("PATH", &path).env("PODFORM_SANDBOX", "1");
        command.env("HOME", fleet.path());
        match command.output() {
            Ok(out) => {
                let said = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
                assert_eq!((&*said.0, &*said.1), (wanted, ""), "{shell}: {ask}");
            }
            Err(error) => println!("skipped: {shell} is not installed ({error})"),
        }
    }
}

/// No PowerShell runs here: brackets and quotes are counted, and what is written is what the other shells ask.
#[test]
fn the_script_of_powershell_is_whole() {
    let fleet = Fleet::new(&[]);
    let script = fleet.run(&["completion", "powershell"], 0);
    let mut open = Vec::new();
    for line in script.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let mut quote = None;
        for letter in line.chars() {
            match (quote, letter) {
                (Some(begun), letter) if begun == letter => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(letter),
                (None, '(' | '{' | '[') => open.push(letter),
                (None, ')' | '}' | ']') => {
                    let begun = match letter {
                        ')' => '(',
                        '}' => '{',
                        _ => '[',
                    };
                    assert_eq!(open.pop(), Some(begun), "{line}");
                }
                (None, _) => {}
            }
        }
        assert_eq!(quote, None, "{line}");
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(script.contains("-CommandName podform") && script.contains("__complete powershell"), "{script}");
}
