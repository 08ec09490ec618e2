//! Odd surroundings: whatever environment, streams and files a command meets, it does not panic, leaves no lock, and waits for
//! nobody who will never come.

use crate::fleet::{Fleet, text};
use crate::scenarios::podform;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const FLEET: &str = r#"
podform {
  fleet = "odd"
}

variable "size" {
  default = 1
}

resource "simplepod_template_group" "base" {
  name       = "odd-base"
  image_name = "ubuntu"
}

output "size" {
  value = "${var.size} of ${basename(path.cwd)}"
}
"#;

/// Commands that need no account, and their exit codes after an apply.
const COMMANDS: [&[&str]; 19] = [
    &["validate"],
    &["validate", "-json"],
    &["plan"],
    &["plan", "-json"],
    &["apply", "-auto-approve"],
    &["apply", "-auto-approve", "-json"],
    &["orphans"],
    &["recover"],
    &["import", "-all"],
    &["graph"],
    &["show"],
    &["show", "-json"],
    &["output"],
    &["output", "-json"],
    &["state", "list"],
    &["state", "verify"],
    &["console"],
    &["version"],
    &["help"],
];

/// Latin-1.
fn latin(text: &[u8]) -> &OsStr {
    OsStr::from_bytes(text)
}

fn fleet() -> Fleet {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    fleet.run(&["apply", "-auto-approve"], 0);
    fleet
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = podform();
    command.current_dir(directory).args(arguments).env("PODFORM_SANDBOX", "1").stdin(Stdio::null());
    command
}

/// Runs to the end, in bounded time; no panic, and no lock left.
#[track_caller]
fn ends(directory: &Path, mut command: Command) -> Output {
    command.stdin(Stdio::null());
    let child = command.spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || ended.send(child.wait_with_output().unwrap()));
    let output = end.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| {
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        panic!("{command:?} does not end");
    });
    let code = output.status.code();
    assert!(code.is_some_and(|code| code != 101), "{command:?}: {code:?}: {}", text(&output));
    for lock in ["state/sandbox/podform.lock", "state/podform.lock"] {
        let lock = fs::read_to_string(directory.join(lock)).unwrap_or_default();
        assert_eq!(lock, "", "{command:?} leaves its lock");
    }
    output
}

#[track_caller]
fn run(directory: &Path, mut command: Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    ends(directory, command)
}

#[test]
fn variables_of_others_harm_nobody() {
    let fleet = fleet();
    for arguments in COMMANDS {
        for (name, value) in [
            (latin(b"FOO"), latin(b"caf\xe9")),
            (latin(b"caf\xe9"), latin(b"1")),
            (latin(b"PWD"), latin(b"/caf\xe9")),
            (latin(b"HOME"), latin(b"/caf\xe9")),
            (latin(b"USER"), latin(b"caf\xe9")),
            (latin(b"TERM"), latin(b"caf\xe9")),
            (latin(b"NO_COLOR"), latin(b"\xe9")),
            (latin(b"PODFORM_VAR_undeclared"), latin(b"caf\xe9")),
            (latin(b"PODFORM_VAR_caf\xe9"), latin(b"1")),
        ] {
            let mut command = command(fleet.path(), arguments);
            command.env(name, value);
            let output = run(fleet.path(), command);
            assert_eq!(output.status.code(), Some(0), "{arguments:?} with {name:?}: {}", text(&output));
        }
        let mut bare = command(fleet.path(), arguments);
        bare.env_clear().env("PODFORM_SANDBOX", "1");
        let output = run(fleet.path(), bare);
        assert_eq!(output.status.code(), Some(0), "{arguments:?} without an environment: {}", text(&output));
    }
}

#[test]
fn settings_that_are_no_text_are_named() {
    let fleet = fleet();
    for (name, arguments) in [
        ("PODFORM_VAR_size", &["validate"][..]),
        ("PODFORM_VAR_size", &["plan"]),
        ("PODFORM_VAR_size", &["console"]),
        ("PODFORM_STATE_KEY", &["plan"]),
        ("PODFORM_LOG", &["version"]),
        ("SIMPLEPOD_API_URL", &["plan"]),
        ("SIMPLEPOD_API_KEY", &["plan"]),
    ] {
        let mut command = command(fleet.path(), arguments);
        if name.starts_with("SIMPLEPOD") {
            command.env_remove("PODFORM_SANDBOX").env("SIMPLEPOD_API_KEY", "key");
        }
        command.env(name, latin(b"canary\xe9"));
        let output = run(fleet.path(), command);
        let told = text(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {told}");
        assert!(told.contains(name) && told.contains("UTF-8") && !told.contains("canary"), "{name}: {told}");
    }
}

#[test]
fn directories_and_files_may_have_any_name() {
    let fleet = fleet();
    let odd = fleet.path().join(latin(b"caf\xe9"));
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("main.hcl"), FLEET.replace("${basename(path.cwd)}", "it")).unwrap();
    for arguments in COMMANDS {
        let output = run(&odd, command(&odd, arguments));
        let none = ["output", "state", "show"].contains(&arguments[0]);
        assert!(none || output.status.code() == Some(0), "{arguments:?}: {}", text(&output));
        let mut changed = command(fleet.path(), &[]);
        changed.arg(latin(b"-chdir=caf\xe9")).args(arguments);
        let output = run(&odd, changed);
        assert!(none || output.status.code() == Some(0), "-chdir {arguments:?}: {}", text(&output));
    }
    // What cannot be said in the language is told.
    let mut asked = command(&odd, &["validate"]);
    fs::write(odd.join("main.hcl"), FLEET.replace("path.cwd", "abspath(\".\")")).unwrap();
    let told = text(&run(&odd, asked));
    assert!(told.contains(r"caf\xE9"), "{told}");
    fs::write(odd.join("main.hcl"), FLEET.replace("${basename(path.cwd)}", "it")).unwrap();
    asked = command(&odd, &["-chdir=nowhere", "validate"]);
    assert!(text(&run(&odd, asked)).contains("nowhere"));
    let mut nowhere = command(fleet.path(), &[]);
    nowhere.arg(latin(b"-chdir=\xff")).arg("plan");
    let told = text(&run(fleet.path(), nowhere));
    assert!(told.contains("Invalid -chdir") && told.contains(r"\xFF"), "{told}");
    for name in [latin(b"b\xff.hcl"), latin(b"b\xff.auto.vars.hcl")] {
        fs::write(odd.join(name), "# nothing\n").unwrap();
        let output = run(&odd, command(&odd, &["plan"]));
        let told = text(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(r#""b\xFF."#) && told.contains("Rename it"), "{told}");
        let output = run(&odd, command(&odd, &["fmt", "-check"]));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        fs::remove_file(odd.join(name)).unwrap();
    }
    let vars = latin(b"v\xff.vars.hcl");
    fs::write(odd.join(vars), "size = 7\n").unwrap();
    let mut given = command(&odd, &["plan", "-var-file"]);
    given.arg(vars);
    assert!(text(&run(&odd, given)).contains("7 of it"));
}

#[test]
fn a_full_output_is_an_error_of_every_command_that_prints() {
    let Ok(full) = File::options().write(true).open("/dev/full") else { return };
    let fleet = fleet();
    let help = [&["--help"][..], &["plan", "-h"], &["metadata", "functions", "-json"]];
    let mut printed = 0;
    for arguments in COMMANDS.into_iter().chain(help) {
        // Nothing is to be done, so some have nothing to say.
        let prints = !run(fleet.path(), command(fleet.path(), arguments)).stdout.is_empty();
        printed += u32::from(prints);
        let mut printing = command(fleet.path(), arguments);
        printing.stdout(full.try_clone().unwrap()).stderr(Stdio::piped());
        let output = ends(fleet.path(), printing);
        let told = text(&output);
        assert_eq!(output.status.code(), Some(i32::from(prints)), "{arguments:?}: {told}");
        assert_eq!(told.contains("standard output cannot be written"), prints, "{arguments:?}: {told}");
        // Nobody can be told that nobody can be told.
        let mut mute = command(fleet.path(), arguments);
        mute.stdout(Stdio::null()).stderr(full.try_clone().unwrap()).env("PODFORM_LOG", "trace");
        assert_eq!(ends(fleet.path(), mute).status.code(), Some(0), "{arguments:?}");
    }
    assert!(printed >= 20, "only {printed} commands print");
    // Whoever closes a pipe has read enough.
    let mut first = command(fleet.path(), &["metadata", "functions", "-json"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(first.stdout.take());
    assert_eq!(first.wait().unwrap().code(), Some(0));
}

#[test]
fn nobody_answers_where_no_stream_is_open() {
    let fleet = fleet();
    for (arguments, code) in [("destroy", 1), ("force-unlock 1", 1), ("apply", 0), ("state list", 0), ("console", 0)] {
        let mut closed = Command::new("sh");
        closed.args(["-c", &format!("exec \"$0\" {arguments} <&- >&- 2>&-")]).arg(podform().get_program());
        closed.current_dir(fleet.path()).env("PODFORM_SANDBOX", "1");
        assert_eq!(ends(fleet.path(), closed).status.code(), Some(code), "{arguments}");
    }
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn pipes_devices_and_endless_files_are_refused_by_name() {
    let fleet = fleet();
    let path = |name: &str| fleet.path().join(name);
    let refused = |arguments: &[&str], name: &str, why: &str| {
        let start = Instant::now();
        let output = run(fleet.path(), command(fleet.path(), arguments));
        let told = text(&output).replace("\n│ ", " ");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.contains(name) && told.contains(why), "{arguments:?}: no {name}, {why} in {told}");
        assert!(start.elapsed() < Duration::from_secs(20), "{arguments:?}: {:?}", start.elapsed());
    };
    let irregular = "no regular file";
    for name in ["x.auto.vars.hcl", "podform.vars.hcl", "podform.vars.json", "x.hcl"] {
        fifo(&path(name));
        refused(&["plan"], name, irregular);
        fs::remove_file(path(name)).unwrap();
    }
    fifo(&path("pipe"));
    for file in ["pipe", "/dev/zero"] {
        for arguments in [&["apply", file][..], &["show", file], &["state", "push", file]] {
            refused(arguments, file, irregular);
        }
        refused(&["plan", &format!("-var-file={file}")], file, irregular);
        fs::write(path("reads.hcl"), format!("locals {{\n  it = file(\"{file}\")\n}}\n")).unwrap();
        refused(&["validate"], file, irregular);
        fs::remove_file(path("reads.hcl")).unwrap();
    }
    let large = "more than 64 MB";
    File::create(path("large")).unwrap().set_len((64 << 20) + 1).unwrap();
    for arguments in [&["state", "push", "large"][..], &["plan", "-var-file=large"]] {
        refused(arguments, "large", large);
    }
    // A saved plan of a fleet that can be planned can be read again.
    File::create(path("larger")).unwrap().set_len((1 << 30) + 1).unwrap();
    for arguments in [&["apply", "larger"][..], &["show", "larger"]] {
        refused(arguments, "larger", "more than 1024 MB");
    }
    for name in ["large.hcl", "large.auto.vars.hcl", "podform.vars.json"] {
        fs::rename(path("large"), path(name)).unwrap();
        refused(&["validate"], name, large);
        fs::rename(path(name), path("large")).unwrap();
    }
}

/// `-var-file=<(command)` of a shell, and what is piped into `/dev/stdin`.
#[test]
fn variables_may_come_from_a_command() {
    let fleet = fleet();
    let told = |line: &str| {
        let mut shell = Command::new("bash");
        shell.args(["-c", line]).arg(podform().get_program());
        shell.current_dir(fleet.path()).env("PODFORM_SANDBOX", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
        shell.stdin(Stdio::null());
        match shell.output() {
            Ok(output) => text(&output),
            Err(_) => "bash is not there: 7 of ".to_owned(),
        }
    };
    for line in ["\"$0\" plan -var-file=<(echo size = 7)", "echo size = 7 | \"$0\" plan -var-file=/dev/stdin"] {
        let told = told(line);
        assert!(told.contains("7 of "), "{line}: {told}");
    }
    let told = told("\"$0\" plan -var-file=<(head -c 70000000 /dev/zero)").replace("\n│ ", " ");
    assert!(told.contains("more than 64 MB") || told.contains("bash is not there"), "{told}");
}
