//! GitHub: comments of issues, check runs (docs.github.com/rest, version 2022-11-28; GraphQL for folding a comment away).

use super::issues::{self, Issue};
use super::wire::{Annotation, Check, CheckCall, Comment, Verdict, Wire, request, segment};
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
pub struct GitHub(pub Issue);

impl Wire for GitHub {
    fn name(&self) -> &'static str {
        "GitHub"
    }

    fn login(&self, answer: &Json) -> Option<String> {
        issues::login(answer)
    }

    fn job_login(&self) -> &'static str {
        "github-actions[bot]"
    }

    fn comments(&self, page: usize) -> Request {
        self.0.comments(("per_page", PER_PAGE), page)
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
        let mut calls = vec![CheckCall::First(request(Method::Post, self.0.path("/check-runs"), &[], Some(body)))];
        for part in parts {
            let body = json!({ "output": output(&check.title, &summary, part) });
            let path = self.0.path("/check-runs");
            calls.push(CheckCall::Then(Box::new(move |id| {
                request(Method::Patch, format!("{path}/{id}"), &[], Some(body.clone()))
            })));
        }
        calls
    }

    fn merged(&self, commit: &str) -> Request {
        request(Method::Get, self.0.path(&format!("/commits/{}/pulls", segment(commit))), &[], None)
    }

    fn merged_numbers(&self, answer: &Json) -> Vec<u64> {
        let merged = answer
            .as_array()
            .into_iter()
            .flatten()
            .filter(|pull| pull.get("merged_at").is_some_and(|at| !at.is_null()));
        merged.filter_map(|pull| pull.get("number")?.as_u64()).collect()
    }

    fn of_pull(&self, number: u64) -> Box<dyn Wire> {
        Box::new(GitHub(self.0.of_pull(number)))
    }
}
