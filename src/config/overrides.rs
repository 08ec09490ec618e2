//! Override files: their blocks change blocks of the other files of a module, by Terraform's rules.

use super::block::no_blocks_in_locals;
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::lang::ast::{Block, Body};
use std::borrow::Cow;
use std::sync::Arc;

/// One configuration file, parsed.
#[derive(Clone, Debug)]
pub struct LoadedFile {
    /// It is an override file: `override.hcl`, `*_override.hcl`, or the same in JSON.
    pub overrides: bool,
    /// What it holds.
    pub body: Arc<Body>,
}

/// Blocks that an override may change, and what their labels are.
const MERGED: [(&str, usize); 8] = [
    ("resource", 2),
    ("data", 2),
    ("variable", 1),
    ("output", 1),
    ("module", 1),
    ("provider", 1),
    ("podform", 0),
    ("locals", 0),
];

/// Every block of a module, with what override files say laid over it.
pub(super) fn blocks<'f>(files: &'f [LoadedFile], diags: &mut Diagnostics) -> Vec<Cow<'f, Block>> {
    let (over, base): (Vec<&LoadedFile>, Vec<&LoadedFile>) = files.iter().partition(|file| file.overrides);
    let mut all: Vec<Cow<'f, Block>> =
        base.into_iter().flat_map(|file| file.body.blocks.iter().map(Cow::Borrowed)).collect();
    // What is missing may stand in a part that could not be read.
    let incomplete = files.iter().any(|file| file.body.incomplete);
    for block in over.into_iter().flat_map(|file| &file.body.blocks) {
        lay_over(block, &mut all, incomplete, diags);
    }
    all
}

fn lay_over<'f>(block: &'f Block, all: &mut Vec<Cow<'f, Block>>, incomplete: bool, diags: &mut Diagnostics) {
    let mut refuse = |summary: String, detail: String| diags.push(Diagnostic::error(summary, detail).at(block.span));
    let Some((_, labels)) = MERGED.iter().find(|(kind, _)| *kind == &*block.kind) else {
        let detail = format!(
            "A \"{0}\" block cannot stand in an override file: it changes nothing that another file declares.",
            block.kind
        );
        return refuse(format!("Cannot override \"{}\" blocks", block.kind), detail);
    };
    if let Some(found) = block.body.attributes.iter().find(|found| &*found.name == "depends_on") {
        let detail = "depends_on cannot be overridden: change it where the block is declared.";
        diags.push(Diagnostic::error("Unsupported override", detail).at(found.name_span));
        return;
    }
    let name = |block: &Block| block.labels.iter().map(|label| label.text.clone()).collect::<Vec<_>>();
    match &*block.kind {
        "locals" => return locals(block, all, diags),
        // A single block of its kind may also be declared here alone.
        "podform" | "provider" if !all.iter().any(|other| other.kind == block.kind) => {
            return all.push(Cow::Borrowed(block));
        }
        _ => {}
    }
    let wanted = name(block);
    match all.iter_mut().find(|other| other.kind == block.kind && name(other) == wanted) {
        Some(found) if found.labels.len() >= *labels => {
            merge(Arc::make_mut(&mut found.to_mut().body), &block.body, &block.kind);
        }
        _ if incomplete => {}
        _ => {
            let same: Vec<String> =
                all.iter().filter(|other| other.kind == block.kind).map(|other| name(other).join(".")).collect();
            let wanted = wanted.join(".");
            let detail = format!(
                "There is no {} \"{wanted}\" in the other files of this module: an override changes what one of them declares.{}",
                block.kind,
                did_you_mean(&wanted, same.iter().map(String::as_str))
            );
            refuse(format!("Missing {} to override", block.kind), detail);
        }
    }
}

/// Arguments replace arguments; nested blocks replace all of their type, but for `lifecycle`, which is merged itself.
fn merge(body: &mut Body, over: &Body, kind: &str) {
    for attribute in &over.attributes {
        match body.attributes.iter_mut().find(|other| other.name == attribute.name) {
            Some(found) => *found = attribute.clone(),
            None => body.attributes.push(attribute.clone()),
        }
    }
    let type_of = |block: &Block| match (&*block.kind, block.labels.first()) {
        ("dynamic", Some(label)) => label.text.to_string(),
        (kind, _) => kind.to_owned(),
    };
    let merges = |block: &Block| ["resource", "data"].contains(&kind) && &*block.kind == "lifecycle";
    let replaced: Vec<String> = over.blocks.iter().filter(|block| !merges(block)).map(type_of).collect();
    body.blocks.retain(|block| !replaced.contains(&type_of(block)));
    for block in &over.blocks {
        match body.blocks.iter_mut().find(|other| merges(block) && other.kind == block.kind) {
            Some(found) => merge(Arc::make_mut(&mut found.body), &block.body, "lifecycle"),
            None => body.blocks.push(block.clone()),
        }
    }
}

/// Each name is overridden where it is declared; a new one is declared.
fn locals<'f>(block: &'f Block, all: &mut Vec<Cow<'f, Block>>, diags: &mut Diagnostics) {
    no_blocks_in_locals(&block.body, diags);
    for attribute in &block.body.attributes {
        let holds = |other: &&mut Cow<'f, Block>| {
            &*other.kind == "locals" && other.body.attributes.iter().any(|known| known.name == attribute.name)
        };
        match all.iter_mut().find(holds) {
            Some(found) => {
                let known = Arc::make_mut(&mut found.to_mut().body)
                    .attributes
                    .iter_mut()
                    .find(|known| known.name == attribute.name);
                known.into_iter().for_each(|known| *known = attribute.clone());
            }
            None => {
                let mut alone = block.clone();
                alone.body = Body { attributes: vec![attribute.clone()], ..Body::default() }.into();
                all.push(Cow::Owned(alone));
            }
        }
    }
}
