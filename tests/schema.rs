//! Files that other programs read keep their form.

use crate::fleet::Fleet;
use serde_json::Value;
use std::fs;
use std::path::Path;

const FLEET: &str = r#"
podform {
  fleet = "schema"
}

variable "token" {
  type      = string
  sensitive = true
  default   = "secret-canary"
}

resource "simplepod_template_group" "base" {
  name         = "schema-base"
  image_name   = "ubuntu"
  expose_ports = [22, 8080]

  registry {
    host     = "ghcr.io"
    username = "lab"
    password = var.token
  }
}

resource "simplepod_instance" "node" {
  for_each          = toset(["a", "b"])
  name              = each.key
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
  env_variables     = { TOKEN = var.token, NODE = each.key }

  offer {
    min_memory = 8
  }
}

check "group" {
  assert {
    condition     = simplepod_template_group.base.id == ""
    error_message = "It has an id."
  }
}

output "ips" {
  value = { for key, node in simplepod_instance.node : key => node.host_ip }
}

output "token" {
  value     = var.token
  sensitive = true
}
"#;

#[test]
fn a_state_that_the_program_wrote_satisfies_the_schema_it_documents() {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    let validator = validator();
    fleet.run(&["apply", "-auto-approve", "--fault", "boot=0"], 0);
    let applied = state(&fleet);
    assert_eq!(applied["check_results"][0]["objects"][0]["failure_messages"][0], "It has an id.");
    check(&validator, &applied);
    fleet.run(&["destroy", "-auto-approve"], 0);
    check(&validator, &state(&fleet));
}

#[test]
fn the_schema_refuses_what_is_no_state() {
    let validator = validator();
    for text in ["{}", "[]", r#"{"version": 3, "serial": 1, "lineage": "x", "resources": []}"#] {
        assert!(!validator.is_valid(&serde_json::from_str(text).unwrap()), "{text}");
    }
}

fn state(fleet: &Fleet) -> Value {
    let bytes = fs::read(fleet.path().join("state/sandbox/podform.state.json")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn validator() -> jsonschema::Validator {
    let schema = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("state/schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap()
}

fn check(validator: &jsonschema::Validator, state: &Value) {
    let errors: Vec<String> =
        validator.iter_errors(state).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{state:#}");
}

#[test]
fn the_plan_has_the_form_that_programs_made_for_terraform_read() {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    fleet.run(&["plan", "-out=p"], 0);
    let text = fleet.run(&["show", "-json", "p"], 0);
    assert_eq!(text.trim_end().lines().count(), 1, "one line");
    assert!(!text.contains("secret-canary"), "{text}");
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["format_version"], "1.2");
    let version = plan["terraform_version"].as_str().unwrap();
    assert!(version.split('.').count() == 3 && version.split('.').all(|part| part.parse::<u32>().is_ok()), "{version}");
    assert_eq!(plan["podform_version"], env!("CARGO_PKG_VERSION"));
    let changes = plan["resource_changes"].as_array().unwrap();
    assert_eq!(changes.len(), 3);
    for change in changes {
        for key in ["address", "mode", "type", "name", "provider_name"] {
            assert!(change[key].is_string(), "{key}: {change}");
        }
        let change = &change["change"];
        assert_eq!(change["actions"], serde_json::json!(["create"]));
        assert!(change["before"].is_null() && change["after"].is_object() && change["after_unknown"].is_object());
        assert_eq!(change["before_sensitive"], false);
        assert!(change["after_sensitive"].is_object(), "{change}");
    }
    let node = changes.iter().find(|change| change["address"] == r#"simplepod_instance.node["a"]"#).unwrap();
    assert_eq!(node["index"], "a");
    assert_eq!(node["change"]["after"]["gpu_model"], "RTX 3090");
    assert!(node["change"]["after"]["env_variables"]["TOKEN"].is_null(), "{node}");
    assert_eq!(node["change"]["after_sensitive"]["env_variables"]["TOKEN"], true);
    assert_eq!(node["change"]["after_unknown"]["host_ip"], true);
    let resources = plan["planned_values"]["root_module"]["resources"].as_array().unwrap();
    assert_eq!(resources.len(), 3);
    assert_eq!(plan["output_changes"]["ips"]["actions"], serde_json::json!(["create"]));
    assert!(plan["configuration"]["root_module"]["resources"].is_array(), "{}", plan["configuration"]);

    fleet.run(&["apply", "-auto-approve", "--fault", "boot=0"], 0);
    let plan = fleet.plan(&[]);
    let actions: Vec<&Value> =
        plan["resource_changes"].as_array().unwrap().iter().map(|change| &change["change"]["actions"][0]).collect();
    assert_eq!(actions, ["no-op", "no-op", "no-op"]);
    assert_eq!(plan["prior_state"]["values"]["root_module"]["resources"].as_array().unwrap().len(), 3);
}
