//! One object of a resource table, drawn as its block.

use super::page::{Page, Sign};
use super::value_diff::{self, assign};
use crate::address::{InstanceAddr, Mode};
use crate::lang::{Kind, Marks, Value};
use crate::render::style::{DIM, REMOVE};
use crate::render::words::count;
use crate::schema::{self, Attribute, INSTANCE, Presence};
use std::collections::BTreeSet;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// Unchanged attributes that tell which object it is.
const IDENTITY: [&str; 2] = ["id", "name"];
/// Computed attributes of a machine that goes which the reader wants to see.
const FAREWELL: [&str; 5] = ["id", "status", "rented_gpu_model", "hourly_cost", "expires_at"];

/// One attribute, before and after.
struct Row {
    name: String,
    computed: bool,
    before: Option<Value>,
    after: Option<Value>,
}

impl Row {
    fn sign(&self) -> Option<Sign> {
        value_diff::sign(self.before.as_ref(), self.after.as_ref())
    }
}

/// An attribute with everything that hides it: the object's own marks, and the table's.
pub fn attribute(object: Option<&Value>, name: &str, secret: bool) -> Option<Value> {
    let object = object?;
    let marks = if secret { Marks::SENSITIVE } else { Marks::NONE };
    let value = object.get(name)?.clone();
    // Nothing is no secret.
    Some(if value.is_null() { value } else { value.marked(marks.and(object.marks)) })
}

fn rows(table: &[Attribute], skip: &[&str], before: Option<&Value>, after: Option<&Value>) -> Vec<Row> {
    let row = |name: &str, known: Option<&Attribute>| Row {
        name: name.to_owned(),
        computed: known.is_some_and(|a| a.presence == Presence::Computed),
        before: attribute(before, name, known.is_some_and(|a| a.sensitive)),
        after: attribute(after, name, known.is_some_and(|a| a.sensitive)),
    };
    let entries = [before, after].into_iter().flatten().filter_map(Value::as_entries);
    let unknown_to_table: BTreeSet<_> = entries
        .flat_map(|entries| entries.keys().cloned())
        .filter(|name| !skip.contains(&&**name) && !table.iter().any(|a| a.name == &**name))
        .collect();
    table.iter().map(|a| row(a.name, Some(a))).chain(unknown_to_table.iter().map(|name| row(name, None))).collect()
}

/// `resource "simplepod_instance" "a" {` and all that is in it. The sign says what happens to the whole:
/// [`Sign::Same`] shows everything, every other one only what differs.
pub fn block(
    page: &mut Page,
    level: usize,
    sign: Sign,
    address: &InstanceAddr,
    (before, after): (Option<&Value>, Option<&Value>),
    forced_by: &[String],
) {
    let resource = &address.resource;
    let word = if resource.mode == Mode::Data { "data" } else { "resource" };
    page.line(level, sign, &format!("{word} \"{}\" \"{}\" {{", resource.kind, resource.name));
    let style = page.style;
    let forces = if resource.kind == INSTANCE { " # forces re-rent" } else { " # forces replacement" };
    let tail = |path: &str| match forced_by.iter().any(|forced| forced == path) {
        true => style.paint(REMOVE, forces),
        false => String::new(),
    };
    let table = schema::table(resource.mode, &resource.kind);
    let blocks = table.map_or(&[][..], |table| table.blocks);
    let block_names: Vec<&str> = blocks.iter().map(|block| block.name).collect();
    let attributes = table.map_or(&[][..], |table| table.attributes);
    draw(page, level + 1, sign, &rows(attributes, &block_names, before, after), &tail);
    let mut same = 0;
    for block in blocks {
        let (old, new) = (attribute(before, block.name, false), attribute(after, block.name, false));
        match value_diff::sign(old.as_ref(), new.as_ref()) {
            None => {}
            Some(Sign::Same) if sign != Sign::Same => same += 1,
            Some(change) => {
                page.gap();
                page.line(level + 1, change, &format!("{} {{", block.name));
                let rows = rows(block.attributes, &[], old.as_ref(), new.as_ref());
                draw(page, level + 2, change, &rows, &|name| tail(&format!("{}.{name}", block.name)));
                page.line(level + 1, Sign::Same, "}");
            }
        }
    }
    if same > 0 {
        page.gap();
        page.hidden(level + 1, same, "block");
    }
    page.line(level, Sign::Same, "}");
}

/// The rows that the reader needs, and how many the others are.
fn draw(page: &mut Page, level: usize, whole: Sign, rows: &[Row], tail: &dyn Fn(&str) -> String) {
    let (mut shown, mut same, mut unknown, mut going) = (Vec::new(), 0, 0, 0);
    for row in rows {
        let identity = IDENTITY.contains(&row.name.as_str());
        match row.sign() {
            None => {}
            Some(Sign::Same) if whole != Sign::Same && !identity => same += 1,
            Some(_) if row.computed && !identity && row.after.as_ref().is_some_and(|after| !after.is_known()) => {
                unknown += 1;
            }
            Some(Sign::Remove) if row.computed && !FAREWELL.contains(&row.name.as_str()) => going += 1,
            Some(_) => shown.push(row),
        }
    }
    let width = shown.iter().map(|row| row.name.width()).max().unwrap_or(0);
    for row in shown {
        page.difference(level, &assign(&row.name, width), row.before.as_ref(), row.after.as_ref(), &tail(&row.name));
    }
    page.hidden(level, same, "attribute");
    for (n, what) in [(unknown, "known after apply"), (going, "hidden")] {
        if n > 0 {
            let text = page.style.paint(DIM, &format!("# ({} {what})", count(n, "computed attribute")));
            page.line(level, Sign::Same, &text);
        }
    }
}

/// The object with everything marked that its table says is secret.
pub fn hidden_object(address: &InstanceAddr, object: &Value) -> Value {
    let Some(table) = schema::table(address.resource.mode, &address.resource.kind) else { return object.clone() };
    let hide = |object: &Value, attributes: &[Attribute]| -> Value {
        let Some(entries) = object.as_entries() else { return object.clone() };
        let secret = |name: &str| attributes.iter().any(|a| a.name == name && a.sensitive);
        let entries =
            entries.keys().filter_map(|name| Some((name.clone(), attribute(Some(object), name, secret(name))?)));
        Value::object(entries)
    };
    let mut whole = hide(object, table.attributes);
    for block in table.blocks {
        if let Some(inner) = object.get(block.name)
            && let Kind::Object(entries) = &mut whole.kind
        {
            Arc::make_mut(entries).insert(block.name.into(), hide(inner, block.attributes).marked(object.marks));
        }
    }
    whole
}
