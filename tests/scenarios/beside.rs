//! The plan that a command is going to draw, made beside it, and as JSON.
//!
//! The same plan is made first, by `plan -out` in a copy of the fleet, and shown by `show -json`. That it is the same is
//! proven by the drawing: the command must print the very same text, or that text stays in the story as it is. The
//! account does not notice: a plan only reads, faults and shuffled lists wait until it is over, and the calls are forgotten.

use super::compact::Compact;
use super::program::{Line, patient};
use super::story::Story;
use std::collections::HashMap;
use std::fs::{self, DirEntry};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::{LazyLock, Mutex};

/// Flags of `apply` that `plan` does not have, and of `plan` that say something about its output alone.
const LEFT_OUT: &[&str] = &["-auto-approve", "-detailed-exitcode"];

/// What `plan -out` says after the drawing.
const SAVED: &str = "\nThe plan is saved. To do exactly this:\n";

/// A plan, drawn and in few lines.
#[derive(Clone)]
pub struct Beside {
    /// What the command prints of it.
    pub drawn: String,
    /// The same in few lines.
    pub compact: Compact,
}

/// The words that make the plan which a command makes; nothing where it makes none, or tells it as JSON.
fn planning(line: &Line) -> Option<Vec<String>> {
    let at = line.verb()?;
    let verb = line.words[at].as_str();
    if line.says("-json") || !matches!(verb, "plan" | "apply" | "destroy") {
        return None;
    }
    let mut words = line.words[..at].to_vec();
    words.push("plan".to_owned());
    if verb == "destroy" {
        words.push("-destroy".to_owned());
    }
    let mut rest = line.words[at + 1..].iter();
    let mut is_value = false;
    while let Some(word) = rest.next() {
        if word == "-out" {
            rest.next();
        } else if !is_value && !word.starts_with('-') {
            return None; // A saved plan is shown by nobody.
        } else if !LEFT_OUT.contains(&word.as_str())
            && !["-out=", "-parallelism="].iter().any(|flag| word.starts_with(flag))
        {
            words.push(word.clone());
        }
        is_value = matches!(word.as_str(), "-var" | "-var-file" | "--fault" | "-target" | "-exclude" | "-replace");
    }
    Some(words)
}

impl Beside {
    /// Makes the plan of a command that is about to run; nothing where it makes none.
    ///
    /// A plan depends on nothing but what it is made of: where all of that is as it was before (many stories begin the
    /// same way), the plan is too.
    pub fn make(story: &Story, line: &Line) -> Result<Option<Self>, String> {
        static KNOWN: LazyLock<Mutex<HashMap<u64, Option<Beside>>>> = LazyLock::new(Mutex::default);
        let Some(words) = planning(line) else { return Ok(None) };
        let mut inputs = DefaultHasher::new();
        (&words, &line.variables, story.sandbox.everything()?).hash(&mut inputs);
        files(&story.fleet(), &mut inputs).map_err(|why| why.to_string())?;
        let inputs = inputs.finish();
        if let Some(known) = KNOWN.lock().unwrap().get(&inputs) {
            return Ok(known.clone());
        }
        let made = Self::plan(story, line, words)?;
        KNOWN.lock().unwrap().insert(inputs, made.clone());
        Ok(made)
    }

    fn plan(story: &Story, line: &Line, mut words: Vec<String>) -> Result<Option<Self>, String> {
        let failed = |why: std::io::Error| why.to_string();
        let copy = tempfile::tempdir().map_err(failed)?;
        let (fleet, file) = (copy.path().join("fleet"), copy.path().join("plan"));
        copy_all(&story.fleet(), &fleet).map_err(failed)?;
        words.push(format!("-out={}", file.display()));
        let run = |words: &[String]| patient(story.command(words, &line.variables).current_dir(&fleet));
        let output = story.sandbox.aside(|| run(&words))?;
        if !file.exists() {
            return Ok(None);
        }
        let drawn = String::from_utf8_lossy(&output.stdout).into_owned();
        let drawn = drawn.split(SAVED).next().unwrap_or_default().to_owned();
        let mut words = line.words[..line.verb().unwrap_or_default()].to_vec();
        words.extend(["show", "-json"].map(str::to_owned));
        words.extend(line.says("--sandbox").then(|| "--sandbox".to_owned()));
        words.push(file.display().to_string());
        let output = run(&words)?;
        let plan = serde_json::from_slice(&output.stdout);
        let plan = plan.map_err(|why| format!("show -json: {why}{}", crate::fleet::text(&output)))?;
        Ok(Some(Self { drawn, compact: Compact::of(&plan) }))
    }
}

/// Every file below a directory.
fn files(directory: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(DirEntry::file_name);
    for entry in entries {
        entry.file_name().hash(hasher);
        match entry.file_type()?.is_dir() {
            true => files(&entry.path(), hasher)?,
            false => fs::read(entry.path())?.hash(hasher),
        }
    }
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_all(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_of_a_command_is_asked_for_with_its_own_words() {
        let of = |command: &str| planning(&Line::read(command).unwrap()).map(|words| words.join(" "));
        assert_eq!(of("-chdir=a plan -out p -detailed-exitcode -var a=1").as_deref(), Some("-chdir=a plan -var a=1"));
        assert_eq!(of("apply -auto-approve -parallelism=3 -target=x").as_deref(), Some("plan -target=x"));
        assert_eq!(of("X=1 destroy -auto-approve").as_deref(), Some("plan -destroy"));
        for none in ["plan -json", "apply p.pfplan", "validate", "-plan"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
