//! From the body of a block to the object of its table.

use crate::diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::lang::ast::Body;
use crate::lang::body::{ScopedBlock, expand_dynamic};
use crate::lang::convert::convert;
use crate::lang::eval::{Bindings, evaluate_in};
use crate::lang::{Marks, Scope, Value};
use crate::schema::{Attribute, BlockType, Default, Presence, Schema};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The object that a resource's body asks for: what is not set has its default, computed attributes are null. `at` is
/// the header of the block.
pub(super) fn decode(schema: &Schema, body: &Body, at: Span, scope: &dyn Scope, diags: &mut Diagnostics) -> Value {
    let mut object =
        attributes(schema.attributes, body, schema.kind, at, scope, &[], diags, &|name| schema.block(name).is_some());
    for block in schema.blocks {
        object.insert(block.name.into(), Value::null(block.ty()));
    }
    let mut seen: Vec<Arc<str>> = Vec::new();
    for found in expand_dynamic(body, scope, &[], diags) {
        let Some(block) = schema.block(&found.kind) else {
            unexpected_block(schema, &found, diags);
            continue;
        };
        if seen.contains(&found.kind) {
            let detail = format!("No more than one \"{}\" block is allowed.", found.kind);
            diags.push(Diagnostic::error(format!("Too many {} blocks", found.kind), detail).at(found.span));
            continue;
        }
        seen.push(found.kind.clone());
        object.insert(found.kind.clone(), nested(block, &found, scope, diags));
    }
    Value::object(object)
}

fn nested(block: &BlockType, found: &ScopedBlock, scope: &dyn Scope, diags: &mut Diagnostics) -> Value {
    if found.unknown {
        return Value::unknown(block.ty());
    }
    let article = if block.name.starts_with('o') { "an" } else { "a" };
    let name = format!("{article} {} block", block.name);
    for inner in &found.body.blocks {
        let detail = format!("Blocks of type \"{}\" are not expected in {name}.", inner.kind);
        diags.push(Diagnostic::error("Unsupported block type", detail).at(inner.kind_span));
    }
    let no_block = |_: &str| false;
    Value::object(attributes(
        block.attributes,
        &found.body,
        &name,
        found.span,
        scope,
        &found.bindings,
        diags,
        &no_block,
    ))
}

#[allow(clippy::too_many_arguments)]
fn attributes(
    table: &[Attribute],
    body: &Body,
    what: &str,
    at: Span,
    scope: &dyn Scope,
    bindings: &Bindings,
    diags: &mut Diagnostics,
    is_block: &dyn Fn(&str) -> bool,
) -> BTreeMap<Arc<str>, Value> {
    for given in &body.attributes {
        let detail = match table.iter().find(|known| known.name == &*given.name) {
            Some(known) if known.presence == Presence::Computed => {
                let detail = format!("\"{}\" is set by the API: {}", known.name, known.doc);
                diags.push(Diagnostic::error("Value for unconfigurable attribute", detail).at(given.name_span));
                continue;
            }
            Some(_) => continue,
            None if is_block(&given.name) => {
                format!("\"{0}\" is a block: write {0} {{ ... }} without \"=\".", given.name)
            }
            None => {
                let settable = table.iter().filter(|known| known.presence != Presence::Computed);
                let hint = did_you_mean(&given.name, settable.map(|known| known.name));
                format!("An argument named \"{}\" is not expected in {what}.{hint}", given.name)
            }
        };
        diags.push(Diagnostic::error("Unsupported argument", detail).at(given.name_span));
    }
    let mut object = BTreeMap::new();
    for known in table {
        let ty = known.ty.to_type();
        let given = body.attributes.iter().find(|given| &*given.name == known.name);
        let value = match given {
            Some(given) if known.presence != Presence::Computed => {
                let value = evaluate_in(&given.expr, scope, bindings, diags);
                match convert(&value, &ty) {
                    Ok(value) if value.is_null() && known.presence == Presence::Required => {
                        let detail =
                            format!("The argument \"{}\" is required, but its value here is null.", known.name);
                        diags.push(Diagnostic::error("Missing required argument", detail).at(given.expr.span));
                        Value::unknown(ty)
                    }
                    Ok(value) if value.is_null() => or_default(known),
                    Ok(value) => value,
                    Err(error) => {
                        let detail = format!("Inappropriate value for attribute \"{}\": {error}.", known.name);
                        diags.push(Diagnostic::error("Incorrect attribute value type", detail).at(given.expr.span));
                        Value::unknown(ty)
                    }
                }
            }
            None if known.presence == Presence::Required => {
                let detail =
                    format!("The argument \"{}\" is required, but no definition was found. {}", known.name, known.doc);
                diags.push(Diagnostic::error("Missing required argument", detail).at(at));
                Value::unknown(ty)
            }
            _ => or_default(known),
        };
        let marks = if known.sensitive { Marks::SENSITIVE } else { Marks::NONE };
        object.insert(known.name.into(), value.marked(marks));
    }
    object
}

fn or_default(attribute: &Attribute) -> Value {
    match attribute.default {
        Default::Null => Value::null(attribute.ty.to_type()),
        Default::Text(text) => Value::string(text),
        Default::Int(n) => Value::int(n),
        Default::Bool(b) => Value::bool(b),
    }
}

fn unexpected_block(schema: &Schema, found: &ScopedBlock, diags: &mut Diagnostics) {
    let detail = match schema.attribute(&found.kind) {
        Some(_) => {
            format!("\"{0}\" is an argument of {1}: write {0} = ... instead of a block.", found.kind, schema.kind)
        }
        None => {
            let hint =
                did_you_mean(&found.kind, schema.blocks.iter().map(|block| block.name).chain(["lifecycle", "dynamic"]));
            format!("Blocks of type \"{}\" are not expected in {}.{hint}", found.kind, schema.kind)
        }
    };
    diags.push(Diagnostic::error("Unsupported block type", detail).at(found.span));
}
