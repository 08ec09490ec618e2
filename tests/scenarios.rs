//! Every file `tests/scenarios/*.txt` is a story about one fleet, told as a transcript.
//!
//! A file is a free description followed by sections, each with a head `-- HEAD --` on a line of its own:
//!
//! | head | body |
//! |---|---|
//! | `world` | first: `seed N`, and switches and faults of the sandbox, one a line |
//! | `begin NAME` | plays the story `beginnings/NAME.txt`, without its world: it must go as it is told there. No body |
//! | `PATH` (with a dot in it) | the text of a file of the fleet, written at this point of the story |
//! | `change PATH` | what goes from a file (`-`) and what comes (`+`), behind lines that stay (a blank) until it is clear where; `...` stands for all between |
//! | `do` | what happens outside, one a line, see below |
//! | `$ ARGS` | runs `podform ARGS`; variables may stand first: `$ PODFORM_VAR_a=1 plan`; body: its standard output. Of a plan stand there, below a `|`, few lines that are made of its JSON: see [`compact`] and [`beside`] |
//! | `full $ ARGS` | the same, with the plan as it is drawn, and boxes of errors |
//! | `stderr` | what it said on standard error, in fewer lines (see [`story`]); `stderr as before`: the same as the last one; no section: nothing |
//! | `exit N` | its exit code; no section: 0. No body |
//! | `calls` | the calls that change the account, `METHOD /path body`, one a line; no section: none. `no call` means that not even a read was sent. Commands that need no account tell reads too |
//! | `state` | what it changed in the state: `+`, `-` and `~` for what is recorded newly, no more, or otherwise; no section: not a byte |
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
//! run with `-parallelism=1` unless they say otherwise, so that nothing depends on chance, and the order of the steps
//! shows (see [`order`]). What still differs from run to run has names: see [`names`].
//!
//! Each kind of thing that plans say is drawn in full in some story: see [`full`].
//!
//! `UPDATE_GOLDEN=1 cargo test --test podform scenarios` rewrites what is expected; `SCENARIO=name` runs those whose file
//! name contains it.

mod beside;
mod calls;
mod compact;
mod full;
mod names;
mod order;
mod program;
mod record;
mod story;
mod transcript;

pub use names::normalise;
pub use order::by_address;
pub use program::podform;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use story::Story;
use transcript::{Section, parse, print};

/// The key that every scenario uses; it must never show.
pub const KEY: &str = "key-canary-7f3a9c";
/// How many stories are told at once.
const THREADS: usize = 3;

#[test]
fn scenarios() {
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    assert!(!(update && std::env::var_os("CI").is_some()), "CI never rewrites what is expected");
    let mut files = files();
    files.retain(|path| name(path).contains(&wanted));
    assert!(!files.is_empty(), "there is no scenario {wanted:?}");
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(BTreeMap::new());
    let kinds = Mutex::new((BTreeSet::new(), BTreeSet::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let told = std::panic::catch_unwind(|| tell(&fs::read_to_string(path).unwrap()));
                    let failure = match told {
                        Err(_) => Some("panicked, see above".to_owned()),
                        Ok(Err(why)) => Some(why),
                        Ok(Ok(Told { expected, told, unsettled, compact, drawn })) => {
                            let differs = expected != told;
                            if differs && update {
                                fs::write(path, &told).unwrap();
                            }
                            let mut kinds = kinds.lock().unwrap();
                            kinds.0.extend(compact);
                            kinds.1.extend(drawn);
                            unsettled.or_else(|| (differs && !update).then(|| difference(&expected, &told)))
                        }
                    };
                    if let Some(failure) = failure {
                        failures.lock().unwrap().insert(name(path), failure);
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
    if wanted.is_empty() {
        let (compact, drawn): (BTreeSet<String>, BTreeSet<String>) = kinds.into_inner().unwrap();
        let hidden: Vec<&String> = compact.difference(&drawn).collect();
        assert!(hidden.is_empty(), "said in few lines, and drawn in no story (give one `full $`): {hidden:#?}");
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// All stories, beginnings too.
fn files() -> Vec<PathBuf> {
    let entries = [directory(), directory().join("beginnings")].map(|of| fs::read_dir(of).unwrap());
    let mut files: Vec<PathBuf> = entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// What is expected against what was told, as a unified diff.
pub fn difference(expected: &str, told: &str) -> String {
    similar::TextDiff::from_lines(expected, told).unified_diff().header("expected", "told").to_string()
}

/// A story that was told to its end.
struct Told {
    /// The text as it was, brought into form.
    expected: String,
    /// The text as it happened.
    told: String,
    /// The plan at the end, where it should have been empty and was not.
    unsettled: Option<String>,
    /// Kinds of things that its plans said in few lines.
    compact: BTreeSet<String>,
    /// Kinds of things that it drew.
    drawn: BTreeSet<String>,
}

/// Runs a story.
fn tell(text: &str) -> Result<Told, String> {
    let (intro, sections) = parse(text);
    let mut story = Story::begin(&sections)?;
    let told = play(&mut story, &sections)?;
    let settles = sections.iter().all(|section| section.head != "unsettled");
    let unsettled = if settles { unsettled(&story)? } else { None };
    let (expected, happened) = (print(&intro, &sections), print(&intro, &told));
    Ok(Told { expected, told: happened, unsettled, compact: story.told, drawn: story.drawn })
}

/// Plays the sections of a story; what happens.
fn play(story: &mut Story, sections: &[Section]) -> Result<Vec<Section>, String> {
    let mut told = Vec::new();
    let mut at = 0;
    while let Some(section) = sections.get(at) {
        at += 1;
        if section.command().is_some() {
            at += sections[at..].iter().take_while(|section| section.is_result()).count();
            told.extend(story.run(section)?);
            continue;
        }
        told.push(section.clone());
        match section.head.as_str() {
            "world" => {}
            "unsettled" if section.body.trim().is_empty() => return Err("unsettled needs a reason".to_owned()),
            "unsettled" => {}
            "do" => {
                for line in section.body.lines().filter(|line| !line.trim().is_empty()) {
                    story.act(line).map_err(|why| format!("{line}: {why}"))?;
                }
            }
            head if let Some(name) = head.strip_prefix("begin ") => {
                let beginning = beginning(name)?;
                let (expected, told) = (print("", &beginning), print("", &play(story, &beginning)?));
                if expected != told {
                    return Err(format!("it begins otherwise than {name}:\n{}", difference(&expected, &told)));
                }
            }
            head if let Some(path) = head.strip_prefix("change ") => {
                let text = fs::read_to_string(story.fleet().join(path)).map_err(|why| format!("{path}: {why}"))?;
                story.write(path, changed(&text, &section.body)?.as_bytes())?;
            }
            path if path.contains('.') && !section.is_result() => story.write(path, section.body.as_bytes())?,
            other => return Err(format!("there is no section {other:?}")),
        }
    }
    Ok(told)
}

/// A text with lines changed: each part of the change fits at one place.
fn changed(text: &str, change: &str) -> Result<String, String> {
    let mut text = format!("\n{text}");
    for part in change.split("...\n") {
        let lines = |signs: [char; 2]| {
            let lines = part.split_inclusive('\n').filter(|line| line.starts_with(signs));
            format!("\n{}", lines.map(|line| &line[1..]).collect::<String>())
        };
        let (old, new) = (lines([' ', '-']), lines([' ', '+']));
        if text.matches(&old).count() != 1 {
            return Err(format!("this stands there not once:{old}"));
        }
        text = text.replacen(&old, &new, 1);
    }
    Ok(text.split_off(1))
}

/// What a beginning does; what stands around it is for those who tell it alone.
fn beginning(name: &str) -> Result<Vec<Section>, String> {
    let path = directory().join("beginnings").join(format!("{name}.txt"));
    let (_, mut sections) = parse(&fs::read_to_string(path).map_err(|why| format!("{name}: {why}"))?);
    sections.retain(|section| !matches!(section.head.as_str(), "world" | "unsettled"));
    Ok(sections)
}

/// The plan at the end, where it is not empty.
fn unsettled(story: &Story) -> Result<Option<String>, String> {
    story.sandbox.switch("no faults")?;
    let words = ["plan", "-detailed-exitcode", "-no-color"].map(str::to_owned);
    let output = program::patient(&mut story.command(&words, &[]))?;
    let text = || format!("plan again is not empty: {}{}", output.status, crate::fleet::text(&output));
    Ok((output.status.code() != Some(0)).then(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_that_tells_something_else_fails() {
        let story = tell("-- $ version --\nwrong\n-- unsettled --\nno fleet\n").unwrap();
        assert_ne!(story.expected, story.told);
        assert!(tell("-- nonsense --\n").is_err());
    }

    #[test]
    fn a_change_fits_at_one_place() {
        let text = "a\n  b\n\nc\n  b\n";
        assert_eq!(changed(text, "-a\n+x\n...\n c\n+y\n").unwrap(), "x\n  b\n\nc\ny\n  b\n");
        assert_eq!(changed(text, " c\n-  b\n").unwrap(), "a\n  b\n\nc\n");
        assert!(changed(text, "-  b\n").is_err() && changed(text, "-d\n").is_err());
    }

    /// What a story leaves out is told all the same, and what it says wrongly differs.
    #[test]
    fn whatever_is_wrong_or_left_out_fails() {
        let path = files().into_iter().find(|path| name(path) == "drift_name").unwrap();
        let text = fs::read_to_string(path).unwrap();
        let story = tell(&text).unwrap();
        assert_eq!(story.expected, story.told, "drift_name");
        for (right, wrong) in [
            ("$0.314/GPU-h", "$0.315/GPU-h"),
            ("rent 1x", "rent 2x"),
            ("drift ~", "drift -"),
            ("UUID1:CLAIM2:108209:simplepod_instance.worker", "UUID1:CLAIM1:108209:simplepod_instance.worker"),
            ("\"PODFORM_CLAIM\",\"value\":\"CLAIM2\"", "\"PODFORM_CLAIM\",\"value\":\"CLAIM3\""),
            ("name=\"worker\" claim=\"CLAIM2\"", "name=\"worker\" claim=\"CLAIM1\""),
            ("PUT /instances/108209 {\"name\":\"worker\"}\n", ""),
            ("simplepod_template_group.base: Creating...", "simplepod_template_group.base:"),
        ] {
            let broken = text.replacen(right, wrong, 1);
            assert_ne!(broken, text, "{right}");
            assert_ne!(in_form(&broken), story.told, "{right}");
        }
        let (intro, mut sections) = parse(&text);
        sections.retain(|section| !section.is_result());
        let bare = tell(&print(&intro, &sections)).unwrap();
        assert_eq!(bare.told, story.told);
    }

    fn in_form(text: &str) -> String {
        let (intro, sections) = parse(text);
        print(&intro, &sections)
    }
}
