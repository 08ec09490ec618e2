//! Templates: escapes, strip markers, the indentation of `<<-`, and the nesting of directives.
//!
//! As in Terraform, a template is first a flat list of tokens, with one literal for each line of a heredoc; strip
//! markers and indentation work on that list, and only then are directives nested.

use super::super::ast::{Expr, ExprKind, TemplatePart};
use super::lower::{Lower, text};
use crate::clusters::{clusters, count};
use hcl::edit::Span as _;
use hcl::edit::template as tree;
use std::ops::Range;
use std::sync::Arc;

/// What is wrong with a literal in quotes.
pub(super) enum QuotedFault {
    /// The line ends inside.
    Newline,
    /// `\q`.
    Escape(char),
    /// `\u` or `\U` without its digits.
    Digits(char),
    /// `\uD800`: not a character.
    NoCharacter,
    /// A quotation mark inside a directive.
    Quote,
}

/// Resolves the escapes of a literal in quotes; the error names the range at fault.
pub(super) fn unescape(raw: &str) -> Result<String, (Range<usize>, QuotedFault)> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let at = raw.len() - rest.len();
        let mut taken = c.len_utf8();
        match c {
            '\n' => return Err((at..at + 1, QuotedFault::Newline)),
            '"' => return Err((at..at + 1, QuotedFault::Quote)),
            '$' | '%' if rest[1..].starts_with(c) && rest[2..].starts_with('{') => {
                out.push(c);
                out.push('{');
                taken = 3;
            }
            '\\' => {
                let Some(selector) = rest[1..].chars().next() else { break };
                taken = 1 + selector.len_utf8();
                match selector {
                    'n' => out.push('\n'),
                    'r' => out.push('\r'),
                    't' => out.push('\t'),
                    '"' | '\\' => out.push(selector),
                    'u' | 'U' => {
                        let width = if selector == 'u' { 4 } else { 8 };
                        let digits = rest
                            .get(2..2 + width)
                            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
                            .ok_or((at..at + 2, QuotedFault::Digits(selector)))?;
                        taken = 2 + width;
                        let code = u32::from_str_radix(digits, 16).ok();
                        out.push(code.and_then(char::from_u32).ok_or((at..at + taken, QuotedFault::NoCharacter))?);
                    }
                    other => return Err((at..at + taken, QuotedFault::Escape(other))),
                }
            }
            other => out.push(other),
        }
        rest = &rest[taken..];
    }
    Ok(out)
}

/// Resolves the only escapes of a heredoc.
fn unescape_signs(raw: &str) -> String {
    match raw.contains("$${") || raw.contains("%%{") {
        true => raw.replace("$${", "${").replace("%%{", "%{"),
        false => raw.to_owned(),
    }
}

enum Token {
    Text(String),
    Interpolation(Expr),
    If(Expr),
    Else,
    EndIf,
    For { key_name: Option<Arc<str>>, value_name: Arc<str>, collection: Expr },
    EndFor,
}

/// Which neighbours a token strips.
#[derive(Clone, Copy)]
struct Strip {
    before: bool,
    after: bool,
}

impl From<tree::Strip> for Strip {
    fn from(strip: tree::Strip) -> Self {
        Self { before: strip.strip_start(), after: strip.strip_end() }
    }
}

/// The tokens of one template.
struct Tokens<'l, 'a> {
    lower: &'l mut Lower<'a>,
    heredoc: bool,
    tokens: Vec<Token>,
    strip_next: bool,
}

impl Tokens<'_, '_> {
    fn text(&mut self, literal: String) {
        let lines: Vec<&str> = match self.heredoc {
            true => literal.split_inclusive('\n').collect(),
            false => vec![&literal],
        };
        for line in lines {
            let line = if std::mem::take(&mut self.strip_next) { line.trim_start() } else { line };
            self.tokens.push(Token::Text(line.to_owned()));
        }
    }

    fn sequence(&mut self, token: Token, strip: Strip) {
        if strip.before
            && let Some(Token::Text(previous)) = self.tokens.last_mut()
        {
            previous.truncate(previous.trim_end().len());
        }
        self.strip_next = strip.after;
        self.tokens.push(token);
    }

    fn template(&mut self, template: &tree::Template) {
        template.iter().for_each(|element| self.element(element));
    }

    fn element(&mut self, element: &tree::Element) {
        match element {
            tree::Element::Literal(literal) => {
                let literal = match self.heredoc {
                    true => unescape_signs(self.lower.raw(literal.span())),
                    false => self.lower.quoted(literal.span()),
                };
                self.text(literal);
            }
            tree::Element::Interpolation(interpolation) => {
                let expr = self.lower.expr(&interpolation.expr);
                self.sequence(Token::Interpolation(expr), interpolation.strip.into());
            }
            tree::Element::Directive(directive) => match directive.as_ref() {
                tree::Directive::If(directive) => {
                    let condition = self.lower.expr(&directive.if_expr.cond_expr);
                    self.sequence(Token::If(condition), directive.if_expr.strip.into());
                    self.template(&directive.if_expr.template);
                    if let Some(otherwise) = &directive.else_expr {
                        self.sequence(Token::Else, otherwise.strip.into());
                        self.template(&otherwise.template);
                    }
                    self.sequence(Token::EndIf, directive.endif_expr.strip.into());
                }
                tree::Directive::For(directive) => {
                    let intro = &directive.for_expr;
                    let token = Token::For {
                        key_name: intro.key_var.as_ref().map(|name| name.as_str().into()),
                        value_name: intro.value_var.as_str().into(),
                        collection: self.lower.expr(&intro.collection_expr),
                    };
                    self.sequence(token, intro.strip.into());
                    self.template(&intro.template);
                    self.sequence(Token::EndFor, directive.endfor_expr.strip.into());
                }
            },
        }
    }
}

/// Takes the common indentation from the lines of a `<<-` heredoc: of lines that start with text, and of no line when
/// one starts with an interpolation. Lines of nothing but white space do not count.
fn dedent(tokens: &mut [Token]) {
    let mut indents: Vec<usize> = Vec::new();
    let mut adjust = Vec::new();
    let mut line_start = true;
    for (i, token) in tokens.iter().enumerate() {
        let Token::Text(line) = token else {
            if std::mem::take(&mut line_start) {
                indents.push(0);
            }
            continue;
        };
        if line_start {
            let trimmed = line.trim_start();
            if !(trimmed.is_empty() && line.ends_with('\n')) {
                indents.push(count(&line[..line.len() - trimmed.len()]));
                adjust.push(i);
            }
        }
        line_start = line.ends_with('\n');
    }
    let indent = indents.into_iter().min().unwrap_or(0);
    for i in adjust {
        if let Some(Token::Text(line)) = tokens.get_mut(i) {
            // Blanks are letters of their own, unless what follows them is a mark.
            let plain = line.bytes().take(indent).all(|byte| matches!(byte, b' ' | b'\t'))
                && line.as_bytes().get(indent).is_some_and(u8::is_ascii);
            let cut = match plain {
                true => indent,
                false => clusters(line).into_iter().take(indent).map(str::len).sum(),
            };
            line.drain(..cut);
        }
    }
}

/// Nests directives; reads up to the end, or to the `else` or end of the directive that is open.
fn nest(tokens: &mut std::iter::Peekable<std::vec::IntoIter<Token>>) -> Vec<TemplatePart> {
    let mut parts = Vec::new();
    let mut literal: Option<String> = None;
    while let Some(token) = tokens.next_if(|token| !matches!(token, Token::Else | Token::EndIf | Token::EndFor)) {
        let part = match token {
            Token::Text(line) => {
                literal.get_or_insert_default().push_str(&line);
                continue;
            }
            Token::Interpolation(expr) => TemplatePart::Interpolation(expr),
            Token::If(condition) => {
                let yes = nest(tokens);
                let no = match tokens.next_if(|token| matches!(token, Token::Else)) {
                    Some(_) => nest(tokens),
                    None => Vec::new(),
                };
                tokens.next_if(|token| matches!(token, Token::EndIf));
                TemplatePart::If(condition, yes, no)
            }
            Token::For { key_name, value_name, collection } => {
                let body = nest(tokens);
                tokens.next_if(|token| matches!(token, Token::EndFor));
                TemplatePart::For { key_name, value_name, collection, body }
            }
            Token::Else | Token::EndIf | Token::EndFor => break,
        };
        parts.extend(literal.take().map(|literal| TemplatePart::Text(text(&literal))));
        parts.push(part);
    }
    // An empty text stays: beside it an interpolation is a string, alone it is any value.
    parts.extend(literal.map(|literal| TemplatePart::Text(text(&literal))));
    parts
}

impl Lower<'_> {
    pub(super) fn string_template(&mut self, template: &tree::StringTemplate) -> ExprKind {
        let mut tokens = Tokens { lower: self, heredoc: false, tokens: Vec::new(), strip_next: false };
        template.iter().for_each(|element| tokens.element(element));
        Self::parts(nest(&mut tokens.tokens.into_iter().peekable()))
    }

    /// A heredoc of text alone, which the parser was given as `""`: it ends with the line of its marker.
    pub(super) fn literal_heredoc(&mut self, start: usize) -> Expr {
        let rest = self.source.text.get(start..).unwrap_or_default();
        let head = rest.split_inclusive('\n').next().unwrap_or_default();
        let marker = head.trim_start_matches(['<', '-']).trim_end();
        let lines = rest.split_inclusive('\n').skip(1);
        let mut end = head.len();
        let mut tokens = Vec::new();
        for line in lines {
            if line.trim() == marker {
                end += line.trim_end_matches(['\r', '\n']).len();
                break;
            }
            end += line.len();
            tokens.push(Token::Text(unescape_signs(line)));
        }
        if head.starts_with("<<-") {
            dedent(&mut tokens);
        }
        let kind = Self::parts(nest(&mut tokens.into_iter().peekable()));
        Expr { kind, span: self.span(Some(start..start + end)) }
    }

    pub(super) fn heredoc(&mut self, heredoc: &tree::HeredocTemplate, range: Option<Range<usize>>) -> ExprKind {
        let flush = self.raw(range).starts_with("<<-");
        let mut tokens = Tokens { lower: self, heredoc: true, tokens: Vec::new(), strip_next: false };
        tokens.template(&heredoc.template);
        let mut tokens = tokens.tokens;
        if flush {
            dedent(&mut tokens);
        }
        let parts = nest(&mut tokens.into_iter().peekable());
        Self::parts(parts)
    }
}
