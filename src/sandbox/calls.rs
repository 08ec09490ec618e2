//! Every call that came in, as tests and curious people want to read it.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Calls kept in memory: an apply of 10,000 machines with two or three calls each fits. Older ones are forgotten, and
/// still counted.
const KEPT: usize = 100_000;

/// One call. Nothing is hidden: it is the test world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Number of the call, from 1.
    pub number: u64,
    /// World time in milliseconds since 1970.
    pub at_ms: i64,
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path as it came.
    pub path: String,
    /// The route it belongs to, such as `/instances/{id}`; the path if it belongs to none.
    pub route: String,
    /// The query, without `?`.
    pub query: String,
    /// The body: JSON if it is that, text if it is not, null if there was none.
    pub body: Value,
    /// The status the API decided on; none if a fault hit before it looked at the call.
    pub status: Option<u16>,
    /// Faults that hit the call.
    pub faults: Vec<String>,
}

/// The log of calls.
#[derive(Default)]
pub(super) struct CallLog {
    total: u64,
    records: VecDeque<CallRecord>,
    counters: BTreeMap<String, u64>,
    file: Option<File>,
}

impl CallLog {
    /// Writes every call to this file too.
    pub(super) fn log_to(&mut self, path: &Path) -> io::Result<()> {
        self.file = Some(OpenOptions::new().create(true).append(true).open(path)?);
        Ok(())
    }

    /// Adds a call; its number is given here.
    pub(super) fn add(&mut self, mut record: CallRecord) {
        self.total += 1;
        record.number = self.total;
        *self.counters.entry(format!("{} {}", record.method, record.route)).or_default() += 1;
        if let Some(file) = &mut self.file
            && let Ok(mut line) = serde_json::to_vec(&record)
        {
            line.push(b'\n');
            // A log that cannot be written must not change what the world answers.
            let _ = file.write_all(&line);
        }
        if self.records.len() >= KEPT {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.total = 0;
        self.records.clear();
        self.counters.clear();
    }

    /// How many calls came in.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// How many calls came in, by method and route.
    pub(super) fn counters(&self) -> &BTreeMap<String, u64> {
        &self.counters
    }

    /// The calls, oldest first.
    pub(super) fn records(&self) -> impl Iterator<Item = &CallRecord> {
        self.records.iter()
    }
}
