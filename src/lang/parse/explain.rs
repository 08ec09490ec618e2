//! The words for what only the syntax crate, or only lowering, refuses.

use super::Source;
use super::template::QuotedFault;
use crate::diag::{Diagnostic, Span};

/// The words for what only the syntax crate refuses.
pub(super) fn limit(source: Source<'_>, offset: usize, message: &str) -> Diagnostic {
    let offset = offset.min(source.text.len());
    let len = source.text.get(offset..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let (summary, detail) = if message.contains("nesting depth") {
        (
            "Expression too deep",
            "Blocks, expressions and templates nest at most 64 levels deep. Move an inner part into a local value.",
        )
    } else if message.contains("chained binary operators") {
        ("Expression too long", "An expression holds at most 128 operators. Move a part of it into a local value.")
    } else {
        ("Invalid syntax", "This does not fit here.")
    };
    Diagnostic::error(summary, detail).at(source.span(offset..offset + len))
}

/// A name that stands more often in one block than substitutes are to be had for.
pub(super) fn repeated_too_often(source: Source<'_>, offset: usize) -> Diagnostic {
    let len = source.text.get(offset..).map_or(0, |rest| rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(0));
    let detail = "A name is set so often in this block that the block is not read. Set each name once.";
    Diagnostic::error("Name repeated too often", detail).at(source.span(offset..offset + len))
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
