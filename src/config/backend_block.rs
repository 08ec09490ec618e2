//! The `backend` block of the podform block, and what is said beside it: constants by the table of its kind.

use super::backend_table::{Argument, BackendKind, Sort};
use super::backend_values::{Arguments, BackendBlock, BackendValue};
use super::block::labels;
use super::overrides::{self, LoadedFile};
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::lang::ast::{Attribute, Block, Body};
use crate::lang::convert::convert;
use crate::lang::reference::NoScope;
use crate::lang::{Type, Value, eval};

/// Terraform's that podform has not, so that nobody looks for a slip.
const OTHERS: [&str; 6] = ["remote", "cloud", "consul", "cos", "kubernetes", "oss"];

/// That of the root module in these files, whatever else is wrong with them.
pub fn backend_of(files: &[LoadedFile], diags: &mut Diagnostics) -> Option<BackendBlock> {
    let blocks = overrides::blocks(files, &mut Diagnostics::new());
    let settings = blocks.iter().filter(|block| &*block.kind == "podform");
    backend(settings.flat_map(|block| block.body.blocks.iter()).filter(|inner| &*inner.kind == "backend"), diags)
}

/// Reads the `backend` blocks of a podform block; there is at most one.
pub(super) fn backend<'b>(
    mut blocks: impl Iterator<Item = &'b Block>,
    diags: &mut Diagnostics,
) -> Option<BackendBlock> {
    let block = blocks.next()?;
    for other in blocks {
        let detail = "A configuration has at most one backend: all of its states are kept in one kind of place.";
        diags.push(Diagnostic::error("Duplicate backend configuration", detail).at(other.span).against(block.span));
    }
    let [name] = labels(block, ["type"], diags)?;
    let Some(kind) = BackendKind::named(&name) else {
        let names = BackendKind::ALL.map(BackendKind::name);
        let detail = match OTHERS.contains(&&*name) {
            true => format!("podform has no backend \"{name}\"."),
            false => format!("There is no backend type named \"{name}\".{}", did_you_mean(&name, names)),
        };
        let hint = format!("There are {}.", names.join(", "));
        let at = block.labels.first().map_or(block.span, |label| label.span);
        diags.push(Diagnostic::error("Unsupported backend type", detail).at(at).with_hint(hint));
        return None;
    };
    Some(BackendBlock { kind, arguments: read(kind.arguments(), &block.body, diags), span: block.span })
}

/// The arguments that a body gives: that of the block, or of a file of `-backend-config`.
pub fn read(known: &'static [Argument], body: &Body, diags: &mut Diagnostics) -> Arguments {
    let mut given = Arguments::default();
    for block in &body.blocks {
        let is_argument = known.iter().any(|argument| argument.name == &*block.kind);
        let meant = match is_argument {
            true => format!(
                " Did you mean to define argument \"{}\"? If so, use the equals sign to assign it a value.",
                block.kind
            ),
            false => did_you_mean(&block.kind, known.iter().map(|argument| argument.name)),
        };
        let detail = format!("Blocks of type \"{}\" are not expected here.{meant}", block.kind);
        diags.push(Diagnostic::error("Unsupported block type", detail).at(block.kind_span));
    }
    for attribute in &body.attributes {
        let Some(argument) = known.iter().find(|argument| argument.name == &*attribute.name) else {
            let near = did_you_mean(&attribute.name, known.iter().map(|argument| argument.name));
            let detail = format!("An argument named \"{}\" is not expected here.{near}", attribute.name);
            diags.push(Diagnostic::error("Unsupported argument", detail).at(attribute.name_span));
            continue;
        };
        if let Some(why) = argument.instead {
            let detail = format!("The argument \"{}\" is not taken.", argument.name);
            diags.push(Diagnostic::error("Unsupported argument", detail).with_hint(why).at(attribute.name_span));
            continue;
        }
        if let Some(value) = constant(argument, attribute, diags) {
            given.set(argument, value);
        }
    }
    given
}

/// The value of an argument; `None` where it is null, or something is wrong with it.
fn constant(argument: &Argument, attribute: &Attribute, diags: &mut Diagnostics) -> Option<BackendValue> {
    let mut own = Diagnostics::new();
    let value = eval::evaluate(&attribute.expr, &NoScope, &mut own);
    let failed = own.has_errors();
    diags.extend(own);
    if failed || value.is_null() {
        return None;
    }
    match typed(argument, &value) {
        Ok(value) => Some(value),
        Err(why) => {
            let detail = format!("Inappropriate value for attribute \"{}\": {why}.", argument.name);
            diags.push(Diagnostic::error("Incorrect attribute value type", detail).at(attribute.expr.span));
            None
        }
    }
}

/// A value as the table has it.
///
/// # Errors
/// What is required.
pub fn typed(argument: &Argument, value: &Value) -> Result<BackendValue, String> {
    let as_type = |ty: &Type| convert(value, ty).map_err(|error| error.to_string());
    let null = "null is no element".to_owned();
    Ok(match argument.sort {
        Sort::Text => BackendValue::text(argument, as_type(&Type::String)?.as_str().ok_or("a string is required")?),
        Sort::Flag => BackendValue::Flag(as_type(&Type::Bool)?.as_bool().ok_or("a bool is required")?),
        Sort::Number => {
            let number = as_type(&Type::Number)?;
            let number = number.as_number().and_then(|number| number.as_u64());
            BackendValue::Number(number.ok_or("a whole number, zero or more, is required")?)
        }
        Sort::Texts => {
            let list = as_type(&Type::list(Type::String))?;
            let texts = list.as_elements().unwrap_or_default().iter().map(|text| text.as_str().map(str::to_owned));
            BackendValue::Texts(texts.collect::<Option<_>>().ok_or(null)?)
        }
        Sort::Map => {
            let map = as_type(&Type::map(Type::String))?;
            let entries = map.as_entries().into_iter().flatten();
            let texts = entries.map(|(key, text)| Some((key.to_string(), text.as_str()?.to_owned())));
            BackendValue::Map(texts.collect::<Option<_>>().ok_or(null)?)
        }
        Sort::Object(known) => BackendValue::Object(object(known, value)?),
    })
}

fn object(known: &'static [Argument], value: &Value) -> Result<Arguments, String> {
    let entries = value.as_entries().ok_or("object required")?;
    let mut given = Arguments::default();
    for (name, value) in entries {
        let Some(argument) = known.iter().find(|argument| argument.name == &**name) else {
            let names: Vec<&str> = known.iter().map(|argument| argument.name).collect();
            return Err(format!("attribute \"{name}\" is not expected: there are {}", names.join(", ")));
        };
        match argument.instead {
            Some(why) => return Err(format!("attribute \"{name}\": {}", why.trim_end_matches('.'))),
            None if value.is_null() => {}
            None => {
                let value = typed(argument, value).map_err(|why| format!("attribute \"{name}\": {why}"))?;
                given.set(argument, value);
            }
        }
    }
    let missing = missing(known, &given);
    missing.first().map_or(Ok(given), |argument| Err(format!("attribute \"{}\" is required", argument.name)))
}

/// Arguments without which nothing works, and which nobody gives.
pub fn missing(known: &'static [Argument], given: &Arguments) -> Vec<&'static Argument> {
    known.iter().filter(|argument| argument.required && given.get(argument.name).is_none()).collect()
}
