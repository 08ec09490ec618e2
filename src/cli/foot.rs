//! One line at the foot of a terminal that says what goes on. It stands only until anything else is printed, and nowhere but on a
//! terminal: a log keeps what happened.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use unicode_width::UnicodeWidthChar as _;

/// Back to the beginning of the line, and rid of what stands there.
const WIPE: &str = "\r\x1b[K";

/// Whether it is drawn. No lock: who waits for a reader of the one stream must not keep anybody from the other.
static DRAWN: AtomicBool = AtomicBool::new(false);

/// Makes place for what stays.
pub fn wipe() {
    if DRAWN.swap(false, Ordering::Relaxed) {
        let _ = std::io::stderr().write_all(WIPE.as_bytes());
    }
}

/// Draws it, in the place of the one before, on a terminal of so many columns.
pub fn draw(text: &str, columns: usize) {
    // The last column stays free: terminals go on to the next line when it is written.
    let mut free = columns.saturating_sub(1);
    let fits = |c: &char| c.width().is_some_and(|width| free.checked_sub(width).inspect(|left| free = *left).is_some());
    let text: String = text.chars().take_while(fits).collect();
    DRAWN.store(true, Ordering::Relaxed);
    let _ = std::io::stderr().write_all(format!("{WIPE}{text}").as_bytes());
}
