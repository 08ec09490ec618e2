//! `yamldecode`: one document, as objects and tuples.

use super::CallError;
use super::signature::{Args, Function, Outcome, Shape, function, param};
use super::yaml_scalar::{ScalarTag, resolve};
use crate::lang::convert::convert;
use crate::lang::types::Type;
use crate::lang::value::{Kind, Value};
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] =
    &[function("yamldecode", &[param("src", Shape::String)], Shape::Any, yaml_decode).may_be_null()];

/// Collections in collections: more would only be meant to overflow a stack.
const DEEPEST: usize = 128;
/// Nodes with every alias written out: a few lines of aliases of aliases can stand for more than any memory holds.
const MOST_NODES: u64 = 4_000_000;

fn yaml_decode(args: &Args<'_>) -> Outcome {
    if args.text(0).strip_prefix("%YAML ").is_some_and(|version| !version.starts_with("1.1")) {
        return Err(CallError::call("the document asks for a version of YAML other than 1.1"));
    }
    let mut open = Vec::new();
    let mut anchors = HashMap::new();
    let mut documents = 0;
    let mut root = None;
    for event in Parser::new_from_str(args.text(0)) {
        let (event, span) = event.map_err(|error| CallError::call(error.to_string()))?;
        // A block that the end of the text cuts off has no last line break.
        let cut_off = !args.text(0).ends_with('\n') && span.end.index() >= args.text(0).chars().count();
        let event = match event {
            Event::Scalar(text, style @ (ScalarStyle::Literal | ScalarStyle::Folded), anchor, tag) if cut_off => {
                Event::Scalar(text.strip_suffix('\n').unwrap_or(&text).to_owned().into(), style, anchor, tag)
            }
            event => event,
        };
        let done = event_value(event, &mut open, &mut anchors, &mut documents)
            .map_err(|message| CallError::call(format!("on line {}: {message}", span.start.line())))?;
        let Some(done) = done else { continue };
        match open.last_mut() {
            Some(parent) => parent
                .add(done)
                .map_err(|message| CallError::call(format!("on line {}: {message}", span.start.line())))?,
            None => root = Some(done.value),
        }
    }
    root.ok_or_else(|| CallError::call("the text holds no document"))
}

/// A node that is read to its end.
#[derive(Clone)]
struct Done {
    value: Value,
    /// It is `<<`.
    merges: bool,
    /// Levels of collections in it.
    depth: usize,
    /// Nodes in it.
    nodes: u64,
}

impl Done {
    fn scalar(value: Value, merges: bool) -> Done {
        Done { value, merges, depth: 0, nodes: 1 }
    }
}

/// A collection that is being read; `anchor` is 0 where it has none.
struct Open {
    anchor: usize,
    parts: Parts,
    depth: usize,
    nodes: u64,
}

impl Open {
    fn new(anchor: usize, parts: Parts) -> Open {
        Open { anchor, parts, depth: 1, nodes: 1 }
    }
}

enum Parts {
    Sequence(Vec<Value>),
    Mapping { entries: BTreeMap<Arc<str>, Value>, key: Option<Key> },
}

enum Key {
    Name(Arc<str>),
    Merge,
}

impl Open {
    fn add(&mut self, done: Done) -> Result<(), String> {
        self.depth = self.depth.max(done.depth + 1);
        self.nodes = self.nodes.saturating_add(done.nodes);
        if self.depth > DEEPEST {
            return Err(format!("collections nest at most {DEEPEST} levels deep"));
        }
        if self.nodes > MOST_NODES {
            return Err(format!("with its aliases written out the document has more than {MOST_NODES} values"));
        }
        let (entries, key) = match &mut self.parts {
            Parts::Sequence(elements) => {
                elements.push(done.value);
                return Ok(());
            }
            Parts::Mapping { entries, key } => (entries, key),
        };
        match key.take() {
            None if done.merges => *key = Some(Key::Merge),
            None => {
                let name =
                    convert(&done.value, &Type::String).ok().filter(|name| !done.value.is_null() || name.is_null());
                match name.map(|name| name.kind) {
                    Some(Kind::String(name)) => *key = Some(Key::Name(name)),
                    Some(Kind::Null(_)) => return Err("a mapping key cannot be null".into()),
                    _ => return Err("only strings are allowed as mapping keys".into()),
                }
            }
            Some(Key::Name(name)) => {
                entries.insert(name, done.value);
            }
            Some(Key::Merge) => {
                let value = done.value;
                let Some(given) = value.as_entries() else {
                    return Err(format!("cannot merge {} into a mapping", value.ty().friendly_name()));
                };
                entries.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        Ok(())
    }
}

fn event_value(
    event: Event<'_>,
    open: &mut Vec<Open>,
    anchors: &mut HashMap<usize, Done>,
    documents: &mut usize,
) -> Result<Option<Done>, String> {
    let mut remember = |anchor: usize, done: Done| {
        if anchor > 0 {
            anchors.insert(anchor, done.clone());
        }
        Some(done)
    };
    Ok(match event {
        Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => None,
        Event::DocumentStart(_) => {
            *documents += 1;
            if *documents > 1 {
                return Err("only a single document is allowed".into());
            }
            None
        }
        Event::Scalar(text, style, anchor, tag) => {
            let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
            let plain = style == ScalarStyle::Plain;
            let tag = scalar_tag(tag.as_ref())?;
            let merges = plain && tag == ScalarTag::None && text == "<<";
            let value = resolve(tag, &text, quoted)?;
            remember(anchor, Done::scalar(value, merges))
        }
        Event::Alias(anchor) => match anchors.get(&anchor) {
            Some(done) => Some(Done { merges: false, ..done.clone() }),
            None => return Err("an anchor cannot be referred to from inside its own definition".into()),
        },
        Event::SequenceStart(anchor, tag) => {
            collection_tag(tag.as_ref(), "seq")?;
            deeper(open, Open::new(anchor, Parts::Sequence(Vec::new())))?
        }
        Event::MappingStart(anchor, tag) => {
            collection_tag(tag.as_ref(), "map")?;
            deeper(open, Open::new(anchor, Parts::Mapping { entries: BTreeMap::new(), key: None }))?
        }
        Event::SequenceEnd | Event::MappingEnd => {
            let Some(closed) = open.pop() else { return Ok(None) };
            let value: Value = match closed.parts {
                Parts::Sequence(elements) => Value::tuple(elements),
                Parts::Mapping { entries, .. } => Value::object(entries),
            };
            remember(closed.anchor, Done { value, merges: false, depth: closed.depth, nodes: closed.nodes })
        }
    })
}

fn deeper(open: &mut Vec<Open>, new: Open) -> Result<Option<Done>, String> {
    if open.len() >= DEEPEST {
        return Err(format!("collections nest at most {DEEPEST} levels deep"));
    }
    if let Some(Open { parts: Parts::Mapping { key: None, .. }, .. }) = open.last() {
        return Err("only strings are allowed as mapping keys".into());
    }
    open.push(new);
    Ok(None)
}

fn core_name<'a>(tag: Option<&'a Cow<'_, Tag>>) -> Result<Option<&'a str>, String> {
    match tag {
        None => Ok(None),
        Some(tag) if tag.is_yaml_core_schema() => Ok(Some(&tag.suffix)),
        Some(tag) => Err(format!("unsupported tag \"{}{}\"", tag.handle, tag.suffix)),
    }
}

fn scalar_tag(tag: Option<&Cow<'_, Tag>>) -> Result<ScalarTag, String> {
    match core_name(tag)? {
        None => Ok(ScalarTag::None),
        Some(name) => ScalarTag::named(name).ok_or_else(|| format!("unsupported tag \"!!{name}\"")),
    }
}

fn collection_tag(tag: Option<&Cow<'_, Tag>>, wanted: &str) -> Result<(), String> {
    match core_name(tag)? {
        Some(name) if name != wanted => Err(format!("a {wanted} cannot be read as \"!!{name}\"")),
        _ => Ok(()),
    }
}
