//! Whose turn it is: rents whose machines could be taken for one another's go one after the other, all others at once.
//!
//! Where the answer to a rent names an id, or the environment of a machine can be read, nothing is ever confused. Whether
//! this API does either is not known before the first answer. So the first rent of a shape goes alone, until it
//! is answered; after the first answer with an id nobody waits any more, unless a rent that was not answered is searched for.
//! A rent that stays in doubt, of this run or an earlier one, is not joined by another of its shape before that.

use crate::address::InstanceAddr;
use crate::live::GroupId;
use crate::state::Intent;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// What two rents order alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    group: GroupId,
    /// In lower case.
    model: String,
    count: u32,
}

impl Shape {
    /// Of a rent.
    pub fn of(group: GroupId, model: &str, count: u32) -> Shape {
        Shape { group, model: model.to_lowercase(), count }
    }

    /// Of the intent of one.
    fn of_intent(intent: &Intent) -> Option<Shape> {
        Some(Shape::of(GroupId(intent.group_id?), intent.gpu_model.as_deref()?, intent.gpu_count?))
    }
}

/// Who may send a rent now.
#[derive(Debug)]
pub(super) struct Turns(Arc<Board>);

/// The answers, and who waits for them: woken in the order in which they came.
#[derive(Debug, Default)]
struct Board {
    answers: Mutex<Answers>,
    changed: Notify,
}

impl Board {
    fn with<T>(&self, look: impl FnOnce(&mut Answers) -> T) -> T {
        look(&mut self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Answers)) {
        self.with(change);
        self.changed.notify_waiters();
    }
}

/// What the answers of this apply have shown so far.
#[derive(Debug, Default)]
struct Answers {
    /// One named an id.
    names_ids: bool,
    /// A machine showed its claim: whatever is not answered can be told apart.
    shows_claims: bool,
    /// Rents without a known machine, by shape.
    open: BTreeMap<Shape, Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// Sent, not answered yet.
    sent: usize,
    /// Looked for.
    searched: usize,
    /// Looked for in vain: the first such address.
    lost: Option<InstanceAddr>,
}

/// The answer to a question for a turn.
#[derive(Debug, PartialEq)]
enum May {
    Go,
    Wait,
    Never(InstanceAddr),
}

impl Answers {
    fn may(&self, shape: &Shape) -> May {
        let Some(open) = self.open.get(shape).filter(|_| !self.shows_claims) else { return May::Go };
        match &open.lost {
            Some(address) if !self.names_ids => May::Never(address.clone()),
            _ if open.searched > 0 || (open.sent > 0 && !self.names_ids) => May::Wait,
            _ => May::Go,
        }
    }
}

impl Turns {
    /// With rents of earlier runs that stay in doubt.
    ///
    /// Such a rent counts as one that was searched for in vain, which it was. An equal one beside it, not answered with an
    /// id, would leave two machines for two addresses, and either could be either's: one doubt would become two. What the
    /// API showed to earlier runs is not recorded, and may have changed; so this apply learns it anew. Once an answer of
    /// any shape names an id, or a machine shows its claim, the new rent is sure of its own machine, and may go.
    pub fn beside<'a>(in_doubt: impl IntoIterator<Item = &'a Intent>) -> Turns {
        let turns = Turns(Arc::default());
        turns.0.with(|answers| {
            let shaped = in_doubt.into_iter().filter_map(|intent| Some((Shape::of_intent(intent)?, intent)));
            for (shape, intent) in shaped {
                let open = answers.open.entry(shape).or_default();
                open.lost.get_or_insert_with(|| intent.address.clone());
            }
        });
        turns
    }

    /// A turn for a rent of this shape, if it need not be waited for.
    ///
    /// # Errors
    /// The address of a rent of the same shape that stays in doubt: another one would only add to the doubt.
    pub fn take(&self, shape: &Shape) -> Result<Option<Turn>, InstanceAddr> {
        let may = self.0.with(|answers| {
            let may = answers.may(shape);
            if may == May::Go {
                answers.open.entry(shape.clone()).or_default().sent += 1;
            }
            may
        });
        match may {
            May::Go => Ok(Some(Turn { of: self.0.clone(), shape: shape.clone(), searches: false })),
            May::Wait => Ok(None),
            May::Never(address) => Err(address),
        }
    }

    /// Returns when a turn of this shape need not be waited for any more; somebody else may be faster.
    pub async fn wait(&self, shape: &Shape) {
        loop {
            let mut changed = std::pin::pin!(self.0.changed.notified());
            // Whoever looks first and waits then must not miss what happens in between.
            changed.as_mut().enable();
            if self.0.with(|answers| answers.may(shape)) != May::Wait {
                return;
            }
            changed.await;
        }
    }

    /// A machine showed its claim.
    pub fn claim_was_read(&self) {
        self.0.change(|answers| answers.shows_claims = true);
    }
}

/// The turn of one rent, from before it is sent until its machine is known, or it is given up.
#[derive(Debug)]
pub(super) struct Turn {
    of: Arc<Board>,
    shape: Shape,
    searches: bool,
}

impl Turn {
    /// The answer named an id.
    pub fn answered(self) {
        self.of.change(|answers| answers.names_ids = true);
    }

    /// The answer named none, or there was none: the machine is looked for.
    pub fn searches(&mut self) {
        self.searches = true;
        self.of.change(|answers| {
            if let Some(open) = answers.open.get_mut(&self.shape) {
                open.sent = open.sent.saturating_sub(1);
                open.searched += 1;
            }
        });
    }

    /// The search ended in doubt.
    pub fn lost(self, address: &InstanceAddr) {
        self.of.change(|answers| {
            if let Some(open) = answers.open.get_mut(&self.shape) {
                open.lost.get_or_insert_with(|| address.clone());
            }
        });
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.of.change(|answers| {
            if let Some(open) = answers.open.get_mut(&self.shape) {
                let count = if self.searches { &mut open.searched } else { &mut open.sent };
                *count = count.saturating_sub(1);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::IntentAction;
    use jiff::Timestamp;

    /// A rent of an earlier run, in doubt.
    fn in_doubt(model: &str) -> Intent {
        let intent = Intent::new("c0ffee".into(), IntentAction::RENT, address(), Timestamp::UNIX_EPOCH);
        Intent { group_id: Some(7), gpu_model: Some(model.to_owned()), gpu_count: Some(1), ..intent }
    }

    fn shape(model: &str) -> Shape {
        Shape::of(GroupId(7), model, 1)
    }

    fn address() -> InstanceAddr {
        "simplepod_instance.a".parse().expect("an address")
    }

    #[test]
    fn the_first_of_a_shape_goes_alone_until_an_answer_names_an_id() {
        let turns = Turns::beside([]);
        let first = turns.take(&shape("a")).expect("no doubt").expect("a turn");
        assert!(matches!(turns.take(&shape("a")), Ok(None)));
        let other = turns.take(&shape("b")).expect("no doubt").expect("a turn");
        first.answered();
        let all: Vec<_> = (0..3).map(|_| turns.take(&shape("a"))).collect();
        assert!(all.iter().all(|turn| matches!(turn, Ok(Some(_)))));
        assert!(matches!(turns.take(&shape("b")), Ok(Some(_))));
        drop(other);
    }

    #[test]
    fn what_is_searched_for_is_waited_for_unless_claims_are_shown() {
        let turns = Turns::beside([]);
        turns.take(&shape("a")).expect("no doubt").expect("a turn").answered();
        let mut lost = turns.take(&shape("a")).expect("no doubt").expect("a turn");
        lost.searches();
        assert!(matches!(turns.take(&shape("a")), Ok(None)));
        assert!(matches!(turns.take(&shape("b")), Ok(Some(_))));
        turns.claim_was_read();
        assert!(matches!(turns.take(&shape("a")), Ok(Some(_))));
    }

    #[test]
    fn after_a_search_in_vain_nothing_of_the_shape_is_sent() {
        let turns = Turns::beside([]);
        let mut first = turns.take(&shape("a")).expect("no doubt").expect("a turn");
        first.searches();
        first.lost(&address());
        assert!(turns.take(&shape("a")).is_err());
        turns.take(&shape("b")).expect("no doubt").expect("a turn").answered();
        assert!(matches!(turns.take(&shape("a")), Ok(Some(_))));
    }

    #[test]
    fn nothing_is_rented_beside_an_equal_rent_of_an_earlier_run_until_the_two_can_be_told_apart() {
        let turns = Turns::beside([&in_doubt("A")]);
        assert_eq!(turns.take(&shape("a")).err(), Some(address()));
        turns.take(&shape("b")).expect("no doubt").expect("a turn").answered();
        assert!(matches!(turns.take(&shape("a")), Ok(Some(_))), "an answer named an id");
        let turns = Turns::beside([&in_doubt("a")]);
        turns.claim_was_read();
        assert!(matches!(turns.take(&shape("a")), Ok(Some(_))), "claims are shown");
    }

    #[tokio::test]
    async fn who_waits_goes_on_when_the_turn_ends() {
        let turns = Turns::beside([]);
        let first = turns.take(&shape("a")).expect("no doubt").expect("a turn");
        let of_a = shape("a");
        let waiting = turns.wait(&of_a);
        let ending = async { drop(first) };
        futures::join!(waiting, ending);
        assert!(matches!(turns.take(&shape("a")), Ok(Some(_))));
    }
}
