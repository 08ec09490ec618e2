//! What a run wrote since the snapshot, kept small: it is wanted only where the journal is taken away, and ten thousand rents
//! write eighty megabytes, of which each entry is much like the one before.

use std::fmt;
use zstd::{bulk, stream};

/// So many bytes are packed together: some milliseconds of work, of which nobody notices anything between two calls.
const TOGETHER: usize = 256 << 10;

/// The fastest: of so much text each entry is found again anyway.
const LEVEL: i32 = 1;

/// The lines of a journal, in their order.
#[derive(Default)]
pub(super) struct Own {
    packed: Vec<Vec<u8>>,
    newest: String,
}

impl Own {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty() && self.newest.is_empty()
    }

    /// Puts lines behind the others.
    pub fn push(&mut self, lines: &str) {
        self.newest.push_str(lines);
        if self.newest.len() >= TOGETHER {
            self.packed.push(bulk::compress(self.newest.as_bytes(), LEVEL).expect("memory takes what is written"));
            self.newest.clear();
        }
    }

    /// What it takes of memory.
    fn bytes(&self) -> usize {
        self.packed.iter().map(Vec::len).sum::<usize>() + self.newest.len()
    }

    /// All of them.
    pub fn text(&self) -> String {
        let unpacked = |packed: &Vec<u8>| stream::decode_all(&packed[..]).expect("it was packed here");
        let packed = self.packed.iter().map(|packed| String::from_utf8(unpacked(packed)).expect("it was a text"));
        packed.chain([self.newest.clone()]).collect()
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Own({} bytes)", self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_as_they_were_put_in() {
        let mut own = Own::default();
        assert!(own.is_empty() && own.text().is_empty());
        let mut all = String::new();
        for at in 0..20_000 {
            let line = format!("{{\"seq\":{at},\"event\":\"the machine é of {at}\"}}\n");
            own.push(&line);
            all.push_str(&line);
        }
        assert_eq!(own.text(), all);
        assert!(!own.is_empty() && own.bytes() < all.len() / 2, "{own:?}");
    }
}
