//! Journals, encrypted line by line: number and time of an entry stand in clear, for whoever keeps them; what it says is
//! bound to its number. That a run took over is told in clear.

use super::cipher::Cipher;
use crate::state::{Entry, Event, decode_journal, encode_event};
use jiff::Timestamp;

const CLEAR: &str =
    "It holds entries that are not encrypted, and the configuration has no method \"unencrypted\" to read them with.";

/// What was kept beside is bound to that.
const KEPT: &[u8] = b"podform kept";

fn bound(seq: u64) -> Vec<u8> {
    format!("podform journal {seq}").into_bytes()
}

/// A line that holds one entry.
fn entry(line: &[u8]) -> Option<Entry> {
    let replay = decode_journal(line);
    replay.entries.into_iter().next().filter(|_| replay.error.is_none() && !replay.torn_tail)
}

impl Cipher {
    /// Lines of a journal, each encrypted.
    ///
    /// # Errors
    /// They cannot be: whole sentences.
    pub(super) async fn sealed_lines(&self, lines: &str) -> Result<String, String> {
        let mut all = String::new();
        for line in lines.split_inclusive('\n') {
            if let Some(key) = self.sums() {
                all.push_str(&key.line(line));
                continue;
            }
            let entry = entry(line.as_bytes()).ok_or("What is to be written is no entry of a journal.")?;
            match self.seal(line.as_bytes(), &bound(entry.seq)).await? {
                Some(sealed) => all.push_str(&encode_event(entry.seq, entry.at, (None, None), &Event::Sealed(sealed))),
                None => all.push_str(line),
            }
        }
        Ok(all)
    }

    /// The lines of a journal as they were before they were encrypted. Damage stays as it is, for whoever reads them.
    ///
    /// # Errors
    /// A line cannot be decrypted, or is in clear and may not be: whole sentences.
    pub(super) async fn opened_lines(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let mut all = Vec::with_capacity(bytes.len());
        for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let plain = self.opened_line(line).await.map_err(|why| format!("Line {}: {why}", at.saturating_add(1)))?;
            all.extend_from_slice(plain.as_deref().unwrap_or(line));
        }
        Ok(all)
    }

    /// As [`Cipher::opened_lines`]; what cannot be decrypted stays as it is.
    pub(super) async fn what_opens(&self, bytes: &[u8]) -> Vec<u8> {
        let mut all = Vec::with_capacity(bytes.len());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let plain = self.opened_line(line).await.ok().flatten();
            all.extend_from_slice(plain.as_deref().unwrap_or(line));
        }
        all
    }

    /// `None`: it is to be read as it stands there.
    async fn opened_line(&self, line: &[u8]) -> Result<Option<Vec<u8>>, String> {
        if let Some((plain, _)) = self.unkeyed(|key| key.unkeyed_line(line)) {
            return Ok(Some(plain));
        }
        match entry(line) {
            None => Ok(None),
            Some(Entry { seq, event: Event::Sealed(sealed), .. }) => {
                let (plain, _) = self.open(&sealed, &bound(seq)).await?;
                Ok(Some(plain))
            }
            Some(entry) if entry.event == Event::TakenOver || self.admits_clear().is_some() => Ok(None),
            Some(_) => Err(CLEAR.to_owned()),
        }
    }

    /// What a run keeps beside, as one line.
    ///
    /// # Errors
    /// It cannot be encrypted: whole sentences.
    pub(super) async fn sealed_kept(&self, lines: &str) -> Result<Option<String>, String> {
        if let Some(key) = self.sums() {
            return Ok(Some(lines.split_inclusive('\n').map(|line| key.line(line)).collect()));
        }
        let sealed = self.seal(lines.as_bytes(), KEPT).await?;
        Ok(sealed.map(|sealed| encode_event(0, Timestamp::now(), (None, None), &Event::Sealed(sealed))))
    }

    /// What a run kept, as it was before it was encrypted.
    ///
    /// # Errors
    /// It cannot be decrypted, or is in clear and may not be: whole sentences.
    pub(super) async fn opened_kept(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        match entry(bytes) {
            Some(Entry { event: Event::Sealed(sealed), .. }) => Ok(self.open(&sealed, KEPT).await?.0),
            _ if self.admits_clear().is_some() => self.opened_lines(bytes).await,
            _ => Err(CLEAR.to_owned()),
        }
    }
}
