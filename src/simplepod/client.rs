//! The client: its settings, and the calls that the seam does not ask for.

use super::clean::one_line;
use super::field::Row;
use super::market::Market;
use super::paging::{Page, Paging, complete};
use super::query::MarketQuery;
use super::read::{global_template, group, ledger_row, machine};
use super::retry::{Call, Retry};
use super::stream::{Rows, Wrong};
use super::write::{Body, reboot};
use crate::cloud::{CallError, ErrorKind, Listed, Outcome, ReadResult};
use crate::http::{Answer, Endpoint, Method, Options, Request, SetupError, Transport};
use crate::live::{Group, GroupId, LedgerRow, Machine, MachineId, Offer};
use crate::schema::PriceBasis;
use crate::state::fingerprint;
use futures::FutureExt as _;
use secrecy::SecretString;
use std::collections::HashMap;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// Where the API lives (API sheet §1). The vendor's examples name another host with the same paths (C11).
pub const BASE_URL: &str = "https://api.simplepod.ai";

/// A list of more pages than this is read in pages twice as large, which are known to be taken too (API sheet §1): half the
/// calls.
const LONG: usize = 5;

/// The path of a reboot in the vendor's own program (C5).
const OTHER_REBOOT_PATH: &str = "/instances/reboot";

/// Everything a client is made of. `Debug` does not show the key.
#[derive(Clone, Debug)]
pub struct Settings {
    /// [`BASE_URL`], or another.
    pub base_url: String,
    /// The key of a sub-account.
    pub api_key: SecretString,
    /// Limits of the transport.
    pub http: Options,
    /// Which calls are sent again, and when.
    pub retry: Retry,
    /// How prices of the market are read.
    pub price_basis: PriceBasis,
    /// Rows a page; the server may give fewer.
    pub page_size: usize,
    /// The path of a reboot, which the reference does not print (C5).
    pub reboot_path: String,
}

impl Settings {
    /// The defaults for an endpoint and a key.
    pub fn new(base_url: impl Into<String>, api_key: SecretString) -> Self {
        Self {
            base_url: base_url.into(),
            api_key,
            http: Options::default(),
            retry: Retry::default(),
            price_basis: PriceBasis::Auto,
            // Known to be taken, as are 200 and 1000 (API sheet §1). A page that fails is read again: a small one costs
            // less.
            page_size: 100,
            reboot_path: "/instances/execute-reboot".into(),
        }
    }
}

/// How many rows lists will have, as far as one can tell from the state: their pages are then read in one round.
/// A wrong number costs calls or time, never rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Machines of the account.
    pub machines: Option<usize>,
    /// Template groups of the account.
    pub groups: Option<usize>,
}

/// The SimplePod API. Implements [`crate::cloud::Cloud`].
#[derive(Debug)]
pub struct Client {
    transport: Arc<Transport>,
    retry: Retry,
    market: Arc<Market>,
    page_size: usize,
    reboot_path: String,
    pub(super) machines_expected: Expectation,
    pub(super) groups_expected: Expectation,
}

/// How many rows a list will have: told, or as many as the last time.
#[derive(Debug)]
pub(super) struct Expectation(AtomicUsize);

impl Expectation {
    /// What stands for "unknown": no list is so long.
    const UNKNOWN: usize = usize::MAX;

    fn new(rows: Option<usize>) -> Self {
        Self(AtomicUsize::new(rows.unwrap_or(Self::UNKNOWN)))
    }

    fn get(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Relaxed)).filter(|rows| *rows != Self::UNKNOWN)
    }

    fn learn(&self, rows: usize) {
        self.0.store(rows, Ordering::Relaxed);
    }
}

impl Client {
    /// A client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// The base URL, the key or a setting cannot be used, or TLS is not to be had.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let endpoint = Endpoint::parse(&settings.base_url)?;
        if settings.page_size == 0 {
            return Err(SetupError::Setting("the page size must be above 0".into()));
        }
        if !settings.reboot_path.starts_with('/') {
            return Err(SetupError::Setting("the path of the reboot must start with /".into()));
        }
        let transport = Arc::new(Transport::new(endpoint, &settings.api_key, settings.http)?);
        Ok(Self {
            market: Arc::new(Market::new(transport.clone(), settings.retry.clone(), settings.price_basis)),
            transport,
            retry: settings.retry,
            page_size: settings.page_size,
            reboot_path: settings.reboot_path,
            machines_expected: Expectation::new(None),
            groups_expected: Expectation::new(None),
        })
    }

    /// The same client, knowing how long lists will be.
    #[must_use]
    pub fn with_expected(self, expected: Expected) -> Self {
        Self {
            machines_expected: Expectation::new(expected.machines),
            groups_expected: Expectation::new(expected.groups),
            ..self
        }
    }

    /// The base URL, without trailing `/`: what a state remembers.
    pub fn base_url(&self) -> &str {
        self.transport.endpoint().as_str()
    }

    /// The [`fingerprint`] of this client's key.
    pub fn account_fingerprint(&self) -> String {
        fingerprint(self.transport.key())
    }

    /// Rows of the market, in the order asked for; those without price, model or count are dropped. They are read on a thread
    /// of their own: what waits for other answers meanwhile goes on. It ends with them, so that whoever drops tens of
    /// thousands of rows gives their memory back. Whoever no longer waits ends it: none outlives the runtime that it runs on.
    ///
    /// # Errors
    ///
    /// The call failed.
    pub async fn market(&self, query: &MarketQuery) -> ReadResult<Vec<Offer>> {
        let (market, its_query, runtime) = (Arc::clone(&self.market), query.clone(), Handle::current());
        let (reading, read) = async move { market.read(&its_query).await }.remote_handle();
        match Builder::new().name("market".into()).spawn(move || runtime.block_on(reading)) {
            Ok(thread) => {
                let _ended = Joined(Some(thread));
                read.await
            }
            Err(_) => self.market.read(query).await,
        }
    }

    /// Details of one of the vendor's templates; `None` for 404 and 410.
    ///
    /// # Errors
    ///
    /// The call failed.
    pub async fn global_template(&self, id: GroupId) -> ReadResult<Option<Group>> {
        self.one(format!("/instances/global-templates/{id}"), |value| group(value).filter(|group| group.id == id)).await
    }

    /// The vendor's templates that match a phrase, loosely.
    ///
    /// # Errors
    ///
    /// The call failed.
    pub async fn search_global_templates(&self, phrase: &str) -> ReadResult<Vec<Group>> {
        let listed = self.list("/instances/global-templates/list", search(phrase), None, global_template).await?;
        Ok(listed.rows)
    }

    /// Our template groups that match a phrase, loosely: names are to be compared afterwards (API sheet §3.3).
    ///
    /// # Errors
    ///
    /// The call failed.
    pub async fn search_groups(&self, phrase: &str) -> ReadResult<Listed<Group>> {
        self.list("/instances/templates/list", search(phrase), None, group).await
    }

    /// Our machines that match a phrase, loosely.
    ///
    /// # Errors
    ///
    /// The call failed.
    pub async fn search_machines(&self, phrase: &str) -> ReadResult<Listed<Machine>> {
        self.list("/instances/list", search(phrase), None, machine).await
    }

    /// Reboots machines; sent once. Where there is no such path nothing was rebooted, and the other one that programs use is
    /// tried (C5).
    pub async fn reboot(&self, ids: &[MachineId]) -> Outcome<()> {
        let send = async |path: &str| {
            let call = self.call(Method::Patch, path.to_owned(), Some(reboot(ids)));
            call.once().await.map(drop)
        };
        match send(&self.reboot_path).await {
            Outcome::NotDone(CallError { status: Some(404 | 405), .. }) if self.reboot_path != OTHER_REBOOT_PATH => {
                send(OTHER_REBOOT_PATH).await
            }
            outcome => outcome,
        }
    }

    /// The list of usage, of one machine or of all.
    ///
    /// # Errors
    ///
    /// The call failed.
    pub async fn billing(&self, machine: Option<MachineId>) -> ReadResult<Listed<LedgerRow>> {
        let query = machine.map(|id| ("instanceId".to_owned(), id.to_string())).into_iter().collect();
        self.list("/instances/billing/list", query, None, ledger_row).await
    }

    /// The list of deposits.
    ///
    /// # Errors
    ///
    /// The call failed.
    pub async fn deposits(&self) -> ReadResult<Listed<LedgerRow>> {
        self.list("/instances/deposit/list", Vec::new(), None, ledger_row).await
    }

    /// A list, wholly.
    pub(super) async fn list<T: Send + 'static>(
        &self,
        path: &'static str,
        query: Vec<(String, String)>,
        expected: Option<&Expectation>,
        parse: fn(&Row<'_>) -> Option<T>,
    ) -> ReadResult<Listed<T>> {
        let rows = expected.and_then(Expectation::get);
        let is_long = rows.is_some_and(|rows| rows > LONG * self.page_size);
        let paging = Paging {
            size: if is_long { 2 * self.page_size } else { self.page_size },
            expected: rows,
            concurrency: self.transport.options().max_concurrency,
        };
        let listed = complete(paging, |number, size| {
            let paging = [("page".to_owned(), number.to_string()), ("itemsPerPage".to_owned(), size.to_string())];
            let query = query.iter().cloned().chain(paging).collect();
            let request = Request { path: path.to_owned(), query, ..Request::default() };
            let (transport, retry) = (Arc::clone(&self.transport), self.retry.clone());
            spawned(async move {
                let call = Call::new(&transport, &retry, request, Vec::new());
                let limit = transport.options().max_body;
                let reader = || {
                    let rows = Rows::new(limit, keyed(parse)).of_about(size);
                    // The reference shows an empty object for the list of usage (C12); of no other list would it be
                    // proof of emptiness.
                    if path.contains("/billing/") { rows.or_empty_object() } else { rows }
                };
                let (rows, answer) = call.read_with(reader).await?;
                Ok(Page { rows, date: answer.date })
            })
        })
        .await?;
        if let Some(expected) = expected {
            expected.learn(listed.rows.len());
        }
        Ok(listed)
    }

    /// One thing by its id; `None` for 404 and 410.
    pub(super) async fn one<T: Send>(
        &self,
        path: String,
        parse: impl Fn(&Row<'_>) -> Option<T> + Send + Sync,
    ) -> ReadResult<Option<T>> {
        let call = self.get(path, Vec::new());
        match call
            .read(|value| {
                Row::of(value).and_then(|row| parse(&row)).ok_or(Wrong("the answer is not what was asked for"))
            })
            .await
        {
            Ok((thing, _)) => Ok(Some(thing)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A read.
    pub(super) fn get(&self, path: String, query: Vec<(String, String)>) -> Call<'_> {
        let request = Request { path, query, ..Request::default() };
        Call::new(&self.transport, &self.retry, request, Vec::new())
    }

    /// A call that changes the account.
    pub(super) fn call(&self, method: Method, path: String, body: Option<Body>) -> Call<'_> {
        // Rents and deletes take longer (API sheet §1).
        let slow = matches!(method, Method::Post | Method::Delete);
        let content_type = if method == Method::Patch { "application/merge-patch+json" } else { "application/json" };
        let (bytes, secrets) = body.map_or((None, Vec::new()), |body| (Some(body.bytes), body.secrets));
        let request =
            Request { method, path, body: bytes.map(|bytes| (content_type, bytes)), slow, ..Request::default() };
        Call::new(&self.transport, &self.retry, request, secrets)
    }
}

/// Works on whichever thread is free: pages of a long list are parsed side by side. Whoever no longer waits ends it.
async fn spawned<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let mut one = JoinSet::new();
    one.spawn(work);
    match one.join_next().await {
        Some(Ok(done)) => done,
        Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
        // Its runtime shuts down: nobody waits.
        Some(Err(_)) | None => pending().await,
    }
}

/// A thread, waited for when this is dropped. What reads on a runtime that has shut down panics, so nobody may leave it
/// behind; told to end, it does so within the page that it is parsing.
struct Joined(Option<JoinHandle<()>>);

impl Drop for Joined {
    fn drop(&mut self) {
        // A panic of it has been handed to whoever waited for its answer.
        let _ = self.0.take().map(JoinHandle::join);
    }
}

/// The id that the answer to a POST names.
pub(super) fn id_of(answer: &Answer) -> Option<u64> {
    super::read::created_id(&serde_json::from_slice(&answer.body).ok()?)
}

fn search(phrase: &str) -> Vec<(String, String)> {
    vec![("search".to_owned(), phrase.to_owned())]
}

/// Reads the rows of one page, each with what tells it apart: its id, else all of it and its number among its like.
fn keyed<T: Send>(
    parse: fn(&Row<'_>) -> Option<T>,
) -> impl Fn(&str, Option<Row<'_>>) -> Result<Option<(String, T)>, Wrong> + Send + Sync {
    const NO_ID: Wrong = Wrong("a row of the list has no id");
    // Those that are alike are numbered in any order.
    let likes: Mutex<HashMap<String, u32>> = Mutex::default();
    move |text, row| {
        let row = row.ok_or(NO_ID)?;
        let key = row.text("id").unwrap_or_else(|| {
            let mut likes = likes.lock().unwrap_or_else(PoisonError::into_inner);
            let like = likes.entry(text.to_owned()).or_insert(0);
            *like += 1;
            format!("{text} #{like}")
        });
        Ok(Some((one_line(&key, 10_000), parse(&row).ok_or(NO_ID)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::scripted::{Reply, Server};
    use std::time::Duration;

    #[tokio::test]
    async fn nothing_reads_the_market_that_nobody_waits_for() {
        for pause in 0..50 {
            let server = Server::start(|_, _| Reply::Silence).await;
            let client = Client::new(Settings::new(&server.url, "k".to_owned().into())).expect("a client");
            let query = MarketQuery::default();
            let waited = tokio::time::timeout(Duration::from_micros(100 * pause), client.market(&query)).await;
            assert!(waited.is_err());
            assert_eq!(Arc::strong_count(&client.market), 1, "its thread goes on");
        }
    }
}
