//! What the fleet costs, now and afterwards.

use super::page::{Detail, Page, Sign};
use crate::money::{HOURS_PER_MONTH, Usd};
use crate::render::style::{ADD, BOLD, DIM, REMOVE, Style, wrap};
use crate::render::words::{count, proof_sentence, seat_text};
use crate::review::{CostLine, FleetCost, Review};
use unicode_width::UnicodeWidthStr;

const COLUMNS: usize = 7;
const NAME: usize = 0;
const SEAT: usize = 1;
const PRICE: usize = 2;
const CHANGE: usize = 6;
/// Places behind the point of what is paid per hour, and per month.
const HOURLY: usize = 4;
const MONTHLY: usize = 2;
/// So many lines stand in the table; what is beyond is one more.
const MOST_LINES: usize = 24;
/// So many, where each machine has a row of its own above.
const FEW_LINES: usize = 4;

/// One line of the table: name, machine and place, price per GPU-hour, now, after, at most, change.
struct Row {
    sign: Sign,
    cells: [String; COLUMNS],
    paint: anstyle::Style,
}

/// What is paid now, afterwards, and in the worst case.
#[derive(Clone, Copy)]
struct Amounts(Usd, Usd, Usd);

impl Amounts {
    fn and(self, other: Amounts) -> Amounts {
        Amounts(self.0 + other.0, self.1 + other.1, self.2 + other.2)
    }

    fn per_month(self) -> Amounts {
        Amounts(self.0.per_month(), self.1.per_month(), self.2.per_month())
    }
}

impl Row {
    fn of(sign: Sign, paint: anstyle::Style, name: String, amounts: Amounts, places: usize) -> Row {
        let Amounts(before, after, worst) = amounts;
        let mut cells: [String; COLUMNS] = Default::default();
        cells[NAME] = name;
        let sums =
            [amount(before, places), amount(after, places), amount(worst, places), difference(after - before, places)];
        cells[CHANGE - 3..].clone_from_slice(&sums);
        Row { sign, cells, paint }
    }
}

/// The table: a line for all machines that are alike, then the fleet's total per hour and per month.
pub fn table(page: &mut Page, review: &Review<'_>, detail: Detail) {
    let rows = match detail {
        Detail::Short => rows(&review.cost, FEW_LINES, &by_block(&review.cost)),
        Detail::Full => rows(&review.cost, MOST_LINES, &review.cost.lines.iter().map(Line::of).collect::<Vec<_>>()),
    };
    let layout = Layout::of(&rows, page.style.row_columns());
    page.gap();
    for row in &rows {
        for (at, line) in layout.lines(page.style, row).into_iter().enumerate() {
            page.line(1, if at == 0 { row.sign } else { Sign::Same }, &line);
        }
    }
    if let Some(proof) = review.proof {
        for line in wrap(&proof_sentence(proof), page.style.columns().saturating_sub(4)) {
            page.line(1, Sign::Same, &page.style.paint(DIM, &line));
        }
    }
}

fn rows(cost: &FleetCost<'_>, most: usize, lines: &[Line<'_>]) -> Vec<Row> {
    let plain = anstyle::Style::new();
    let titles = ["Cost", "Machine", "GPU-hour", "Now/h", "After/h", "At most/h", "Change/h"].map(str::to_owned);
    let mut rows = vec![Row { sign: Sign::Same, cells: titles, paint: BOLD }];
    // One line more is as long as the one that tells how many are left out.
    let shown = if lines.len() > most + 1 { most } else { lines.len() };
    for line in &lines[..shown] {
        let mut row = Row::of(line.sign(), plain, line.title(), line.amounts(), HOURLY);
        row.cells[SEAT].clone_from(&line.seat);
        row.cells[PRICE] = line.sums.prices.map_or(String::new(), prices);
        rows.push(row);
    }
    let rest = &lines[shown..];
    if !rest.is_empty() {
        let sum = rest.iter().map(Line::amounts).fold(Amounts(Usd::ZERO, Usd::ZERO, Usd::ZERO), Amounts::and);
        let machines: usize = rest.iter().map(|line| line.sums.count).sum();
        rows.push(Row::of(Sign::Same, DIM, format!("and {} more", count(machines, "machine")), sum, HOURLY));
    }
    if cost.unchanged > 0 {
        let same = cost.unchanged_cost;
        let name = count(cost.unchanged, "unchanged instance");
        rows.push(Row::of(Sign::Same, DIM, name, Amounts(same, same, same), HOURLY));
    }
    let total = Amounts(cost.before, cost.after, cost.worst_case);
    rows.push(Row::of(Sign::Same, BOLD, "Fleet per hour".to_owned(), total, HOURLY));
    let month = format!("Fleet per month ({HOURS_PER_MONTH} h)");
    rows.push(Row::of(Sign::Same, BOLD, month, total.per_month(), MONTHLY));
    rows
}

/// Machines in one line, and where those are in words.
struct Line<'p> {
    sums: CostLine<'p>,
    seat: String,
    /// In how many places they are, where those are not told one by one.
    places: usize,
}

impl<'p> Line<'p> {
    fn of(line: &CostLine<'p>) -> Line<'p> {
        Line { sums: line.clone(), seat: seat_text(&line.seat), places: 1 }
    }

    fn sign(&self) -> Sign {
        Sign::of_action(self.sums.action, self.sums.new_first)
    }

    fn title(&self) -> String {
        match self.sums.count {
            1 => self.sums.name(),
            many => format!("{} ({many})", self.sums.name()),
        }
    }

    fn amounts(&self) -> Amounts {
        Amounts(self.sums.before, self.sums.after, self.sums.worst_case)
    }
}

/// Lines of one block and action as one, where there are several: each machine has a row of its own above.
fn by_block<'p>(cost: &FleetCost<'p>) -> Vec<Line<'p>> {
    let mut found: Vec<Line<'p>> = Vec::new();
    for line in &cost.lines {
        let next = Line::of(line);
        let alike = |first: &&mut Line<'_>| first.sums.block() == line.block() && first.sign() == next.sign();
        let Some(first) = found.iter_mut().find(alike) else {
            found.push(next);
            continue;
        };
        first.sums.add(line);
        first.places += 1;
        let machine = |seat: &str| seat.split(", ").next().unwrap_or_default().to_owned();
        first.seat = match machine(&first.seat) {
            one if one == machine(&next.seat) => format!("{one}, {} places", first.places),
            _ => format!("{} kinds", first.places),
        };
    }
    found
}

/// `$0.3140`, `$0.3140..0.3360`.
fn prices((low, high): (Usd, Usd)) -> String {
    let text = |price: Usd| format!("{price:.HOURLY$}");
    match low == high {
        true => text(low),
        false => format!("{}..{}", text(low), text(high).trim_start_matches('$')),
    }
}

fn amount(amount: Usd, places: usize) -> String {
    if amount == Usd::ZERO { "-".to_owned() } else { format!("{amount:.places$}") }
}

/// With its sign; nothing for none.
fn difference(amount: Usd, places: usize) -> String {
    match amount.cmp(&Usd::ZERO) {
        std::cmp::Ordering::Greater => format!("+{amount:.places$}"),
        std::cmp::Ordering::Less => format!("{amount:.places$}"),
        std::cmp::Ordering::Equal => String::new(),
    }
}

/// How wide the columns are, and whether a machine stands below its name: it is always shown, and so is every sum but the
/// difference, which the two before it tell; where that is not enough, the price goes.
struct Layout {
    widths: [usize; COLUMNS],
    below: bool,
}

/// Between two columns.
const GAP: usize = 2;
/// What stands below a name stands a little to the right.
const INDENT: usize = 4;

impl Layout {
    fn of(rows: &[Row], page: usize) -> Layout {
        let mut widths = [0; COLUMNS];
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = cell.width().max(*width);
            }
        }
        let room = page.saturating_sub(4);
        let total = |widths: &[usize]| widths.iter().filter(|w| **w > 0).map(|w| w + GAP).sum::<usize>() - GAP;
        let below = total(&widths) > room;
        if below {
            // A name has its line for itself, the totals stand beside the sums.
            let totals = rows.iter().filter(|row| row.cells[SEAT].is_empty());
            let totals = totals.map(|row| row.cells[NAME].width()).max().unwrap_or(0);
            let seats = rows.iter().skip(1).map(|row| row.cells[SEAT].width()).max().unwrap_or(0);
            widths[NAME] = totals.max(seats + INDENT);
            widths[SEAT] = 0;
            // Prices stand with the machines above, too.
            for spare in [CHANGE, PRICE] {
                if total(&widths) > room {
                    widths[spare] = 0;
                }
            }
        }
        Layout { widths, below }
    }

    /// One line, or two.
    fn lines(&self, style: Style, row: &Row) -> Vec<String> {
        if !self.below || row.cells[SEAT].is_empty() || row.cells[NAME] == "Cost" {
            return vec![self.line(style, row, &row.cells[NAME])];
        }
        let seat = format!("{}{}", " ".repeat(INDENT), row.cells[SEAT]);
        vec![style.paint(row.paint, &row.cells[NAME]), self.line(style, row, &seat)]
    }

    fn line(&self, style: Style, row: &Row, first: &str) -> String {
        let mut cells = Vec::new();
        for (column, (cell, &width)) in row.cells.iter().zip(&self.widths).enumerate() {
            let cell = if column == NAME { first } else { cell };
            if width == 0 {
                continue;
            }
            let gap = " ".repeat(width.saturating_sub(cell.width()));
            let paint = match column {
                CHANGE if cell.starts_with('+') => row.paint.fg_color(REMOVE.get_fg_color()),
                CHANGE if cell.starts_with('-') => row.paint.fg_color(ADD.get_fg_color()),
                _ => row.paint,
            };
            let painted = style.paint(paint, cell);
            cells.push(if column <= SEAT { format!("{painted}{gap}") } else { format!("{gap}{painted}") });
        }
        cells.join(&" ".repeat(GAP)).trim_end().to_owned()
    }
}
