//! Comments of issues, as GitHub made them and Forgejo has them: a pull request is an issue.

use super::wire::{Comment, owner_and_name, request, text};
use crate::http::{Method, Request};
use serde_json::{Value as Json, json};

/// The comments of one pull request.
#[derive(Clone, Debug)]
pub struct Issue {
    /// `owner/name`.
    pub repository: String,
    /// The pull request.
    pub pull: u64,
}

impl Issue {
    /// A path below the repository.
    pub fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", owner_and_name(&self.repository))
    }

    fn comments_path(&self) -> String {
        self.path(&format!("/issues/{}/comments", self.pull))
    }

    /// The same for another pull request.
    pub fn of_pull(&self, number: u64) -> Self {
        Self { pull: number, ..self.clone() }
    }

    /// A page of the comments, from 1; `size` names how many it holds.
    pub fn comments(&self, size: (&str, usize), page: usize) -> Request {
        let query = [(size.0, size.1.to_string()), ("page", page.to_string())];
        request(Method::Get, self.comments_path(), &query, None)
    }

    /// Writes a comment.
    pub fn write(&self, body: &str) -> Request {
        request(Method::Post, self.comments_path(), &[], Some(json!({ "body": body })))
    }

    /// Changes a comment: the same however often it arrives.
    pub fn change(&self, id: u64, body: &str) -> Request {
        request(Method::Patch, self.path(&format!("/issues/comments/{id}")), &[], Some(json!({ "body": body })))
    }

    /// Takes a comment away.
    pub fn remove(&self, id: u64) -> Request {
        request(Method::Delete, self.path(&format!("/issues/comments/{id}")), &[], None)
    }
}

/// The name of whoever asks who they are.
pub fn login(answer: &Json) -> Option<String> {
    text(answer, &["login"])
}

/// One comment of a list; only GitHub has nodes.
pub fn comment(row: &Json) -> Option<Comment> {
    Some(Comment {
        id: row.get("id")?.as_u64()?,
        node: text(row, &["node_id"]),
        author: text(row, &["user", "login"]).unwrap_or_default(),
        body: text(row, &["body"])?,
    })
}
