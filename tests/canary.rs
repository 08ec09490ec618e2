//! Secrets stay out of everything that podform writes (invariant 9).

use crate::fleet::Fleet;
use crate::scenarios::podform;
use crate::world::Sandbox;
use podform::sandbox::Switches;
use std::fs;
use std::path::Path;

const KEY: &str = "canary-api-key-11";
const PASSWORD: &str = "canary-password-22";
const TOKEN: &str = "canary-token-33";
const NESTED: &str = "canary-nested-44";
const DEFAULT: &str = "canary-default-55";

const ROOT: &str = r##"
podform {
  fleet = "lab"
}

variable "token" {
  type      = string
  sensitive = true
}

resource "simplepod_template_group" "base" {
  name          = "lab-base"
  image_name    = "pytorch/pytorch"
  start_script  = "#!/bin/bash\nlogin ${var.token}\nrun\n"
  notes         = "notes ${var.token}"
  env_variables = { TOKEN = var.token, PLAIN = "shown" }

  registry {
    host     = "ghcr.io"
    username = "lab"
    password = "canary-password-22"
  }
}

resource "simplepod_template_group" "line" {
  name         = "lab-line"
  image_name   = "pytorch/pytorch"
  start_script = "login ${var.token}\n"
}

resource "simplepod_instance" "a" {
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 2
  template_group    = simplepod_template_group.base.id
  notes             = "machine ${var.token}"
  name              = "name ${var.token}"
  start_script      = "echo ${var.token}"
  env_variables     = { TOKEN = "x ${var.token}" }
}

module "m" {
  source = "./m"
  secret = "canary-nested-44"
  map    = sensitive({ a = "canary-nested-44" })
}

output "whole" {
  value     = { token = var.token, nested = module.m.out }
  sensitive = true
}

output "constant" {
  value     = "canary-default-55"
  sensitive = true
}

output "plain" {
  value = "shown"
}
"##;

const MODULE: &str = r#"
variable "secret" {
  type      = string
  sensitive = true
  default   = "canary-default-55"
}

variable "map" {
  type = map(string)
}

resource "simplepod_template_group" "inner" {
  name          = "lab-inner"
  image_name    = "pytorch/pytorch"
  env_variables = merge(var.map, { S = var.secret })
}

output "out" {
  value     = "${var.secret}!"
  sensitive = true
}
"#;

/// Among the files that are looked through.
const LOG: &str = "podform.log";

struct Canary {
    fleet: Fleet,
    /// The log goes into a file.
    log: bool,
    sandbox: Sandbox,
}

impl Canary {
    fn new() -> Self {
        let mut switches = Switches::default();
        for spec in ["speed=0", "boot=0"] {
            switches.apply_spec(spec).unwrap();
        }
        let fleet = Fleet::new(&[("main.hcl", ROOT)]);
        fs::create_dir(fleet.path().join("m")).unwrap();
        fs::write(fleet.path().join("m/main.hcl"), MODULE).unwrap();
        Self { fleet, log: true, sandbox: Sandbox::start(7, switches) }
    }

    /// Runs the program; nothing that it prints or writes may hold a secret.
    fn run(&self, arguments: &[&str], code: i32) -> String {
        let output = podform()
            .current_dir(self.fleet.path())
            .args(arguments)
            .env("SIMPLEPOD_API_URL", self.sandbox.url())
            .env("SIMPLEPOD_API_KEY", KEY)
            .env("PODFORM_VAR_token", TOKEN)
            .env("PODFORM_LOG", "trace")
            .envs(self.log.then_some(("PODFORM_LOG_PATH", LOG)))
            .output()
            .unwrap();
        let text = crate::fleet::text(&output);
        assert_eq!(output.status.code(), Some(code), "podform {arguments:?}: {text}");
        clean(&format!("podform {arguments:?}"), &output.stdout);
        clean(&format!("podform {arguments:?}"), &output.stderr);
        self.clean_files(self.fleet.path(), arguments);
        text
    }

    fn clean_files(&self, directory: &Path, after: &[&str]) {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                self.clean_files(&entry.path(), after);
            } else if entry.path().extension().is_none_or(|extension| extension != "hcl") {
                clean(&format!("{} after {after:?}", entry.path().display()), &fs::read(entry.path()).unwrap());
            }
        }
    }
}

fn clean(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in [KEY, PASSWORD, TOKEN, NESTED, DEFAULT] {
        if let Some(at) = text.find(secret) {
            let line = text[..at].rfind('\n').map_or(0, |at| at + 1).max(at.saturating_sub(300));
            panic!("{secret} in {what}: {}", text.get(line..at + secret.len()).unwrap_or_default());
        }
    }
}

#[test]
fn no_secret_in_anything_that_is_written() {
    let canary = Canary::new();
    canary.run(&["plan"], 0);
    canary.run(&["plan", "-json"], 0);
    canary.run(&["plan", "-out=p"], 0);
    canary.run(&["show", "p"], 0);
    canary.run(&["show", "-json", "p"], 0);
    canary.run(&["apply", "-auto-approve"], 0);
    let read = |canary: &Canary| {
        canary.run(&["show"], 0);
        canary.run(&["show", "-json"], 0);
        canary.run(&["output"], 0);
        canary.run(&["templates", "-wide"], 0);
        canary.run(&["templates", "-json"], 0);
        canary.run(&["templates", "show", "lab-inner"], 0);
        canary.run(&["templates", "show", "lab-inner", "-hcl"], 0);
        canary.run(&["output", "-json"], 0);
        canary.run(&["state", "list"], 0);
        canary.run(&["state", "show", "simplepod_template_group.base"], 0);
        canary.run(&["state", "show", "simplepod_instance.a"], 0);
        canary.run(&["output", "-raw", "whole"], 1);
    };
    read(&canary);
    assert!(canary.run(&["plan"], 0).contains("No changes"), "secrets that did not change are no change");
    // Other people's hands: what is live now is another secret, and ours is what stands in the API's answer.
    let world = canary.sandbox.ask("GET", "/sandbox/world", "").unwrap();
    let groups = format!("{world}");
    assert!(groups.contains(TOKEN), "the API has the secret");
    canary.run(&["plan", "-refresh-only"], 0);
    canary.run(&["plan", "-destroy", "-json"], 0);
    canary.run(&["destroy", "-auto-approve"], 0);
    let log = canary.fleet.path().join(LOG);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&log).unwrap().permissions()) & 0o777, 0o600);
    let log = fs::read_to_string(log).unwrap();
    for words in [
        "[INFO] POST /instances: 200 after ",
        "[TRACE] POST /instances headers: x-auth-token: (hidden), ",
        "\"envVariables\":\"(",
        "[DEBUG] journal 1: begin",
        ": recorded simplepod_instance.a as ",
    ] {
        assert!(log.contains(words), "{words} is not in the log\n{log:.6000}");
    }
}

#[test]
fn no_secret_in_failures() {
    let canary = Canary { log: false, ..Canary::new() };
    fs::write(
        canary.fleet.path().join("wrong.hcl"),
        "locals {\n  bad = var.token + 1\n  worse = tonumber(var.token)\n  key = { a = 1 }[var.token]\n  call = regex(\"(\", var.token)\n}\nresource \"simplepod_template_group\" \"w\" {\n  name = var.token\n  image_name = \"x\"\n  disk_size = var.token\n}\n",
    )
    .unwrap();
    let told = canary.run(&["validate"], 1);
    assert!(told.contains("var.token has a sensitive value"), "{told}");
    canary.run(&["validate", "-json"], 1);
    canary.run(&["plan"], 1);
    fs::remove_file(canary.fleet.path().join("wrong.hcl")).unwrap();
    for (fault, words) in
        [("503:GET /instances/list:1", "try 2 of 5 in "), ("429:GET /instances/list:1", "no call leaves for ")]
    {
        canary.sandbox.switch(fault).unwrap();
        let told = canary.run(&["plan"], 0);
        assert!(told.contains(words), "{told}");
        canary.sandbox.switch("no faults").unwrap();
    }
    // A call that fails tells what the API said.
    let faults = [("422:POST /instances/templates:1", 7), ("500-after-commit:POST /instances/templates:1", 0)];
    for (fault, code) in faults {
        canary.sandbox.switch(fault).unwrap();
        let told = canary.run(&["apply", "-auto-approve", "-parallelism=1"], code);
        assert!(told.contains("[INFO] POST /instances/templates: 4") || told.contains(": 5"), "{told}");
        canary.sandbox.switch("no faults").unwrap();
    }
}

/// The call that sets what is secret is answered with an error, after it took effect or before: what the API shows then is
/// taken in by the run itself, by the next plan and by the next apply.
#[test]
fn no_secret_where_the_call_that_sets_it_fails() {
    for fault in ["422-after-commit", "500-after-commit", "422"] {
        let canary = Canary::new();
        canary.sandbox.switch(&format!("{fault}:PUT /instances/108209")).unwrap();
        canary.run(&["apply", "-auto-approve"], 7);
        canary.sandbox.switch("no faults").unwrap();
        for command in [&["show"][..], &["show", "-json"], &["state", "pull"], &["plan"], &["plan", "-refresh-only"]] {
            canary.run(command, 0);
        }
        canary.run(&["apply", "-auto-approve"], 0);
        assert!(canary.run(&["plan"], 0).contains("No changes"), "{fault}");
    }
}

/// A variables file is read for its values: lines that may hold a secret are not drawn.
#[test]
fn no_secret_of_a_variables_file_is_drawn() {
    let fleet = Fleet::new(&[(
        "main.hcl",
        "variable \"token\" {\n  type = number\n  sensitive = true\n}\nvariable \"size\" {\n  type = number\n}\n",
    )]);
    let run = |text: &str| {
        fs::write(fleet.path().join("podform.vars.hcl"), text).unwrap();
        let output = podform().current_dir(fleet.path()).args(["validate"]).output().unwrap();
        let told = crate::fleet::text(&output);
        clean("podform validate", told.as_bytes());
        told
    };
    for text in [
        "token = \"canary-token-33\"\nsize = 1\n",
        "tokn = \"canary-token-33\"\nsize = 1\n",
        "token = \"canary-token-33\" \"\nsize = 1\n",
        "token = <<EOT\ncanary-token-33\n",
        "token = [\n  \"canary-token-33\",\n}\nsize = 1\n",
    ] {
        let told = run(text);
        assert!(told.contains("podform.vars.hcl:"), "{text}: {told}");
    }
    let told = run("token = 1\nsize = \"many\"\n");
    assert!(told.contains("size = \"many\""), "{told}");
}
