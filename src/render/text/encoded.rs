//! Texts that are JSON, drawn by what is in them: `jsonencode(...)`, as Terraform draws them.

use super::page::{Page, Sign};
use crate::lang::json::{from_json, read};
use crate::lang::{Type, Value};
use crate::review::{Shown, ValueDiff};

/// What a text encodes; `None` for one that is no object or array of JSON.
pub(super) fn encoded(text: &str) -> Option<Value> {
    let is_one = text.starts_with(['{', '[']);
    from_json(&is_one.then(|| read(text.as_bytes()).ok())??, &Type::Dynamic).ok()
}

impl Page {
    /// A text that comes, goes or stays, by what it encodes.
    pub(super) fn encoded(
        &mut self,
        level: usize,
        (sign, inner): (Sign, Sign),
        head: &str,
        value: Shown<'_>,
        tail: &str,
    ) {
        let mut page = self.inside();
        page.with_elements(level + 1, (Sign::Same, inner), "", value, "");
        self.call(level, sign, (head, ""), &page.text, tail);
    }

    /// A text that becomes another, by what both encode.
    pub(super) fn recoded(&mut self, level: usize, head: &str, (before, after): (Shown<'_>, Shown<'_>), tail: &str) {
        let mut page = self.inside();
        let difference = ValueDiff::of(Some(before), Some(after));
        let mut same = "";
        match difference {
            // Only blanks differ.
            Some(ValueDiff::Same(value)) => {
                same = " # whitespace changes";
                page.whole(level + 1, Sign::Same, "", value, "");
            }
            Some(difference) => page.difference(level + 1, "", &difference, ""),
            None => {}
        }
        self.call(level, Sign::Change, (head, same), &page.text, tail);
    }

    fn inside(&self) -> Page {
        Page { free: true, ..Page::new(self.style) }
    }

    /// `head` and the call, with a `remark` on it: in one line where the argument takes one.
    fn call(&mut self, level: usize, sign: Sign, (head, remark): (&str, &str), argument: &str, tail: &str) {
        match argument.lines().count() {
            1 => self.line(level, sign, &format!("{head}jsonencode({}){remark}{tail}", argument.trim())),
            _ => {
                self.line(level, sign, &format!("{head}jsonencode({remark}"));
                self.text.push_str(argument);
                self.line(level, Sign::Same, &format!("){tail}"));
            }
        }
    }
}
