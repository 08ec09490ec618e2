//! Keys that a program gives: OpenTofu's protocol of external key providers. A header in a line, then JSON both ways.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

/// What the program says first.
const MAGIC: &str = "OpenTofu-External-Key-Provider";
/// OpenTofu's patience. A person may have to touch something.
const LONGEST: Duration = Duration::from_secs(60);
/// In bytes: keys and notes are small.
const MOST: u64 = 1 << 20;
/// Of what it says of a failure, in letters.
const WORDS: usize = 2000;

#[derive(Deserialize)]
struct Header {
    magic: String,
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    keys: Keys,
    #[serde(default)]
    meta: Option<Notes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    encryption_key: Option<String>,
    #[serde(default)]
    decryption_key: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
struct Notes {
    external_data: Option<Box<RawValue>>,
}

/// What it gave.
pub(super) struct Given {
    /// For what is written from now on.
    pub encryption: Option<Vec<u8>>,
    /// For what was encrypted with the notes that it was given.
    pub decryption: Option<Vec<u8>>,
    /// To be kept beside what is encrypted.
    pub notes: Vec<u8>,
}

/// Asks the program, with the notes of what is to be decrypted where there is something.
///
/// # Errors
/// Why it gives nothing: whole sentences.
pub(super) async fn ask(command: &[String], notes: Option<&[u8]>) -> Result<Given, String> {
    let [program, arguments @ ..] = command else { return Err("No program is named.".to_owned()) };
    let failed = |why: String| format!("The program {program}, which is to give the key, {why}.");
    let mut child = Command::new(program);
    child.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = child.spawn().map_err(|error| failed(format!("does not start: {error}")))?;
    let (input, output, words) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let talk = async {
        let asking = async {
            if let Some(mut input) = input {
                // One that needs nothing need not read it.
                let _ = input.write_all(notes.unwrap_or(b"null")).await;
            }
        };
        let (mut said, mut told) = (Vec::new(), Vec::new());
        let hearing = async {
            if let Some(output) = output {
                let _ = output.take(MOST).read_to_end(&mut said).await;
            }
        };
        let listening = async {
            if let Some(words) = words {
                let _ = words.take(MOST).read_to_end(&mut told).await;
            }
        };
        futures::future::join3(asking, hearing, listening).await;
        (child.wait().await, said, told)
    };
    let Ok((status, said, told)) = timeout(LONGEST, talk).await else {
        return Err(failed(format!("says nothing for {} seconds", LONGEST.as_secs())));
    };
    let status = status.map_err(|error| failed(format!("cannot be waited for: {error}")))?;
    if !status.success() {
        let told: String = String::from_utf8_lossy(&told).trim().chars().take(WORDS).collect();
        let told = if told.is_empty() { told } else { format!(": {told}") };
        return Err(failed(format!("failed ({status}){told}")));
    }
    understood(&said).map_err(failed)
}

/// After "which is to give the key, ". What it said may hold keys, and is not repeated.
fn understood(said: &[u8]) -> Result<Given, String> {
    let line = said.iter().position(|byte| *byte == b'\n').ok_or("says no header")?;
    let (header, rest) = said.split_at(line);
    let rest = rest.get(1..).unwrap_or_default();
    let header: Header = serde_json::from_slice(header).map_err(|_| "says no header".to_owned())?;
    if header.magic != MAGIC || header.version != 1 {
        return Err("speaks another protocol".to_owned());
    }
    let place = |error: serde_json::Error| {
        format!("answers what is not understood, at line {}, column {}", error.line().saturating_add(1), error.column())
    };
    let Answer { keys, meta } = serde_json::from_slice(rest).map_err(place)?;
    let key = |key: Option<String>| {
        let decoded = key.filter(|key| !key.is_empty()).map(|key| STANDARD.decode(key));
        decoded.transpose().map_err(|_| "gives a key that is no base64".to_owned())
    };
    let notes = serde_json::to_vec(&meta.unwrap_or_default()).map_err(place)?;
    Ok(Given { encryption: key(keys.encryption_key)?, decryption: key(keys.decryption_key)?, notes })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "{\"magic\":\"OpenTofu-External-Key-Provider\",\"version\":1}\n";

    #[test]
    fn what_is_no_answer_says_why_and_repeats_nothing() {
        for (said, why) in [
            ("", "no header"),
            ("canary\n{}", "no header"),
            ("{\"magic\":\"x\",\"version\":1}\n{}", "another protocol"),
            (&format!("{HEADER}canary"), "not understood, at line 2"),
            (&format!("{HEADER}{{\"keys\":{{\"encryption_key\":\"*canary*\"}}}}"), "no base64"),
        ] {
            let told = understood(said.as_bytes()).err().expect("no answer");
            assert!(told.contains(why) && !told.contains("canary"), "{said}: {told}");
        }
        let said = format!(
            "{HEADER}{{\"keys\":{{\"encryption_key\":\"AAAA\",\"decryption_key\":\"\"}},\"meta\":{{\"external_data\":{{\"a\":1}}}}}}"
        );
        let given = understood(said.as_bytes()).expect("an answer");
        assert_eq!((given.encryption.as_deref(), given.decryption), (Some(&[0u8, 0, 0][..]), None));
        assert_eq!(given.notes, b"{\"external_data\":{\"a\":1}}");
    }
}
