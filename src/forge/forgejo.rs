//! Forgejo (and Gitea): comments of issues, as GitHub has them, and statuses of commits. Its lists of comments have no
//! pages: another page shows the same rows.

use super::wire::{Check, CheckCall, Comment, Verdict, Wire, owner_and_name, request, segment, text};
use crate::http::{Method, Request};
use serde_json::{Value as Json, json};

/// Forgejo, for one pull request.
#[derive(Clone, Debug)]
pub struct Forgejo {
    /// `owner/name`.
    pub repository: String,
    /// The pull request.
    pub pull: u64,
}

impl Forgejo {
    fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", owner_and_name(&self.repository))
    }
}

impl Wire for Forgejo {
    fn name(&self) -> &'static str {
        "Forgejo"
    }

    fn whoami(&self) -> Request {
        request(Method::Get, "/user".to_owned(), &[], None)
    }

    fn login(&self, answer: &Json) -> Option<String> {
        text(answer, &["login"])
    }

    fn job_login(&self) -> &'static str {
        "forgejo-actions"
    }

    fn comments(&self, page: usize) -> Request {
        let query = [("limit", "50".to_owned()), ("page", page.to_string())];
        request(Method::Get, self.path(&format!("/issues/{}/comments", self.pull)), &query, None)
    }

    fn comment(&self, row: &Json) -> Option<Comment> {
        Some(Comment {
            id: row.get("id")?.as_u64()?,
            node: None,
            author: text(row, &["user", "login"]).unwrap_or_default(),
            body: text(row, &["body"])?,
        })
    }

    fn write(&self, body: &str) -> Request {
        let path = self.path(&format!("/issues/{}/comments", self.pull));
        request(Method::Post, path, &[], Some(json!({ "body": body })))
    }

    fn change(&self, id: u64, body: &str) -> Request {
        request(Method::Patch, self.path(&format!("/issues/comments/{id}")), &[], Some(json!({ "body": body })))
    }

    fn minimize(&self, _: &Comment) -> Option<Request> {
        None
    }

    fn check(&self, check: &Check) -> Vec<CheckCall> {
        let state = match check.verdict {
            Verdict::Success | Verdict::Neutral => "success",
            Verdict::Action => "warning",
        };
        let body = json!({ "context": check.name, "state": state, "description": check.title });
        let path = self.path(&format!("/statuses/{}", segment(&check.commit)));
        vec![CheckCall::First(request(Method::Post, path, &[], Some(body)))]
    }

    fn merged(&self, commit: &str) -> Request {
        request(Method::Get, self.path(&format!("/commits/{}/pull", segment(commit))), &[], None)
    }

    fn merged_numbers(&self, answer: &Json, _: &str) -> Vec<u64> {
        let merged = answer.get("merged").and_then(Json::as_bool) == Some(true);
        answer.get("number").and_then(Json::as_u64).filter(|_| merged).into_iter().collect()
    }

    fn of_pull(&self, number: u64) -> Box<dyn Wire> {
        Box::new(Forgejo { pull: number, ..self.clone() })
    }
}
