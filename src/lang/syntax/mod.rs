//! Terraform's syntax: the words of a text ([`scan`], [`token`]), what may stand where and the tree that it makes
//! ([`grammar`]), and what escapes stand for ([`escape`]). Parser, formatter and recovery share them.

pub(in crate::lang) mod escape;
pub(in crate::lang) mod grammar;
pub(in crate::lang) mod scan;
pub(in crate::lang) mod token;

use crate::diag::{FileId, Span};
use std::ops::Range;

/// A file that is read, or the part of it that is read alone after an error.
#[derive(Clone, Copy)]
pub(in crate::lang) struct Source<'a> {
    pub(in crate::lang) file: FileId,
    /// What is read.
    pub(in crate::lang) text: &'a str,
    /// Where `text` starts in the file.
    pub(in crate::lang) base: usize,
    /// Where each byte of it stands there, and its end, where the file writes it otherwise.
    pub(in crate::lang) places: Option<&'a [usize]>,
}

impl<'a> Source<'a> {
    /// A whole file.
    pub(in crate::lang) fn whole(file: FileId, text: &'a str) -> Self {
        Self { file, text, base: 0, places: None }
    }

    /// The place of a range of the text.
    pub(in crate::lang) fn span(&self, range: Range<usize>) -> Span {
        let place = |offset: usize| match self.places {
            Some(places) => places.get(offset).or(places.last()).copied().unwrap_or(self.base),
            None => self.base.saturating_add(offset),
        };
        let at = |offset: usize| u32::try_from(place(offset)).unwrap_or(u32::MAX);
        Span { file: self.file, start: at(range.start), end: at(range.end) }
    }
}
