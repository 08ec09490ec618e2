//! The words of a configuration file.

/// What a token is. Single characters have the names of Terraform's scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lang) enum Kind {
    OBrace,
    CBrace,
    OBrack,
    CBrack,
    OParen,
    CParen,
    OQuote,
    CQuote,
    /// `<<EOT` with its line end.
    OHeredoc,
    /// The line that ends a heredoc, without its line end.
    CHeredoc,
    /// `+`, `*`, `/`, `%`.
    Arithmetic,
    Minus,
    Equal,
    /// `==`, `!=`, `<`, `>`, `<=`, `>=`.
    Comparison,
    /// `&&`, `||`.
    Logical,
    Bang,
    /// `*`: an operator, or the marker of a splat.
    Star,
    Dot,
    Comma,
    Ellipsis,
    FatArrow,
    Question,
    Colon,
    DoubleColon,
    /// `${`.
    Interp,
    /// `%{`.
    Control,
    /// `}` or `~}` at the end of `${` and `%{`.
    SeqEnd,
    /// Text between quotation marks, with its escapes.
    QuotedLit,
    /// Text in a heredoc.
    StringLit,
    NumberLit,
    Ident,
    /// A comment that ends inside its line, or at the end of the file.
    Comment,
    /// A comment with the line end that ends it.
    LineComment,
    Newline,
    Eof,
    /// What the language has no use for.
    Invalid,
}

impl Kind {
    /// 1 for what opens a bracket, -1 for what closes one.
    pub(in crate::lang) fn bracket(self) -> i32 {
        match self {
            Kind::OBrace | Kind::OBrack | Kind::OParen | Kind::Control | Kind::Interp => 1,
            Kind::CBrace | Kind::CBrack | Kind::CParen | Kind::SeqEnd => -1,
            _ => 0,
        }
    }

    /// True for what ends a line.
    pub(in crate::lang) fn ends_line(self) -> bool {
        matches!(self, Kind::Newline | Kind::LineComment)
    }

    /// True for every comment.
    pub(in crate::lang) fn is_comment(self) -> bool {
        matches!(self, Kind::Comment | Kind::LineComment)
    }
}

/// One word, with the blanks before it.
#[derive(Clone, Copy, Debug)]
pub(in crate::lang) struct Token {
    pub(in crate::lang) kind: Kind,
    /// Where its text starts in [`Texts`].
    pub(in crate::lang) start: u32,
    /// Where its text ends.
    pub(in crate::lang) end: u32,
    /// Bytes between the token before it and this one; what formatting changes.
    pub(in crate::lang) spaces: u32,
}

/// The source, and behind it the text of what was put in anew.
pub(in crate::lang) struct Texts<'a> {
    pub(in crate::lang) source: &'a str,
    pub(in crate::lang) added: String,
}

impl Texts<'_> {
    /// The text of a token.
    pub(in crate::lang) fn of(&self, token: Token) -> &str {
        let (start, end) = (token.start as usize, token.end as usize);
        let base = self.source.len();
        let text = match start.checked_sub(base) {
            Some(start) if end > base => self.added.get(start..end - base),
            _ => self.source.get(start..end),
        };
        text.unwrap_or_default()
    }

    /// A token that does not stand in the source. Its blanks are for the formatter to set.
    pub(in crate::lang) fn add(&mut self, kind: Kind, text: &str) -> Token {
        let at = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let start = at(self.source.len() + self.added.len());
        self.added.push_str(text);
        Token { kind, start, end: at(self.source.len() + self.added.len()), spaces: 0 }
    }
}
