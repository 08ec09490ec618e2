//! A second implementation of the server's side of Terraform's http protocol, with GitLab's manners. It shares no code with
//! the client, checks what it is sent, and has faults.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// What a server compares, and what it tells.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// The id of a write with that of the lock.
    pub ids: bool,
    /// Also where nobody holds it.
    pub strict: bool,
    /// A serial is written once.
    pub serials: bool,
    /// Whoever meets a lock is told whose it is.
    pub tells: bool,
    /// The lock is given to anybody.
    pub locks: bool,
}

pub const GITLAB: Manners = Manners { ids: true, strict: true, serials: true, tells: true, locks: true };
/// Compares ids only while somebody holds the lock.
pub const LENIENT: Manners = Manners { strict: false, serials: false, ..GITLAB };
/// As small servers are that keep a file under a path.
pub const SIMPLE: Manners = Manners { ids: false, strict: false, serials: false, tells: true, locks: true };

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is done, and nothing is answered.
    Lost,
    /// It is done, and something on the way answers 502.
    Masked,
    /// It is not done: 500.
    Failed,
    /// It is not even read.
    Dropped,
    /// It arrives a moment after somebody else's write of the same name.
    Late,
}

/// What stands under a name.
#[derive(Default)]
struct Kept {
    versions: Vec<(u64, Vec<u8>)>,
    lock: Option<Value>,
}

struct Held {
    manners: Manners,
    states: BTreeMap<String, Kept>,
    /// Method and path, without the query.
    calls: Vec<(String, String)>,
    /// Faults of the next requests, by method and the end of the path.
    faults: Vec<(&'static str, &'static str, Fault)>,
    login: Option<String>,
    is_up: bool,
}

/// A server on a port of its own. It stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    held: Arc<Mutex<Held>>,
}

impl Server {
    pub fn start(manners: Manners) -> Server {
        let held =
            Held { manners, states: BTreeMap::new(), calls: Vec::new(), faults: Vec::new(), login: None, is_up: true };
        let held = Arc::new(Mutex::new(held));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listen(listener, Arc::clone(&held));
        Server { address, held }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }

    pub fn url(&self, name: &str) -> String {
        format!("http://{}/api/v4/projects/7/terraform/state/{name}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Nobody listens any more; what stands there stays.
    pub fn stop(&self) {
        self.held().is_up = false;
        drop(TcpStream::connect(self.address));
        while TcpStream::connect(self.address).is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn start_again(&self) {
        self.held().is_up = true;
        listen(TcpListener::bind(self.address).unwrap(), Arc::clone(&self.held));
    }

    /// The next request of this method whose path ends so has this fault.
    pub fn next(&self, method: &'static str, end: &'static str, fault: Fault) {
        self.held().faults.push((method, end, fault));
    }

    pub fn faults_left(&self) -> usize {
        self.held().faults.len()
    }

    /// From now on everybody must show this login: `user:password`.
    pub fn require(&self, login: &str) {
        self.held().login = Some(format!("Basic {}", STANDARD.encode(login)));
    }

    /// How many requests came of each method for each end of a path, and none any more.
    pub fn take_calls(&self) -> BTreeMap<String, usize> {
        let mut counted = BTreeMap::new();
        for (method, path) in std::mem::take(&mut self.held().calls) {
            let end = path.rsplit_once("/state/").map_or(path.as_str(), |(_, end)| end);
            *counted.entry(format!("{method} {end}")).or_default() += 1;
        }
        counted
    }

    /// The newest of this name.
    pub fn state(&self, name: &str) -> Option<Value> {
        let held = self.held();
        let (_, bytes) = held.states.get(name)?.versions.last()?;
        serde_json::from_slice(bytes).ok()
    }

    /// An older one is put back, as an administrator can.
    pub fn put_back(&self, name: &str, versions: usize) {
        let mut held = self.held();
        let kept = held.states.get_mut(name).unwrap();
        kept.versions.truncate(kept.versions.len() - versions);
    }

    pub fn names(&self) -> Vec<String> {
        let held = self.held();
        held.states.iter().filter(|(_, kept)| !kept.versions.is_empty()).map(|(name, _)| name.clone()).collect()
    }

    /// Who holds the lock of this name.
    pub fn holder(&self, name: &str) -> Option<Value> {
        self.held().states.get(name)?.lock.clone()
    }

    /// The lock is taken away, as an administrator can.
    pub fn take_lock_away(&self, name: &str) {
        self.held().states.get_mut(name).unwrap().lock = None;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.held().is_up = false;
        drop(TcpStream::connect(self.address));
    }
}

fn listen(listener: TcpListener, held: Arc<Mutex<Held>>) {
    thread::spawn(move || {
        for stream in listener.incoming() {
            if !held.lock().unwrap().is_up {
                return;
            }
            let (Ok(stream), held) = (stream, Arc::clone(&held)) else { continue };
            // Whoever hangs up is nobody's concern.
            thread::spawn(move || drop(serve(&stream, &held)));
        }
    });
}

struct Asked {
    method: String,
    path: String,
    id: Option<String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn asked(stream: &TcpStream) -> std::io::Result<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let id = query.split('&').find_map(|pair| pair.strip_prefix("ID=")).map(str::to_owned);
    Ok(Asked { method, path: path.to_owned(), id, headers, body })
}

/// Waits until another write came first, and was looked at.
fn overtaken<'h>(mut held: MutexGuard<'h, Held>, mutex: &'h Mutex<Held>, asked: &Asked) -> MutexGuard<'h, Held> {
    let name = asked.path.rsplit('/').next().unwrap_or_default();
    let versions = |held: &Held| held.states.get(name).map_or(0, |kept| kept.versions.len());
    let (before, mut left) = (versions(&held), 2000);
    while versions(&held) == before && left > 0 {
        drop(held);
        thread::sleep(Duration::from_millis(10));
        (held, left) = (mutex.lock().unwrap(), left - 1);
    }
    drop(held);
    thread::sleep(Duration::from_millis(300));
    mutex.lock().unwrap()
}

fn serve(mut stream: &TcpStream, mutex: &Mutex<Held>) -> std::io::Result<()> {
    let asked = asked(stream)?;
    let mut held = mutex.lock().unwrap();
    held.calls.push((asked.method.clone(), asked.path.clone()));
    let fits = |(method, end, _): &(&str, &str, Fault)| asked.method == *method && asked.path.ends_with(end);
    let fault = held.faults.iter().position(fits).map(|at| held.faults.remove(at).2);
    if fault == Some(Fault::Late) {
        held = overtaken(held, mutex, &asked);
    }
    let (status, body) = match fault {
        Some(Fault::Dropped) => return Ok(()),
        Some(Fault::Failed) => (500, b"{\"message\":\"500 Internal Server Error\"}".to_vec()),
        _ => held.answer(&asked),
    };
    let (status, body) = match fault {
        Some(Fault::Lost) => return Ok(()),
        Some(Fault::Masked) => (502, b"<html>Bad Gateway</html>".to_vec()),
        _ => (status, body),
    };
    drop(held);
    let digest = STANDARD.encode(Md5::digest(&body));
    let length = if status == 204 {
        String::new()
    } else {
        format!("Content-Length: {}\r\nContent-MD5: {digest}\r\n", body.len())
    };
    write!(stream, "HTTP/1.1 {status} Answer\r\nConnection: close\r\nContent-Type: application/json\r\n{length}\r\n")?;
    stream.write_all(&body)
}

fn told(status: u16, message: &str) -> (u16, Vec<u8>) {
    (status, json!({ "message": format!("{status} {message}") }).to_string().into_bytes())
}

impl Held {
    fn answer(&mut self, asked: &Asked) -> (u16, Vec<u8>) {
        if self.login.is_some() && self.login.as_ref() != asked.headers.get("authorization") {
            return told(401, "Unauthorized");
        }
        let Some(rest) = asked.path.strip_prefix("/api/v4/projects/7/terraform/state/") else {
            return told(404, "Not Found");
        };
        let (name, is_lock) = match rest.strip_suffix("/lock") {
            Some(name) => (name, true),
            None => (rest, matches!(&*asked.method, "LOCK" | "UNLOCK")),
        };
        if let Some(digest) = asked.headers.get("content-md5")
            && *digest != STANDARD.encode(Md5::digest(&asked.body))
        {
            return told(400, "Content-MD5 does not fit");
        }
        if name.is_empty() || name.contains('/') {
            return told(404, "Not Found");
        }
        let manners = self.manners;
        let kept = self.states.entry(name.to_owned()).or_default();
        match (&*asked.method, is_lock) {
            ("LOCK" | "POST", true) => kept.lock(manners, &asked.body),
            ("UNLOCK" | "DELETE", true) => kept.unlock(manners, &asked.body),
            ("GET", false) => match kept.versions.last() {
                Some((_, bytes)) => (200, bytes.clone()),
                None => told(404, "Not Found"),
            },
            ("POST" | "PUT", false) => kept.write(manners, asked),
            ("DELETE", false) if kept.lock.is_some() && manners.ids => told(409, "Conflict: the state is locked"),
            ("DELETE", false) => {
                kept.versions.clear();
                (200, Vec::new())
            }
            _ => told(405, "Method Not Allowed"),
        }
    }
}

impl Kept {
    fn id(&self) -> Option<&str> {
        self.lock.as_ref().and_then(|lock| lock["ID"].as_str())
    }

    fn lock(&mut self, manners: Manners, body: &[u8]) -> (u16, Vec<u8>) {
        let Ok(info) = serde_json::from_slice::<Value>(body) else { return told(400, "no JSON") };
        for key in ["ID", "Operation", "Info", "Who", "Version", "Created", "Path"] {
            if !info[key].is_string() {
                return told(400, &format!("{key} is missing"));
            }
        }
        match &self.lock {
            Some(holder) if manners.locks => {
                let body = if manners.tells { holder.to_string() } else { "locked".to_owned() };
                (423, body.into_bytes())
            }
            _ => {
                self.lock = Some(info);
                (200, Vec::new())
            }
        }
    }

    fn unlock(&mut self, manners: Manners, body: &[u8]) -> (u16, Vec<u8>) {
        let info = serde_json::from_slice::<Value>(body).unwrap_or_default();
        if manners.ids && info["ID"].as_str() != self.id() {
            return told(409, "Conflict");
        }
        self.lock = None;
        (200, Vec::new())
    }

    fn write(&mut self, manners: Manners, asked: &Asked) -> (u16, Vec<u8>) {
        let is_compared = manners.ids && (manners.strict || self.lock.is_some());
        if is_compared && asked.id.as_deref() != self.id() {
            return told(409, "Conflict: the state is locked");
        }
        let json = serde_json::from_slice::<Value>(&asked.body).unwrap_or_default();
        let Some(serial) = json["serial"].as_u64().filter(|_| json["version"] == 4) else {
            return told(400, "no state of Terraform");
        };
        if manners.serials && self.versions.iter().any(|(known, _)| *known == serial) {
            return told(422, "Version has already been taken");
        }
        self.versions.push((serial, asked.body.clone()));
        (200, Vec::new())
    }
}
