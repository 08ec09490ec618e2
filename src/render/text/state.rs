//! The state as `show` and `state show` print it.

use super::page::{Page, Sign};
use super::value::assign;
use crate::address::InstanceAddr;
use crate::lang::json::type_from_json;
use crate::lang::{Type, Value};
use crate::render::escape::harmless_line;
use crate::render::style::{BOLD, Style};
use crate::render::value::value_text;
use crate::render::value::{recorded_object, recorded_value};
use crate::render::words::SENSITIVE;
use crate::review::{ObjectDiff, Shown};
use crate::state::{Attributes, OutputState, Record, State};
use std::collections::{BTreeMap, BTreeSet};
use unicode_width::UnicodeWidthStr;

/// Everything recorded: objects, then outputs.
pub fn state_text(state: &State, style: Style) -> String {
    if addresses(state).is_empty() && state.outputs.is_empty() {
        return "The state file is empty. No objects are recorded.\n".to_owned();
    }
    let mut page = Page::new(style);
    for address in addresses(state) {
        if let Some(record) = state.resources.get(address) {
            draw(&mut page, address, None, record);
        }
        if let Some(attributes) = state.data.get(address) {
            draw(&mut page, address, None, &of_data(attributes));
        }
        for (key, record) in state.deposed.get(address).into_iter().flatten() {
            draw(&mut page, address, Some(key), record);
        }
    }
    if !state.outputs.is_empty() {
        page.text.push_str("\n\nOutputs:\n\n");
        outputs(&mut page, &state.outputs);
    }
    page.text
}

/// One recorded object, as `state show` prints it; the key is that of a deposed one.
pub fn record_text(address: &InstanceAddr, deposed: Option<&str>, record: &Record, style: Style) -> String {
    let mut page = Page::new(style);
    draw(&mut page, address, deposed, record);
    page.text
}

/// What a data source showed, as `state show` prints it.
pub fn data_text(address: &InstanceAddr, attributes: &Attributes, style: Style) -> String {
    record_text(address, None, &of_data(attributes), style)
}

fn of_data(attributes: &Attributes) -> Record {
    Record { attributes: attributes.clone(), ..Record::default() }
}

fn addresses(state: &State) -> BTreeSet<&InstanceAddr> {
    state.resources.keys().chain(state.data.keys()).chain(state.deposed.keys()).collect()
}

/// Root outputs, as `output` and the end of an apply print them.
pub fn outputs_text(outputs: &BTreeMap<String, OutputState>, style: Style) -> String {
    let line = |(name, output): (&String, &OutputState)| match output.sensitive {
        true => format!("{name} = <sensitive>\n"),
        false => format!("{name} = {}\n", value_text(&value(output), style)),
    };
    outputs.iter().map(line).collect()
}

fn value(output: &OutputState) -> Value {
    recorded_value(&output.value, &type_from_json(&output.ty).unwrap_or(Type::Dynamic))
}

fn draw(page: &mut Page, address: &InstanceAddr, deposed: Option<&str>, record: &Record) {
    if !page.text.is_empty() {
        page.gap();
    }
    let deposed = deposed.map_or(String::new(), |key| format!(" (deposed object {key})"));
    let tainted = record.tainted.as_ref().map_or(String::new(), |why| format!(" (tainted: {})", harmless_line(why)));
    let head = page.style.paint(BOLD, &format!("# {address}:{deposed}{tainted}"));
    page.line(0, Sign::Same, &head);
    let object = recorded_object(address, record);
    page.object(0, Sign::Same, address, &ObjectDiff::unchanged(address, &object));
}

fn outputs(page: &mut Page, outputs: &BTreeMap<String, OutputState>) {
    let width = outputs.keys().map(|name| name.width()).max().unwrap_or(0);
    for (name, output) in outputs {
        let head = assign(name, width);
        if output.sensitive {
            page.line(0, Sign::Same, &format!("{head}{SENSITIVE}"));
            continue;
        }
        page.whole(0, Sign::Same, &head, Shown::of(&value(output)), "");
    }
}
