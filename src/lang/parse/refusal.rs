//! Syntax errors in our words: what was expected, what stands there, what to do.

use super::super::syntax::Source;
use super::super::syntax::escape::{EscapeFault, unescape};
use super::super::syntax::grammar::{DEEPEST, Fault, Read, Refused, Within};
use super::super::syntax::token::Kind;
use crate::diag::{Diagnostic, Diagnostics, Span};
use std::ops::Range;

/// What stands at an offset: its range, and words for it.
fn found(text: &str, offset: usize) -> (Range<usize>, String) {
    let rest = text.get(offset..).unwrap_or_default();
    let Some(c) = rest.chars().next() else { return (offset..offset, "the end of the text".into()) };
    if matches!(c, '\n' | '\r' | '#') || rest.starts_with("//") {
        return (offset..offset + 1, "the end of the line".into());
    }
    if c == '"' {
        return (offset..offset + 1, "a quotation mark".into());
    }
    // A name goes on behind a dash, a number does not.
    let word = rest.find(|next: char| !(next.is_alphanumeric() || next == '_' || next == '-' && c.is_alphabetic()));
    let word = word.unwrap_or(rest.len());
    let len = if word > 0 { word } else { c.len_utf8() };
    (offset..offset + len, format!("\"{}\"", &rest[..len]))
}

/// The words for what the grammar refuses.
pub(super) fn refused(source: Source<'_>, refused: &Refused) -> Diagnostic {
    let text = source.text;
    let told = match (refused.kind, &refused.within) {
        _ if matches!(refused.fault, Fault::TooDeep) => None,
        (Kind::Invalid, _) => Some(character(text, refused)),
        (Kind::QuotedLit, _) => Some(escape(text, refused.at.clone())),
        (Kind::Eof, Some((within, opener))) => unclosed(text, *within, opener),
        _ => None,
    };
    let (range, summary, detail) = told.unwrap_or_else(|| words(text, refused));
    Diagnostic::error(summary, detail).at(source.span(range))
}

/// The same name twice in one body.
pub(super) fn repeated(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("Attribute redefined", set_already(name)).at(span)
}

fn set_already(name: &str) -> String {
    format!("The argument \"{name}\" was already set in this block. Each argument may be set only once.")
}

/// Where to point, the summary and the detail.
type Told = (Range<usize>, &'static str, String);

/// What the language has no use for.
fn character(text: &str, refused: &Refused) -> Told {
    let at = refused.at.clone();
    let token = text.get(at.clone()).unwrap_or_default();
    let operator = |detail: &str| ("Unsupported operator", detail.to_owned());
    let invalid = |detail: &str| ("Invalid character", detail.to_owned());
    let (summary, detail) = match token {
        _ if token.starts_with("/*") => {
            let detail = "This comment is not closed: \"*/\" is missing.";
            return (at.start..at.start + 2, "Unclosed comment", detail.into());
        }
        "\n" | "\r" if matches!(refused.within, Some((Within::Quotes, _))) => (
            "Invalid multi-line string",
            "Quoted strings may not be split over multiple lines. To produce a multi-line string, either use the \\n escape to represent a newline character or use the \"heredoc\" multi-line template syntax.".into(),
        ),
        "\r" => invalid("A carriage return stands here without the end of a line."),
        "'" => invalid("Single quotes enclose nothing in this language. Write double quotes (\")."),
        "“" | "”" | "„" | "‟" | "‘" | "’" => {
            invalid("Curly quotes enclose nothing in this language: text processors put them in. Write straight double quotes (\").")
        }
        "`" => invalid("Backticks enclose nothing in this language. A text of several lines is a heredoc: <<EOT."),
        ";" => invalid("Arguments and blocks are separated by the ends of lines, and items in brackets by commas, not by \";\"."),
        "&" => operator("Bitwise operators are not supported. Did you mean the boolean \"&&\"?"),
        "|" => operator("Bitwise operators are not supported. Did you mean the boolean \"||\"?"),
        "^" | "~" => operator("Bitwise operators are not supported."),
        "$" if text.get(at.end..).is_some_and(|rest| rest.starts_with('{')) => {
            invalid("${ } stands inside of quotes only. Write the expression without it.")
        }
        _ => ("Invalid character", format!("{} is not used within the language.", found(text, at.start).1)),
    };
    (at, summary, detail)
}

/// The first escape of a quoted text that stands for nothing; a text that is in order stands where none may.
fn escape(text: &str, at: Range<usize>) -> Told {
    let raw = text.get(at.clone()).unwrap_or_default();
    let Err((range, fault)) = unescape(raw) else {
        let detail = "A quotation mark ends the string here, inside a template directive. Close the directive first, or write \\\".";
        return (at, "Invalid template", detail.into());
    };
    let detail = match fault {
        EscapeFault::Selector(c) => format!(
            "The symbol \"{c}\" is not a valid escape sequence selector. The escapes are \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN; a backslash itself is written \\\\."
        ),
        EscapeFault::Digits('u') => "The \\u escape sequence must be followed by four hexadecimal digits.".into(),
        EscapeFault::Digits(_) => "The \\U escape sequence must be followed by eight hexadecimal digits.".into(),
        EscapeFault::NoCharacter => "The digits of this escape sequence do not name a Unicode character.".into(),
    };
    (at.start + range.start..at.start + range.end, "Invalid escape sequence", detail)
}

/// What is still open at the end of the text: told where it opens.
fn unclosed(text: &str, within: Within, opener: &Range<usize>) -> Option<Told> {
    let (summary, close) = match within {
        Within::Block => ("Unclosed configuration block", "}"),
        Within::Object => ("Unterminated object constructor expression", "}"),
        Within::Tuple => ("Unterminated tuple constructor expression", "]"),
        Within::Index => ("Missing close bracket on index", "]"),
        Within::Parentheses => ("Unbalanced parentheses", ")"),
        Within::Call => ("Unterminated function call", ")"),
        Within::Interpolation => ("Unclosed template interpolation sequence", "}"),
        Within::Directive => ("Unclosed template control sequence", "}"),
        Within::Quotes => ("Unterminated template string", "\""),
        Within::Heredoc => {
            let detail = "The closing marker of this heredoc is missing: it stands alone on its line, after white space at most.";
            let end = text.get(opener.clone()).map_or(opener.end, |line| opener.start + line.trim_end().len());
            return Some((opener.start..end, "Unterminated template string", detail.into()));
        }
        Within::Conditional => return None,
    };
    let open = text.get(opener.clone()).unwrap_or_default();
    let detail = format!("There is no closing \"{close}\" for this \"{open}\" before the end of the text.");
    Some((opener.clone(), summary, detail))
}

/// What people of other languages write, and how it is written here: the word that stands before, or at, the fault.
const ELSEWHERE: [(&str, &str); 4] = [
    ("and", " \"And\" is written \"&&\"."),
    ("or", " \"Or\" is written \"||\"."),
    ("not", " \"Not\" is written \"!\"."),
    ("if", " A conditional is written CONDITION ? VALUE : OTHERWISE."),
];

fn elsewhere(text: &str, at: &Range<usize>) -> &'static str {
    let before = text.get(..at.start).unwrap_or_default();
    let rest = text.get(at.start..).unwrap_or_default();
    if before.ends_with(|c: char| c.is_ascii_digit()) && rest.starts_with(char::is_alphabetic) {
        return " Numbers are decimal, and have no unit.";
    }
    let last = before.trim_end().rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let here = text.get(at.clone()).unwrap_or_default();
    ELSEWHERE.iter().find(|(word, _)| *word == last || *word == here).map_or("", |(_, hint)| hint)
}

/// A rule of the grammar that is broken.
fn words(text: &str, refused: &Refused) -> Told {
    let (whole, what) = found(text, refused.at.start);
    let mut at = if refused.kind == Kind::LineComment { whole.clone() } else { refused.at.clone() };
    let template = matches!(refused.within, Some((Within::Quotes | Within::Interpolation, _)));
    let for_expression = "Invalid 'for' expression";
    let (summary, detail) = match refused.fault {
        Fault::Item | Fault::Definition if refused.kind == Kind::OQuote => (
            "Invalid argument name",
            "The names of arguments and blocks stand without quotes.".into(),
        ),
        Fault::Item if refused.kind == Kind::CBrace => (
            "Argument or block definition required",
            "This \"}\" closes nothing: it is one too many, or a \"{\" before it is missing.".into(),
        ),
        Fault::Item => {
            at = if refused.kind == Kind::NumberLit { whole } else { at };
            let detail = format!("The name of an argument or block is expected, but {what} stands here. Names start with a letter or underscore.");
            ("Argument or block definition required", detail)
        }
        Fault::Definition => {
            let next = text.get(at.end..).unwrap_or_default();
            let blanks = next.len() - next.trim_start_matches([' ', '\t']).len();
            let next = found(text, at.end + blanks).1;
            let detail = format!(
                "After the name {what} comes \"=\" and a value for an argument, or labels and \"{{\" for a block, but {next} stands there."
            );
            ("Argument or block definition required", detail)
        }
        Fault::Header => (
            "Invalid block definition",
            format!("After the labels of a block comes \"{{\", on the same line, but {what} stands here."),
        ),
        Fault::AfterArgument if refused.kind == Kind::Comma => (
            "Unexpected comma after argument",
            "Arguments are separated by the ends of their lines, not by commas.".into(),
        ),
        Fault::AfterArgument => (
            "Missing newline after argument",
            format!(
                "The argument is complete, but {what} follows on its line. Each argument and each block has a line of its own.{}",
                elsewhere(text, &at)
            ),
        ),
        Fault::AfterBlock => (
            "Missing newline after block definition",
            format!("The block is complete, but {what} follows on its line. Each argument and each block has a line of its own."),
        ),
        Fault::OneLineItem => (
            "Argument definition required",
            format!(
                "A block in one line holds one argument and nothing else, but {what} starts none. Put what the block holds on lines of their own."
            ),
        ),
        Fault::OneLineEnd => (
            "Invalid single-argument block definition",
            format!(
                "A block in one line holds one argument and ends on that line, but {what} follows. Put the arguments on lines of their own."
            ),
        ),
        Fault::Label => (
            "Invalid string literal",
            "A label stands for itself: no template is allowed in it. A literal \"${\" is written \"$${\".".into(),
        ),
        Fault::Operand if refused.kind == Kind::NumberLit => {
            ("Invalid number literal", format!("\"{}\" is not a number.", text.get(at.clone()).unwrap_or_default()))
        }
        Fault::Operand if refused.kind == Kind::Eof => {
            ("Missing expression", "The start of an expression is expected, but the text ends.".into())
        }
        Fault::Operand => ("Invalid expression", format!("The start of an expression is expected, but {what} stands here.")),
        Fault::Otherwise => (
            "Missing false expression in conditional",
            format!("A \":\" is expected, but {what} stands here. A conditional is written CONDITION ? VALUE : OTHERWISE."),
        ),
        Fault::Step if refused.kind == Kind::Star => (
            "Nested splat expression not allowed",
            "A splat expression (*) cannot be used inside another attribute-only splat expression. Write [*].".into(),
        ),
        Fault::Step if refused.kind == Kind::NumberLit => (
            "Invalid legacy index syntax",
            "When using the legacy index syntax, chaining two indexes together is not permitted. Use the proper index syntax instead, like [0][0].".into(),
        ),
        Fault::Step => (
            "Invalid attribute name",
            format!("After a dot comes the name of an attribute, a whole number or \"*\", but {what} stands here."),
        ),
        Fault::FunctionName => {
            ("Missing function name", format!("After \"::\" comes the name of a function, but {what} stands here."))
        }
        Fault::Arguments => (
            "Missing open parenthesis",
            format!("After the name of a function come its arguments in parentheses, but {what} stands here."),
        ),
        Fault::Argument => (
            "Missing argument separator",
            format!("A comma, an operator or the closing \")\" is expected, but {what} stands here."),
        ),
        Fault::Expanded => (
            "Missing closing parenthesis",
            "Arguments with \"...\" are the last ones: the closing \")\" follows them directly.".into(),
        ),
        Fault::Element => (
            "Missing item separator",
            format!("A comma or the closing \"]\" is expected, but {what} stands here."),
        ),
        Fault::Index => (
            "Missing close bracket on index",
            format!("The closing \"]\" of this index is expected, but {what} stands here."),
        ),
        Fault::Parenthesis => (
            "Unbalanced parentheses",
            format!("An operator or the closing \")\" is expected, but {what} stands here."),
        ),
        Fault::AttributeValue => (
            match refused.kind {
                Kind::Newline | Kind::LineComment | Kind::Comma => "Missing attribute value",
                _ => "Missing key/value separator",
            },
            format!("After a key comes \"=\" (or \":\") and a value, but {what} stands here."),
        ),
        Fault::Attribute => (
            "Missing attribute separator",
            format!("Items of an object are separated by commas or line ends and \"}}\" closes it, but {what} stands here."),
        ),
        Fault::ForName => (for_expression, format!("A name for the elements is expected, but {what} stands here.")),
        Fault::ForIn => (for_expression, format!("\"in\" and a collection are expected, but {what} stands here.")),
        Fault::ForColon => (for_expression, format!("A \":\" is expected after the collection, but {what} stands here.")),
        Fault::ForKey => (
            for_expression,
            "In { } each element has a key: KEY => VALUE. A list stands in [ ].".into(),
        ),
        Fault::NoForKey => {
            (for_expression, "The elements of a list have no key: write the 'for' in { }, or without \"=>\".".into())
        }
        Fault::NoGrouping => (
            for_expression,
            "\"...\" groups the values of an object by their keys: it has no meaning in a list.".into(),
        ),
        Fault::ForEnd => (for_expression, format!("The 'for' expression is complete, but {what} follows it.")),
        Fault::Interpolation if template && matches!(refused.kind, Kind::OQuote | Kind::CQuote) => {
            let detail = "There is no closing \"}\" for this \"${\" before the quotation mark that follows.";
            let opener = refused.within.clone().map_or(at.clone(), |(_, opener)| opener);
            return (opener, "Unclosed template interpolation sequence", detail.into());
        }
        Fault::Interpolation => (
            "Extra characters after interpolation expression",
            format!(
                "The expression is complete and the closing \"}}\" is expected, but {what} stands here. A literal \"${{\" is written \"$${{\"."
            ),
        ),
        Fault::Directive => (
            "Extra characters in template directive",
            format!("The directive is complete and the closing \"}}\" is expected, but {what} stands here."),
        ),
        Fault::Keyword => (
            "Invalid template control keyword",
            format!(
                "A directive is %{{ if }}, %{{ else }}, %{{ endif }}, %{{ for }} or %{{ endfor }}, but {what} stands here. A literal \"%{{\" is written \"%%{{\"."
            ),
        ),
        Fault::Unbalanced => return unbalanced(text, refused),
        Fault::OpenDirective => (
            "Unexpected end of template",
            "The template ends before the directive that is open: %{ if } ends with %{ endif }, and %{ for } with %{ endfor }.".into(),
        ),
        Fault::Template if refused.kind == Kind::Eof => {
            ("Unterminated template string", "The text ends before the template does.".into())
        }
        Fault::End => ("Extra characters after expression", format!("One expression is complete, but {what} follows it.")),
        Fault::Template => ("Invalid syntax", format!("{what} does not fit here.")),
        Fault::TooDeep => (
            "Expression too deep",
            format!("Blocks, expressions and templates nest at most {DEEPEST} levels deep. Move an inner part into a local value."),
        ),
        Fault::Repeated => ("Attribute redefined", set_already(text.get(at.clone()).unwrap_or_default())),
        Fault::AmbiguousKey => (
            "Ambiguous attribute key",
            "If this expression is intended to be a reference, wrap it in parentheses. If it's instead intended as a literal name containing periods, wrap it in quotes to create a string literal.".into(),
        ),
    };
    (at, summary, detail)
}

/// A directive that closes none that is open.
fn unbalanced(text: &str, refused: &Refused) -> Told {
    let word = text.get(refused.at.clone()).unwrap_or_default();
    let start = refused.within.as_ref().map_or(refused.at.start, |(_, opener)| opener.start);
    let rest = text.get(refused.at.end..).unwrap_or_default();
    let end = rest.find('}').map_or(refused.at.end, |len| refused.at.end + len + 1);
    let (summary, detail) = match word {
        "else" => (
            "Unexpected else directive",
            "No %{ if } is open that this %{ else } could belong to, or it has one already.",
        ),
        "endif" => ("Unexpected endif directive", "No %{ if } is open here. A %{ for } ends with %{ endfor }."),
        _ => ("Unexpected endfor directive", "No %{ for } is open here. An %{ if } ends with %{ endif }."),
    };
    (start..end, summary, detail.into())
}

/// What was read, or `None` with the error pushed.
pub(super) fn told<T>(source: Source<'_>, read: Result<Read<T>, Box<Refused>>, diags: &mut Diagnostics) -> Option<T> {
    match read {
        Ok(read) => Some(tree(source, read, diags)),
        Err(why) => {
            diags.push(refused(source, &why));
            None
        }
    }
}

pub(super) fn tree<T>(source: Source<'_>, read: Read<T>, diags: &mut Diagnostics) -> T {
    read.faults.iter().for_each(|fault| diags.push(refused(source, fault)));
    read.tree
}
