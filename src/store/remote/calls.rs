//! One call to a place over HTTP, and what is known of it.

use crate::http::{Answer, Endpoint, Failure, Login, Options, Request, SetupError, Tls, Transport};
use crate::store::{Place, StoreError, Tried};
use futures::future::BoxFuture;
use secrecy::SecretString;
use std::fmt::Debug;
use std::time::Duration;
use tokio::time::sleep;

/// How often a read, or a call that did not leave, is tried: with these pauses a server that is started anew is met again.
const TRIES: usize = 5;
/// The pause before the second try; it doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// A server that asks for a longer pause is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// The longest answer that is read: a state of ten thousand machines has thirty megabytes.
const LONGEST: usize = 1 << 30;

/// How a request shows who asks.
pub trait Sign: Debug + Send + Sync {
    /// The request with what it needs.
    ///
    /// # Errors
    /// There is nothing to show, in words.
    fn sign<'a>(&'a self, endpoint: &'a Endpoint, request: Request) -> BoxFuture<'a, Result<Request, String>>;

    /// What a server says, without what nobody may see.
    fn clean(&self, words: String) -> String {
        words
    }
}

/// What an answer to a change of an object means.
#[cfg(feature = "signing")]
pub enum Meaning<T> {
    /// It is durable.
    Done(T),
    /// It says so, but not in which version: in words.
    Unversioned(&'static str),
    /// The condition does not hold.
    Refused,
    /// Changes of one object met: it proves nothing.
    #[cfg(any(feature = "s3", feature = "gcs"))]
    Met,
    /// Nothing was changed.
    Failed,
}

/// Sends requests to one server.
#[derive(Debug)]
pub struct Calls {
    transport: Transport,
    sign: Box<dyn Sign>,
    /// Reads the words of an error: its code, and what it says.
    words: fn(&Answer) -> String,
    tries: usize,
    /// Before the second try, and the longest.
    pauses: [Duration; 2],
    /// What says whom to trust, and what is shown to whom.
    trust: Option<&'static str>,
}

/// What is done, and where: for words.
#[derive(Clone, Debug)]
pub struct Doing {
    /// After "Cannot".
    pub what: &'static str,
    /// At which place.
    pub place: Place,
}

impl Doing {
    /// An error of it.
    pub fn failed(self, why: String) -> StoreError {
        StoreError::Remote { doing: self.what, place: self.place, why, hint: None }
    }
}

impl Calls {
    /// To an endpoint.
    ///
    /// # Errors
    /// It cannot be used.
    #[cfg(feature = "signing")]
    pub fn new(endpoint: Endpoint, sign: Box<dyn Sign>, words: fn(&Answer) -> String) -> Result<Calls, SetupError> {
        Calls::over(endpoint, (Tls::default(), None), sign, words)
    }

    /// To an endpoint that TLS trusts in a way of its own, which these words tell.
    ///
    /// # Errors
    /// It cannot be used, or what TLS is told is not understood.
    pub fn over(
        endpoint: Endpoint,
        (tls, trust): (Tls, Option<&'static str>),
        sign: Box<dyn Sign>,
        words: fn(&Answer) -> String,
    ) -> Result<Calls, SetupError> {
        let options = Options { login: Login::Own, max_body: LONGEST, tls, ..Options::default() };
        let transport = Transport::new(endpoint, &SecretString::from(""), options)?;
        Ok(Calls { transport, sign, words, tries: TRIES, pauses: [PAUSE, LONGEST_PAUSE], trust })
    }

    /// As often as its place was told to.
    #[cfg(any(feature = "s3", feature = "http-state"))]
    pub fn with_tries(self, tries: usize) -> Calls {
        Calls { tries: tries.max(1), ..self }
    }

    /// With these pauses, where its place was told to: before the second try, and the longest.
    #[cfg(feature = "http-state")]
    pub fn with_pauses(self, first: Option<Duration>, longest: Option<Duration>) -> Calls {
        let pauses = [first.unwrap_or(self.pauses[0]), longest.unwrap_or(self.pauses[1])];
        Calls { pauses, ..self }
    }

    /// Where calls go.
    pub fn endpoint(&self) -> &Endpoint {
        self.transport.endpoint()
    }

    /// Reads: any answer below 500 that asks for no patience.
    ///
    /// # Errors
    /// None came.
    pub async fn read(&self, doing: &Doing, request: Request) -> Result<Answer, StoreError> {
        let mut pause = self.pauses[0];
        for left in (0..self.tries).rev() {
            let why = match self.once(doing, &request).await? {
                Ok(answer) if !is_impatient(answer.status) => return Ok(answer),
                Ok(answer) => {
                    pause = answer.retry_after.unwrap_or(pause);
                    self.said(&request, &answer)
                }
                Err(failure @ Failure::Distrusted { .. }) => return Err(self.distrusted(doing, &request, &failure)),
                Err(failure) => self.unanswered(&request, &failure),
            };
            if left == 0 || pause > self.pauses[1].max(self.pauses[0]) {
                return Err(doing.clone().failed(why));
            }
            sleep(pause).await;
            pause = (pause * 2).min(self.pauses[1]);
        }
        Err(doing.clone().failed("it was not tried".to_owned()))
    }

    /// Changes something, once: an answer that says what became of it, or what is known without one. What did not leave is
    /// sent again.
    ///
    /// # Errors
    /// What is known without an answer.
    pub async fn write<T>(&self, doing: &Doing, request: Request) -> Result<Answer, Tried<T>> {
        let mut pause = self.pauses[0];
        for left in (0..self.tries).rev() {
            let failed = |why: String| doing.clone().failed(why);
            match self.once(doing, &request).await.map_err(Tried::NotDone)? {
                Ok(answer) if !is_impatient(answer.status) => return Ok(answer),
                Ok(answer) => return Err(Tried::InDoubt(failed(self.said(&request, &answer)))),
                Err(failure @ Failure::Distrusted { .. }) => {
                    return Err(Tried::NotDone(self.distrusted(doing, &request, &failure)));
                }
                Err(failure @ Failure::NotSent(_)) if left == 0 => {
                    return Err(Tried::NotDone(failed(self.unanswered(&request, &failure))));
                }
                Err(Failure::NotSent(_)) => sleep(pause).await,
                // A status came: what it says is done, for all its body is lost.
                Err(failure @ (Failure::NoAnswer(_) | Failure::CutOff { .. } | Failure::TooLarge { .. })) => {
                    return Err(Tried::InDoubt(failed(self.unanswered(&request, &failure))));
                }
            }
            pause *= 2;
        }
        Err(Tried::NotDone(doing.clone().failed("it was not tried".to_owned())))
    }

    /// Changes an object, once; `read` says what an answer means.
    #[cfg(feature = "signing")]
    pub async fn change<T>(
        &self,
        doing: &Doing,
        request: Request,
        read: impl FnOnce(&Answer) -> Meaning<T>,
    ) -> Tried<T> {
        let answer = match self.write(doing, request.clone()).await {
            Ok(answer) => answer,
            Err(tried) => return tried,
        };
        match read(&answer) {
            Meaning::Done(value) => Tried::Done(value),
            Meaning::Unversioned(what) => Tried::InDoubt(doing.clone().failed(what.to_owned())),
            Meaning::Refused => Tried::Refused,
            #[cfg(any(feature = "s3", feature = "gcs"))]
            Meaning::Met => Tried::InDoubt(self.refused(doing, &request, &answer)),
            Meaning::Failed => Tried::NotDone(self.refused(doing, &request, &answer)),
        }
    }

    /// All pages of a list of keys, in order. `ask` makes the request for what follows a token, and `read` takes keys and the
    /// next token out of a page.
    ///
    /// # Errors
    /// A page cannot be read.
    #[cfg(feature = "signing")]
    pub async fn list(
        &self,
        doing: &Doing,
        ask: impl Fn(Option<&str>) -> Request,
        read: impl Fn(&Answer) -> (Vec<String>, Option<String>),
    ) -> Result<Vec<String>, StoreError> {
        let (mut keys, mut token) = (Vec::new(), None::<String>);
        loop {
            let request = ask(token.as_deref());
            let answer = self.read(doing, request.clone()).await?;
            if answer.status != 200 {
                return Err(self.refused(doing, &request, &answer));
            }
            let (page, next) = read(&answer);
            keys.extend(page);
            // A server that goes round in circles ends, too.
            if next.is_none() || next == token {
                keys.sort();
                keys.dedup();
                return Ok(keys);
            }
            token = next;
        }
    }

    /// An answer that says that it was not done.
    pub fn refused(&self, doing: &Doing, request: &Request, answer: &Answer) -> StoreError {
        let hint = match answer.status {
            401 => Some("Its credentials are not accepted: look whether they have expired."),
            403 => Some("Its credentials may not do this: docs/state.md lists what a state needs."),
            _ => None,
        };
        let why = self.said(request, answer);
        StoreError::Remote { doing: doing.what, place: doing.place.clone(), why, hint }
    }

    async fn once(&self, doing: &Doing, request: &Request) -> Result<Result<Answer, Failure>, StoreError> {
        let signed = self.sign.sign(self.endpoint(), request.clone()).await;
        let signed = signed.map_err(|why| StoreError::Remote {
            doing: doing.what,
            place: doing.place.clone(),
            why: self.sign.clean(why),
            hint: Some("docs/state.md says where credentials are looked for."),
        })?;
        Ok(self.transport.send(signed).await)
    }

    fn call(&self, request: &Request) -> String {
        let path = request.path.split('?').next().unwrap_or_default();
        format!("{} {}{path}", request.method.as_str(), self.endpoint().as_str())
    }

    fn said(&self, request: &Request, answer: &Answer) -> String {
        let words: String = (self.words)(answer).chars().filter(|c| !c.is_control()).take(500).collect();
        let words = self.sign.clean(words);
        let words = if words.is_empty() { words } else { format!(" {words}") };
        format!("{}: {}{words}", self.call(request), answer.status)
    }

    fn distrusted(&self, doing: &Doing, request: &Request, failure: &Failure) -> StoreError {
        let why = self.unanswered(request, failure);
        StoreError::Remote { doing: doing.what, place: doing.place.clone(), why, hint: self.trust }
    }

    fn unanswered(&self, request: &Request, failure: &Failure) -> String {
        let why = match failure {
            Failure::NotSent(why) => format!("not sent: {why}"),
            Failure::Distrusted { why, .. } => why.clone(),
            Failure::NoAnswer(why) => format!("no answer: {why}"),
            Failure::CutOff { status, message } | Failure::TooLarge { status, message } => {
                format!("{status}, and its answer could not be read: {message}")
            }
        };
        format!("{}: {why}", self.call(request))
    }
}

/// The server asks for patience, or could not do it: whether it did something is not known.
fn is_impatient(status: u16) -> bool {
    status >= 500 || status == 429 || status == 408
}
