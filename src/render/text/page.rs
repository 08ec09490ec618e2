//! Lines with a symbol in the margin, as plans are drawn.

use crate::plan::Action;
use crate::render::escape::harmless_line;
use crate::render::escape::uncommanding;
use crate::render::style::{ADD, BOLD, CHANGE, DIM, REMOVE, Style, wrap};
use crate::review::{Described, DiffKind};
use unicode_width::UnicodeWidthStr;

/// What the margin of a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// Nothing.
    Same,
    /// `+`
    Add,
    /// `~`
    Change,
    /// `-`
    Remove,
    /// `-/+`
    Replace,
    /// `+/-`: the new one first.
    ReplaceNewFirst,
    /// `<=`: read.
    Read,
    /// `.`: forgotten.
    Forget,
    /// Nothing, of an object that only has another address: what stays is not shown.
    Moved,
}

impl From<DiffKind> for Sign {
    fn from(kind: DiffKind) -> Self {
        match kind {
            DiffKind::Same => Sign::Same,
            DiffKind::Added => Sign::Add,
            DiffKind::Removed => Sign::Remove,
            DiffKind::Changed => Sign::Change,
        }
    }
}

impl Sign {
    /// Of a planned change.
    pub fn of(change: &Described<'_>) -> Sign {
        match change.action {
            Action::NoOp if change.moved_from.is_some() => Sign::Moved,
            action => Sign::of_action(action, change.new_first),
        }
    }

    /// Of what happens; `new_first` of a replacement.
    pub fn of_action(action: Action, new_first: bool) -> Sign {
        match action {
            Action::NoOp => Sign::Same,
            Action::Create => Sign::Add,
            Action::Update => Sign::Change,
            Action::Delete => Sign::Remove,
            Action::Forget => Sign::Forget,
            Action::Read => Sign::Read,
            Action::Replace if new_first => Sign::ReplaceNewFirst,
            Action::Replace => Sign::Replace,
        }
    }

    /// As it stands in the margin.
    pub fn text(self) -> &'static str {
        match self {
            Sign::Same | Sign::Moved => "",
            Sign::Add => "+",
            Sign::Change => "~",
            Sign::Remove => "-",
            Sign::Replace => "-/+",
            Sign::ReplaceNewFirst => "+/-",
            Sign::Forget => ".",
            Sign::Read => "<=",
        }
    }

    /// As it stands first in a line of a diff: what changes is marked with what such are highlighted by.
    fn in_diff(self) -> &'static str {
        match self {
            Sign::Same | Sign::Moved => "",
            Sign::Add => "+",
            Sign::Remove | Sign::Forget => "-",
            Sign::Change | Sign::Read => "!",
            Sign::Replace => "-/+",
            Sign::ReplaceNewFirst => "+/-",
        }
    }

    /// As it stands in the margin, coloured.
    pub fn painted(self, style: Style) -> String {
        match self {
            Sign::Same | Sign::Moved => String::new(),
            Sign::Add => style.paint(ADD, "+"),
            Sign::Change => style.paint(CHANGE, "~"),
            Sign::Remove => style.paint(REMOVE, "-"),
            Sign::Replace => format!("{}/{}", style.paint(REMOVE, "-"), style.paint(ADD, "+")),
            Sign::ReplaceNewFirst => format!("{}/{}", style.paint(ADD, "+"), style.paint(REMOVE, "-")),
            Sign::Forget => style.paint(REMOVE, "."),
            Sign::Read => style.paint(ADD, "<="),
        }
    }
}

/// How much of each change is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Alike changes once, without what every plan says.
    #[default]
    Short,
    /// Every attribute of every change.
    Full,
}

impl Detail {
    /// As `-detail` says.
    pub fn asked(detail: bool) -> Self {
        if detail { Detail::Full } else { Detail::Short }
    }
}

/// Columns of sentences and lists where there are more: longer lines are hard to read.
pub const WIDEST: usize = 100;

/// Text that is being drawn.
#[derive(Debug)]
pub struct Page {
    /// How.
    pub style: Style,
    /// What stands so far.
    pub text: String,
    /// A short collection that stays, comes or goes takes one line.
    pub compact: bool,
    /// Values have no table that says what may be absent, or which names are keys: null is drawn, and keys stand as names.
    pub free: bool,
    /// The signs stand first in their lines, as what highlights a diff wants them; nothing else stands there.
    pub signs_first: bool,
}

impl Page {
    /// An empty one.
    pub fn new(style: Style) -> Self {
        Self { style, text: String::new(), compact: false, free: false, signs_first: false }
    }

    /// An empty one of what highlights a diff.
    pub fn diff() -> Self {
        Self { signs_first: true, ..Self::new(Style::PLAIN) }
    }

    /// One line: the text starts in column `4 * level`, the sign stands to its left.
    pub fn line(&mut self, level: usize, sign: Sign, text: &str) {
        if text.is_empty() {
            self.text.push('\n');
            return;
        }
        let margin = 4 * level;
        if self.signs_first {
            let sign = sign.in_diff();
            self.text.push_str(sign);
            self.text.extend(std::iter::repeat_n(' ', margin.saturating_sub(sign.len()).max(1)));
        } else {
            let indent = margin.saturating_sub(sign.text().len() + usize::from(sign != Sign::Same));
            self.text.extend(std::iter::repeat_n(' ', indent));
            if sign != Sign::Same {
                self.text.push_str(&sign.painted(self.style));
                self.text.push(' ');
            }
        }
        match sign {
            Sign::Same => self.text.push_str(&uncommanding(text)),
            _ => self.text.push_str(text),
        }
        self.text.push('\n');
    }

    /// A remark that counts what is not shown: `# (3 unchanged attributes hidden)`.
    pub fn hidden(&mut self, level: usize, count: usize, what: &str) {
        if count > 0 {
            let s = if count == 1 { "" } else { "s" };
            let text = self.style.paint(DIM, &format!("# ({count} unchanged {what}{s} hidden)"));
            self.line(level, Sign::Same, &text);
        }
    }

    /// A paragraph, wrapped.
    pub fn paragraph(&mut self, text: &str) {
        for line in wrap(text, self.style.columns().min(WIDEST)) {
            self.line(0, Sign::Same, &line);
        }
    }

    /// `  # first: a, b, c`, wrapped between the parts, continued under the first part.
    pub fn comment(&mut self, first: &str, parts: &[String]) {
        let lead = first.width() + 4;
        let lines = join(parts.iter().map(String::as_str), ", ", self.style.columns().saturating_sub(lead));
        for (i, line) in lines.iter().enumerate() {
            let lead = if i == 0 { first.to_owned() } else { " ".repeat(first.width()) };
            let text = self.style.paint(DIM, &format!("# {lead}{line}"));
            self.text.push_str("  ");
            self.text.push_str(&text);
            self.text.push('\n');
        }
    }

    /// An item of a list, wrapped.
    pub fn item(&mut self, text: &str) {
        for (at, line) in wrap(text, self.style.columns().min(WIDEST).saturating_sub(4)).iter().enumerate() {
            self.line(0, Sign::Same, &format!("{}{line}", if at == 0 { "  - " } else { "    " }));
        }
    }

    /// A headline comment: `  # text`, bold.
    pub fn headline(&mut self, subject: &str, rest: &str) {
        let text = format!("  {}{rest}\n", self.style.paint(BOLD, &format!("# {}", harmless_line(subject))));
        self.text.push_str(&text);
    }

    /// An empty line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A rule over the page.
    pub fn rule(&mut self) {
        let rule = "─".repeat(self.style.columns().clamp(20, 100) - 1);
        let rule = self.style.paint(DIM, &rule);
        self.line(0, Sign::Same, &rule);
    }
}

/// Parts joined by a separator into lines of a width; a part that is longer stands alone. The separator's end is cut at
/// a line's end.
pub fn join<'a>(parts: impl IntoIterator<Item = &'a str>, separator: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.width() + separator.width() + part.width() <= width => {
                line.push_str(separator);
                line.push_str(part);
            }
            Some(line) => {
                line.push_str(separator.trim_end());
                lines.push(part.to_owned());
            }
            None => lines.push(part.to_owned()),
        }
    }
    lines
}
