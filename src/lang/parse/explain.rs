//! Syntax errors in our words: what was expected, what stands there, what to do.

use super::Source;
use super::template::QuotedFault;
use crate::diag::{Diagnostic, Span};
use std::ops::Range;

/// What stands at an offset: its range, and words for it.
fn found(text: &str, offset: usize) -> (Range<usize>, String) {
    let rest = text.get(offset..).unwrap_or_default();
    let Some(c) = rest.chars().next() else { return (offset..offset, "the end of the text".into()) };
    if c == '\n' || c == '\r' {
        return (offset..offset + 1, "the end of the line".into());
    }
    let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let len = if word > 0 { word } else { c.len_utf8() };
    (offset..offset + len, format!("\"{}\"", &rest[..len]))
}

/// The words for an error of the parser at an offset.
pub(super) fn syntax(source: Source<'_>, offset: usize, message: &str) -> Diagnostic {
    // An expression alone was put in parentheses, which nobody should read of.
    let alone = source.text.strip_prefix('(').and_then(|text| text.strip_suffix("\n)")).filter(|_| source.base < 0);
    let (source, offset) = match alone {
        Some(text) => (Source { text, base: 0, ..source }, offset.saturating_sub(1).min(text.len())),
        None => (source, offset),
    };
    let (range, what) = found(source.text, offset);
    let at_end = range.is_empty();
    let before = source.text.get(..offset).unwrap_or_default();
    let expects = |expected: &str| message.contains(expected);
    let opener = if at_end { super::recover::open_bracket(source.text) } else { None };
    let (summary, detail) = if message.contains("nesting depth") {
        (
            "Expression too deep",
            "Blocks, expressions and templates nest at most 64 levels deep. Move an inner part into a local value."
                .into(),
        )
    } else if message.contains("chained binary operators") {
        (
            "Expression too long",
            "An expression holds at most 128 operators. Move a part of it into a local value.".into(),
        )
    } else if message.contains("unicode") {
        (
            "Invalid escape sequence",
            "The escape \\u is followed by four hexadecimal digits, and \\U by eight, which name a character.".into(),
        )
    } else if message.contains("escape sequence") {
        (
            "Invalid escape sequence",
            format!(
                "{what} does not form an escape sequence. The escapes are \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN; a backslash itself is written \\\\."
            ),
        )
    } else if message.contains("heredoc") || super::recover::in_heredoc(source.text) {
        (
            "Unterminated template string",
            "The closing marker of this heredoc is missing: it stands alone on its line, after white space at most."
                .into(),
        )
    } else if let Some((at, bracket)) = opener {
        let close = match bracket {
            '{' => "}",
            '[' => "]",
            '(' => ")",
            _ => "\"",
        };
        let range = at..at + 1;
        let summary = match bracket {
            '{' if before.get(..at).is_some_and(|before| before.ends_with(['$', '%'])) => {
                "Unclosed template interpolation sequence"
            }
            '{' if alone.is_none() => "Unclosed configuration block",
            '"' => "Unterminated template string",
            _ => "Unbalanced brackets",
        };
        let detail = format!("There is no closing \"{close}\" for this \"{bracket}\" before the end of the text.");
        return Diagnostic::error(summary, detail).at(source.span(range));
    } else if expects("newline or eof") {
        (
            "Missing newline after argument",
            format!(
                "The argument or block is complete, but {what} follows on its line. Each argument and each block has a line of its own."
            ),
        )
    } else if message.contains("invalid structure") {
        (
            "Invalid block definition",
            format!(
                "After a name comes \"=\" for an argument, or labels and \"{{\" for a block, but {what} stands here."
            ),
        )
    } else if message.contains("invalid block body") {
        (
            "Invalid block",
            format!(
                "A line of a block starts with the name of an argument or of a nested block and the block ends with \"}}\", but {what} stands here."
            ),
        )
    } else if message.contains("object value assignment") {
        ("Missing attribute value", format!("After a key comes \"=\" (or \":\") and a value, but {what} stands here."))
    } else if message.contains("object item") {
        (
            "Missing attribute separator",
            format!(
                "Items of an object are separated by commas or line ends and \"}}\" closes it, but {what} stands here."
            ),
        )
    } else if message.contains("invalid expression") {
        ("Invalid expression", format!("The start of an expression is expected, but {what} stands here."))
    } else if message.contains("traversal operator") {
        (
            "Invalid attribute name",
            format!("After a dot comes the name of an attribute, a whole number or \"*\", but {what} stands here."),
        )
    } else if source.text.get(offset..).is_some_and(|rest| rest.starts_with("%{")) {
        (
            "Invalid template directive",
            "A directive is %{ if CONDITION } ... %{ else } ... %{ endif } or %{ for NAME in COLLECTION } ... %{ endfor }, and this one is not complete. A literal \"%{\" is written %%{.".into(),
        )
    } else if alone.is_some() && expects("`)`") && super::recover::open_bracket(before).is_none() {
        ("Extra characters after expression", format!("One expression is complete, but {what} follows it."))
    } else if expects("`]`") {
        ("Missing item separator", format!("A comma or the closing \"]\" is expected, but {what} stands here."))
    } else if expects("`)`") {
        (
            "Missing argument separator",
            format!("A comma, an operator or the closing \")\" is expected, but {what} stands here."),
        )
    } else if expects("`}`") {
        (
            "Extra characters after expression",
            format!("The expression is complete and the closing \"}}\" is expected, but {what} stands here."),
        )
    } else if expects("`:`") {
        (
            "Missing false expression in conditional",
            format!(
                "A \":\" is expected, but {what} stands here. A conditional is written CONDITION ? VALUE : OTHERWISE, and a \"for\" has a \":\" after its collection."
            ),
        )
    } else if expects("`=>`") {
        (
            "Invalid 'for' expression",
            format!("\"=>\" and a value are expected after the key of an object, but {what} stands here."),
        )
    } else if expects("`in`") {
        ("Invalid 'for' expression", format!("\"in\" and a collection are expected, but {what} stands here."))
    } else if expects("identifier") {
        ("Invalid name", format!("A name is expected, but {what} stands here."))
    } else if at_end {
        ("Unexpected end of file", "The text ends before the expression or block is complete.".into())
    } else {
        (
            "Invalid syntax",
            format!(
                "{what} does not fit here. A file holds arguments (name = value) and blocks (kind \"label\" {{ ... }})."
            ),
        )
    };
    Diagnostic::error(summary, detail).at(source.span(range))
}

/// What the syntax crate reads and Terraform does not.
pub(super) fn misplaced(source: Source<'_>, range: Range<usize>) -> Diagnostic {
    let before = source.text.get(..range.start).unwrap_or_default();
    let (summary, detail) = match source.text.get(range.clone()) {
        Some("*") if before.ends_with('.') => (
            "Nested splat expression not allowed",
            "A splat expression (*) cannot be used inside another attribute-only splat expression. Write [*]."
                .to_owned(),
        ),
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => {
            ("Invalid number literal", format!("\"{digits}\" is not a number."))
        }
        Some("\r") => ("Invalid character", "A carriage return stands here without the end of a line.".to_owned()),
        _ => ("Invalid syntax", format!("{} does not fit here.", found(source.text, range.start).1)),
    };
    Diagnostic::error(summary, detail).at(source.span(range))
}

/// More than one expression.
pub(super) fn extra_characters(_source: Source<'_>, span: Span) -> Diagnostic {
    Diagnostic::error("Extra characters after expression", "One expression is expected, and something follows it.")
        .at(span)
}

/// The same name twice in one body.
pub(super) fn attribute_redefined(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "Attribute redefined",
        format!("The argument \"{name}\" was already set in this block. Each argument may be set only once."),
    )
    .at(span)
}

/// A number beyond what is worked with.
pub(super) fn number_too_large(digits: &str, span: Span) -> Diagnostic {
    Diagnostic::error("Invalid number literal", format!("\"{digits}\" is too large, or too close to zero.")).at(span)
}

/// More steps than are followed.
pub(super) fn traversal_too_long(most: usize, span: Span) -> Diagnostic {
    Diagnostic::error("Expression too deep", format!("At most {most} attributes and indices may follow each other."))
        .at(span)
}

/// `{ for = 1 }`.
pub(super) fn for_as_first_key(span: Span) -> Diagnostic {
    let detail =
        "\"{ for\" starts a 'for' expression. To have an attribute of this name, write it in quotes, or not first.";
    Diagnostic::error("Invalid 'for' expression", detail).at(span)
}

/// `a.0.1`.
pub(super) fn chained_legacy_index(span: Span) -> Diagnostic {
    Diagnostic::error(
        "Invalid legacy index syntax",
        "When using the legacy index syntax, chaining two indexes together is not permitted. Use the proper index syntax instead, like [0][0].",
    )
    .at(span)
}

/// `{ a.b = 1 }`.
pub(super) fn ambiguous_key(span: Span) -> Diagnostic {
    Diagnostic::error(
        "Ambiguous attribute key",
        "If this expression is intended to be a reference, wrap it in parentheses. If it's instead intended as a literal name containing periods, wrap it in quotes to create a string literal.",
    )
    .at(span)
}

/// What is wrong in quotes.
pub(super) fn quoted_literal(fault: &QuotedFault, span: Span) -> Diagnostic {
    let (summary, detail) = match fault {
        QuotedFault::Newline => ("Invalid multi-line string", "Quoted strings may not be split over multiple lines. To produce a multi-line string, either use the \\n escape to represent a newline character or use the \"heredoc\" multi-line template syntax.".to_owned()),
        QuotedFault::Escape(c) => ("Invalid escape sequence", format!("The symbol \"{c}\" is not a valid escape sequence selector. The escapes are \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN; a backslash itself is written \\\\.")),
        QuotedFault::Digits('u') => ("Invalid escape sequence", "The \\u escape sequence must be followed by four hexadecimal digits.".to_owned()),
        QuotedFault::Digits(_) => ("Invalid escape sequence", "The \\U escape sequence must be followed by eight hexadecimal digits.".to_owned()),
        QuotedFault::NoCharacter => ("Invalid escape sequence", "The digits of this escape sequence do not name a Unicode character.".to_owned()),
        QuotedFault::Quote => ("Invalid template", "A quotation mark ends the string here, inside a template directive. Close the directive first, or write \\\".".to_owned()),
    };
    Diagnostic::error(summary, detail).at(span)
}
