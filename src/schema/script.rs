//! Start scripts. The API runs them line by line, so that functions, loops and heredocs break (API sheet §4): a script
//! of several lines is sent as one safe line that decodes and runs it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEFORE: &str = "echo ";
const AFTER: &str = " | base64 -d > /tmp/podform-start.sh && bash /tmp/podform-start.sh";

/// The script as it is sent: itself where it is one line, else wrapped.
pub fn encode(script: &str) -> String {
    let line = script.strip_suffix('\n').unwrap_or(script);
    if !line.contains(['\n', '\r']) && decode(line) == line {
        return line.to_owned();
    }
    format!("{BEFORE}{}{AFTER}", STANDARD.encode(script))
}

/// The script as people wrote it; a line that is not our wrapping is returned as it is.
pub fn decode(stored: &str) -> String {
    stored
        .strip_prefix(BEFORE)
        .and_then(|rest| rest.strip_suffix(AFTER))
        .and_then(|code| STANDARD.decode(code).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_else(|| stored.to_owned())
}

/// Whether a stored script is this one; the line break at the end of a one-line script does not count.
pub fn same(stored: &str, script: &str) -> bool {
    stored == encode(script) || decode(stored) == script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_is_one_line_and_comes_back() {
        for script in ["", "python main.py", "a\nb", "f() {\n  echo hi\n}\nf\n", "x\r\ny", "ünï\n'\"$`\\\n"] {
            let sent = encode(script);
            assert!(!sent.contains(['\n', '\r']), "{sent}");
            assert!(same(&sent, script), "{script:?}");
            assert_eq!(decode(&sent), script);
        }
        assert!(same(&encode("one line\n"), "one line\n"));
    }

    #[test]
    fn a_script_that_looks_wrapped_is_wrapped_again() {
        let inner = encode("a\nb");
        assert_eq!(decode(&encode(&inner)), inner);
    }
}
