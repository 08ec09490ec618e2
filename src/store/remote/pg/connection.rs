//! The connection of a run: one, made anew where it broke.

use super::settings::Settings;
use super::tls::Mode;
use crate::http::is_distrust;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, NoTls};
use tracing::debug;

/// How long a statement may take: a state of thirty megabytes over a slow line.
const STATEMENT: Duration = Duration::from_secs(60);
/// How often a connection, or a read, is tried: with these pauses a server that is started anew is met again, as over HTTP.
const TRIES: usize = 5;
/// The pause before the second try; it doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// The server starts, or stops; it has as many connections as it takes.
const NOT_NOW: [&str; 2] = ["57P03", "53300"];

/// Why a statement did nothing that is known.
#[derive(Debug)]
pub(super) enum Fault {
    /// It was not sent.
    NotSent(String),
    /// It was not sent: TLS says of this server, or of what it was told, what it will always say.
    Distrusted(String),
    /// The server refused it.
    Refused(String),
    /// It did nothing, for a table is not there.
    Absent(String),
    /// No answer came.
    NoAnswer(String),
}

impl Fault {
    pub(super) fn words(self) -> String {
        match self {
            Self::NotSent(why) | Self::Distrusted(why) => format!("not connected: {why}"),
            Self::Refused(why) | Self::Absent(why) => why,
            Self::NoAnswer(why) => format!("no answer: {why}"),
        }
    }
}

/// The connection, and how it is made.
#[derive(Debug)]
pub(super) struct Connection {
    settings: Settings,
    open: Mutex<Option<Arc<Client>>>,
}

impl Connection {
    pub(super) fn new(settings: Settings) -> Connection {
        Connection { settings, open: Mutex::default() }
    }

    /// The connection as it stands; a new one where there is none any more.
    pub(super) async fn client(&self) -> Result<Arc<Client>, Fault> {
        let mut open = self.open.lock().await;
        if let Some(client) = open.as_ref().filter(|client| !client.is_closed()) {
            return Ok(client.clone());
        }
        let client = again(|fault| matches!(fault, Fault::NotSent(_)), || self.connect()).await?;
        let client = Arc::new(client);
        *open = Some(client.clone());
        Ok(client)
    }

    async fn connect(&self) -> Result<Client, Fault> {
        let config = &self.settings.config;
        let failed = |error: Error| match error.as_db_error() {
            Some(error) if NOT_NOW.contains(&error.code().code()) => Fault::NotSent(error.message().to_owned()),
            Some(error) => Fault::Refused(error.message().to_owned()),
            None if lasts(&error) => Fault::Distrusted(words(&error)),
            None => Fault::NotSent(words(&error)),
        };
        match self.settings.tls.mode {
            Mode::Disable => {
                let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
                tokio::spawn(async move { drop(connection.await.inspect_err(|error| debug!("PostgreSQL: {error}"))) });
                Ok(client)
            }
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => {
                let tls = self.settings.tls.connector().map_err(Fault::Distrusted)?;
                let (client, connection) = config.connect(tls).await.map_err(failed)?;
                tokio::spawn(async move { drop(connection.await.inspect_err(|error| debug!("PostgreSQL: {error}"))) });
                Ok(client)
            }
        }
    }
}

/// Reads, once more where no answer came.
pub(super) async fn reads<T, F>(read: impl Fn() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    again(|fault| matches!(fault, Fault::NoAnswer(_)), read).await
}

async fn again<T, F>(passes: impl Fn(&Fault) -> bool, attempt: impl Fn() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match attempt().await {
            Err(fault) if passes(&fault) => debug!("PostgreSQL, again: {}", fault.words()),
            known => return known,
        }
        sleep(pause).await;
        pause *= 2;
    }
    attempt().await
}

/// Waits for a statement, and says what is known of it.
pub(super) async fn done<T>(statement: impl Future<Output = Result<T, Error>>) -> Result<T, Fault> {
    match timeout(STATEMENT, statement).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(match error.as_db_error() {
            // The server was stopped while it worked: what it had done by then is not known.
            Some(told) if told.code().code().starts_with("57") => Fault::NoAnswer(told.message().to_owned()),
            Some(told) => {
                let words = format!("{} (SQLSTATE {})", told.message(), told.code().code());
                let is_absent = [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME].contains(told.code());
                if is_absent { Fault::Absent(words) } else { Fault::Refused(words) }
            }
            None => Fault::NoAnswer(words(&error)),
        }),
        Err(_) => Err(Fault::NoAnswer("it took longer than a minute".to_owned())),
    }
}

/// Whether TLS fails as it always will: with a certificate, or with a server that has none.
fn lasts(error: &Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let (mut told, mut of_system) = (false, false);
    for cause in causes {
        (told, of_system) = (true, of_system || cause.is::<std::io::Error>());
    }
    is_distrust(error) || (told && !of_system)
}

/// An error and its causes.
fn words(error: &Error) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let next_words = next.to_string();
        if !words.iter().any(|before| before.contains(&next_words)) {
            words.push(next_words);
        }
        cause = next.source();
    }
    words.join(": ")
}
