//! Forgejo (and Gitea): comments of issues, as GitHub has them, and statuses of commits. Its lists of comments have no
//! pages: another page shows the same rows.

use super::issues::{self, Issue};
use super::wire::{Check, CheckCall, Comment, Verdict, Wire, request, segment};
use crate::http::{Method, Request};
use serde_json::{Value as Json, json};

/// Comments of a page, where a version has pages.
const PER_PAGE: usize = 50;

/// Forgejo, for one pull request.
#[derive(Clone, Debug)]
pub struct Forgejo(pub Issue);

impl Wire for Forgejo {
    fn name(&self) -> &'static str {
        "Forgejo"
    }

    fn login(&self, answer: &Json) -> Option<String> {
        issues::login(answer)
    }

    fn job_login(&self) -> &'static str {
        "forgejo-actions"
    }

    fn comments(&self, page: usize) -> Request {
        self.0.comments(("limit", PER_PAGE), page)
    }

    fn comment(&self, row: &Json) -> Option<Comment> {
        issues::comment(row)
    }

    fn write(&self, body: &str) -> Request {
        self.0.write(body)
    }

    fn change(&self, id: u64, body: &str) -> Request {
        self.0.change(id, body)
    }

    fn remove(&self, id: u64) -> Request {
        self.0.remove(id)
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
        let path = self.0.path(&format!("/statuses/{}", segment(&check.commit)));
        vec![CheckCall::First(request(Method::Post, path, &[], Some(body)))]
    }

    fn merged(&self, commit: &str) -> Request {
        request(Method::Get, self.0.path(&format!("/commits/{}/pull", segment(commit))), &[], None)
    }

    fn merged_numbers(&self, answer: &Json) -> Vec<u64> {
        let merged = answer.get("merged").and_then(Json::as_bool) == Some(true);
        answer.get("number").and_then(Json::as_u64).filter(|_| merged).into_iter().collect()
    }

    fn of_pull(&self, number: u64) -> Box<dyn Wire> {
        Box::new(Forgejo(self.0.of_pull(number)))
    }
}
