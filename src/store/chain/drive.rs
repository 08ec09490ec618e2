//! Doing what a step asks for.

use super::ask::{Answer, Ask, Attempt, Seen, Steps};
use super::keys::Keys;
use super::link::{Link, contained};
use crate::store::{Objects, StoreError, Tried, Version};
use std::time::Duration;
use tokio::time::Instant;

/// An answer that took longer than this is late. Whoever took over meanwhile waits for at least two minutes before it
/// counts a call as never sent, so one that goes out within some seconds of the proof is seen by it.
const LATE: Duration = Duration::from_secs(10);

/// One place and one state, and what was last read and tried there.
pub(super) struct Drive<'a, O> {
    objects: &'a O,
    keys: &'a Keys,
    /// The text that is to be written.
    text: &'a [u8],
    /// The state as it was last read; `None` where nothing stands there, or nothing is in it.
    pub state: Option<Vec<u8>>,
    /// The version that was last written.
    pub written: Version,
    /// Why the last attempt came to nothing, or nobody knows.
    pub error: Option<StoreError>,
}

impl<'a, O: Objects> Drive<'a, O> {
    /// Only chain and reading.
    pub fn new(objects: &'a O, keys: &'a Keys) -> Self {
        Drive { objects, keys, text: &[], state: None, written: Version::default(), error: None }
    }

    /// With a state that is to be written.
    pub fn writing(objects: &'a O, keys: &'a Keys, text: &'a str) -> Self {
        Drive { text: text.as_bytes(), ..Drive::new(objects, keys) }
    }

    /// Does all that steps ask for.
    pub async fn run<S: Steps>(&mut self, mut steps: S) -> Result<S::End, StoreError> {
        loop {
            let answer = self.answer(steps.ask()).await?;
            if let Some(end) = steps.answer(answer) {
                return Ok(end);
            }
        }
    }

    async fn answer(&mut self, ask: Ask) -> Result<Answer, StoreError> {
        let key = &self.keys.state;
        Ok(match ask {
            Ask::State => {
                let object = self.objects.get(key).await?;
                let (bytes, version) = object.map(|object| (object.bytes, object.version)).unwrap_or_default();
                let seen = Seen { version, contained: contained(&bytes) };
                self.state = Some(bytes).filter(|bytes| !bytes.is_empty());
                Answer::State(seen)
            }
            Ask::Version => Answer::Version(self.objects.version(key).await?.unwrap_or_default()),
            Ask::Link(number) => {
                let object = self.objects.get(&self.keys.link(number)).await?;
                Answer::Link(object.map(|object| Link::decode(&object.bytes)).transpose())
            }
            Ask::Create(number, link) => {
                let (began, bytes) = (Instant::now(), link.encode());
                let tried = self.objects.create(&self.keys.link(number), &bytes).await;
                self.tried(tried, began)
            }
            Ask::Replace(over) => {
                let began = Instant::now();
                let tried = match over.0 {
                    None => self.objects.create(key, self.text).await,
                    Some(_) => self.objects.replace(key, &over, self.text).await,
                };
                self.tried(tried, began)
            }
        })
    }

    fn tried(&mut self, tried: Tried<Version>, began: Instant) -> Answer {
        Answer::Tried(match tried {
            Tried::Done(version) => {
                self.written = version;
                if began.elapsed() > LATE { Attempt::Late } else { Attempt::Done }
            }
            Tried::Refused => Attempt::Refused,
            Tried::NotDone(error) => {
                self.error = Some(error);
                Attempt::NotDone
            }
            Tried::InDoubt(error) => {
                self.error = Some(error);
                Attempt::InDoubt
            }
        })
    }
}
