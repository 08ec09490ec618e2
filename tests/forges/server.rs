//! A second implementation of the forges: comments of pull requests, verdicts on commits, who somebody is. It checks what it
//! is asked as their published descriptions have it, and has faults.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());

/// Whose manners it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    GitHub,
    GitLab,
    Forgejo,
}

/// What goes wrong with the next call of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is done, and the answer is this status.
    After(u16),
    /// It is not done, and the answer is this status; with seconds to wait.
    Before(u16, Option<u32>),
    /// It is not done, and the answer is 200 with this text.
    Instead(&'static str),
    /// It is not done, and the answer leads to this server.
    Elsewhere(u16),
    /// Another run writes the same comment just before.
    Beside,
}

/// What it holds.
#[derive(Default)]
pub struct Held {
    /// Comments in order: id, author, text, and whether it is folded away.
    pub comments: Vec<(u64, String, String, bool)>,
    /// Verdicts on commits.
    pub checks: Vec<Value>,
    /// Every call: method and path with its query.
    pub calls: Vec<String>,
    /// Faults by method and a part of the path, each for one call.
    pub faults: Vec<(&'static str, &'static str, Fault)>,
    /// Whom the token belongs to; `None` for that of a job, which may not ask.
    pub login: Option<String>,
    /// The pull requests of any commit that are merged.
    pub merged: Vec<u64>,
    next: u64,
}

/// A forge on a port of its own.
pub struct Server {
    /// Its base URL.
    pub url: String,
    held: Arc<Mutex<Held>>,
}

struct App {
    manners: Manners,
    held: Arc<Mutex<Held>>,
}

impl Server {
    pub fn start(manners: Manners) -> Self {
        let held = Arc::new(Mutex::new(Held { login: Some("robot".into()), next: 100, ..Held::default() }));
        let app = Arc::new(App { manners, held: Arc::clone(&held) });
        let address = RUNTIME.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer).with_state(app)).await });
            address
        });
        Self { url: format!("http://{address}/base"), held }
    }

    /// What it holds now.
    pub fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }

    /// Writes a comment as somebody.
    pub fn comment(&self, author: &str, body: &str) {
        let mut held = self.held();
        held.add(author, body);
    }
}

impl Held {
    fn add(&mut self, author: &str, body: &str) -> u64 {
        self.next += 1;
        let id = self.next;
        self.comments.push((id, author.to_owned(), body.to_owned(), false));
        id
    }

    fn me(&self, manners: Manners) -> String {
        self.login.clone().unwrap_or_else(|| match manners {
            Manners::GitHub => "github-actions[bot]".to_owned(),
            Manners::Forgejo => "forgejo-actions".to_owned(),
            Manners::GitLab => "nobody".to_owned(),
        })
    }
}

fn reply(status: u16, body: &Value, wait: Option<u32>) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if let Some(wait) = wait {
        response.headers_mut().insert("retry-after", wait.into());
    }
    response
}

async fn answer(State(app): State<Arc<App>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut held = app.held.lock().unwrap();
    held.calls.push(format!("{method} {uri}"));
    let login = match app.manners {
        Manners::GitHub => ("authorization", "Bearer a-token"),
        Manners::Forgejo => ("authorization", "token a-token"),
        Manners::GitLab => ("private-token", "a-token"),
    };
    if headers.get(login.0).and_then(|value| value.to_str().ok()) != Some(login.1) {
        return reply(401, &json!({ "message": "Bad credentials a-token" }), None);
    }
    if !headers.contains_key("user-agent") {
        return reply(403, &json!({ "message": "a user agent is needed" }), None);
    }
    let at = held.faults.iter().position(|(verb, part, _)| method.as_str() == *verb && uri.path().contains(part));
    let fault = at.map(|at| held.faults.remove(at).2);
    if let Some(Fault::Before(status, wait)) = fault {
        return reply(status, &json!({ "message": "not now, a-token" }), wait);
    }
    if let Some(Fault::Instead(text)) = fault {
        return Response::new(Body::from(text));
    }
    if let Some(Fault::Elsewhere(port)) = fault {
        let mut response = reply(307, &Value::Null, None);
        response.headers_mut().insert("location", format!("http://127.0.0.1:{port}/").parse().unwrap());
        return response;
    }
    let body: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    if fault == Some(Fault::Beside) {
        let me = held.me(app.manners);
        held.add(&me, &body["body"].as_str().unwrap().replace("2 to add", "9 to add"));
    }
    let (status, answer) = done(app.manners, &mut held, &method, &uri, &body);
    match fault {
        Some(Fault::After(status)) => reply(status, &json!({ "message": "lost" }), None),
        _ => reply(status, &answer, None),
    }
}

fn done(manners: Manners, held: &mut Held, method: &Method, uri: &Uri, body: &Value) -> (u16, Value) {
    let path = uri.path().strip_prefix("/base").unwrap_or_default();
    let missing = || (404, json!({ "message": "Not Found" }));
    let me = held.me(manners);
    let comments = match manners {
        Manners::GitHub | Manners::Forgejo => "/repos/acme/fleet/issues/7/comments",
        Manners::GitLab => "/projects/42/merge_requests/7/notes",
    };
    let one = match manners {
        Manners::GitHub | Manners::Forgejo => "/repos/acme/fleet/issues/comments/",
        Manners::GitLab => "/projects/42/merge_requests/7/notes/",
    };
    let text = body.get("body").and_then(Value::as_str);
    if text.is_some_and(|text| text.encode_utf16().count() > 65_536) {
        return (422, json!({ "message": "Body is too long" }));
    }
    match (method.as_str(), path) {
        ("GET", "/user") => match (&held.login, manners) {
            (None, _) => (403, json!({ "message": "Resource not accessible by integration" })),
            (Some(login), Manners::GitLab) => (200, json!({ "username": login })),
            (Some(login), _) => (200, json!({ "login": login })),
        },
        ("GET", list) if list == comments => (200, page(manners, held, uri)),
        ("POST", list) if list == comments => match text {
            Some(text) => (201, json!({ "id": held.add(&me, text) })),
            None => (422, json!({ "message": "body is missing" })),
        },
        ("PATCH" | "PUT", path) if path.starts_with(one) => {
            assert_eq!(method.as_str() == "PUT", manners == Manners::GitLab, "{method} {path}");
            let id: u64 = path[one.len()..].parse().unwrap();
            let found = held.comments.iter_mut().find(|comment| comment.0 == id);
            match (found, text) {
                (Some(comment), Some(text)) if comment.1 == me => {
                    comment.2 = text.to_owned();
                    (200, json!({ "id": id }))
                }
                (Some(_), _) => (403, json!({ "message": "not yours" })),
                (None, _) => missing(),
            }
        }
        ("DELETE", path) if path.starts_with(one) => {
            let id: u64 = path[one.len()..].parse().unwrap();
            held.comments.retain(|comment| comment.0 != id);
            (204, Value::Null)
        }
        ("POST", "/graphql") if manners == Manners::GitHub => {
            let node = body["variables"]["id"].as_str().unwrap().to_owned();
            let id: u64 = node.strip_prefix("node-").unwrap().parse().unwrap();
            held.comments.iter_mut().find(|comment| comment.0 == id).unwrap().3 = true;
            (200, json!({ "data": {} }))
        }
        ("POST", "/repos/acme/fleet/check-runs") if manners == Manners::GitHub => {
            let many = body["output"]["annotations"].as_array().unwrap().len();
            if many > 50 {
                return (422, json!({ "message": "No more than 50 annotations" }));
            }
            held.checks.push(body.clone());
            (201, json!({ "id": 5 }))
        }
        ("PATCH", "/repos/acme/fleet/check-runs/5") if manners == Manners::GitHub => {
            held.checks.push(body.clone());
            (200, json!({ "id": 5 }))
        }
        ("POST", path) if path.contains("/statuses/") && manners != Manners::GitHub => {
            held.checks.push(body.clone());
            (201, json!({ "id": 6 }))
        }
        ("GET", "/repos/acme/fleet/commits/abc/pulls") if manners == Manners::GitHub => {
            let pulls = held.merged.iter().map(|n| json!({ "number": n, "merged_at": "2026-01-01T00:00:00Z" }));
            (200, pulls.chain([json!({ "number": 3, "merged_at": null })]).collect())
        }
        ("GET", "/repos/acme/fleet/commits/abc/pull") if manners == Manners::Forgejo => match held.merged.first() {
            Some(n) => (200, json!({ "number": n, "merged": true })),
            None => missing(),
        },
        ("GET", "/projects/42/repository/commits/abc/merge_requests") if manners == Manners::GitLab => {
            (200, held.merged.iter().map(|n| json!({ "iid": n, "state": "merged" })).collect())
        }
        _ => missing(),
    }
}

/// GitHub and GitLab have pages; Forgejo shows all of them on each.
fn page(manners: Manners, held: &Held, uri: &Uri) -> Value {
    let query = uri.query().unwrap_or_default();
    let number = |name: &str| {
        let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        found.and_then(|text| text.parse::<usize>().ok())
    };
    let (page, size) = (number("page").unwrap_or(1), number("per_page").unwrap_or(30).min(100));
    let rows = held.comments.iter().map(|(id, author, text, _)| match manners {
        Manners::GitLab => json!({ "id": id, "author": { "username": author }, "body": text, "system": false }),
        _ => json!({ "id": id, "node_id": format!("node-{id}"), "user": { "login": author }, "body": text }),
    });
    match manners {
        Manners::Forgejo => rows.collect(),
        _ => rows.skip((page - 1) * size).take(size).collect(),
    }
}
