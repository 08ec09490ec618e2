//! What a command asked of the account.

use podform::sandbox::CallRecord;
use std::fmt::Write as _;

/// Commands that ask the account nothing.
const OFFLINE: &[&str] = &[
    "console",
    "fmt",
    "force-unlock",
    "graph",
    "metadata",
    "modules",
    "output",
    "providers",
    "show",
    "state",
    "taint",
    "untaint",
    "validate",
    "version",
];

/// The calls that change the account, one a line. Reads are not told where the command reads; where it should not, they
/// are, and where it should and did not, that is.
pub fn told(verb: Option<&str>, calls: &[CallRecord]) -> String {
    let offline = verb.is_none_or(|verb| OFFLINE.contains(&verb));
    if calls.is_empty() && !offline {
        return "no call\n".to_owned();
    }
    calls.iter().filter(|call| offline || call.method != "GET").map(line).collect()
}

fn line(call: &CallRecord) -> String {
    let mut line = format!("{} {}", call.method, call.path);
    if !call.body.is_null() {
        let _ = write!(line, " {}", call.body);
    }
    let faults: Vec<&str> = call.faults.iter().map(|fault| fault.split(':').next().unwrap_or_default()).collect();
    match (call.status, faults.is_empty()) {
        (Some(200 | 201 | 204), true) => {}
        (status, _) => {
            let status = status.map_or("-".to_owned(), |status| status.to_string());
            let _ = write!(line, " => {status} {}", faults.join(" "));
        }
    }
    format!("{}\n", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn call(method: &str, body: Value) -> CallRecord {
        CallRecord {
            number: 1,
            at_ms: 0,
            method: method.to_owned(),
            path: "/instances".to_owned(),
            route: "/instances".to_owned(),
            query: String::new(),
            body,
            status: Some(200),
            faults: Vec::new(),
        }
    }

    #[test]
    fn no_call_goes_unseen() {
        let read = [call("GET", Value::Null)];
        assert_eq!(told(Some("plan"), &read), "");
        assert_eq!(told(Some("state"), &read), "GET /instances\n");
        assert_eq!(told(Some("plan"), &[]), "no call\n");
        assert_eq!(told(Some("state"), &[]), "");
        assert_eq!(told(Some("plan"), &[call("POST", json!({"a": 1}))]), "POST /instances {\"a\":1}\n");
    }
}
