//! Which calls are sent again, and when (API sheet §1, "Retry classes").
//!
//! | call | sent again |
//! |---|---|
//! | GET | after no answer, 5xx, 408, 425, 429; once after an answer that is no JSON |
//! | PUT, DELETE | after no answer, 5xx, 408, 425, 429: twice the same is once |
//! | POST, PATCH | never, once a byte of it left; 4xx means that nothing was done, 5xx and silence that nobody knows |

use super::clean::one_line;
use super::hide::hide;
use super::log;
use super::refusal::{failed, is_html, refused, script_blamed, unreadable};
use super::stream::{Reader, Whole, Wrong};
use crate::cloud::{CallError, ErrorKind, Outcome, ReadResult};
use crate::http::{Answer, Failure, Method, Request, Transport};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::info;

/// How often and how long calls are tried.
#[derive(Clone, Debug)]
pub struct Retry {
    /// How often a GET is sent at most.
    pub read_tries: u32,
    /// How often a PUT or DELETE is sent at most, and how often a POST is offered to a server that cannot be reached.
    pub write_tries: u32,
    /// The wait before the first repetition; doubles each time. Half of every wait is chance, so that many clients that
    /// failed together do not come back together.
    pub base: Duration,
    /// The longest wait between two tries, also where the server asks for a longer one.
    pub longest: Duration,
    /// No try begins later than this after the first.
    pub budget: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            // Lists answer 502 several times a day (API sheet §1). Five tries wait for up to 7.5 s in all.
            read_tries: 5,
            // Fewer: whoever changes something looks for the outcome in any case.
            write_tries: 3,
            base: Duration::from_millis(500),
            // No Retry-After of this API is known (API sheet §1): whoever is to wait for longer is told so instead.
            longest: Duration::from_secs(60),
            // With the slowest call's minute a call ends within three.
            budget: Duration::from_secs(120),
        }
    }
}

impl Retry {
    /// The wait after the try of this number, from 0: random, hence not reproducible; nothing else depends on it.
    fn wait(&self, number: u32) -> Duration {
        let full = self.base.saturating_mul(1_u32.checked_shl(number).unwrap_or(u32::MAX));
        full.min(self.longest).mul_f64(rand::random_range(0.5..=1.0))
    }
}

/// One call with its repetitions.
pub(super) struct Call<'a> {
    pub(super) transport: &'a Transport,
    pub(super) retry: &'a Retry,
    pub(super) request: Request,
    /// `POST /instances`.
    pub(super) name: String,
    /// What must not come back in a message.
    pub(super) secrets: Vec<String>,
}

/// What one try told.
enum Tried {
    /// 2xx.
    Done(Answer),
    /// An answer or failure after which the call provably took no effect.
    NotDone(CallError),
    /// Nobody knows.
    InDoubt(CallError),
}

impl<'a> Call<'a> {
    pub(super) fn new(transport: &'a Transport, retry: &'a Retry, request: Request, mut secrets: Vec<String>) -> Self {
        let name = format!("{} {}", request.method.as_str(), request.path);
        secrets.push(transport.key().expose_secret().to_owned());
        Self { transport, retry, request, name, secrets }
    }

    /// Reads; `parse` gets the JSON of a success and says what is wrong with it.
    pub(super) async fn read<T: Send>(
        &self,
        parse: impl Fn(&RawValue) -> Result<T, Wrong> + Send + Sync,
    ) -> ReadResult<(T, Answer)> {
        let limit = self.transport.options().max_body;
        self.read_with(|| Whole::new(limit, &parse)).await
    }

    /// Reads; each try has a reader of its own.
    pub(super) async fn read_with<R: Reader + Send>(
        &self,
        reader: impl Fn() -> R + Sync,
    ) -> ReadResult<(R::Value, Answer)> {
        let mut unreadable_once = false;
        let start = Instant::now();
        let mut number = 0;
        loop {
            let (error, asked) = match self.send_to(reader(), number).await {
                Ok((Some(Ok(value)), answer)) => return Ok((value, answer)),
                Ok((Some(Err(Wrong(why))), answer)) => {
                    let error = unreadable(&self.name, &answer, why);
                    if std::mem::replace(&mut unreadable_once, true) {
                        return Err(self.told(error));
                    }
                    (error, None)
                }
                Ok((None, answer)) => {
                    let error = refused(&self.name, &answer, &self.secrets);
                    if !may_pass(answer.status) {
                        return Err(error);
                    }
                    (error, self.asked_wait(&answer, number))
                }
                Err(failure @ Failure::TooLarge { .. }) => return Err(self.told(failed(&self.name, &failure))),
                Err(failure) => (failed(&self.name, &failure), None),
            };
            number += 1;
            let tries = self.retry.read_tries.saturating_mul(patience(&error));
            if !self.wait(start, (number, tries), asked, &error).await {
                return Err(self.told(error));
            }
        }
    }

    /// Changes something by a call that may be repeated (PUT, DELETE). With `gone_is_done`, 404 and 410 are success, without
    /// an answer.
    pub(super) async fn idempotent(&self, gone_is_done: bool) -> Outcome<Option<Answer>> {
        let start = Instant::now();
        let mut number = 0;
        let mut doubt = None;
        loop {
            let (tried, status, asked) = self.attempt(number).await;
            let error = match tried {
                Tried::Done(answer) => return Outcome::Done(Some(answer)),
                Tried::NotDone(error) if gone_is_done && error.kind == ErrorKind::NotFound => {
                    return Outcome::Done(None);
                }
                // What is not there was not changed by an earlier try either.
                Tried::NotDone(error) if error.kind == ErrorKind::NotFound => return Outcome::NotDone(error),
                Tried::NotDone(error) if status.is_some_and(|status| !may_pass(status)) => {
                    return self.settled(error, doubt);
                }
                Tried::NotDone(error) => error,
                // Another try is redirected too.
                Tried::InDoubt(error) if status.is_some_and(|status| (300..400).contains(&status)) => {
                    return Outcome::InDoubt(error);
                }
                Tried::InDoubt(error) => doubt.insert(error).clone(),
            };
            number += 1;
            let tries = self.retry.write_tries.saturating_mul(patience(&error));
            if !self.wait(start, (number, tries), asked, &error).await {
                return self.settled(error, doubt);
            }
        }
    }

    /// Changes something by a call that must not arrive twice (POST, PATCH); the body of a success is kept.
    pub(super) async fn once(&self) -> Outcome<Answer> {
        let start = Instant::now();
        let mut number = 0;
        loop {
            let (tried, status, _) = self.attempt(number).await;
            let error = match tried {
                Tried::Done(answer) => return Outcome::Done(answer),
                Tried::InDoubt(error) => return Outcome::InDoubt(error),
                Tried::NotDone(error) if status.is_some() => return Outcome::NotDone(error),
                // No byte left: sending it now would be the first time.
                Tried::NotDone(error) => error,
            };
            number += 1;
            if !self.wait(start, (number, self.retry.write_tries), None, &error).await {
                return Outcome::NotDone(error);
            }
        }
    }

    /// One try, of this number from 0; the body of its answer is held whole.
    async fn send(&self, number: u32) -> Result<Answer, Failure> {
        let limit = self.transport.options().max_body;
        self.send_to(Whole::new(limit, |_: &RawValue| Ok(())), number).await.map(|(_, answer)| answer)
    }

    /// One try, of this number from 0. Of a success, what the reader makes of its body.
    async fn send_to<R: Reader + Send>(
        &self,
        mut reader: R,
        number: u32,
    ) -> Result<(Option<Result<R::Value, Wrong>>, Answer), Failure> {
        log::sent(&self.name, &self.request, &self.secrets);
        let start = Instant::now();
        let end = self.transport.send_into(self.request.clone(), &mut |piece| reader.take(piece)).await;
        let end = end.map(|mut answer| {
            let read = answer.is_success().then(|| {
                let read = reader.end();
                answer.body = reader.sample();
                read
            });
            (read, answer)
        });
        log::answered(&self.name, start, number, end.as_ref().map(|(_, answer)| answer), &self.secrets);
        end
    }

    /// One try of a call that changes something; its status, and the wait that the server asked for.
    async fn attempt(&self, number: u32) -> (Tried, Option<u16>, Option<Duration>) {
        let strict = self.request.method == Method::Post;
        match self.send(number).await {
            Ok(answer) if answer.is_success() => {
                let status = Some(answer.status);
                let empty = answer.body.iter().all(u8::is_ascii_whitespace);
                let json = || serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body).is_ok();
                let page = is_html(&answer.body);
                if page || (strict && !empty && !json()) {
                    let error = unreadable(&self.name, &answer, "the answer is no JSON");
                    return (Tried::InDoubt(self.told(error)), status, None);
                }
                (Tried::Done(answer), status, None)
            }
            Ok(answer) => {
                let asked = self.asked_wait(&answer, number);
                let error = refused(&self.name, &answer, &self.secrets);
                let error = if self.sends_script() { script_blamed(error) } else { error };
                // 408: it may have been the answer that took too long.
                let proof = (400..500).contains(&answer.status) && answer.status != 408;
                let tried = if proof { Tried::NotDone(error) } else { Tried::InDoubt(error) };
                (tried, Some(answer.status), asked)
            }
            Err(failure) => {
                let error = self.told(failed(&self.name, &failure));
                match failure {
                    Failure::NotSent(_) | Failure::Distrusted { sent: false, .. } => {
                        (Tried::NotDone(error), None, None)
                    }
                    _ => (Tried::InDoubt(error), None, None),
                }
            }
        }
    }

    fn sends_script(&self) -> bool {
        let sent = self.request.body.as_ref().and_then(|(_, body)| serde_json::from_slice::<Value>(body).ok());
        sent.is_some_and(|sent| {
            sent.get("startScript").and_then(Value::as_str).is_some_and(|script| !script.is_empty())
        })
    }

    /// The last word on a call of which earlier tries may have taken effect.
    fn settled<T>(&self, error: CallError, doubt: Option<CallError>) -> Outcome<T> {
        if doubt.is_some() { Outcome::InDoubt(error) } else { Outcome::NotDone(error) }
    }

    /// The wait that an answer asks for. A 429 holds all calls of this client back for that time.
    fn asked_wait(&self, answer: &Answer, number: u32) -> Option<Duration> {
        if answer.status == 429 {
            let wait = answer.retry_after.unwrap_or_else(|| self.retry.wait(number));
            // Nobody waits for an hour unasked: beyond the longest wait, calls fail and say so.
            let pause = wait.min(self.retry.longest);
            info!("{}: the server asks for a pause; no call leaves for {} ms", self.name, pause.as_millis());
            self.transport.pause(pause);
            return Some(wait);
        }
        answer.retry_after.filter(|_| answer.status >= 500)
    }

    /// Waits before the try of this number, from 1; false: there is none.
    async fn wait(
        &self,
        start: Instant,
        (number, tries): (u32, u32),
        asked: Option<Duration>,
        why: &CallError,
    ) -> bool {
        let wait = self.retry.wait(number.saturating_sub(1)).max(asked.unwrap_or_default());
        if number >= tries || wait > self.retry.longest || start.elapsed() + wait > self.retry.budget {
            return false;
        }
        let (name, pause) = (&self.name, wait.as_millis());
        let next = number.saturating_add(1);
        info!("{name}: try {next} of {tries} in {pause} ms, because of {}", self.told(why.clone()).message);
        sleep(wait).await;
        true
    }

    /// An error of ours, without any secret.
    fn told(&self, error: CallError) -> CallError {
        CallError { message: one_line(&hide(&error.message, &self.secrets), 400), ..error }
    }
}

/// A 429 says that the call is welcome later: it may be sent more often than one that failed, until time is up.
fn patience(error: &CallError) -> u32 {
    if error.kind == ErrorKind::TooManyRequests { 4 } else { 1 }
}

/// The same request may succeed later.
fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 520..=530)
}
