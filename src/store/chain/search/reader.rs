//! One who only reads, at any time: what was durable when it began it must know.

use super::super::ask::{Answer, Ask, Steps};
use super::super::walk::{Walk, Walked};
use super::place::{Design, Place, Told};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reader {
    /// It has not begun.
    Idle,
    /// What it must know, and what the state told it.
    Reads(Walk, u8, Told),
    /// It has ended; `true` where it missed something.
    Over(bool),
}

impl Reader {
    pub fn begin(&mut self, place: &Place, design: Design) {
        *self = Reader::Reads(Walk::reading(), place.known(design).all(), Told::default());
    }

    /// Its next request is made.
    pub fn step(&mut self, place: &mut Place, design: Design) {
        let Reader::Reads(walk, must, told) = self else { return };
        let ask = walk.ask();
        if ask == Ask::State {
            *told = place.text().map(|text| text.told).unwrap_or_default();
        }
        let answer = place.perform(design, 0, false, &ask, None);
        // As with runs: an object that stands there is read just before the next one.
        let passes = matches!(answer, Answer::Link(Ok(Some(_))));
        match walk.answer(answer) {
            None if passes => self.step(place, design),
            None => {}
            Some(Walked::Read(read)) => {
                read.links.iter().for_each(|(_, link)| told.hear(&link.lines));
                *self = Reader::Over(*must & !told.all() != 0);
            }
            Some(_) => *self = Reader::Over(false),
        }
    }
}
