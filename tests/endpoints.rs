//! Every endpoint of the vendor's reference, and a command that reaches it: the simulator's log of calls says so.

use crate::at_hand::{NODE, Scene};

/// Method and route as the reference prints them (that of the reboot it does not print: API sheet, C5), and what a person types.
const ENDPOINTS: [(&str, &str, &[&str]); 16] = [
    ("GET", "/instances/market/list", &["market"]),
    ("GET", "/instances/global-templates/list", &["templates", "-global"]),
    ("GET", "/instances/global-templates/{id}", &["templates", "show", "GLOBAL", "-global"]),
    ("GET", "/instances/templates/list", &["templates", "-own"]),
    ("GET", "/instances/templates/{id}", &["templates", "show", "GROUP", "-own"]),
    ("GET", "/instances/list", &["instances"]),
    ("GET", "/instances/{id}", &["instances", "show", NODE]),
    ("GET", "/instances/billing/list", &["billing"]),
    ("GET", "/instances/deposit/list", &["deposits"]),
    ("PATCH", "/instances/execute-reboot", &["reboot", NODE, "-auto-approve"]),
    ("PUT", "/instances/templates/{id}", &["apply", "-auto-approve", "-var=notes=other"]),
    ("PUT", "/instances/{id}", &["apply", "-auto-approve", "-var=name=other"]),
    ("POST", "/instances/templates", &["apply", "-auto-approve", "-replace=simplepod_template_group.base"]),
    ("POST", "/instances", &["apply", "-auto-approve", "-replace=simplepod_instance.node"]),
    ("DELETE", "/instances/{id}", &["destroy", "-auto-approve", "-target=simplepod_instance.node"]),
    ("DELETE", "/instances/templates/{id}", &["destroy", "-auto-approve"]),
];

const FLEET: &str = r#"
podform {
  fleet = "hand"
}

variable "name" {
  default = "node"
}

variable "notes" {
  default = ""
}

resource "simplepod_template_group" "base" {
  name       = "hand-base"
  image_name = "ubuntu"
  notes      = var.notes
}

resource "simplepod_instance" "node" {
  name              = var.name
  gpu_model         = "RTX 3090"
  max_price_per_gpu = 0.50
  template_group    = simplepod_template_group.base.id
}
"#;

#[test]
fn each_is_reached_by_a_command() {
    let sheet = include_str!("../docs/simplepod-api.md");
    let scene = Scene::new();
    std::fs::write(scene.fleet.path().join("main.hcl"), FLEET).unwrap();
    let world = scene.sandbox.ask("GET", "/sandbox/world", "").unwrap();
    let group = world["templates"].as_object().unwrap().keys().next().unwrap();
    let global = global(&scene);
    for (method, route, words) in ENDPOINTS {
        let words: Vec<&str> = words
            .iter()
            .map(|word| match *word {
                "GROUP" => group.as_str(),
                "GLOBAL" => global.as_str(),
                word => word,
            })
            .collect();
        scene.sandbox.take_calls();
        scene.run(&words, 0);
        let calls = scene.sandbox.take_calls();
        let is_it = |call: &podform::sandbox::CallRecord| {
            (call.method.as_str(), call.route.as_str()) == (method, route)
                && call.status.is_some_and(|status| (200..300).contains(&status))
        };
        let made: Vec<String> = calls.iter().map(|call| format!("{} {}", call.method, call.route)).collect();
        assert!(calls.iter().any(is_it), "{words:?} does not reach {method} {route}: {made:?}");
        assert!(sheet.contains(route.trim_end_matches("{id}")), "the API sheet does not know {route}");
    }
}

/// The id of one of the vendor's templates.
fn global(scene: &Scene) -> String {
    let list = scene.run(&["templates", "-global", "-json"], 0);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let id = &list["templates"][0]["id"];
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}
