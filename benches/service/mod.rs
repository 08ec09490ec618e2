#![allow(dead_code)] // Each bench uses what it needs.

//! What the benches need: `podform sandbox serve` as a process of its own, and calls under `/sandbox/`.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use wait4::{ResUse, Wait4};

/// Latency of every call while something is measured.
pub const LATENCY: Duration = Duration::from_millis(20);

/// A simulated API in a process of its own.
pub struct Service {
    child: Child,
    /// Its base URL.
    pub url: String,
}

impl Service {
    /// With these switches.
    pub fn start(specs: &[&str]) -> Service {
        let mut command = Command::new(env!("CARGO_BIN_EXE_podform"));
        command.args(["sandbox", "serve", "--port", "0"]);
        for spec in specs {
            command.args(["--fault", spec]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the sandbox starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it tells where it is");
        let url = line.split(['=', ' ']).nth(2).expect("a URL").to_owned();
        Service { child, url }
    }

    /// A call under `/sandbox/`.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        serde_json::from_str(&self.answer(method, path, body)).expect("JSON")
    }

    /// The body of an answer.
    pub fn answer(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).expect("it listens");
        let head = format!("{method} {path} HTTP/1.1\r\nhost: sandbox\r\nx-auth-token: bench\r\nconnection: close\r\n");
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("an answer");
        body.to_owned()
    }

    /// Calls since the last time, by method and route.
    pub fn take_calls(&self) -> Vec<(String, u64)> {
        let log = self.ask("GET", "/sandbox/calls", "");
        self.ask("DELETE", "/sandbox/calls", "");
        let counters = log["counters"].as_object().expect("counters").clone();
        counters.into_iter().map(|(call, count)| (call, count.as_u64().unwrap_or(0))).collect()
    }

    /// Lets every call take so long.
    pub fn latency(&self, latency: Duration) {
        self.ask("PUT", "/sandbox/switches", &format!("{{\"latency\": {}}}", latency.as_millis()));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a run of the program went.
pub struct Run {
    /// From start to end.
    pub time: Duration,
    /// Time of processors that its threads took.
    pub cpu: Duration,
    /// Most memory it had resident, in bytes; never less than the bench itself had before.
    pub peak: u64,
    /// Its exit code.
    pub status: ExitStatus,
}

/// Runs podform in a fleet against a sandbox.
pub fn podform(fleet: &Path, service: &Service, arguments: &[&str]) -> Run {
    let settings = [("SIMPLEPOD_API_URL", &*service.url), ("SIMPLEPOD_API_KEY", "bench")];
    run(Path::new(env!("CARGO_BIN_EXE_podform")), fleet, arguments, &settings)
}

/// Runs a program in a directory.
pub fn run(program: &Path, directory: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Run {
    let start = Instant::now();
    let child = Command::new(program)
        .current_dir(directory)
        .args(arguments)
        .envs(settings.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let ResUse { status, rusage } = child.wait4().expect("it ends");
    Run { time: start.elapsed(), cpu: rusage.utime + rusage.stime, peak: rusage.maxrss, status }
}

/// Of so many bytes.
pub fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0
}

/// A fleet of so many machines.
pub fn fleet(count: u32) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let text = format!(
        r#"podform {{
  fleet = "bench"
}}

resource "simplepod_template_group" "base" {{
  name       = "bench-base"
  image_name = "ubuntu"
}}

resource "simplepod_instance" "node" {{
  count             = {count}
  name              = "node_${{count.index}}"
  gpu_model         = "RTX 3090"
  fallback_gpu_models = ["RTX 3060", "RTX 4090", "RTX 5090", "RTX A4000", "RTX A6000", "L40S"]
  max_price_per_gpu = 2
  template_group    = simplepod_template_group.base.id
  wait_for          = "none"
}}
"#
    );
    std::fs::write(directory.path().join("main.hcl"), text).expect("a file");
    directory
}

/// A fleet of these resources.
pub fn fleet_of(resources: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let text = format!("podform {{\n  fleet = \"bench\"\n}}\n{resources}");
    std::fs::write(directory.path().join("main.hcl"), text).expect("a file");
    directory
}

/// A template group with these notes.
pub fn group(label: &str, notes: &str, more: &str) -> String {
    format!(
        "resource \"simplepod_template_group\" \"{label}\" {{\n  name = \"bench-{label}\"\n  image_name = \"ubuntu\"\n  notes = {notes}\n{more}}}\n"
    )
}

/// One line of the report.
pub fn report(what: &str, measured: f64, allowed: f64, unit: &str) {
    println!("{what:<44} {measured:>9.1} {unit:<8} allowed {allowed:>9.1}   ratio {:.2}", measured / allowed);
}

/// Prints calls by route.
pub fn print_calls(calls: &[(String, u64)]) {
    for (call, count) in calls {
        println!("    {count:>6}  {call}");
    }
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
