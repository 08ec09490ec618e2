//! State and journal on disk: lock, snapshot, append-only journal.
