//! The state as `show` and `state show` print it.

use super::escape::visible;
use super::page::{Page, Sign};
use super::style::{BOLD, Style};
use super::value_diff::{SENSITIVE, assign};
use super::{recorded, resource};
use crate::address::InstanceAddr;
use crate::lang::Type;
use crate::lang::json::type_from_json;
use crate::state::{OutputState, Record, State};
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthStr;

/// Everything recorded: objects, then outputs.
pub fn state_text(state: &State, style: Style) -> String {
    if state.resources.is_empty() && state.outputs.is_empty() {
        return "The state file is empty. No objects are recorded.\n".to_owned();
    }
    let mut page = Page::new(style);
    for (at, (address, record)) in state.resources.iter().enumerate() {
        if at > 0 {
            page.gap();
        }
        draw(&mut page, address, record);
    }
    if !state.outputs.is_empty() {
        page.text.push_str("\n\nOutputs:\n\n");
        outputs(&mut page, &state.outputs);
    }
    page.text
}

/// One recorded object, as `state show` prints it.
pub fn record_text(address: &InstanceAddr, record: &Record, style: Style) -> String {
    let mut page = Page::new(style);
    draw(&mut page, address, record);
    page.text
}

fn draw(page: &mut Page, address: &InstanceAddr, record: &Record) {
    let tainted = record.tainted.as_ref().map_or(String::new(), |why| format!(" (tainted: {})", visible(why)));
    let head = page.style.paint(BOLD, &format!("# {address}:{tainted}"));
    page.line(0, Sign::Same, &head);
    let object = recorded::object(address, record);
    resource::block(page, 0, Sign::Same, address, (Some(&object), Some(&object)), &[]);
}

fn outputs(page: &mut Page, outputs: &BTreeMap<String, OutputState>) {
    let width = outputs.keys().map(|name| name.width()).max().unwrap_or(0);
    for (name, output) in outputs {
        let head = assign(name, width);
        if output.sensitive {
            page.line(0, Sign::Same, &format!("{head}{SENSITIVE}"));
            continue;
        }
        let ty = type_from_json(&output.ty).unwrap_or(Type::Dynamic);
        page.whole(0, Sign::Same, &head, &recorded::value(&output.value, &ty), "");
    }
}
