//! A simulated API on a socket of its own, for programs that are told its URL.

use podform::sandbox::{CallRecord, Handle, Switches, World, serve};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// A simulated API; it stops when it is dropped.
pub struct Sandbox(Option<Handle>);

impl Sandbox {
    /// Serves a fresh world on a free port.
    pub fn start(seed: u64, switches: Switches) -> Self {
        let world = World::in_memory(seed, switches);
        Self(Some(RUNTIME.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            serve(world, listener).await.unwrap()
        })))
    }

    /// Serves a stored world on a free port.
    pub fn open(path: &std::path::Path, switches: Switches) -> Self {
        let world = World::open(path, None, switches).unwrap();
        Self(Some(RUNTIME.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            serve(world, listener).await.unwrap()
        })))
    }

    fn handle(&self) -> &Handle {
        self.0.as_ref().unwrap()
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        self.handle().url()
    }

    /// The calls since they were last taken.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.handle().calls()
    }

    /// The calls since the last time this was asked.
    pub fn take_calls(&self) -> Vec<CallRecord> {
        let calls = self.calls();
        self.handle().clear_calls();
        calls
    }

    /// Pushes its clock on.
    pub fn advance(&self, seconds: u64) {
        self.handle().advance(seconds).unwrap();
    }

    /// Turns a switch or adds a fault; `no faults` removes all of them.
    pub fn switch(&self, spec: &str) -> Result<(), String> {
        let mut result = Ok(());
        self.handle().switch(|switches| {
            if spec == "no faults" {
                switches.faults.clear();
            } else {
                result = switches.apply_spec(spec);
            }
        });
        result
    }

    /// Lets something read that must leave no trace: the faults count nothing and hit nobody, the order of shuffled lists
    /// is not drawn anew, and the calls are forgotten.
    pub fn aside<T>(&self, read: impl FnOnce() -> T) -> T {
        let mut kept = Switches::default();
        self.handle().switch(|switches| {
            kept = switches.clone();
            switches.faults.clear();
        });
        let done = read();
        self.handle().switch(|switches| *switches = kept);
        self.handle().clear_calls();
        done
    }

    /// What its answers depend on, calls that fail apart.
    pub fn everything(&self) -> Result<String, String> {
        let mut switches = String::new();
        self.handle().switch(|turned| switches = format!("{:?}", Switches { faults: Vec::new(), ..turned.clone() }));
        Ok(format!("{switches} {}", self.ask("GET", "/sandbox/world", "")?))
    }

    /// A call under `/sandbox/`; the answer's body.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Result<Value, String> {
        let mut stream = TcpStream::connect(self.handle().addr()).map_err(|why| why.to_string())?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).map_err(|why| why.to_string())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(|why| why.to_string())?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("{method} {path}: {}", body.trim()));
        }
        serde_json::from_str(body).map_err(|why| format!("{method} {path}: {why}: {body:.300}"))
    }

    /// Every machine of the account that has not ended, as the world stores it.
    pub fn machines(&self) -> Vec<Value> {
        let world = self.ask("GET", "/sandbox/world", "").unwrap();
        let machines: Vec<Value> = match &world["machines"] {
            Value::Object(map) => map.values().cloned().collect(),
            Value::Array(list) => list.clone(),
            other => panic!("the world's machines are {other}"),
        };
        machines.into_iter().filter(|machine| machine["end"].is_null()).collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _guard = RUNTIME.enter();
        if let Some(handle) = self.0.take() {
            let _ = RUNTIME.block_on(handle.stop());
        }
    }
}
