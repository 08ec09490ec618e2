//! The verbs of objects, over S3's REST interface.

use super::super::calls::{Calls, Doing, Meaning};
use super::super::{encoded, xml};
use super::credentials::Signed;
use super::settings::{Encryption, Settings};
use crate::http::{Answer, Method, Request, SetupError};
use crate::lang::hex;
use crate::store::{Object, Objects, Place, StoreError, Tried, Version, remove_each};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt};
use md5::Md5;
use quick_xml::escape::escape;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

/// A bucket.
#[derive(Debug)]
pub struct Bucket {
    name: String,
    calls: Calls,
    /// What stands before keys in paths.
    before: String,
    encryption: Option<Encryption>,
    acl: Option<String>,
}

/// So many keys are removed by one request. A thousand may be; but servers remove them one after the other, and of several
/// requests at once.
const TOGETHER: usize = 100;
/// Such requests that are sent at once.
const AT_ONCE: usize = 8;

const UNTAGGED: &str = "its answer has no ETag";

/// S3's answer where conditional writes of one key meet: it proves nothing.
const CONFLICT: &str = "ConditionalRequestConflict";

impl Bucket {
    /// Nothing is called yet.
    ///
    /// # Errors
    /// Its endpoint cannot be used, or TLS is not to be had.
    pub fn new(settings: &Settings) -> Result<Bucket, SetupError> {
        let (endpoint, before) = settings.place()?;
        let sign = Signed::new(&settings.credentials, &settings.region)?;
        let calls = Calls::new(endpoint, Box::new(sign), words)?;
        Ok(Bucket {
            name: settings.bucket.clone(),
            calls: match settings.max_retries {
                Some(tries) => calls.with_tries(tries),
                None => calls,
            },
            before,
            encryption: settings.encryption.clone(),
            acl: settings.acl.clone(),
        })
    }

    fn doing(&self, what: &'static str, key: &str) -> Doing {
        Doing { what, place: self.place(key) }
    }

    /// With the digest of what it will carry.
    fn request(&self, method: Method, key: &str, digest: &[u8]) -> Request {
        let path = format!("{}{}", self.before, encoded::path(key));
        let headers = vec![("x-amz-content-sha256".to_owned(), hex(digest))];
        Request { method, path, headers, slow: method != Method::Get, ..Request::default() }
    }

    /// A key that every request brings, and its digest.
    fn customer_key(&self) -> Vec<(String, String)> {
        let Some(Encryption::Customer(key)) = &self.encryption else { return Vec::new() };
        let digest = STANDARD.decode(key.expose_secret()).map(|key| STANDARD.encode(Md5::digest(key)));
        let header = |name: &str, value: String| (format!("x-amz-server-side-encryption-customer-{name}"), value);
        vec![
            header("algorithm", "AES256".to_owned()),
            header("key", key.expose_secret().to_owned()),
            header("key-md5", digest.unwrap_or_default()),
        ]
    }

    fn put(&self, key: &str, bytes: &[u8], condition: (&str, &str)) -> Request {
        // Once: a state of ten thousand machines has thirty megabytes.
        let digest = Sha256::digest(bytes);
        let mut request = self.request(Method::Put, key, &digest);
        let mut header = |name: &str, value: String| request.headers.push((name.to_owned(), value));
        header(condition.0, condition.1.to_owned());
        // As Terraform does: the server looks whether all of it arrived.
        header("x-amz-checksum-sha256", STANDARD.encode(digest));
        match &self.encryption {
            None | Some(Encryption::Customer(_)) => {}
            Some(Encryption::Service) => header("x-amz-server-side-encryption", "AES256".to_owned()),
            Some(Encryption::Kms(id)) => {
                header("x-amz-server-side-encryption", "aws:kms".to_owned());
                header("x-amz-server-side-encryption-aws-kms-key-id", id.clone());
            }
        }
        if let Some(acl) = &self.acl {
            header("x-amz-acl", acl.clone());
        }
        request.headers.extend(self.customer_key());
        request.body = Some(("application/json", bytes.to_vec()));
        request
    }

    /// A request of the bucket itself: in a path its name has nothing behind it.
    fn of_bucket(&self, method: Method, pairs: &[(&str, &str)], digest: &[u8]) -> Request {
        let mut request = self.request(method, "", digest);
        request.path = match self.before.trim_end_matches('/') {
            "" => "/".to_owned(),
            bucket => bucket.to_owned(),
        };
        request.path += &encoded::query(pairs);
        request
    }

    /// Removes so many keys as one request does. Why some stay; `None` where the server has no such request, or may have none.
    async fn remove_together(&self, keys: &[String]) -> Option<Vec<StoreError>> {
        let objects: String =
            keys.iter().map(|key| format!("<Object><Key>{}</Key></Object>", escape(key.as_str()))).collect();
        let body =
            format!("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{objects}<Quiet>true</Quiet></Delete>");
        let doing = self.doing("remove", keys.first()?);
        let mut request = self.of_bucket(Method::Post, &[("delete", "")], &Sha256::digest(&body));
        // Without it servers refuse this request, whatever else says that all of it arrived.
        request.headers.push(("content-md5".to_owned(), STANDARD.encode(Md5::digest(&body))));
        request.body = Some(("application/xml", body.into_bytes()));
        match self.calls.write::<()>(&doing, request).await {
            Ok(answer) if answer.status == 200 => {
                let stays = xml::texts(&answer.body, &["Code"]).into_iter();
                Some(stays.map(|(_, why)| doing.clone().failed(why)).collect())
            }
            Err(Tried::NotDone(error)) => Some(vec![error]),
            Ok(_) | Err(Tried::InDoubt(_) | Tried::Done(()) | Tried::Refused) => None,
        }
    }

    async fn write(&self, doing: Doing, request: Request) -> Tried<Version> {
        let meaning = |answer: &Answer| match (answer.status, code(answer)) {
            (200..300, _) => tag(answer).map_or(Meaning::Unversioned(UNTAGGED), Meaning::Done),
            (409, Some(code)) if code == CONFLICT => Meaning::Met,
            // Nothing stands where something should: AWS says 404, others 412.
            (404, Some(code)) if code == "NoSuchKey" => Meaning::Refused,
            (412, _) => Meaning::Refused,
            _ => Meaning::Failed,
        };
        self.calls.change(&doing, request, meaning).await
    }
}

impl Objects for Bucket {
    fn place(&self, key: &str) -> Place {
        Place::named(format!("s3://{}/{key}", self.name))
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, StoreError>> {
        async move {
            let doing = self.doing("read", key);
            let mut request = self.request(Method::Get, key, &Sha256::digest(b""));
            request.headers.extend(self.customer_key());
            let answer = self.calls.read(&doing, request.clone()).await?;
            match answer.status {
                200 => match tag(&answer) {
                    Some(version) => Ok(Some(Object { bytes: answer.body, version })),
                    None => Err(doing.failed(UNTAGGED.to_owned())),
                },
                404 if code(&answer).is_none_or(|code| code == "NoSuchKey") => Ok(None),
                _ => Err(self.calls.refused(&doing, &request, &answer)),
            }
        }
        .boxed()
    }

    fn version<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        async move {
            let doing = self.doing("read", key);
            let mut request = self.request(Method::Head, key, &Sha256::digest(b""));
            request.headers.extend(self.customer_key());
            let answer = self.calls.read(&doing, request.clone()).await?;
            match answer.status {
                200 => tag(&answer).map(Some).ok_or_else(|| doing.failed(UNTAGGED.to_owned())),
                404 => Ok(None),
                _ => Err(self.calls.refused(&doing, &request, &answer)),
            }
        }
        .boxed()
    }

    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        self.write(self.doing("write", key), self.put(key, bytes, ("if-none-match", "*"))).boxed()
    }

    fn replace<'a>(&'a self, key: &'a str, over: &'a Version, bytes: &'a [u8]) -> BoxFuture<'a, Tried<Version>> {
        let over = over.0.as_deref().unwrap_or_default();
        self.write(self.doing("write", key), self.put(key, bytes, ("if-match", over))).boxed()
    }

    fn remove<'a>(&'a self, key: &'a str, over: Option<&'a Version>) -> BoxFuture<'a, Tried<()>> {
        async move {
            let doing = self.doing("remove", key);
            let mut request = self.request(Method::Delete, key, &Sha256::digest(b""));
            if let Some(version) = over.and_then(|version| version.0.clone()) {
                request.headers.push(("if-match".to_owned(), version));
            }
            let meaning = |answer: &Answer| match (answer.status, code(answer)) {
                (200..300, _) => Meaning::Done(()),
                (404, code) if code.as_deref().is_none_or(|code| code == "NoSuchKey") => Meaning::Done(()),
                (409, Some(code)) if code == CONFLICT => Meaning::Met,
                (412, _) => Meaning::Refused,
                _ => Meaning::Failed,
            };
            self.calls.change(&doing, request, meaning).await
        }
        .boxed()
    }

    fn remove_all<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Vec<StoreError>> {
        type Removed<'a> = (&'a [String], Option<Vec<StoreError>>);
        let asked = keys.chunks(TOGETHER).map(|keys| async move { (keys, self.remove_together(keys).await) }.boxed());
        let asked: Vec<BoxFuture<'a, Removed<'a>>> = asked.collect();
        let mut removed = stream::iter(asked).buffer_unordered(AT_ONCE);
        async move {
            let (mut failed, mut others) = (Vec::new(), Vec::new());
            while let Some((keys, stay)) = removed.next().await {
                match stay {
                    Some(stay) => failed.extend(stay),
                    None => others.extend_from_slice(keys),
                }
            }
            // All of them in one go: no more at once than anywhere else.
            failed.extend(remove_each(self, &others).await);
            failed
        }
        .boxed()
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let ask = move |token: Option<&str>| {
            let pairs: Vec<(&str, &str)> = token.map(|token| ("continuation-token", token)).into_iter().collect();
            let pairs = [pairs, vec![("list-type", "2"), ("prefix", prefix)]].concat();
            self.of_bucket(Method::Get, &pairs, &Sha256::digest(b""))
        };
        let page = |answer: &Answer| xml::page(&answer.body, "Key", "NextContinuationToken");
        async move { self.calls.list(&self.doing("list", prefix), ask, page).await }.boxed()
    }
}

fn tag(answer: &Answer) -> Option<Version> {
    Some(Version(Some(answer.header("etag")?.to_owned())))
}

fn code(answer: &Answer) -> Option<String> {
    xml::text(&answer.body, "Code")
}

fn words(answer: &Answer) -> String {
    let found = xml::texts(&answer.body, &["Code", "Message"]);
    let said: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
    let region = answer.header("x-amz-bucket-region").filter(|_| (300..=403).contains(&answer.status));
    let region = region.map_or_else(String::new, |region| format!(" (the bucket is in {region})"));
    format!("{}{region}", said.join(": "))
}

#[cfg(test)]
mod tests {
    use super::super::credentials::Credentials;
    use super::*;
    use crate::http::scripted::{Seen, Server, answer};

    fn bucket(url: &str) -> Bucket {
        let keys = Some(("key".to_owned().into(), "secret".to_owned().into()));
        let settings = Settings {
            bucket: "b".into(),
            region: "r".into(),
            endpoint: Some(url.to_owned()),
            use_path_style: true,
            credentials: Credentials { keys, ..Credentials::default() },
            ..Settings::default()
        };
        Bucket::new(&settings).expect("a bucket")
    }

    async fn removed(keys: &[&str], script: fn(&str) -> (u16, &'static str)) -> (Vec<String>, Vec<String>) {
        let server = Server::start(move |_, seen| {
            let (status, body) = script(&seen.method);
            answer(status, body)
        })
        .await;
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let stay = bucket(&server.url).remove_all(&keys).await;
        let told = |seen: &Seen| format!("{} {} {}", seen.method, seen.target, seen.body);
        (server.seen().iter().map(told).collect(), stay.iter().map(ToString::to_string).collect())
    }

    #[tokio::test]
    async fn keys_are_removed_together_or_one_by_one_and_what_stays_is_told() {
        let (asked, stay) = removed(&["a/1", "a<2"], |_| (200, "<DeleteResult/>")).await;
        let [one] = &asked[..] else { panic!("{asked:?}") };
        assert!(one.starts_with("POST /b?delete= "), "{one}");
        assert!(one.contains("<Key>a/1</Key>") && one.contains("<Key>a&lt;2</Key>") && stay.is_empty(), "{one}");
        const DENIED: &str = "<DeleteResult><Error><Key>a/1</Key><Code>AccessDenied</Code></Error></DeleteResult>";
        let (_, stay) = removed(&["a/1", "a/2"], |_| (200, DENIED)).await;
        assert!(stay.len() == 1 && stay[0].contains("AccessDenied"), "{stay:?}");
        let refused = |method: &str| if method == "POST" { (405, "") } else { (204, "") };
        let unknown = |method: &str| if method == "POST" { (501, "") } else { (204, "") };
        for none in [refused, unknown] {
            let (mut asked, stay) = removed(&["a/1", "a/2"], none).await;
            asked.sort();
            assert!(asked[0].starts_with("DELETE /b/a/1") && asked[1].starts_with("DELETE /b/a/2"), "{asked:?}");
            assert!(asked.len() == 3 && stay.is_empty(), "{stay:?}");
        }
    }
}
