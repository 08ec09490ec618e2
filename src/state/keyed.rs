//! Keyed sums: who may write a file, and has not the key, cannot change it unnoticed. The plain sum stands behind the keyed one,
//! and covers it too: it tells accidents without the key.

use super::codec;
use super::digest::{hmac, unhex};
use super::sum;
use crate::lang::hex;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

/// The key of sums. Wiped on drop, hidden in `Debug`.
#[derive(Debug)]
pub struct SumKey {
    key: SecretBox<[u8; 32]>,
    id: String,
}

/// Digits of the id of a key, which stands before each of its sums: another key is told from a changed file by it.
const ID: usize = 8;
/// `ID:SUM`, in hexadecimal digits.
const LENGTH: usize = ID + 1 + 64;

/// What stands before a keyed sum.
const IN_STATE: &str = ",\n    \"mac\": \"";
const IN_LINE: &str = ",\"mac\":\"";
/// A saved plan is wrapped: it is read by podform alone.
const PLAN: [&str; 3] = ["{\"podform_mac\": \"", "\",\n\"plan\": ", "}\n"];

/// A file, or a line of one, against a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unkeyed {
    /// It has no keyed sum.
    Plain,
    /// It is what somebody with this key wrote, as it was before its sum was keyed.
    Proven(Vec<u8>),
    /// It was written with another key, or changed.
    Unproven,
}

impl SumKey {
    /// Derives the key from `PODFORM_STATE_KEY`.
    pub fn derive(secret: &SecretString) -> SumKey {
        let key = hmac(secret.expose_secret().as_bytes()).chain_update("podform sums v1\0");
        let key: [u8; 32] = key.finalize().into_bytes().into();
        let id = hex(&Sha256::new().chain_update("podform sum key id v1\0").chain_update(key).finalize());
        SumKey { key: SecretBox::new(Box::new(key)), id: id.chars().take(ID).collect() }
    }

    /// What is summed begins with what it is: no line of a journal is a state.
    fn mac(&self, before: &str, body: &[u8]) -> Hmac<Sha256> {
        hmac(self.key.expose_secret()).chain_update(before).chain_update("\0").chain_update(body)
    }

    fn sum(&self, before: &str, body: &[u8]) -> String {
        format!("{}:{}", self.id, hex(&self.mac(before, body).finalize().into_bytes()))
    }

    fn unkeyed(&self, before: &str, (body, found): (&[u8], &str), plain: impl FnOnce(&str) -> String) -> Unkeyed {
        let digest = found.split_once(':').filter(|(id, _)| *id == self.id).and_then(|(_, digest)| unhex(digest));
        let proven = digest.is_some_and(|digest| self.mac(before, body).verify_slice(&digest).is_ok());
        match std::str::from_utf8(body) {
            Ok(body) if proven => Unkeyed::Proven(plain(body).into_bytes()),
            _ => Unkeyed::Unproven,
        }
    }

    /// The text of a state, its sum keyed.
    pub fn state(&self, text: &str) -> String {
        match sum::body(text.as_bytes()).and_then(|body| text.get(..body.len())) {
            Some(body) => sum::closed(format!("{body}{IN_STATE}{}\"", self.sum(IN_STATE, body.as_bytes()))),
            None => text.to_owned(),
        }
    }

    /// The bytes of a state.
    pub fn unkeyed_state(&self, bytes: &[u8]) -> Unkeyed {
        match sum::body(bytes).and_then(|body| split(body, IN_STATE)) {
            Some(found) => self.unkeyed(IN_STATE, found, |body| sum::closed(body.to_owned())),
            None => Unkeyed::Plain,
        }
    }

    /// A line of the journal, with its line end, its sum keyed.
    pub fn line(&self, line: &str) -> String {
        let text = line.strip_suffix('\n').unwrap_or(line);
        match codec::sealed(text.as_bytes()).and_then(|body| text.get(..body.len())) {
            Some(body) => codec::closed(format!("{body}{IN_LINE}{}\"", self.sum(IN_LINE, body.as_bytes()))),
            None => line.to_owned(),
        }
    }

    /// A line of the journal, with its line end.
    pub fn unkeyed_line(&self, line: &[u8]) -> Unkeyed {
        let body = codec::sealed(line.strip_suffix(b"\n").unwrap_or(line));
        match body.and_then(|body| split(body, IN_LINE)) {
            Some(found) => self.unkeyed(IN_LINE, found, |body| codec::closed(body.to_owned())),
            None => Unkeyed::Plain,
        }
    }

    /// A saved plan, its sum keyed.
    pub fn plan(&self, plain: &[u8]) -> Vec<u8> {
        let [start, between, end] = PLAN;
        let sum = self.sum(start, plain);
        [start.as_bytes(), sum.as_bytes(), between.as_bytes(), plain, end.as_bytes()].concat()
    }

    /// The bytes of a saved plan.
    pub fn unkeyed_plan(&self, bytes: &[u8]) -> Unkeyed {
        let [start, between, end] = PLAN;
        if !is_keyed_plan(bytes) {
            return Unkeyed::Plain;
        }
        let rest = bytes.get(start.len()..).and_then(|rest| rest.split_at_checked(LENGTH));
        let found = rest.and_then(|(sum, rest)| {
            let body = rest.strip_prefix(between.as_bytes())?.strip_suffix(end.as_bytes())?;
            Some((body, std::str::from_utf8(sum).ok()?))
        });
        found.map_or(Unkeyed::Unproven, |found| self.unkeyed(start, found, str::to_owned))
    }
}

/// Whether a saved plan has a keyed sum.
pub fn is_keyed_plan(bytes: &[u8]) -> bool {
    bytes.starts_with(PLAN[0].as_bytes())
}

/// What stands before a keyed sum, and that.
fn split<'a>(body: &'a [u8], before: &str) -> Option<(&'a [u8], &'a str)> {
    let rest = body.strip_suffix(b"\"")?;
    let (rest, sum) = rest.split_at_checked(rest.len().checked_sub(LENGTH)?)?;
    Some((rest.strip_suffix(before.as_bytes())?, std::str::from_utf8(sum).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Event, State, StateError, decode, decode_edited, decode_journal, encode, encode_event};
    use jiff::Timestamp;

    fn key(secret: &str) -> SumKey {
        SumKey::derive(&SecretString::from(secret))
    }

    fn state() -> String {
        encode(&State { serial: 3, lineage: "l".into(), ..State::default() })
    }

    fn line() -> String {
        encode_event(7, Timestamp::UNIX_EPOCH, (Some("run"), None), &Event::End)
    }

    #[test]
    fn what_the_key_wrote_is_what_it_was() {
        let own = key("k");
        let (text, line) = (state(), line());
        assert_eq!(own.unkeyed_state(own.state(&text).as_bytes()), Unkeyed::Proven(text.clone().into_bytes()));
        assert_eq!(own.unkeyed_line(own.line(&line).as_bytes()), Unkeyed::Proven(line.clone().into_bytes()));
        let plan = b"{\"podform_plan\": 5}\n";
        assert_eq!(own.unkeyed_plan(&own.plan(plan)), Unkeyed::Proven(plan.to_vec()));
        let plain = [own.unkeyed_state(text.as_bytes()), own.unkeyed_line(line.as_bytes()), own.unkeyed_plan(plan)];
        assert_eq!(plain, [Unkeyed::Plain, Unkeyed::Plain, Unkeyed::Plain]);
    }

    #[test]
    fn another_key_and_a_changed_file_prove_nothing() {
        let (own, other) = (key("k"), key("other"));
        assert_eq!(other.unkeyed_state(own.state(&state()).as_bytes()), Unkeyed::Unproven);
        assert_eq!(other.unkeyed_line(own.line(&line()).as_bytes()), Unkeyed::Unproven);
        assert_eq!(other.unkeyed_plan(&own.plan(b"{}")), Unkeyed::Unproven);
        // Whoever changes it can make the plain sum fit again.
        let forged = own.state(&state()).replace("\"serial\": 3", "\"serial\": 4");
        let forged = sum::closed(forged[..forged.rfind(",\n    \"sum\"").expect("a sum")].to_owned());
        assert_eq!(decode(&forged), Err(StateError::Keyed), "its plain sum is right");
        assert_eq!(own.unkeyed_state(forged.as_bytes()), Unkeyed::Unproven);
        let forged = own.line(&line()).replace("\"seq\":7", "\"seq\":8");
        let forged = codec::closed(forged[..forged.rfind(",\"sum\"").expect("a sum")].to_owned());
        assert_eq!(own.unkeyed_line(forged.as_bytes()), Unkeyed::Unproven);
        assert_eq!(own.unkeyed_plan(&[own.plan(b"{}"), b" ".to_vec()].concat()), Unkeyed::Unproven);
    }

    #[test]
    fn without_the_key_nothing_is_taken_but_what_is_edited() {
        let own = key("k");
        let text = own.state(&state());
        assert_eq!(decode(&text), Err(StateError::Keyed));
        assert_eq!(decode_edited(&text).map(|state| state.serial), Ok(3));
        assert_eq!(decode(text.replace("\"serial\": 3", "\"serial\": 4")), Err(StateError::Changed));
        let replay = decode_journal(own.line(&line()).as_bytes());
        assert!(replay.error.is_none() && replay.entries.iter().all(|entry| entry.mac.is_some()));
        let refused = State { journal_seq: 6, ..State::default() }.replay(replay.entries, None);
        assert_eq!(refused, Err(crate::state::JournalDamage::Keyed));
    }

    #[test]
    fn sums_stay_the_same_for_ever() {
        let told = key("state-key").line(&line());
        assert!(
            told.contains(&format!(",\"mac\":\"{}:", key("state-key").id)) && told.len() == line().len() + 82,
            "{told}"
        );
        assert!(!format!("{:?}", key("canary")).contains("canary"));
    }
}
