//! What stands above a plan that is not live.

use super::page::{Page, Sign};
use crate::render::style::{BOLD, Style};
use crate::render::words::as_of;
use jiff::Timestamp;

/// Above the plan.
pub fn as_of_text(at: Timestamp, style: Style) -> String {
    let [when, means] = as_of(at);
    let mut page = Page::new(style);
    page.line(0, Sign::Same, &style.paint(BOLD, &when));
    page.paragraph(&means);
    page.gap();
    page.text
}
