//! Every file `tests/scenarios/*.txt` is a story about one fleet, told as a transcript.
//!
//! A file is a free description followed by sections, each with a head `-- HEAD --` on a line of its own:
//!
//! | head | body |
//! |---|---|
//! | `world` | first: `seed N`, and switches and faults of the sandbox, one a line |
//! | `PATH` (with a dot in it) | the text of a file of the fleet, written at this point of the story |
//! | `do` | what happens outside, one a line, see below |
//! | `$ ARGS` | runs `podform ARGS`; variables may stand first: `$ PODFORM_VAR_a=1 plan`; body: its standard output |
//! | `stderr` | what that run said on standard error; no section: nothing |
//! | `exit N` | its exit code; no section: 0. No body |
//! | `calls` | the calls that change the account, `METHOD /path body`, one a line; no section: none. `no call` means that not even a read was sent |
//! | `state` | optional: the resources of the state afterwards, one line each; `untouched`: as it was before the run |
//! | `unsettled` | last: why the story does not end in "plan again: no changes", as all others must |
//!
//! Lines of `do`: `advance SECONDS`; `switch SPEC`, or `switch no faults`; `rent JSON`, `edit JSON` and `delete JSON` (other
//! people's hands, see `src/sandbox/admin.rs`); `remove PATH`; `copy FROM TO`; `truncate PATH BYTES`; `bytes PATH TEXT` (a
//! file with the escapes of a Rust string); `fill PATH BYTES` (so many bytes of comments); `mkdir PATH`; `replace PATH OLD => NEW`;
//! `unseal PATH` (takes the checksum of a state out);
//! `hold` (another program holds the lock of the state) and `release`.
//!
//! Each story has a sandbox of its own, told to the program by `SIMPLEPOD_API_URL`. Its clock stands still (`speed=0`) and
//! machines run at once (`boot=0`) unless `world` says otherwise, so that nothing depends on time. `apply` and `destroy`
//! run with `-parallelism=1` unless they say otherwise, so that nothing depends on chance. What still differs from run to
//! run is replaced: see [`normalise`].
//!
//! `UPDATE_GOLDEN=1 cargo test --test podform scenarios` rewrites what is expected; `SCENARIO=name` runs those whose file
//! name contains it.

use crate::world::Sandbox;
use podform::sandbox::{CallRecord, Switches};
use regex::Regex;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

/// The key that every scenario uses; it must never show.
pub const KEY: &str = "key-canary-7f3a9c";
/// How many stories are told at once.
const THREADS: usize = 3;
/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq)]
struct Section {
    head: String,
    body: String,
}

#[test]
fn scenarios() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    assert!(!(update && std::env::var_os("CI").is_some()), "CI never rewrites what is expected");
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.retain(|path| path.file_stem().is_some_and(|name| name.to_string_lossy().contains(&wanted)));
    files.sort();
    assert!(!files.is_empty(), "there is no scenario {wanted:?}");
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                    let told = std::panic::catch_unwind(|| tell(&fs::read_to_string(path).unwrap()));
                    let failure = match told {
                        Err(_) => Some("panicked, see above".to_owned()),
                        Ok(Err(why)) => Some(why),
                        Ok(Ok(Told { expected, told, unsettled })) => {
                            let differs = expected != told;
                            if differs && update {
                                fs::write(path, &told).unwrap();
                            }
                            unsettled.or_else(|| (differs && !update).then(|| difference(&expected, &told)))
                        }
                    };
                    if let Some(failure) = failure {
                        failures.lock().unwrap().insert(name, failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let mut text = String::new();
    for (name, failure) in &failures {
        let _ = writeln!(text, "==== {name}\n{failure}");
    }
    assert!(failures.is_empty(), "{} of {} scenarios fail\n{text}", failures.len(), files.len());
}

/// What is expected against what was told, as a unified diff.
pub fn difference(expected: &str, told: &str) -> String {
    similar::TextDiff::from_lines(expected, told).unified_diff().header("expected", "told").to_string()
}

fn parse(text: &str) -> (String, Vec<Section>) {
    let mut intro = String::new();
    let mut sections: Vec<Section> = Vec::new();
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        match bare.strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
            Some(head) => sections.push(Section { head: head.to_owned(), body: String::new() }),
            None => match sections.last_mut() {
                Some(section) => section.body.push_str(line),
                None => intro.push_str(line),
            },
        }
    }
    (intro, sections)
}

fn print(intro: &str, sections: &[Section]) -> String {
    let mut text = intro.to_owned();
    for section in sections {
        let _ = write!(text, "-- {} --\n{}", section.head, section.body);
        if !section.body.is_empty() && !section.body.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

fn is_result(head: &str) -> bool {
    matches!(head, "stderr" | "calls" | "state") || head.starts_with("exit ")
}

/// A story that was told to its end.
struct Told {
    /// The text as it was, brought into form.
    expected: String,
    /// The text as it happened.
    told: String,
    /// The plan at the end, where it should have been empty and was not.
    unsettled: Option<String>,
}

/// Runs a story.
fn tell(text: &str) -> Result<Told, String> {
    let (intro, sections) = parse(text);
    let mut story = Story::begin(&sections)?;
    let mut told = Vec::new();
    let mut settled = true;
    let mut at = 0;
    while let Some(section) = sections.get(at) {
        at += 1;
        let head = section.head.as_str();
        if let Some(command) = head.strip_prefix("$ ") {
            let results = sections[at..].iter().take_while(|section| is_result(&section.head));
            let state = results.clone().find(|section| section.head == "state");
            at += results.count();
            told.extend(story.run(command, state)?);
            continue;
        }
        told.push(section.clone());
        match head {
            "world" => {}
            "unsettled" => {
                settled = false;
                if section.body.trim().is_empty() {
                    return Err("unsettled needs a reason".to_owned());
                }
            }
            "do" => {
                for line in section.body.lines().filter(|line| !line.trim().is_empty()) {
                    story.act(line).map_err(|why| format!("{line}: {why}"))?;
                }
            }
            path if path.contains('.') && !is_result(path) => story.write(path, section.body.as_bytes())?,
            other => return Err(format!("there is no section {other:?}")),
        }
    }
    let mut unsettled = None;
    if settled {
        story.sandbox.switch("no faults")?;
        let output = story.podform(&["plan".into(), "-detailed-exitcode".into(), "-no-color".into()], &[])?;
        if output.status.code() != Some(0) {
            let stdout = String::from_utf8_lossy(&output.stdout);
            let stderr = String::from_utf8_lossy(&output.stderr);
            unsettled = Some(format!("plan again is not empty: {}\n{stdout}{stderr}", output.status));
        }
    }
    Ok(Told { expected: print(&intro, &sections), told: print(&intro, &told), unsettled })
}

struct Story {
    directory: tempfile::TempDir,
    sandbox: Sandbox,
    lock: Option<fs::File>,
}

impl Story {
    fn begin(sections: &[Section]) -> Result<Self, String> {
        let mut seed = 1;
        let mut switches = Switches::default();
        for spec in ["speed=0", "boot=0", "ports-open=0"] {
            switches.apply_spec(spec)?;
        }
        let world = sections.iter().find(|section| section.head == "world");
        for line in world.iter().flat_map(|section| section.body.lines()).filter(|line| !line.trim().is_empty()) {
            match line.strip_prefix("seed ") {
                Some(number) => seed = number.trim().parse().map_err(|_| format!("{line:?} is no seed"))?,
                None => switches.apply_spec(line.trim())?,
            }
        }
        let directory = tempfile::tempdir().map_err(|why| why.to_string())?;
        fs::create_dir(directory.path().join("fleet")).map_err(|why| why.to_string())?;
        Ok(Self { directory, sandbox: Sandbox::start(seed, switches), lock: None })
    }

    fn fleet(&self) -> PathBuf {
        self.directory.path().join("fleet")
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.fleet().join(path);
        fs::create_dir_all(path.parent().unwrap()).map_err(|why| why.to_string())?;
        fs::write(path, bytes).map_err(|why| why.to_string())
    }

    fn act(&mut self, line: &str) -> Result<(), String> {
        let (verb, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let two = || rest.split_once(' ').ok_or("needs two words");
        let io = |why: std::io::Error| why.to_string();
        match verb {
            "advance" => self.sandbox.advance(rest.parse().map_err(|_| "no number")?),
            "switch" => self.sandbox.switch(rest)?,
            "rent" | "edit" | "delete" => {
                self.sandbox.ask("POST", &format!("/sandbox/actors/{verb}"), rest)?;
            }
            "remove" => {
                let path = self.fleet().join(rest);
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.map_err(io)?;
            }
            "copy" => {
                let (from, to) = two()?;
                fs::copy(self.fleet().join(from), self.fleet().join(to)).map_err(io)?;
            }
            "truncate" => {
                let (path, bytes) = two()?;
                let file = fs::OpenOptions::new().write(true).open(self.fleet().join(path)).map_err(io)?;
                file.set_len(bytes.parse().map_err(|_| "no number")?).map_err(io)?;
            }
            "bytes" => {
                let (path, text) = two()?;
                self.write(path, &unescape(text)?)?;
            }
            "fill" => {
                let (path, bytes) = two()?;
                let line = "# Nothing but a comment.\n";
                let lines = bytes.parse::<usize>().map_err(|_| "no number")? / line.len();
                self.write(path, line.repeat(lines).as_bytes())?;
            }
            "mkdir" => fs::create_dir_all(self.fleet().join(rest)).map_err(io)?,
            "unseal" => {
                let text = fs::read_to_string(self.fleet().join(rest)).map_err(io)?;
                let (before, after) = text.split_once(",\n    \"sum\": \"").ok_or("has no checksum")?;
                let (_, after) = after.split_once('"').ok_or("has no checksum")?;
                self.write(rest, [before, after].concat().as_bytes())?;
            }
            "replace" => {
                let (path, change) = two()?;
                let (old, new) = change.split_once(" => ").ok_or("needs OLD => NEW")?;
                let text = fs::read_to_string(self.fleet().join(path)).map_err(io)?;
                if !text.contains(old) {
                    return Err(format!("{path} does not contain {old:?}:\n{text}"));
                }
                self.write(path, text.replace(old, new).as_bytes())?;
            }
            "hold" => {
                let path = self.fleet().join("state/podform.lock");
                fs::create_dir_all(path.parent().unwrap()).map_err(io)?;
                let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(io)?;
                file.try_lock().map_err(|why| why.to_string())?;
                self.lock = Some(file);
            }
            "release" => self.lock = None,
            _ => return Err("there is no such verb".to_owned()),
        }
        Ok(())
    }

    /// Runs one command; its sections as they happened.
    fn run(&mut self, command: &str, state: Option<&Section>) -> Result<Vec<Section>, String> {
        let (variables, arguments) = split(command)?;
        self.sandbox.take_calls();
        let before = self.state_bytes();
        let output = self.podform(&arguments, &variables)?;
        let calls = self.sandbox.take_calls();
        let normal = |bytes: &[u8]| self.normalise(&String::from_utf8_lossy(bytes));
        self.no_secret_in(&output)?;
        let mut told = vec![section(&format!("$ {command}"), normal(&output.stdout))];
        let stderr = by_address(&normal(&output.stderr));
        if !stderr.is_empty() {
            told.push(section("stderr", stderr));
        }
        match output.status.code() {
            Some(0) => {}
            Some(code) => told.push(section(&format!("exit {code}"), String::new())),
            None => return Err(format!("podform {command} ended with {}", output.status)),
        }
        let changing: Vec<&CallRecord> = calls.iter().filter(|call| call.method != "GET").collect();
        if calls.is_empty() {
            told.push(section("calls", "no call\n".to_owned()));
        } else if !changing.is_empty() {
            let lines: String = changing.iter().map(|call| call_line(call)).collect();
            told.push(section("calls", self.normalise(&lines)));
        }
        if let Some(expected) = state {
            let after = self.state_bytes();
            let body = if expected.body.trim() == "untouched" {
                if before == after { "untouched\n".to_owned() } else { "touched\n".to_owned() }
            } else {
                self.normalise(&state_lines(&after)?)
            };
            told.push(section("state", body));
        }
        Ok(told)
    }

    fn state_bytes(&self) -> Vec<u8> {
        fs::read(self.fleet().join("state/podform.state.json")).unwrap_or_default()
    }

    /// Secrets of stories contain "canary"; they stand in no output and in no file that the program wrote.
    fn no_secret_in(&self, output: &Output) -> Result<(), String> {
        let shows = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("canary");
        if shows(&output.stdout) || shows(&output.stderr) {
            return Err(format!("a secret shows in:\n{}", crate::fleet::text(output)));
        }
        let state = fs::read_dir(self.fleet().join("state")).into_iter().flatten();
        for entry in state.chain(fs::read_dir(self.fleet()).into_iter().flatten()).flatten() {
            let path = entry.path();
            let ours = path.extension().is_none_or(|extension| extension != "hcl");
            if ours && fs::read(&path).is_ok_and(|bytes| shows(&bytes)) {
                return Err(format!("a secret shows in {}", path.display()));
            }
        }
        Ok(())
    }

    fn podform(&self, arguments: &[String], variables: &[(String, String)]) -> Result<Output, String> {
        let mut command = podform();
        command.current_dir(self.fleet()).args(arguments);
        if arguments.iter().any(|argument| argument == "apply" || argument == "destroy")
            && !arguments.iter().any(|argument| argument.contains("-parallelism"))
        {
            command.arg("-parallelism=1");
        }
        command.env("SIMPLEPOD_API_URL", self.sandbox.url()).env("SIMPLEPOD_API_KEY", KEY);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        for (name, _) in variables.iter().filter(|(_, value)| value.is_empty()) {
            command.env_remove(name);
        }
        patient(&mut command)
    }

    fn normalise(&self, text: &str) -> String {
        let text = text.replace(&self.sandbox.url(), "http://SANDBOX");
        let directory = self.directory.path().canonicalize().unwrap_or_default();
        let text = text.replace(&*directory.to_string_lossy(), "TMP");
        normalise(&text.replace(&*self.directory.path().to_string_lossy(), "TMP"))
    }
}

/// Both streams of a run, which must end in time.
fn patient(command: &mut Command) -> Result<Output, String> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|why| why.to_string())?;
    let (id, started) = (child.id(), Instant::now());
    let reader = |mut stream: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).map(|_| bytes)
        })
    };
    let stdout = reader(Box::new(child.stdout.take().unwrap()));
    let stderr = reader(Box::new(child.stderr.take().unwrap()));
    let status = loop {
        match child.try_wait().map_err(|why| why.to_string())? {
            Some(status) => break Some(status),
            None if started.elapsed() > PATIENCE => {
                child.kill().map_err(|why| why.to_string())?;
                child.wait().map_err(|why| why.to_string())?;
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let (stdout, stderr) = (stdout.join().unwrap().unwrap(), stderr.join().unwrap().unwrap());
    let Some(status) = status else {
        let told = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        return Err(format!("{command:?} (process {id}) did not end in {PATIENCE:?}\n{told}"));
    };
    Ok(Output { status, stdout, stderr })
}

/// The program, in an environment that says nothing.
pub fn podform() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podform"));
    command.env_clear().env("HOME", "/nonexistent").env("NO_COLOR", "1").stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Replaces what differs from run to run: UUIDs, claims, times, durations, process numbers.
pub fn normalise(text: &str) -> String {
    static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let pattern = |text: &str, by: &'static str| (Regex::new(text).unwrap(), by);
        vec![
            pattern("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
            pattern(r"\b[0-9a-f]{32}\b", "CLAIM"),
            pattern("\"sum\": \"[0-9a-f]{16}\"", "\"sum\": \"SUM\""),
            pattern(r"\(claim [0-9a-f]{8}\)", "(claim CLAIM)"),
            pattern(r"\(deposed object [0-9a-f]{8}\)", "(deposed object KEY)"),
            pattern(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", "TIME"),
            pattern(r"\bafter \d+(?:\.\d+)?(?:ms|s|m\d+s)", "after N s"),
            pattern(r"(?m)\b(pid|process) \d+", "$1 N"),
            pattern(r"(?m)[ \t]+$", ""),
        ]
    });
    let mut text = text.to_owned();
    for (pattern, by) in PATTERNS.iter() {
        text = pattern.replace_all(&text, *by).into_owned();
    }
    text
}

/// Lines of progress that stand together, by address: steps tell at the same time.
pub fn by_address(text: &str) -> String {
    let address = |line: &str| {
        let (address, _) = line.split_once(": ")?;
        ["simplepod_", "module.", "data."].iter().any(|start| address.starts_with(start)).then(|| address.to_owned())
    };
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    for block in lines.chunk_by_mut(|a, b| address(a).is_some() && address(b).is_some()) {
        block.sort_by_key(|line| address(line));
    }
    lines.concat()
}

fn section(head: &str, body: String) -> Section {
    Section { head: head.to_owned(), body }
}

fn call_line(call: &CallRecord) -> String {
    let mut line = format!("{} {}", call.method, call.path);
    if !call.body.is_null() {
        let _ = write!(line, " {}", call.body);
    }
    let faults: Vec<&str> = call.faults.iter().map(|fault| fault.split(':').next().unwrap_or_default()).collect();
    match (call.status, faults.is_empty()) {
        (Some(200 | 201 | 204), true) => {}
        (status, _) => {
            let status = status.map_or("-".to_owned(), |status| status.to_string());
            let _ = write!(line, " => {status} {}", faults.join(" "));
        }
    }
    format!("{}\n", line.trim_end())
}

/// One line for each recorded object: address, and its id and what matters for the next run.
fn state_lines(bytes: &[u8]) -> Result<String, String> {
    if bytes.is_empty() {
        return Ok("none\n".to_owned());
    }
    let state: serde_json::Value = serde_json::from_slice(bytes).map_err(|why| format!("the state: {why}"))?;
    let mut lines = String::new();
    for resource in state["resources"].as_array().into_iter().flatten() {
        for instance in resource["instances"].as_array().into_iter().flatten() {
            let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
            let mut address = text(&resource["module"]).map(|module| format!("{module}.")).unwrap_or_default();
            if resource["mode"] == "data" {
                address.push_str("data.");
            }
            let _ = write!(address, "{}.{}", resource["type"].as_str().unwrap(), resource["name"].as_str().unwrap());
            if !instance["index_key"].is_null() {
                let _ = write!(address, "[{}]", instance["index_key"]);
            }
            let mut status = text(&instance["status"]).map(|status| format!(" {status}")).unwrap_or_default();
            if !instance["deposed"].is_null() {
                status.push_str(" deposed");
            }
            let attributes = &instance["attributes"];
            let _ = writeln!(lines, "{address} id={} name={}{status}", attributes["id"], attributes["name"]);
        }
    }
    Ok(lines)
}

/// Variables set for a command, and its words.
type Words = (Vec<(String, String)>, Vec<String>);

/// Splits a command line: variables first, words may be quoted with `'`.
fn split(command: &str) -> Result<Words, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for letter in command.chars() {
        match letter {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    if quoted {
        return Err(format!("{command}: a quote is open"));
    }
    words.extend(word);
    let variable = |word: &String| {
        let (name, value) = word.split_once('=')?;
        let named = name.starts_with(|letter: char| letter.is_ascii_uppercase());
        (named && !name.contains(['-', ' '])).then(|| (name.to_owned(), value.to_owned()))
    };
    let variables: Vec<_> = words.iter().map_while(variable).collect();
    Ok((variables.clone(), words.split_off(variables.len())))
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            bytes.extend(letter.to_string().as_bytes());
            continue;
        }
        match letters.next() {
            Some('n') => bytes.push(b'\n'),
            Some('t') => bytes.push(b'\t'),
            Some('r') => bytes.push(b'\r'),
            Some('\\') => bytes.push(b'\\'),
            Some('x') => {
                let code: String = letters.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&code, 16).map_err(|_| format!("\\x{code}"))?);
            }
            other => return Err(format!("there is no escape {other:?}")),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_survive_being_read_and_printed() {
        let text = "About this.\n\n-- world --\nseed 3\n-- main.hcl --\na = 1\n-- $ plan -x --\n-- exit 1 --\n";
        let (intro, sections) = parse(text);
        assert_eq!(sections.len(), 4);
        assert_eq!(print(&intro, &sections), text);
    }

    #[test]
    fn command_lines_are_split_like_a_shell_does() {
        let (variables, words) = split("A=1 B_2='x y' plan -var 'a=[1, 2]' ''").unwrap();
        assert_eq!(variables, [("A".into(), "1".into()), ("B_2".into(), "x y".into())]);
        assert_eq!(words, ["plan", "-var", "a=[1, 2]", ""]);
        assert!(split("plan 'x").is_err());
    }

    #[test]
    fn a_story_that_tells_something_else_fails() {
        let story = tell("-- $ version --\nwrong\n-- unsettled --\nno fleet\n").unwrap();
        assert_ne!(story.expected, story.told);
        assert!(tell("-- nonsense --\n").is_err());
    }
}
