//! GitLab: notes of merge requests, statuses of commits (docs.gitlab.com/api). The token of a job may not write notes: it
//! takes one of its own, with the scope `api`.

use super::wire::{Check, CheckCall, Comment, Verdict, Wire, request, segment, text};
use crate::http::{Method, Request};
use serde_json::{Value as Json, json};

/// GitLab, for one merge request.
#[derive(Clone, Debug)]
pub struct GitLab {
    /// The number of the project, or its whole path.
    pub project: String,
    /// The merge request, as people number it.
    pub merge_request: u64,
}

impl GitLab {
    fn path(&self, rest: &str) -> String {
        format!("/projects/{}{rest}", segment(&self.project))
    }

    fn notes(&self) -> String {
        self.path(&format!("/merge_requests/{}/notes", self.merge_request))
    }
}

impl Wire for GitLab {
    fn name(&self) -> &'static str {
        "GitLab"
    }

    fn login(&self, answer: &Json) -> Option<String> {
        text(answer, &["username"])
    }

    fn job_login(&self) -> &'static str {
        ""
    }

    fn comments(&self, page: usize) -> Request {
        let query = [("per_page", "100".to_owned()), ("page", page.to_string()), ("sort", "asc".to_owned())];
        request(Method::Get, self.notes(), &query, None)
    }

    fn comment(&self, row: &Json) -> Option<Comment> {
        // Notes of the system tell who merged and who pushed.
        let is_system = row.get("system").and_then(Json::as_bool).unwrap_or(false);
        (!is_system).then_some(())?;
        Some(Comment {
            id: row.get("id")?.as_u64()?,
            node: None,
            author: text(row, &["author", "username"]).unwrap_or_default(),
            body: text(row, &["body"])?,
        })
    }

    fn write(&self, body: &str) -> Request {
        request(Method::Post, self.notes(), &[], Some(json!({ "body": body })))
    }

    fn change(&self, id: u64, body: &str) -> Request {
        request(Method::Put, format!("{}/{id}", self.notes()), &[], Some(json!({ "body": body })))
    }

    fn remove(&self, id: u64) -> Request {
        request(Method::Delete, format!("{}/{id}", self.notes()), &[], None)
    }

    fn minimize(&self, _: &Comment) -> Option<Request> {
        None
    }

    fn check(&self, check: &Check) -> Vec<CheckCall> {
        // A status that is not "success" or "failed" would keep the pipeline open.
        let state = match check.verdict {
            Verdict::Success | Verdict::Neutral | Verdict::Action => "success",
        };
        let body = json!({ "state": state, "name": check.name, "description": check.title });
        let path = self.path(&format!("/statuses/{}", segment(&check.commit)));
        vec![CheckCall::First(request(Method::Post, path, &[], Some(body)))]
    }

    fn merged(&self, commit: &str) -> Request {
        request(Method::Get, self.path(&format!("/repository/commits/{}/merge_requests", segment(commit))), &[], None)
    }

    fn merged_numbers(&self, answer: &Json) -> Vec<u64> {
        let merged =
            answer.as_array().into_iter().flatten().filter(|pull| text(pull, &["state"]).as_deref() == Some("merged"));
        merged.filter_map(|pull| pull.get("iid")?.as_u64()).collect()
    }

    fn of_pull(&self, number: u64) -> Box<dyn Wire> {
        Box::new(GitLab { merge_request: number, ..self.clone() })
    }
}
