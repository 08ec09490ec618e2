//! One object of a resource table, drawn as its block.

use super::page::{Page, Sign};
use super::value::assign;
use crate::address::{InstanceAddr, Mode, ObjectKind};
use crate::render::style::{DIM, REMOVE};
use crate::render::words::count;
use crate::review::{AttributesDiff, ObjectDiff};
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
        for block in &object.blocks {
            self.gap();
            self.line(level + 1, Sign::from(block.kind), &format!("{} {{", block.name));
            self.attributes(level + 2, &block.attributes, forces);
            self.line(level + 1, Sign::Same, "}");
        }
        if object.unchanged_blocks > 0 {
            self.gap();
            self.hidden(level + 1, object.unchanged_blocks, "block");
        }
        self.line(level, Sign::Same, "}");
    }

    fn attributes(&mut self, level: usize, attributes: &AttributesDiff<'_>, forces: &str) {
        let width = attributes.shown.iter().map(|attribute| attribute.name.width()).max().unwrap_or(0);
        for attribute in &attributes.shown {
            let tail = if attribute.forces { self.style.paint(REMOVE, forces) } else { String::new() };
            self.difference(level, &assign(attribute.name, width), &attribute.difference, &tail);
        }
        self.hidden(level, attributes.unchanged, "attribute");
        let told = [
            (attributes.unknown, "computed attribute", "known after apply"),
            (attributes.gone, "computed attribute", "hidden"),
            (attributes.usual, "attribute", "at defaults or known after apply"),
        ];
        for (n, what, how) in told {
            if n > 0 {
                let text = self.style.paint(DIM, &format!("# ({} {how})", count(n, what)));
                self.line(level, Sign::Same, &text);
            }
        }
    }
}
