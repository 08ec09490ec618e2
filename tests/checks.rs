//! How rules come out, in plan JSON and in the state, as Terraform tells it.
//!
//! `tests/checks/*.txt` is a configuration for both programs: `@type@` is a resource type, `@name@` an argument, `@rest@`
//! what else must be given. `tests/checks/*.json` holds what Terraform 1.11 made of it; `UPDATE_ORACLE=all` asks the
//! installed one again. Its state lists results in no order: they are compared in the order of their addresses.

use crate::fleet::Fleet;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks")
}

fn text(file: &str, replaced: [&str; 3]) -> String {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    let mut text = text;
    for (token, with) in ["@type@", "@name@", "@rest@"].into_iter().zip(replaced) {
        text = text.replace(token, with);
    }
    text
}

/// What a program answers, by the moment: the checks of a plan and of a state as JSON, the results in the state file.
type Answers = BTreeMap<String, Value>;

/// In the order of their addresses.
fn ordered(mut results: Value) -> Value {
    let by = |name: &'static str| move |entry: &Value| entry[name].as_str().unwrap_or_default().to_owned();
    if let Some(all) = results.as_array_mut() {
        all.sort_by_key(by("config_addr"));
        for result in all {
            if let Some(objects) = result["objects"].as_array_mut() {
                objects.sort_by_key(by("object_addr"));
            }
        }
    }
    results
}

/// The same story for both: plan, apply, look, destroy. `run` gives standard output, `state` the state file.
fn story(run: &dyn Fn(&[&str]) -> String, state: &dyn Fn() -> Value) -> Answers {
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let mut answers = Answers::new();
    run(&["plan", "-out=p"]);
    answers.insert("plan".into(), json(run(&["show", "-json", "p"]))["checks"].take());
    run(&["apply", "p"]);
    answers.insert("applied".into(), ordered(state()["check_results"].take()));
    answers.insert("shown".into(), json(run(&["show", "-json"]))["checks"].take());
    run(&["plan", "-out=p"]);
    let mut again = json(run(&["show", "-json", "p"]));
    answers.insert("planned again".into(), again["checks"].take());
    answers.insert("before".into(), again["prior_state"]["checks"].take());
    run(&["plan", "-destroy", "-out=p"]);
    answers.insert("destroying".into(), json(run(&["show", "-json", "p"]))["checks"].take());
    run(&["apply", "p"]);
    answers.insert("destroyed".into(), ordered(state()["check_results"].take()));
    answers
}

fn asked() -> Answers {
    let there = tempfile::tempdir().unwrap();
    let replaced = ["terraform_data", "input", ""];
    std::fs::create_dir(there.path().join("m")).unwrap();
    std::fs::write(there.path().join("main.tf"), text("main.txt", replaced)).unwrap();
    std::fs::write(there.path().join("m/main.tf"), text("module.txt", replaced)).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new("terraform");
        let output = command.current_dir(there.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", crate::fleet::text(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["init"]);
    story(&run, &|| serde_json::from_slice(&std::fs::read(there.path().join("terraform.tfstate")).unwrap()).unwrap())
}

fn ours() -> Answers {
    let replaced = ["simplepod_template_group", "name", "image_name = \"img\""];
    let main = format!("podform {{\n  fleet = \"checks\"\n}}\n{}", text("main.txt", replaced));
    let fleet = Fleet::new(&[("main.hcl", &main)]);
    std::fs::create_dir(fleet.path().join("m")).unwrap();
    std::fs::write(fleet.path().join("m/main.hcl"), text("module.txt", replaced)).unwrap();
    let state = || {
        let bytes = std::fs::read(fleet.path().join("state/sandbox/podform.state.json")).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    story(&|arguments| fleet.run(arguments, 0), &state)
}

#[test]
fn checks_come_out_as_in_terraform() {
    let recorded = folder().join("terraform.json");
    if std::env::var("UPDATE_ORACLE").is_ok_and(|update| update == "all") {
        let answers = serde_json::to_string_pretty(&asked()).unwrap().replace("terraform_data", "@type@");
        std::fs::write(&recorded, format!("{answers}\n")).unwrap();
    }
    let recorded = std::fs::read_to_string(&recorded).unwrap().replace("@type@", "simplepod_template_group");
    let recorded: Answers = serde_json::from_str(&recorded).unwrap();
    assert_eq!(recorded.len(), 7);
    for (moment, answer) in ours() {
        // A text, so that the order of keys and entries counts.
        let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
        let (expected, found) = (pretty(&recorded[&moment]), pretty(&answer));
        assert!(expected == found, "{moment}:\n{}", crate::scenarios::difference(&expected, &found));
    }
}

const READING: &str = r#"
podform {
  fleet = "reading"
}

resource "simplepod_template_group" "base" {
  name       = "base"
  image_name = "img"
}

check "machine" {
  data "simplepod_instance" "gone" {
    id = "1"
  }
  assert {
    condition     = data.simplepod_instance.gone.status == "running"
    error_message = "It does not run."
  }
}
"#;

#[test]
fn a_check_whose_data_source_fails_is_failed_in_plan_and_state() {
    let fleet = Fleet::new(&[("main.hcl", READING)]);
    let message = "Data source found nothing: The account holds no machine 1.";
    let plan = fleet.plan(&[]);
    assert_eq!(plan["checks"][0]["instances"][0]["problems"], json!([{ "message": message }]));
    fleet.run(&["apply", "-auto-approve"], 0);
    let state: Value = serde_json::from_str(&fleet.run(&["show", "-json"], 0)).unwrap();
    assert_eq!(state["checks"], plan["checks"]);
    // What becomes of them is recorded without a change, as Terraform does.
    std::fs::write(fleet.path().join("main.hcl"), READING.replace("id = \"1\"", "id = \"2\"")).unwrap();
    fleet.run(&["apply"], 0);
    let state: Value = serde_json::from_str(&fleet.run(&["show", "-json"], 0)).unwrap();
    assert_eq!(
        state["checks"][0]["instances"][0]["problems"],
        json!([{ "message": message.replace("machine 1", "machine 2") }])
    );
}

#[test]
fn a_narrowed_plan_judges_no_check_block() {
    let fleet = Fleet::new(&[("main.hcl", READING)]);
    let plan = fleet.plan(&["-target=simplepod_template_group.base"]);
    assert_eq!(plan["checks"][0]["status"], "unknown");
    assert!(plan["checks"][0].get("instances").is_none(), "{}", plan["checks"]);
}

const NARROWED: &str = r#"
podform {
  fleet = "narrowed"
}

variable "size" {
  default = 1
}

resource "simplepod_template_group" "a" {
  count      = 2
  name       = "a-${count.index}"
  image_name = "img"
  lifecycle {
    precondition {
      condition     = count.index == 0
      error_message = "Only the first."
    }
    precondition {
      condition     = data.simplepod_account.read.hourly_cost == 0
      error_message = "It costs."
    }
  }
}

data "simplepod_account" "read" {
  lifecycle {
    postcondition {
      condition     = self.hourly_cost == 0
      error_message = "It costs."
    }
  }
}

data "simplepod_account" "unread" {
  lifecycle {
    postcondition {
      condition     = self.hourly_cost == var.size
      error_message = "It costs nothing."
    }
  }
}

resource "simplepod_template_group" "b" {
  name       = "b"
  image_name = "img"
  lifecycle {
    precondition {
      condition     = var.size == 2
      error_message = "Too small."
    }
    postcondition {
      condition     = self.name == "c"
      error_message = "Another name."
    }
  }
}

output "a" {
  value = simplepod_template_group.a[0].name
  precondition {
    condition     = var.size == 1
    error_message = "Too large."
  }
}

output "a_and_b" {
  value = [simplepod_template_group.a[0].name, simplepod_template_group.b.name]
  precondition {
    condition     = var.size == 2
    error_message = "Too small."
  }
}

output "constant" {
  value = 1
  precondition {
    condition     = var.size == 2
    error_message = "Too small."
  }
}
"#;

/// Resources and outputs as Terraform 1.11 tells them; data sources in the same way. Terraform has no `-exclude`.
#[test]
fn a_narrowed_plan_judges_nothing_that_it_leaves_out() {
    let fleet = Fleet::new(&[("main.hcl", NARROWED)]);
    let target = "-target=simplepod_template_group.a[0]";
    let expected = [
        ("data.simplepod_account.read", "pass", json!([["data.simplepod_account.read", "pass"]])),
        ("data.simplepod_account.unread", "unknown", json!([])),
        ("output.a", "pass", json!([["output.a", "pass"]])),
        ("output.a_and_b", "unknown", json!([])),
        ("output.constant", "unknown", json!([])),
        (
            "simplepod_template_group.a",
            "unknown",
            json!([["simplepod_template_group.a[0]", "pass"], ["simplepod_template_group.a[1]", "unknown"]]),
        ),
        ("simplepod_template_group.b", "unknown", json!([])),
    ];
    let check = |shown: Value| {
        let mut found: Vec<(String, String, Value)> = Vec::new();
        for check in shown["checks"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let instances = check["instances"].as_array().into_iter().flatten();
            let instances = instances.map(|one| json!([one["address"]["to_display"], one["status"]])).collect();
            found.push((text(&check["address"]["to_display"]), text(&check["status"]), instances));
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let expected: Vec<_> = expected.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), c.clone())).collect();
        assert_eq!(found, expected);
    };
    check(fleet.plan(&[target]));
    fleet.run(&["apply", "-auto-approve", target], 0);
    check(serde_json::from_str(&fleet.run(&["show", "-json"], 0)).unwrap());
    fleet.run(&["plan", "-detailed-exitcode", target], 0);
    // It is not met all the same.
    fleet.run(&["plan"], 1);
}

#[test]
fn an_excluded_resource_is_not_judged_nor_what_needs_it() {
    let text = NARROWED.replace("count      = 2", "count      = 1").replace("value = 1\n", "value = var.size\n");
    let text = text.replace("self.hourly_cost == var.size", "self.hourly_cost != var.size");
    let fleet = Fleet::new(&[("main.hcl", &text)]);
    let run = |arguments: &[&str]| {
        let mut command = crate::scenarios::podform();
        crate::fleet::text(
            &command.current_dir(fleet.path()).env("PODFORM_SANDBOX", "1").args(arguments).output().unwrap(),
        )
    };
    let told = run(&["plan", "-exclude=simplepod_template_group.b"]);
    assert!(told.contains("in output \"constant\"") && !told.contains("a_and_b\""), "{told}");
    assert!(!told.contains("Resource p"), "{told}");
    assert!(run(&["plan"]).contains("Resource precondition failed"));
}
