//! The console of one machine, followed.

use crate::clusters::clusters;
use crate::live::console::GAP;
use crate::live::{MachineId, Tail};
use crate::render::escape::harmless_line;
use unicode_width::UnicodeWidthStr;

/// Lines that are kept: of a console that is followed for days, the last ones.
const MOST: usize = 2_000;

/// Both consoles of a machine, as one look showed them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consoles {
    /// The container's.
    pub own: String,
    /// The system's: pulling the image, starting the container.
    pub system: String,
}

/// What is followed.
#[derive(Clone, Debug)]
pub struct Logs {
    /// Whose console.
    pub id: MachineId,
    /// Which machine, in full.
    pub name: String,
    /// It is the system's.
    pub system: bool,
    /// Why there is nothing new at the moment, or any more.
    pub still: Option<String>,
    /// How many drawn lines the last one stands below the lower edge.
    pub up: usize,
    tail: Tail,
    lines: Vec<String>,
    last: Consoles,
}

impl Logs {
    /// Nothing was seen yet.
    pub fn of(id: MachineId, name: String) -> Logs {
        let still = Some("Reading it...".to_owned());
        let (tail, lines, last) = (Tail::default(), Vec::new(), Consoles::default());
        Logs { id, name, system: false, still, up: 0, tail, lines, last }
    }

    /// Takes a look in.
    pub fn look(&mut self, consoles: Consoles) {
        let news = self.tail.look(if self.system { &consoles.system } else { &consoles.own });
        if news.gap {
            self.lines.push(format!("({GAP})"));
        }
        self.lines.extend(news.lines.iter().map(|line| harmless_line(line)));
        let over = self.lines.len().saturating_sub(MOST);
        self.lines.drain(..over);
        self.last = consoles;
        self.still = None;
    }

    /// Nothing will come any more.
    pub fn end(&mut self, why: String) {
        self.lines.extend(self.tail.rest().map(|line| harmless_line(&line)));
        self.still = Some(why);
    }

    /// Shows the other console.
    pub fn switch(&mut self) {
        let (consoles, still) = (std::mem::take(&mut self.last), self.still.take());
        *self = Logs { system: !self.system, ..Logs::of(self.id, std::mem::take(&mut self.name)) };
        self.look(consoles);
        self.still = still;
    }

    /// The lines that stand on so many rows of so many columns; a line goes on below where it is longer.
    pub fn drawn(&self, rows: usize, columns: usize) -> Vec<String> {
        let lines: Vec<String> = self.lines.iter().flat_map(|line| folded(line, columns)).collect();
        let end = lines.len() - self.up.min(lines.len().saturating_sub(rows));
        lines[end.saturating_sub(rows)..end].to_vec()
    }

    /// Goes up, or down where it is negative; no farther than the first line.
    pub fn scroll(&mut self, by: isize, (rows, columns): (usize, usize)) {
        let lines: usize = self.lines.iter().map(|line| folded(line, columns).len()).sum();
        self.up = self.up.saturating_add_signed(by).min(lines.saturating_sub(rows));
    }
}

fn folded(line: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut width = 0;
    for cluster in clusters(line) {
        let wide = cluster.width();
        if width + wide > columns && width > 0 {
            lines.push(String::new());
            width = 0;
        }
        width += wide;
        if let Some(last) = lines.last_mut() {
            last.push_str(cluster);
        }
    }
    lines
}
