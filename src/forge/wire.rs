//! What forges have in common: comments of a pull request that are listed, written and changed, a verdict on a commit, and
//! the pull request that a commit came by. Each forge says how it is asked and how its answers are read; nothing here is
//! sent.

use crate::http::{Method, Request};
use serde_json::Value as Json;

/// A comment on a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// By which it is changed.
    pub id: u64,
    /// By which GitHub's GraphQL knows it.
    pub node: Option<String>,
    /// Who wrote it.
    pub author: String,
    /// Its text.
    pub body: String,
}

impl Comment {
    /// Whether it is the review of that key, by this author.
    pub fn is_own(&self, key: &str, author: &str) -> bool {
        self.author == author && self.body.starts_with(key)
    }
}

/// What a commit is told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to look at.
    Success,
    /// Changes, and none of them dangerous.
    Neutral,
    /// A person must look at it.
    Action,
}

/// A line of the configuration with something to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The file, below the repository.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// It breaks a rule.
    pub is_error: bool,
    /// What is said.
    pub message: String,
}

/// A verdict on a commit, as a forge shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name: one for each fleet.
    pub name: String,
    /// The commit.
    pub commit: String,
    /// What it is told to be.
    pub verdict: Verdict,
    /// In one line.
    pub title: String,
    /// The whole text, where a forge shows one.
    pub summary: String,
    /// At lines, where a forge shows them.
    pub annotations: Vec<Annotation>,
}

/// How a forge is asked, and what it answers.
pub trait Wire: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Whose token this is.
    fn whoami(&self) -> Request {
        request(Method::Get, "/user".to_owned(), &[], None)
    }
    /// The name of that answer.
    fn login(&self, answer: &Json) -> Option<String>;
    /// Whose comments the token of a job writes, where it may not ask.
    fn job_login(&self) -> &'static str;
    /// A page of the comments, from 1.
    fn comments(&self, page: usize) -> Request;
    /// One of them; `None` for what is no comment of a person or program.
    fn comment(&self, row: &Json) -> Option<Comment>;
    /// Writes a comment.
    fn write(&self, body: &str) -> Request;
    /// Changes a comment.
    fn change(&self, id: u64, body: &str) -> Request;
    /// Takes a comment away.
    fn remove(&self, id: u64) -> Request;
    /// Folds an older comment away; `None` where there is no such thing.
    fn minimize(&self, comment: &Comment) -> Option<Request>;
    /// Tells a verdict; the requests one after the other. The answer of the first may tell the id that the others need.
    fn check(&self, check: &Check) -> Vec<CheckCall>;
    /// The pull requests that a commit came by.
    fn merged(&self, commit: &str) -> Request;
    /// Their numbers, of those that are merged.
    fn merged_numbers(&self, answer: &Json) -> Vec<u64>;
    /// The same for another pull request.
    fn of_pull(&self, number: u64) -> Box<dyn Wire>;
}

/// A request that may need the id of what the first one made.
pub enum CheckCall {
    /// It needs nothing.
    First(Request),
    /// It needs that id.
    Then(Box<dyn Fn(u64) -> Request + Send + Sync>),
}

/// A request of JSON.
pub fn request(method: Method, path: String, query: &[(&str, String)], body: Option<Json>) -> Request {
    Request {
        method,
        path,
        query: query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        body: body.map(|body| ("application/json", body.to_string().into_bytes())),
        ..Request::default()
    }
}

/// A text of an object, by the names on the way.
pub fn text(row: &Json, path: &[&str]) -> Option<String> {
    let mut at = row;
    for name in path {
        at = at.get(name)?;
    }
    at.as_str().map(str::to_owned)
}

/// One part of a path: nothing in it leads elsewhere.
pub fn segment(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            b'.' if text.trim_matches('.').len() < text.len() && text.len() < 3 => out.push_str("%2E"),
            b'.' => out.push('.'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// `owner/name`, each part escaped; GitHub and Forgejo.
pub fn owner_and_name(repository: &str) -> String {
    repository.split('/').map(segment).collect::<Vec<_>>().join("/")
}
