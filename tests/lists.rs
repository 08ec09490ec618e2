//! How often an apply reads lists: template groups once for many creates, and never so seldom that a name is taken twice;
//! the market once for each round of rents, and not for each rent.

use crate::fleet::{Fleet, text};
use crate::scenarios::{KEY, podform};
use crate::world::Sandbox;
use podform::sandbox::Switches;
use std::process::Output;

const GROUPS: usize = 60;

fn sandbox(spec: &str) -> Sandbox {
    let mut switches = Switches { speed: 0.0, ..Switches::default() };
    switches.apply_spec(spec).unwrap();
    Sandbox::start(1, switches)
}

fn group(label: &str, name: &str) -> String {
    format!(
        "resource \"simplepod_template_group\" \"{label}\" {{\n  name = \"{name}\"\n  image_name = \"ubuntu\"\n}}\n"
    )
}

fn fleet(name: &str, groups: &str) -> Fleet {
    Fleet::new(&[("main.hcl", &format!("podform {{\n  fleet = \"{name}\"\n}}\n{groups}"))])
}

fn apply(fleet: &Fleet, sandbox: &Sandbox, more: &[&str]) -> Output {
    let mut command = podform();
    command.current_dir(fleet.path()).args(["apply", "-auto-approve"]).args(more);
    command.env("SIMPLEPOD_API_URL", sandbox.url()).env("SIMPLEPOD_API_KEY", KEY).output().unwrap()
}

fn count(sandbox: &Sandbox, method: &str, route: &str) -> usize {
    sandbox.calls().iter().filter(|call| call.method == method && call.route == route).count()
}

/// Pages of lists while so many groups are made.
fn lists(spec: &str) -> usize {
    let sandbox = sandbox(spec);
    let groups: String = (0..GROUPS).map(|at| group(&format!("g{at}"), &format!("many-{at}"))).collect();
    let output = apply(&fleet("many", &groups), &sandbox, &["-parallelism=10"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(count(&sandbox, "POST", "/instances/templates"), GROUPS);
    count(&sandbox, "GET", "/instances/templates/list")
}

#[test]
fn one_list_tells_that_all_names_are_free() {
    let lists = lists("template-body=id");
    assert!(lists <= 10, "{lists} pages of lists for {GROUPS} groups");
}

#[test]
fn groups_that_no_answer_names_are_found_in_lists_that_are_shared() {
    let lists = lists("template-body=object");
    // A list is two pages, of which the last is empty; and the plan reads one.
    assert!(lists <= 2 * GROUPS + 10, "{lists} pages of lists for {GROUPS} groups");
}

#[test]
fn a_name_that_is_known_only_in_the_apply_is_looked_up_before_the_post() {
    let sandbox = sandbox("template-body=id");
    let others = apply(&fleet("others", &group("theirs", "mine-25116")), &sandbox, &[]);
    assert_eq!(others.status.code(), Some(0), "{}", text(&others));
    let named_by_id = group("b", "mine-${simplepod_template_group.a.id}");
    let output = apply(&fleet("mine", &(group("a", "mine-a") + &named_by_id)), &sandbox, &[]);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output));
    assert!(text(&output).contains("Template group already exists"), "{}", text(&output));
    assert_eq!(count(&sandbox, "POST", "/instances/templates"), 2, "theirs, and a");
}

#[test]
fn a_name_that_this_apply_sets_free_may_be_taken() {
    let sandbox = sandbox("template-body=id");
    let (first, base) = (group("a", "mine-a"), group("base", "mine-base"));
    let fleet = fleet("mine", &base);
    assert_eq!(apply(&fleet, &sandbox, &[]).status.code(), Some(0));
    std::fs::write(fleet.path().join("more.hcl"), first).unwrap();
    // The list that is read for the first still shows the one that is replaced.
    let replace = ["-replace=simplepod_template_group.base", "-parallelism=1"];
    let output = apply(&fleet, &sandbox, &replace);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(count(&sandbox, "POST", "/instances/templates"), 3);
}

#[test]
fn the_market_is_read_for_each_round_of_rents_of_a_host() {
    let sandbox = sandbox("hosts=1000");
    let machines = r#"
resource "simplepod_instance" "node" {
  count               = 300
  gpu_model           = "RTX 3090"
  fallback_gpu_models = ["RTX 3060", "RTX 4090"]
  max_price_per_gpu   = 2
  template_group      = simplepod_template_group.a.id
  wait_for            = "none"
}
"#;
    let fleet = fleet("many", &(group("a", "many-a") + machines));
    let output = apply(&fleet, &sandbox, &["-parallelism=10"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let before = |routes: &[&str]| {
        let calls = sandbox.calls();
        calls.into_iter().filter(|call| routes.contains(&&*call.route)).collect::<Vec<_>>()
    };
    let seen = before(&["/instances", "/instances/market/list"]);
    let reads = seen.windows(2).filter(|two| two[0].method == "POST" && two[1].method == "GET").count();
    let rents = seen.iter().filter(|call| call.method == "POST").count();
    assert_eq!(rents, 300);
    // A host has at most eight GPUs; the last rents of a round may need one more reading.
    assert!(reads <= 2 * 8, "{reads} readings of the market between {rents} rents");
}
