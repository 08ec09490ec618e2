//! One object of a resource table, drawn as its block.

use super::page::{Page, Sign};
use super::value::{assign, one_line};
use crate::address::{InstanceAddr, Mode, ObjectKind};
use crate::render::style::{DIM, REMOVE};
use crate::render::words::count;
use crate::review::{AttributeDiff, AttributesDiff, BlockDiff, DiffKind, ObjectDiff, ValueDiff};
use unicode_width::UnicodeWidthStr;

impl Page {
    /// `resource "simplepod_instance" "a" {` and what differs in it. The sign says what happens to the whole.
    pub fn object(&mut self, level: usize, sign: Sign, address: &InstanceAddr, object: &ObjectDiff<'_>) {
        let resource = &address.resource;
        let word = if resource.mode == Mode::Data { "data" } else { "resource" };
        self.line(level, sign, &format!("{word} \"{}\" \"{}\" {{", resource.kind, resource.name));
        let forces = match resource.object_kind() {
            Some(ObjectKind::Instance) => " # forces re-rent",
            Some(ObjectKind::TemplateGroup) | None => " # forces replacement",
        };
        self.attributes(level + 1, &object.attributes, forces);
        let usual = self.usual(object);
        for block in &object.blocks {
            if let Some(line) = self.compact.then(|| self.one_line_block(block)).flatten() {
                self.line(level + 1, Sign::from(block.kind), &line);
                continue;
            }
            self.gap();
            self.line(level + 1, Sign::from(block.kind), &format!("{} {{", block.name));
            self.attributes(level + 2, &block.attributes, forces);
            self.line(level + 1, Sign::Same, "}");
        }
        if object.unchanged_blocks > 0 {
            self.gap();
            self.hidden(level + 1, object.unchanged_blocks, "block");
        }
        self.line(level, Sign::Same, &format!("}}{usual}"));
    }

    /// How many attributes are as in every plan, behind the last brace.
    fn usual(&self, object: &ObjectDiff<'_>) -> String {
        let blocks = object.blocks.iter().map(|block| block.attributes.usual);
        match blocks.sum::<usize>() + object.attributes.usual {
            0 => String::new(),
            n => {
                let text = format!(" # ({} at defaults or known after apply)", count(n, "more attribute"));
                self.style.paint(DIM, &text)
            }
        }
    }

    /// A block that comes, and of which one attribute is to be told.
    fn one_line_block(&self, block: &BlockDiff<'_>) -> Option<String> {
        let AttributesDiff { shown, unchanged: 0, unknown: 0, gone: 0, .. } = &block.attributes else { return None };
        let [AttributeDiff { name, difference: ValueDiff::Added(value), forces: false }] = shown.as_slice() else {
            return None;
        };
        let line = format!("{} {{ {name} = {} }}", block.name, one_line(*value, false)?);
        (block.kind == DiffKind::Added).then_some(line)
    }

    fn attributes(&mut self, level: usize, attributes: &AttributesDiff<'_>, forces: &str) {
        // What differs as a whole is named above, and told in each row.
        let told = |attribute: &&AttributeDiff<'_>| !(self.compact && differs(&attribute.difference));
        let shown: Vec<_> = attributes.shown.iter().filter(told).collect();
        let width = shown.iter().map(|attribute| attribute.name.width()).max().unwrap_or(0);
        for attribute in shown {
            let tail = if attribute.forces { self.style.paint(REMOVE, forces) } else { String::new() };
            self.difference(level, &assign(attribute.name, width), &attribute.difference, &tail);
        }
        self.hidden(level, attributes.unchanged, "attribute");
        let told = [
            (attributes.unknown, "computed attribute", "known after apply"),
            (attributes.gone, "computed attribute", "hidden"),
        ];
        for (n, what, how) in told {
            if n > 0 {
                let text = self.style.paint(DIM, &format!("# ({} {how})", count(n, what)));
                self.line(level, Sign::Same, &text);
            }
        }
    }
}

/// Whether nothing of it is the same in several changes.
fn differs(difference: &ValueDiff<'_>) -> bool {
    match difference {
        ValueDiff::Various { inside, .. } => inside.iter().all(|(_, difference)| differs(difference)),
        ValueDiff::Same(_) | ValueDiff::Added(_) | ValueDiff::Removed(_) | ValueDiff::Changed(_) => false,
    }
}
