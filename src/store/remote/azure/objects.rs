//! The verbs of objects, over the REST interface of blobs.

use super::super::calls::{Calls, Doing, Meaning};
use super::super::{encoded, xml};
use super::credentials::{Credentials, Signed};
use crate::http::{Answer, Endpoint, Method, Request, SetupError};
use crate::store::{Object, Objects, Place, StoreError, Tried, Version};
use futures::future::{BoxFuture, FutureExt};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The version of the interface: leases, conditions and tags have not changed since.
const VERSION: &str = "2021-12-02";

const UNTAGGED: &str = "its answer has no ETag";

/// What a block `backend "azurerm"` says, with Terraform's meanings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `storage_account_name`.
    pub account: String,
    /// `container_name`.
    pub container: String,
    /// Another server than Azure's: `AZURE_STORAGE_SERVICE_ENDPOINT`, as the Azure CLI has it.
    pub endpoint: Option<String>,
    /// The domain of blobs in a cloud of its own: `blob.core.chinacloudapi.cn`.
    pub domain: Option<String>,
    /// Whose container it is.
    pub credentials: Credentials,
}

/// A container. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Container(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    account: String,
    container: String,
    calls: Calls,
    leases: Mutex<BTreeMap<String, Leased>>,
}

/// A lease that this run holds. Writes of its blob show it, and repeat who holds it: they would drop that otherwise.
#[derive(Clone, Debug)]
pub(super) struct Leased {
    /// The id of the lease.
    pub id: String,
    /// The header that tells who holds it.
    pub told: (String, String),
}

impl Container {
    /// Nothing is called yet.
    ///
    /// # Errors
    /// Its endpoint cannot be used, or TLS is not to be had.
    pub fn new(settings: &Settings) -> Result<Container, SetupError> {
        let account = &settings.account;
        let domain = settings.domain.as_deref().unwrap_or("blob.core.windows.net");
        let base = settings.endpoint.clone().unwrap_or_else(|| format!("https://{account}.{domain}"));
        let sign = Signed::new(account, &settings.credentials);
        let calls = Calls::new(Endpoint::of_place(&base)?, Box::new(sign), words)?;
        let (account, container) = (account.clone(), settings.container.clone());
        Ok(Container(Arc::new(Inner { account, container, calls, leases: Mutex::default() })))
    }

    pub(super) fn calls(&self) -> &Calls {
        &self.0.calls
    }

    pub(super) fn doing(&self, what: &'static str, key: &str) -> Doing {
        Doing { what, place: self.place(key) }
    }

    /// Whether this run holds the lease of a blob.
    pub(super) fn leases(&self, key: &str, lease: Option<Leased>) {
        let mut leases = self.0.leases.lock().unwrap_or_else(PoisonError::into_inner);
        match lease {
            Some(lease) => drop(leases.insert(key.to_owned(), lease)),
            None => drop(leases.remove(key)),
        }
    }

    pub(super) fn request(&self, method: Method, key: &str, query: &[(&str, &str)]) -> Request {
        let path = format!("/{}/{}{}", encoded::part(&self.0.container), encoded::path(key), encoded::query(query));
        let headers = vec![("x-ms-version".to_owned(), VERSION.to_owned())];
        Request { method, path, headers, slow: method != Method::Get, ..Request::default() }
    }

    /// A change of a blob, with the lease that this run has of it.
    fn change(&self, method: Method, key: &str, more: &[(&str, &str)]) -> Request {
        let mut request = self.request(method, key, &[]);
        let lease = self.0.leases.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        request.headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        if let Some(lease) = lease {
            request.headers.push(("x-ms-lease-id".to_owned(), lease.id));
            request.headers.extend((method == Method::Put).then_some(lease.told));
        }
        request
    }

    async fn put(&self, key: &str, condition: (&str, &str), bytes: &[u8]) -> Tried<Version> {
        let doing = self.doing("write", key);
        let mut request = self.change(Method::Put, key, &[condition, ("x-ms-blob-type", "BlockBlob")]);
        request.body = Some(("application/json", bytes.to_vec()));
        let meaning = |answer: &Answer| match (answer.status, &*code(answer)) {
            (200..300, _) => tag(answer).map_or(Meaning::Unversioned(UNTAGGED), Meaning::Done),
            (409, "BlobAlreadyExists") | (412, "ConditionNotMet") | (404, "BlobNotFound") => Meaning::Refused,
            // Somebody else has the lease: not the condition, but the lock is in the way.
            _ => Meaning::Failed,
        };
        self.0.calls.change(&doing, request, meaning).await
    }
}

impl Objects for Container {
    fn place(&self, key: &str) -> Place {
        Place::named(format!("azure://{}/{}/{key}", self.0.account, self.0.container))
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        async move {
            let doing = self.doing("read", key);
            let request = self.request(Method::Get, key, &[]);
            let answer = self.0.calls.read(&doing, request.clone()).await?;
            match (answer.status, &*code(&answer)) {
                // An empty blob stands for none: whoever takes the lock of a state that does not exist makes one to lease.
                (200, _) if answer.body.is_empty() => Ok(None),
                (200, _) => match tag(&answer) {
                    Some(version) => Ok(Some(Object { bytes: answer.body, version })),
                    None => Err(doing.failed(UNTAGGED.to_owned())),
                },
                (404, "BlobNotFound" | "") => Ok(None),
                _ => Err(self.0.calls.refused(&doing, &request, &answer)),
            }
        }
        .boxed()
    }

    fn version<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        async move {
            let doing = self.doing("read", key);
            let request = self.request(Method::Head, key, &[]);
            let answer = self.0.calls.read(&doing, request.clone()).await?;
            match (answer.status, answer.header("content-length")) {
                (200, Some("0")) | (404, _) => Ok(None),
                (200, _) => tag(&answer).map(Some).ok_or_else(|| doing.failed(UNTAGGED.to_owned())),
                _ => Err(self.0.calls.refused(&doing, &request, &answer)),
            }
        }
        .boxed()
    }

    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        async move {
            let first = self.put(key, ("if-none-match", "*"), bytes).await;
            if !matches!(first, Tried::Refused) {
                return first;
            }
            // It may be an empty one.
            let doing = self.doing("read", key);
            let answer = match self.0.calls.read(&doing, self.request(Method::Head, key, &[])).await {
                Ok(answer) => answer,
                Err(error) => return Tried::InDoubt(error),
            };
            match (answer.status, answer.header("content-length"), tag(&answer).and_then(|version| version.0)) {
                (200, Some("0"), Some(tag)) => self.put(key, ("if-match", &tag), bytes).await,
                _ => Tried::Refused,
            }
        }
        .boxed()
    }

    fn replace<'a>(&'a self, key: &'a str, over: &'a Version, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        self.put(key, ("if-match", over.0.as_deref().unwrap_or_default()), bytes).boxed()
    }

    fn remove<'a>(&'a self, key: &'a str, over: Option<&'a Version>) -> BoxFuture<'a, Tried<()>> {
        async move {
            let doing = self.doing("remove", key);
            let tag = over.and_then(|version| version.0.as_deref());
            let condition: Vec<(&str, &str)> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
            let request = self.change(Method::Delete, key, &condition);
            let meaning = |answer: &Answer| match (answer.status, &*code(answer)) {
                (200..300, _) | (404, _) => Meaning::Done(()),
                (412, "ConditionNotMet") => Meaning::Refused,
                _ => Meaning::Failed,
            };
            self.0.calls.change(&doing, request, meaning).await
        }
        .boxed()
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let ask = move |token: Option<&str>| {
            let mut query = vec![("restype", "container"), ("comp", "list"), ("prefix", prefix)];
            query.extend(token.map(|token| ("marker", token)));
            let mut request = self.request(Method::Get, "", &[]);
            request.path = format!("/{}{}", encoded::part(&self.0.container), encoded::query(&query));
            request
        };
        let page = |answer: &Answer| xml::page(&answer.body, "Name", "NextMarker");
        async move { self.0.calls.list(&self.doing("list", prefix), ask, page).await }.boxed()
    }
}

fn tag(answer: &Answer) -> Option<Version> {
    Some(Version(Some(answer.header("etag")?.to_owned())))
}

/// What it was: in a header, for there may be no body.
pub(super) fn code(answer: &Answer) -> String {
    answer.header("x-ms-error-code").map(str::to_owned).or_else(|| xml::text(&answer.body, "Code")).unwrap_or_default()
}

fn words(answer: &Answer) -> String {
    let message = xml::text(&answer.body, "Message").unwrap_or_default();
    // The first line says what it is; the others name the request.
    let message = message.lines().next().unwrap_or_default();
    [&*code(answer), message].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}
