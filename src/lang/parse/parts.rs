//! Texts that Terraform reads: the syntax crate reads their top-level blocks in pieces, large texts' side by side.

use super::super::ast::Body;
use super::lower::Lower;
use super::plain::{Plain, Tree};
use super::recover::with_substitutes;
use super::{Source, explain};
use crate::diag::Diagnostics;
use hcl::edit::structure;
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

/// Bytes that the crate reads at once: its trees are large, and the next one takes the memory of the last.
const PIECE: usize = 32 << 10;
/// Pieces that are worth a thread.
const SHARE: usize = 2;
/// Threads at most.
const THREADS: usize = 4;
/// Bytes: what nests as deep as it may needs no more.
const STACK: usize = 8 << 20;

/// Reads a text that was made plainer.
pub(super) fn parse_body(source: Source<'_>, plain: &Plain, diags: &mut Diagnostics) -> Body {
    let pieces = pieces(&plain.ends, source.text.len());
    let read = |share: &[Piece]| {
        let mut told = Diagnostics::new();
        let bodies: Vec<Body> = share.iter().flat_map(|piece| read(source, &plain.text, piece, &mut told)).collect();
        (bodies, told)
    };
    let mut shares = pieces.chunks(pieces.len().div_ceil(THREADS).max(SHARE));
    let mut whole = Whole::default();
    thread::scope(|scope| {
        let first = shares.next();
        let others: Vec<_> = shares
            .map(|share| (share, thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || read(share))))
            .collect();
        let first = first.map(read);
        let others = others.into_iter().map(|(share, thread)| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => read(share),
        });
        for (bodies, told) in first.into_iter().chain(others) {
            diags.extend(told);
            bodies.into_iter().for_each(|body| whole.add(body, diags));
        }
    });
    whole.body
}

/// The ranges of some top-level blocks that follow each other.
type Piece = Vec<Range<usize>>;

/// The ranges of all top-level blocks, in pieces of about the same length.
fn pieces(ends: &[usize], len: usize) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut start = 0;
    for end in ends.iter().copied().chain([len]) {
        let fits = |piece: &Piece| piece.first().is_some_and(|first| end - first.start <= PIECE);
        if !pieces.last().is_some_and(fits) {
            pieces.push(Piece::new());
        }
        pieces.last_mut().into_iter().for_each(|piece| piece.push(start..end));
        start = end;
    }
    pieces
}

/// Reads a piece at once; where the crate refuses something in it, block by block.
fn read(source: Source<'_>, plain: &str, piece: &Piece, diags: &mut Diagnostics) -> Vec<Body> {
    let part = |range: Range<usize>| {
        let text = source.text.get(range.clone())?;
        let base = source.base.saturating_add_unsigned(range.start as u64);
        Some((Source { text, base, ..source }, plain.get(range)?))
    };
    let whole = piece.first().zip(piece.last()).and_then(|(first, last)| part(first.start..last.end));
    if let Some((source, text)) = whole
        && let Ok(tree) = structure::Body::parse(text)
    {
        return vec![Lower::new(source, diags).body(&tree)];
    }
    let mut bodies = Vec::new();
    for (source, text) in piece.iter().cloned().filter_map(part) {
        let tree: Option<structure::Body> = with_substitutes(source, Cow::Borrowed(text), diags);
        bodies.extend(tree.map(|tree| Lower::new(source, diags).body(&tree)));
    }
    bodies
}

/// A body that was read in parts.
#[derive(Default)]
pub(super) struct Whole {
    pub(super) body: Body,
    seen: HashSet<Arc<str>>,
}

impl Whole {
    /// Adds a part; of an attribute that stands in two the first counts.
    pub(super) fn add(&mut self, part: Body, diags: &mut Diagnostics) {
        for attribute in part.attributes {
            match self.seen.insert(attribute.name.clone()) {
                false => diags.push(explain::attribute_redefined(&attribute.name, attribute.name_span)),
                true => self.body.attributes.push(attribute),
            }
        }
        self.body.blocks.extend(part.blocks);
        self.body.incomplete |= part.incomplete;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::lang::parse;

    /// Blocks enough for every thread, with something odd in each share.
    fn text(odd: &str) -> String {
        let block = |number: usize| {
            let odd = if number % 1000 == 999 { odd } else { "" };
            format!(
                "resource \"kind\" \"name{number}\" {{\n  text = \"number ${{{number} + 1}}\"{odd}\n  list = [1, 2, {number}]\n}}\n"
            )
        };
        (0..4000).map(block).collect()
    }

    fn parse(text: &str) -> (Body, Diagnostics) {
        let mut diags = Diagnostics::new();
        let file = Sources::default().add("main.hcl", text);
        (parse::parse_body(file, text, &mut diags), diags)
    }

    #[test]
    fn pieces_leave_nothing_out() {
        let ends: Vec<usize> = (1..=1000).map(|number| number * 1000).collect();
        let all = pieces(&ends, 1_000_000);
        assert!(all.iter().all(|piece| piece.len() <= PIECE / 1000), "{}", all.len());
        let ranges: Piece = all.into_iter().flatten().collect();
        assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, 1_000_000));
        assert_eq!(pieces(&[10], 20).len(), 1);
    }

    #[test]
    fn a_large_text_is_read_as_its_blocks_are() {
        for odd in ["", "\n  map = { a = 1, a = 2 }", "\n  big = 1e400"] {
            let text = text(odd);
            assert!(text.len() > THREADS * SHARE * PIECE);
            let (whole, told) = parse(&text);
            assert_eq!((whole.blocks.len(), told.len()), (4000, 0), "{odd}");
            for number in [0, 1500, 3999] {
                let block = &whole.blocks[number];
                let start = text.find(&format!("resource \"kind\" \"name{number}\"")).expect("the block");
                assert_eq!(block.kind_span.start as usize, start);
                let value = &block.body.attributes[0];
                assert_eq!(&text[value.name_span.start as usize..value.name_span.end as usize], "text");
            }
        }
    }

    #[test]
    fn what_stands_twice_in_different_pieces_is_told() {
        let text = format!("same = 1\n{}same = 2\n", text(""));
        let (whole, told) = parse(&text);
        assert_eq!((whole.attributes.len(), told.len()), (1, 1));
    }

    #[test]
    fn what_is_repeated_without_end_is_told() {
        for text in
            [format!("locals {{\n{}}}\n", "a = 1\n".repeat(200)), format!("m = {{\n{}}}\n", "a = 1\n".repeat(200))]
        {
            let (_, told) = parse(&text);
            assert!(told.has_errors(), "{} bytes", text.len());
        }
    }
}
