//! Where hcl-rs reads otherwise than we do, and why that stays so. Terraform is on our side in each: an ignored test asks
//! it for the examples.

use super::{ours, verdict};
use regex::Regex;
use std::process::Command;

struct Known {
    why: &'static str,
    /// A text that shows it.
    example: &'static str,
    /// What [`verdict`] says then, and what stands in the text: where both match, nobody is blamed.
    says: &'static str,
    text: &'static str,
}

const KNOWN: &[Known] = &[
    Known {
        why: "hcl-rs takes line ends between quotation marks",
        example: "a = \"b\nc\"\n",
        says: r"^ours refuses: .*Invalid multi-line string.*hcl-rs accepts",
        text: "",
    },
    Known {
        why: "hcl-rs takes two numbers behind each other's dots",
        example: "a = b.0.1\n",
        says: r"^ours refuses: .*Invalid legacy index syntax.*hcl-rs accepts",
        text: "",
    },
    Known {
        why: "hcl-rs takes a `.*` behind a `.*`",
        example: "a = b.*.*\n",
        says: r"^ours refuses: .*Nested splat expression not allowed.*hcl-rs accepts",
        text: "",
    },
    Known {
        why: "hcl-rs takes a heredoc whose marker ends with the file",
        example: "a = <<EOT\nb\nEOT",
        says: r"^ours refuses: .*Unterminated template string.*hcl-rs accepts",
        text: "EOT[ \t]*$",
    },
    Known {
        why: "hcl-rs sees the end of a keyword in the middle of a word",
        example: "a = [for b inc : b]\n",
        says: r#"^ours refuses: .*Invalid ('for' expression|template control keyword): .* but "(in|if|for)[^"]+" (stands|follows).*hcl-rs accepts"#,
        text: "",
    },
    Known {
        why: "hcl-rs takes nothing but digits without leading zeros behind a dot",
        example: "a = [b.00, b.1e2]\n",
        says: r"^ours accepts.*hcl-rs refuses: .*\.[0-9]+⟨⟩[0-9eE]",
        text: "",
    },
    Known {
        why: "hcl-rs wants a sign in one line with its operand",
        example: "a = (-\nb)\n",
        says: r"^ours accepts.*hcl-rs refuses: invalid expression.*[-!](\\t| |/\*.*\*/)*⟨⟩",
        text: "",
    },
    Known {
        why: "hcl-rs reads a directive between quotation marks as in a heredoc: quotes end nothing there",
        example: "a = \"%{ if b }\"c%{ endif }\"\n",
        says: r"^ours refuses: .*Unexpected end of template.*hcl-rs accepts",
        text: "",
    },
    Known {
        why: "nor are there escapes for hcl-rs",
        example: "a = \"%{ if b }\\n%{ endif }\"\n",
        says: r"^ours accepts.*hcl-rs accepts",
        text: r#""[^\n]*%\{[^\n]*\}[^\n]*\\"#,
    },
    Known {
        why: "hcl-rs ends a heredoc where something stands behind its marker",
        example: "a = [<<EOT\nb\nEOT , c]\n",
        says: "",
        text: r"\n[ \t]*EOT([ \t]*[^\w\s]|[ \t]+[^\s])",
    },
    Known {
        why: "for hcl-rs an expression goes on in the next line, behind brackets",
        example: "a = [b]\n+ 1\n",
        says: r"^ours refuses: (Argument or block definition|Missing false expression|Invalid expression: .* the end of the line).*hcl-rs accepts",
        text: r"[\])}]",
    },
    Known {
        why: "hcl-rs takes the end of a line beside the star of an index",
        example: "a = b[*\n]\n",
        says: r"^ours refuses: Missing close bracket on index.*\[[^⟨]*\*[^⟨]*⟨⟩.*hcl-rs accepts",
        text: "",
    },
    Known {
        why: "hcl-rs takes the end of a line behind a dot",
        example: "a = b.\nc\n",
        says: r"^ours refuses: Invalid attribute name.*\.(\\t| |/\*.*\*/)*⟨⟩.*hcl-rs accepts",
        text: "",
    },
    Known {
        why: "hcl-rs wants some expressions of `for` and of directives in one line",
        example: "a = \"%{ if b\n&& c }d%{ endif }\"\n",
        says: r"^ours accepts.*hcl-rs refuses: .*\\n(\\t| |/\*.*\*/)*⟨⟩",
        text: r"for|if",
    },
    Known {
        why: "hcl-rs does not see the end of a heredoc that has no line",
        example: "a = <<EOT\nEOT\nb = <<EOT\nEOT\n",
        says: "",
        text: r"<<-?EOT\r?\n[ \t]*EOT",
    },
    Known {
        why: "hcl-rs measures the indentation of a heredoc otherwise, where a line has none",
        example: "a = <<-EOT\nb ${c}\n  d\nEOT\n",
        says: "^ours accepts.*hcl-rs accepts",
        text: "<<-",
    },
];

impl Known {
    fn matches(&self, text: &str, verdict: &str) -> bool {
        let is = |pattern: &str, of: &str| Regex::new(&format!("(?s){pattern}")).unwrap().is_match(of);
        is(self.says, verdict) && is(self.text, text)
    }
}

/// Whether a difference is a known one.
pub fn is_known(text: &str, verdict: &str) -> bool {
    KNOWN.iter().any(|known| known.matches(text, verdict))
}

#[test]
fn what_is_known_is_so() {
    for known in KNOWN {
        let verdict = verdict(known.example).unwrap_or_else(|| panic!("no difference any more: {}", known.why));
        assert!(known.matches(known.example, &verdict), "{}:\n{verdict}", known.why);
    }
}

/// Terraform accepts and refuses as we do.
#[test]
#[ignore = "needs terraform"]
fn terraform_is_on_our_side() {
    for known in KNOWN {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("main.tf"), known.example).unwrap();
        let answer = Command::new("terraform")
            .args(["fmt", "-no-color", "-write=false"])
            .current_dir(folder.path())
            .env("TF_CLI_CONFIG_FILE", "/dev/null")
            .env("CHECKPOINT_DISABLE", "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&answer.stderr);
        assert_eq!(ours(known.example).is_ok(), answer.status.success(), "{}: {said}", known.why);
    }
}
