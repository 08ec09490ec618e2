//! From the body of a block to the object of its table.

use crate::diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::lang::ast::{Body, Expr, ExprKind};
use crate::lang::body::{ScopedBlock, expand_dynamic};
use crate::lang::convert::convert;
use crate::lang::eval::{Bindings, evaluate_in};
use crate::lang::reference::is_alike;
use crate::lang::{Entries, Scope, Value};
use crate::schema::{Attribute, BlockType, Presence, Schema};
use std::sync::Arc;

/// The object that a resource's body asks for: what is not set has its default, computed attributes are null. `at` is
/// the header of the block.
pub(super) fn decode(schema: &Schema, body: &Body, at: Span, scope: &dyn Scope, diags: &mut Diagnostics) -> Value {
    let mut object = schema.absent().clone();
    attributes(&Table::of(schema), body, at, (scope, &[]), &mut object, diags);
    blocks(schema, body, scope, object, diags)
}

/// What the instances of a resource share: attributes whose expressions mean the same in each.
pub(super) struct Shared<'a> {
    schema: &'a Schema,
    body: &'a Body,
    at: Span,
    /// With those.
    object: Entries,
    /// The others.
    own: Vec<(&'static Attribute, &'a Arc<Expr>)>,
}

impl<'a> Shared<'a> {
    /// `None` where there is something to say of them: it is said of every instance.
    pub fn of(schema: &'a Schema, body: &'a Body, at: Span, scope: &dyn Scope) -> Option<Shared<'a>> {
        let mut said = Diagnostics::new();
        let table = Table::of(schema);
        let given = given(&table, body, &mut said);
        let mut shared = Shared { schema, body, at, object: schema.absent().clone(), own: Vec::new() };
        for (known, expr) in table.attributes.iter().zip(given) {
            match expr.filter(|expr| !is_alike(expr)) {
                Some(own) => shared.own.push((known, own)),
                None => attribute(known, expr, at, (scope, &[]), &mut shared.object, &mut said),
            }
        }
        said.is_empty().then_some(shared)
    }

    /// As [`decode`], for one of them.
    pub fn decode(&self, scope: &dyn Scope, diags: &mut Diagnostics) -> Value {
        let mut object = self.object.clone();
        for (known, expr) in &self.own {
            attribute(known, Some(expr), self.at, (scope, &[]), &mut object, diags);
        }
        blocks(self.schema, self.body, scope, object, diags)
    }
}

/// Lays the blocks of a body over the object of its attributes.
fn blocks(schema: &Schema, body: &Body, scope: &dyn Scope, mut object: Entries, diags: &mut Diagnostics) -> Value {
    let mut seen: Vec<Arc<str>> = Vec::new();
    let refused = unexpected_dynamic(schema, body, diags);
    for found in expand_dynamic(body, scope, &[], diags) {
        let Some(block) = schema.block(&found.kind) else {
            if !refused.contains(&found.kind) {
                unexpected_block(schema, &found, diags);
            }
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
    Value::from_entries(object)
}

fn nested(block: &BlockType, found: &ScopedBlock, scope: &dyn Scope, diags: &mut Diagnostics) -> Value {
    if found.unknown {
        return Value::unknown(block.ty());
    }
    if let Some(extra) = found.labels.first() {
        let detail = format!("No labels are expected for {} blocks.", block.name);
        diags.push(Diagnostic::error(format!("Extraneous label for {}", block.name), detail).at(extra.span));
    }
    let article = if block.name.starts_with('o') { "an" } else { "a" };
    let name = format!("{article} {} block", block.name);
    for inner in &found.body.blocks {
        let detail = format!("Blocks of type \"{}\" are not expected in {name}.", inner.kind);
        diags.push(Diagnostic::error("Unsupported block type", detail).at(inner.kind_span));
    }
    let table = Table { attributes: block.attributes, what: &name, schema: None };
    let mut object = block.absent();
    attributes(&table, &found.body, found.span, (scope, &found.bindings), &mut object, diags);
    Value::from_entries(object)
}

/// What may stand in a body.
struct Table<'a> {
    attributes: &'static [Attribute],
    /// Whose body it is, for messages.
    what: &'a str,
    /// Whose blocks may stand in it, if any may.
    schema: Option<&'a Schema>,
}

impl<'a> Table<'a> {
    fn of(schema: &'a Schema) -> Table<'a> {
        Table { attributes: schema.attributes, what: schema.block_type(), schema: Some(schema) }
    }

    fn is_block(&self, name: &str) -> bool {
        self.schema.is_some_and(|schema| schema.block(name).is_some() || ["lifecycle", "dynamic"].contains(&name))
    }
}

/// Lays what a body gives over `object`, which holds what stands where it gives nothing.
fn attributes(
    table: &Table<'_>,
    body: &Body,
    at: Span,
    within: (&dyn Scope, &Bindings),
    object: &mut Entries,
    diags: &mut Diagnostics,
) {
    for (known, expr) in table.attributes.iter().zip(given(table, body, diags)) {
        attribute(known, expr, at, within, object, diags);
    }
}

/// The expression of each attribute of a table, where the body gives one.
fn given<'b>(table: &Table<'_>, body: &'b Body, diags: &mut Diagnostics) -> Vec<Option<&'b Arc<Expr>>> {
    let mut found: Vec<Option<&Arc<Expr>>> = vec![None; table.attributes.len()];
    for given in &body.attributes {
        let detail = match table.attributes.iter().zip(&mut found).find(|(known, _)| known.name == &*given.name) {
            Some((known, _)) if known.presence == Presence::Computed => {
                let detail = format!("\"{}\" is set by the API: {}", known.name, known.doc);
                diags.push(Diagnostic::error("Value for unconfigurable attribute", detail).at(given.name_span));
                continue;
            }
            Some((_, expr)) => {
                *expr = Some(&given.expr);
                continue;
            }
            None if table.is_block(&given.name) => {
                format!("\"{0}\" is a block: write {0} {{ ... }} without \"=\".", given.name)
            }
            None => {
                let settable = table.attributes.iter().filter(|known| known.presence != Presence::Computed);
                let hint = did_you_mean(&given.name, settable.map(|known| known.name));
                format!("An argument named \"{}\" is not expected in {}.{hint}", given.name, table.what)
            }
        };
        diags.push(Diagnostic::error("Unsupported argument", detail).at(given.name_span));
    }
    found
}

/// As [`attributes`], of one of them.
fn attribute(
    known: &Attribute,
    expr: Option<&Arc<Expr>>,
    at: Span,
    (scope, bindings): (&dyn Scope, &Bindings),
    object: &mut Entries,
    diags: &mut Diagnostics,
) {
    let value = match expr {
        Some(expr) => {
            let ty = known.ty.to_type();
            let mut own = Diagnostics::new();
            let value = evaluate_in(expr, scope, bindings, &mut own);
            let failed = own.has_errors();
            diags.extend(own);
            if known.is_version() && value.as_number().is_some() {
                diags.push(numeric(known, expr));
            }
            match convert(&value, &ty) {
                Ok(value) if value.deep_marks().ephemeral => {
                    let detail = format!(
                        "Ephemeral values are not valid for \"{}\", because what is set here is stored in the state.",
                        known.name
                    );
                    diags.push(Diagnostic::error("Invalid use of ephemeral value", detail).at(expr.span));
                    Value::unknown(ty)
                }
                Ok(value) if value.is_null() && known.presence == Presence::Required => {
                    let detail = format!("The argument \"{}\" is required, but its value here is null.", known.name);
                    diags.push(Diagnostic::error("Missing required argument", detail).at(expr.span));
                    Value::unknown(ty)
                }
                Ok(value) if value.is_null() => return,
                Ok(value) => value,
                // It is no wonder.
                Err(_) if failed => Value::unknown(ty),
                Err(error) => {
                    let detail = format!("Inappropriate value for attribute \"{}\": {error}.", known.name);
                    diags.push(Diagnostic::error("Incorrect attribute value type", detail).at(expr.span));
                    Value::unknown(ty)
                }
            }
        }
        None if known.presence == Presence::Required => {
            let detail =
                format!("The argument \"{}\" is required, but no definition was found. {}", known.name, known.doc);
            diags.push(Diagnostic::error("Missing required argument", detail).at(at));
            Value::unknown(known.ty.to_type())
        }
        None => return,
    };
    if let Some(place) = object.get_mut(known.name) {
        *place = value.marked(known.marks());
    }
}

/// A number is no version: it ends where its value does.
fn numeric(known: &Attribute, expr: &Expr) -> Diagnostic {
    let mut written = expr;
    while let ExprKind::Paren(inner) = &written.kind {
        written = inner;
    }
    let name = known.name;
    let (detail, hint) = match &written.kind {
        ExprKind::Number(literal) => (
            format!(
                "\"{name}\" is a text. Without quotes {0} is a number, and means \"{1}\".",
                literal.text, literal.number
            ),
            format!("Write it in quotes: {name} = \"{}\".", literal.text),
        ),
        _ => (
            format!(
                "\"{name}\" is a text, and this is a number: that has no zeros at its end, so 12.10 would mean \"12.1\"."
            ),
            "Write it in quotes where it comes from; a variable of it has type = string.".to_owned(),
        ),
    };
    Diagnostic::warning(format!("Number for \"{name}\""), detail).with_hint(hint).at(expr.span)
}

/// The labels of dynamic blocks that make no block of the table, however many they make.
fn unexpected_dynamic(schema: &Schema, body: &Body, diags: &mut Diagnostics) -> Vec<Arc<str>> {
    let dynamic = body.blocks.iter().filter(|block| &*block.kind == "dynamic");
    let labels = dynamic.filter_map(|block| block.labels.first());
    let wrong: Vec<_> = labels.filter(|label| schema.block(&label.text).is_none()).collect();
    for label in &wrong {
        let hint = did_you_mean(&label.text, schema.blocks.iter().map(|block| block.name));
        let detail = format!("Blocks of type \"{}\" are not expected in {}.{hint}", label.text, schema.block_type());
        diags.push(Diagnostic::error("Unsupported block type", detail).at(label.span));
    }
    wrong.into_iter().map(|label| label.text.clone()).collect()
}

fn unexpected_block(schema: &Schema, found: &ScopedBlock, diags: &mut Diagnostics) {
    let detail = match schema.attribute(&found.kind) {
        Some(_) => {
            format!(
                "\"{0}\" is an argument of {1}: write {0} = ... instead of a block.",
                found.kind,
                schema.block_type()
            )
        }
        None => {
            let hint =
                did_you_mean(&found.kind, schema.blocks.iter().map(|block| block.name).chain(["lifecycle", "dynamic"]));
            format!("Blocks of type \"{}\" are not expected in {}.{hint}", found.kind, schema.block_type())
        }
    };
    diags.push(Diagnostic::error("Unsupported block type", detail).at(found.span));
}
