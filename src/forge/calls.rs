//! One call to a forge: what may be repeated is repeated, and of what may not it is told whether it was done.

use crate::http::{Answer, Failure, Method, Request, Transport};
use serde_json::Value as Json;
use std::time::Duration;

/// How often a call is sent at most.
const TRIES: u32 = 4;
/// The pause before the second try; it doubles.
const PAUSE: Duration = Duration::from_secs(1);
/// A forge that asks for a longer pause is asked by the next run: a job costs money too.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What became of a call.
#[derive(Debug)]
pub enum Outcome {
    /// It was done; the answer, null where there is none.
    Done(Json),
    /// The token may not do it.
    Forbidden(String),
    /// It was not done.
    Failed(String),
    /// Nobody knows.
    InDoubt(String),
}

/// Sends requests to one forge.
pub struct Calls {
    transport: Transport,
    /// What the pauses are multiplied with; 0 in tests.
    patience: u32,
}

impl Calls {
    /// Over this transport.
    pub fn new(transport: Transport, patience: u32) -> Self {
        Self { transport, patience }
    }

    /// Sends a request; reads, and changes that name what they change, as often as is sensible. What makes something is
    /// repeated only where the forge said that it did not do it.
    pub async fn send(&self, request: &Request) -> Outcome {
        let makes = request.method == Method::Post;
        let what = format!("{} {}{}", request.method.as_str(), self.transport.endpoint().as_str(), request.path);
        let mut pause = PAUSE;
        for attempt in 1.. {
            let (outcome, wait) = match self.transport.send(request.clone()).await {
                Ok(answer) => self.read(&what, answer, makes),
                Err(Failure::Distrusted { why, .. }) => (Outcome::Failed(format!("{what}: {why}")), None),
                Err(Failure::NotSent(why)) => (Outcome::Failed(format!("{what}: not sent: {why}")), Some(None)),
                Err(Failure::NoAnswer(why)) if makes => (Outcome::InDoubt(format!("{what}: no answer: {why}")), None),
                Err(Failure::NoAnswer(why)) => (Outcome::Failed(format!("{what}: no answer: {why}")), Some(None)),
                Err(Failure::CutOff { status, message } | Failure::TooLarge { status, message }) => {
                    let text = format!("{what}: {status}, and its answer could not be read: {message}");
                    (if makes { Outcome::InDoubt(text) } else { Outcome::Failed(text) }, None)
                }
            };
            let Some(asked) = wait else { return outcome };
            let asked = asked.unwrap_or(pause);
            if attempt >= TRIES || asked > LONGEST_PAUSE {
                return outcome;
            }
            tokio::time::sleep(asked * self.patience).await;
            pause *= 2;
        }
        Outcome::Failed(what)
    }

    /// What an answer says, and whether another try is sensible, after which pause.
    fn read(&self, what: &str, answer: Answer, makes: bool) -> (Outcome, Option<Option<Duration>>) {
        if answer.is_success() {
            // A page of a portal, or nothing: who asks for something sees that it is not there.
            let body: Json = crate::lang::json::read(&answer.body).unwrap_or(Json::Null);
            return (Outcome::Done(body), None);
        }
        let words = self.words(&answer);
        let told = format!("{what}: {}{words}", answer.status);
        // A forge that is asked too often says so with 429, or with 403 and when to come again.
        let limited = answer.status == 429 || (answer.status == 403 && answer.retry_after.is_some());
        match answer.status {
            _ if limited => (Outcome::Failed(told), Some(answer.retry_after)),
            401 | 403 => (Outcome::Forbidden(told), None),
            500..=599 if makes => (Outcome::InDoubt(told), None),
            500..=599 => (Outcome::Failed(told), Some(answer.retry_after)),
            _ => (Outcome::Failed(told), None),
        }
    }

    /// What the forge says of it, without the token.
    fn words(&self, answer: &Answer) -> String {
        use secrecy::ExposeSecret;
        let body: Json = crate::lang::json::read(&answer.body).unwrap_or(Json::Null);
        let said = ["message", "error_description", "error"].iter().find_map(|name| body.get(name));
        let said = said.map_or(String::new(), |said| said.as_str().map_or_else(|| said.to_string(), str::to_owned));
        let token = self.transport.key().expose_secret();
        let said: String = said.replace(token, "(token)").chars().filter(|c| !c.is_control()).take(300).collect();
        if said.is_empty() { String::new() } else { format!(" ({said})") }
    }

    /// Waits as long as it takes a forge to show what was written.
    pub async fn pause(&self) {
        tokio::time::sleep(PAUSE * 2 * self.patience).await;
    }
}
