//! The events of an apply as lines of text.

use crate::plan::{ApplyEvent, Settlement};
use crate::render::style::{ADD, BOLD, CHANGE, REMOVE, Style};
use crate::render::words::{cost_sentence, message};

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
        ApplyEvent::Finished { cost, .. } => format!("\n{}\n{}\n", style.paint(paint, &message), cost_sentence(*cost)),
        _ => match message.split_once(": ") {
            // An address may hold ": " in a key; only the drawing suffers.
            Some((address, rest)) => format!("{} {rest}\n", style.paint(paint, &format!("{address}:"))),
            None => format!("{message}\n"),
        },
    }
}
