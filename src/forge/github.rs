//! GitHub: comments of issues, check runs (docs.github.com/rest, version 2022-11-28; GraphQL for folding a comment away).

use super::wire::{Annotation, Check, CheckCall, Comment, Verdict, Wire, owner_and_name, request, segment, text};
use crate::http::{Method, Request};
use serde_json::{Value as Json, json};

/// Comments of a page: the most there are.
const PER_PAGE: usize = 100;
/// Annotations that one call takes.
const ANNOTATIONS: usize = 50;
/// Characters of a summary of a check run.
const SUMMARY: usize = 65_000;

/// GitHub, for one pull request.
#[derive(Clone, Debug)]
pub struct GitHub {
    /// `owner/name`.
    pub repository: String,
    /// The pull request.
    pub pull: u64,
}

impl GitHub {
    fn path(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", owner_and_name(&self.repository))
    }
}

impl Wire for GitHub {
    fn name(&self) -> &'static str {
        "GitHub"
    }

    fn whoami(&self) -> Request {
        request(Method::Get, "/user".to_owned(), &[], None)
    }

    fn login(&self, answer: &Json) -> Option<String> {
        text(answer, &["login"])
    }

    fn job_login(&self) -> &'static str {
        "github-actions[bot]"
    }

    fn comments(&self, page: usize) -> Request {
        let query = [("per_page", PER_PAGE.to_string()), ("page", page.to_string())];
        request(Method::Get, self.path(&format!("/issues/{}/comments", self.pull)), &query, None)
    }

    fn comment(&self, row: &Json) -> Option<Comment> {
        Some(Comment {
            id: row.get("id")?.as_u64()?,
            node: text(row, &["node_id"]),
            author: text(row, &["user", "login"]).unwrap_or_default(),
            body: text(row, &["body"])?,
        })
    }

    fn write(&self, body: &str) -> Request {
        let path = self.path(&format!("/issues/{}/comments", self.pull));
        request(Method::Post, path, &[], Some(json!({ "body": body })))
    }

    fn change(&self, id: u64, body: &str) -> Request {
        // A change is the same however often it arrives.
        request(Method::Patch, self.path(&format!("/issues/comments/{id}")), &[], Some(json!({ "body": body })))
    }

    fn minimize(&self, comment: &Comment) -> Option<Request> {
        let query = "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { minimizedComment { isMinimized } } }";
        let body = json!({ "query": query, "variables": { "id": comment.node.as_ref()? } });
        Some(request(Method::Post, "/graphql".to_owned(), &[], Some(body)))
    }

    fn check(&self, check: &Check) -> Vec<CheckCall> {
        let conclusion = match check.verdict {
            Verdict::Success => "success",
            Verdict::Neutral => "neutral",
            Verdict::Action => "action_required",
        };
        let summary: String = check.summary.chars().take(SUMMARY).collect();
        let output = move |title: &str, summary: &str, annotations: &[Annotation]| {
            let annotations = annotations.iter().map(|at| {
                let level = if at.is_error { "failure" } else { "warning" };
                json!({
                    "path": at.path,
                    "start_line": at.line,
                    "end_line": at.line,
                    "annotation_level": level,
                    "message": at.message,
                })
            });
            json!({ "title": title, "summary": summary, "annotations": annotations.collect::<Vec<_>>() })
        };
        let mut parts = check.annotations.chunks(ANNOTATIONS);
        let first = parts.next().unwrap_or_default();
        let body = json!({
            "name": check.name,
            "head_sha": check.commit,
            "status": "completed",
            "conclusion": conclusion,
            "output": output(&check.title, &summary, first),
        });
        let mut calls = vec![CheckCall::First(request(Method::Post, self.path("/check-runs"), &[], Some(body)))];
        for part in parts {
            let body = json!({ "output": output(&check.title, &summary, part) });
            let path = self.path("/check-runs");
            calls.push(CheckCall::Then(Box::new(move |id| {
                request(Method::Patch, format!("{path}/{id}"), &[], Some(body.clone()))
            })));
        }
        calls
    }

    fn merged(&self, commit: &str) -> Request {
        request(Method::Get, self.path(&format!("/commits/{}/pulls", segment(commit))), &[], None)
    }

    fn merged_numbers(&self, answer: &Json, _: &str) -> Vec<u64> {
        let merged = answer
            .as_array()
            .into_iter()
            .flatten()
            .filter(|pull| pull.get("merged_at").is_some_and(|at| !at.is_null()));
        merged.filter_map(|pull| pull.get("number")?.as_u64()).collect()
    }

    fn of_pull(&self, number: u64) -> Box<dyn Wire> {
        Box::new(GitHub { pull: number, ..self.clone() })
    }
}
