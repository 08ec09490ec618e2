//! The events of an apply as lines of text.

use crate::plan::{ApplyEvent, Settlement};
use crate::render::style::{ADD, BOLD, CHANGE, REMOVE, Style};
use crate::render::words::{cost_sentence, message};
use rust_decimal::Decimal;

/// The event as text for people, with the line break at its end.
pub fn event_text(event: &ApplyEvent, style: Style) -> String {
    let message = message(event);
    let paint = match event {
        ApplyEvent::StepFailed { .. } => REMOVE,
        ApplyEvent::StepSkipped { .. } | ApplyEvent::Settled { settlement: Settlement::StillInDoubt, .. } => CHANGE,
        ApplyEvent::Finished { complete: true, .. } => ADD.bold(),
        ApplyEvent::Finished { .. } => CHANGE.bold(),
        _ => BOLD,
    };
    match event {
        ApplyEvent::Finished { cost, planned, unpriced, .. } => {
            // What is too small to show is no difference, nor is what comes of the rounding of many bills.
            let is_rounded = (cost.0 - planned.0).abs() * Decimal::from(100_000) <= planned.0;
            let planned = match is_rounded || cost.to_string() == planned.to_string() || *unpriced > 0 {
                true => String::new(),
                false => format!(" The plan said {planned} per hour."),
            };
            format!("\n{}\n{}{planned}\n", style.paint(paint, &message), cost_sentence(*cost, *unpriced))
        }
        _ => match message.split_once(": ") {
            // An address may hold ": " in a key; only the drawing suffers.
            Some((address, rest)) => format!("{} {rest}\n", style.paint(paint, &format!("{address}:"))),
            None => format!("{message}\n"),
        },
    }
}
