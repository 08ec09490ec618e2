//! Texts that Terraform reads: the syntax crate reads their top-level blocks in chunks, large texts' side by side.

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

/// Bytes that are worth a thread.
const CHUNK: usize = 64 << 10;
/// Chunks of one text at most.
const CHUNKS: usize = 4;
/// Bytes: what nests as deep as it may needs no more.
const STACK: usize = 8 << 20;

/// Reads a text that was made plainer.
pub(super) fn parse_body(source: Source<'_>, plain: &Plain, diags: &mut Diagnostics) -> Body {
    let chunks = chunks(&plain.ends, source.text.len());
    let read = |chunk: &[Range<usize>]| read(source, &plain.text, chunk);
    let mut whole = Whole::default();
    thread::scope(|scope| {
        let others: Vec<_> = chunks
            .iter()
            .skip(1)
            .map(|chunk| (chunk, thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || read(chunk))))
            .collect();
        let first = chunks.first().map(|chunk| read(chunk));
        let others = others.into_iter().map(|(chunk, thread)| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => read(chunk),
        });
        for (bodies, told) in first.into_iter().chain(others) {
            diags.extend(told);
            bodies.into_iter().for_each(|body| whole.add(body, diags));
        }
    });
    whole.body
}

/// The ranges of top-level blocks, in chunks of about the same length.
fn chunks(ends: &[usize], len: usize) -> Vec<Vec<Range<usize>>> {
    let size = len.div_ceil(CHUNKS).max(CHUNK);
    let mut chunks: Vec<Vec<Range<usize>>> = Vec::new();
    let mut start = 0;
    for end in ends.iter().copied().chain([len]) {
        let fits = |chunk: &Vec<Range<usize>>| chunk.first().is_some_and(|first| end - first.start <= size);
        if !chunks.last().is_some_and(fits) {
            chunks.push(Vec::new());
        }
        chunks.last_mut().into_iter().for_each(|chunk| chunk.push(start..end));
        start = end;
    }
    chunks
}

/// Reads a chunk at once; where the crate refuses something in it, block by block.
fn read(source: Source<'_>, plain: &str, chunk: &[Range<usize>]) -> (Vec<Body>, Diagnostics) {
    let mut diags = Diagnostics::new();
    let part = |range: Range<usize>| {
        let text = source.text.get(range.clone())?;
        let base = source.base.saturating_add_unsigned(range.start as u64);
        Some((Source { text, base, ..source }, plain.get(range)?))
    };
    let whole = chunk.first().zip(chunk.last()).and_then(|(first, last)| part(first.start..last.end));
    if let Some((source, text)) = whole
        && let Ok(tree) = structure::Body::parse(text)
    {
        let body = Lower::new(source, &mut diags).body(&tree);
        return (vec![body], diags);
    }
    let mut bodies = Vec::new();
    for (source, text) in chunk.iter().cloned().filter_map(part) {
        let tree: Option<structure::Body> = with_substitutes(source, Cow::Borrowed(text), &mut diags);
        bodies.push(match tree {
            Some(tree) => Lower::new(source, &mut diags).body(&tree),
            None => Body { incomplete: true, ..Body::default() },
        });
    }
    (bodies, diags)
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

    /// Blocks enough for every chunk, with `odd` at the end of each chunk's share.
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
    fn chunks_are_few_and_leave_nothing_out() {
        let ends: Vec<usize> = (1..=1000).map(|number| number * 1000).collect();
        let all = chunks(&ends, 1_000_000);
        assert!((2..=CHUNKS + 1).contains(&all.len()), "{}", all.len());
        let ranges: Vec<Range<usize>> = all.into_iter().flatten().collect();
        assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, 1_000_000));
        assert_eq!(chunks(&[10], 20).len(), 1);
    }

    #[test]
    fn a_large_text_is_read_as_its_blocks_are() {
        for odd in ["", "\n  map = { a = 1, a = 2 }", "\n  big = 1e400"] {
            let text = text(odd);
            assert!(text.len() > 2 * CHUNK);
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
    fn what_stands_twice_in_different_chunks_is_told() {
        let text = format!("same = 1\n{}same = 2\n", text(""));
        let (whole, told) = parse(&text);
        assert_eq!((whole.attributes.len(), told.len()), (1, 1));
    }
}
