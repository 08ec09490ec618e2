//! `console` and `fmt` on standard input; values and exit codes as `terraform console` 1.11 gives them.

use std::io::Write;
use std::process::{Command, Stdio};

const CONFIGURATION: &str = "podform {
  fleet = \"lab\"
}
variable \"a\" {
  default = \"x\"
}
variable \"need\" {}
variable \"secret\" {
  default   = \"canary\"
  sensitive = true
}
locals {
  list = [1, 2]
}
resource \"simplepod_template_group\" \"base\" {
  name       = \"lab-base\"
  image_name = \"pytorch/pytorch\"
}
";

/// Exit code, standard output and standard error.
fn told(directory: &std::path::Path, args: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_podform"))
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn fleet() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("main.hcl"), CONFIGURATION).unwrap();
    directory
}

#[test]
fn the_console_prints_the_last_value_of_its_input() {
    let fleet = fleet();
    for (input, expected) in [
        ("var.a\nlocal.list\n", "[\n  1,\n  2,\n]\n"),
        ("var.need", "(known after apply)\n"),
        ("var.secret\n", "(sensitive value)\n"),
        ("[var.secret]\n", "[\n  (sensitive value),\n]\n"),
        ("1\n\n", "\n"),
        ("", "\n"),
        ("\n\n 1 \n", "1\n"),
        ("exit\n1\n", ""),
        ("  exit  \nnope.x\n", ""),
        ("type({a = 1, b = [\"x\"]})\n", "object({\n    a: number,\n    b: tuple([\n        string,\n    ]),\n})\n"),
        ("type(var.secret)\n", "string\n"),
        ("\"${type(tolist([1]))}\"\n", "list(number)\n"),
        ("simplepod_template_group.base.id\n", "(known after apply)\n"),
        ("tostring(null)\n", "tostring(null)\n"),
        ("\"a\\tb\\u0007\\u200b\\u001b é \\U000e0001\"\n", "\"a\\tb\\a\\u200b\\x1b é \\U000e0001\"\n"),
        ("{a = \"x\\ny\"}\n", "{\n  \"a\" = <<-EOT\n  x\n  y\n  EOT\n}\n"),
        ("path.module\n", "\".\"\n"),
    ] {
        assert_eq!(told(fleet.path(), &["console"], input), (0, expected.to_owned(), String::new()), "{input}");
    }
    let with = told(fleet.path(), &["console", "-var", "need=1"], "var.need\n");
    assert_eq!(with.1, "\"1\"\n");
}

#[test]
fn the_first_error_ends_the_console() {
    let fleet = fleet();
    for (input, summary) in [
        ("1\nnope.x\n2\n", "Reference to undeclared resource"),
        ("var.zz\n", "Reference to undeclared input variable"),
        ("f(\n1)\n", "Unterminated function call"),
        ("1 +\n2\n", "Missing expression"),
        ("1 2\n", "Extra characters after expression"),
        ("[type(1)]\n", "Invalid use of type function"),
        ("type(1, 2)\n", "Too many function arguments"),
        ("type()\n", "Not enough function arguments"),
        ("each.key\n", "Reference to \"each\" in context without for_each"),
    ] {
        let (code, out, err) = told(fleet.path(), &["console"], input);
        assert_eq!((code, out.as_str()), (1, ""), "{input}");
        assert!(err.contains(summary), "{input}: {err}");
    }
}

#[test]
fn the_console_answers_each_line_with_json() {
    let fleet = fleet();
    let (code, out, err) =
        told(fleet.path(), &["console", "-json"], "1\n\nvar.secret\nnope.x\n{a = var.need}\nexit\n5\n");
    let expected = "{\"value\":1,\"type\":\"number\",\"sensitive\":false,\"unknown\":false}
{\"value\":null,\"type\":\"string\",\"sensitive\":true,\"unknown\":false}
{\"error\":{\"summary\":\"Reference to undeclared resource\",\"detail\":\"A managed resource \\\"nope\\\" \\\"x\\\" has not been declared in this module, and there is no resource type \\\"nope\\\".\"}}
{\"value\":{},\"type\":[\"object\",{\"a\":\"dynamic\"}],\"sensitive\":false,\"unknown\":true}
";
    assert_eq!((code, out.as_str(), err.as_str()), (1, expected, ""));
}

#[test]
fn the_console_knows_what_is_recorded() {
    let fleet = fleet();
    let applied = told(
        fleet.path(),
        &["apply", "-auto-approve", "--sandbox", "-target=simplepod_template_group.base", "-var=need=1"],
        "",
    );
    assert_eq!(applied.0, 0, "{}", applied.2);
    let (code, out, _) = told(fleet.path(), &["console", "--sandbox"], "simplepod_template_group.base.disk_size");
    assert_eq!((code, out.as_str()), (0, "32\n"));
    let (_, out, _) = told(fleet.path(), &["console", "--sandbox"], "can(tonumber(simplepod_template_group.base.id))");
    assert_eq!(out, "true\n");
}

#[test]
fn the_console_works_without_a_configuration() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(told(directory.path(), &["console"], "upper(\"a\")").1, "\"A\"\n");
}

#[test]
fn an_error_of_the_configuration_does_not_end_the_console() {
    let fleet = fleet();
    std::fs::write(fleet.path().join("bad.hcl"), "locals {\n  bad = 1 + \"x\"\n}\n").unwrap();
    let (code, out, err) = told(fleet.path(), &["console"], "local.list[0]");
    assert_eq!((code, out.as_str()), (0, "1\n"));
    assert!(err.contains("Invalid operand") && err.contains("Configuration has errors"), "{err}");
    std::fs::write(fleet.path().join("bad.hcl"), "locals {\n").unwrap();
    assert_eq!(told(fleet.path(), &["console"], "1").0, 1);
}

#[test]
fn standard_input_is_formatted() {
    let directory = tempfile::tempdir().unwrap();
    let told = |args: &[&str], input: &str| told(directory.path(), args, input);
    assert_eq!(told(&["fmt", "-"], "a=1\n"), (0, "a = 1\n".into(), String::new()));
    assert_eq!(told(&["fmt", "-"], "a = 1\n"), (0, "a = 1\n".into(), String::new()));
    assert_eq!(told(&["fmt", "-check", "-"], "a=1\n"), (3, String::new(), String::new()));
    assert_eq!(told(&["fmt", "-check", "-"], "a = 1\n"), (0, String::new(), String::new()));
    let diff = "--- old/<stdin>\n+++ new/<stdin>\n@@ -1 +1 @@\n-a=1\n+a = 1\n";
    assert_eq!(told(&["fmt", "-diff", "-"], "a=1\n"), (0, diff.into(), String::new()));
    let (code, out, err) = told(&["fmt", "-"], "a=\n");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("Invalid expression"), "{err}");
}
