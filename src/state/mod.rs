//! The state model, the state file format, journal entries and their replay.
