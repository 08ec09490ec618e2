//! What is new of a console of which the API shows the last few kilobytes (API sheet §3.9).

use std::time::Duration;

/// Between looks of who follows it: the buffer holds about 3 KB, some forty lines.
pub const PAUSE: Duration = Duration::from_secs(3);

/// What is told of [`News::gap`].
pub const GAP: &str = "The console began anew, or more was written than the API keeps: lines may be missing here.";

/// The console as it was seen last.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    /// Its lines, those that were told.
    told: Vec<String>,
    /// A last line without an end: it may still grow, and is told once it stands.
    growing: String,
    /// One that was told because it stood for a while, and may go on all the same.
    paused: Option<String>,
    seen: bool,
}

/// What a look brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Nothing of what was told before stands there: more was written than the buffer holds, or the console began anew.
    pub gap: bool,
    /// Lines that were not told yet.
    pub lines: Vec<String>,
}

impl Tail {
    /// Takes a look in. A line that repeats over and over looks like one that stands there once the buffer is full: then it
    /// is told once.
    pub fn look(&mut self, console: &str) -> News {
        let mut lines: Vec<String> = console.split('\n').map(str::to_owned).collect();
        let last = lines.pop().unwrap_or_default();
        let known = self.known(&lines);
        let gap = self.seen && !self.told.is_empty() && known.is_none() && !lines.is_empty();
        let mut news = lines.get(known.unwrap_or(0)..).unwrap_or_default().to_vec();
        if self.paused.is_some() && news.first() == self.paused.as_ref() {
            news.remove(0);
            self.paused = None;
        }
        if !last.is_empty() && last == self.growing && self.paused.as_ref() != Some(&last) {
            news.push(last.clone());
            self.paused = Some(last.clone());
        }
        self.growing = last;
        self.seen = true;
        // What is shown for a moment as nothing does not make the next look one of another console.
        if !lines.is_empty() {
            self.told = lines;
        }
        News { gap, lines: news }
    }

    /// The line that had no end when the console ended.
    pub fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.growing);
        (!rest.is_empty() && self.paused.as_ref() != Some(&rest)).then_some(rest)
    }

    /// How many of the first lines are the last ones that were told. The buffer may cut its first line anywhere.
    fn known(&self, lines: &[String]) -> Option<usize> {
        let same = |count: usize| {
            let told = &self.told[self.told.len() - count..];
            let rest = told.iter().zip(lines).skip(1).all(|(told, line)| told == line);
            rest && told.first().zip(lines.first()).is_some_and(|(told, line)| is_end(line, told))
        };
        (1..=self.told.len().min(lines.len())).rev().find(|count| same(*count))
    }
}

/// Whether a line is all of another, or what the edge of the buffer left of it: there a character may be cut too.
fn is_end(line: &str, of: &str) -> bool {
    line == of || (!line.is_empty() && of.ends_with(line.trim_start_matches('\u{fffd}')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(tail: &mut Tail, console: &str) -> String {
        let News { gap, lines } = tail.look(console);
        format!("{}{}", if gap { "~" } else { "" }, lines.join("|"))
    }

    #[test]
    fn what_is_new_is_told_once() {
        let mut tail = Tail::default();
        assert_eq!(told(&mut tail, "a\nb\n"), "a|b");
        assert_eq!(told(&mut tail, "a\nb\n"), "");
        assert_eq!(told(&mut tail, "a\nb\nc\nd\n"), "c|d");
        assert_eq!(told(&mut tail, "c\nd\ne\n"), "e", "the buffer moved on");
        assert_eq!(told(&mut tail, ""), "");
        assert_eq!(told(&mut tail, "d\ne\nf\n"), "f");
        assert_eq!(told(&mut tail, "x\ny\n"), "~x|y");
    }

    #[test]
    fn the_edge_of_the_buffer_cuts_lines_and_characters() {
        let mut tail = Tail::default();
        told(&mut tail, "a first line\nsecond\n");
        assert_eq!(told(&mut tail, "rst line\nsecond\nthird\n"), "third");
        told(&mut tail, "läuft\n");
        assert_eq!(told(&mut tail, "\u{fffd}uft\nweiter\n"), "weiter");
    }

    #[test]
    fn a_line_that_grows_is_told_when_it_stands() {
        let mut tail = Tail::default();
        assert_eq!(told(&mut tail, "a\n10%"), "a");
        assert_eq!(told(&mut tail, "a\n50%"), "");
        assert_eq!(told(&mut tail, "a\n100%\nb"), "100%");
        assert_eq!(told(&mut tail, "a\n100%\nb"), "b");
        assert_eq!(told(&mut tail, "a\n100%\nb"), "");
        assert_eq!(told(&mut tail, "a\n100%\nb\nc"), "", "it ended after all");
        assert_eq!(told(&mut tail, "a\n100%\nb\nc"), "c");
        assert_eq!(told(&mut tail, "a\n100%\nb\nc d\ne"), "c d", "it went on");
        assert_eq!(tail.rest().as_deref(), Some("e"));
        assert_eq!(tail.rest(), None);
    }
}
