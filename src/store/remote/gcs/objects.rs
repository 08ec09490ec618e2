//! The verbs of objects, over the JSON interface.

use super::super::calls::{Calls, Doing, Meaning};
use super::super::encoded;
use super::credentials::{Credentials, Signed};
use crate::http::{Answer, Endpoint, Method, Request, SetupError};
use crate::store::{Object, Objects, Place, StoreError, Tried, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::{BoxFuture, FutureExt};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// Google's server.
const SERVICE: &str = "https://storage.googleapis.com";
/// Between the parts of an upload. No body holds a line that begins so: ours are JSON, in which no line begins with a dash.
const BETWEEN: &str = "podform-7d1f0c5e9b";
const UPLOAD: &str = "multipart/related; boundary=podform-7d1f0c5e9b";

const UNVERSIONED: &str = "its answer names no generation";

/// What a block `backend "gcs"` says, with Terraform's meanings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The bucket.
    pub bucket: String,
    /// `storage_custom_endpoint`: another server than Google's; it may end with `/storage/v1/`, as Terraform has it.
    pub endpoint: Option<String>,
    /// How objects are encrypted by the server.
    pub encryption: Option<Encryption>,
    /// Whose bucket it is.
    pub credentials: Credentials,
}

/// Encryption by the server.
#[derive(Clone, Debug)]
pub enum Encryption {
    /// `kms_encryption_key`: the name of the key.
    Kms(String),
    /// `encryption_key`, which every request brings: 32 bytes in Base64.
    Customer(SecretString),
}

/// A bucket.
#[derive(Debug)]
pub struct Bucket {
    name: String,
    calls: Calls,
    encryption: Option<Encryption>,
}

impl Bucket {
    /// Nothing is called yet.
    ///
    /// # Errors
    /// Its endpoint cannot be used, or TLS is not to be had.
    pub fn new(settings: &Settings) -> Result<Bucket, SetupError> {
        let base = settings.endpoint.as_deref().unwrap_or(SERVICE).trim_end_matches('/');
        let endpoint = Endpoint::of_place(base.strip_suffix("/storage/v1").unwrap_or(base))?;
        let sign = Signed::new(&settings.credentials);
        let calls = Calls::new(endpoint, Box::new(sign), words)?;
        Ok(Bucket { name: settings.bucket.clone(), calls, encryption: settings.encryption.clone() })
    }

    fn doing(&self, what: &'static str, key: &str) -> Doing {
        Doing { what, place: self.place(key) }
    }

    fn object(&self, method: Method, key: &str, query: &[(&str, &str)]) -> Request {
        let (bucket, key) = (encoded::part(&self.name), encoded::part(key));
        let path = format!("/storage/v1/b/{bucket}/o/{key}{}", encoded::query(query));
        Request { method, path, slow: method != Method::Get, ..Request::default() }
    }

    /// A key that requests for the bytes of an object bring, and its digest.
    fn customer_key(&self) -> Vec<(String, String)> {
        let Some(Encryption::Customer(key)) = &self.encryption else { return Vec::new() };
        let digest = STANDARD.decode(key.expose_secret()).map(|key| STANDARD.encode(Sha256::digest(key)));
        let header = |name: &str, value: String| (format!("x-goog-encryption-{name}"), value);
        vec![
            header("algorithm", "AES256".to_owned()),
            header("key", key.expose_secret().to_owned()),
            header("key-sha256", digest.unwrap_or_default()),
        ]
    }

    /// Uploads over a generation; none is 0. In parts: there the emulators look at the condition too.
    async fn put(&self, key: &str, generation: &str, bytes: &[u8]) -> Tried<Version> {
        let doing = self.doing("write", key);
        let mut query = vec![("uploadType", "multipart"), ("ifGenerationMatch", generation)];
        if let Some(Encryption::Kms(name)) = &self.encryption {
            query.push(("kmsKeyName", name));
        }
        let path = format!("/upload/storage/v1/b/{}/o{}", encoded::part(&self.name), encoded::query(&query));
        let facts = serde_json::json!({ "name": key, "contentType": "application/json" }).to_string();
        let part = |body: &[u8]| {
            [format!("--{BETWEEN}\r\ncontent-type: application/json\r\n\r\n").as_bytes(), body, b"\r\n"].concat()
        };
        let body = [part(facts.as_bytes()), part(bytes), format!("--{BETWEEN}--\r\n").into_bytes()].concat();
        let headers = self.customer_key();
        let body = Some((UPLOAD, body));
        let request = Request { method: Method::Post, path, headers, body, slow: true, ..Request::default() };
        let generation = |answer: &Answer| facts_of(answer).get("generation").and_then(number);
        let meaning = |answer: &Answer| match answer.status {
            200..300 => generation(answer)
                .map_or(Meaning::Unversioned(UNVERSIONED), |generation| Meaning::Done(Version(Some(generation)))),
            412 => Meaning::Refused,
            409 => Meaning::Met,
            _ => Meaning::Failed,
        };
        self.calls.change(&doing, request, meaning).await
    }
}

impl Objects for Bucket {
    fn place(&self, key: &str) -> Place {
        Place::named(format!("gs://{}/{key}", self.name))
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        async move {
            let doing = self.doing("read", key);
            let mut request = self.object(Method::Get, key, &[("alt", "media")]);
            request.headers = self.customer_key();
            let answer = self.calls.read(&doing, request.clone()).await?;
            match answer.status {
                200 => match answer.header("x-goog-generation").map(str::to_owned) {
                    Some(generation) => Ok(Some(Object { bytes: answer.body, version: Version(Some(generation)) })),
                    None => Err(doing.failed(UNVERSIONED.to_owned())),
                },
                404 => Ok(None),
                _ => Err(self.calls.refused(&doing, &request, &answer)),
            }
        }
        .boxed()
    }

    fn version<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        async move {
            let doing = self.doing("read", key);
            let request = self.object(Method::Get, key, &[("fields", "generation")]);
            let answer = self.calls.read(&doing, request.clone()).await?;
            let generation = facts_of(&answer).get("generation").and_then(number);
            match answer.status {
                200 if generation.is_none() => Err(doing.failed(UNVERSIONED.to_owned())),
                200 => Ok(Some(Version(generation))),
                404 => Ok(None),
                _ => Err(self.calls.refused(&doing, &request, &answer)),
            }
        }
        .boxed()
    }

    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        self.put(key, "0", bytes).boxed()
    }

    fn replace<'a>(&'a self, key: &'a str, over: &'a Version, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        // One that does not exist is no object at all, and never 0: that would create it.
        self.put(key, over.0.as_deref().filter(|generation| *generation != "0").unwrap_or("1"), bytes).boxed()
    }

    fn remove<'a>(&'a self, key: &'a str, over: Option<&'a Version>) -> BoxFuture<'a, Tried<()>> {
        async move {
            let doing = self.doing("remove", key);
            let generation = over.and_then(|version| version.0.as_deref());
            let condition: Vec<(&str, &str)> =
                generation.map(|value| ("ifGenerationMatch", value)).into_iter().collect();
            let request = self.object(Method::Delete, key, &condition);
            let meaning = |answer: &Answer| match answer.status {
                200..300 | 404 => Meaning::Done(()),
                412 => Meaning::Refused,
                409 => Meaning::Met,
                _ => Meaning::Failed,
            };
            self.calls.change(&doing, request, meaning).await
        }
        .boxed()
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let ask = move |token: Option<&str>| {
            let mut query = vec![("prefix", prefix), ("fields", "items(name),nextPageToken")];
            query.extend(token.map(|token| ("pageToken", token)));
            let path = format!("/storage/v1/b/{}/o{}", encoded::part(&self.name), encoded::query(&query));
            Request { path, ..Request::default() }
        };
        let page = |answer: &Answer| {
            let page = facts_of(answer);
            let text = |value: &Json| value.as_str().map(str::to_owned);
            let items = page.get("items").and_then(Json::as_array).into_iter().flatten();
            let keys = items.filter_map(|item| item.get("name").and_then(text)).collect();
            (keys, page.get("nextPageToken").and_then(text).filter(|token| !token.is_empty()))
        };
        async move { self.calls.list(&self.doing("list", prefix), ask, page).await }.boxed()
    }
}

/// A 64-bit number: in JSON a text, for not every reader keeps so many digits.
fn number(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn facts_of(answer: &Answer) -> Json {
    crate::lang::json::read(&answer.body).unwrap_or(Json::Null)
}

fn words(answer: &Answer) -> String {
    let facts = facts_of(answer);
    let said = facts.get("error").and_then(|error| error.get("message").or(Some(error))).and_then(Json::as_str);
    said.map_or_else(|| String::from_utf8_lossy(&answer.body).trim().to_owned(), str::to_owned)
}
