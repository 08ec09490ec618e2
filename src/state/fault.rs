//! Why a state file or a journal cannot be used, and the way out.

use std::fmt;

/// Why a text is not a state that this version understands. Nothing may be written over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// It ends in the middle.
    Truncated {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// It is not JSON.
    NotJson {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// It is JSON, but no state file of version 4.
    Version {
        /// What stands at `version`, as JSON.
        found: String,
    },
    /// The key `podform` is missing: another program wrote the file anew.
    Rewritten,
    /// It is a state of Terraform's own: no object of it is one of podform's.
    Foreign,
    /// `podform.format` is above [`super::FORMAT`].
    Newer {
        /// What stands there.
        format: u64,
        /// Which podform wrote it.
        version: String,
    },
    /// A key is missing, unknown, or holds what it may not.
    Shape {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// Which, and what was expected.
        message: String,
        /// Which podform wrote it.
        version: String,
    },
    /// It is encrypted.
    Encrypted,
    /// The state is kept elsewhere since.
    Moved {
        /// Where, as a person finds it.
        to: String,
    },
    /// Its checksum does not match.
    Changed,
    /// Its checksum was taken out.
    Unsealed,
    /// Its sum is keyed, and nothing proves it.
    Keyed,
    /// Two parts of the file contradict each other.
    Inconsistent {
        /// A whole sentence.
        what: String,
    },
}

impl StateError {
    /// What to do about it: whole sentences.
    fn way_out(&self) -> String {
        const REPAIR: &str = "podform state repair puts the newest backup in its place, and the journal onto it.";
        match self {
            Self::Truncated { .. } | Self::NotJson { .. } => REPAIR.into(),
            Self::Version { .. } => format!("If this file is not podform's, move it away; else {REPAIR}"),
            Self::Rewritten => "podform state repair brings back what podform keeps there.".into(),
            Self::Foreign => FOREIGN.into(),
            Self::Encrypted => ENCRYPTED.into(),
            Self::Newer { version, .. } => format!("Upgrade podform to version {version} or later."),
            Self::Shape { version, .. } => format!(
                "If podform {version} is newer than {}, upgrade. If the file was edited by hand, undo the edit; else \
                 {REPAIR}",
                env!("CARGO_PKG_VERSION")
            ),
            Self::Moved { .. } => String::from(
                "This configuration does not say so: bring it up to date (the backend block of the podform block), and run podform init.",
            ),
            Self::Changed | Self::Unsealed => {
                "If you edited it, podform state repair takes it as it is now; if you did \
                                               not, the newest backup is what it was. podform state verify shows what \
                                               differs."
                    .into()
            }
            Self::Keyed => KEYED.into(),
            Self::Inconsistent { .. } => {
                format!("If the file was edited by hand, undo the edit; else {REPAIR}")
            }
        }
    }
}

impl fmt::Display for StateError {
    /// What is wrong and the way out, without the path: the reader of the text knows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what(), self.way_out())
    }
}

/// What to do with a state of Terraform's own.
const FOREIGN: &str = "podform cannot take it over: what exists in the account is taken in by import blocks.";

/// What to do where nothing proves a keyed sum.
const KEYED: &str = "Set PODFORM_STATE_KEY to the value that it had when this was written. If it is lost, or the change is meant, podform state repair takes what stands there as it is now.";

/// Why nothing proves it.
const UNPROVEN: &str = "PODFORM_STATE_KEY is not set here, is another one than when it was written, or somebody without it has changed it.";

/// What to do with an encrypted state that no key opens.
const ENCRYPTED: &str = "The configuration that wrote it has an encryption block: say it here too, in the podform block or in PODFORM_ENCRYPTION. Nothing else brings it back.";

impl StateError {
    /// What is wrong with a file that is offered as the state, and what to do about it: nothing of the recorded state is
    /// broken, so there is nothing to repair.
    pub fn of_an_offer(&self) -> String {
        let way_out = match self {
            Self::Foreign => FOREIGN.to_owned(),
            Self::Newer { .. } | Self::Encrypted => self.way_out(),
            Self::Changed => {
                return "This is not what podform wrote: its checksum does not match. If you edited it, take the line \"sum\" out of it, and push it again; if you did not, it is damaged.".to_owned();
            }
            _ => "A state to be pushed is one that podform state pull wrote.".to_owned(),
        };
        format!("{} {way_out}", self.what())
    }

    /// What is wrong: a whole sentence.
    fn what(&self) -> String {
        match self {
            Self::Truncated { line, column } => {
                format!("The state ends in the middle, at line {line}, column {column}.")
            }
            Self::NotJson { line, column, message } => {
                format!("The state is not JSON: line {line}, column {column}: {message}.")
            }
            Self::Version { found } => {
                format!("This is not a state file of version 4: its \"version\" is {found}.")
            }
            Self::Rewritten => String::from(
                "The state has no key \"podform\": another program has written the file anew and dropped what it did \
                 not know.",
            ),
            Self::Foreign => String::from("This is a state of Terraform: it records no object of podform's."),
            Self::Newer { format, version } => format!(
                "The state has format {format}, written by podform {version}; this is podform {}, which knows formats \
                 up to {}.",
                env!("CARGO_PKG_VERSION"),
                super::FORMAT
            ),
            Self::Keyed => format!("The sum of the state is keyed, and nothing proves it: {UNPROVEN}"),
            Self::Encrypted => String::from("The state is encrypted, and nothing here says how to decrypt it."),
            Self::Moved { to } => format!("The state was moved away from here, to {to}."),
            Self::Shape { line, column, message, .. } => {
                format!("The state is not understood: line {line}, column {column}: {message}.")
            }
            Self::Changed => String::from(
                "The state is not what podform wrote: its checksum does not match. It was edited by hand or by another \
                 program, or the disk damaged it.",
            ),
            Self::Unsealed => {
                String::from("The state is not what podform wrote: somebody took its checksum (\"sum\") out.")
            }
            Self::Inconsistent { what } => format!("The state contradicts itself: {what}"),
        }
    }
}

impl std::error::Error for StateError {}

/// Why a journal cannot be used. Nothing may be appended to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalDamage {
    /// A line that is not the last does not say what was written.
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// An entry does not follow the one before.
    Gap {
        /// Which line, from 1.
        line: usize,
        /// The sequence number that was due.
        expected: u64,
        /// The one that is there.
        found: u64,
    },
    /// Entries between the state and the journal's first one are missing.
    Detached {
        /// The last entry that the state contains.
        state: u64,
        /// The journal's first.
        first: u64,
    },
    /// The journal belongs to another state.
    Foreign {
        /// The state's lineage.
        state: String,
        /// The journal's.
        journal: String,
    },
    /// The journal continues another snapshot of the same lineage.
    Another {
        /// The journal's last entry.
        seq: u64,
    },
    /// An entry is a difference from a record that stands neither in the state nor in the entries before.
    Unfounded {
        /// Its number.
        seq: u64,
        /// Whose record.
        address: String,
    },
    /// It is encrypted.
    Sealed,
    /// Its sums are keyed, and nothing proves them.
    Keyed,
}

impl JournalDamage {
    /// What is wrong, without the way out.
    pub fn what(&self) -> String {
        match self {
            Self::Line { line, what } => format!("The journal is damaged at line {line}: {what}."),
            Self::Gap { line, expected, found } => {
                format!("The journal is damaged at line {line}: entry {expected} is due there, not {found}.")
            }
            Self::Detached { state, first } => format!(
                "The journal starts with entry {first}, but the state ends with entry {state}: the state file is older \
                 than the journal, or missing."
            ),
            Self::Foreign { state, journal } => format!(
                "The journal belongs to the state of lineage {journal}, but the state beside it has lineage {state}."
            ),
            Self::Another { seq } => format!(
                "The journal, which ends with entry {seq}, does not continue the state beside it: another state was put \
                 in its place."
            ),
            Self::Unfounded { seq, address } => format!(
                "Entry {seq} of the journal says what changed of {address}, and no such record stands in the state or in the \
                 entries before."
            ),
            Self::Sealed => "The journal is encrypted, and nothing here says how to decrypt it.".to_owned(),
            Self::Keyed => format!("The sums of the journal are keyed, and nothing proves them: {UNPROVEN}"),
        }
    }
}

impl fmt::Display for JournalDamage {
    /// What is wrong and the way out, without the path: the reader of the bytes knows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way_out = match self {
            Self::Line { .. } | Self::Gap { .. } | Self::Unfounded { .. } => {
                "podform state repair shows what can be saved."
            }
            Self::Detached { .. } => "Put the newest state file back, or see podform state repair.",
            Self::Sealed => ENCRYPTED,
            Self::Keyed => KEYED,
            Self::Foreign { .. } => "Put the state file back that belongs to the journal, or see podform state repair.",
            Self::Another { .. } => {
                "Put back the one that stood there, or take what the journal says into this one: podform state repair, \
                 then podform recover for the calls whose outcome is not known."
            }
        };
        write!(f, "{} {way_out}", self.what())
    }
}

impl std::error::Error for JournalDamage {}
