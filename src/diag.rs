//! Diagnostics: what is wrong, where, and what to do.
//!
//! Rooms push diagnostics and go on, so that one run shows many errors. Drawing them is the work of `render`.

use crate::address::InstanceAddr;
use crate::clusters;
use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};

/// A file of a [`Sources`] table, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(NonZeroU32);

/// A half-open range of bytes in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file the bytes belong to.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that covers both; `other` must be of the same file, else `self` is returned.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// One source text, kept for the excerpts of diagnostics.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name people know the file by: its path relative to where the command was started.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
    /// Where each line starts; found when somebody asks.
    lines: OnceLock<Box<[u32]>>,
}

impl Source {
    /// The line of a byte offset, from 0, and where it starts.
    pub fn line(&self, offset: usize) -> (usize, usize) {
        let lines = self.lines.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(breaks.filter_map(|(at, _)| u32::try_from(at + 1).ok())).collect()
        });
        let line = lines.partition_point(|start| *start as usize <= offset).saturating_sub(1);
        (line, lines.get(line).map_or(0, |start| *start as usize))
    }
}

/// Every source text of a run.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Adds a text. Offsets are 32 bits wide: the caller refuses files above 4 GiB.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id =
            FileId(u32::try_from(self.files.len()).map_or(NonZeroU32::MAX, |len| NonZeroU32::MIN.saturating_add(len)));
        self.files.push(Source { name: name.into(), text: text.into(), lines: OnceLock::new() });
        id
    }

    /// The source behind an id; `None` for an id of another table.
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.files.get(id.0.get() as usize - 1)
    }

    /// The text of a place.
    pub fn text(&self, span: Span) -> Option<&str> {
        self.get(span.file)?.text.get(span.start as usize..span.end as usize)
    }

    /// Line and column (both from 1, columns counted in grapheme clusters, as Terraform counts) of a byte offset.
    pub fn position(&self, file: FileId, offset: u32) -> (usize, usize) {
        let Some(source) = self.get(file) else { return (1, 1) };
        let mut end = (offset as usize).min(source.text.len());
        while !source.text.is_char_boundary(end) {
            end -= 1;
        }
        let (line, start) = source.line(end);
        (line + 1, clusters::count(&source.text[start..end]) + 1)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The command goes on.
    Warning,
    /// The command fails.
    Error,
}

/// What programs ask of a diagnostic; its words are for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A rule of the configuration does not hold.
    BrokenRule,
    /// Only the apply can judge a rule.
    OpenRule,
    /// A quotient has no end, which is no matter where it decides nothing.
    Infinite,
    /// There is no function of the name at its place.
    NoFunction,
    /// A person must first say what becomes of something that was made.
    Unsettled,
    /// A budget of the configuration refuses it.
    OverBudget,
    /// Another run holds the state, or has taken it over.
    Locked,
}

/// What an expression that fails was about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct InPlay {
    /// Values: a name ("local.n") and a statement ("is 5"). Sensitive values must already be hidden.
    pub values: Vec<(String, String)>,
    /// The function whose call failed, as it is written.
    pub called: Option<Box<str>>,
}

/// One thing to tell the user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Where a program must know.
    pub topic: Option<Topic>,
    /// Fixed words, the same for every occurrence: "Unsupported attribute".
    pub summary: String,
    /// What is wrong here: whole sentences. Where they cannot be told apart, also what to do about it.
    pub detail: String,
    /// What to do about it: whole sentences, read after the detail.
    pub hint: Option<Box<str>>,
    /// The exact operand, where there is a source.
    pub span: Option<Span>,
    /// Another place that this one does not go with: the first of two declarations, or a rule.
    pub other: Option<Box<Span>>,
    /// The object the message is about.
    pub address: Option<Box<InstanceAddr>>,
    /// What an expression that fails was about.
    pub in_play: Option<Box<InPlay>>,
}

impl Diagnostic {
    /// An error.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            topic: None,
            summary: summary.into(),
            detail: detail.into(),
            hint: None,
            span: None,
            other: None,
            address: None,
            in_play: None,
        }
    }

    /// A warning.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary, detail) }
    }

    /// Points at a place in the source.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Says what programs ask.
    #[must_use]
    pub fn about(mut self, topic: Topic) -> Self {
        self.topic = Some(topic);
        self
    }

    /// Names the other place that this one does not go with.
    #[must_use]
    pub fn against(mut self, other: Span) -> Self {
        self.other = Some(Box::new(other));
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says more, after all that was said.
    pub fn add(&mut self, more: &str) {
        match &mut self.hint {
            Some(hint) => *hint = format!("{hint}{more}").into(),
            None => self.detail.push_str(more),
        }
    }

    /// Detail and hint.
    pub fn text(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{} {hint}", self.detail),
            None => self.detail.clone(),
        }
    }

    /// Detail and hint, with the other place where there is one.
    pub fn whole_detail(&self, sources: &Sources) -> String {
        let place = self.other.as_deref().and_then(|span| Some((sources.get(span.file)?, span)));
        let Some((source, span)) = place else { return self.text() };
        let (line, column) = sources.position(span.file, span.start);
        format!("{} See {}:{line}:{column}.", self.text(), source.name)
    }

    /// Names the object.
    #[must_use]
    pub fn on(mut self, address: &InstanceAddr) -> Self {
        self.address = Some(Box::new(address.clone()));
        self
    }

    /// Says which values are in play: names ("local.n") and statements ("is 5"), with nothing secret.
    #[must_use]
    pub fn with_values(mut self, values: Vec<(String, String)>) -> Self {
        if !values.is_empty() {
            self.in_play.get_or_insert_default().values = values;
        }
        self
    }

    /// Says which function was called.
    #[must_use]
    pub fn calling(mut self, name: &str) -> Self {
        self.in_play.get_or_insert_default().called = Some(name.into());
        self
    }

    /// Values in play.
    pub fn values(&self) -> &[(String, String)] {
        self.in_play.as_ref().map_or(&[], |in_play| &in_play.values)
    }
}

/// Diagnostics in the order they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    /// The same, to tell fast what was said already.
    said: HashSet<Diagnostic>,
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. The very same diagnostic twice (a shared expression evaluated for two instances) is kept once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.said.insert(diagnostic.clone()) {
            self.items.push(diagnostic);
        }
    }

    /// Adds all of another list.
    pub fn extend(&mut self, other: Diagnostics) {
        for diagnostic in other.items {
            self.push(diagnostic);
        }
    }

    /// True when at least one is an error.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|d| d.severity == Severity::Error)
    }

    /// True when an error has this topic.
    pub fn has_topic(&self, topic: Topic) -> bool {
        self.items.iter().any(|d| d.severity == Severity::Error && d.topic == Some(topic))
    }

    /// True when there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// In the order of the source; what has no place there comes last, as it was found.
    #[must_use]
    pub fn in_source_order(&self) -> Diagnostics {
        let mut sorted = self.clone();
        sorted.items.sort_by_key(|item| (item.span.is_none(), item.span));
        sorted
    }

    /// In order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(all: I) -> Self {
        let mut diagnostics = Self::new();
        all.into_iter().for_each(|diagnostic| diagnostics.push(diagnostic));
        diagnostics
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        let mut all = Self::new();
        all.push(diagnostic);
        all
    }
}

/// " Did you mean \"x\"?" for the nearest candidate, or nothing where none is near.
///
/// Near is Terraform's measure: an edit distance of less than three (`didyoumean.NameSuggestion`).
pub fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let far = |candidate: &&str| candidate.len().abs_diff(given.len()) > 4 * 3;
    candidates
        .into_iter()
        .filter(|candidate| !far(candidate))
        // Thousands of names against thousands of errors would take minutes.
        .take(1000)
        .map(|candidate| (strsim::levenshtein(given, candidate), candidate))
        .filter(|(distance, _)| *distance < 3)
        .min()
        .map_or(String::new(), |(_, candidate)| format!(" Did you mean \"{candidate}\"?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let mut sources = Sources::default();
        let file = sources.add("a.hcl", "äb\ncd");
        let combined = sources.add("b.hcl", "e\u{301}b");
        assert_eq!(sources.position(combined, 3), (1, 2));
        assert_eq!(sources.position(file, 2), (1, 2));
        assert_eq!(sources.position(file, 5), (2, 2));
        assert_eq!(sources.position(file, 99), (2, 3));
    }

    #[test]
    fn suggests_only_what_is_near() {
        assert_eq!(did_you_mean("gpu_modle", ["gpu_model", "name"]), " Did you mean \"gpu_model\"?");
        assert_eq!(did_you_mean("zebra", ["gpu_model", "name"]), "");
    }
}
