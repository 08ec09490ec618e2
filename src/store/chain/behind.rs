//! A state that was put back: its chain had gone on, and objects of it stand where this run would write sooner or later.

use super::link::Link;
use super::store::Chain;
use super::walk::Taker;
use crate::store::{Lock, Objects, Part, StoreError, Written};
use jiff::Timestamp;
use uuid::Uuid;

impl<O: Objects, L: Lock> Chain<O, L> {
    /// Whoever took over in a gap goes on behind all that stands there. What stands right behind the gap is of the chain again;
    /// over the next gap a seal leads to the end of the former chain, and one stands there, for whoever writes at that end
    /// still. Returns the lines of all that.
    ///
    /// # Errors
    /// It cannot be read or written; another run went on meanwhile.
    pub(super) async fn go_behind(&mut self, taker: &Taker) -> Result<String, StoreError> {
        let mut lines = String::new();
        while let Some(link) = self.following().await? {
            lines.push_str(&link.lines);
            if let Some(holder) = &mut self.holder {
                holder.follow(link);
            }
        }
        let Some(next) = self.holder.as_ref().map(|holder| holder.next) else { return Ok(lines) };
        // It leads over a number all the same: until a state is written, that is how the next run knows.
        let mut seals = vec![next.saturating_add(2)];
        if let Some(beyond) = self.highest_beyond(next) {
            let last = self.link(beyond).await?;
            let end = last.map_or(beyond.saturating_add(1), |link| link.next);
            seals = vec![end, end.saturating_add(1)];
        }
        for next in seals {
            let link = Link::of_begin((Uuid::new_v4().to_string(), &taker.run), next, Timestamp::now());
            lines.push_str(&link.lines);
            match self.append_link(link).await {
                Written::Done(()) => {}
                Written::NotDone(error) | Written::InDoubt(error) => return Err(error),
                Written::Refused(_) | Written::Behind => {
                    let place = self.place_of(&self.keys.journal());
                    return Err(StoreError::Fenced { part: Part::Journal, place, kept: None });
                }
            }
        }
        Ok(lines)
    }

    /// What stands where this run would write next.
    async fn following(&self) -> Result<Option<Link>, StoreError> {
        let Some(next) = self.holder.as_ref().map(|holder| holder.next) else { return Ok(None) };
        Ok(self.link(next).await?.filter(|link| link.next > next))
    }

    /// One that is damaged is none: nothing of it is relied on.
    async fn link(&self, number: u64) -> Result<Option<Link>, StoreError> {
        let object = self.objects.get(&self.keys.link(number)).await?;
        Ok(object.and_then(|object| Link::decode(&object.bytes).ok()))
    }
}
