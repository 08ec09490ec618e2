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
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    let output = fleet.path().join("output");
    let file = fs::File::create(&output).unwrap();
    let mut command = podform();
    command.current_dir(fleet.path()).arg("plan").env("SIMPLEPOD_API_URL", url).env("SIMPLEPOD_API_KEY", KEY);
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
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{name}: {text:?}");
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
    plan("names", &serve(answer).0);
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
