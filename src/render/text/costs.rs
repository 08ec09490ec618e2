//! What the fleet costs by the hour and has cost, as `cost` shows it.

use crate::money::Usd;
use crate::render::style::{BOLD, DIM, Style, wrap};
use crate::render::words::{count, machine_name, machine_seat, runway_of, runway_sentence};
use crate::state::Costs;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

const COLUMNS: usize = 5;
/// Between two columns.
const GAP: &str = "  ";

/// One line: what, machine and place, per hour, per month, so far.
struct Row {
    cells: [String; COLUMNS],
    paint: anstyle::Style,
}

/// The whole of it.
pub fn costs_text(costs: &Costs, style: Style) -> String {
    let rows = rows(costs);
    let mut widths = [0; COLUMNS];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = cell.width().max(*width);
        }
    }
    // Where the page is narrow a machine stands below its address: both are always shown.
    let below = widths.iter().sum::<usize>() + GAP.len() * (COLUMNS - 1) > style.columns();
    if below {
        let short = rows.iter().filter(|row| row.cells[1].is_empty()).map(|row| row.cells[0].width()).max();
        widths[0] = short.unwrap_or(0).max(widths[1] + GAP.len());
        widths[1] = 0;
    }
    let mut text = String::new();
    for row in &rows {
        let [name, seat, sums @ ..] = &row.cells;
        let mut first = name.clone();
        if below && !seat.is_empty() {
            let _ = writeln!(text, "{}", style.paint(row.paint, name));
            first = format!("{GAP}{seat}");
        }
        let mut line = format!("{first}{}", " ".repeat(widths[0].saturating_sub(first.width())));
        if !below {
            let _ = write!(line, "{GAP}{seat}{}", " ".repeat(widths[1].saturating_sub(seat.width())));
        }
        for (sum, width) in sums.iter().zip(&widths[2..]) {
            let _ = write!(line, "{GAP}{}{sum}", " ".repeat(width.saturating_sub(sum.width())));
        }
        let _ = writeln!(text, "{}", style.paint(row.paint, line.trim_end()));
    }
    let untold = "The API's list of usage tells of no machine, so what they have cost is not known.";
    let notes = runway_sentence(&runway_of(costs)).into_iter().chain(costs.without_usage.then(|| untold.to_owned()));
    for note in notes {
        text.push('\n');
        for line in wrap(&note, style.columns()) {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

fn rows(costs: &Costs) -> Vec<Row> {
    let plain = anstyle::Style::new();
    let row = |name: String, seat: String, hourly: Option<Usd>, so_far: Option<Usd>, paint| Row {
        cells: [name, seat, amount(hourly, 4), amount(hourly.map(Usd::per_month), 2), amount(so_far, 2)],
        paint,
    };
    let titles = ["Cost", "Machine", "Per hour", "Per month", "So far"].map(str::to_owned);
    let mut rows = vec![Row { cells: titles, paint: BOLD }];
    for machine in &costs.machines {
        rows.push(row(machine_name(machine), machine_seat(machine), machine.hourly, machine.so_far, plain));
    }
    let known = |so_far: Usd| (!costs.without_usage).then_some(so_far);
    let sum = (Some(costs.hourly()), known(costs.so_far()));
    rows.push(row("This fleet".to_owned(), String::new(), sum.0, sum.1, BOLD));
    if costs.others.count > 0 {
        let name = format!("{} not of this fleet", count(costs.others.count, "machine"));
        rows.push(row(name, String::new(), Some(costs.others.hourly), known(costs.others.so_far), DIM));
    }
    if costs.released.count > 0 {
        let name = format!("{} released, of any fleet", count(costs.released.count, "machine"));
        rows.push(row(name, String::new(), None, known(costs.released.so_far), DIM));
    }
    rows
}

fn amount(amount: Option<Usd>, places: usize) -> String {
    amount.map_or_else(|| "-".to_owned(), |amount| format!("{amount:.places$}"))
}
