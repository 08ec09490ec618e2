//! The lock of a state: an endless lease of its blob, whose id is that of the lock, and who holds it in the blob's metadata.
//! Both are Terraform's.

use super::objects::{Container, Leased, code};
use crate::http::{Answer, Method, Request};
use crate::store::{Holding, Lock, LockInfo, Objects, Place, StoreError, Tried, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::{BoxFuture, FutureExt};
use std::time::Duration;
use tokio::time::sleep;

/// How often a request is tried whose answer does not come: with the id of this lock it is the same again.
const TRIES: usize = 3;
/// Between two tries: a connection that broke is made anew by then.
const PAUSE: Duration = Duration::from_secs(1);
/// Where Terraform writes down who holds it.
const TOLD: &str = "x-ms-meta-terraformlockid";

/// The lock of one state.
#[derive(Debug)]
pub struct Lease {
    container: Container,
    key: String,
}

impl Lease {
    /// Of the blob of a state.
    pub fn new(container: Container, key: impl Into<String>) -> Lease {
        Lease { container, key: key.into() }
    }

    fn lease(&self, action: &str, more: &[(&str, &str)]) -> Request {
        let mut request = self.container.request(Method::Put, &self.key, &[("comp", "lease")]);
        let all = [("x-ms-lease-action", action)].into_iter().chain(more.iter().copied());
        request.headers.extend(all.map(|(name, value)| (name.to_owned(), value.to_owned())));
        request.body = Some(("application/json", Vec::new()));
        request
    }

    async fn send<T>(&self, what: &'static str, request: Request) -> Result<Answer, Tried<T>> {
        let doing = self.container.doing(what, &self.key);
        let answer = self.container.calls().write(&doing, request.clone()).await?;
        match answer.status {
            200..300 | 404 | 409 | 412 => Ok(answer),
            _ => Err(Tried::NotDone(self.container.calls().refused(&doing, &request, &answer))),
        }
    }

    async fn send_again<T>(&self, what: &'static str, request: Request) -> Result<Answer, Tried<T>> {
        for _ in 1..TRIES {
            match self.send(what, request.clone()).await {
                Err(Tried::InDoubt(_)) => sleep(PAUSE).await,
                known => return known,
            }
        }
        self.send(what, request).await
    }

    /// Whoever holds it under this id gets it once more.
    async fn acquire<T>(&self, id: &str) -> Result<Answer, Tried<T>> {
        let request = self.lease("acquire", &[("x-ms-lease-duration", "-1"), ("x-ms-proposed-lease-id", id)]);
        self.send_again("take the lock", request).await
    }

    async fn tell<T>(&self, id: &str, told: Option<(String, String)>) -> Result<Answer, Tried<T>> {
        let mut request = self.container.request(Method::Put, &self.key, &[("comp", "metadata")]);
        request.headers.push(("x-ms-lease-id".to_owned(), id.to_owned()));
        request.headers.extend(told);
        request.body = Some(("application/json", Vec::new()));
        self.send_again("write down who holds the lock", request).await
    }

    async fn try_take(&self, info: &LockInfo) -> Result<Holding, Tried<Holding>> {
        let mut answer = self.acquire(&info.id).await?;
        if answer.status == 404 {
            // Something must stand there to be leased; somebody else may make it at this moment.
            match self.container.create(&self.key, b"").await {
                Tried::Done(_) | Tried::Refused => {}
                Tried::NotDone(error) => return Err(Tried::NotDone(error)),
                Tried::InDoubt(error) => return Err(Tried::InDoubt(error)),
            }
            answer = self.acquire(&info.id).await?;
        }
        if !answer.is_success() {
            return Err(Tried::Refused);
        }
        let path = self.container.place(&self.key).to_string();
        let told = (TOLD.to_owned(), STANDARD.encode(info.for_terraform(&path)));
        let answer = self.tell(&info.id, Some(told.clone())).await?;
        if !answer.is_success() {
            // It was broken already.
            return Err(Tried::Refused);
        }
        self.container.leases(&self.key, Some(Leased { id: info.id.clone(), told }));
        Ok(holding_of(Some(info.clone()), None))
    }

    async fn try_free(&self, holding: &Holding) -> Result<bool, Tried<()>> {
        let Some(id) = holding.info.as_ref().map(|info| info.id.clone()) else {
            // Nobody knows its id: it is broken, at once.
            let answer = self.send("break the lock", self.lease("break", &[("x-ms-lease-break-period", "0")])).await?;
            return Ok(answer.is_success() || answer.status == 404);
        };
        self.tell(&id, None).await?;
        let answer = self.send("free the lock", self.lease("release", &[("x-ms-lease-id", &id)])).await?;
        self.container.leases(&self.key, None);
        // Where nobody has it any more, that is what was wanted.
        Ok(answer.is_success() || answer.status == 404 || code(&answer) == "LeaseNotPresentWithLeaseOperation")
    }
}

/// A lease has the id of its lock, and no other version. Where whoever took it died before that was written down, it goes by
/// the tag of what stands under it.
fn holding_of(info: Option<LockInfo>, tag: Option<&str>) -> Holding {
    let id = info.as_ref().map(|info| info.id.clone()).or_else(|| Some(tag?.trim_matches('"').to_owned()));
    Holding { info, ids: id.iter().cloned().collect(), version: Version(id) }
}

impl Lock for Lease {
    fn place(&self) -> Place {
        Place::named(format!("the lease of {}", self.container.place(&self.key)))
    }

    fn take<'a>(&'a self, info: &'a LockInfo) -> BoxFuture<'a, Tried<Holding>> {
        async move {
            let tried = self.try_take(info).await.map_or_else(|tried| tried, Tried::Done);
            if matches!(tried, Tried::NotDone(_) | Tried::InDoubt(_)) {
                // A lease that nobody wrote down would keep everybody out, this run too.
                let release = self.lease("release", &[("x-ms-lease-id", &info.id)]);
                let _: Result<Answer, Tried<()>> = self.send("free the lock", release).await;
            }
            tried
        }
        .boxed()
    }

    fn holding(&self) -> BoxFuture<'_, Result<Option<Holding>, StoreError>> {
        async {
            let doing = self.container.doing("read the lock", &self.key);
            let request = self.container.request(Method::Head, &self.key, &[]);
            let answer = self.container.calls().read(&doing, request.clone()).await?;
            match answer.status {
                200 if answer.header("x-ms-lease-status") != Some("locked") => Ok(None),
                200 => {
                    let told = answer.header(TOLD).and_then(|text| STANDARD.decode(text).ok());
                    let info = told.and_then(|text| LockInfo::of_terraform(&text));
                    Ok(Some(holding_of(info, answer.header("etag"))))
                }
                404 => Ok(None),
                _ => Err(self.container.calls().refused(&doing, &request, &answer)),
            }
        }
        .boxed()
    }

    fn free<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Tried<()>> {
        async move {
            match self.try_free(holding).await {
                Ok(true) => Tried::Done(()),
                Ok(false) => Tried::Refused,
                Err(tried) => tried,
            }
        }
        .boxed()
    }
}
