//! Where what is told stands in the configuration, and the lines of a change as a diff.

use crate::render::style::Style;
use crate::render::text::{change_text, drift_text};
use crate::render::words::finding::Finding;
use crate::review::{Alike, Drifted};
use std::collections::BTreeMap;

/// Where resources and checks stand: by the address without keys, the file and the line.
pub type Declared = BTreeMap<String, (String, usize)>;

/// Where a finding stands.
pub fn place<'d>(finding: &Finding<'_>, declared: &'d Declared) -> Option<&'d (String, usize)> {
    if let Some(check) = finding.check {
        return declared.get(check);
    }
    let mut resource = finding.address?.resource.clone();
    resource.module.0.iter_mut().for_each(|(_, key)| *key = None);
    declared.get(&resource.to_string())
}

/// What changes alike as a diff: the sign stands first in its line, as what highlights a diff wants it.
pub fn diff(alike: &Alike<'_, '_>) -> String {
    signs_first(&change_text(alike, Style::PLAIN))
}

/// What changed outside, as a diff.
pub fn drift(drifted: &Drifted<'_>) -> String {
    signs_first(&drift_text(drifted))
}

fn signs_first(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let start = out.len();
        let inside = line.trim_start_matches(' ');
        let indent = line.len() - inside.len();
        let signs = [("-/+ ", '-'), ("+/- ", '+'), ("+ ", '+'), ("- ", '-'), ("~ ", '!'), ("<= ", '!'), (". ", '-')];
        let found = signs.into_iter().find_map(|(sign, shown)| Some((shown, sign, inside.strip_prefix(sign)?)));
        match found {
            Some((shown, sign, rest)) => {
                match sign {
                    "-/+ " | "+/- " => out.push_str(sign.trim_end()),
                    _ => out.push(shown),
                }
                let width = (indent + sign.len()).saturating_sub(out.len() - start);
                out.extend(std::iter::repeat_n(' ', width));
                out.push_str(rest);
            }
            None if inside.is_empty() => {}
            None => {
                // A line that begins with a sign of its own is text.
                out.push(' ');
                out.push_str(line.strip_prefix(' ').unwrap_or(line));
            }
        }
        out.push('\n');
    }
    out
}
