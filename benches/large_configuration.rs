//! Configurations of thousands of blocks, about 1 KB each: `plan` (with a market that is read without latency), its growth
//! and its memory; `validate` against `terraform validate` where it is installed.

mod service;

use service::{Service, megabytes, ms, podform, report, run};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const BLOCKS: [u32; 3] = [2_500, 5_000, 10_000];
const RUNS: usize = 3;

fn main() {
    let service = Service::start(&["hosts=5000", "balance=100000000"]);
    for blocks in BLOCKS {
        let directory = tempfile::tempdir().expect("a directory");
        let text = fleet(blocks);
        std::fs::write(directory.path().join("main.hcl"), &text).expect("a file");
        let mut best = Duration::MAX;
        let mut peak = 0;
        for _ in 0..RUNS {
            let run = podform(directory.path(), &service, &["plan", "-allow-partial"]);
            assert!(run.status.success(), "it is planned: {}", run.status);
            best = best.min(run.time);
            peak = peak.max(run.peak);
        }
        println!("plan of {blocks} blocks, {:.1} MB, best of {RUNS}", text.len() as f64 / 1e6);
        report("time (allowed for 10,000)", ms(best), 3_000.0, "ms");
        report("memory", megabytes(peak), 700.0, "MB");
    }
    for blocks in [1_000, 10_000] {
        validate(blocks);
    }
}

/// The same blocks for both programs, but for the kind of the resource.
fn validate(blocks: u32) {
    let directory = tempfile::tempdir().expect("a directory");
    let ours = directory.path().join("ours");
    let theirs = directory.path().join("theirs");
    for place in [&ours, &theirs] {
        std::fs::create_dir(place).expect("a directory");
    }
    std::fs::write(ours.join("main.hcl"), fleet(blocks)).expect("a file");
    std::fs::write(theirs.join("main.tf"), for_terraform(blocks)).expect("a file");
    let own = (0..RUNS).map(|_| run(Path::new(env!("CARGO_BIN_EXE_podform")), &ours, &["validate"], &[]));
    let own = own.min_by_key(|run| run.time).expect("a run");
    assert!(own.status.success(), "podform validates it: {}", own.status);
    println!("validate of {blocks} blocks, best of {RUNS}: {:.0} ms", ms(own.time));
    report("memory (allowed for 10,000)", megabytes(own.peak), 80.0, "MB");
    if Command::new("terraform").arg("version").output().is_err() {
        println!("terraform is not installed");
        return;
    }
    let settings = [("TF_CLI_CONFIG_FILE", "none.tfrc"), ("CHECKPOINT_DISABLE", "1")];
    std::fs::write(theirs.join("none.tfrc"), "").expect("a file");
    let other = (0..RUNS).map(|_| run(Path::new("terraform"), &theirs, &["validate"], &settings));
    let other = other.min_by_key(|run| run.time).expect("a run");
    assert!(other.status.success(), "terraform validates it: {}", other.status);
    println!("terraform validate of the same: {:.0} ms", ms(other.time));
    report("a thirtieth of that (allowed for 10,000)", ms(own.time), ms(other.time) / 30.0, "ms");
}

fn fleet(blocks: u32) -> String {
    let head = "podform {\n  fleet = \"large\"\n}\n\nlocals {\n  models = [\"RTX 3090\", \"RTX 4090\"]\n}\n\nresource \"simplepod_template_group\" \"base\" {\n  name       = \"large\"\n  image_name = \"ubuntu\"\n}\n";
    machines(head, blocks, "simplepod_instance", |block| arguments(block, "simplepod_template_group.base.id"))
}

/// The same: its only kind of resource takes everything in one object.
fn for_terraform(blocks: u32) -> String {
    let head = "locals {\n  models = [\"RTX 3090\", \"RTX 4090\"]\n}\n\nresource \"terraform_data\" \"base\" {\n  input = {\n  name       = \"large\"\n  image_name = \"ubuntu\"\n}\n}\n";
    let input = |block| format!("  input = {{\n{}}}\n", arguments(block, "terraform_data.base.id"));
    machines(head, blocks, "terraform_data", input)
}

fn machines(head: &str, blocks: u32, kind: &str, body: impl Fn(u32) -> String) -> String {
    let mut text = head.to_owned();
    for block in 0..blocks {
        let _ =
            write!(text, "\n# Machine {block} of the fleet.\nresource \"{kind}\" \"m{block}\" {{\n{}}}\n", body(block));
    }
    text
}

fn arguments(block: u32, group: &str) -> String {
    format!(
        r#"  name                = "node-{block}"
  gpu_model           = local.models[{block} % 2]
  fallback_gpu_models = [for model in ["RTX 5090", "RTX A4000", "RTX A6000", "L40S"] : model if model != "x"]
  max_price_per_gpu   = 2
  template_group      = {group}
  env_variables       = {{ INDEX = "{block}" }}
  start_script        = <<-EOT
{}  EOT
"#,
        script(block)
    )
}

fn script(block: u32) -> String {
    (0..6)
        .map(|line| format!("    echo step {line} of machine {block} in a start script that is as long as they are\n"))
        .collect()
}
