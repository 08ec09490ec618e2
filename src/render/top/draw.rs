//! The screen, drawn into a buffer of cells.

use super::lines::{COLUMNS, Line, Owner, Stands};
use super::logs::Logs;
use super::model::{BESIDE, Mode, Model};
use crate::live::span;
use crate::render::escape::harmless_line;
use crate::render::style::wrap;
use crate::render::table::{Grid, Table, cut};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

/// In the margin: the selected one, and those that are of no use. Both are seen without colours.
const MARGIN: u16 = 2;
/// From so many columns on there are two between two of the table: below, all that is asked for needs the room.
const ROOMY: u16 = 110;

/// Rows that news may take from what stands above: the API's own words are longer than a row.
const MOST_NEWS: usize = 5;

/// What the keys do; the last word of each is told in the help too.
const KEYS: &str = "q leave  / filter  s sort  S reverse  l logs  r reboot  ? help";

const HELP: [&str; 14] = [
    "Up, Down, j, k       one machine up or down",
    "PgUp, PgDn, g, G     a page; the first, the last",
    "/                    show only machines in whose line all these words stand;",
    "                     Enter keeps them, Esc takes them back",
    "s, S                 order by the next column; the other way round",
    "l, Enter             follow the console of the selected machine",
    "r                    reboot the selected machine; asks first",
    "Ctrl-L               draw everything anew",
    "q, Esc, Ctrl-C       leave",
    "",
    "CPU, Mem and Disk are in percent, Hourly and So far in USD.",
    "> is the selected machine, ! one that is of no use.",
    "",
    "Any key goes on.",
];

/// Draws all of it. Without `color` everything is told by signs and weight.
pub fn draw(model: &Model, color: bool, area: Rect, buf: &mut Buffer) {
    let pen = Pen { color, area };
    match &model.mode {
        Mode::Logs(logs) => console(logs, pen, buf),
        Mode::List | Mode::Filter { .. } => machines(model, pen, buf),
        Mode::Help => {
            machines(model, pen, buf);
            pen.popup("Keys", &HELP.map(str::to_owned), buf);
        }
        Mode::Confirm { name, words, .. } => {
            machines(model, pen, buf);
            let mut text = vec![format!("{name}:")];
            text.extend(words.lines().map(str::to_owned));
            text.extend([String::new(), "y reboots it, every other key does not.".to_owned()]);
            pen.popup("Do you really want to reboot this machine?", &text, buf);
        }
    }
}

/// Where is drawn, and whether in colours.
#[derive(Clone, Copy)]
struct Pen {
    color: bool,
    area: Rect,
}

impl Pen {
    fn colored(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }

    /// A line of text on a row; the last rows are counted from below. What is longer loses its middle.
    fn row(self, row: u16, text: &str, style: Style, buf: &mut Buffer) {
        if row < self.area.height {
            let text = cut(&harmless_line(text), self.area.width.into());
            buf.set_stringn(self.area.x, self.area.y + row, &text, self.area.width.into(), style);
        }
    }

    /// A text in the middle, over what stands there.
    fn popup(self, title: &str, text: &[String], buf: &mut Buffer) {
        let most = usize::from(self.area.width.saturating_sub(4));
        let title = cut(title, most);
        let lines: Vec<String> = text
            .iter()
            .flat_map(|text| match text.is_empty() {
                true => vec![String::new()],
                false => wrap(&harmless_line(text), most),
            })
            .collect();
        let widest = lines.iter().map(|line| line.width()).chain([title.width()]).max().unwrap_or(0).min(most);
        let size = |length: usize, most: u16| u16::try_from(length).unwrap_or(u16::MAX).saturating_add(2).min(most);
        let (width, height) = (size(widest + 2, self.area.width), size(lines.len(), self.area.height));
        let area = Rect {
            x: self.area.x + (self.area.width - width) / 2,
            y: self.area.y + (self.area.height - height) / 2,
            width,
            height,
        };
        Clear.render(area, buf);
        let block = Block::bordered().title(title);
        let inner = block.inner(area);
        block.render(area, buf);
        for (row, line) in (0..inner.height).zip(&lines) {
            let room = usize::from(inner.width.saturating_sub(2));
            buf.set_stringn(inner.x + 1, inner.y + row, cut(line, room), room, Style::new());
        }
    }
}

fn machines(model: &Model, pen: Pen, buf: &mut Buffer) {
    let Rect { width, height, .. } = pen.area;
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let title = match &model.fleet {
        Some(fleet) => format!("podform top: fleet \"{fleet}\""),
        None => "podform top".to_owned(),
    };
    pen.row(0, &beside(&title, &age(model), width), bold, buf);
    pen.row(1, &model.sums, Style::new(), buf);
    let shown = model.shown();
    let rows = usize::from(height.saturating_sub(BESIDE));
    match (model.age(), shown.is_empty()) {
        (None, _) => pen.row(3, "Waiting for the first answer of the API...", Style::new(), buf),
        (_, true) if model.count() == 0 => pen.row(3, "The account holds no machine.", Style::new(), buf),
        (_, true) => pen.row(3, "No machine is as the filter says.", Style::new(), buf),
        (_, false) => list(model, &shown, rows, pen, buf),
    }
    let below = |n: u16| height.saturating_sub(n).max(2);
    if let Some((_, line)) = model.selected() {
        let words = if line.words.is_empty() { String::new() } else { format!(": {}", line.words) };
        pen.row(below(3), &format!("{}{words}", line.name), Style::new(), buf);
    }
    let (news, style) = news(model, pen);
    let news: Vec<String> = wrap(&harmless_line(&news), width.into()).into_iter().take(MOST_NEWS).collect();
    for (line, row) in news.iter().rev().zip((2..below(1)).rev()) {
        let pad = " ".repeat(usize::from(width).saturating_sub(line.width()));
        pen.row(row, &format!("{line}{pad}"), style, buf);
    }
    pen.row(below(1), &keys(model, shown.len()), Style::new().add_modifier(Modifier::DIM), buf);
}

fn list(model: &Model, shown: &[&Line], rows: usize, pen: Pen, buf: &mut Buffer) {
    let table = Table {
        columns: COLUMNS.to_vec(),
        rows: shown.iter().map(|line| line.cells.clone()).collect(),
        ..Table::default()
    };
    let gap = if pen.area.width < ROOMY { 1 } else { 2 };
    let grid = Grid::of(&table, pen.area.width.saturating_sub(MARGIN).into(), gap);
    pen.row(2, &format!("  {}", grid.head), Style::new().add_modifier(Modifier::BOLD), buf);
    let first = model.first(rows);
    let selected = model.selected().map(|(at, _)| at);
    for (row, at) in (3..).zip((first..shown.len()).take(rows)) {
        let (Some(line), Some(text)) = (shown.get(at), grid.rows.get(at)) else { break };
        let is_selected = selected == Some(at);
        let sign = |shows: bool, sign| if shows { sign } else { ' ' };
        let margin = [sign(is_selected, '>'), sign(line.stands == Stands::Ails, '!')];
        let style = match (line.stands, line.owner) {
            (Stands::Ails, _) => pen.colored(Color::Red),
            (Stands::Starts, _) => pen.colored(Color::Yellow),
            (Stands::Runs, Owner::Other) => Style::new().add_modifier(Modifier::DIM),
            (Stands::Runs, Owner::Own | Owner::Nobody) => Style::new(),
        };
        let style = if is_selected { style.add_modifier(Modifier::REVERSED) } else { style };
        let text = format!("{}{text}", margin.iter().collect::<String>());
        let room = usize::from(pen.area.width);
        let pad = " ".repeat(room.saturating_sub(text.width()));
        buf.set_stringn(pen.area.x, pen.area.y + row, format!("{text}{pad}"), room, style);
    }
}

/// A text on the left, and one on the right where there is room.
fn beside(left: &str, right: &str, width: u16) -> String {
    let left = harmless_line(left);
    let room = usize::from(width).saturating_sub(left.width() + right.width());
    if room < 2 { left } else { format!("{left}{}{right}", " ".repeat(room)) }
}

fn age(model: &Model) -> String {
    match model.age().map(|age| age.as_secs()) {
        None => String::new(),
        Some(seconds @ ..120) => format!("as of {seconds}s ago"),
        Some(seconds) => format!("as of {} ago", span(seconds)),
    }
}

/// What is to be known now: what the last key led to, what is wrong with the account, or with the selected machine.
fn news(model: &Model, pen: Pen) -> (String, Style) {
    if let Some(notice) = &model.notice {
        return (notice.clone(), pen.colored(Color::Yellow));
    }
    if let Some(trouble) = &model.trouble {
        return (trouble.clone(), pen.colored(Color::Red));
    }
    let ails = model.selected().and_then(|(_, line)| line.ails.clone());
    (ails.map(|why| format!("! {why}")).unwrap_or_default(), pen.colored(Color::Red))
}

fn keys(model: &Model, shown: usize) -> String {
    match &model.mode {
        Mode::Filter { .. } => {
            format!("/{}_  {shown} of {}; Enter keeps it, Esc takes it back", model.filter, model.count())
        }
        _ if model.filter.is_empty() => format!("{KEYS}  by {}", model.order.words()),
        _ => format!(
            "/{}  {shown} of {}  Esc shows all  ? help  by {}",
            model.filter,
            model.count(),
            model.order.words()
        ),
    }
}

fn console(logs: &Logs, pen: Pen, buf: &mut Buffer) {
    let Rect { width, height, .. } = pen.area;
    let which = if logs.system { "System's console" } else { "Console" };
    let bold = Style::new().add_modifier(Modifier::BOLD);
    pen.row(0, &format!("{which} of {}", logs.name), bold, buf);
    let rows = usize::from(height.saturating_sub(2));
    for (row, line) in (1..).zip(logs.drawn(rows, width.into())) {
        pen.row(row, &line, Style::new(), buf);
    }
    let told = match (&logs.still, logs.up) {
        (Some(why), _) => why.clone(),
        (None, 0) => "Following".to_owned(),
        (None, up) => format!("{up} lines below"),
    };
    let other = if logs.system { "o the container's" } else { "o the system's" };
    let dim = Style::new().add_modifier(Modifier::DIM);
    pen.row(height.saturating_sub(1), &format!("Esc back  Up, Down, PgUp, PgDn  {other}  {told}"), dim, buf);
}
