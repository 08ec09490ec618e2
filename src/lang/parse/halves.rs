//! A long file in order is read in two parts at once.

use super::super::ast::Body;
use super::super::stack::at_once;
use super::super::syntax::token::Token;
use super::super::syntax::{Source, grammar};

/// Tokens; below, reading takes less than a millisecond, and another thread a tenth of that.
const LONG: usize = 20_000;

/// The tree of a long file, if it is in order: whoever tells what is wrong reads all of it. Two bodies of whole blocks are
/// the body of all of them; arguments could be there twice, so none may stand between.
pub(super) fn parse_body(source: Source<'_>, tokens: &[Token]) -> Option<Body> {
    let (first, second) = tokens.split_at(middle(tokens)?);
    let blocks = |tokens: &[Token]| {
        let read = grammar::read(source, tokens).ok()?;
        (read.faults.is_empty() && read.tree.attributes.is_empty()).then_some(read.tree)
    };
    let (first, second) = at_once(|| blocks(first), || blocks(second));
    let mut body = first?;
    body.blocks.extend(second?.blocks);
    Some(body)
}

/// The first line of the second half that starts outside of every bracket.
fn middle(tokens: &[Token]) -> Option<usize> {
    let half = Some(tokens.len() / 2).filter(|_| tokens.len() > LONG)?;
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        depth += token.kind.bracket();
        if at >= half && depth == 0 && token.kind.ends_line() {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::super::syntax::scan::scan;
    use super::*;
    use crate::diag::Sources;
    use std::fmt::Write as _;

    /// What `text` is in halves, and what it is as one.
    fn both(text: &str) -> (Option<String>, Option<String>) {
        let (source, tokens) = (Source::whole(Sources::default().add("halves", text), text), scan(text));
        let whole = grammar::read(source, &tokens).ok().filter(|read| read.faults.is_empty());
        let shown = |body: Body| format!("{body:?}");
        (parse_body(source, &tokens).map(shown), whole.map(|read| shown(read.tree)))
    }

    /// More than [`LONG`] tokens of blocks, with `odd` in their middle.
    fn long(odd: &str) -> String {
        let mut text = String::new();
        for block in 0..2_000 {
            let odd = if block == 1_000 { odd } else { "" };
            let _ = write!(
                text,
                "{odd}b \"n{block}\" {{ # {{\n  a = \"x${{upper(\"{{\")}}\"\n  h = <<EOT\n}} {block}\nEOT\n  c {{}}\n}}\n"
            );
        }
        text
    }

    #[test]
    fn halves_are_the_whole() {
        for odd in ["", "/* { */\n\n", "b {\n  l = [\n  {\n\n  } ]\n}\n", "x \"a\" { y = 1 }\r\n# }\r\n"] {
            let (halves, whole) = both(&long(odd));
            assert!(whole.is_some() && halves == whole, "{odd:?}");
        }
    }

    #[test]
    fn what_is_wrong_or_short_is_read_as_one() {
        for odd in
            ["a = 1\n", "b {\n  a = 1\n  a = 2\n}\n", "b {\n", "}\n", "b \"x\"\n{}\n", "a = <<EOT\n", "b { a = \" }\n"]
        {
            assert_eq!(both(&long(odd)).0, None, "{odd:?}");
        }
        assert_eq!(both("b {}\n").0, None);
    }
}
