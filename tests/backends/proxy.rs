//! Something between podform and the server of its state: it counts requests, and at one of them it kills podform, answers
//! with an error, loses the answer, or is away for a while. It knows where a request and an answer end, and nothing of what
//! they mean.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Http,
    Postgres,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// podform is killed before the server gets it.
    KilledBefore,
    /// podform is killed when the server has answered it.
    KilledAfter,
    /// The server does not get it: 500, or the connection breaks.
    Failed,
    /// The server does it: 503 is answered, or the connection breaks.
    Masked,
    /// The server does it, and the connection breaks.
    Lost,
    /// The server does not get it: it is stopped, and started again after a second and a half.
    Away,
    /// The same, and it is away for so long that nobody waits.
    Gone,
}

impl Fate {
    /// podform does not live to see what comes next.
    pub fn kills(self) -> bool {
        matches!(self, Fate::KilledBefore | Fate::KilledAfter)
    }

    fn passes_it_on(self) -> bool {
        matches!(self, Fate::KilledAfter | Fate::Masked | Fate::Lost)
    }
}

/// How long a server is away that is started again.
const AWAY: Duration = Duration::from_millis(1500);

/// What was agreed upon.
#[derive(Debug, Default)]
struct Agreed {
    /// At which request, from 1, and what.
    fate: Option<(usize, Fate)>,
    /// podform, once it runs.
    victim: Option<u32>,
    met: bool,
}

#[derive(Debug)]
struct Between {
    wire: Wire,
    server: u16,
    agreed: Mutex<Agreed>,
    known: Condvar,
    count: AtomicUsize,
    /// The server is away.
    away: AtomicBool,
    over: AtomicBool,
}

/// It listens on a port of its own until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    pub port: u16,
    between: Arc<Between>,
}

impl Proxy {
    /// Before the server on this port.
    pub fn before(wire: Wire, server: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let between = Arc::new(Between {
            wire,
            server,
            agreed: Mutex::default(),
            known: Condvar::new(),
            count: AtomicUsize::new(0),
            away: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        let shared = between.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.over.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), shared) = (stream, shared.clone()) else { continue };
                thread::spawn(move || {
                    // Whoever hangs up is nobody's concern.
                    let _ = shared.serve(&stream);
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        Proxy { port, between }
    }

    /// From now on requests are counted anew, and this becomes of one of them.
    pub fn agree(&self, fate: Option<(usize, Fate)>) {
        *self.between.agreed.lock().unwrap() = Agreed { fate, victim: None, met: false };
        self.between.count.store(0, Ordering::SeqCst);
        self.between.away.store(false, Ordering::SeqCst);
    }

    /// Who is killed.
    pub fn victim(&self, pid: u32) {
        self.between.agreed.lock().unwrap().victim = Some(pid);
        self.between.known.notify_all();
    }

    /// How many requests came since.
    pub fn count(&self) -> usize {
        self.between.count.load(Ordering::SeqCst)
    }

    /// Whether it came to what was agreed upon.
    pub fn met(&self) -> bool {
        self.between.agreed.lock().unwrap().met
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.between.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn broken() -> io::Error {
    ErrorKind::ConnectionAborted.into()
}

impl Between {
    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        if self.away.load(Ordering::SeqCst) {
            return Ok(());
        }
        stream.set_nodelay(true)?;
        let mut client = BufReader::new(stream);
        match self.wire {
            Wire::Http => {
                while let Some(request) = http_message(&mut client, None)? {
                    // One connection for each: a server closes those that rest.
                    let pass = || {
                        let mut server = TcpStream::connect(("127.0.0.1", self.server))?;
                        server.write_all(&request.bytes)?;
                        let head = Some(request.bytes.starts_with(b"HEAD "));
                        http_message(&mut BufReader::new(&server), head)?.ok_or_else(broken)
                    };
                    let (answer, closes) = match self.next(|| pass().map(|answer| (answer.bytes, answer.closes)))? {
                        Some(answer) => answer,
                        None => (ERROR.to_vec(), true),
                    };
                    let mut to = stream;
                    to.write_all(&answer)?;
                    if closes {
                        break;
                    }
                }
                Ok(())
            }
            Wire::Postgres => {
                let server = TcpStream::connect(("127.0.0.1", self.server))?;
                server.set_nodelay(true)?;
                let mut answers = BufReader::new(&server);
                let mut begun = false;
                while let Some((request, counts)) = postgres_request(&mut client, begun)? {
                    begun = true;
                    let mut pass = || {
                        let mut to = &server;
                        to.write_all(&request)?;
                        postgres_answer(&mut answers)
                    };
                    // It has no word for an error that says nothing of the effect.
                    let answer = if counts { self.next(pass)?.ok_or_else(broken)? } else { pass()? };
                    let mut to = stream;
                    to.write_all(&answer)?;
                }
                Ok(())
            }
        }
    }

    /// One request: what the server answers, or an error in its place.
    fn next<T>(&self, pass: impl FnOnce() -> io::Result<T>) -> io::Result<Option<T>> {
        if self.away.load(Ordering::SeqCst) {
            return Err(broken());
        }
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let fate = {
            let mut agreed = self.agreed.lock().unwrap();
            let fate = agreed.fate.filter(|(at, _)| *at == number).map(|(_, fate)| fate);
            agreed.met |= fate.is_some();
            fate
        };
        let Some(fate) = fate else { return pass().map(Some) };
        if fate.passes_it_on() {
            pass()?;
        }
        match fate {
            Fate::KilledBefore | Fate::KilledAfter => {
                self.kill();
                Err(broken())
            }
            Fate::Failed | Fate::Masked => Ok(None),
            Fate::Lost => Err(broken()),
            Fate::Away => {
                self.away.store(true, Ordering::SeqCst);
                thread::sleep(AWAY);
                self.away.store(false, Ordering::SeqCst);
                Err(broken())
            }
            Fate::Gone => {
                self.away.store(true, Ordering::SeqCst);
                Err(broken())
            }
        }
    }

    fn kill(&self) {
        let agreed = self.agreed.lock().unwrap();
        let agreed = self.known.wait_while(agreed, |agreed| agreed.victim.is_none()).unwrap();
        let pid = agreed.victim.and_then(|pid| Pid::from_raw(pid.try_into().ok()?)).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
    }
}

const ERROR: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\nbusy\n";

/// A request or an answer, as it came.
struct Message {
    bytes: Vec<u8>,
    /// The connection ends with it.
    closes: bool,
}

/// A request (`answers` is `None`), or the answer to one, which has no body where that asked for the head alone.
fn http_message(from: &mut impl BufRead, answers: Option<bool>) -> io::Result<Option<Message>> {
    let mut bytes = Vec::new();
    let (mut length, mut chunked, mut closes) = (None, false, false);
    let mut first = String::new();
    loop {
        let start = bytes.len();
        if from.read_until(b'\n', &mut bytes)? == 0 {
            return if start == 0 { Ok(None) } else { Err(broken()) };
        }
        let line = String::from_utf8_lossy(&bytes[start..]).trim_end().to_ascii_lowercase();
        if start == 0 {
            first.clone_from(&line);
        }
        match line.split_once(':').map(|(name, value)| (name, value.trim())) {
            _ if line.is_empty() => break,
            Some(("content-length", value)) => length = value.parse::<u64>().ok(),
            Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
            Some(("connection", value)) => closes = value.contains("close"),
            _ => {}
        }
    }
    let is_bare = match answers {
        None => length.is_none() && !chunked,
        Some(head) => head || first.split(' ').nth(1).is_some_and(|status| ["204", "304"].contains(&status)),
    };
    match length {
        _ if is_bare => {}
        _ if chunked => loop {
            let start = bytes.len();
            from.read_until(b'\n', &mut bytes)?;
            let size = String::from_utf8_lossy(&bytes[start..]).trim_end().to_owned();
            let size = u64::from_str_radix(size.split(';').next().unwrap_or_default(), 16).map_err(|_| broken())?;
            exactly(from, size + 2, &mut bytes)?;
            if size == 0 {
                break;
            }
        },
        Some(length) => exactly(from, length, &mut bytes)?,
        None => {
            closes = true;
            from.read_to_end(&mut bytes)?;
        }
    }
    Ok(Some(Message { bytes, closes }))
}

/// So many more bytes.
fn exactly(from: &mut impl Read, count: u64, into: &mut Vec<u8>) -> io::Result<()> {
    match from.take(count).read_to_end(into)? as u64 == count {
        true => Ok(()),
        false => Err(broken()),
    }
}

/// A message; the first one of a connection has no letter.
fn postgres_message(from: &mut impl BufRead, has_letter: bool, into: &mut Vec<u8>) -> io::Result<Option<u8>> {
    if from.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let start = into.len();
    exactly(from, if has_letter { 5 } else { 4 }, into)?;
    let letter = if has_letter { into[start] } else { 0 };
    let length = into.last_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length));
    exactly(from, u64::from(length.saturating_sub(4)), into)?;
    Ok(Some(letter))
}

/// Everything up to what the server must answer, and whether it does something: what only prepares a statement, or forgets
/// one, does not. `None` at the end.
fn postgres_request(from: &mut impl BufRead, begun: bool) -> io::Result<Option<(Vec<u8>, bool)>> {
    let (mut bytes, mut counts) = (Vec::new(), !begun);
    while let Some(letter) = postgres_message(from, begun, &mut bytes)? {
        counts |= b"EQ".contains(&letter);
        match letter {
            b'X' => return Ok(None),
            b'S' | b'Q' => return Ok(Some((bytes, counts))),
            _ if !begun => return Ok(Some((bytes, counts))),
            _ => {}
        }
    }
    Ok(None)
}

/// Everything up to the word that the server is ready for more.
fn postgres_answer(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(letter) = postgres_message(from, true, &mut bytes)? {
        if letter == b'Z' {
            return Ok(bytes);
        }
    }
    Err(broken())
}
