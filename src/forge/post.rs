//! One comment a fleet: found again by its key among those that the token wrote itself, and changed in place.

use super::calls::{Calls, Outcome};
use super::wire::{Check, CheckCall, Comment, Wire};
use crate::http::Request;
use serde_json::Value as Json;
use std::collections::HashSet;

/// Pages of comments that are read at most, of 50 or 100 each: nobody reads as many.
const PAGES: usize = 400;
/// Looks for a comment whose write nobody answered.
const LOOKS: u32 = 3;

/// What becomes of a comment that stands already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is changed in place.
    #[default]
    Update,
    /// It stays, and another one is written.
    New,
    /// It is folded away, and another one is written.
    Minimize,
    /// It is changed in place; where none stands, none is written.
    Standing,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// A comment was written.
    Written,
    /// A comment was changed.
    Changed,
    /// It says this already.
    Same,
    /// No comment stands, and none was to be written.
    Nothing,
}

/// Why nothing was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token may not do it: a job of a fork has one that only reads.
    Forbidden(String),
    /// Something else.
    Failed(String),
}

impl From<Outcome> for Refusal {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Forbidden(why) => Refusal::Forbidden(why),
            Outcome::Failed(why) | Outcome::InDoubt(why) => Refusal::Failed(why),
            Outcome::Done(_) => Refusal::Failed("an answer that says nothing".to_owned()),
        }
    }
}

/// A forge, and how it is called.
pub struct Forge {
    wire: Box<dyn Wire>,
    calls: Calls,
}

impl Forge {
    /// Of a pull request.
    pub fn new(wire: Box<dyn Wire>, calls: Calls) -> Self {
        Self { wire, calls }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.wire.name()
    }

    /// Writes a review, or changes the one that stands. A write that nobody answered is looked for, and never repeated
    /// before.
    ///
    /// # Errors
    /// Nothing was posted, or nobody knows.
    pub async fn post(&self, key: &str, body: &str, mode: Mode) -> Result<Posted, Refusal> {
        let author = self.author().await?;
        let all = self.comments(&*self.wire).await?;
        let own: Vec<&Comment> = all.iter().filter(|comment| comment.is_own(key, &author)).collect();
        match (mode, own.last()) {
            (Mode::Update | Mode::Standing, Some(last)) if is_same(&last.body, body) => return Ok(Posted::Same),
            (Mode::Update | Mode::Standing, Some(last)) => {
                self.made(&self.wire.change(last.id, body)).await?;
                return Ok(Posted::Changed);
            }
            (Mode::Standing, None) => return Ok(Posted::Nothing),
            (Mode::Minimize, _) => {
                for old in &own {
                    self.fold(old).await?;
                }
            }
            (Mode::Update | Mode::New, _) => {}
        }
        let before: HashSet<u64> = all.iter().map(|comment| comment.id).collect();
        self.write(&author, body, &before).await?;
        if mode == Mode::New { Ok(Posted::Written) } else { self.one_remains((key, &author), body, &before).await }
    }

    /// Another run that wrote at the same moment found no comment either. Both look again: whoever wrote later changes the
    /// first one, and takes its own away.
    async fn one_remains(
        &self,
        (key, author): (&str, &str),
        body: &str,
        before: &HashSet<u64>,
    ) -> Result<Posted, Refusal> {
        let all = self.comments(&*self.wire).await?;
        let is_new = |comment: &&Comment| comment.is_own(key, author) && !before.contains(&comment.id);
        let new: Vec<&Comment> = all.iter().filter(is_new).collect();
        let (Some(first), Some(mine)) = (new.first(), new.iter().rev().find(|one| is_same(&one.body, body))) else {
            return Ok(Posted::Written);
        };
        if first.id == mine.id {
            return Ok(Posted::Written);
        }
        self.made(&self.wire.change(first.id, body)).await?;
        self.done(&self.wire.remove(mine.id)).await?;
        Ok(Posted::Changed)
    }

    async fn write(&self, author: &str, body: &str, before: &HashSet<u64>) -> Result<(), Refusal> {
        let doubt = match self.calls.send(&self.wire.write(body)).await {
            Outcome::Done(answer) if has_id(&answer) => return Ok(()),
            Outcome::Done(_) => format!("{} answered with something else than a comment", self.wire.name()),
            Outcome::InDoubt(why) => why,
            other => return Err(other.into()),
        };
        for _ in 0..LOOKS {
            self.calls.pause().await;
            let found = self.comments(&*self.wire).await?.into_iter().any(|comment| {
                comment.author == author && !before.contains(&comment.id) && is_same(&comment.body, body)
            });
            if found {
                return Ok(());
            }
        }
        // It was not done, as far as a forge tells: the next run looks again, and changes what stands then.
        Err(Refusal::Failed(format!("{doubt}; it was looked for {LOOKS} times, and not found")))
    }

    /// Folds an older review away; where the forge cannot, it is put into a fold of its own, without its key.
    async fn fold(&self, old: &Comment) -> Result<(), Refusal> {
        let request = self.wire.minimize(old).unwrap_or_else(|| {
            let rest = old.body.split_once("-->").map_or(old.body.as_str(), |(_, rest)| rest);
            let text = format!("<details><summary>An older review</summary>\n{rest}\n</details>");
            self.wire.change(old.id, &text)
        });
        let answer = self.done(&request).await?;
        match answer.get("errors").and_then(Json::as_array).filter(|errors| !errors.is_empty()) {
            // GraphQL says with 200 what it did not do.
            Some(_) => {
                Err(Refusal::Failed(format!("{} did not fold the older review {} away", self.wire.name(), old.id)))
            }
            None => Ok(()),
        }
    }

    /// Tells a verdict on a commit.
    ///
    /// # Errors
    /// It was not told.
    pub async fn check(&self, check: &Check) -> Result<(), Refusal> {
        let mut id = None;
        for call in self.wire.check(check) {
            match (call, id) {
                (CheckCall::First(request), _) => id = self.done(&request).await?.get("id").and_then(Json::as_u64),
                (CheckCall::Then(request), Some(id)) => {
                    self.done(&request(id)).await?;
                }
                (CheckCall::Then(_), None) => {
                    return Err(Refusal::Failed(format!("{} told no id of the check", self.wire.name())));
                }
            }
        }
        Ok(())
    }

    /// The newest review of the pull request by which a commit came, by whoever is trusted: the token's own, or one of
    /// these authors'.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn reviewed(&self, commit: &str, key: &str, trusted: &[String]) -> Result<Comment, Refusal> {
        let answer = self.done(&self.wire.merged(commit)).await?;
        let pulls = self.wire.merged_numbers(&answer);
        let trusted = if trusted.is_empty() { vec![self.author().await?] } else { trusted.to_vec() };
        for pull in &pulls {
            let wire = self.wire.of_pull(*pull);
            let found = self.comments(&*wire).await?.into_iter().rev();
            let mut found = found.filter(|comment| comment.body.starts_with(key) && trusted.contains(&comment.author));
            if let Some(comment) = found.next() {
                return Ok(comment);
            }
        }
        let by = trusted.join(", ");
        Err(Refusal::Failed(match pulls.as_slice() {
            [] => format!("{} knows no merged pull request of the commit {commit}", self.wire.name()),
            _ => {
                let pulls: Vec<String> = pulls.iter().map(u64::to_string).collect();
                format!("the pull request {} has no review of this fleet by {by}", pulls.join(", "))
            }
        }))
    }

    /// Who writes with this token. The token of a job may not ask: then it is the program of the jobs.
    async fn author(&self) -> Result<String, Refusal> {
        match self.calls.send(&self.wire.whoami()).await {
            Outcome::Done(answer) => self
                .wire
                .login(&answer)
                .filter(|login| !login.is_empty())
                .ok_or_else(|| Refusal::Failed(format!("{} does not tell whose token it is", self.wire.name()))),
            Outcome::Forbidden(_) if !self.wire.job_login().is_empty() => Ok(self.wire.job_login().to_owned()),
            other => Err(other.into()),
        }
    }

    /// All comments, the oldest first. A page that shows nothing new is the last: some lists have no pages.
    async fn comments(&self, wire: &dyn Wire) -> Result<Vec<Comment>, Refusal> {
        let mut all: Vec<Comment> = Vec::new();
        let mut seen = HashSet::new();
        for page in 1.. {
            if page > PAGES {
                let most = format!("{} lists more than {PAGES} pages of comments", wire.name());
                return Err(Refusal::Failed(most));
            }
            let answer = self.done(&wire.comments(page)).await?;
            let Some(rows) = answer.as_array() else {
                return Err(Refusal::Failed(format!("{} lists no comments", wire.name())));
            };
            let ids = rows.iter().filter_map(|row| row.get("id")?.as_u64());
            let fresh = ids.filter(|id| seen.insert(*id)).count();
            if fresh == 0 {
                break;
            }
            all.extend(rows.iter().filter_map(|row| wire.comment(row)));
        }
        all.sort_by_key(|comment| comment.id);
        all.dedup_by_key(|comment| comment.id);
        Ok(all)
    }

    /// A change whose answer is what was changed.
    async fn made(&self, request: &Request) -> Result<(), Refusal> {
        let answer = self.done(request).await?;
        let odd = || Refusal::Failed(format!("{} answered with something else than a comment", self.wire.name()));
        has_id(&answer).then_some(()).ok_or_else(odd)
    }

    async fn done(&self, request: &Request) -> Result<Json, Refusal> {
        match self.calls.send(request).await {
            Outcome::Done(answer) => Ok(answer),
            other => Err(other.into()),
        }
    }
}

fn has_id(answer: &Json) -> bool {
    answer.get("id").is_some_and(Json::is_u64)
}

/// Forges change the ends of lines, and take white space from the end.
fn is_same(one: &str, other: &str) -> bool {
    one.replace("\r\n", "\n").trim_end() == other.replace("\r\n", "\n").trim_end()
}
