//! The difference of two texts: scripts line by line, others word by word; unchanged lines folded.

use similar::{ChangeTag, TextDiff as Similar};

/// Unchanged lines that are shown beside a change.
const CONTEXT: usize = 3;

/// Two texts that differ.
#[derive(Clone, Debug, PartialEq)]
pub struct TextDiff<'p> {
    /// The whole text as it is.
    pub before: &'p str,
    /// The whole text as it will be.
    pub after: &'p str,
    /// What differs.
    pub inside: TextParts<'p>,
}

/// How two texts differ.
#[derive(Clone, Debug, PartialEq)]
pub enum TextParts<'p> {
    /// Both have one line: the parts of the one and of the other.
    Words(Vec<Piece<'p>>, Vec<Piece<'p>>),
    /// At least one has several lines.
    Lines(Vec<LineDiff<'p>>),
}

/// A part of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'p> {
    /// Its text, without the line break.
    pub text: &'p str,
    /// It is what differs in its line.
    pub differs: bool,
}

/// One line of two texts laid side by side.
#[derive(Clone, Debug, PartialEq)]
pub enum LineDiff<'p> {
    /// So many lines far from any change stand in both.
    Unchanged(usize),
    /// It stands in both.
    Same(Vec<Piece<'p>>),
    /// It goes.
    Removed(Vec<Piece<'p>>, LineEnd),
    /// It comes.
    Added(Vec<Piece<'p>>, LineEnd),
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// With a line break.
    Break,
    /// With the text.
    Text,
}

impl<'p> TextDiff<'p> {
    /// Of two texts that differ.
    pub fn of(before: &'p str, after: &'p str) -> Self {
        let inside =
            if before.contains('\n') || after.contains('\n') { lines(before, after) } else { words(before, after) };
        Self { before, after, inside }
    }
}

/// Cuts a text into the parts that a diff tells one after the other.
struct Cutter<'p>(&'p str);

impl<'p> Cutter<'p> {
    fn cut(&mut self, length: usize) -> &'p str {
        let (part, rest) = self.0.split_at_checked(length).unwrap_or((self.0, ""));
        self.0 = rest;
        part
    }
}

fn words<'p>(before: &'p str, after: &'p str) -> TextParts<'p> {
    let diff = Similar::from_words(before, after);
    // Without a word in common nothing would be left unmarked.
    let differs = diff.iter_all_changes().any(|c| c.tag() == ChangeTag::Equal && !c.value().trim().is_empty());
    let (mut old, mut new) = (Cutter(before), Cutter(after));
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for change in diff.iter_all_changes() {
        let length = change.value().len();
        match change.tag() {
            ChangeTag::Equal => {
                gone.push(Piece { text: old.cut(length), differs: false });
                come.push(Piece { text: new.cut(length), differs: false });
            }
            ChangeTag::Delete => gone.push(Piece { text: old.cut(length), differs }),
            ChangeTag::Insert => come.push(Piece { text: new.cut(length), differs }),
        }
    }
    TextParts::Words(gone, come)
}

fn lines<'p>(before: &'p str, after: &'p str) -> TextParts<'p> {
    let diff = Similar::from_lines(before, after);
    let (mut old, mut new) = (Cutter(before), Cutter(after));
    let mut lines = Vec::new();
    for op in diff.ops() {
        // No deadline: the same inputs give the same bytes on a slow machine.
        for change in diff.iter_inline_changes_deadline(op, None) {
            let pieces = |text: &mut Cutter<'p>| -> Vec<Piece<'p>> {
                let piece = |(differs, piece): &(bool, &str)| {
                    let text = text.cut(piece.len());
                    Piece { text: text.strip_suffix('\n').unwrap_or(text), differs: *differs }
                };
                change.values().iter().map(piece).collect()
            };
            let end = if change.missing_newline() { LineEnd::Text } else { LineEnd::Break };
            lines.push(match change.tag() {
                ChangeTag::Equal => {
                    pieces(&mut new);
                    LineDiff::Same(pieces(&mut old))
                }
                ChangeTag::Delete => LineDiff::Removed(pieces(&mut old), end),
                ChangeTag::Insert => LineDiff::Added(pieces(&mut new), end),
            });
        }
    }
    TextParts::Lines(folded(lines))
}

/// The lines, without those that are far from any change.
fn folded(lines: Vec<LineDiff<'_>>) -> Vec<LineDiff<'_>> {
    let changes = |line: &LineDiff<'_>| !matches!(line, LineDiff::Same(_));
    let mut near = vec![false; lines.len()];
    let changed = lines.iter().enumerate().filter(|(_, line)| changes(line));
    for (at, _) in changed {
        near[at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(lines.len())].fill(true);
    }
    let mut shown = Vec::new();
    for (line, near) in lines.into_iter().zip(near) {
        match shown.last_mut() {
            _ if near => shown.push(line),
            Some(LineDiff::Unchanged(count)) => *count += 1,
            _ => shown.push(LineDiff::Unchanged(1)),
        }
    }
    shown
}
