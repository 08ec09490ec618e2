//! `check` blocks: what is watched. An assertion that does not hold stops nothing.

use super::block::{allow, check_name, duplicate, labels};
use super::model::{Check, Module};
use super::resource_block::resource;
use super::rules::rules;
use crate::address::Mode;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::Block;

pub(super) fn check(block: &Block, own: &mut Module, diags: &mut Diagnostics) {
    let Some([name]) = labels(block, ["name"], diags) else { return };
    if !check_name(block, 0, diags) {
        return;
    }
    allow(&block.body, "a check block", &[], &["assert", "data"], diags);
    let mut refuse = |summary: &str, detail: String, at| diags.push(Diagnostic::error(summary, detail).at(at));
    if !block.body.blocks.iter().any(|inner| &*inner.kind == "assert") {
        refuse("Zero assert blocks", "A check block has at least one assert block.".to_owned(), block.span);
    }
    if let Some(first) = own.checks.get(&name) {
        duplicate(block, first.span, diags);
    }
    let mut data = None;
    for inner in block.body.blocks.iter().filter(|inner| &*inner.kind == "data") {
        for meta in inner.body.attributes.iter().filter(|meta| ["count", "for_each"].contains(&&*meta.name)) {
            let detail = "A data source inside a check block is read once: count and for_each do not stand there.";
            diags.push(Diagnostic::error(format!("Invalid \"{}\" attribute", meta.name), detail).at(meta.name_span));
        }
        for lifecycle in inner.body.blocks.iter().filter(|found| &*found.kind == "lifecycle") {
            let detail =
                "A data source inside a check block has no lifecycle of its own: write assert blocks beside it.";
            diags.push(Diagnostic::error("Invalid lifecycle block", detail).at(lifecycle.span));
        }
        let Some(mut scoped) = resource(inner, Mode::Data, diags) else { continue };
        scoped.check = Some(name.clone());
        let key = (scoped.kind.clone(), scoped.name.clone());
        if data.is_some() || own.data.contains_key(&key) {
            let detail = format!("A check block holds one data source, and {}.{} is declared already.", key.0, key.1);
            diags.push(Diagnostic::error("Duplicate data source", detail).at(inner.span));
            continue;
        }
        own.data.insert(key.clone(), scoped);
        data = Some(key);
    }
    own.checks.insert(name, Check { asserts: rules(&block.body, "assert", diags), data, span: block.span });
}
