//! What went wrong, in the API's own words and ours.

use super::clean::one_line;
use super::field::Row;
use super::hide::hide;
use crate::cloud::{CallError, ErrorKind};
use crate::http::{Answer, Failure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// The longest message that is kept, in characters: several violations joined into one (API sheet §1) fit, and a
/// message stays a paragraph of a diagnostic.
const MESSAGE: usize = 300;

/// A wait of so many seconds is told with its end: whoever is to wait for longer looks at a clock.
const LONG: u64 = 120;

/// The body is a page for people: from a proxy or a firewall, not from the API.
pub(super) fn is_html(body: &[u8]) -> bool {
    let start = body.iter().position(|b| !b.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(b));
    start.and_then(|at| body.get(at)) == Some(&b'<')
}

/// An answer that is no success, as an error. `secrets` were sent and may be echoed.
pub(super) fn refused(call: &str, answer: &Answer, secrets: &[String]) -> CallError {
    let html = is_html(&answer.body);
    let kind = match answer.status {
        401 => ErrorKind::Unauthorized,
        403 if html => ErrorKind::Blocked,
        403 => ErrorKind::Forbidden,
        404 | 410 if html => ErrorKind::Protocol,
        404 | 410 => ErrorKind::NotFound,
        408 | 425 => ErrorKind::Unavailable,
        429 => ErrorKind::TooManyRequests,
        400..=499 => ErrorKind::Refused,
        500.. => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    };
    let said = one_line(&hide(&said(&answer.body), secrets), MESSAGE);
    let said = without_status(&said, answer.status).to_owned();
    let said = if said.is_empty() { reason(answer.status).to_owned() } else { said };
    let message = match advice(answer, html) {
        Some(advice) => hide(&format!("{said} ({advice})"), secrets),
        None => said,
    };
    CallError { kind, call: call.to_owned(), status: Some(answer.status), message }
}

/// Pages of gateways begin with the status ("503: Service Temporarily Unavailable"), which stands before the words already.
fn without_status(said: &str, status: u16) -> &str {
    match said.strip_prefix(&status.to_string()) {
        Some(rest) if rest.starts_with([':', ' ']) => rest.trim_start_matches([':', ' ']),
        _ => said,
    }
}

/// A call that sent a start script was blocked: that may be why.
pub(super) fn script_blamed(mut error: CallError) -> CallError {
    if error.kind == ErrorKind::Blocked {
        error.message.push_str("; a long start script can cause that: shorten it, or let the image hold what it does");
    }
    error
}

/// No answer, or an unreadable one, as an error.
pub(super) fn failed(call: &str, failure: &Failure) -> CallError {
    let (kind, status, message) = match failure {
        Failure::NotSent(why) | Failure::Distrusted { sent: false, why } => {
            (ErrorKind::Network, None, format!("nothing was sent: {why}"))
        }
        Failure::NoAnswer(why) | Failure::Distrusted { sent: true, why } => (ErrorKind::Network, None, why.clone()),
        Failure::CutOff { status, message } => {
            (ErrorKind::Protocol, Some(*status), format!("the answer broke off: {message}"))
        }
        Failure::TooLarge { status, message } => (ErrorKind::Protocol, Some(*status), message.clone()),
    };
    CallError { kind, call: call.to_owned(), status, message: one_line(&message, MESSAGE) }
}

/// A success whose body is not what the API answers.
pub(super) fn unreadable(call: &str, answer: &Answer, why: &str) -> CallError {
    let message = if is_html(&answer.body) {
        let title = one_line(&title(&answer.body), 100);
        format!("{why}: an HTML page, \"{title}\", of a login page or a firewall in between, or of another server")
    } else {
        why.to_owned()
    };
    CallError {
        kind: ErrorKind::Protocol,
        call: call.to_owned(),
        status: Some(answer.status),
        message: one_line(&message, MESSAGE),
    }
}

/// The words of an error body: `detail`, `hydra:description`, `title`, `message`, `error`, violations, else the text
/// itself; of a page its title (API sheet §1, "Errors").
fn said(body: &[u8]) -> String {
    if is_html(body) {
        return title(body);
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return String::from_utf8_lossy(body).into_owned();
    };
    let Ok(row) = serde_json::from_slice::<Row<'_>>(body) else {
        return value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    };
    let told = ["detail", "hydra:description", "title", "hydra:title", "message", "error", "error_description"]
        .iter()
        .flat_map(|key| row.messages(key))
        .find(|text| !text.trim().is_empty());
    let told = told.unwrap_or_default();
    let violations = row.messages("violations").into_iter().filter(|violation| !told.contains(violation.as_str()));
    let words: Vec<String> = std::iter::once(told.clone()).chain(violations).filter(|word| !word.is_empty()).collect();
    if words.is_empty() && !row.0.is_empty() { value.to_string() } else { words.join("; ") }
}

/// The title of a page, else its text.
fn title(body: &[u8]) -> String {
    let page = String::from_utf8_lossy(body);
    let lower = page.to_ascii_lowercase();
    let inside = |tag: &str| {
        let start = lower.find(&format!("<{tag}"))?;
        let open = start + lower.get(start..)?.find('>')? + 1;
        let end = open + lower.get(open..)?.find(&format!("</{tag}"))?;
        page.get(open..end).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    inside("title").or_else(|| inside("h1")).map_or_else(|| without_tags(&page), |text| without_tags(&text))
}

fn without_tags(page: &str) -> String {
    let mut depth = 0_usize;
    page.chars()
        .filter_map(|c| match c {
            '<' => {
                depth += 1;
                None
            }
            '>' if depth > 0 => {
                depth -= 1;
                Some(' ')
            }
            c => (depth == 0).then_some(c),
        })
        .collect()
}

/// What the API's own words leave out. What to do stands with the fault of a call.
fn advice(answer: &Answer, html: bool) -> Option<String> {
    Some(match answer.status {
        300..=399 => match &answer.location_host {
            Some(host) => format!(
                "a redirect to {} is not followed: the API key goes to no other host; set the base URL (SIMPLEPOD_API_URL) \
                 if that is where the API lives",
                one_line(host, 100)
            ),
            None => "a redirect is not followed; check the base URL (SIMPLEPOD_API_URL)".to_owned(),
        },
        403 if html => "an HTML page, from a firewall before the API".to_owned(),
        402 => "the balance may not suffice".to_owned(),
        404 | 410 if html => {
            "an HTML page: this is not the API's answer; check the base URL (SIMPLEPOD_API_URL)".to_owned()
        }
        429 => match answer.retry_after {
            Some(wait) => format!("too many requests; it asks to wait {}", until(wait)),
            None => "too many requests; requests_per_second of provider \"simplepod\" slows down".to_owned(),
        },
        _ => return None,
    })
}

/// A wait in words; of one that nobody sits out, when it ends.
fn until(wait: Duration) -> String {
    let seconds = wait.as_secs();
    let end = i64::try_from(seconds).ok().map(SignedDuration::from_secs);
    match end.and_then(|wait| Timestamp::now().checked_add(wait).ok()) {
        Some(end) if seconds >= LONG => format!("{seconds} s, until {}", end.strftime("%Y-%m-%d %H:%M UTC")),
        _ => format!("{seconds} s"),
    }
}

/// Words for a status without any.
fn reason(status: u16) -> &'static str {
    match status {
        300..=399 => "redirect",
        400 => "bad request",
        401 => "the key was not accepted",
        402 => "payment required",
        403 => "access denied",
        404 => "not found",
        405 => "method not allowed",
        409 => "conflict",
        410 => "gone",
        415 => "wrong content type",
        422 => "the values were not accepted",
        429 => "too many requests",
        502 => "bad gateway",
        503 => "service unavailable",
        504 => "gateway timeout",
        500.. => "server error",
        _ => "no explanation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer::bare(status, body)
    }

    fn message(status: u16, body: &str) -> String {
        refused("GET /x", &answer(status, body), &[]).message
    }

    #[test]
    fn the_words_are_found_in_their_order() {
        let all = r#"{"error":"e","message":"m","title":"t","hydra:description":"h","detail":"d"}"#;
        assert_eq!(message(400, all), "d");
        assert_eq!(message(400, r#"{"error":"e","message":"m","title":"t","hydra:description":"h"}"#), "h");
        assert_eq!(message(400, r#"{"error":"e","message":"m","title":"t"}"#), "t");
        assert_eq!(message(400, r#"{"error":"e","message":"m"}"#), "m");
        assert_eq!(message(400, r#"{"error":{"message":"e"}}"#), "e");
        assert_eq!(message(400, "plain \u{1b}[31mtext"), "plain text");
        assert_eq!(message(400, r#"{"code":7}"#), r#"{"code":7}"#);
        assert_eq!(message(409, ""), "conflict");
        let violation = r#"{"title":"An error occurred","violations":[{"propertyPath":"name","message":"blank"}]}"#;
        assert_eq!(message(422, violation), "An error occurred; blank");
        assert_eq!(message(502, "<html><head><title>502 Bad Gateway</title></head><body>x</body>"), "Bad Gateway");
        assert_eq!(message(503, "<title>503: Service Unavailable</title>"), "Service Unavailable");
        assert_eq!((message(503, "503"), message(500, "5000 rows")), ("503".to_owned(), "5000 rows".to_owned()));
        assert!(message(400, &"x".repeat(9000)).chars().count() <= MESSAGE + 1);
    }

    #[test]
    fn every_status_has_its_kind_and_advice() {
        let kind = |status| refused("GET /x", &answer(status, ""), &[]).kind;
        assert_eq!(kind(401), ErrorKind::Unauthorized);
        assert_eq!(kind(403), ErrorKind::Forbidden);
        assert_eq!((kind(404), kind(410)), (ErrorKind::NotFound, ErrorKind::NotFound));
        assert_eq!((kind(400), kind(422)), (ErrorKind::Refused, ErrorKind::Refused));
        assert_eq!(kind(429), ErrorKind::TooManyRequests);
        assert_eq!((kind(500), kind(524)), (ErrorKind::Unavailable, ErrorKind::Unavailable));
        assert_eq!((kind(302), kind(199)), (ErrorKind::Protocol, ErrorKind::Protocol));
        assert_eq!(message(401, r#"{"message":"Invalid credentials."}"#), "Invalid credentials.");
        let page = answer(403, "<title>Attention Required! | Cloudflare</title>");
        let blocked = refused("POST /x", &page, &[]);
        assert!(blocked.kind == ErrorKind::Blocked && blocked.message.contains("firewall"));
        assert!(!blocked.message.contains("script") && script_blamed(blocked).message.contains("start script"));
        assert_eq!(message(403, r#"{"detail":"Access Denied."}"#), "Access Denied.");
        let mut moved = answer(302, "");
        moved.location_host = Some("evil.example".into());
        assert!(refused("GET /x", &moved, &[]).message.contains("redirect to evil.example is not followed"));
    }

    #[test]
    fn a_page_is_not_the_apis_404() {
        assert_eq!(refused("GET /x", &answer(404, " <!doctype html>"), &[]).kind, ErrorKind::Protocol);
    }

    #[test]
    fn echoed_secrets_are_hidden() {
        let echo = answer(400, r#"{"detail":"The value \"hunter\\n2\" is bad"}"#);
        let error = refused("POST /x", &echo, &["hunter\\n2".into()]);
        assert_eq!(error.message, r#"The value "(hidden)" is bad"#);
    }
}
