//! What `podform doctor` found, drawn.

use super::escape::harmless_line;
use super::style::{ADD, DIM, ERROR, Style, WARNING, wrap};
use serde_json::{Value, json};

/// How well something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing is to be done.
    Ok,
    /// It works, and somebody should look.
    Warning,
    /// Something will fail.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// What was found.
    pub told: String,
    /// What to do.
    pub next: Option<String>,
}

/// One line each, with what to do below.
pub fn findings_text(findings: &[Finding], style: Style) -> String {
    let mut out = String::new();
    let (words, names) = (9, 15);
    for found in findings {
        let (word, paint) = match found.standing {
            Standing::Ok => ("ok", ADD),
            Standing::Warning => ("warning", WARNING),
            Standing::Error => ("error", ERROR),
        };
        let mut head = format!("{}{:<names$}", style.paint(paint, &format!("{word:<words$}")), found.what);
        let width = style.columns().saturating_sub(words + names).max(20);
        for line in wrap(&harmless_line(&found.told), width) {
            out.push_str(&format!("{head}{line}\n"));
            head = " ".repeat(words + names);
        }
        for line in found.next.iter().flat_map(|next| wrap(&harmless_line(next), width)) {
            out.push_str(&format!("{}{}\n", " ".repeat(words + names), style.paint(DIM, &line)));
        }
    }
    out
}

/// For programs.
pub fn findings_json(findings: &[Finding]) -> Value {
    let word = |standing| match standing {
        Standing::Ok => "ok",
        Standing::Warning => "warning",
        Standing::Error => "error",
    };
    let all: Vec<Value> = findings
        .iter()
        .map(|found| json!({"check": found.what, "standing": word(found.standing), "found": found.told, "next": found.next}))
        .collect();
    json!({"format_version": "1.0", "findings": all})
}
