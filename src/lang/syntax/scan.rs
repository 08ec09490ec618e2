//! From text to tokens, as Terraform's scanner cuts it.

use super::token::{Kind, Token};
use unicode_ident::{is_xid_continue, is_xid_start};

/// What the text at some place is.
enum Mode {
    Code,
    Quoted,
    /// With its marker, and whether a line starts here. The text of a template alone has no marker, and no end.
    Heredoc {
        marker: Option<(usize, usize)>,
        line_start: bool,
    },
}

/// Cuts a text, step by step.
pub(in crate::lang) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    /// Where the last token ended.
    last: usize,
    modes: Vec<Mode>,
    /// The end of the text ends a line too.
    ends_line: bool,
    braces: i64,
    /// The braces that end a template sequence, by their depth.
    sequences: Vec<i64>,
}

/// Cuts a file. The last token is the end of the file. Every byte of the text is in a token or counted as blank before
/// one; a byte order mark is counted as blank.
pub(in crate::lang) fn scan(text: &str) -> Vec<Token> {
    Scanner::new(text).all()
}

/// Cuts the text of one expression: the end of the text may be that of the line which ends a heredoc.
pub(in crate::lang) fn scan_expression(text: &str) -> Vec<Token> {
    Scanner { ends_line: true, ..Scanner::new(text) }.all()
}

/// Cuts the text of a template, which is written as in a heredoc.
pub(in crate::lang) fn scan_template(text: &str) -> Vec<Token> {
    Scanner { at: 0, modes: vec![Mode::Heredoc { marker: None, line_start: true }], ..Scanner::new(text) }.all()
}

impl<'a> Scanner<'a> {
    pub(in crate::lang) fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 },
            tokens: Vec::new(),
            last: 0,
            modes: vec![Mode::Code],
            ends_line: false,
            braces: 0,
            sequences: Vec::new(),
        }
    }

    fn all(mut self) -> Vec<Token> {
        self.tokens.reserve(self.text.len() / 5);
        while self.step() {}
        self.push(Kind::Eof, 0);
        self.tokens
    }

    /// Goes on behind the last token; false at the end of the text.
    fn step(&mut self) -> bool {
        if self.at >= self.bytes.len() {
            return false;
        }
        match self.modes.last() {
            None | Some(Mode::Code) => self.code(),
            Some(Mode::Quoted) => self.quoted(),
            Some(&Mode::Heredoc { marker, line_start }) => self.heredoc(marker, line_start),
        }
        true
    }

    /// Takes the tokens of the next step; `None` at the end of the text.
    pub(in crate::lang) fn take(&mut self) -> Option<Vec<Token>> {
        self.step().then(|| std::mem::take(&mut self.tokens))
    }

    /// Reads on as code outside of the quotes that are open.
    pub(in crate::lang) fn leave_quotes(&mut self) {
        if let Some(Mode::Quoted) = self.modes.last() {
            self.modes.pop();
        }
    }

    /// Reads on as code outside of everything.
    pub(in crate::lang) fn leave_all(&mut self) {
        self.modes.clear();
        self.sequences.clear();
        self.braces = 0;
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Emits the next `len` bytes.
    fn push(&mut self, kind: Kind, len: usize) {
        let small = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let end = (self.at + len).min(self.bytes.len());
        self.tokens.push(Token {
            kind,
            start: small(self.at),
            end: small(end),
            spaces: small(self.at.saturating_sub(self.last)),
        });
        self.at = end;
        self.last = end;
    }

    /// The length of the line end that starts `ahead` of here, if one does.
    fn line_end(&self, ahead: usize) -> Option<usize> {
        match (self.peek(ahead), self.peek(ahead + 1)) {
            (Some(b'\n'), _) => Some(1),
            (Some(b'\r'), Some(b'\n')) => Some(2),
            (None, _) if self.ends_line => Some(0),
            _ => None,
        }
    }

    fn code(&mut self) {
        let Some(byte) = self.peek(0) else { return };
        let two = |next: u8| self.peek(1) == Some(next);
        match byte {
            b' ' | b'\t' => self.at += 1,
            b'\n' => self.push(Kind::Newline, 1),
            b'\r' if two(b'\n') => self.push(Kind::Newline, 2),
            b'0'..=b'9' => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.push(Kind::Ident, self.ident(0)),
            b'#' => self.line_comment(),
            b'/' if two(b'/') => self.line_comment(),
            b'/' if two(b'*') => match self.text.get(self.at + 2..).and_then(|rest| rest.find("*/")) {
                Some(len) => self.push(Kind::Comment, len + 4),
                None => self.push(Kind::Invalid, usize::MAX - self.at),
            },
            b'"' => {
                self.push(Kind::OQuote, 1);
                self.modes.push(Mode::Quoted);
            }
            b'<' if two(b'<') => self.open_heredoc(),
            b'{' => {
                self.push(Kind::OBrace, 1);
                self.braces += 1;
            }
            b'}' => self.close_brace(1),
            b'~' if two(b'}') => self.close_brace(2),
            b'=' if two(b'=') => self.push(Kind::Comparison, 2),
            b'=' if two(b'>') => self.push(Kind::FatArrow, 2),
            b'!' | b'<' | b'>' if two(b'=') => self.push(Kind::Comparison, 2),
            b'&' if two(b'&') => self.push(Kind::Logical, 2),
            b'|' if two(b'|') => self.push(Kind::Logical, 2),
            b':' if two(b':') => self.push(Kind::DoubleColon, 2),
            b'.' if two(b'.') && self.peek(2) == Some(b'.') => self.push(Kind::Ellipsis, 3),
            _ => match single(byte) {
                Some(kind) => self.push(kind, 1),
                None => self.other(),
            },
        }
    }

    /// A letter outside ASCII, or what is no part of the language.
    fn other(&mut self) {
        let first = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        match first {
            Some(letter) if is_xid_start(letter) => self.push(Kind::Ident, self.ident(0)),
            _ => self.push(Kind::Invalid, first.map_or(1, char::len_utf8)),
        }
    }

    /// The length of the name that starts `ahead` of here; 0 for none.
    fn ident(&self, ahead: usize) -> usize {
        let Some(rest) = self.bytes.get(self.at + ahead..) else { return 0 };
        let plain = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
        if rest.get(plain).is_none_or(u8::is_ascii) {
            return if matches!(rest.first(), Some(b'0'..=b'9' | b'-') | None) { 0 } else { plain };
        }
        let letters = self.text.get(self.at + ahead..).unwrap_or_default();
        match letters.chars().next() {
            Some(first) if is_xid_start(first) || first == '_' => {
                letters.find(|c| !(is_xid_continue(c) || c == '-')).unwrap_or(letters.len())
            }
            _ => 0,
        }
    }

    /// Digits, points and exponents; a point is never the last.
    fn number(&mut self) {
        let (mut len, mut good) = (0, 0);
        loop {
            match self.peek(len) {
                Some(b'0'..=b'9') => {
                    len += 1;
                    good = len;
                }
                Some(b'.') => len += 1,
                Some(b'e' | b'E') => {
                    let sign = usize::from(matches!(self.peek(len + 1), Some(b'+' | b'-')));
                    if !self.peek(len + 1 + sign).is_some_and(|b| b.is_ascii_digit()) {
                        break;
                    }
                    len += 2 + sign;
                    good = len;
                }
                _ => break,
            }
        }
        self.push(Kind::NumberLit, good);
    }

    fn line_comment(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match rest.iter().position(|b| *b == b'\n') {
            Some(len) => self.push(Kind::LineComment, len + 1),
            None => self.push(Kind::Comment, rest.len()),
        }
    }

    fn open_heredoc(&mut self) {
        let flush = usize::from(self.peek(2) == Some(b'-'));
        let name = self.ident(2 + flush);
        match self.line_end(2 + flush + name) {
            Some(end) if name > 0 && end > 0 => {
                let start = self.at + 2 + flush;
                self.push(Kind::OHeredoc, 2 + flush + name + end);
                self.modes.push(Mode::Heredoc { marker: Some((start, start + name)), line_start: true });
            }
            _ => self.push(Kind::Comparison, 1),
        }
    }

    fn close_brace(&mut self, len: usize) {
        if self.sequences.last() == Some(&self.braces) {
            self.push(Kind::SeqEnd, len);
            self.sequences.pop();
            self.modes.pop();
        } else {
            self.push(if len == 1 { Kind::CBrace } else { Kind::SeqEnd }, len);
        }
        self.braces -= 1;
    }

    /// `${`, `%{`, an escape such as `$${`, or a lone sign, at a `$` or `%` of a template. An escape and a lone sign are
    /// text: their length is returned.
    fn sign(&mut self, sign: u8) -> Option<usize> {
        let strip = |ahead: usize| usize::from(self.peek(ahead) == Some(b'~'));
        if self.peek(1) == Some(b'{') {
            self.push(if sign == b'$' { Kind::Interp } else { Kind::Control }, 2 + strip(2));
            self.braces += 1;
            self.sequences.push(self.braces);
            self.modes.push(Mode::Code);
            return None;
        }
        let escape = self.peek(1) == Some(sign) && self.peek(2) == Some(b'{');
        Some(if escape { 3 + strip(3) } else { 1 })
    }

    fn quoted(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match rest.first() {
            Some(b'"') => {
                self.push(Kind::CQuote, 1);
                self.modes.pop();
            }
            Some(&sign @ (b'$' | b'%')) => {
                if let Some(len) = self.sign(sign) {
                    self.push(Kind::QuotedLit, len);
                }
            }
            _ => {
                let mut len = 0;
                while let Some(byte) = rest.get(len) {
                    match byte {
                        b'\\' if !matches!(rest.get(len + 1), None | Some(b'\r' | b'\n')) => len += 2,
                        b'\\' | b'"' | b'$' | b'%' | b'\r' | b'\n' => break,
                        _ => len += 1,
                    }
                }
                self.push(if len == 0 { Kind::Invalid } else { Kind::QuotedLit }, len.max(1));
            }
        }
    }

    fn heredoc(&mut self, marker: Option<(usize, usize)>, line_start: bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let mut len = match rest.first() {
            Some(&sign @ (b'$' | b'%')) => {
                self.middle_of_line();
                match self.sign(sign) {
                    None => return,
                    // The scanner takes a carriage return for a letter here.
                    Some(1) if self.peek(1) == Some(b'\r') && self.line_end(2).is_some() => {
                        return self.push(Kind::StringLit, 2);
                    }
                    Some(len) => len,
                }
            }
            _ => rest.iter().take_while(|b| !matches!(b, b'$' | b'%' | b'\r' | b'\n')).count(),
        };
        let Some(end) = self.line_end(len) else {
            // A carriage return alone.
            if len == 0 {
                return self.push(Kind::Invalid, 1);
            }
            self.middle_of_line();
            return self.push(Kind::StringLit, len);
        };
        let line = self.text.get(self.at..self.at + len).unwrap_or_default();
        if line_start && marker.is_some_and(|(start, end)| self.text.get(start..end) == Some(line.trim())) {
            self.push(Kind::CHeredoc, len);
            self.push(Kind::Newline, end);
            self.modes.pop();
            return;
        }
        len += end;
        self.push(Kind::StringLit, len);
        if let Some(Mode::Heredoc { line_start, .. }) = self.modes.last_mut() {
            *line_start = true;
        }
    }

    fn middle_of_line(&mut self) {
        if let Some(Mode::Heredoc { line_start, .. }) = self.modes.last_mut() {
            *line_start = false;
        }
    }
}

fn single(byte: u8) -> Option<Kind> {
    Some(match byte {
        b'[' => Kind::OBrack,
        b']' => Kind::CBrack,
        b'(' => Kind::OParen,
        b')' => Kind::CParen,
        b'.' => Kind::Dot,
        b',' => Kind::Comma,
        b'*' => Kind::Star,
        b'/' | b'%' | b'+' => Kind::Arithmetic,
        b'-' => Kind::Minus,
        b'=' => Kind::Equal,
        b'<' | b'>' => Kind::Comparison,
        b'!' => Kind::Bang,
        b'?' => Kind::Question,
        b':' => Kind::Colon,
        _ => return None,
    })
}
