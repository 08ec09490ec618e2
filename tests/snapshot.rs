//! Snapshots: a plan on one is the plan on the account, no secret is in one, and whatever stands in the file ends in words.

use crate::fleet::Fleet;
use crate::scenarios::podform;
use podform::snapshot::decode;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Every place of the account where a secret can stand.
const FLEET: &str = r##"
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
  start_script  = "login ${var.token}\n"
  notes         = "notes ${var.token}"
  env_variables = { TOKEN = var.token, PLAIN = "shown" }

  registry {
    host     = "ghcr.io"
    username = "lab"
    password = var.token
  }
}

resource "simplepod_instance" "a" {
  count             = 2
  name              = "name ${var.token}"
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 2
  template_group    = simplepod_template_group.base.id
  notes             = "machine ${var.token}"
  start_script      = "echo ${var.token}"
  env_variables     = { TOKEN = "x ${var.token}" }
}

output "token" {
  value     = var.token
  sensitive = true
}
"##;

const SECRET: &str = "canary-of-a-snapshot";
const SANDBOX: (&str, &str) = ("PODFORM_SANDBOX", "1");
const GIVEN: (&str, &str) = ("PODFORM_VAR_token", SECRET);

/// What would be done, to what, with which offers: whatever the clock says.
fn program(plan: &Value) -> Value {
    let changes =
        plan["resource_changes"].as_array().into_iter().flatten().filter(|change| change["mode"] == "managed");
    let actions: Vec<Value> = changes
        .map(|change| serde_json::json!([change["address"], change["change"]["actions"], change["action_reason"]]))
        .collect();
    let rents = plan["podform"]["rents"].as_array().into_iter().flatten();
    let offers: Vec<Value> =
        rents.map(|rent| serde_json::json!([rent["address"], rent["offer"], rent["envelope"]])).collect();
    serde_json::json!({ "actions": actions, "offers": offers, "cost": plan["podform"]["cost"]["hourly_after"] })
}

fn planned(fleet: &Fleet, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    fleet.run_with(&[&["plan", "-out=p"], arguments].concat(), variables, 0);
    serde_json::from_str(&fleet.run_with(&["show", "-json", "p"], variables, 0)).unwrap()
}

#[test]
fn a_plan_on_a_snapshot_is_the_plan_on_the_account() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for directory in fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path()) {
        if !directory.join("main.hcl").exists() {
            continue;
        }
        let fleet = Fleet::copy(&directory);
        let same = |what: &str| {
            fleet.run(&["snapshot", "-out=s.json"], 0);
            let live = planned(&fleet, &[], &[SANDBOX]);
            for arguments in [&["-snapshot=s.json"][..], &["-snapshot=s.json", "-untrusted"]] {
                let offline = planned(&fleet, arguments, &[]);
                assert_eq!(program(&live), program(&offline), "{} {what} {arguments:?}", directory.display());
                assert!(
                    offline["podform"]["as_of"].is_string() && offline["applyable"] == false,
                    "{}",
                    offline["podform"]
                );
            }
            assert_eq!(
                program(&live),
                program(&planned(&fleet, &["-untrusted"], &[SANDBOX])),
                "{} {what}",
                directory.display()
            );
        };
        same("new");
        fleet.run(&["apply", "-auto-approve", "--fault", "boot=0"], 0);
        same("applied");
        let main = fs::read_to_string(directory.join("main.hcl")).unwrap();
        fs::write(
            fleet.path().join("main.hcl"),
            main.replace("RTX 4090", "RTX 3090").replace("\"latest\"", "\"other\""),
        )
        .unwrap();
        same("changed");
    }
}

#[test]
fn no_secret_is_in_a_snapshot_and_none_is_needed_for_a_plan() {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    fleet.run_with(&["apply", "-auto-approve", "--fault", "boot=0"], &[SANDBOX, GIVEN], 0);
    let world = fs::read_to_string(fleet.path().join("state/sandbox/world.json")).unwrap();
    assert!(world.contains(SECRET), "the account has it");
    fleet.run_with(&["snapshot", "-out=s.json"], &[SANDBOX, GIVEN], 0);
    let snapshot = fs::read_to_string(fleet.path().join("s.json")).unwrap();
    assert!(!snapshot.contains(SECRET), "{snapshot:.3000}");
    let state = fs::read_to_string(fleet.path().join("state/sandbox/podform.state.json")).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    let digests = state["podform"]["instances"].to_string();
    let digests: Vec<&str> = digests.split('"').filter(|word| word.len() == 64).collect();
    assert!(!digests.is_empty() && digests.iter().all(|digest| !snapshot.contains(digest)), "digests stay at home");
    let told = fleet.run_with(&["plan", "-snapshot=s.json", "-detailed-exitcode"], &[], 0);
    assert!(told.starts_with("As of ") && told.contains(", not live.") && told.contains("No changes"), "{told}");
    // Secrets that nobody can compare are no change, whoever gives another one; the rest is.
    fleet.run_with(&["plan", "-snapshot=s.json", "-detailed-exitcode"], &[("PODFORM_VAR_token", "other")], 0);
    fs::write(
        fleet.path().join("main.hcl"),
        FLEET.replace("\"shown\"", "\"new\"").replace("count             = 2", "count             = 3"),
    )
    .unwrap();
    let told = fleet.run_with(&["plan", "-snapshot=s.json"], &[], 0);
    assert!(told.contains("1 to add, 1 to change, 0 to destroy"), "{told}");
    for command in [&["apply", "-snapshot=s.json"][..], &["destroy", "-snapshot=s.json"]] {
        let output = podform().current_dir(fleet.path()).args(command).output().unwrap();
        assert!(crate::fleet::text(&output).contains("Snapshots are not applied"), "{command:?}");
    }
}

#[test]
fn a_snapshot_satisfies_the_schema_it_documents() {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    let schema = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/snapshot.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    for applied in [false, true] {
        if applied {
            fleet.run_with(&["apply", "-auto-approve", "--fault", "boot=0"], &[SANDBOX, GIVEN], 0);
        }
        fleet.run_with(&["snapshot", "-out=s.json"], &[SANDBOX, GIVEN], 0);
        let snapshot: Value = serde_json::from_slice(&fs::read(fleet.path().join("s.json")).unwrap()).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&snapshot).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    for text in ["{}", "[]", r#"{"podform_snapshot": 2}"#] {
        assert!(!validator.is_valid(&serde_json::from_str(text).unwrap()), "{text}");
    }
}

#[test]
fn what_is_no_snapshot_is_told() {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    fleet.run_with(&["apply", "-auto-approve", "--fault", "boot=0"], &[SANDBOX, GIVEN], 0);
    fleet.run_with(&["snapshot", "-out=s.json"], &[SANDBOX, GIVEN], 0);
    let good = fs::read_to_string(fleet.path().join("s.json")).unwrap();
    let read = decode(good.as_bytes()).unwrap();
    assert_eq!((read.machines.len(), read.groups.len()), (2, 1));
    assert_eq!(podform::snapshot::encode(&read).unwrap(), good, "the same snapshot is the same text");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut json: Value = serde_json::from_str(&good).unwrap();
        change(&mut json);
        json.to_string()
    };
    for (wrong, words) in [
        (String::new(), "no snapshot"),
        ("{}".to_owned(), "no snapshot"),
        ("[1]".to_owned(), "no snapshot"),
        ("[".repeat(1_000_000), "no snapshot"),
        (good[..good.len() / 2].to_owned(), "no snapshot"),
        (with(&|json| json["podform_snapshot"] = 2.into()), "does not know"),
        (with(&|json| json["podform_snapshot"] = 0.into()), "no snapshot"),
        (with(&|json| json["more"] = 0.into()), "more"),
        (with(&|json| json["as_of"] = "yesterday".into()), "cannot be used"),
        (with(&|json| json["machines"][0]["price_per_gpu"] = "79228162514264337593543950335".into()), "a price"),
        (with(&|json| json["machines"][0]["gpu_count"] = 4_000_000_000_u32.into()), "a number of GPUs"),
        (with(&|json| json["machines"][0]["attributes"]["nonsense"] = 1.into()), "nonsense"),
        (with(&|json| json["offers"][0]["price_per_gpu"] = "-1".into()), "offer 1"),
        (with(&|json| json["offers"][0]["gpu_count"] = 0.into()), "offer 1"),
        (with(&|json| json["balance"] = "79228162514264337593543950335".into()), "balance"),
        (with(&|json| json["state"]["version"] = 3.into()), "its state"),
    ] {
        let told = decode(wrong.as_bytes()).unwrap_err();
        assert!(told.contains(words), "{words}: {told}");
    }
    // Whatever a bit becomes: read, or refused.
    let mut bytes = good.clone().into_bytes();
    for at in (0..bytes.len()).step_by(bytes.len() / 400) {
        for bit in [0, 3, 6] {
            bytes[at] ^= 1 << bit;
            let _ = decode(&bytes);
            bytes[at] ^= 1 << bit;
        }
    }
    // Values of other types than attributes have, and machines that nobody rented.
    let odd = with(&|json| {
        for row in json["machines"].as_array_mut().unwrap() {
            for value in row["attributes"].as_object_mut().unwrap().values_mut() {
                *value = serde_json::json!({ "a": [1, null, { "b": "\u{1b}[2J" }] });
            }
            row["id"] = 7.into();
        }
        json["template_groups"][0]["attributes"]["name"] = 5.into();
    });
    fs::write(fleet.path().join("odd.json"), odd).unwrap();
    let output =
        podform().current_dir(fleet.path()).args(["plan", "-snapshot=odd.json", "-accept-missing"]).output().unwrap();
    let told = crate::fleet::text(&output);
    assert!(!told.contains("panicked") && !told.contains('\u{1b}') && output.status.code().is_some(), "{told}");
}

/// What is left out of a snapshot is not null: a condition on it is judged where it is known.
#[test]
fn what_a_snapshot_hides_is_unknown_and_not_null() {
    let read = r#"
data "simplepod_template_group" "read" {
  name = "lab-base"

  lifecycle {
    postcondition {
      condition     = self.notes != null
      error_message = "It has no notes."
    }
  }
}

check "noted" {
  assert {
    condition     = data.simplepod_template_group.read.notes != null
    error_message = "It has no notes."
  }
}

output "notes" {
  value     = data.simplepod_template_group.read.notes
  sensitive = true
}
"#;
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    fleet.run_with(&["apply", "-auto-approve", "--fault", "boot=0"], &[SANDBOX, GIVEN], 0);
    fs::write(fleet.path().join("read.hcl"), read).unwrap();
    fleet.run_with(&["snapshot", "-out=s.json"], &[SANDBOX, GIVEN], 0);
    for (arguments, variables) in [
        (&["plan"][..], &[SANDBOX, GIVEN][..]),
        (&["plan", "-snapshot=s.json"], &[]),
        (&["plan", "-untrusted"], &[SANDBOX]),
    ] {
        let output =
            podform().current_dir(fleet.path()).args(arguments).envs(variables.iter().copied()).output().unwrap();
        let told = crate::fleet::text(&output);
        assert!(output.status.success() && !told.contains("It has no notes."), "{arguments:?}: {told}");
        assert!(!told.contains(SECRET), "{arguments:?}: {told}");
    }
}
