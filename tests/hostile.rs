//! A server that means harm: whatever it answers, the program ends in bounded time and memory, sends the key nowhere else,
//! and prints nothing that acts on a terminal.

use crate::fleet::Fleet;
use crate::scenarios::podform;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const KEY: &str = "canary-key-of-a-hostile-server";
/// No run may take longer, retries included.
const LONGEST: Duration = Duration::from_secs(60);
/// The largest body that is held whole has 32 MB, and several are read at once.
const MOST_KB: u64 = 400 << 10;

const FLEET: &str = r#"
podform {
  fleet = "lab"
}

resource "simplepod_template_group" "base" {
  name       = "lab-base"
  image_name = "ubuntu"
}

resource "simplepod_instance" "a" {
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 1
  template_group    = simplepod_template_group.base.id
}
"#;

/// Writes the answer to one call of this path with its query.
type Answer = Arc<dyn Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync>;

/// Serves on a port of its own as long as the test runs; counts the calls.
fn serve(answer: Answer) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (answer, counted) = (answer.clone(), counted.clone());
            std::thread::spawn(move || one(stream, &answer, &counted));
        }
    });
    (url, calls)
}

/// One call a connection. A client that hangs up early is what is hoped for.
fn one(mut stream: TcpStream, answer: &Answer, counted: &AtomicUsize) {
    let Ok(copy) = stream.try_clone() else { return };
    let mut reader = BufReader::new(copy);
    let mut first = String::new();
    if reader.read_line(&mut first).is_err() || first.is_empty() {
        return;
    }
    counted.fetch_add(1, Ordering::SeqCst);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        line.clear();
    }
    let _ = answer(first.split(' ').nth(1).unwrap_or_default(), &mut stream);
}

fn json(stream: &mut TcpStream, body: &str) -> std::io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len())
}

/// Runs a plan against a server; returns its exit code and everything it printed.
fn plan(name: &str, url: &str) -> (i32, String) {
    run(name, FLEET, &["plan"], &[("SIMPLEPOD_API_URL", url)])
}

/// Runs a command on a fleet, with these variables beside the key.
pub fn run(name: &str, fleet: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let fleet = Fleet::new(&[("main.hcl", fleet)]);
    let output = fleet.path().join("output");
    let file = fs::File::create(&output).unwrap();
    let mut command = podform();
    command.current_dir(fleet.path()).args(arguments).env("SIMPLEPOD_API_KEY", KEY).envs(variables.iter().copied());
    let mut child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
    let start = Instant::now();
    let mut peak = 0;
    let status = loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = resident.and_then(|kb| kb.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(peak);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > LONGEST {
            child.kill().unwrap();
            panic!("{name}: it does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(peak < MOST_KB, "{name}: {peak} KB");
    let mut text = String::new();
    fs::File::open(&output).unwrap().read_to_string(&mut text).unwrap();
    let acts =
        |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!text.chars().any(acts), "{name}: {text:?}");
    assert!(!text.contains(KEY), "{name}: {text}");
    assert!(!text.contains("panicked"), "{name}: {text}");
    (status.code().unwrap_or(-1), text)
}

/// Answers the first page of the machines so, and every other list with nothing.
fn machines(rows: impl Into<String>) -> Answer {
    let rows = rows.into();
    Arc::new(move |path, stream| match path.starts_with("/instances/list?page=1&") {
        true => json(stream, &rows),
        false => json(stream, "[]"),
    })
}

fn refused(name: &str, answer: Answer, words: &[&str]) {
    let (code, text) = plan(name, &serve(answer).0);
    assert_eq!(code, 1, "{name}: {text}");
    let flat = text.replace("\n│ ", " ");
    for word in words {
        assert!(flat.contains(word), "{name}: no {word:?} in {text}");
    }
}

#[test]
fn bodies_without_end_are_cut() {
    let chunked: Answer = Arc::new(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")?;
        let chunk = vec![b' '; 1 << 20];
        for _ in 0..100_000 {
            write!(stream, "{:x}\r\n", chunk.len())?;
            stream.write_all(&chunk)?;
            stream.write_all(b"\r\n")?;
        }
        Ok(())
    });
    refused("endless", chunked, &["Listing the machines", "longer than 32 MB"]);
    let error: Answer = Arc::new(|_, stream| {
        stream.write_all(b"HTTP/1.1 422 No\r\ncontent-type: text/html\r\ncontent-length: 100000000000\r\n\r\n")?;
        let chunk = [b'x'; 1 << 16];
        for _ in 0..1_000_000 {
            stream.write_all(&chunk)?;
        }
        Ok(())
    });
    refused("endless error", error, &["422"]);
    let headers: Answer = Arc::new(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        for number in 0..10_000_000_u64 {
            write!(stream, "x-{number}: y\r\n")?;
        }
        Ok(())
    });
    refused("endless headers", headers, &["Listing the machines"]);
}

#[test]
fn what_is_packed_is_measured_unpacked() {
    let packed: Answer = Arc::new(|_, stream| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let blanks = vec![b' '; 1 << 20];
        for _ in 0..512 {
            packer.write_all(&blanks)?;
        }
        let body = packer.finish()?;
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )?;
        stream.write_all(&body)
    });
    refused("bomb", packed, &["Listing the machines", "longer than 32 MB"]);
}

#[test]
fn deep_json_and_wrong_types_are_errors() {
    refused("deep", machines("[".repeat(1_000_000)), &["Listing the machines"]);
    refused("deep objects", machines("{\"a\":".repeat(1_000_000)), &["Listing the machines"]);
    for rows in ["17", "\"x\"", "{\"a\": 1}", "null", "[[1]]", "[null]", "[true]", "<html>"] {
        refused(rows, machines(rows), &["Listing the machines"]);
    }
    for id in ["\"../../account\"", "-1", "1.5", "1e99", "99999999999999999999999999", "{}", "[]", "\"1/../2\"", "null"]
    {
        refused(id, machines(format!("[{{\"id\": {id}, \"name\": \"x\"}}]")), &["Listing the machines"]);
    }
}

#[test]
fn names_and_console_text_do_not_act_on_the_terminal() {
    let evil = r"\u001b]0;owned\u0007\u001b[2J\u202e\u009b31m\r\n\u0000evil";
    // Under the fleet's own mark, so that it is told.
    let mark =
        "podform:v1:lab:simplepod_instance.a:00000000-0000-4000-8000-000000000000:0123456789abcdef0123456789abcdef";
    let row = format!(
        "[{{\"id\": 7, \"hashId\": \"{evil}\", \"name\": \"{evil}\", \"notes\": \"{evil} {mark}\", \"status\": \"{evil}\", \"console\": \"{evil}\", \"gpuModel\": \"{evil}\", \"ports\": \"{evil}\", \"errors\": [\"{evil}\"]}}]"
    );
    let details = row.trim_start_matches('[').trim_end_matches(']').to_owned();
    let answer: Answer = Arc::new(move |path, stream| match path {
        path if path.starts_with("/instances/list?page=1&") => json(stream, &row),
        "/instances/7" => json(stream, &details),
        _ => json(stream, "[]"),
    });
    let url = serve(answer).0;
    plan("names", &url);
    for arguments in [&["plan", "-json"][..], &["orphans", "-json"], &["apply", "-auto-approve", "-json"]] {
        run("names in JSON", FLEET, arguments, &[("SIMPLEPOD_API_URL", &url)]);
    }
    let error: Answer = Arc::new(move |_, stream| {
        let body = format!("{{\"detail\": \"{evil}\", \"title\": \"{evil}\"}}");
        write!(
            stream,
            "HTTP/1.1 422 No\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    refused("error", error, &["422", "evil"]);
}

#[test]
fn the_key_goes_to_no_other_host() {
    let (other, calls) = serve(machines("[]"));
    for status in [301, 302, 303, 307, 308] {
        let place = other.clone();
        let redirect: Answer = Arc::new(move |path, stream| {
            write!(
                stream,
                "HTTP/1.1 {status} Moved\r\nlocation: {place}{path}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
        });
        refused("redirect", redirect, &["redirect"]);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

/// Servers quote what they were sent, each in its own way.
#[test]
fn secrets_come_back_in_no_form() {
    const SECRET: &str = "canary \u{e9}\"%<9";
    let group = &FLEET[..FLEET.find("resource \"simplepod_instance\"").unwrap()];
    let group = group.replace("\"ubuntu\"\n", "\"ubuntu\"\n  env_variables = { S = var.secret }\n");
    let group = format!("{group}variable \"secret\" {{\n  type      = string\n  sensitive = true\n}}\n");
    for form in [
        r#"canary \u00e9\"%<9"#,
        r#"canary \\u00e9\\\"%<9"#,
        r#"{\"S\": \"canary \\u00E9\\\"%<9\"}"#,
        "canary%20%C3%A9%22%25%3C9",
        "canary+%c3%a9%22%25%3c9",
        "canary &eacute;&quot;%&lt;9",
        "canary &#233;&#34;&#37;&#x3c;9",
        "canary &amp;eacute;&amp;quot;%&amp;lt;9",
    ] {
        let answer: Answer = Arc::new(move |path, stream| {
            if path != "/instances/templates" {
                return json(stream, "[]");
            }
            let body = format!("{{\"detail\": \"of {form}!\", \"message\": \"{form}\"}}");
            let head = "HTTP/1.1 422 No\r\ncontent-type: application/json\r\nconnection: close\r\n";
            write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len())
        });
        let url = serve(answer).0;
        let variables = [("SIMPLEPOD_API_URL", &*url), ("PODFORM_VAR_secret", SECRET), ("PODFORM_LOG", "trace")];
        let (code, text) = run(form, &group, &["apply", "-auto-approve"], &variables);
        assert_eq!(code, 1, "{form}: {text}");
        let rest = text.replace(KEY, "");
        let told = text.split_once("answered 422").map_or("", |(_, told)| told);
        assert!(told.contains("(hidden)") && !rest.contains("canary"), "{form}: {text}");
    }
}

#[test]
fn a_configuration_takes_the_key_of_the_environment_nowhere() {
    let (url, calls) = serve(machines("[]"));
    let fleet = format!("{FLEET}\nprovider \"simplepod\" {{\n  base_url = \"{url}\"\n}}\n");
    for variables in [&[][..], &[("SIMPLEPOD_API_URL", "http://127.0.0.1:9")]] {
        let (code, text) = run("another server", &fleet, &["plan"], variables);
        assert_eq!((code, calls.load(Ordering::SeqCst)), (1, 0), "{text}");
        assert!(text.contains("Key for another endpoint") && text.contains("-accept-endpoint"), "{text}");
    }
    let path = format!("{url}/v2");
    for (arguments, variables) in
        [(&["plan", "-accept-endpoint"][..], &[][..]), (&["plan"], &[("SIMPLEPOD_API_URL", &*path)])]
    {
        let before = calls.load(Ordering::SeqCst);
        let (_, text) = run("a server that may have it", &fleet, arguments, variables);
        assert!(calls.load(Ordering::SeqCst) > before, "{text}");
    }
    // A key that stands in the configuration is the configuration's to give away.
    let before = calls.load(Ordering::SeqCst);
    let own = fleet.replace("  base_url", "  api_key = \"its-own\"\n  base_url");
    let (_, text) = run("its own key", &own, &["plan"], &[]);
    assert!(calls.load(Ordering::SeqCst) > before, "{text}");
}

#[test]
fn a_proxy_is_named_and_never_passed_by() {
    let named = |value: &str| {
        let (code, text) = run(value, FLEET, &["plan"], &[("HTTPS_PROXY", value)]);
        assert!(code == 1 && !text.contains("s3cret"), "{text}");
        text.replace("\n│ ", " ")
    };
    let text = named("http://me:s3cret@127.0.0.1:1");
    assert!(text.contains("the proxy http://127.0.0.1:1 (HTTPS_PROXY) stands between"), "{text}");
    for value in ["http://me:s3cret@", "socks5://me:s3cret@127.0.0.1:1", "http://127.0.0.1:s3cret"] {
        let text = named(value);
        assert!(text.contains("HTTPS_PROXY names no proxy"), "{text}");
    }
}

#[test]
fn a_long_wait_is_told_with_its_end() {
    let answer: Answer = Arc::new(|_, stream| {
        let head = "HTTP/1.1 429 Slow\r\nretry-after: 86400\r\nconnection: close\r\n";
        write!(stream, "{head}content-length: 0\r\n\r\n")
    });
    refused("429", answer, &["asks to wait 86400 s, until 20", "the time that the API asks for has passed"]);
}

#[test]
fn rows_that_cannot_be_used_are_told() {
    let answer: Answer = Arc::new(|path, stream| match path.starts_with("/instances/market/list") {
        true => json(stream, r#"[{"id": 1, "gpuModel": "RTX 4090", "gpuCount": 1, "pricePerGpu": -1}, {"id": 2}]"#),
        false => json(stream, "[]"),
    });
    refused("market", answer, &["2 rows without a usable price"]);
}

/// 24 modules, each called twice by the one above: 16 million.
#[test]
fn modules_that_multiply_meet_a_limit() {
    let fleet = Fleet::new(&[("main.hcl", "module \"a\" {\n  source = \"./m1\"\n}\n")]);
    for level in 1..=24 {
        let below = format!("../m{}", level + 1);
        let text =
            format!("module \"a\" {{\n  source = \"{below}\"\n}}\n\nmodule \"b\" {{\n  source = \"{below}\"\n}}\n");
        fs::create_dir(fleet.path().join(format!("m{level}"))).unwrap();
        fs::write(fleet.path().join(format!("m{level}/main.hcl")), text).unwrap();
    }
    fs::create_dir(fleet.path().join("m25")).unwrap();
    fs::write(fleet.path().join("m25/main.hcl"), "locals {\n  x = 1\n}\n").unwrap();
    let refused = |words: &str| {
        let start = Instant::now();
        let output = podform().current_dir(fleet.path()).arg("validate").output().unwrap();
        let text = crate::fleet::text(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(words) && text.matches("Error: ").count() == 1, "{text}");
        assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
    };
    refused("Configuration too large");
    // A thousand, in a thousand, in a thousand.
    fs::write(fleet.path().join("main.hcl"), "module \"a\" {\n  source = \"./m22\"\n  count  = 1000\n}\n").unwrap();
    for (level, below) in [(22, 23), (23, 25)] {
        let text = format!("module \"a\" {{\n  source = \"../m{below}\"\n  count  = 1000\n}}\n");
        fs::write(fleet.path().join(format!("m{level}/main.hcl")), text).unwrap();
    }
    refused("Too many module instances");
    // Sixty thousand resources, in two.
    let groups =
        "resource \"simplepod_template_group\" \"g\" {\n  count = 60000\n  name = \"g\"\n  image_name = \"i\"\n}\n";
    fs::write(fleet.path().join("m22/main.hcl"), groups).unwrap();
    let two = "podform {\n  fleet = \"f\"\n}\n\nmodule \"a\" {\n  source = \"./m22\"\n  count  = 2\n}\n";
    fs::write(fleet.path().join("main.hcl"), two).unwrap();
    refused("Too many resource instances");
    fs::write(fleet.path().join("m22/main.hcl"), "output \"x\" {\n  value = 1\n}\n").unwrap();
    let output = podform().current_dir(fleet.path()).arg("validate").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", crate::fleet::text(&output));
}

/// Whoever recomputes the checksum of a plan raises no cap.
#[test]
fn an_edited_plan_is_stale() {
    use sha2::{Digest, Sha256};
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    fleet.run(&["plan", "-out=p"], 0);
    let text = fs::read_to_string(fleet.path().join("p")).unwrap();
    let content = text.split_once("\"content\": ").unwrap().1.trim_end().strip_suffix('}').unwrap();
    let at = content.find("\"envelope\"").unwrap();
    let (head, tail) = content.split_at(at);
    let cap = tail.find("\"max_price_per_gpu\"").unwrap();
    let (before, after) = tail.split_at(cap);
    let value = after.find([',', '}']).unwrap();
    let edited = format!("{head}{before}\"max_price_per_gpu\":\"9\"{}", &after[value..]);
    assert_ne!(edited, content);
    let checksum = |content: &str| -> String {
        let digest = Sha256::digest(format!("{}\0{content}", env!("CARGO_PKG_VERSION")));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    assert!(text.contains(&checksum(content)));
    let edited = text.replace(content, &edited).replace(&checksum(content), &checksum(&edited));
    fs::write(fleet.path().join("p"), edited).unwrap();
    let output = podform().current_dir(fleet.path()).args(["apply", "--sandbox", "p"]).output().unwrap();
    let told = crate::fleet::text(&output);
    assert_eq!(output.status.code(), Some(6), "{told}");
    assert!(told.contains("max_price_per_gpu of simplepod_instance.a"), "{told}");
}
