//! What looks at the account, word by word: each command on a terminal of 80 and of 200 columns, for programs, and where the
//! API does not answer, against one prepared world. `UPDATE_GOLDEN=1` writes `tests/transcripts/` anew.
//!
//! Where the API fails at first, or is slow, the same must come out in the end; on a terminal the wait is told of.

use crate::fleet::Fleet;
use crate::prompts::Session;
use crate::scenarios::{normalise, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const FLEET: &str = r#"
podform {
  fleet = "lab"
}

resource "simplepod_template_group" "base" {
  name         = "lab-base"
  image_name   = "pytorch/pytorch"
  expose_ports = [22, 8888]
  ssh_server   = true
}

resource "simplepod_instance" "worker" {
  count             = 2
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 0.35
  template_group    = simplepod_template_group.base.id
}
"#;
const WORKER: &str = "simplepod_instance.worker[0]";
/// So many are under way at once: most of them wait.
const THREADS: usize = 6;
/// Nobody waits for so long, so that the first answer is the last.
const NO_ANSWER: &str = "503:*:1-9999:3600";

struct Case {
    /// Of its file.
    name: &'static str,
    words: &'static [&'static str],
    json: bool,
    csv: bool,
    /// It asks the API nothing.
    offline: bool,
    /// It prints what others wrote, or what a program reads: as wide as that is.
    verbatim: bool,
    /// It is started in an empty directory.
    elsewhere: bool,
}

const fn case(name: &'static str, words: &'static [&'static str]) -> Case {
    Case { name, words, json: true, csv: true, offline: false, verbatim: false, elsewhere: false }
}

const fn text(name: &'static str, words: &'static [&'static str]) -> Case {
    Case { csv: false, json: false, ..case(name, words) }
}

const fn json(name: &'static str, words: &'static [&'static str]) -> Case {
    Case { csv: false, ..case(name, words) }
}

const CASES: &[Case] = &[
    case("market", &["market", "-gpu-model=H200"]),
    case("market_models", &["market", "-by=model"]),
    case("market_offers", &["market", "-by=offer", "-gpu-model=H200"]),
    case("market_prices", &["market", "-histogram"]),
    case("market_for", &["market", "-for=simplepod_instance.worker[0]"]),
    case("templates", &["templates", "-search=la"]),
    case("templates_show", &["templates", "show", "lab-base"]),
    text("templates_hcl", &["templates", "show", "lab-base", "-hcl"]),
    case("instances", &["instances"]),
    json("instances_show", &["instances", "show", WORKER]),
    Case { verbatim: true, ..json("instances_logs", &["instances", "logs", WORKER]) },
    case("instances_ports", &["instances", "ports", WORKER]),
    text("instances_wait", &["instances", "wait", WORKER, "-for=running", "-timeout=3s"]),
    case("status", &["status"]),
    case("billing", &["billing"]),
    case("billing_days", &["billing", "-by=day"]),
    case("deposits", &["deposits"]),
    json("whoami", &["whoami"]),
    json("doctor", &["doctor"]),
    Case { offline: true, verbatim: true, ..text("ssh_config", &["ssh-config"]) },
    json("orphans", &["orphans"]),
    json("cost", &["cost"]),
    json("rebalance", &["rebalance"]),
    text("reboot", &["reboot", WORKER, "-auto-approve"]),
    Case { offline: true, ..json("init", &["init"]) },
    Case { offline: true, elsewhere: true, ..text("init_example", &["init", "-example=quickstart"]) },
    Case { elsewhere: true, ..text("init_from", &["init", "-from=36"]) },
];

/// Two machines of the fleet that have run for ten hours, one that somebody rented by hand, and money that came in.
fn prepared() -> Fleet {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    fleet.run(&["apply", "-auto-approve", "-parallelism=1", "--fault=speed=0", "--fault=boot=0"], 0);
    let mut switches = Switches::default();
    for spec in ["speed=0", "boot=0"] {
        switches.apply_spec(spec).unwrap();
    }
    let sandbox = Sandbox::open(&fleet.path().join("state/sandbox/world.json"), switches);
    let world = sandbox.ask("GET", "/sandbox/world", "").unwrap();
    let group = world["templates"].as_object().unwrap().keys().next().unwrap();
    let rent = format!(
        "{{\"instanceMarket\": \"/instances/market/4256\", \"gpuCount\": 1, \"instanceTemplate\": \"/instances/templates/{group}\"}}"
    );
    sandbox.ask("POST", "/sandbox/actors/rent", &rent).unwrap();
    sandbox.ask("POST", "/sandbox/actors/edit", "{\"deposit\": 50}").unwrap();
    sandbox.advance(36_000);
    drop(sandbox);
    fleet
}

/// State, world and all.
fn copy(fleet: &Fleet, case: &Case) -> Fleet {
    let own = Fleet::new(&[]);
    if case.elsewhere {
        return own;
    }
    let copied = Command::new("cp").arg("-a").arg(fleet.path().join(".")).arg(own.path()).status();
    assert!(copied.unwrap().success());
    own
}

/// What one run came to.
struct Told {
    code: i32,
    text: String,
    /// A wait was told of at the foot.
    waited: bool,
}

/// On a terminal of so many columns.
fn on_terminal(fleet: &Fleet, case: &Case, faults: &[&str], columns: u16) -> Told {
    let own = copy(fleet, case);
    let words = case.words;
    let session = Session::run(command(&own, words, faults), (columns, 50));
    let screen = session.keyboard();
    let (code, written) = session.end();
    drop(screen);
    // Wider than the terminal: a line that is too long shows.
    let mut parser = vt100::Parser::new(NonZero::new(500).unwrap(), NonZero::new(400).unwrap(), 0);
    parser.process(written.replace('\n', "\r\n").as_bytes());
    let text = told(&parser.screen().contents(), &own);
    for line in text.lines() {
        let width = line.chars().count();
        // A command that is to be copied stays whole.
        assert!(
            width <= columns.into() || case.verbatim || line.contains("podform "),
            "{words:?} at {columns}: {width} columns: {line}"
        );
    }
    Told { code: code.unwrap(), text, waited: written.contains(" elapsed]") }
}

/// Where another program reads: both streams.
fn piped(fleet: &Fleet, case: &Case, flag: &str, faults: &[&str]) -> (i32, String, String) {
    let own = copy(fleet, case);
    let output = command(&own, &[case.words, &[flag]].concat(), faults).output().unwrap();
    let text = |bytes: &[u8]| told(&String::from_utf8_lossy(bytes), &own);
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn command(fleet: &Fleet, words: &[&str], faults: &[&str]) -> Command {
    let mut command = podform();
    command.current_dir(fleet.path()).args(words).env("PODFORM_SANDBOX", "1").env("TERM", "xterm");
    command.args(faults.iter().chain(&["speed=0", "boot=0"]).map(|fault| format!("--fault={fault}")));
    command
}

/// Without what differs from run to run.
fn told(text: &str, fleet: &Fleet) -> String {
    let text = text.replace(&fleet.path().canonicalize().unwrap().display().to_string(), "DIRECTORY");
    let version = format!("v{} on {}_{}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let text = text.replace(&version, "vVERSION on SYSTEM").replace(env!("CARGO_PKG_VERSION"), "VERSION");
    let took = regex::Regex::new(r"answered in \d+ ms").unwrap();
    let port = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    let text = port.replace_all(&took.replace_all(&text, "answered in N ms"), "127.0.0.1:PORT").into_owned();
    format!("{}\n", normalise(&text).trim_end())
}

fn transcript(fleet: &Fleet, case: &Case) -> String {
    let mut all = String::new();
    let mut section = |head: &str, code: i32, text: &str| {
        let exit = if code == 0 { String::new() } else { format!(", exit {code}") };
        let _ = write!(all, "== {head}{exit} ==\n{text}\n");
    };
    let narrow = on_terminal(fleet, case, &[], 80);
    section("80 columns", narrow.code, &narrow.text);
    let wide = on_terminal(fleet, case, &[], 200);
    assert_eq!(wide.code, narrow.code, "{}", case.name);
    section("200 columns", wide.code, &wide.text);
    for (flag, has) in [("-json", case.json), ("-csv", case.csv)] {
        let words = [case.words, &[flag]].concat();
        if !has {
            continue;
        }
        let (code, out, err) = piped(fleet, case, flag, &[]);
        assert_eq!((code, err.trim()), (narrow.code, ""), "{words:?}");
        if flag == "-json" {
            out.lines().for_each(|line| _ = serde_json::from_str::<serde_json::Value>(line).expect(line));
        }
        section(flag, code, &out);
    }
    if case.offline {
        return all;
    }
    let failed = on_terminal(fleet, case, &[NO_ANSWER], 80);
    section("80 columns, no answer", failed.code, &failed.text);
    if case.json {
        let words = [case.words, &["-json"]].concat();
        let (code, out, _) = piped(fleet, case, "-json", &[NO_ANSWER]);
        assert_eq!(code, failed.code, "{words:?}");
        let lines = out.lines().filter(|line| !line.is_empty());
        lines.for_each(|line| _ = serde_json::from_str::<serde_json::Value>(line).expect(line));
    }
    let again = on_terminal(fleet, case, &["503:*:1-2"], 80);
    // A reboot without an answer is looked after, and not sent again.
    if case.name != "reboot" {
        assert_eq!((again.code, &again.text), (narrow.code, &narrow.text), "{}: 503 at first", case.name);
    }
    let slow = on_terminal(fleet, case, &["latency=1300"], 80);
    assert_eq!((slow.code, &slow.text), (narrow.code, &narrow.text), "{}: slow answers", case.name);
    assert!(slow.waited, "{}: a wait of seconds in silence", case.name);
    all
}

/// Keys are kept below the home, and told by their fingerprints alone.
fn keys() -> String {
    let home = Fleet::new(&[]);
    let mut all = String::new();
    for (words, typed) in [
        (&["login"][..], "key-canary-1\n"),
        (&["login", "-account=team"], "key-canary-2"),
        (&["login"], ""),
        (&["login", "-account=a/b"], "key-canary-3"),
        (&["logout"], ""),
        (&["logout"], ""),
    ] {
        let mut command = podform();
        command.args(words).current_dir(home.path()).env("HOME", home.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Who refuses the name reads no key.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = told(&crate::fleet::text(&output), &home);
        assert!(!text.contains("canary"), "{text}");
        let _ = write!(all, "== {}, exit {} ==\n{}\n\n", words.join(" "), output.status.code().unwrap(), text.trim());
    }
    all
}

#[test]
fn what_login_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/login.txt");
    let told = keys();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &told).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), told, "UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn what_commands_say() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    assert!(!(update && std::env::var_os("CI").is_some()), "CI never rewrites what is expected");
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let fleet = prepared();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(case) = CASES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let path = directory.join(format!("{}.txt", case.name));
                    let expected = fs::read_to_string(&path).unwrap_or_default();
                    match std::panic::catch_unwind(|| transcript(&fleet, case)) {
                        Err(_) => failures.lock().unwrap().push(format!("{} panicked, see above", case.name)),
                        Ok(told) if told == expected => {}
                        Ok(told) if update => fs::write(&path, told).unwrap(),
                        Ok(told) => {
                            let diff = similar::TextDiff::from_lines(&expected, &told).unified_diff().to_string();
                            failures.lock().unwrap().push(format!("==== {}\n{diff}", case.name));
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "UPDATE_GOLDEN=1 writes them anew\n{}", failures.join("\n"));
    let mut kept: Vec<PathBuf> = fs::read_dir(&directory).unwrap().map(|file| file.unwrap().path()).collect();
    kept.retain(|path| {
        !path.ends_with("login.txt") && !CASES.iter().any(|case| path.ends_with(format!("{}.txt", case.name)))
    });
    assert!(kept.is_empty(), "of no command: {kept:?}");
}
