//! `fmt` of 10,000 blocks, 10 MB, against `terraform fmt` where it is installed: wall time of the processes.

use std::fmt::Write as _;
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const BLOCKS: usize = 10_000;
const RUNS: usize = 3;
/// How many times as fast as Terraform.
const WANTED: f64 = 10.0;

fn main() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("main.hcl");
    std::fs::write(&path, text()).expect("a file");
    println!("{:.1} MB in {BLOCKS} blocks", std::fs::metadata(&path).expect("a size").len() as f64 / 1e6);
    let time = |program: &str, runs: usize| -> Option<Duration> {
        (0..runs)
            .map(|_| {
                let start = Instant::now();
                let status = Command::new(program)
                    .args(["fmt", "-"])
                    .env("TF_CLI_CONFIG_FILE", directory.path().join("none.tfrc"))
                    .env("CHECKPOINT_DISABLE", "1")
                    .stdin(File::open(&path).ok()?)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .ok()?;
                status.success().then(|| start.elapsed())
            })
            .min()
            .flatten()
    };
    let ours = time(env!("CARGO_BIN_EXE_podform"), RUNS).expect("podform formats it");
    println!("podform fmt, best of {RUNS}: {:.0} ms", ours.as_secs_f64() * 1e3);
    match time("terraform", 1) {
        Some(theirs) => {
            let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
            let verdict = if ratio >= WANTED { "good" } else { "TOO SLOW" };
            println!(
                "terraform fmt: {:.0} ms: {ratio:.0} times as long (wanted {WANTED}): {verdict}",
                theirs.as_secs_f64() * 1e3
            );
        }
        None => println!("terraform is not installed"),
    }
}

/// Untidy blocks of about 1,000 bytes each.
fn text() -> String {
    let mut text = String::new();
    for block in 0..BLOCKS {
        let _ = writeln!(text, "resource simplepod_instance \"worker-{block}\" {{ # number {block}");
        let _ = writeln!(
            text,
            "name=\"worker-${{var.name}}-{block}\"\ngpu_model = \"RTX 4090\"\n\tgpu_count={}",
            block % 8
        );
        let _ = writeln!(
            text,
            "template_group=\"${{simplepod_template_group.base.id}}\"\nmax_price_per_gpu=0.5+ {block}/1e6 # dollars"
        );
        for line in 0..7 {
            let _ = writeln!(
                text,
                "env_{line}={{\nA=\"value {line} of {block}\",\nLONGER_NAME=upper(\"x${{local.list[{line}].name}}\") // comment\n}}"
            );
        }
        let _ = writeln!(
            text,
            "start_script=<<-EOT\n    #!/bin/sh\n    echo ${{ var.name }} {block}\n    %{{if var.debug}}set -x%{{endif}}\n    EOT"
        );
        let _ = writeln!(
            text,
            "ports=[for p in [22,80, {block}]:p if p>0 && !contains(var.closed,p)]\n/* a\n   comment */\nlifecycle {{ ignore_changes=[name] }}\n}}\n"
        );
    }
    text
}
