//! One story: its world, its files, and what happens.

use super::KEY;
use super::beside::Beside;
use super::calls;
use super::names::Names;
use super::order::{by_address, ends_last};
use super::program::{Line, patient, podform};
use super::record::Record;
use super::transcript::Section;
use crate::world::Sandbox;
use podform::sandbox::Switches;
use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::LazyLock;

/// How long the balance lasts, in a drawing.
static BALANCE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^ +Balance: .*$").unwrap());

/// A story that is being told.
pub struct Story {
    directory: tempfile::TempDir,
    /// Its world.
    pub sandbox: Sandbox,
    lock: Option<fs::File>,
    /// Its clock runs, at least for a while: then the balance depends on how fast this machine is.
    ages: bool,
    names: Names,
    /// What the last command said on standard error.
    said: String,
    /// Kinds of things that plans said in few lines.
    pub told: BTreeSet<String>,
    /// Kinds of things that were drawn.
    pub drawn: BTreeSet<String>,
}

impl Story {
    /// Its world begins as `world` says.
    pub fn begin(sections: &[Section]) -> Result<Self, String> {
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
        Ok(Self {
            directory,
            sandbox: Sandbox::start(seed, switches),
            lock: None,
            ages: sections.iter().any(|section| section.body.contains("speed=")),
            names: Names::default(),
            said: String::new(),
            told: BTreeSet::new(),
            drawn: BTreeSet::new(),
        })
    }

    /// Where its fleet is.
    pub fn fleet(&self) -> PathBuf {
        self.directory.path().join("fleet")
    }

    /// Writes a file of the fleet.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.fleet().join(path);
        fs::create_dir_all(path.parent().unwrap()).map_err(|why| why.to_string())?;
        fs::write(path, bytes).map_err(|why| why.to_string())
    }

    /// Does what a line of `do` says.
    pub fn act(&mut self, line: &str) -> Result<(), String> {
        let line = self.names.restore(line);
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

    /// Runs the command of a section; its sections as they happened.
    pub fn run(&mut self, asked: &Section) -> Result<Vec<Section>, String> {
        let (command, full) = asked.command().ok_or("is no command")?;
        let line = Line::read(&self.names.restore(command))?;
        let beside = Beside::make(self, &line)?;
        self.sandbox.take_calls();
        let before = Record::read(&self.fleet());
        let output = patient(&mut self.command(&line.words, &line.variables))?;
        let calls = self.sandbox.take_calls();
        let after = Record::read(&self.fleet());
        self.no_secret_in(&output)?;
        let stdout = self.stdout(beside, &String::from_utf8_lossy(&output.stdout), full);
        let mut told = vec![Section::new(&asked.head, stdout)];
        let add = |told: &mut Vec<Section>, head: &str, body: String| {
            if !body.is_empty() {
                told.push(Section::new(head, body));
            }
        };
        let stderr = self.normalise(&String::from_utf8_lossy(&output.stderr));
        // How long something took is no part of a story.
        let goes_on =
            |line: &&str| line.contains(" elapsed]") || (line.contains(": Still ") && line.contains(" elapsed, "));
        let stderr: String = stderr.split_inclusive('\n').filter(|line| !goes_on(line)).collect();
        let at_once = line.words.iter().any(|word| word.contains("-parallelism"));
        let stderr = if at_once { by_address(&stderr) } else { ends_last(&stderr) };
        let stderr = if full { stderr } else { narrow(&stderr) };
        match stderr == self.said && stderr.lines().count() > 2 {
            true => told.push(Section::new("stderr as before", "")),
            false => add(&mut told, "stderr", stderr.clone()),
        }
        self.said = stderr;
        let exit = output.status.code().ok_or_else(|| format!("podform {command} ended with {}", output.status))?;
        if exit != 0 {
            told.push(Section::new(format!("exit {exit}"), ""));
        }
        let verb = line.verb().map(|at| line.words[at].as_str());
        add(&mut told, "calls", self.normalise(&calls::told(verb, &calls)));
        add(&mut told, "state", self.normalise(&before.changes(&after)));
        Ok(told)
    }

    /// What a command says on its standard output, its plan in few lines.
    fn stdout(&mut self, beside: Option<Beside>, stdout: &str, full: bool) -> String {
        let same = |drawn: &str| {
            // Where the clock runs, some of the balance is gone by the second plan.
            let still = |text: &str| BALANCE.replace(text, "Balance").into_owned();
            Some(still(stdout).strip_prefix(&still(drawn))?.to_owned())
        };
        let known = beside.and_then(|Beside { drawn, compact }| Some((same(&drawn)?, compact)));
        match known {
            Some((rest, compact)) if !full => {
                self.told.extend(compact.kinds);
                let plan: String = compact.lines.split_inclusive('\n').map(|line| format!("| {line}")).collect();
                self.normalise(&(plan + &as_planned(&compact.lines, rest.trim_start_matches('\n'))))
            }
            drawn => {
                self.drawn.extend(drawn.into_iter().flat_map(|(_, compact)| compact.kinds));
                self.normalise(stdout)
            }
        }
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

    /// The program, about to run in the fleet, on the story's world.
    pub fn command(&self, arguments: &[String], variables: &[(String, String)]) -> Command {
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
        command
    }

    fn normalise(&mut self, text: &str) -> String {
        let text = text.replace(&self.sandbox.url(), "http://SANDBOX");
        let directory = self.directory.path().canonicalize().unwrap_or_default();
        let mut text = text.replace(&*directory.to_string_lossy(), "TMP");
        if self.ages {
            text = BALANCE.replace_all(&text, "    Balance: AMOUNT").into_owned();
        }
        self.names.normalise(&text.replace(&*self.directory.path().to_string_lossy(), "TMP"))
    }
}

/// The end of an apply, in one line where it repeats the sums of the plan.
fn as_planned(plan: &str, told: &str) -> String {
    static SUMS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^= (\d+) to add, (\d+) to change, (\d+) to destroy; (?:\S+ -> )?(\S+)/h$").unwrap()
    });
    let rest = SUMS.captures(plan).and_then(|sums| {
        let [add, change, destroy, costs] = sums.extract().1;
        let applied = format!("Apply complete! Resources: {add} added, {change} changed, {destroy} destroyed.\n");
        let destroyed = format!("Destroy complete! Resources: {destroy} destroyed.\n");
        let costs = if costs == "$0.00" { "nothing.".to_owned() } else { format!("{costs} per hour, about ") };
        let ends = [("Apply", applied), ("Destroy", destroyed)];
        let (what, rest) = ends.iter().find_map(|(what, done)| Some((what, told.strip_prefix(done.as_str())?)))?;
        let (costing, rest) = rest.split_once('\n')?;
        let is_planned = costing.strip_prefix("The fleet costs ")?.starts_with(&costs);
        is_planned.then(|| format!("{what} complete, as planned.\n{rest}"))
    });
    rest.unwrap_or_else(|| told.to_owned())
}

/// What a command says on standard error, in fewer lines: boxes of errors and warnings lose their first and last line and
/// what sets their parts apart, and the end of a step stands behind its beginning where nothing is told between them.
fn narrow(text: &str) -> String {
    let is_frame = |line: &str| line.chars().all(|letter| matches!(letter, '╷' | '│' | '╵' | ' ' | '\n'));
    let mut out = String::new();
    let mut begun = None;
    for line in text.split_inclusive('\n').filter(|line| line.trim().is_empty() || !is_frame(line)) {
        let (address, rest) = line.split_once(": ").unwrap_or((line, ""));
        if begun == Some(address) && rest.contains(" after N s") {
            out.pop();
            out.push(' ');
            out.push_str(rest);
        } else {
            out.push_str(line);
        }
        begun = rest.contains("...").then_some(address);
    }
    out
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
    fn what_is_not_as_planned_is_told() {
        let plan = "+ a create\n= 2 to add, 0 to change, 0 to destroy; $0.00/h -> $0.3206/h\n";
        let told = |added: u8, costs: &str| {
            format!(
                "Apply complete! Resources: {added} added, 0 changed, 0 destroyed.\nThe fleet costs {costs}.\nmore\n"
            )
        };
        let costs = "$0.3206 per hour, about $234.02 a month (730 h)";
        assert_eq!(as_planned(plan, &told(2, costs)), "Apply complete, as planned.\nmore\n");
        for other in [told(1, costs), told(2, "nothing"), told(2, &costs.replace('3', "4"))] {
            assert_eq!(as_planned(plan, &other), other);
        }
        assert_eq!(as_planned("", &told(2, costs)), told(2, costs));
    }

    #[test]
    fn every_word_of_standard_error_stays() {
        let told =
            "a: Creating...\na: Creation complete after N s\nb: Renting...\na: Renting...\nb: Rented after N s\n";
        let narrowed =
            "a: Creating... Creation complete after N s\nb: Renting...\na: Renting...\nb: Rented after N s\n";
        assert_eq!(narrow(told), narrowed);
        let boxed = "╷\n│ Error: E\n│   --> a:1\n│   │\n│ 1 │ x = 1\n│   │     ^\n│\n│ D\n╵\n\nend\n";
        assert_eq!(narrow(boxed), "│ Error: E\n│   --> a:1\n│ 1 │ x = 1\n│   │     ^\n│ D\n\nend\n");
    }
}
